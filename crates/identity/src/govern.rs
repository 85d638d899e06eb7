//! The rules of identity over every write of a Patient, whatever road it came by: a CUI is written as
//! one and its check digit is right, and nobody gets a CUI that somebody else of the institution has but
//! in doubt, with a reason. Only what a write brings is judged: what stood before stays correctable.
//!
//! A number that an import brings keeps its wrong check digit (see [`Origin`]): it can't be asked again.
//! Two who take one CUI at the same instant may both get it; the matcher shows them as the same person.

use std::collections::BTreeMap;

use access::{Cx, Governor, Proposed, Sharing, system};
use fhir::Value;
use fhir::outcome::Issue;
use fhir::search::Query;
use store::Key;

use crate::{Cui, Origin};

/// The rules of identity over every write.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdentityGovernor;

impl Governor for IdentityGovernor {
    fn needs(&self, _proposed: Proposed<'_>) -> Vec<Key> {
        Vec::new()
    }

    fn looks_for(&self, proposed: Proposed<'_>) -> Vec<Query> {
        let Some(keeper) = proposed.after.and_then(access::custodian) else { return Vec::new() };
        let numbers: Vec<String> = brought(proposed)
            .flat_map(|(_, _, value)| [system::CUI, system::DOUBTED_CUI].map(|system| format!("{system}|{value}")))
            .collect();
        if numbers.is_empty() {
            return Vec::new();
        }
        let ours = format!("{}|{keeper}", system::CUSTODIAN);
        let asked = [("identifier".to_owned(), numbers.join(",")), ("_security".to_owned(), ours)];
        Query::parse(&["Patient"], &asked).into_iter().collect()
    }

    fn judge(
        &self,
        cx: &Cx,
        proposed: &[Proposed<'_>],
        related: &BTreeMap<Key, Value>,
        _sharing: &Sharing,
    ) -> Result<(), Vec<Issue>> {
        let origin = if cx.is_system() { Origin::Imported } else { Origin::Entry };
        let issues: Vec<Issue> = proposed
            .iter()
            .flat_map(|one| {
                let numbers = brought(*one);
                numbers.filter_map(|(at, identifier, value)| {
                    let place = format!("Patient.identifier[{at}]");
                    wrong(identifier, value, origin)
                        .or_else(|| taken(*one, value, identifier, proposed, related))
                        .map(|(rule, say)| Issue::error("business-rule", place, say).detailed(system::RULE, rule))
                })
            })
            .collect();
        if issues.is_empty() { Ok(()) } else { Err(issues) }
    }
}

/// The CUIs, sure or in doubt, that a write gives to a Patient in use: place, identifier, value. One that
/// it had in the same way is not brought.
fn brought(one: Proposed<'_>) -> impl Iterator<Item = (usize, &Value, &str)> {
    let after = one.after.filter(|after| after.resource_type() == Some("Patient") && in_use(after));
    let identifiers = after.map(|after| after.items("identifier")).unwrap_or_default();
    let stood = move |system: &str, value: &str| {
        let before = one.before.filter(|before| in_use(before)).map(|before| before.items("identifier"));
        before.unwrap_or_default().iter().any(|had| cui_of(had) == Some((system, value)))
    };
    identifiers.iter().enumerate().filter_map(move |(at, identifier)| {
        let (system, value) = cui_of(identifier)?;
        (!stood(system, value)).then_some((at, identifier, value))
    })
}

fn in_use(patient: &Value) -> bool {
    patient.get("active").and_then(Value::as_bool) != Some(false)
}

fn cui_of(identifier: &Value) -> Option<(&str, &str)> {
    let system = identifier.text_at(&["system"])?;
    let ours = [system::CUI, system::DOUBTED_CUI].contains(&system);
    Some((system, identifier.text_at(&["value"])?)).filter(|_| ours)
}

/// What is wrong with the number itself: the rule's code, and what to say.
fn wrong(identifier: &Value, value: &str, origin: Origin) -> Option<(&'static str, String)> {
    let cui = match Cui::parse(value) {
        Ok(cui) if cui.digits() == value => cui,
        Ok(cui) => return Some(("cui-forma", format!("a CUI is kept as thirteen digits alone: {}", cui.digits()))),
        Err(error) => return Some(("cui-forma", error.to_string())),
    };
    if cui.problems().into_iter().any(|problem| problem.blocks(origin)) {
        return Some(("cui-digito", "the check digit (the ninth) does not follow from the first eight".to_owned()));
    }
    let doubted = identifier.text_at(&["system"]) == Some(system::DOUBTED_CUI);
    let why = identifier.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(system::EXT_DOUBT));
    let said = why.and_then(|one| one.text_at(&["valueString"])).is_some_and(|why| !why.trim().is_empty());
    (doubted && !said).then(|| ("cui-duda", format!("a CUI in doubt says why ({})", system::EXT_DOUBT)))
}

/// Whether somebody else of the institution has it, as things will stand after the commit.
fn taken(
    one: Proposed<'_>,
    value: &str,
    identifier: &Value,
    proposed: &[Proposed<'_>],
    related: &BTreeMap<Key, Value>,
) -> Option<(&'static str, String)> {
    if identifier.text_at(&["system"]) == Some(system::DOUBTED_CUI) {
        return None;
    }
    let keeper = one.after.and_then(access::custodian);
    let has = |patient: &Value| {
        let numbers = patient.items("identifier").iter().filter_map(cui_of);
        in_use(patient) && access::custodian(patient) == keeper && numbers.into_iter().any(|(_, other)| other == value)
    };
    let written = |key: &Key| proposed.iter().any(|other| other.key == key);
    let stored = related.iter().filter(|(key, _)| !written(key)).map(|(_, patient)| patient);
    let others = proposed.iter().filter(|other| other.key != one.key && other.key.resource_type == "Patient");
    let mut all = stored.filter(|one| one.resource_type() == Some("Patient")).chain(others.filter_map(|one| one.after));
    all.any(has).then(|| {
        let say = format!(
            "somebody else has this CUI; the same person is not registered twice, and a number that two \
             papers show is kept in doubt ({}, with its reason)",
            system::DOUBTED_CUI
        );
        ("cui-de-otra", say)
    })
}
