//! The synthetic people and where they are attended.

use access::system;
use care::referral::Named;
use fhir::Value;
use jiff::civil::Date;
use network::demo::Demo;

use super::Resident;

/// The people: what to write, and whom stories can be about.
pub struct People {
    pub resources: Vec<Value>,
    pub residents: Vec<Resident>,
}

/// Makes people for the homes of the network.
pub fn people(demo: &Demo, count: usize, today: Date) -> People {
    let resources = identity::demo::people(2026, count, &demo.homes, today);
    let patients = resources.iter().filter(|one| one.resource_type() == Some("Patient"));
    let residents = patients.filter_map(|one| resident(one, today)).collect();
    People { resources, residents }
}

fn resident(patient: &Value, today: Date) -> Option<Resident> {
    let post = patient.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(system::EXT_ASSIGNED_POST));
    let post = post.and_then(|one| one.text_at(&["valueReference", "reference"]));
    let facility = patient.text_at(&["managingOrganization", "reference"]).or(post)?;
    let years = identity::age_years(patient.text_at(&["birthDate"])?, today)?;
    Some(Resident {
        patient: Named { id: patient.id()?.to_owned(), name: identity::PersonName::of(patient)?.printed() },
        facility: facility.strip_prefix("Organization/")?.to_owned(),
        adult: years >= 18,
        female: patient.text_at(&["gender"]) == Some("female"),
    })
}
