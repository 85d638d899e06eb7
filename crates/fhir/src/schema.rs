//! The official R4 definitions as a table: types, elements, required code sets, compartments,
//! search parameters. Made by `cargo xtask codegen` (see `data/README.md`), read once.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::OnceLock;

use flate2::read::GzDecoder;

use crate::json::{self, Value};

static SCHEMA: &[u8] = include_bytes!("../../../data/fhir/r4-schema.json.gz");
static CODES: &[u8] = include_bytes!("../../../data/fhir/r4-codes.json.gz");
static PARAMETERS: &[u8] = include_bytes!("../../../data/fhir/r4-search-parameters.json.gz");

/// The definitions of FHIR R4 (4.0.1).
#[derive(Debug)]
pub struct Schema {
    types: HashMap<&'static str, TypeDef>,
    resource_types: Vec<&'static str>,
    value_sets: HashMap<&'static str, CodeSet>,
    compartments: Vec<Compartment>,
    search_parameters: Vec<SearchParameterDef>,
}

/// What a type is (StructureDefinition.kind, and backbone elements, which have no definition of their own).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// `string`, `date`, …
    Primitive,
    /// `HumanName`, `Quantity`, …
    Complex,
    /// `Patient`, …
    Resource,
    /// An element with elements of its own, named by its path: `Observation.component`.
    Backbone,
}

/// A type and its elements, inherited ones included.
#[derive(Debug)]
pub struct TypeDef {
    /// Name or path.
    pub name: &'static str,
    /// What it is.
    pub kind: TypeKind,
    /// The type it specialises.
    pub base: Option<&'static str>,
    /// Whether it can't stand on its own (`Resource`, `Element`).
    pub is_abstract: bool,
    /// Its elements in the order of the definition.
    pub elements: Vec<Element>,
    /// JSON member name → (index of the element, index of its type).
    names: HashMap<&'static str, (usize, usize)>,
}

/// One element of a type (ElementDefinition, cut down).
#[derive(Debug)]
pub struct Element {
    /// Name without `[x]`.
    pub name: &'static str,
    /// Least number.
    pub min: u32,
    /// Greatest number; `None` is `*`.
    pub max: Option<u32>,
    /// The types it may have.
    pub types: Vec<TypeRef>,
    /// Whether it is written `name[x]`.
    pub is_choice: bool,
    /// The value set its codes come from.
    pub binding: Option<Binding>,
    /// Part of `_summary=true`.
    pub summary: bool,
}

impl Element {
    /// Whether it is a JSON array.
    pub fn is_list(&self) -> bool {
        self.max != Some(1)
    }
}

/// One type of an element.
#[derive(Debug)]
pub struct TypeRef {
    /// Type name, or the path of a backbone element (also from a contentReference).
    pub code: &'static str,
    /// For references and canonicals: the resource types allowed; empty means any. For a Quantity that
    /// the definitions profile so: `SimpleQuantity`.
    pub targets: Vec<&'static str>,
}

/// A binding to a value set.
#[derive(Debug)]
pub struct Binding {
    /// Whether codes outside the set are errors (`required`).
    pub required: bool,
    /// Canonical URL without version.
    pub value_set: &'static str,
}

/// The codes of a value set of a required binding.
#[derive(Debug)]
pub struct CodeSet {
    /// Canonical URL.
    pub url: &'static str,
    /// Whether there may be codes beyond those listed (the set can't be enumerated here).
    pub open: bool,
    /// Codes by system.
    pub systems: HashMap<&'static str, HashSet<&'static str>>,
}

impl CodeSet {
    /// Whether a `code` element may have this value.
    pub fn has_code(&self, code: &str) -> bool {
        self.open || self.systems.values().any(|codes| codes.contains(code))
    }

    /// Whether a Coding may have this system and code.
    pub fn has_coding(&self, system: &str, code: &str) -> bool {
        self.open || self.systems.get(system).is_some_and(|codes| codes.contains(code))
    }
}

/// A compartment: which search parameters tie a resource to its owner (R4 §2.31).
#[derive(Debug)]
pub struct Compartment {
    /// Such as `Patient`.
    pub code: &'static str,
    /// Resource type → parameter codes.
    pub members: HashMap<&'static str, Vec<&'static str>>,
}

