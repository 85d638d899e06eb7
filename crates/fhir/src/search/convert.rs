//! Data types to index values, kind by kind (R4 §3.1.1.4.8–14).

use super::value::{Ranged, date_range, number};
use super::{IndexValue, ParamType, fold};
use crate::Value;
use crate::fhirpath::{Item, Node, System, reference_type};
use crate::schema::{self, Element, TypeKind};

/// Currency codes (R4 §2.24.0.7, Money).
const CURRENCY: &str = "urn:iso:std:iso:4217";

/// Gives the index values of an item for a parameter of that kind.
pub(super) fn values(kind: ParamType, item: &Item<'_>, give: &mut impl FnMut(IndexValue)) {
    let node = match item {
        Item::Node(node) => node,
        // The expressions yield one computed value, whether somebody has died.
        Item::System(System::Boolean(flag)) if kind == ParamType::Token => {
            return give(IndexValue::Token { system: None, code: Some(flag.to_string()) });
        }
        Item::System(_) => return,
    };
    match kind {
        ParamType::String => strings(node, give),
        ParamType::Token => tokens(node, give),
        ParamType::Reference => references(node, give),
        ParamType::Date => dates(node, give),
        ParamType::Number => numbers(node, give),
        ParamType::Quantity => quantities(node, give),
        ParamType::Uri => {
            if let Some(uri) = node.text() {
                give(IndexValue::Uri(uri.to_owned()));
            }
        }
        ParamType::Composite | ParamType::Special => {}
    }
}

fn string(text: &str) -> Option<IndexValue> {
    let folded = fold(text);
    (!folded.is_empty()).then(|| IndexValue::String { folded, exact: text.to_owned() })
}

/// A text, or the parts of a name or address.
fn strings(node: &Node<'_>, give: &mut impl FnMut(IndexValue)) {
    if let Some(text) = node.text() {
        return string(text).into_iter().for_each(give);
    }
    let parts: &[&str] = match node.of.name {
        "HumanName" => &["text", "family", "given", "prefix", "suffix"],
        "Address" => &["text", "line", "city", "district", "state", "postalCode", "country"],
        "CodeableConcept" => &["text"],
        _ => return,
    };
    let Some(value) = node.value else { return };
    let texts = parts.iter().flat_map(|part| value.items(part)).filter_map(Value::as_str);
    texts.filter_map(string).for_each(give);
}

fn owned(value: &Value, name: &str) -> Option<String> {
    value.text_at(&[name]).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn tokens(node: &Node<'_>, give: &mut impl FnMut(IndexValue)) {
    let Some(value) = node.value else { return };
    if node.of.kind == TypeKind::Primitive {
        let code = match value {
            Value::Bool(flag) => flag.to_string(),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.as_str().to_owned(),
            _ => return,
        };
        let system = node.element.filter(|_| node.of.name == "code").and_then(implied_system).map(str::to_owned);
        return give(IndexValue::Token { system, code: Some(code) });
    }
    match node.of.name {
        "Coding" => coding(value, give),
        "CodeableConcept" => {
            let codings = value.items("coding");
            codings.iter().for_each(|one| coding(one, give));
            if codings.is_empty() {
                give(IndexValue::Token { system: None, code: None });
            }
            value.text_at(&["text"]).and_then(string).into_iter().for_each(give);
        }
        "Identifier" => {
            give(IndexValue::Token { system: owned(value, "system"), code: owned(value, "value") });
            value.text_at(&["type", "text"]).and_then(string).into_iter().for_each(give);
        }
        "ContactPoint" => give(IndexValue::Token { system: None, code: owned(value, "value") }),
        _ => {}
    }
}

fn coding(value: &Value, give: &mut impl FnMut(IndexValue)) {
    give(IndexValue::Token { system: owned(value, "system"), code: owned(value, "code") });
    value.text_at(&["display"]).and_then(string).into_iter().for_each(give);
}

/// The one system that a `code` element's required binding has.
fn implied_system(element: &Element) -> Option<&'static str> {
    let binding = element.binding.as_ref().filter(|binding| binding.required)?;
    let mut systems = schema::r4().value_set(binding.value_set)?.systems.keys();
    systems.next().copied().filter(|_| systems.next().is_none())
}

