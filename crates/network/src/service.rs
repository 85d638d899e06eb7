//! What a facility offers: HealthcareService with specialty, modality, coverage and hours, and the
//! Schedule that holds its places.

use access::system;
use fhir::{Value, json};
use jiff::civil::{Time, Weekday};

use crate::facility::filled;
use crate::place::{extension, is_synthetic, mark, reference, reference_id};
use crate::territory::territory;

const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "mon"),
    (Weekday::Tuesday, "tue"),
    (Weekday::Wednesday, "wed"),
    (Weekday::Thursday, "thu"),
    (Weekday::Friday, "fri"),
    (Weekday::Saturday, "sat"),
    (Weekday::Sunday, "sun"),
];

/// Hours of attention on some days of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The days.
    pub days: Vec<Weekday>,
    /// From.
    pub from: Time,
    /// Until, exclusive.
    pub until: Time,
}

/// A service of a facility.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Id of its HealthcareService.
    pub id: String,
    /// Id of the facility that offers it.
    pub facility: String,
    /// Institution code.
    pub institution: String,
    /// Code of the specialty or service.
    pub specialty: String,
    /// `presencial`, `jornada`, `teleconsulta`.
    pub modalities: Vec<String>,
    /// Ids of the places it serves; none where nobody has said.
    pub coverage: Vec<String>,
    /// When.
    pub hours: Vec<Hours>,
    /// Minutes of one place of its agenda; 0 where there is no agenda.
    pub minutes: u16,
    /// Whether it is offered.
    pub active: bool,
    /// Made up for the demonstration.
    pub synthetic: bool,
}

impl Service {
    /// Name of the specialty; its code where nobody declared it.
    pub fn specialty_name(&self) -> &str {
        territory().service(&self.specialty).map_or(self.specialty.as_str(), |one| one.name.as_str())
    }

    /// Id of its Schedule.
    pub fn schedule_id(&self) -> String {
        format!("ag-{}", self.id)
    }

    /// The HealthcareService.
    pub fn resource(&self) -> Value {
        let locations = |ids: &[String]| {
            let refs: Vec<Value> = ids.iter().map(|id| json!({ "reference": format!("Location/{id}") })).collect();
            (!refs.is_empty()).then_some(refs)
        };
        let modality = |code: &String| json!({ "coding": [{ "system": system::MODALITY, "code": code }] });
        let modalities: Vec<Value> = self.modalities.iter().map(modality).collect();
        let hours: Vec<Value> = self.hours.iter().map(hours_value).collect();
        json!({
            "resourceType": "HealthcareService",
            "id": &self.id,
            "meta": mark(filled(&self.institution), self.synthetic),
            "active": self.active,
            "providedBy": { "reference": format!("Organization/{}", self.facility) },
            "specialty": [self.concept()],
            "location": locations(std::slice::from_ref(&self.facility)),
            "name": self.specialty_name(),
            "coverageArea": locations(&self.coverage),
            "characteristic": (!modalities.is_empty()).then_some(modalities),
            "appointmentRequired": self.minutes > 0,
            "availableTime": (!hours.is_empty()).then_some(hours),
        })
    }

    /// The Schedule of its places; `None` where it has no agenda.
    pub fn schedule(&self) -> Option<Value> {
        (self.minutes > 0).then(|| {
            json!({
                "resourceType": "Schedule",
                "id": self.schedule_id(),
                "meta": mark(filled(&self.institution), self.synthetic),
                "extension": [{ "url": system::EXT_SLOT_MINUTES, "valuePositiveInt": self.minutes }],
                "active": self.active,
                "specialty": [self.concept()],
                "actor": [
                    { "reference": format!("HealthcareService/{}", self.id), "display": self.specialty_name() },
                    { "reference": format!("Location/{}", self.facility) },
                ],
            })
        })
    }

    pub(crate) fn concept(&self) -> Value {
        let display = territory().service(&self.specialty).map(|one| one.name.as_str());
        json!({ "coding": [{ "system": system::SPECIALTY, "code": &self.specialty, "display": display }] })
    }