/// An official SearchParameter, as the registry in `search` takes it.
#[derive(Debug)]
pub struct SearchParameterDef {
    /// Name in queries.
    pub code: &'static str,
    /// Canonical URL.
    pub url: &'static str,
    /// `token`, `reference`, …
    pub kind: &'static str,
    /// Resource types it applies to (also `Resource`, `DomainResource`).
    pub base: Vec<&'static str>,
    /// FHIRPath expression; `_text` and its like have none.
    pub expression: Option<&'static str>,
    /// For references.
    pub targets: Vec<&'static str>,
    /// For composites: canonical URL of the part's parameter, and expression.
    pub components: Vec<(&'static str, &'static str)>,
}

/// The definitions, read at the first call.
pub fn r4() -> &'static Schema {
    static TABLE: OnceLock<Schema> = OnceLock::new();
    TABLE.get_or_init(Schema::read)
}

impl Schema {
    /// A type by name, or a backbone element by path.
    pub fn type_def(&self, name: &str) -> Option<&TypeDef> {
        self.types.get(name)
    }

    /// Whether this is a resource type that can be stored.
    pub fn is_resource(&self, name: &str) -> bool {
        self.types.get(name).is_some_and(|found| found.kind == TypeKind::Resource && !found.is_abstract)
    }

    /// The resource types that can be stored, in alphabetical order.
    pub fn resource_types(&self) -> &[&'static str] {
        &self.resource_types
    }

    /// The codes of a required binding's value set.
    pub fn value_set(&self, url: &str) -> Option<&CodeSet> {
        self.value_sets.get(url)
    }

    /// The official search parameters.
    pub fn search_parameters(&self) -> &[SearchParameterDef] {
        &self.search_parameters
    }

    /// A compartment by its code.
    pub fn compartment(&self, code: &str) -> Option<&Compartment> {
        self.compartments.iter().find(|compartment| compartment.code == code)
    }

    /// Whether `name` is `ancestor` or specialises it.
    pub fn is_subtype(&self, name: &str, ancestor: &str) -> bool {
        let mut at = Some(name);
        while let Some(current) = at {
            if current == ancestor {
                return true;
            }
            at = self.types.get(current).and_then(|found| found.base);
        }
        false
    }

    fn read() -> Self {
        let table = unpack(SCHEMA);
        let types = table.items("types").iter().map(type_def).map(|found| (found.name, found));
        // The package carries this type of R4B; 4.0.1 (value set resource-types) does not know it.
        let types: HashMap<_, _> = types.filter(|(name, _)| *name != "SubscriptionStatus").collect();
        let mut resource_types: Vec<_> = types
            .values()
            .filter(|found| found.kind == TypeKind::Resource && !found.is_abstract)
            .map(|found| found.name)
            .collect();
        resource_types.sort_unstable();
        let codes = unpack(CODES);
        let sets = codes.as_array().unwrap_or_default().iter().map(code_set).map(|set| (set.url, set));
        let parameters = unpack(PARAMETERS);
        Self {
            resource_types,
            value_sets: sets.collect(),
            compartments: table.items("compartments").iter().map(compartment).collect(),
            search_parameters: parameters.as_array().unwrap_or_default().iter().map(search_parameter).collect(),
            types,
        }
    }
}

impl TypeDef {
    /// The element that a JSON member name stands for, and its type: `valueQuantity` is the
    /// element `value` with type `Quantity`.
    pub fn member(&self, name: &str) -> Option<(&Element, &TypeRef)> {
        let (element, choice) = *self.names.get(name)?;
        let element = &self.elements[element];
        Some((element, &element.types[choice]))
    }

    /// An element by its name without type: `value`.
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.elements.iter().find(|element| element.name == name)
    }
}

/// The tables live as long as the program, so their texts are kept once, for good.
fn keep(value: Option<&Value>) -> &'static str {
    Box::leak(value.and_then(Value::as_str).unwrap_or_default().to_owned().into_boxed_str())
}

fn keep_all(values: &[Value]) -> Vec<&'static str> {
    values.iter().map(|value| keep(Some(value))).collect()
}

fn unpack(packed: &[u8]) -> Value {
    let mut text = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut text).expect("the embedded table is gzip");
    json::parse(&text).expect("the embedded table is JSON")
}

