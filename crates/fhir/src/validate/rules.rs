//! Rules that the table can't say: extensions, references, contained resources, narrative.
//! Keys in brackets are those of the specification's invariants.

use std::collections::HashSet;

use super::Checker;
use crate::json::{Object, Value};
use crate::schema::TypeRef;
use crate::search::date_range;

/// Rules of whole resources.
pub(super) fn resource(checker: &mut Checker<'_>, name: &str, object: &Object, contained: bool) {
    if contained {
        return;
    }
    if let Some(Value::Array(inside)) = object.get("contained") {
        contained_rules(checker, object, inside);
    }
    if name == "Bundle" {
        bundle(checker, object);
    }
}

/// [dom-3] what is contained is used, [dom-4] and has no version of its own, and ids are unique.
fn contained_rules(checker: &mut Checker<'_>, object: &Object, inside: &[Value]) {
    let mut uses = Vec::new();
    for (_, value) in object.iter() {
        local_references(value, &mut uses);
    }
    let used: HashSet<&str> = uses.iter().filter_map(|used| used.strip_prefix('#')).collect();
    let mut ids: HashSet<&str> = HashSet::new();
    for (at, resource) in inside.iter().enumerate() {
        let Some(id) = resource.id() else { continue };
        if !ids.insert(id) {
            checker.inside(&format!(".contained[{at}].id"), |checker| {
                checker.report("duplicate", format!("two contained resources have the id {id:?}"))
            });
        }
        let meta = resource.get("meta");
        if meta.is_some_and(|meta| meta.get("versionId").is_some() || meta.get("lastUpdated").is_some()) {
            checker.inside(&format!(".contained[{at}].meta"), |checker| {
                checker.report("invariant", "a contained resource has no version of its own (dom-4)");
            });
        }
        let points_out = {
            let mut own = Vec::new();
            local_references(resource, &mut own);
            own.iter().any(|target| target == "#")
        };
        if !used.contains(id) && !points_out {
            checker.inside(&format!(".contained[{at}]"), |checker| {
                checker.report("invariant", format!("nothing refers to the contained resource #{id} (dom-3)"));
            });
        }
    }
}

/// Every `#…` that a reference, canonical or uri says.
fn local_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with('#') => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| local_references(item, into)),
        Value::Object(object) => object.iter().for_each(|(_, part)| local_references(part, into)),
        _ => {}
    }
}

fn bundle(checker: &mut Checker<'_>, object: &Object) {
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    if object.get("total").is_some() && !["searchset", "history"].contains(&kind) {
        checker.inside(".total", |checker| checker.report("invariant", "total only in a searchset or history (bdl-1)"));
    }
    let request = ["batch", "transaction", "history"].contains(&kind);
    let entries = match object.get("entry") {
        Some(Value::Array(entries)) => entries.as_slice(),
        _ => &[],
    };
    for (at, entry) in entries.iter().enumerate() {
        let has = |name: &str| entry.get(name).is_some();
        let rule = if has("search") && kind != "searchset" {
            Some("search only in a searchset (bdl-2)")
        } else if request != has("request") {
            Some("request is needed in batch, transaction and history, and only there (bdl-3)")
        } else if !has("resource") && !has("request") && !has("response") {
            Some("an entry needs a resource, request or response (bdl-5)")
        } else if entry.text_at(&["fullUrl"]).is_some_and(|url| url.contains("/_history/")) {
            Some("fullUrl names no version (bdl-8)")
        } else {
            None
        };
        if let Some(rule) = rule {
            checker.inside(&format!(".entry[{at}]"), |checker| checker.report("invariant", rule));
        }
    }
}

/// Rules of data types.
pub(super) fn complex(checker: &mut Checker<'_>, name: &str, object: &Object) {
    let has = |member: &str| object.get(member).is_some();
    let rule = match name {
        "Extension" => {
            let value = object.iter().any(|(member, _)| member.starts_with("value") || member.starts_with("_value"));
            (value == has("extension")).then_some("an extension has a value or extensions, one of the two (ext-1)")
        }
        "Quantity" | "Age" | "Count" | "Distance" | "Duration" => {
            (has("code") && !has("system")).then_some("a unit's code needs its system (qty-3)")
        }
        "Attachment" => (has("data") && !has("contentType")).then_some("data needs its contentType (att-1)"),
        "ContactPoint" => (has("value") && !has("system")).then_some("a value needs its system (cpt-2)"),
        "Patient.contact" => (!["name", "telecom", "address", "organization"].iter().any(|part| has(part)))
            .then_some("a contact needs a name, telecom, address or organization (pat-1)"),
        _ => None,
    };
    if let Some(rule) = rule {
        checker.report("invariant", rule);
    }
    if name == "Period" {
        period(checker, object);
    }
}

