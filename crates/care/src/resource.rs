//! Small helpers over FHIR JSON that every module here shares.

use access::Label;
use fhir::{Value, json};
use store::{Change, Expect, Key, Write};

/// `{ "reference": "Type/id" }`.
pub(crate) fn reference(resource_type: &str, id: &str) -> Value {
    json!({ "reference": format!("{resource_type}/{id}") })
}

/// A reference with words for people.
pub(crate) fn named(resource_type: &str, id: &str, display: &str) -> Value {
    json!({ "reference": format!("{resource_type}/{id}"), "display": text(display) })
}

/// A CodeableConcept of one coding.
pub(crate) fn concept(system: &str, code: &str, display: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code, "display": text(display) }] })
}

/// The code of that system in a CodeableConcept.
pub(crate) fn code_in<'a>(concept: Option<&'a Value>, system: &str) -> Option<&'a str> {
    let codings = concept?.items("coding");
    codings.iter().find(|one| one.text_at(&["system"]) == Some(system))?.text_at(&["code"])
}

/// Words, or nothing when there are none.
pub(crate) fn text(words: &str) -> Option<&str> {
    Some(words.trim()).filter(|words| !words.is_empty())
}

/// The key that a Reference points to.
pub(crate) fn key_of(reference: Option<&Value>) -> Option<Key> {
    let literal = reference?.text_at(&["reference"])?.split("/_history/").next()?;
    let (before, id) = literal.rsplit_once('/')?;
    Some(Key::new(before.rsplit('/').next()?, id))
}

/// The id that a Reference of this type points to.
pub(crate) fn id_of(reference: Option<&Value>, resource_type: &str) -> Option<String> {
    key_of(reference).filter(|key| key.resource_type == resource_type).map(|key| key.id)
}

/// Whether the resource claims a profile.
pub(crate) fn claims(resource: &Value, profile: &str) -> bool {
    resource.get("meta").is_some_and(|meta| meta.items("profile").iter().any(|one| one.as_str() == Some(profile)))
}

/// Writes a resource that must have this version; `None` = must not exist.
pub(crate) fn put(resource: &Value, version: Option<u64>) -> Change {
    let key = Key::new(resource.resource_type().unwrap_or_default(), resource.id().unwrap_or_default());
    let expect = version.map_or(Expect::Absent, Expect::Version);
    Change { key, expect, write: Write::Put(resource.to_bytes().into()) }
}

/// The mark of a synthetic person, if the resource has it.
pub(crate) fn synthetic(resource: &Value) -> Option<Value> {
    let marked = |one: &&Value| {
        one.text_at(&["system"]) == Some(access::system::TAG) && one.text_at(&["code"]) == Some("sintetico")
    };
    resource.get("meta")?.items("tag").iter().find(marked).cloned()
}

/// Labels a resource as its author says; what it has stays.
pub(crate) fn protect(resource: &mut Value, labels: &[Label]) {
    let known = Label::of(resource);
    let missing = labels.iter().filter(|label| !known.contains(label)).map(|label| label.coding());
    let missing: Vec<Value> = missing.collect();
    if missing.is_empty() {
        return;
    }
    let mut meta = resource.get("meta").cloned().unwrap_or_else(|| json!({}));
    let all: Vec<Value> = meta.items("security").iter().cloned().chain(missing).collect();
    meta.set("security", all);
    resource.set("meta", meta);
}

/// Takes the labels away.
pub(crate) fn unprotect(resource: &mut Value) {
    let Some(mut meta) = resource.get("meta").cloned().filter(|_| !Label::of(resource).is_empty()) else { return };
    let labels = |one: &&Value| Label::of(&json!({ "meta": { "security": [(*one).clone()] } })).is_empty();
    let kept: Vec<Value> = meta.items("security").iter().filter(labels).cloned().collect();
    meta.set_items("security", kept);
    resource.set("meta", meta);
}

/// Carries the mark of a synthetic person to what is written about them.
pub(crate) fn mark(resource: &mut Value, tag: Option<Value>) {
    let Some(tag) = tag.filter(|_| synthetic(resource).is_none()) else { return };
    let mut meta = resource.get("meta").cloned().unwrap_or_else(|| json!({}));
    let tags: Vec<Value> = meta.items("tag").iter().cloned().chain([tag]).collect();
    meta.set("tag", tags);
    resource.set("meta", meta);
}
