//! The official search parameters (SearchParameter resources of R4), ready to use.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use crate::schema::{self, Schema, SearchParameterDef};

/// A number for one (resource type, code) pair: FNV-1a over `Type.code`, stable across versions
/// and machines because index rows carry it. A test proves that no two pairs collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub u32);

impl ParamId {
    /// The id of `Type.code`.
    pub const fn of(resource_type: &str, code: &str) -> Self {
        let mut hash = 0x811c_9dc5_u32;
        let (a, b) = (resource_type.as_bytes(), code.as_bytes());
        let mut at = 0;
        while at <= a.len() + b.len() {
            let byte = if at < a.len() {
                a[at]
            } else if at == a.len() {
                b'.'
            } else {
                b[at - a.len() - 1]
            };
            hash = (hash ^ byte as u32).wrapping_mul(0x0100_0193);
            at += 1;
        }
        Self(hash)
    }
}

/// The kind of a search parameter (R4 §3.1.1.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ParamType {
    Number,
    Date,
    String,
    Token,
    Reference,
    Composite,
    Quantity,
    Uri,
    Special,
}

/// One search parameter as it applies to one resource type.
#[derive(Debug)]
pub struct SearchParam {
    /// Its id: that of `Type.code`; for the common parameters (`_tag`, …) that of `Resource.code`,
    /// one and the same for every type, so that they can be asked over several types at once.
    pub id: ParamId,
    /// The resource type it applies to; `Resource` for the common ones.
    pub resource_type: &'static str,
    /// The name in a query string.
    pub code: &'static str,
    /// Canonical URL of the definition.
    pub url: &'static str,
    /// Its kind.
    pub kind: ParamType,
    /// For references: the resource types it may point to, as far as definition, expression and
    /// element agree; empty means any.
    pub targets: Vec<&'static str>,
    /// For composites: the parts, in order.
    pub components: Vec<Component>,
    /// The FHIRPath expression, cut down to this resource type.
    pub expression: &'static str,
}

/// A part of a composite parameter.
#[derive(Debug)]
pub struct Component {
    /// The kind of the part.
    pub kind: ParamType,
    /// The expression, relative to what the composite's own expression selects.
    pub expression: &'static str,
}

/// Every official search parameter that can be answered, by type and code. Left out are those that
/// need text search or geometry: `_text`, `_content`, `_query`, `near`.
#[derive(Debug)]
pub struct Registry {
    common: BTreeMap<&'static str, SearchParam>,
    by_type: HashMap<&'static str, BTreeMap<&'static str, SearchParam>>,
}

/// The registry, made at the first call.
pub fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::read(schema::r4()))
}

impl Registry {
    /// The parameter of a resource type, or a common one; for the type `Resource` only the common ones.
    pub fn get(&self, resource_type: &str, code: &str) -> Option<&SearchParam> {
        let own = self.by_type.get(resource_type).and_then(|params| params.get(code));
        own.or_else(|| self.common.get(code))
    }

    /// The parameter with that id.
    pub fn by_id(&self, id: ParamId) -> Option<&SearchParam> {
        self.iter().find(|param| param.id == id)
    }

    /// The parameters of a type, common ones first, each in alphabetical order.
    pub fn of_type(&self, resource_type: &str) -> impl Iterator<Item = &SearchParam> {
        self.common.values().chain(self.by_type.get(resource_type).into_iter().flat_map(BTreeMap::values))
    }

    /// All parameters, each once.
    pub fn iter(&self) -> impl Iterator<Item = &SearchParam> {
        self.common.values().chain(self.by_type.values().flat_map(BTreeMap::values))
    }

    fn read(schema: &'static Schema) -> Self {
        let kinds: HashMap<&str, ParamType> =
            schema.search_parameters().iter().map(|row| (row.url, kind(row.kind))).collect();
        let mut registry = Self { common: BTreeMap::new(), by_type: HashMap::new() };
        for row in schema.search_parameters() {
            let Some(expression) = row.expression.filter(|_| kind(row.kind) != ParamType::Special) else { continue };
            for base in &row.base {
                let place = match *base {
                    "Resource" | "DomainResource" => &mut registry.common,
                    _ => registry.by_type.entry(base).or_default(),
                };
                place.entry(row.code).or_insert_with(|| param(schema, row, base, (expression, &kinds)));
            }
        }
        registry
    }
}

fn kind(text: &str) -> ParamType {
    match text {
        "number" => ParamType::Number,
        "date" => ParamType::Date,
        "string" => ParamType::String,
        "token" => ParamType::Token,
        "reference" => ParamType::Reference,
        "composite" => ParamType::Composite,
        "quantity" => ParamType::Quantity,
        "uri" => ParamType::Uri,
        _ => ParamType::Special,
    }
}

