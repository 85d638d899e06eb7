//! The evaluator: paths, variables and types.

use std::cell::Cell;

use super::item::{Item, Node, System};
use super::parser::{Expr, TypeTest};
use super::{Environment, PathError, functions, operators};
use crate::json::Value;
use crate::schema::{self, TypeKind};

/// A collection.
pub(super) type Items<'a> = Vec<Item<'a>>;
pub(super) type Outcome<'a> = Result<Items<'a>, PathError>;

/// At most this many expressions and items are visited; a hostile expression can't buy more.
const MAX_WORK: u64 = 5_000_000;
/// `repeat` and `descendants` stop here.
pub(super) const MAX_ITEMS: usize = 100_000;

/// What holds for a whole evaluation.
pub(super) struct Evaluator<'a> {
    pub resource: &'a Value,
    pub environment: Environment<'a>,
    work: Cell<u64>,
}

/// What `$this`, `$index` and `$total` are.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'a> {
    pub this: &'s [Item<'a>],
    pub index: Option<usize>,
    pub total: Option<&'s [Item<'a>]>,
    /// `%context`
    pub context: &'s [Item<'a>],
}

impl<'s, 'a> Scope<'s, 'a> {
    /// The same, asked of other items.
    pub fn of(self, this: &'s [Item<'a>]) -> Self {
        Self { this, ..self }
    }
}

impl<'a> Evaluator<'a> {
    pub fn new(resource: &'a Value, environment: Environment<'a>) -> Self {
        Self { resource, environment, work: Cell::new(0) }
    }

