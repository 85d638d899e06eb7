//! The country as the product ships it (`data/gt`): departments, municipalities, DDRISS, districts,
//! known facilities, types, services, languages and pueblos; and its first FHIR resources.

use std::sync::OnceLock;

use access::system;
use fhir::{Value, json};

use crate::Facility;
use crate::place::{Level, Place, Point};
use crate::table::{Row, rows};

/// Persons by pueblo, census 2018.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// All.
    pub total: u32,
    /// In the order of `data/gt/pueblos.csv`: maya, garífuna, xinka, afro, ladino, extranjero.
    pub by_pueblo: [u32; 6],
}

/// A department.
#[derive(Clone, Debug)]
pub struct Department {
    /// INE code, two digits.
    pub code: String,
    /// Name.
    pub name: String,
    /// Census 2018.
    pub population: Population,
}

/// A municipality.
#[derive(Clone, Debug)]
pub struct Municipality {
    /// INE code, four digits; the first two are the department's.
    pub code: String,
    /// Name.
    pub name: String,
    /// The DDRISS that answers for it.
    pub ddriss: String,
    /// Census 2018.
    pub population: Population,
    /// Its seat (GeoNames, CC-BY 4.0), where known.
    pub seat: Option<Point>,
}

/// A Dirección Departamental de Redes Integradas de Servicios de Salud.
#[derive(Clone, Debug)]
pub struct Ddriss {
    /// MSPAS code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Its department.
    pub department: String,
}

/// A health district (Distrito Municipal de Salud).
#[derive(Clone, Debug)]
pub struct District {
    /// Its DDRISS.
    pub ddriss: String,
    /// Name.
    pub name: String,
    /// Its municipality; `None` where it is another area.
    pub municipality: Option<String>,
}

/// A facility known from public lists, as facts.
#[derive(Clone, Debug)]
pub struct KnownFacility {
    /// Our code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Code of its [`FacilityType`].
    pub type_code: String,
    /// Institution code.
    pub institution: String,
    /// INE code of its municipality.
    pub municipality: String,
    /// Where it stands, only if it was surveyed.
    pub position: Option<Point>,
    /// Whether its list is current.
    pub verified: bool,
}

/// A type of facility: a table, because the ministry is changing its categories.
#[derive(Clone, Debug)]
pub struct FacilityType {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Level of care, 1–3.
    pub level: u8,
    /// Institution code.
    pub institution: String,
    /// Whether a public list names it; if not, it is from general knowledge and no official fact.
    pub listed: bool,
}

/// A service or specialty.
#[derive(Clone, Debug)]
pub struct Offered {
    /// Code ([`system::SPECIALTY`]).
    pub code: String,
    /// Name.
    pub name: String,
    /// `consulta`, `estudio` or `urgencia`.
    pub kind: String,
}

/// A language of the country.
#[derive(Clone, Debug)]
pub struct Language {
    /// BCP 47 code.
    pub code: String,
    /// Its own name.
    pub name: String,
    /// INE census code.
    pub ine: String,
    /// FOR-SIGSA-3 code, where the form shows it (SIGSA 10 = Kaqchikel, INE 10 = K’iche’).
    pub sigsa: Option<String>,
}

/// A pueblo.
#[derive(Clone, Debug)]
pub struct Pueblo {
    /// Code ([`system::PUEBLO`]).
    pub code: String,
    /// Name.
    pub name: String,
    /// INE census code.
    pub ine: String,
    /// FOR-SIGSA-3 code, where the form shows it.
    pub sigsa: Option<String>,
}

/// Everything that is shipped.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field holds what its type says")]
pub struct Territory {
    pub departments: Vec<Department>,
    pub municipalities: Vec<Municipality>,
    pub ddriss: Vec<Ddriss>,
    pub districts: Vec<District>,
    pub facilities: Vec<KnownFacility>,
    pub types: Vec<FacilityType>,
    pub services: Vec<Offered>,
    pub languages: Vec<Language>,
    pub pueblos: Vec<Pueblo>,
}

/// Institutions whose networks are known: code, name.
pub(crate) const INSTITUTIONS: [(&str, &str); 2] = [
    ("MSPAS", "Ministerio de Salud Pública y Asistencia Social"),
    ("IGSS", "Instituto Guatemalteco de Seguridad Social"),
];

/// The shipped tables.
pub fn territory() -> &'static Territory {
    static TERRITORY: OnceLock<Territory> = OnceLock::new();
    TERRITORY.get_or_init(Territory::read)
}

macro_rules! shipped {
    ($name:literal) => {
        rows(include_str!(concat!("../../../data/gt/", $name)))
    };
}