fn references(node: &Node<'_>, give: &mut impl FnMut(IndexValue)) {
    let Some(value) = node.value else { return };
    let plain = |url: &str| IndexValue::Reference { resource_type: None, id: None, url: Some(url.to_owned()) };
    if let Some(url) = node.text() {
        give(plain(url));
        if let Some((unversioned, _)) = url.split_once('|') {
            give(plain(unversioned));
        }
        return;
    }
    if node.of.kind == TypeKind::Resource {
        let id = value.id().map(str::to_owned);
        return give(IndexValue::Reference { resource_type: Some(node.of.name.to_owned()), id, url: None });
    }
    if node.of.name != "Reference" {
        return;
    }
    let literal = value.text_at(&["reference"]).unwrap_or_default();
    let resource_type = reference_type(literal).or_else(|| value.text_at(&["type"])).map(str::to_owned);
    let local = !literal.is_empty() && !literal.contains([':', '#', '?']);
    let path = literal.split_once("/_history/").map_or(literal, |(plain, _)| plain);
    let id = path.rsplit('/').next().filter(|id| local && crate::is_id(id)).map(str::to_owned);
    let url = (!local && !literal.is_empty()).then(|| literal.to_owned());
    give(IndexValue::Reference { resource_type, id, url });
    if let Some(identifier) = value.get("identifier") {
        give(IndexValue::Token { system: owned(identifier, "system"), code: owned(identifier, "value") });
    }
}

fn dates(node: &Node<'_>, give: &mut impl FnMut(IndexValue)) {
    let range = match node.of.name {
        "Period" => node.value.and_then(period),
        "Timing" => node.value.and_then(timing),
        _ => node.text().and_then(date_range),
    };
    if let Some((start, end)) = range {
        give(IndexValue::Date { start, end });
    }
}

fn period(value: &Value) -> Option<(i64, i64)> {
    let start = value.text_at(&["start"]).and_then(date_range);
    let end = value.text_at(&["end"]).and_then(date_range);
    (start.is_some() || end.is_some())
        .then(|| (start.map_or(i64::MIN, |range| range.0), end.map_or(i64::MAX, |range| range.1)))
}

/// The outer limits of a timing (R4 §3.1.1.4.9).
fn timing(value: &Value) -> Option<(i64, i64)> {
    let events = value.items("event").iter().filter_map(|event| date_range(event.as_str()?));
    let outer = events.reduce(|one, two| (one.0.min(two.0), one.1.max(two.1)));
    outer.or_else(|| period(value.at(&["repeat", "boundsPeriod"])?))
}

fn ranged(value: Option<&Value>) -> Option<Ranged> {
    number(value?.as_number()?.as_str())
}

fn numbers(node: &Node<'_>, give: &mut impl FnMut(IndexValue)) {
    let range = match node.of.name {
        "Range" => {
            let bound = |name| ranged(node.value.and_then(|value| value.at(&[name, "value"])));
            let (low, high) = (bound("low"), bound("high"));
            (low.is_some() || high.is_some()).then(|| ends(low, high))
        }
        _ => ranged(node.value).map(|found| (found.low, found.high)),
    };
    if let Some((low, high)) = range {
        give(IndexValue::Number { low, high });
    }
}

fn ends(low: Option<Ranged>, high: Option<Ranged>) -> (f64, f64) {
    (low.map_or(f64::NEG_INFINITY, |found| found.low), high.map_or(f64::INFINITY, |found| found.high))
}

fn quantities(node: &Node<'_>, give: &mut impl FnMut(IndexValue)) {
    let Some(value) = node.value else { return };
    match node.of.name {
        "Range" => {
            let bound = |name| ranged(value.at(&[name, "value"]));
            let (low, high) = (bound("low"), bound("high"));
            let Some(unit) = value.get("low").or_else(|| value.get("high")) else { return };
            if low.is_some() || high.is_some() {
                let (low, high) = ends(low, high);
                give(quantity(low, high, unit));
            }
        }
        "Money" => {
            let Some(found) = ranged(value.get("value")) else { return };
            let code = owned(value, "currency");
            let system = code.as_ref().map(|_| CURRENCY.to_owned());
            give(IndexValue::Quantity { low: found.low, high: found.high, system, code, unit: None });
        }
        name if schema::r4().is_subtype(name, "Quantity") => {
            let Some(found) = ranged(value.get("value")) else { return };
            let (low, high) = match value.text_at(&["comparator"]) {
                Some("<" | "<=") => (f64::NEG_INFINITY, found.high),
                Some(">" | ">=") => (found.low, f64::INFINITY),
                _ => (found.low, found.high),
            };
            give(quantity(low, high, value));
        }
        _ => {}
    }
}

fn quantity(low: f64, high: f64, unit: &Value) -> IndexValue {
    IndexValue::Quantity {
        low,
        high,
        system: owned(unit, "system"),
        code: owned(unit, "code"),
        unit: owned(unit, "unit"),
    }
}