/// [per-1] start before end: as instants where both have a time, else as far as their texts agree
/// in precision.
fn period(checker: &mut Checker<'_>, object: &Object) {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let (Some(start), Some(end)) = (text("start"), text("end")) else { return };
    let backwards = if start.contains('T') && end.contains('T') {
        date_range(start).zip(date_range(end)).is_some_and(|(start, end)| start.0 >= end.1)
    } else {
        let shared = start.len().min(end.len()).min(10);
        start.get(..shared) > end.get(..shared)
    };
    if backwards {
        checker.report("invariant", "the period ends before it starts (per-1)");
    }
}

/// Targets of a reference: its literal's type, its `type`, and what the element allows.
pub(super) fn reference(checker: &mut Checker<'_>, allowed: &TypeRef, object: &Object) {
    let literal = object.get("reference").and_then(Value::as_str);
    let said = object.get("type").and_then(Value::as_str);
    let schema = checker.schema;
    let inside = literal.and_then(|literal| literal.strip_prefix('#')).filter(|id| !id.is_empty());
    let inside = inside.map(|id| (id, checker.inside.iter().find(|resource| resource.id() == Some(id))));
    if let Some((id, None)) = inside {
        return checker.report("invariant", format!("the resource contains no #{id} (ref-1)"));
    }
    let from_literal = match inside {
        Some((_, found)) => found.and_then(Value::resource_type).filter(|name| schema.is_resource(name)),
        None => literal.and_then(|literal| target_type(literal, |name| schema.is_resource(name))),
    };
    if let Some(literal) = literal.filter(|literal| !literal.contains(':') && !literal.starts_with('#')) {
        let shape = literal.split('/').collect::<Vec<_>>();
        let id = shape.get(1).copied().unwrap_or_default();
        let relative = matches!(shape.len(), 2) || (shape.len() == 4 && shape[2] == "_history");
        let conditional = literal.contains('?');
        if !conditional && (!relative || from_literal.is_none() || !super::is_id(id)) {
            return checker.report("value", format!("{literal:?} is not a reference such as Patient/123"));
        }
        if conditional && !checker.place.starts_with("Bundle") {
            let problem = format!("{literal:?}: a conditional reference is only resolved in a transaction");
            return checker.report("not-supported", problem);
        }
    }
    if let (Some(one), Some(other)) = (from_literal, said)
        && one != other
        && schema.is_resource(other)
    {
        return checker.report("structure", format!("the reference points to {one}, its type says {other}"));
    }
    let Some(target) = from_literal.or(said.filter(|name| schema.is_resource(name))) else { return };
    if !allowed.targets.is_empty() && !allowed.targets.iter().any(|name| *name == target || *name == "Resource") {
        checker.report(
            "structure",
            format!("a reference to {target} is not allowed here, only to {}", allowed.targets.join(", ")),
        );
    }
}

/// The type that a literal reference names, relative or absolute (R4 §2.3.0.1).
fn target_type(literal: &str, is_resource: impl Fn(&str) -> bool) -> Option<&str> {
    if literal.starts_with('#') || literal.starts_with("urn:") {
        return None;
    }
    let path = literal.split(['?', '|']).next()?;
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.len() >= 4 && parts[parts.len() - 2] == "_history" {
        parts.truncate(parts.len() - 2);
    }
    let name = match (literal.contains('?'), parts.len()) {
        (true, _) => parts.last()?,
        (false, 2..) => &parts[parts.len() - 2],
        _ => return None,
    };
    is_resource(name).then_some(*name)
}

const TAGS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "b",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
];

/// The attributes that [txt-1] lists, and the namespace.
const ATTRIBUTES: &[&str] = &[
    "abbr",
    "accesskey",
    "align",
    "alt",
    "axis",
    "bgcolor",
    "border",
    "cellhalign",
    "cellpadding",
    "cellspacing",
    "cellvalign",
    "char",
    "charoff",
    "charset",
    "cite",
    "class",
    "colspan",
    "compact",
    "coords",
    "dir",
    "frame",
    "headers",
    "height",
    "href",
    "hreflang",
    "hspace",
    "id",
    "lang",
    "longdesc",
    "name",
    "nowrap",
    "rel",
    "rev",
    "rowspan",
    "rules",
    "scope",
    "shape",
    "span",
    "src",
    "start",
    "style",
    "summary",
    "tabindex",
    "title",
    "type",
    "valign",
    "value",
    "vspace",
    "width",
    "xmlns",
];
/// The namespace of XHTML, which the narrative's div names (R4 §2.4.0).
const XHTML: &str = "http://www.w3.org/1999/xhtml";
/// What a link or picture of a narrative may lead to; without a scheme it leads to where the resource is.
const SCHEMES: &[&str] = &["http", "https", "mailto", "tel", "urn", "ftp", "cid"];

