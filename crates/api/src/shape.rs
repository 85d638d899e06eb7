//! How much of a resource is sent: `_summary` (R4 §3.1.1.5.8) and `_elements` (§3.1.1.5.9).

use std::borrow::Cow;

use fhir::json::Object;
use fhir::schema::{self, TypeDef};
use fhir::search::Summary;
use fhir::{Value, json};

use crate::error::ApiError;

const OBSERVATION_VALUE: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";

/// What is to be left out.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// `_summary`.
    pub summary: Summary,
    /// `_elements`; empty asks for all.
    pub elements: Vec<String>,
}

impl Shape {
    /// From the parameters of a read.
    ///
    /// # Errors
    /// `Malformed` for parameters that a read does not have.
    pub fn of_read(params: &[(String, String)]) -> Result<Self, ApiError> {
        let mut shape = Self::default();
        for (name, value) in params {
            match name.as_str() {
                "_summary" => {
                    shape.summary = match value.as_str() {
                        "true" => Summary::True,
                        "text" => Summary::Text,
                        "data" => Summary::Data,
                        "false" => Summary::False,
                        _ => return Err(ApiError::malformed(name, "write true, text, data or false")),
                    }
                }
                "_elements" => shape.elements = value.split(',').map(|part| part.trim().to_owned()).collect(),
                _ => return Err(ApiError::malformed(name, "a read takes _summary, _elements, _format and _pretty")),
            }
        }
        Ok(shape)
    }

    /// The resource cut down; the stored bytes themselves where nothing is asked.
    pub fn apply<'a>(&self, stored: &'a [u8]) -> Cow<'a, [u8]> {
        if stored.is_empty() || (self.elements.is_empty() && matches!(self.summary, Summary::False | Summary::Count)) {
            return Cow::Borrowed(stored);
        }
        match fhir::json::parse(stored) {
            Ok(value) => Cow::Owned(self.cut(&value).to_bytes()),
            Err(_) => Cow::Borrowed(stored),
        }
    }

    fn cut(&self, resource: &Value) -> Value {
        let name = resource.resource_type().unwrap_or_default();
        let (Some(object), Some(definition)) = (resource.as_object(), schema::r4().type_def(name)) else {
            return resource.clone();
        };
        let mut kept: Object = object
            .iter()
            .filter(|(name, _)| self.keeps(definition, name))
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect();
        if self.elements.is_empty() && self.summary == Summary::True {
            prune(&mut kept, definition);
        }
        mark(&mut kept);
        Value::Object(kept)
    }

    /// Mandatory elements, `id`, `meta` and what changes the meaning always stay (R4 §3.1.1.5.9).
    fn keeps(&self, definition: &TypeDef, name: &str) -> bool {
        let bare = name.strip_prefix('_').unwrap_or(name);
        if matches!(bare, "resourceType" | "id" | "meta" | "implicitRules" | "modifierExtension") {
            return true;
        }
        let Some((element, _)) = definition.member(bare) else { return false };
        if !self.elements.is_empty() {
            return element.min > 0 || self.elements.iter().any(|asked| asked == element.name || asked == bare);
        }
        match self.summary {
            Summary::True => element.summary || element.min > 0,
            Summary::Text => bare == "text" || element.min > 0,
            Summary::Data => bare != "text",
            Summary::False | Summary::Count => true,
        }
    }
}

/// Below the top, backbone elements keep what the definition marks as summary.
fn prune(object: &mut Object, definition: &TypeDef) {
    for (name, value) in object.iter_mut() {
        let Some((_, reference)) = definition.member(name) else { continue };
        let Some(inner) =
            schema::r4().type_def(reference.code).filter(|found| found.kind == schema::TypeKind::Backbone)
        else {
            continue;
        };
        let items = match value {
            Value::Array(items) => items.as_mut_slice(),
            other => std::slice::from_mut(other),
        };
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            let bare = |name: &str| name.strip_prefix('_').unwrap_or(name).to_owned();
            let kept = |name: &str| {
                let element = inner.member(&bare(name)).map(|(element, _)| element);
                element.is_none_or(|element| element.summary || element.min > 0)
            };
            let rest: Object = item
                .iter()
                .filter(|(name, _)| kept(name))
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .collect();
            if !rest.is_empty() {
                *item = rest;
                prune(item, inner);
            }
        }
    }
}

/// Says that this is not the whole resource (R4 §3.1.1.5.8, tag SUBSETTED).
fn mark(resource: &mut Object) {
    let mut meta = resource.remove("meta").unwrap_or_else(|| json!({}));
    let mut tags = meta.items("tag").to_vec();
    tags.push(
        json!({ "system": OBSERVATION_VALUE, "code": "SUBSETTED", "display": "Resource encoded in summary mode" }),
    );
    meta.set("tag", tags);
    let at = resource.iter().position(|(name, _)| name == "id").map_or(1, |at| at + 1);
    let mut members: Vec<(String, Value)> =
        std::mem::take(resource).iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    members.insert(at.min(members.len()), ("meta".to_owned(), meta));
    *resource = members.into_iter().collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: &str = r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1"},"text":{"status":"generated","div":"<div/>"},"active":true,"_active":{"id":"x"},"name":[{"family":"Caal"}],"photo":[{"title":"x"}],"contact":[{"gender":"female"}]}"#;

    fn cut(shape: &Shape) -> String {
        String::from_utf8(shape.apply(PATIENT.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn elements_keep_what_is_asked_and_what_is_mandatory() {
        let shape = Shape { elements: vec!["name".into()], ..Shape::default() };
        assert_eq!(
            cut(&shape),
            r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1","tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED","display":"Resource encoded in summary mode"}]},"name":[{"family":"Caal"}]}"#
        );
    }

    #[test]
    fn a_summary_follows_the_definition() {
        let shape = |summary| Shape { summary, ..Shape::default() };
        let summary = cut(&shape(Summary::True));
        assert!(
            summary.contains("\"active\":true,\"_active\"") && !summary.contains("photo") && !summary.contains("div")
        );
        assert!(!cut(&shape(Summary::Data)).contains("div"));
        assert!(!cut(&shape(Summary::Text)).contains("Caal"));
        assert_eq!(cut(&Shape::default()), PATIENT);
    }
}