fn type_def(row: &Value) -> TypeDef {
    let mut elements: Vec<Element> = row.items("elements").iter().map(element).collect();
    if row.text_at(&["name"]) == Some("DeviceUseStatement") {
        amend_reason(&mut elements);
    }
    let mut names = HashMap::new();
    for (at, element) in elements.iter().enumerate() {
        for (choice, reference) in element.types.iter().enumerate() {
            let name: &'static str = match element.is_choice {
                true => Box::leak(choice_name(element.name, reference.code).into_boxed_str()),
                false => element.name,
            };
            names.entry(name).or_insert((at, choice));
        }
    }
    TypeDef {
        name: keep(row.get("name")),
        kind: match row.text_at(&["kind"]) {
            Some("primitive-type") => TypeKind::Primitive,
            Some("resource") => TypeKind::Resource,
            Some("backbone") => TypeKind::Backbone,
            _ => TypeKind::Complex,
        },
        base: row.get("base").map(|base| keep(Some(base))),
        is_abstract: row.get("abstract").is_some(),
        elements,
        names,
    }
}

/// `DeviceUseStatement.reasonReference` is "another resource whose existence justifies this
/// DeviceUseStatement", and R4's own example names the Procedure (an appendectomy) that its list of
/// targets forgets. We follow the words and the example.
fn amend_reason(elements: &mut [Element]) {
    let reason = elements.iter_mut().filter(|element| element.name == "reasonReference");
    reason.flat_map(|element| &mut element.types).for_each(|reference| reference.targets.push("Procedure"));
}

/// `value` and `Quantity` give `valueQuantity`.
fn choice_name(name: &str, code: &str) -> String {
    let mut letters = code.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase()).unwrap_or_default();
    format!("{name}{first}{}", letters.as_str())
}

fn element(row: &Value) -> Element {
    let number = |text: &str| text.parse().ok();
    let types = row.items("types").iter().map(|reference| TypeRef {
        code: keep(reference.get("code")),
        // `Reference(Resource)` and `canonical(Resource)` mean any.
        targets: keep_all(reference.items("targets")).into_iter().filter(|name| *name != "Resource").collect(),
    });
    Element {
        name: keep(row.get("name")),
        min: row.get("min").and_then(Value::as_number).and_then(|min| number(min.as_str())).unwrap_or(0),
        max: row.text_at(&["max"]).and_then(number),
        types: types.collect(),
        is_choice: row.get("choice").is_some(),
        binding: row.get("binding").map(|binding| Binding {
            required: binding.text_at(&["strength"]) == Some("required"),
            value_set: keep(binding.get("set")),
        }),
        summary: row.get("summary").is_some(),
    }
}

fn code_set(row: &Value) -> CodeSet {
    let systems = row
        .items("systems")
        .iter()
        .map(|system| (keep(system.get("system")), keep_all(system.items("codes")).into_iter().collect()));
    CodeSet { url: keep(row.get("url")), open: row.get("open").is_some(), systems: systems.collect() }
}

fn compartment(row: &Value) -> Compartment {
    let members =
        row.items("members").iter().map(|member| (keep(member.get("code")), keep_all(member.items("params"))));
    Compartment { code: keep(row.get("code")), members: members.collect() }
}

fn search_parameter(row: &Value) -> SearchParameterDef {
    let components = row.items("components").iter();
    SearchParameterDef {
        code: keep(row.get("code")),
        url: keep(row.get("url")),
        kind: keep(row.get("type")),
        base: keep_all(row.items("base")),
        expression: row.get("expression").map(|expression| keep(Some(expression))),
        targets: keep_all(row.items("targets")),
        components: components.map(|part| (keep(part.get("definition")), keep(part.get("expression")))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_of_r4() {
        let schema = r4();
        assert_eq!(schema.resource_types().len(), 146);
        assert_eq!(schema.search_parameters().len(), 1378);
        assert_eq!(schema.compartments.len(), 5);
        assert!(
            schema.is_resource("Patient") && !schema.is_resource("DomainResource") && !schema.is_resource("Quantity")
        );
        assert!(schema.is_subtype("Age", "Quantity") && schema.is_subtype("Patient", "DomainResource"));
    }

    #[test]
    fn a_choice_is_found_by_its_json_name() {
        let observation = r4().type_def("Observation").unwrap();
        let (element, reference) = observation.member("valueQuantity").unwrap();
        assert_eq!((element.name, reference.code), ("value", "Quantity"));
        assert!(observation.member("value").is_none());
        let component = r4().type_def("Observation.component").unwrap();
        assert_eq!(component.member("referenceRange").unwrap().1.code, "Observation.referenceRange");
    }

    #[test]
    fn required_codes_are_known() {
        let gender = r4().value_set("http://hl7.org/fhir/ValueSet/administrative-gender").unwrap();
        assert!(gender.has_code("female") && !gender.has_code("mujer"));
        let languages = r4().value_set("http://hl7.org/fhir/ValueSet/mimetypes").unwrap();
        assert!(languages.open);
    }
}
