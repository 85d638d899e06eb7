//! From a resource to its index values.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::convert::values;
use super::{ParamId, ParamType, SearchParam, registry};
use crate::Value;
use crate::fhirpath::{Environment, Item, Program};
use crate::schema;

/// One value of one search parameter of a resource.
///
/// Beside the values of its own kind a parameter may have: a token its display texts as
/// [`IndexValue::String`] (for `:text`), a reference its identifier as [`IndexValue::Token`]
/// (for `:identifier`).
#[derive(Clone, Debug, PartialEq)]
pub struct IndexEntry {
    /// Which parameter.
    pub param: ParamId,
    /// The value.
    pub value: IndexValue,
}

/// A value as it is indexed.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexValue {
    /// A string: `folded` (see `fold`) for the usual match, `exact` for `:exact`.
    String {
        /// Lower case, no marks.
        folded: String,
        /// As written.
        exact: String,
    },
    /// A token. No system and an empty system are both `None`.
    Token {
        /// System URI.
        system: Option<String>,
        /// Code or value.
        code: Option<String>,
    },
    /// A reference. A relative literal gives `resource_type` and `id`; anything else (absolute,
    /// canonical, `urn:`, `#contained`) gives `url`. A canonical with version gives two values, with
    /// and without it. A reference by identifier alone has neither `id` nor `url`.
    Reference {
        /// Target type, also from `Reference.type`.
        resource_type: Option<String>,
        /// Target id.
        id: Option<String>,
        /// Absolute URL or canonical.
        url: Option<String>,
    },
    /// A period in microseconds since 1970 UTC, half open; open ends are `i64::MIN`/`MAX`.
    /// A partial date is the whole of its day, month or year, in America/Guatemala where it has no zone.
    Date {
        /// First instant.
        start: i64,
        /// First instant after.
        end: i64,
    },
    /// A number with the range its precision implies (R4 §3.1.1.4.7): `1.10` is [1.095, 1.105).
    /// Here and in quantities an open end (a Range, `<5`) is infinite.
    Number {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// A quantity: range as for numbers, unit as given.
    Quantity {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
        /// Unit system.
        system: Option<String>,
        /// Unit code.
        code: Option<String>,
        /// Unit as displayed.
        unit: Option<String>,
    },
    /// A URI, compared exactly.
    Uri(String),
    /// A composite: one value for each part.
    Composite(Vec<IndexValue>),
}

/// All index values of a resource in the order of its definitions and then of the document, each
/// once. Left out are `_id` and `_lastUpdated`, which `store` keeps as columns.
///
/// A parameter that the resource has in some shape has at least one value of its own kind, so
/// `:missing` can ask for that; a concept without codes gives a token without system and code.
pub fn extract(resource: &Value) -> Vec<IndexEntry> {
    let mut entries = Vec::new();
    let Some(compiled) = resource.resource_type().and_then(|name| programs().get(name)) else { return entries };
    for one in compiled {
        let mut found = Found { param: one.param.id, start: entries.len(), entries: &mut entries, seen: None };
        // An expression that fails on odd data leaves that parameter without value.
        let sides = one.sides.iter().map(|side| side.evaluate(resource, Environment::default()).unwrap_or_default());
        for item in &sides.flatten().collect::<Vec<_>>() {
            if one.parts.is_empty() {
                values(one.param.kind, item, &mut |value| found.push(value));
            } else {
                composite(one, item, resource, &mut found);
            }
        }
    }
    entries
}

/// The values of one parameter, each once.
struct Found<'a> {
    param: ParamId,
    start: usize,
    entries: &'a mut Vec<IndexEntry>,
    /// Texts of the values when they are many: comparing each with all would take quadratic time.
    seen: Option<HashSet<String>>,
}

impl Found<'_> {
    const FEW: usize = 32;

    fn push(&mut self, value: IndexValue) {
        let known = &self.entries[self.start..];
        let is_new = if known.len() < Self::FEW {
            known.iter().all(|entry| entry.value != value)
        } else {
            let texts = || known.iter().map(|entry| format!("{:?}", entry.value)).collect();
            self.seen.get_or_insert_with(texts).insert(format!("{value:?}"))
        };
        if is_new {
            self.entries.push(IndexEntry { param: self.param, value });
        }
    }
}

