//! What was noted before and holds no longer: a visit says of an allergy, a medicine or a problem
//! what became of it. The resource keeps its history; nothing is deleted, and striking the visit does
//! not bring it back: another visit notes it anew.

use access::{Access, AccessError, Cx};
use fhir::Value;
use store::{Change, Key, Stored};

use crate::codes::codes;
use crate::resource::{concept, put};
use crate::visit::form::Form;
use crate::visit::mend::{names, struck, why};
use crate::{CareError, Problem};

codes! {
    /// What became of something that was noted before.
    Outcome {
        Resolved = "resolved", "se resolvió";
        Inactive = "inactive", "está inactivo";
        Stopped = "stopped", "se suspendió";
        Mistaken = "entered-in-error", "se anotó por error";
    }
}

impl Outcome {
    /// What can become of a resource of this type (the codes that R4 has for its status).
    pub fn of(resource_type: &str) -> &'static [Self] {
        match resource_type {
            "Condition" => &[Self::Resolved, Self::Inactive, Self::Mistaken],
            "AllergyIntolerance" => &[Self::Resolved, Self::Mistaken],
            "MedicationStatement" => &[Self::Stopped, Self::Mistaken],
            _ => &[],
        }
    }
}

/// Something that was noted before, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The AllergyIntolerance, MedicationStatement or Condition.
    pub key: Key,
    /// What became of it.
    pub outcome: Outcome,
}

/// Whether each is said once, and can become what is said.
pub(crate) fn consistent(settled: &[Settled]) -> bool {
    let once = |at: usize, one: &Settled| settled[..at].iter().all(|other| other.key != one.key);
    let fits = |one: &Settled| Outcome::of(&one.key.resource_type).contains(&one.outcome);
    settled.iter().enumerate().all(|(at, one)| once(at, one) && fits(one))
}

/// The next version of each with its Provenance, and a line of the visit's note for each.
pub(crate) async fn changes(access: &Access, cx: &Cx, form: &Form) -> Result<(Vec<Change>, Vec<String>), CareError> {
    if form.settled.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let keys: Vec<Key> = form.settled.iter().map(|one| one.key.clone()).collect();
    let stored = access.read_many(cx, &keys).await?;
    let (mut changes, mut lines) = (Vec::new(), Vec::new());
    for one in &form.settled {
        let found = stored.iter().find(|stored| stored.key == one.key).map(|stored| (stored, stored.value()));
        let own = found.filter(|(_, value)| names(value, &form.patient.id));
        let Some((stored, value)) = own else {
            return Err(AccessError::NotFound { what: one.key.to_string() }.into());
        };
        changes.extend(change(access, cx, (stored, &value), (one.outcome, form))?);
        lines.push(format!("{}: {}", called(&value), one.outcome.label()));
    }
    Ok((changes, lines))
}

fn change(
    access: &Access,
    cx: &Cx,
    (stored, value): (&Stored, &Value),
    (outcome, form): (Outcome, &Form),
) -> Result<[Change; 2], CareError> {
    if !holds(value) {
        return Err(CareError::Form(vec![Problem::new("settled", "settled-before")]));
    }
    let mut next = value.clone();
    let status = |system: &str| concept(&format!("http://terminology.hl7.org/CodeSystem/{system}"), outcome.code(), "");
    match (outcome, value.resource_type()) {
        (Outcome::Mistaken, _) => next = struck(value),
        (_, Some("Condition")) => {
            next.set("clinicalStatus", status("condition-clinical"));
            let abated = value.as_object().is_some_and(|all| all.iter().any(|(name, _)| name.starts_with("abatement")));
            if outcome == Outcome::Resolved && !abated {
                let day = form.date.map_or_else(|| cx.now.to_string(), |day| day.to_string());
                next.set("abatementDateTime", day);
            }
        }
        (_, Some("AllergyIntolerance")) => next.set("clinicalStatus", status("allergyintolerance-clinical")),
        _ => next.set("status", outcome.code()),
    }
    let told = why(access, cx, ("settle", outcome.label()), &next);
    Ok([put(&next, Some(stored.version)), put(&told, None)])
}

/// Whether it still holds: another visit may have been faster.
fn holds(value: &Value) -> bool {
    let code = |member: &str| value.text_at(&[member, "coding", "code"]);
    if value.resource_type() == Some("MedicationStatement") {
        return value.text_at(&["status"]) == Some("active");
    }
    let current = code("clinicalStatus").is_none_or(|code| matches!(code, "active" | "recurrence" | "relapse"));
    current && code("verificationStatus") != Some("entered-in-error")
}

/// Its words.
fn called(value: &Value) -> &str {
    let concept = value.get("medicationCodeableConcept").or_else(|| value.get("code"));
    let said = concept.and_then(|concept| {
        concept
            .text_at(&["text"])
            .or_else(|| concept.text_at(&["coding", "display"]))
            .or_else(|| concept.text_at(&["coding", "code"]))
    });
    said.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use fhir::json;

    use super::*;

    #[test]
    fn each_is_said_once_and_becomes_only_what_its_type_can() {
        let settled = |kind: &str, outcome| Settled { key: Key::new(kind, "x"), outcome };
        let (problem, medicine) =
            (settled("Condition", Outcome::Inactive), settled("MedicationStatement", Outcome::Stopped));
        assert!(consistent(&[problem.clone(), medicine]));
        assert!(!consistent(&[problem.clone(), problem]));
        assert!(!consistent(&[settled("AllergyIntolerance", Outcome::Stopped)]));
        assert!(!consistent(&[settled("Patient", Outcome::Mistaken)]));
    }

    #[test]
    fn what_holds_no_longer_can_not_be_settled_again() {
        let one =
            |code: &str| json!({ "resourceType": "Condition", "clinicalStatus": { "coding": [{ "code": code }] } });
        assert!(holds(&one("active")) && !holds(&one("resolved")));
        assert!(!holds(&json!({ "resourceType": "MedicationStatement", "status": "stopped" })));
    }
}
