//! Links inside what is written. Those by this API's own address become relative. Those between the
//! entries of a transaction (R4 §3.1.0.11.2) lead to what is made: a `fullUrl` that another entry
//! refers to becomes `Type/id`, a conditional reference (`Patient?identifier=…`) becomes what it
//! matches. Only links are touched: references, elements of type uri and its kin, and links in
//! narrative; an identifier's value that happens to be a `urn:uuid` stays.

use std::collections::hash_map::Entry::Vacant;
use std::collections::{HashMap, HashSet};

use fhir::Value;
use fhir::json::Object;
use fhir::schema::{self, TypeDef, TypeKind};
use http::Method;

use store::Key;

use crate::address;
use crate::batch::Entry;
use crate::body::Sent;
use crate::call::Call;
use crate::conditional;
use crate::error::ApiError;
use crate::transaction::plan::{self, Plan};

/// What kind of link a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    /// `Reference.reference`.
    Reference,
    /// uri, url, canonical, oid, uuid.
    Uri,
    /// XHTML with `href` and `src` in it.
    Narrative,
}

/// The resource here that a URL names, with or without version, if it begins with this API's address.
pub fn local(url: &str, base: &str) -> Option<Key> {
    let path = url.strip_prefix(base)?.strip_prefix('/')?;
    let path = path.split_once("/_history/").map_or(path, |(plain, _)| plain);
    let (kind, id) = path.split_once('/')?;
    (schema::r4().is_resource(kind) && fhir::is_id(id)).then(|| Key::new(kind, id))
}

/// The resource with its references by `base` made relative; `None` if it has none. A stored Bundle
/// keeps them: they lead to its own entries.
pub fn relative(sent: &Sent, base: &str) -> Option<Value> {
    let host = base.split_once("://")?.1.split('/').next().filter(|host| !host.is_empty())?.as_bytes();
    // Most resources don't speak of this host at all.
    let speaks = || sent.bytes.windows(host.len()).any(|part| part == host);
    if sent.value.resource_type() == Some("Bundle") || !speaks() {
        return None;
    }
    let (mut value, mut changed) = (sent.value.clone(), false);
    visit(&mut value, &mut |link, text| {
        if link == Link::Reference && local(text, base).is_some() {
            *text = text.split_off(base.len() + 1);
            changed = true;
        }
    });
    changed.then_some(value)
}

/// Where every link leads: the entries' fullUrls and the conditional references. Of these, one with
/// the condition of an entry leads to what that entry makes or finds.
///
/// # Errors
/// `NoMatch` and `MultipleMatches` for conditional references that do not name one resource.
pub async fn resolve(call: &Call, entries: &[Entry], plan: &Plan) -> Result<HashMap<String, String>, ApiError> {
    let mut links = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        if let (Some(url), Some(key)) = (&entry.full_url, plan.key(at)) {
            links.insert(url.clone(), key.to_string());
        }
    }
    let gone = plan::gone(entries, &plan.deeds);
    for entry in entries {
        for condition in conditions(entry) {
            if let Vacant(place) = links.entry(condition) {
                let found = target(call, place.key(), entries, plan, &gone).await;
                place.insert(found.map_err(|error| error.at(entry.at.clone()))?);
            }
        }
    }
    Ok(links)
}

async fn target(
    call: &Call,
    condition: &str,
    entries: &[Entry],
    plan: &Plan,
    gone: &HashSet<Key>,
) -> Result<String, ApiError> {
    let (kind, query) = condition.split_once('?').unwrap_or((condition, ""));
    let (kind, pairs) = (address::known_type(kind)?, address::decode(query)?);
    let same = Some(plan::comparable(&kind, pairs.clone()));
    let made = (0..entries.len()).filter(|at| entries[*at].method != Method::DELETE);
    let mut made = made.filter(|at| plan::condition(&entries[*at]) == same).filter_map(|at| plan.key(at));
    if let Some(key) = made.next() {
        return Ok(key.to_string());
    }
    let found = conditional::find(call, &kind, &pairs, gone).await?;
    let missing = || ApiError::NoMatch { criteria: condition.to_owned() };
    Ok(found.one.ok_or_else(missing)?.key.to_string())
}

/// The conditional references of an entry's resource.
fn conditions(entry: &Entry) -> Vec<String> {
    let mut found = Vec::new();
    let Some(mut value) = entry.resource.clone() else { return found };
    visit(&mut value, &mut |link, text| {
        let is_condition = text.split_once('?').is_some_and(|(kind, _)| schema::r4().is_resource(kind));
        if link == Link::Reference && is_condition {
            found.push(text.clone());
        }
    });
    found
}

/// Rewrites the links of one resource. A relative reference counts from the entry's own `fullUrl`
/// (R4 §2.36.4): `Patient/1` beside `http://x/Observation/2` is `http://x/Patient/1`.
pub fn rewrite(resource: &mut Value, full_url: Option<&str>, links: &HashMap<String, String>) {
    let base = full_url.and_then(|url| {
        let (front, _) = url.rsplit_once('/')?;
        let (base, kind) = front.rsplit_once('/')?;
        schema::r4().is_resource(kind).then_some(base)
    });
    visit(resource, &mut |link, text| match link {
        Link::Narrative => in_narrative(text, links),
        Link::Uri => {
            if let Some(target) = links.get(text) {
                text.clone_from(target);
            }
        }
        Link::Reference => {
            let (plain, fragment) = text.split_once('#').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
            let absolute = base.map(|base| format!("{base}/{plain}"));
            let target = links.get(plain).or_else(|| links.get(&absolute?));
            if let Some(target) = target {
                *text = fragment.map_or_else(|| target.clone(), |part| format!("{target}#{part}"));
            }
        }
    });
}

