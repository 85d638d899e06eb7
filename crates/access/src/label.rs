//! Labels on every write: what a resource's codes and service imply, and what the visit or referral
//! says that it belongs to. They are stored in `meta.security`, so that a reader who may see them
//! is told, search finds them, and a rebuild needs nothing but the log. Nothing is ever taken away
//! here (`docs/adr/0006-labels-are-derived-and-stored.md`).

use std::collections::{BTreeMap, BTreeSet};

use fhir::Value;
use jiff::civil::Date;
use store::{Key, Visibility};

use crate::policy::{self, Implied, Label};
use crate::write::Draft;
use crate::{Access, AccessError, Cx};

/// The members by which a resource belongs to a visit, a request or an answer: it is as sensitive
/// as what they name.
const TIES: [&str; 20] = [
    "about",
    "authorizingPrescription",
    "basedOn",
    "condition",
    "context",
    "derivedFrom",
    "encounter",
    "focus",
    "hasMember",
    "parent",
    "partOf",
    "prescription",
    "priorPrescription",
    "reasonReference",
    "replaces",
    "request",
    "result",
    "target",
    "targetReference",
    "valueReference",
];

/// Of these, those whose other end is as sensitive as what names it: a visit as what was found in
/// it, a request as the Task that carries it.
const BOTH_WAYS: [&str; 3] = ["context", "encounter", "focus"];

/// When something was, the day it was found before the day it was written down.
const DAYS: [&[&str]; 9] = [
    &["effectiveDateTime"],
    &["effectivePeriod", "start"],
    &["performedDateTime"],
    &["occurrenceDateTime"],
    &["period", "start"],
    &["onsetDateTime"],
    &["authoredOn"],
    &["recordedDate"],
    &["date"],
];

impl Access {
    /// Adds to each resource the labels that it lacks: its own, and those of what it is tied to in
    /// this commit or was before it.
    pub(crate) async fn label(&self, cx: &Cx, drafts: &mut [Draft]) -> Result<(), AccessError> {
        let mut labels = Vec::with_capacity(drafts.len());
        for draft in drafts.iter() {
            labels.push(match draft.new.as_ref().filter(|_| is_labelled(&draft.key)) {
                Some(new) => policy::labels(new) | self.implied(cx, drafts, new).await?,
                None => 0,
            });
        }
        let Ties { inside, outside } = ties(drafts);
        let keys: Vec<Key> = outside.iter().map(|(key, _)| key.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let mut before = BTreeMap::new();
        for stored in self.store.read_many(&keys, &Visibility::All).await? {
            before.insert(stored.key.clone(), policy::labels(&stored.value()));
        }
        for (key, at) in &outside {
            labels[*at] |= before.get(key).copied().unwrap_or_default();
        }
        loop {
            let known = labels.clone();
            for (from, to) in &inside {
                labels[*to] |= labels[*from];
            }
            if labels == known {
                break;
            }
        }
        for (draft, bits) in drafts.iter_mut().zip(labels) {
            let known = draft.new.as_ref().map_or(0, policy::labels);
            let missing: Vec<Value> = Label::of_bits(bits & !known).into_iter().flat_map(Label::codings).collect();
            draft.add_security(&missing)?;
        }
        Ok(())
    }

    /// What a resource's own codes imply for the person it is about.
    async fn implied(&self, cx: &Cx, drafts: &[Draft], new: &Value) -> Result<u32, AccessError> {
        let implied = policy::POLICY.implied(new);
        if implied.by_age.is_empty() {
            return Ok(implied.labels);
        }
        self.of_age(cx, drafts, new, &implied).await
    }

    async fn of_age(&self, cx: &Cx, drafts: &[Draft], new: &Value, implied: &Implied) -> Result<u32, AccessError> {
        let Some(patient) = policy::patient_of(new) else { return Ok(implied.at(None)) };
        let key = Key::new("Patient", patient);
        let person = match drafts.iter().find(|draft| draft.key == key) {
            Some(draft) => draft.new.clone(),
            None => self.store.read(&key, &Visibility::All).await?.filter(|one| !one.deleted).map(|one| one.value()),
        };
        let birth = person.as_ref().and_then(|person| person.text_at(&["birthDate"])).unwrap_or_default();
        Ok(implied.at(policy::ages(birth, day(cx, new))))
    }
}

/// The day that a resource tells of; today where it names none.
fn day(cx: &Cx, resource: &Value) -> Date {
    let said = DAYS.iter().filter_map(|path| resource.text_at(path)).find_map(policy::instant);
    let at = said.and_then(|range| jiff::Timestamp::from_microsecond(range.0).ok()).unwrap_or(cx.now);
    fhir::zone::local(at).date()
}

/// The directory is nobody's, a person's own Patient stays findable, and the trail of acts says
/// what was done to which id, not what it is about.
fn is_labelled(key: &Key) -> bool {
    !policy::is_directory(&key.resource_type) && !matches!(key.resource_type.as_str(), "Patient" | "AuditEvent")
}

/// The ties of the resources of a commit. An allergy is no part of what the visit was about: whoever
/// prescribes next has to see it, so it takes labels from its own codes only.
#[derive(Default)]
struct Ties {
    /// From which to which resource of the commit, by place.
    inside: Vec<(usize, usize)>,
    /// From what is stored already.
    outside: Vec<(Key, usize)>,
}

fn ties(drafts: &[Draft]) -> Ties {
    let places: BTreeMap<&Key, usize> = drafts.iter().enumerate().map(|(at, draft)| (&draft.key, at)).collect();
    let mut ties = Ties::default();
    for (at, draft) in drafts.iter().enumerate().filter(|(_, draft)| is_labelled(&draft.key)) {
        let Some(new) = &draft.new else { continue };
        let anywhere = draft.key.resource_type == "AllergyIntolerance";
        tied(new, "", &mut |tie, reference| {
            if anywhere && tie == "encounter" {
                return;
            }
            let Some((resource_type, id)) = policy::split(reference) else { return };
            let key = Key::new(resource_type, id);
            match places.get(&key) {
                _ if !is_labelled(&key) => {}
                Some(other) => {
                    ties.inside.push((*other, at));
                    ties.inside.extend(BOTH_WAYS.contains(&tie).then_some((at, *other)));
                }
                None => ties.outside.push((key, at)),
            }
        });
    }
    ties
}

/// Calls `on` with each reference that ties, and the member that it stands in.
fn tied<'a>(value: &'a Value, member: &'a str, on: &mut impl FnMut(&'a str, &'a str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| tied(item, member, on)),
        Value::Object(object) => object.iter().for_each(|(name, value)| match value {
            Value::String(text) if name == "reference" && TIES.contains(&member) => on(member, text),
            _ => tied(value, name, on),
        }),
        _ => {}
    }
}
