//! Places of the territory: one above the other by `Location.partOf`.

use access::system;
use fhir::json::Number;
use fhir::{Value, json};

/// A point on the earth, degrees WGS84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
}

impl Point {
    /// Kilometres to another point in a straight line (great circle).
    pub fn km_to(self, other: Self) -> f64 {
        let (a, b) = (self.lat.to_radians(), other.lat.to_radians());
        let (up, along) = ((b - a) / 2.0, (other.lon - self.lon).to_radians() / 2.0);
        let h = up.sin().powi(2) + a.cos() * b.cos() * along.sin().powi(2);
        2.0 * 6371.0 * h.sqrt().asin()
    }

    pub(crate) fn value(self) -> Value {
        let number = |degrees: f64| Number::new(&format!("{degrees:.6}")).expect("degrees are a number");
        json!({ "longitude": number(self.lon), "latitude": number(self.lat) })
    }

    pub(crate) fn of(location: &Value) -> Option<Self> {
        let degrees = |name| Some(location.at(&["position", name])?.as_number()?.as_f64());
        Some(Self { lat: degrees("latitude")?, lon: degrees("longitude")? })
    }
}

/// Level of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the words are the meaning")]
pub enum Level {
    Country,
    Department,
    Ddriss,
    Municipality,
    Network,
    Territory,
    Sector,
    Community,
}

impl Level {
    const ALL: [(Self, &str, &str); 8] = [
        (Self::Country, "pais", "País"),
        (Self::Department, "departamento", "Departamento"),
        (Self::Ddriss, "ddriss", "DDRISS"),
        (Self::Municipality, "municipio", "Municipio"),
        (Self::Network, "red", "Red"),
        (Self::Territory, "territorio", "Territorio"),
        (Self::Sector, "sector", "Sector"),
        (Self::Community, "comunidad", "Comunidad"),
    ];

    /// The code ([`system::TERRITORY_LEVEL`]).
    pub fn code(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The word for people.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].2
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == code).map(|(level, _, _)| *level)
    }
}

/// A place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Id of its Location.
    pub id: String,
    /// Name.
    pub name: String,
    /// Level.
    pub level: Level,
    /// Id of the place around it.
    pub within: Option<String>,
    /// INE or DDRISS code.
    pub code: Option<String>,
    /// Persons.
    pub population: Option<u32>,
    /// A point in it: of a municipality its seat.
    pub position: Option<Point>,
    /// The Organization whose team answers for it.
    pub manager: Option<String>,
    /// Made up for the demonstration.
    pub synthetic: bool,
}

impl Place {
    /// A place of which nothing else is known.
    pub fn new(id: &str, name: &str, level: Level, within: Option<&str>) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            level,
            within: within.map(str::to_owned),
            code: None,
            population: None,
            position: None,
            manager: None,
            synthetic: false,
        }
    }

    /// As a FHIR Location.
    pub fn resource(&self) -> Value {
        let coding =
            json!({ "system": system::TERRITORY_LEVEL, "code": self.level.code(), "display": self.level.label() });
        let codes = if self.level == Level::Ddriss { system::DDRISS } else { system::INE };
        let identifier = |code: &String| vec![json!({ "system": codes, "value": code })];
        let population = |number: u32| vec![json!({ "url": system::EXT_POPULATION, "valueInteger": number })];
        json!({
            "resourceType": "Location",
            "id": &self.id,
            "meta": mark(None, self.synthetic),
            "extension": self.population.map(population),
            "identifier": self.code.as_ref().map(identifier),
            "status": "active",
            "name": &self.name,
            "mode": "instance",
            "type": [{ "coding": [coding] }],
            "physicalType": { "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "jdn" }] },
            "position": self.position.map(Point::value),
            "managingOrganization": self.manager.as_ref().map(|id| json!({ "reference": format!("Organization/{id}") })),
            "partOf": self.within.as_ref().map(|id| json!({ "reference": format!("Location/{id}") })),
        })
    }

    /// The place that a Location tells of; `None` when it is none of the territory.
    pub fn of(location: &Value) -> Option<Self> {
        let levels = location.items("type").iter().flat_map(|concept| concept.items("coding"));
        let mut levels = levels.filter(|coding| coding.text_at(&["system"]) == Some(system::TERRITORY_LEVEL));
        let level = Level::from_code(levels.next()?.text_at(&["code"])?)?;
        Some(Self {
            id: location.id()?.to_owned(),
            name: location.text_at(&["name"]).unwrap_or_default().to_owned(),
            level,
            within: reference(location, "partOf"),
            code: location.text_at(&["identifier", "value"]).map(str::to_owned),
            population: extension(location, system::EXT_POPULATION, "valueInteger")
                .and_then(|value| u32::try_from(value.as_number()?.as_i64()?).ok()),
            position: Point::of(location),
            manager: reference(location, "managingOrganization"),
            synthetic: is_synthetic(location),
        })
    }
}

/// `meta` with custodian and mark; `Null` (left out) when there is neither.
pub(crate) fn mark(institution: Option<&str>, synthetic: bool) -> Value {
    let custodian = institution.map(|code| vec![json!({ "system": system::CUSTODIAN, "code": code })]);
    let tag = synthetic.then(|| vec![json!({ "system": system::TAG, "code": "sintetico", "display": "SINTÉTICO" })]);
    if custodian.is_none() && tag.is_none() {
        return Value::Null;
    }
    json!({ "security": custodian, "tag": tag })
}

pub(crate) fn is_synthetic(resource: &Value) -> bool {
    let tags = resource.get("meta").map(|meta| meta.items("tag")).unwrap_or_default();
    tags.iter().any(|tag| tag.text_at(&["system"]) == Some(system::TAG) && tag.text_at(&["code"]) == Some("sintetico"))
}

/// The id that a reference of a resource points to.
pub(crate) fn reference(resource: &Value, name: &str) -> Option<String> {
    resource.text_at(&[name, "reference"]).and_then(reference_id).map(str::to_owned)
}

pub(crate) fn reference_id(reference: &str) -> Option<&str> {
    reference.rsplit_once('/').map(|(_, id)| id)
}

/// The value of an extension of a resource.
pub(crate) fn extension<'a>(resource: &'a Value, url: &str, name: &str) -> Option<&'a Value> {
    resource.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(url))?.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_location() {
        let mut place = Place::new("com-1", "Sechaj", Level::Community, Some("sector-1"));
        place.population = Some(412);
        place.position = Some(Point { lat: 15.47, lon: -90.37 });
        place.manager = Some("mspas-1601-p1".into());
        place.synthetic = true;
        assert_eq!(fhir::validate(&place.resource()), []);
        assert_eq!(Place::of(&place.resource()), Some(place));
    }

    #[test]
    fn a_straight_line_from_coban_to_the_capital_is_about_ninety_kilometres() {
        let km = Point { lat: 15.470, lon: -90.375 }.km_to(Point { lat: 14.641, lon: -90.513 });
        assert!((93.0..94.5).contains(&km), "{km}");
    }
}
