//! Pieces that the stories share.

use fhir::Value;
use testkit::World;

use access::{AccessError, Cx, system};
use store::{Key, Kind};

pub fn encounter(patient: &str, facility: &str) -> Value {
    fhir::json!({
        "resourceType": "Encounter", "status": "finished",
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" },
        "subject": { "reference": format!("Patient/{patient}") },
        "serviceProvider": { "reference": format!("Organization/{facility}") },
        "period": { "start": "2026-11-20T09:00:00-06:00" },
    })
}

pub fn condition(patient: &str, label: Option<&str>) -> Value {
    let security = label.map(|code| fhir::json!({ "security": [{ "system": system::SENSITIVITY, "code": code }] }));
    fhir::json!({
        "resourceType": "Condition",
        "meta": security,
        "subject": { "reference": format!("Patient/{patient}") },
        "code": { "text": "Anemia" },
    })
}

pub fn request(patient: &str) -> Value {
    fhir::json!({
        "resourceType": "ServiceRequest",
        "meta": { "profile": [system::PROFILE_REFERRAL] },
        "status": "active", "intent": "order",
        "subject": { "reference": format!("Patient/{patient}") },
        "code": { "text": "Oftalmología" },
    })
}

pub fn referral(patient: &str, request: &str, (from, to): (&str, &str), status: &str) -> Value {
    fhir::json!({
        "resourceType": "Task",
        "meta": { "profile": [system::PROFILE_REFERRAL_TASK] },
        "status": status, "intent": "order",
        "code": { "coding": [{ "system": system::TASK_KIND, "code": "referencia" }] },
        "focus": { "reference": format!("ServiceRequest/{request}") },
        "for": { "reference": format!("Patient/{patient}") },
        "authoredOn": "2026-11-20T10:00:00-06:00",
        "lastModified": "2026-11-21T10:00:00-06:00",
        "requester": { "reference": format!("Organization/{from}") },
        "owner": { "reference": format!("Organization/{to}") },
    })
}

/// What reading says: `ok`, `masked` or the kind of the refusal.
pub async fn look(world: &World, cx: &Cx, resource_type: &str, id: &str) -> String {
    match world.access.read(cx, &Key::new(resource_type, id)).await {
        Ok(stored) if String::from_utf8_lossy(&stored.body).contains("MASKED") => "masked".to_owned(),
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

pub fn kind<T>(result: Result<T, AccessError>) -> Option<Kind> {
    result.err().map(|error| error.kind())
}