/// [txt-1, txt-2] the narrative is one well-formed `div` of the tags and attributes allowed, and
/// says something. `None` if it is right.
pub(super) fn narrative(text: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text.trim();
    let mut says = false;
    if !rest.starts_with("<div") {
        return Some("the narrative is one div element (txt-1)".into());
    }
    while !rest.is_empty() {
        let Some(start) = rest.find('<') else {
            return Some("text after the narrative's div (txt-1)".into());
        };
        if start > 0 && open.is_empty() {
            return Some("text outside the narrative's div (txt-1)".into());
        }
        if let Some(problem) = entities(&rest[..start]) {
            return Some(problem);
        }
        says |= !rest[..start].trim().is_empty();
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            let Some(end) = comment.find("-->") else { return Some("an unfinished comment".into()) };
            rest = &comment[end + 3..];
            continue;
        }
        let Some(end) = tag_end(rest) else { return Some("an unfinished tag".into()) };
        let (tag, after) = (&rest[1..end], &rest[end + 1..]);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name.trim()) {
                return Some(format!("</{}> closes nothing that is open", name.trim()));
            }
            if open.is_empty() && !rest.trim().is_empty() {
                return Some("text after the narrative's div (txt-1)".into());
            }
            continue;
        }
        let (body, single) = tag.strip_suffix('/').map_or((tag, false), |body| (body, true));
        let name = body.split(char::is_whitespace).next().unwrap_or_default();
        if !TAGS.contains(&name) {
            return Some(format!("<{name}> is not allowed in a narrative (txt-1)"));
        }
        if let Some(problem) = attributes(&body[name.len()..], open.is_empty()) {
            return Some(problem);
        }
        says |= name == "img";
        if !single {
            open.push(name);
        }
    }
    if !open.is_empty() {
        return Some(format!("<{}> is not closed", open[open.len() - 1]));
    }
    (!says).then(|| "the narrative says nothing (txt-2)".into())
}

/// The end of a tag, quotes respected.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '>') => return Some(at),
            _ => {}
        }
    }
    None
}

/// An ampersand begins an entity.
fn entities(text: &str) -> Option<String> {
    let whole = |rest: &str| {
        rest.split_once(';').is_some_and(|(name, _)| {
            let name = name.strip_prefix('#').unwrap_or(name);
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    let broken = text.split('&').skip(1).any(|rest| !whole(rest));
    broken.then(|| "an ampersand that begins no entity: write &amp;".into())
}

fn attributes(text: &str, outermost: bool) -> Option<String> {
    let (mut rest, mut seen) = (text.trim(), Vec::new());
    while !rest.is_empty() {
        let Some(equals) = rest.find('=') else { return Some("an attribute without value".into()) };
        let name = rest[..equals].trim();
        if !ATTRIBUTES.contains(&name) || seen.contains(&name) {
            return Some(format!("the attribute {name:?} is not allowed in a narrative, or stands twice (txt-1)"));
        }
        seen.push(name);
        let value = rest[equals + 1..].trim_start();
        let Some(quote) = value.chars().next().filter(|letter| "\"'".contains(*letter)) else {
            return Some(format!("the value of {name:?} needs quotes"));
        };
        let Some(end) = value[1..].find(quote) else { return Some("an unfinished attribute".into()) };
        let content = &value[1..=end];
        if content.contains('<') {
            return Some(format!("the value of {name:?} holds a <: write &lt;"));
        }
        if name == "xmlns" && content != XHTML {
            return Some(format!("the narrative's namespace is {XHTML}"));
        }
        if let Some(problem) = entities(content).or_else(|| script(name, content)) {
            return Some(problem);
        }
        rest = value[end + 2..].trim_start();
    }
    (outermost && !seen.contains(&"xmlns")).then(|| format!("the narrative's div needs xmlns=\"{XHTML}\""))
}

/// No link runs a script: the scheme is one of those known, and written plainly; pictures may lie inside.
fn script(name: &str, content: &str) -> Option<String> {
    if !["href", "src", "cite", "longdesc"].contains(&name) {
        return None;
    }
    let content = content.trim().to_ascii_lowercase();
    let picture = name == "src" && content.starts_with("data:image/") && !content.starts_with("data:image/svg");
    let known = match content.split_once(':') {
        Some((scheme, _)) if !scheme.contains(['/', '?', '#']) || scheme.contains('&') => SCHEMES.contains(&scheme),
        _ => true,
    };
    (!known && !picture).then(|| format!("{name}: a script or unknown scheme is not allowed in a narrative (txt-1)"))
}