impl Territory {
    fn read() -> Self {
        let some = |row: &Row, column: &str| Some(row.text(column)).filter(|text| !text.is_empty());
        Self {
            departments: each(shipped!("departments.csv"), |row| Department {
                code: row.text("code"),
                name: row.text("name"),
                population: population(row),
            }),
            municipalities: each(shipped!("municipalities.csv"), |row| Municipality {
                code: row.text("code"),
                name: row.text("name"),
                ddriss: row.text("ddriss_code"),
                population: population(row),
                seat: point(row, "seat_lat", "seat_lon"),
            }),
            ddriss: each(shipped!("ddriss.csv"), |row| Ddriss {
                code: row.text("code"),
                name: row.text("name"),
                department: row.text("dept_code"),
            }),
            districts: each(shipped!("health_districts.csv"), |row| District {
                ddriss: row.text("ddriss_code"),
                name: row.text("district_or_municipality"),
                municipality: some(row, "muni_code"),
            }),
            facilities: each(shipped!("facilities.csv"), known_facility),
            types: each(shipped!("facility_types.csv"), |row| FacilityType {
                code: row.text("code"),
                name: row.text("name"),
                level: row.number("level").unwrap_or(0),
                institution: row.text("institution"),
                listed: row.text("source") == "listed",
            }),
            services: each(shipped!("services.csv"), |row| Offered {
                code: row.text("code"),
                name: row.text("name"),
                kind: row.text("kind"),
            }),
            languages: each(shipped!("languages.csv"), |row| Language {
                code: row.text("bcp47"),
                name: row.text("name"),
                ine: row.text("ine_code"),
                sigsa: some(row, "sigsa_code"),
            }),
            pueblos: each(shipped!("pueblos.csv"), |row| Pueblo {
                code: row.text("code"),
                name: row.text("name"),
                ine: row.text("ine_code"),
                sigsa: some(row, "sigsa_code"),
            }),
        }
    }

    /// The department of this code.
    pub fn department(&self, code: &str) -> Option<&Department> {
        self.departments.iter().find(|one| one.code == code)
    }

    /// The municipality of this code.
    pub fn municipality(&self, code: &str) -> Option<&Municipality> {
        self.municipalities.iter().find(|one| one.code == code)
    }

    /// The facility type of this code.
    pub fn facility_type(&self, code: &str) -> Option<&FacilityType> {
        self.types.iter().find(|one| one.code == code)
    }

    /// The service or specialty of this code.
    pub fn service(&self, code: &str) -> Option<&Offered> {
        self.services.iter().find(|one| one.code == code)
    }

    /// The Organization that manages a facility of this institution in this municipality: of the
    /// ministry the DDRISS for hospitals and the district for the rest, else the institution.
    pub fn manager(&self, institution: &str, municipality: &str, level: u8) -> String {
        let district = self.districts.iter().find(|one| one.municipality.as_deref() == Some(municipality));
        match (institution, self.municipality(municipality)) {
            ("MSPAS", Some(_)) if level < 3 && district.is_some() => district.map(District::id).unwrap_or_default(),
            ("MSPAS", Some(municipality)) => format!("ddriss-{}", municipality.ddriss),
            _ => institution.to_lowercase(),
        }
    }

    /// The country as FHIR: institutions, DDRISS and districts as Organizations; country,
    /// departments, municipalities, DDRISS as Locations. In an order in which nothing points ahead.
    pub fn resources(&self) -> Vec<Value> {
        let mut out: Vec<Value> = INSTITUTIONS.iter().map(|(code, name)| institution(code, name)).collect();
        out.push(Place::new("gt", "Guatemala", Level::Country, None).resource());
        for department in &self.departments {
            let mut place = Place::new(&department.id(), &department.name, Level::Department, Some("gt"));
            place.code = Some(department.code.clone());
            place.population = Some(department.population.total);
            out.push(place.resource());
        }
        for ddriss in &self.ddriss {
            let id = format!("ddriss-{}", ddriss.code);
            out.push(unit(&id, &ddriss.name, "ddriss", "mspas"));
            let mut place = Place::new(&id, &ddriss.name, Level::Ddriss, Some(&format!("gt-{}", ddriss.department)));
            place.code = Some(ddriss.code.clone());
            place.manager = Some(id);
            out.push(place.resource());
        }
        for district in &self.districts {
            let name = format!("Distrito de salud {}", district.name);
            out.push(unit(&district.id(), &name, "distrito", &format!("ddriss-{}", district.ddriss)));
        }
        for municipality in &self.municipalities {
            let within = format!("gt-{}", &municipality.code[..2]);
            let mut place = Place::new(&municipality.id(), &municipality.name, Level::Municipality, Some(&within));
            place.code = Some(municipality.code.clone());
            place.population = Some(municipality.population.total);
            place.position = municipality.seat;
            place.manager = Some(format!("ddriss-{}", municipality.ddriss));
            out.push(place.resource());
        }
        out
    }