fn in_narrative(text: &mut String, links: &HashMap<String, String>) {
    for attribute in ["href=\"", "src=\""] {
        // Copied once, whatever the number of links.
        let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
        while let Some(start) = rest.find(attribute).map(|at| at + attribute.len()) {
            let end = rest[start..].find('"').map_or(rest.len(), |at| start + at);
            let link = &rest[start..end];
            out.push_str(&rest[..start]);
            out.push_str(links.get(link).map_or(link, String::as_str));
            rest = &rest[end..];
        }
        out.push_str(rest);
        *text = out;
    }
}

fn visit(resource: &mut Value, each: &mut dyn FnMut(Link, &mut String)) {
    let definition = resource.resource_type().and_then(|name| schema::r4().type_def(name));
    if let (Some(definition), Some(object)) = (definition, resource.as_object_mut()) {
        members(object, definition, each);
    }
}

fn members(object: &mut Object, definition: &TypeDef, each: &mut dyn FnMut(Link, &mut String)) {
    for (name, value) in object.iter_mut() {
        let bare = name.strip_prefix('_').unwrap_or(name);
        let Some((_, reference)) = definition.member(bare) else { continue };
        let sibling = name.len() != bare.len();
        let items = match value {
            Value::Array(items) => items.as_mut_slice(),
            other => std::slice::from_mut(other),
        };
        for item in items {
            match item {
                Value::String(text) if definition.name == "Reference" && name == "reference" => {
                    each(Link::Reference, text)
                }
                Value::String(text) => match reference.code {
                    "uri" | "url" | "canonical" | "oid" | "uuid" => each(Link::Uri, text),
                    "xhtml" => each(Link::Narrative, text),
                    _ => {}
                },
                Value::Object(_) if reference.code == "Resource" => visit(item, each),
                Value::Object(inner) => {
                    let code = if sibling { "Element" } else { reference.code };
                    let inner_type = schema::r4().type_def(code).filter(|found| found.kind != TypeKind::Primitive);
                    if let Some(inner_type) = inner_type {
                        members(inner, inner_type, each);
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(resource: &str, full_url: Option<&str>) -> String {
        let links = [
            ("urn:uuid:1", "Patient/a"),
            ("http://x.org/fhir/Patient/1", "Patient/a"),
            ("Patient?identifier=s|1", "Patient/a"),
        ];
        let links = links.map(|(from, to)| (from.to_owned(), to.to_owned())).into();
        let mut value = fhir::json::parse(resource.as_bytes()).unwrap();
        rewrite(&mut value, full_url, &links);
        value.to_string()
    }

    fn becomes(before: &str, full_url: Option<&str>, after: &str) {
        let resource = |part: &str| format!(r#"{{"resourceType":"Observation",{part}}}"#);
        assert_eq!(rewritten(&resource(before), full_url), resource(after));
    }

    #[test]
    fn references_lead_to_the_new_ids() {
        let after = r#""subject":{"reference":"Patient/a"}"#;
        becomes(r#""subject":{"reference":"urn:uuid:1"}"#, None, after);
        becomes(r#""subject":{"reference":"http://x.org/fhir/Patient/1"}"#, None, after);
        becomes(r#""subject":{"reference":"Patient?identifier=s|1"}"#, None, after);
        becomes(r#""subject":{"reference":"Patient/1"}"#, Some("http://x.org/fhir/Observation/7"), after);
    }

    #[test]
    fn only_links_are_touched() {
        let identifier = r#""identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:1"}]"#;
        becomes(identifier, None, identifier);
        let relative = r#""subject":{"reference":"Patient/1"}"#;
        becomes(relative, None, relative);
        let other = r#""subject":{"reference":"urn:uuid:12"},"valueString":"urn:uuid:1""#;
        becomes(other, None, other);
    }

    #[test]
    fn uris_extensions_contained_and_narrative_are_followed() {
        becomes(
            r#""contained":[{"resourceType":"Observation","subject":{"reference":"urn:uuid:1"}}],"extension":[{"url":"http://e","valueUri":"urn:uuid:1"}],"_status":{"extension":[{"url":"e","valueReference":{"reference":"urn:uuid:1"}}]},"text":{"div":"<div><a href=\"urn:uuid:1\">urn:uuid:1</a><img src=\"urn:uuid:1\"/></div>"}"#,
            None,
            r#""contained":[{"resourceType":"Observation","subject":{"reference":"Patient/a"}}],"extension":[{"url":"http://e","valueUri":"Patient/a"}],"_status":{"extension":[{"url":"e","valueReference":{"reference":"Patient/a"}}]},"text":{"div":"<div><a href=\"Patient/a\">urn:uuid:1</a><img src=\"Patient/a\"/></div>"}"#,
        );
    }
}
