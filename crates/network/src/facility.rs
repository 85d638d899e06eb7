//! A facility: an Organization (who works there, under whom) and a Location (where it stands) of
//! the same id.

use access::system;
use fhir::{Value, json};

use crate::place::{Point, extension, is_synthetic, mark, reference};
use crate::territory::territory;

/// A facility.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facility {
    /// Our code, `MSPAS-1601-H1`; the id follows from it.
    pub code: String,
    /// Name.
    pub name: String,
    /// Code of its type.
    pub type_code: String,
    /// Institution code.
    pub institution: String,
    /// Id of the place (municipality, or below) where it stands.
    pub place: String,
    /// Id of the Organization above it.
    pub manager: String,
    /// Where it stands, if surveyed; never the municipal seat.
    pub position: Option<Point>,
    /// Telephone; empty where not known.
    pub phone: String,
    /// Address; empty where not known.
    pub address: String,
    /// Whether its public list is current.
    pub verified: bool,
    /// Whether it works.
    pub active: bool,
    /// Made up for the demonstration.
    pub synthetic: bool,
}

impl Facility {
    /// Id of its Organization and of its Location.
    pub fn id(&self) -> String {
        slug(&self.code)
    }

    /// Name of its type; empty for a type that nobody declared.
    pub fn type_name(&self) -> &'static str {
        territory().facility_type(&self.type_code).map_or("", |one| one.name.as_str())
    }

    /// Level of care, 1–3; 0 for a type that nobody declared.
    pub fn level(&self) -> u8 {
        territory().facility_type(&self.type_code).map_or(0, |one| one.level)
    }

    /// Organization and Location.
    pub fn resources(&self) -> [Value; 2] {
        let id = self.id();
        let kind = json!([{ "coding": [{
            "system": system::FACILITY_TYPE, "code": &self.type_code, "display": filled(self.type_name()) }] }]);
        let identifier = json!([{ "system": system::FACILITY_ID, "value": &self.code }]);
        let mut extensions = vec![json!({ "url": system::EXT_INSTITUTION, "valueCode": &self.institution })];
        if !self.verified {
            extensions.push(json!({ "url": system::EXT_VERIFICATION, "valueCode": "unverified" }));
        }
        let telecom = filled(&self.phone).map(|phone| vec![json!({ "system": "phone", "value": phone })]);
        let meta = mark(Some(&self.institution), self.synthetic);
        let organization = json!({
            "resourceType": "Organization",
            "id": &id,
            "meta": &meta,
            "extension": extensions,
            "identifier": &identifier,
            "active": self.active,
            "type": &kind,
            "name": &self.name,
            "telecom": telecom,
            "address": filled(&self.address).map(|text| vec![json!({ "text": text, "country": "GT" })]),
            "partOf": filled(&self.manager).map(|id| json!({ "reference": format!("Organization/{id}") })),
        });
        let location = json!({
            "resourceType": "Location",
            "id": &id,
            "meta": &meta,
            "identifier": &identifier,
            "status": if self.active { "active" } else { "inactive" },
            "name": &self.name,
            "mode": "instance",
            "type": &kind,
            "position": self.position.map(Point::value),
            "managingOrganization": { "reference": format!("Organization/{id}") },
            "partOf": filled(&self.place).map(|id| json!({ "reference": format!("Location/{id}") })),
        });
        [organization, location]
    }

    /// The facility of an Organization and, if there is one, its Location; `None` when it is no
    /// facility (an institution, a DDRISS, a district).
    pub fn of(organization: &Value, location: Option<&Value>) -> Option<Self> {
        let identifiers = organization.items("identifier").iter();
        let mut codes = identifiers.filter(|one| one.text_at(&["system"]) == Some(system::FACILITY_ID));
        let text = |resource: &Value, path: &[&str]| resource.text_at(path).unwrap_or_default().to_owned();
        let code_of = |url: &str| extension(organization, url, "valueCode").and_then(Value::as_str);
        Some(Self {
            code: text(codes.next()?, &["value"]),
            name: text(organization, &["name"]),
            type_code: text(organization, &["type", "coding", "code"]),
            institution: code_of(system::EXT_INSTITUTION).unwrap_or_default().to_owned(),
            place: location.and_then(|location| reference(location, "partOf")).unwrap_or_default(),
            manager: reference(organization, "partOf").unwrap_or_default(),
            position: location.and_then(Point::of),
            phone: organization
                .items("telecom")
                .iter()
                .find(|one| is_phone(one))
                .map_or_else(String::new, |one| text(one, &["value"])),
            address: text(organization, &["address", "text"]),
            verified: code_of(system::EXT_VERIFICATION).is_none(),
            active: organization.get("active").and_then(Value::as_bool).unwrap_or(true),
            synthetic: is_synthetic(organization),
        })
    }
}

/// Whether a way to reach it is a telephone: an e-mail may stand before it.
pub(crate) fn is_phone(telecom: &Value) -> bool {
    telecom.text_at(&["system"]) == Some("phone")
}

pub(crate) fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A FHIR id from a code or name: lower case, hyphens.
pub(crate) fn slug(text: &str) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        'á' | 'Á' => 'a',
        'é' | 'É' => 'e',
        'í' | 'Í' => 'i',
        'ó' | 'Ó' => 'o',
        'ú' | 'ü' | 'Ú' | 'Ü' => 'u',
        'ñ' | 'Ñ' => 'n',
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    };
    let words: String = text.chars().map(plain).collect();
    words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facility_comes_back_from_its_two_resources() {
        let post = Facility {
            code: "MSPAS-1601-P1".into(),
            name: "Puesto de Salud Sechaj".into(),
            type_code: "puesto-salud".into(),
            institution: "MSPAS".into(),
            place: "gt-1601".into(),
            manager: "distrito-220-1601".into(),
            position: Some(Point { lat: 15.5, lon: -90.4 }),
            phone: "+502 0000 0000".into(),
            address: "Sechaj".into(),
            verified: false,
            active: true,
            synthetic: true,
        };
        let [organization, location] = post.resources();
        assert_eq!((fhir::validate(&organization), fhir::validate(&location)), (vec![], vec![]));
        assert_eq!(post.id(), "mspas-1601-p1");
        assert_eq!(Facility::of(&organization, Some(&location)), Some(post));
    }

    #[test]
    fn an_institution_is_no_facility() {
        assert!(territory().resources().iter().all(|resource| Facility::of(resource, None).is_none()));
    }
}