fn param(
    schema: &Schema,
    row: &SearchParameterDef,
    base: &'static str,
    (expression, kinds): (&'static str, &HashMap<&str, ParamType>),
) -> SearchParam {
    let expression = cut(schema, expression, base);
    let part = |(url, expression): &(&'static str, &'static str)| Component {
        kind: kinds.get(url).copied().unwrap_or(ParamType::Special),
        expression: part_expression(expression),
    };
    SearchParam {
        id: ParamId::of(if base == "DomainResource" { "Resource" } else { base }, row.code),
        resource_type: if base == "DomainResource" { "Resource" } else { base },
        code: row.code,
        url: row.url,
        kind: kind(row.kind),
        targets: targets(schema, expression, &row.targets),
        components: row.components.iter().map(part).collect(),
        expression,
    }
}

/// The branches of a union that begin at this type.
fn cut(schema: &Schema, expression: &'static str, base: &str) -> &'static str {
    let of_another = |branch: &str| {
        let name = root(branch);
        name != base && schema.is_resource(name)
    };
    let branches = branches(expression);
    let kept: Vec<&str> = branches.iter().copied().filter(|branch| !of_another(branch)).collect();
    if kept.len() == branches.len() { expression } else { Box::leak(kept.join(" | ").into_boxed_str()) }
}

/// One part's expression is written with the name of no type: `DateTime` for `dateTime`.
fn part_expression(expression: &'static str) -> &'static str {
    match expression {
        "value.as(DateTime) | value.as(Period)" => "value.as(dateTime) | value.as(Period)",
        _ => expression,
    }
}

/// The first name of an expression.
fn root(branch: &str) -> &str {
    let start = branch.trim_start_matches(['(', ' ']);
    &start[..start.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(start.len())]
}

/// Splits at `|` outside of brackets and quotes.
fn branches(expression: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut start, mut found) = (0, false, 0, Vec::new());
    for (at, letter) in expression.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            '|' if !quoted && depth == 0 => {
                found.push(expression[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(expression[start..].trim());
    found
}

/// What a reference parameter may really point to: `Observation.patient` is defined for Patient
/// and Group, but its expression keeps Patients only.
fn targets(schema: &Schema, expression: &str, defined: &[&'static str]) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    for branch in branches(expression) {
        let of_branch: Vec<&'static str> = match branch.split_once("resolve() is ") {
            Some((_, name)) => defined.iter().copied().filter(|target| name.trim_end_matches(')') == *target).collect(),
            None => match element_targets(schema, branch) {
                Some(allowed) => defined.iter().copied().filter(|target| allowed.contains(target)).collect(),
                None => return defined.to_vec(),
            },
        };
        for target in of_branch {
            if !found.contains(&target) {
                found.push(target);
            }
        }
    }
    if found.is_empty() { defined.to_vec() } else { found }
}

/// The reference targets of the element at the end of a plain path.
fn element_targets(schema: &Schema, path: &str) -> Option<Vec<&'static str>> {
    let mut steps = path.split('.');
    let mut at = schema.type_def(steps.next()?)?;
    let mut element = None;
    for step in steps {
        let found = at.element(step)?;
        element = Some(found);
        at = schema.type_def(found.types.first()?.code)?;
    }
    let references = element?.types.iter().filter(|reference| reference.code == "Reference");
    let targets: Vec<&'static str> = references.flat_map(|reference| reference.targets.iter().copied()).collect();
    (!targets.is_empty()).then_some(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_parameters_share_an_id() {
        let mut seen: HashMap<ParamId, String> = HashMap::new();
        for param in registry().iter() {
            let name = format!("{}.{}", param.resource_type, param.code);
            if let Some(other) = seen.insert(param.id, name.clone()) {
                panic!("{name} and {other} have the same id");
            }
        }
        assert!(seen.len() > 1700, "{} parameters", seen.len());
    }

    #[test]
    fn an_expression_is_cut_down_to_its_type() {
        let get = |name, code| registry().get(name, code).unwrap();
        assert_eq!(get("Condition", "code").expression, "Condition.code");
        assert_eq!(get("Observation", "patient").expression, "Observation.subject.where(resolve() is Patient)");
        assert_eq!(
            get("AllergyIntolerance", "code").expression,
            "AllergyIntolerance.code | AllergyIntolerance.reaction.substance"
        );
        assert_eq!(get("Patient", "_tag").id, get("Resource", "_tag").id);
        assert_eq!(get("Observation", "code-value-quantity").components[1].kind, ParamType::Quantity);
        assert!(registry().get("Location", "near").is_none() && registry().get("Patient", "_text").is_none());
        for code in ["_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"] {
            assert_eq!(get("Patient", code).resource_type, "Resource", "{code}");
        }
    }

    #[test]
    fn targets_are_those_that_can_be_met() {
        assert_eq!(registry().get("Observation", "patient").unwrap().targets, ["Patient"]);
        assert_eq!(registry().get("Consent", "patient").unwrap().targets, ["Patient"]);
        let subject = &registry().get("ServiceRequest", "subject").unwrap().targets;
        assert!(subject.contains(&"Patient") && subject.contains(&"Group"), "{subject:?}");
    }
}