/// At most this many combinations of the parts of one composite.
const MAX_COMBINATIONS: usize = 1000;

fn composite(compiled: &Compiled, item: &Item<'_>, resource: &Value, found: &mut Found<'_>) {
    let mut rows: Vec<Vec<IndexValue>> = vec![Vec::new()];
    for (program, component) in compiled.parts.iter().zip(&compiled.param.components) {
        let focus = [item.clone()];
        let items = program.evaluate_from(&focus, resource, Environment::default()).unwrap_or_default();
        let mut of_part = Vec::new();
        for item in &items {
            values(component.kind, item, &mut |value| {
                if value.is_of(component.kind) {
                    of_part.push(value);
                }
            });
        }
        rows = rows
            .iter()
            .flat_map(|row| of_part.iter().map(move |value| [row.as_slice(), std::slice::from_ref(value)].concat()))
            .take(MAX_COMBINATIONS)
            .collect();
    }
    rows.into_iter().for_each(|row| found.push(IndexValue::Composite(row)));
}

impl IndexValue {
    fn is_of(&self, kind: ParamType) -> bool {
        !matches!((self, kind), (Self::String { .. }, ParamType::Token) | (Self::Token { .. }, ParamType::Reference))
    }
}

struct Compiled {
    param: &'static SearchParam,
    sides: Vec<Program>,
    parts: Vec<Program>,
}

/// Every expression of every type, compiled at the first call.
fn programs() -> &'static HashMap<&'static str, Vec<Compiled>> {
    static PROGRAMS: OnceLock<HashMap<&'static str, Vec<Compiled>>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let types = schema::r4().resource_types().iter();
        types.map(|name| (*name, registry().of_type(name).filter_map(compiled).collect())).collect()
    })
}