    /// The known facilities, for the record.
    pub fn known_facilities(&self) -> Vec<Facility> {
        let facility = |known: &KnownFacility| {
            let level = self.facility_type(&known.type_code).map_or(0, |one| one.level);
            Facility {
                code: known.code.clone(),
                name: known.name.clone(),
                type_code: known.type_code.clone(),
                institution: known.institution.clone(),
                place: format!("gt-{}", known.municipality),
                manager: self.manager(&known.institution, &known.municipality, level),
                position: known.position,
                verified: known.verified,
                active: true,
                ..Facility::default()
            }
        };
        self.facilities.iter().map(facility).collect()
    }
}

impl Department {
    /// Id of its Location.
    pub fn id(&self) -> String {
        format!("gt-{}", self.code)
    }
}

impl Municipality {
    /// Id of its Location.
    pub fn id(&self) -> String {
        format!("gt-{}", self.code)
    }
}

impl District {
    /// Id of its Organization.
    pub fn id(&self) -> String {
        let last = self.municipality.clone().unwrap_or_else(|| crate::facility::slug(&self.name));
        format!("distrito-{}-{last}", self.ddriss)
    }
}

fn each<T>(rows: Vec<Row>, make: impl Fn(&Row) -> T) -> Vec<T> {
    rows.iter().map(make).collect()
}

fn population(row: &Row) -> Population {
    let number = |column| row.number(column).unwrap_or(0);
    let pueblos = ["pop_maya", "pop_garifuna", "pop_xinka", "pop_afro", "pop_ladino", "pop_foreign"];
    Population { total: number("pop_2018"), by_pueblo: pueblos.map(number) }
}

fn point(row: &Row, lat: &str, lon: &str) -> Option<Point> {
    Some(Point { lat: row.number(lat)?, lon: row.number(lon)? })
}

fn known_facility(row: &Row) -> KnownFacility {
    KnownFacility {
        code: row.text("code"),
        name: row.text("name"),
        type_code: row.text("type"),
        institution: row.text("institution"),
        municipality: row.text("muni_code"),
        position: point(row, "lat", "lon"),
        verified: row.text("status") == "operating",
    }
}

fn institution(code: &str, name: &str) -> Value {
    json!({
        "resourceType": "Organization",
        "id": code.to_lowercase(),
        "extension": [{ "url": system::EXT_INSTITUTION, "valueCode": code }],
        "active": true,
        "type": [{ "coding": [{ "system": system::FACILITY_TYPE, "code": "institucion" }] }],
        "name": name,
        "alias": [code],
    })
}

fn unit(id: &str, name: &str, kind: &str, within: &str) -> Value {
    json!({
        "resourceType": "Organization",
        "id": id,
        "extension": [{ "url": system::EXT_INSTITUTION, "valueCode": "MSPAS" }],
        "active": true,
        "type": [{ "coding": [{ "system": system::FACILITY_TYPE, "code": kind }] }],
        "name": name,
        "partOf": { "reference": format!("Organization/{within}") },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_country_adds_up() {
        let country = territory();
        assert_eq!((country.departments.len(), country.municipalities.len(), country.ddriss.len()), (22, 340, 29));
        let total: u32 = country.municipalities.iter().map(|one| one.population.total).sum();
        assert_eq!(total, 14_901_286, "census 2018");
        for department in &country.departments {
            let inside = country.municipalities.iter().filter(|one| one.code.starts_with(&department.code));
            assert_eq!(inside.map(|one| one.population.total).sum::<u32>(), department.population.total);
        }
        assert!(country.municipalities.iter().all(|one| {
            one.population.by_pueblo.iter().sum::<u32>() == one.population.total
                && country.ddriss.iter().any(|ddriss| ddriss.code == one.ddriss)
        }));
        let hospitals =
            |institution: &str| country.facilities.iter().filter(|one| one.institution == institution).count();
        assert_eq!((hospitals("MSPAS"), hospitals("IGSS")), (44, 112));
        assert!(country.facilities.iter().all(|one| country.facility_type(&one.type_code).is_some()));
    }

    #[test]
    fn every_resource_is_valid_has_its_own_id_and_points_back() {
        let country = territory();
        let mut resources = country.resources();
        for facility in country.known_facilities() {
            resources.extend(facility.resources());
        }
        let mut seen = BTreeSet::new();
        for resource in &resources {
            assert_eq!(fhir::validate(resource), [], "{resource}");
            for member in ["partOf", "managingOrganization"] {
                let points = resource.text_at(&[member, "reference"]);
                assert!(points.is_none_or(|to| seen.contains(to)), "{resource} points ahead");
            }
            let key = format!("{}/{}", resource.resource_type().unwrap(), resource.id().unwrap());
            assert!(seen.insert(key), "{resource} twice");
        }
    }

    #[test]
    fn only_surveyed_facilities_have_a_position() {
        assert_eq!(territory().facilities.iter().filter(|one| one.position.is_some()).count(), 22);
    }

    #[test]
    fn kaqchikel_and_kiche_are_not_swapped() {
        let code = |code: &str| territory().languages.iter().find(|one| one.code == code).map(|one| one.ine.as_str());
        assert_eq!((code("quc"), code("cak")), (Some("10"), Some("11")));
    }
}