    /// The service of a HealthcareService. The minutes are the Schedule's: see `minutes_of`.
    pub fn of(resource: &Value) -> Option<Self> {
        let codes = |name: &str| {
            let codings = resource.items(name).iter().flat_map(|concept| concept.items("coding"));
            codings.filter_map(|coding| coding.text_at(&["code"])).map(str::to_owned).collect::<Vec<_>>()
        };
        let coverage = resource.items("coverageArea").iter().filter_map(|area| area.text_at(&["reference"]));
        let custodian = resource.get("meta").map(|meta| meta.items("security")).unwrap_or_default();
        let mut custodian = custodian.iter().filter(|one| one.text_at(&["system"]) == Some(system::CUSTODIAN));
        Some(Self {
            id: resource.id()?.to_owned(),
            facility: reference(resource, "providedBy")?,
            institution: custodian.next().and_then(|one| one.text_at(&["code"])).unwrap_or_default().to_owned(),
            specialty: codes("specialty").into_iter().next().unwrap_or_default(),
            modalities: codes("characteristic"),
            coverage: coverage.filter_map(reference_id).map(str::to_owned).collect(),
            hours: resource.items("availableTime").iter().filter_map(hours_of).collect(),
            minutes: 0,
            active: resource.get("active").and_then(Value::as_bool).unwrap_or(true),
            synthetic: is_synthetic(resource),
        })
    }
}

/// Minutes of one place, and the service, that a Schedule tells of.
pub(crate) fn minutes_of(schedule: &Value) -> Option<(String, u16)> {
    let actors = schedule.items("actor").iter().filter_map(|actor| actor.text_at(&["reference"]));
    let service = actors.filter_map(|reference| reference.strip_prefix("HealthcareService/")).next()?;
    let minutes = extension(schedule, system::EXT_SLOT_MINUTES, "valuePositiveInt")?.as_number()?.as_i64()?;
    Some((service.to_owned(), u16::try_from(minutes).ok()?))
}

fn hours_value(hours: &Hours) -> Value {
    let day = |day: &Weekday| DAYS.iter().find(|(known, _)| known == day).map(|(_, code)| *code);
    json!({
        "daysOfWeek": hours.days.iter().filter_map(day).collect::<Vec<_>>(),
        "availableStartTime": hours.from.strftime("%H:%M:%S").to_string(),
        "availableEndTime": hours.until.strftime("%H:%M:%S").to_string(),
    })
}

fn hours_of(value: &Value) -> Option<Hours> {
    let day = |code: &str| DAYS.iter().find(|(_, known)| *known == code).map(|(day, _)| *day);
    let days = value.items("daysOfWeek").iter().filter_map(Value::as_str).filter_map(day).collect();
    let time = |name: &str| value.text_at(&[name])?.parse().ok();
    Some(Hours { days, from: time("availableStartTime")?, until: time("availableEndTime")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_comes_back_from_its_resource() {
        let mut service = Service {
            id: "serv-1".into(),
            facility: "mspas-1601-h1".into(),
            institution: "MSPAS".into(),
            specialty: "oftalmologia".into(),
            modalities: vec!["presencial".into(), "jornada".into()],
            coverage: vec!["gt-16".into()],
            hours: vec![Hours {
                days: vec![Weekday::Monday, Weekday::Thursday],
                from: jiff::civil::time(8, 0, 0, 0),
                until: jiff::civil::time(12, 0, 0, 0),
            }],
            minutes: 20,
            active: true,
            synthetic: true,
        };
        let schedule = service.schedule().expect("it has an agenda");
        assert_eq!((fhir::validate(&service.resource()), fhir::validate(&schedule)), (vec![], vec![]));
        assert_eq!(minutes_of(&schedule), Some(("serv-1".into(), 20)));
        let back = Service::of(&service.resource());
        service.minutes = 0;
        assert_eq!(back, Some(service));
    }
}
