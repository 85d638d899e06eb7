//! The destination attends: a visit begins there, and the specialist answers.

use access::{Access, Cx};
use fhir::{Value, json};

use crate::CareError;
use crate::referral::advance::Advance;
use crate::referral::cancel::letting_go;
use crate::referral::moves::Move;
use crate::referral::pair::Referral;
use crate::resource::{mark, named, put, reference, synthetic};

/// Starts the visit at the destination, from an appointment or an urgent transfer.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn attend(access: &Access, cx: &Cx, referral: &Referral) -> Result<Referral, CareError> {
    let id = access.store().entropy().id();
    let mut encounter = encounter(cx, referral, &id);
    mark(&mut encounter, synthetic(&referral.task));
    let mut changes = letting_go(access, cx, referral, "fulfilled").await?;
    changes.push(put(&encounter, None));
    Advance::new(referral, Move::Attend { encounter: id }).with(changes).commit(access, cx).await
}

fn encounter(cx: &Cx, referral: &Referral, id: &str) -> Value {
    let (patient, place) = (referral.patient(), referral.destination());
    let urgent = referral.state.appointment().is_none();
    let (class, words) = if urgent { ("EMER", "emergency") } else { ("AMB", "ambulatory") };
    let appointment = referral.state.appointment().map(|id| vec![reference("Appointment", id)]);
    let who = match &cx.actor {
        access::Actor::Practitioner(id) => Some(json!([{ "individual": named("Practitioner", id, &cx.name) }])),
        _ => None,
    };
    json!({ "resourceType": "Encounter", "id": id, "status": "in-progress",
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": class, "display": words },
        "subject": named("Patient", &patient.id, &patient.name),
        "basedOn": [reference("ServiceRequest", referral.request.id().unwrap_or_default())],
        "participant": who, "appointment": appointment, "period": { "start": cx.now.to_string() },
        "reasonCode": [{ "text": referral.reason() }],
        "serviceProvider": named("Organization", &place.id, &place.name) })
}

/// The specialist keeps the person in control; the answer is still due.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn keep_in_control(access: &Access, cx: &Cx, referral: &Referral, why: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::KeepInControl).note(why).commit(access, cx).await
}

/// The person is hospitalised.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn admit(access: &Access, cx: &Cx, referral: &Referral, why: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::Admit).note(why).commit(access, cx).await
}