fn compiled(param: &'static SearchParam) -> Option<Compiled> {
    if matches!(param.code, "_id" | "_lastUpdated") {
        return None;
    }
    let program = |text: &str| Program::compile_search(text).expect("the official expressions are FHIRPath");
    Some(Compiled {
        param,
        sides: program(param.expression).sides(),
        parts: param.components.iter().map(|component| program(component.expression)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::search::fold;

    fn of(resource: &Value, code: &str) -> Vec<IndexValue> {
        let param = registry().get(resource.resource_type().unwrap(), code).unwrap();
        extract(resource).into_iter().filter(|entry| entry.param == param.id).map(|entry| entry.value).collect()
    }

    fn string(text: &str) -> IndexValue {
        IndexValue::String { folded: fold(text), exact: text.to_owned() }
    }

    fn token(system: Option<&str>, code: &str) -> IndexValue {
        IndexValue::Token { system: system.map(str::to_owned), code: Some(code.to_owned()) }
    }

    fn reference(resource_type: &str, id: &str) -> IndexValue {
        IndexValue::Reference { resource_type: Some(resource_type.into()), id: Some(id.into()), url: None }
    }

    #[test]
    fn a_patient_is_found_by_all_it_says() {
        let patient = json!({
            "resourceType": "Patient",
            "meta": { "tag": [{ "system": "urn:x", "code": "sintetico" }], "profile": ["http://x.org/p|1"] },
            "identifier": [{ "system": "urn:cui", "value": "2345", "type": { "text": "CUI" } }],
            "name": [{ "family": "Caal", "given": ["José", "María"] }, { "family": "Caal" }],
            "telecom": [{ "system": "phone", "value": "5555" }, { "system": "email", "value": "a@b.gt" }],
            "gender": "male",
            "birthDate": "1992-03",
            "deceasedBoolean": false,
            "address": [{ "city": "Cobán", "line": ["Barrio Santo Domingo"] }],
            "managingOrganization": { "reference": "Organization/1", "identifier": { "value": "x" } },
        });
        assert_eq!(of(&patient, "name"), [string("Caal"), string("José"), string("María")]);
        assert_eq!(of(&patient, "given"), [string("José"), string("María")]);
        assert_eq!(of(&patient, "identifier"), [token(Some("urn:cui"), "2345"), string("CUI")]);
        assert_eq!(of(&patient, "phone"), [token(None, "5555")]);
        assert_eq!(of(&patient, "gender"), [token(Some("http://hl7.org/fhir/administrative-gender"), "male")]);
        assert_eq!(of(&patient, "deceased"), [token(None, "false")]);
        assert_eq!(of(&patient, "_tag"), [token(Some("urn:x"), "sintetico")]);
        assert_eq!(of(&patient, "address-city"), [string("Cobán")]);
        assert_eq!(of(&patient, "organization"), [reference("Organization", "1"), token(None, "x")]);
        assert!(
            matches!(of(&patient, "birthdate")[..], [IndexValue::Date { start, end }] if end - start == 31 * 86_400_000_000)
        );
    }

    #[test]
    fn an_observation_has_ranges_and_composites() {
        let observation = json!({
            "resourceType": "Observation",
            "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": "8480-6", "display": "Sistólica" }] },
            "subject": { "reference": "Patient/p" },
            "performer": [{ "reference": "https://x.org/fhir/Practitioner/1" }, { "type": "Organization" }],
            "effectivePeriod": { "start": "2026-01-01", "end": "2026-01-02" },
            "valueQuantity": { "value": json::Number::new("5.40").unwrap(), "unit": "mm", "comparator": "<" },
            "component": [{ "code": { "text": "sin código" }, "valueCodeableConcept": { "text": "nada" } }],
        });
        assert_eq!(of(&observation, "patient"), [reference("Patient", "p")]);
        assert_eq!(of(&observation, "code"), [token(Some("http://loinc.org"), "8480-6"), string("Sistólica")]);
        let IndexValue::Quantity { low, high, ref unit, .. } = of(&observation, "value-quantity")[0] else { panic!() };
        assert_eq!((low, high, unit.as_deref()), (f64::NEG_INFINITY, 5.405, Some("mm")));
        let [IndexValue::Composite(ref parts)] = of(&observation, "code-value-quantity")[..] else { panic!() };
        assert_eq!(parts[0], token(Some("http://loinc.org"), "8480-6"));
        let nothing = IndexValue::Token { system: None, code: None };
        assert_eq!(of(&observation, "component-code"), [nothing, string("sin código")]);
        let performer = of(&observation, "performer");
        assert!(matches!(&performer[0], IndexValue::Reference { url: Some(url), id: None, .. } if url.ends_with("/1")));
        assert_eq!(performer.len(), 2);
        let [IndexValue::Date { start, end }] = of(&observation, "date")[..] else { panic!() };
        assert_eq!(end - start, 2 * 86_400_000_000);
    }

    #[test]
    fn a_reference_counts_for_the_type_it_points_to() {
        let request = json!({ "resourceType": "ServiceRequest", "subject": { "reference": "Group/1" } });
        assert_eq!(of(&request, "patient"), []);
        assert_eq!(of(&request, "subject"), [reference("Group", "1")]);
        let library = json!({ "resourceType": "Library", "url": "http://x.org/a",
            "relatedArtifact": [{ "type": "depends-on", "resource": "http://x.org/b|2" }] });
        let url = |url: &str| IndexValue::Reference { resource_type: None, id: None, url: Some(url.into()) };
        assert_eq!(of(&library, "depends-on"), [url("http://x.org/b|2"), url("http://x.org/b")]);
        assert_eq!(of(&library, "url"), [IndexValue::Uri("http://x.org/a".into())]);
    }

    #[test]
    fn a_union_of_many_values_is_indexed_whole() {
        let concept = |at: usize| json!({ "coding": [{ "code": format!("c{}", at % 5_000) }] });
        let parts: Vec<Value> = (0..6_000).map(|at| json!({ "code": concept(at) })).collect();
        let observation = json!({ "resourceType": "Observation", "code": concept(1), "component": parts });
        assert_eq!(of(&observation, "combo-code").len(), 5_000);
    }

    #[test]
    fn many_values_stay_distinct() {
        let given: Vec<String> = (0..200).map(|n| format!("n{}", n % 100)).collect();
        let patient = json!({ "resourceType": "Patient", "name": [{ "given": given }] });
        assert_eq!(of(&patient, "given").len(), 100);
    }
}