    pub fn evaluate(&self, expression: &'a Expr, focus: &[Item<'a>]) -> Outcome<'a> {
        self.eval(expression, Scope { this: focus, index: None, total: None, context: focus })
    }

    /// Counts work done.
    pub fn spend(&self, work: usize) -> Result<(), PathError> {
        self.work.set(self.work.get() + work as u64);
        if self.work.get() > MAX_WORK { Err(PathError::failed("too much work")) } else { Ok(()) }
    }

    pub fn eval(&self, expression: &'a Expr, scope: Scope<'_, 'a>) -> Outcome<'a> {
        self.spend(1)?;
        match expression {
            Expr::Empty => Ok(Vec::new()),
            Expr::Literal(value) => Ok(vec![Item::System(value.clone())]),
            Expr::This => Ok(scope.this.to_vec()),
            Expr::Index => Ok(scope.index.map(|at| integer(at as i64)).into_iter().collect()),
            Expr::Total => Ok(scope.total.unwrap_or_default().to_vec()),
            Expr::Variable(name) => self.variable(name, scope),
            Expr::Start(name) => self.start(name, scope),
            Expr::Member(input, name) => self.member(&self.eval(input, scope)?, name),
            Expr::Item(input, index) => {
                let items = self.eval(input, scope)?;
                let at = self.eval(index, scope)?;
                match single(&at)?.and_then(Item::system) {
                    Some(System::Integer(at)) => {
                        Ok(usize::try_from(at).ok().and_then(|at| items.get(at)).cloned().into_iter().collect())
                    }
                    None => Ok(Vec::new()),
                    Some(_) => Err(PathError::failed("an index is a whole number")),
                }
            }
            Expr::Call(call) => functions::call(self, call, scope),
            Expr::Negate(inner) => operators::negate(&self.eval(inner, scope)?),
            Expr::Binary(operator, sides) => operators::binary(self, *operator, (&sides.0, &sides.1), scope),
            Expr::Type(test, input, name) => {
                let items = self.eval(input, scope)?;
                if *test == TypeTest::OfType {
                    let mut kept = Vec::new();
                    for item in items {
                        if item.has_type(name, true)? {
                            kept.push(item);
                        }
                    }
                    return Ok(kept);
                }
                let Some(item) = single(&items)? else { return Ok(Vec::new()) };
                let holds = item.has_type(name, *test == TypeTest::As)?;
                Ok(match test {
                    TypeTest::Is => vec![boolean(holds)],
                    _ if holds => items,
                    _ => Vec::new(),
                })
            }
        }
    }

    /// A name at the start of a path: the type of what it is asked of, or an element.
    fn start(&self, name: &'a str, scope: Scope<'_, 'a>) -> Outcome<'a> {
        let names_type = |item: &Item<'a>| match item {
            Item::Node(node) => {
                node.of.name == name
                    || (name.starts_with(char::is_uppercase) && schema::r4().is_subtype(node.of.name, name))
            }
            Item::System(_) => false,
        };
        if !scope.this.is_empty() && scope.this.iter().all(names_type) {
            return Ok(scope.this.to_vec());
        }
        self.member(scope.this, name)
    }

    pub fn member(&self, items: &[Item<'a>], name: &str) -> Outcome<'a> {
        let mut found = Vec::new();
        for item in items {
            match item {
                Item::Node(node) => node.children_named(name, &mut found),
                Item::System(System::Type { namespace, name: own }) => match name {
                    "namespace" => found.push(text(*namespace)),
                    "name" => found.push(text(*own)),
                    _ => {}
                },
                Item::System(_) => {}
            }
        }
        self.spend(found.len())?;
        Ok(found)
    }

    fn variable(&self, name: &str, scope: Scope<'_, 'a>) -> Outcome<'a> {
        let constant = match name {
            "context" => return Ok(scope.context.to_vec()),
            "resource" | "rootResource" => {
                return Ok(Node::root(self.resource).map(Item::Node).into_iter().collect());
            }
            "ucum" => "http://unitsofmeasure.org".to_owned(),
            "sct" => "http://snomed.info/sct".to_owned(),
            "loinc" => "http://loinc.org".to_owned(),
            _ => match (name.strip_prefix("vs-"), name.strip_prefix("ext-")) {
                (Some(rest), _) => format!("http://hl7.org/fhir/ValueSet/{rest}"),
                (_, Some(rest)) => format!("http://hl7.org/fhir/StructureDefinition/{rest}"),
                _ => return Err(PathError::failed(format!("there is no %{name}"))),
            },
        };
        Ok(vec![text(constant)])
    }

    /// What the references among the items point to.
    pub fn resolve(&self, items: &[Item<'a>]) -> Items<'a> {
        items.iter().filter_map(|item| self.target(item)).collect()
    }

    fn target(&self, item: &Item<'a>) -> Option<Item<'a>> {
        let Item::Node(node) = item else {
            return None;
        };
        if node.of.kind == TypeKind::Resource {
            return Some(item.clone());
        }
        let literal = node.text().or_else(|| node.value?.text_at(&["reference"]));
        if let Some(literal) = literal {
            let found = match literal.strip_prefix('#') {
                Some("") => Some(self.resource),
                Some(id) => self.resource.items("contained").iter().find(|inside| inside.id() == Some(id)),
                None => self.in_bundle(literal),
            };
            if let Some(found) = found {
                return Node::root(found).map(Item::Node);
            }
        }
        let name = literal.and_then(reference_type).or_else(|| node.value?.text_at(&["type"]))?;
        let of = schema::r4().type_def(name).filter(|of| of.kind == TypeKind::Resource)?;
        Some(Item::Node(Node { value: None, sibling: None, of, element: None }))
    }

    fn in_bundle(&self, literal: &str) -> Option<&'a Value> {
        let entries = self.resource.items("entry").iter();
        entries.filter(|entry| entry.text_at(&["fullUrl"]) == Some(literal)).find_map(|entry| entry.get("resource"))
    }
}

/// The resource type that a literal reference names, relative or absolute (R4 §2.3.0.1).
pub(crate) fn reference_type(literal: &str) -> Option<&str> {
    if literal.starts_with(['#', '?']) || literal.starts_with("urn:") {
        return None;
    }
    let path = literal.split(['?', '|']).next()?;
    let path = path.split_once("/_history/").map_or(path, |(plain, _)| plain);
    let mut parts = path.rsplit('/');
    let last = parts.next()?;
    let name = if literal.contains('?') { last } else { parts.next()? };
    schema::r4().is_resource(name).then_some(name)
}

/// The only item; an error if there are more.
pub(super) fn single<'i, 'a>(items: &'i [Item<'a>]) -> Result<Option<&'i Item<'a>>, PathError> {
    match items {
        [] => Ok(None),
        [item] => Ok(Some(item)),
        _ => Err(PathError::failed("more than one item where one is needed")),
    }
}

/// A collection as a boolean: one item that is not a boolean counts as true (FHIRPath 2.0 §4.5).
pub(super) fn truth(items: &[Item<'_>]) -> Result<Option<bool>, PathError> {
    Ok(single(items)?.map(|item| match item.system() {
        Some(System::Boolean(flag)) => flag,
        _ => true,
    }))
}

pub(super) fn boolean<'a>(flag: bool) -> Item<'a> {
    Item::System(System::Boolean(flag))
}

pub(super) fn integer<'a>(value: i64) -> Item<'a> {
    Item::System(System::Integer(value))
}

pub(super) fn text<'a>(value: impl Into<std::borrow::Cow<'a, str>>) -> Item<'a> {
    Item::System(System::String(value.into()))
}
