//! Mending a signed visit: marked entered-in-error with a reason, or moved to the right person.

use access::{Access, AccessError, Act, Cx};
use fhir::{Value, json};
use store::{Key, Stored};

use crate::referral::place::find;
use crate::referral::{Named, provenance};
use crate::resource::{claims, key_of, named, put, reference, text};
use crate::visit::record::{is_man, of_pregnancy};
use crate::{CareError, Problem};

/// The signed note of a visit.
///
/// # Errors
/// `NotFound` for a visit without one; the gate's.
pub async fn note_of(access: &Access, cx: &Cx, encounter: &str) -> Result<Value, CareError> {
    let asked = [("encounter", format!("Encounter/{encounter}")), ("type", "http://loinc.org|34109-9".to_owned())];
    let found = find(access, cx, "Composition", &asked).await?;
    let notes = found.matches.iter().map(Stored::value);
    let signed = notes.into_iter().find(|note| note.get("relatesTo").is_none());
    signed.ok_or_else(|| AccessError::NotFound { what: format!("Composition of Encounter/{encounter}") }.into())
}

/// Marks the whole visit entered-in-error.
///
/// # Errors
/// `Form` without a reason; the gate's.
pub async fn entered_in_error(access: &Access, cx: &Cx, encounter: &str, reason: &str) -> Result<(), CareError> {
    mend(access, cx, encounter, None, reason).await.map(|_| ())
}

/// Moves a visit to the right person: new resources for them, the old ones entered-in-error.
/// Gives the id of the new Encounter.
///
/// # Errors
/// `Form` without a reason, with the same person, or with a man where it tells of a pregnancy; the gate's.
pub async fn move_to(
    access: &Access,
    cx: &Cx,
    encounter: &str,
    right: &Named,
    reason: &str,
) -> Result<String, CareError> {
    mend(access, cx, encounter, Some(right), reason).await
}

async fn mend(
    access: &Access,
    cx: &Cx,
    encounter: &str,
    right: Option<&Named>,
    reason: &str,
) -> Result<String, CareError> {
    if text(reason).is_none() {
        return Err(CareError::Form(vec![Problem::new("reason", "reason-missing")]));
    }
    let old = parts(access, cx, encounter).await?;
    let act = if right.is_some() { "move-visit" } else { "entered-in-error" };
    let mut changes = Vec::new();
    for one in &old {
        let value = one.value();
        changes.push(put(&struck(&value), Some(one.version)));
        changes.push(put(&why(access, cx, (act, reason), &value), None));
    }
    let ids: Vec<(String, String)> = old
        .iter()
        .map(|one| (one.key.to_string(), format!("{}/{}", one.key.resource_type, access.store().entropy().id())))
        .collect();
    if let Some(right) = right {
        if old.iter().any(|one| names(&one.value(), &right.id)) || right.id.is_empty() {
            return Err(CareError::Form(vec![Problem::new("patient", "person-other")]));
        }
        let patient = access.read_many(cx, &[Key::new("Patient", right.id.as_str())]).await?;
        if patient.iter().any(|one| is_man(&one.value())) && old.iter().any(|one| of_pregnancy(&one.value())) {
            return Err(CareError::Form(vec![Problem::new("patient", "person-man")]));
        }
        for (one, (_, new)) in old.iter().zip(&ids) {
            let moved = moved(&one.value(), new, right, &ids);
            changes.push(put(&moved, None));
            changes.push(put(&why(access, cx, (act, reason), &moved), None));
        }
    }
    access.commit(cx, Act { name: act, changes, ..Act::default() }).await?;
    let new = ids.iter().find(|(from, _)| *from == format!("Encounter/{encounter}"));
    Ok(new.and_then(|(_, to)| to.split_once('/')).map(|(_, id)| id.to_owned()).unwrap_or_default())
}

/// Why it was mended, in the person's own record: whoever reads the record reads the reason.
pub(super) fn why(access: &Access, cx: &Cx, (act, reason): (&str, &str), about: &Value) -> Value {
    let mut told = provenance(access, cx, act, reason, about);
    let patient = key_of(about.get(person(about))).map(|key| reference("Patient", &key.id));
    told.set("target", told.items("target").iter().cloned().chain(patient).collect::<Vec<_>>());
    told
}

/// Every resource of a visit: the Encounter, its note and addenda, what the note's entries name.
async fn parts(access: &Access, cx: &Cx, encounter: &str) -> Result<Vec<Stored>, CareError> {
    let note = note_of(access, cx, encounter).await?;
    let sections = note.items("section").iter();
    let mut keys = vec![Key::new("Encounter", encounter)];
    keys.extend(sections.flat_map(|one| one.items("entry")).filter_map(|one| key_of(Some(one))));
    let asked = [("encounter", format!("Encounter/{encounter}"))];
    let notes = find(access, cx, "Composition", &asked).await?.matches;
    let mut all = access.read_many(cx, &keys).await?;
    if all.len() != keys.len() {
        return Err(AccessError::NotFound { what: format!("a part of Encounter/{encounter}") }.into());
    }
    all.extend(notes);
    all.retain(|one| !claims(&one.value(), access::system::PROFILE_REFERRAL));
    Ok(all)
}

fn person(resource: &Value) -> &'static str {
    if resource.resource_type() == Some("AllergyIntolerance") { "patient" } else { "subject" }
}

pub(super) fn names(resource: &Value, patient: &str) -> bool {
    key_of(resource.get(person(resource))).is_some_and(|key| key.id == patient)
}

pub(super) fn struck(resource: &Value) -> Value {
    let mut struck = resource.clone();
    let system = match resource.resource_type() {
        Some("Condition") => "http://terminology.hl7.org/CodeSystem/condition-ver-status",
        Some("AllergyIntolerance") => "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
        _ => {
            struck.set("status", "entered-in-error");
            return struck;
        }
    };
    struck.set("verificationStatus", crate::resource::concept(system, "entered-in-error", ""));
    // con-5 and ait-2: no clinical status on what never was.
    crate::referral::task::replace(&mut struck, "clinicalStatus", None);
    struck
}

/// The resource for the right person, under its new id, pointing at the new parts.
fn moved(resource: &Value, new: &str, right: &Named, ids: &[(String, String)]) -> Value {
    let mut text = resource.to_string();
    for (from, to) in ids {
        text = text.replace(&format!("\"reference\":\"{from}\""), &format!("\"reference\":\"{to}\""));
    }
    let mut moved = fhir::json::parse(text.as_bytes()).unwrap_or_else(|_| resource.clone());
    moved.set("id", new.split_once('/').map_or(new, |(_, id)| id));
    crate::referral::task::replace(&mut moved, "meta", None);
    moved.set(person(resource), named("Patient", &right.id, &right.name));
    if moved.get("relatesTo").is_none() && moved.resource_type() == Some("Composition") {
        let old = reference("Composition", resource.id().unwrap_or_default());
        moved.set("event", json!([{ "detail": [old] }]));
    }
    moved
}
