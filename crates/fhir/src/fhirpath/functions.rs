//! Functions over collections (FHIRPath 2.0 §5, and FHIR's own of R4 §2.9.1).

use std::cmp::Ordering;

use super::eval::{Evaluator, Items, MAX_ITEMS, Outcome, Scope, boolean, integer, single, truth};
use super::item::{Item, Node, System};
use super::parser::{Call, Expr};
use super::temporal::Temporal;
use super::{PathError, math, operators, strings};
use crate::json::Value;
use crate::schema;

/// Name, least and greatest number of arguments. `is`, `as` and `ofType` are part of the grammar.
const KNOWN: &[(&str, usize, usize)] = &[
    ("empty", 0, 0),
    ("exists", 0, 1),
    ("all", 1, 1),
    ("allTrue", 0, 0),
    ("anyTrue", 0, 0),
    ("allFalse", 0, 0),
    ("anyFalse", 0, 0),
    ("subsetOf", 1, 1),
    ("supersetOf", 1, 1),
    ("count", 0, 0),
    ("distinct", 0, 0),
    ("isDistinct", 0, 0),
    ("where", 1, 1),
    ("select", 1, 1),
    ("repeat", 1, 1),
    ("aggregate", 1, 2),
    ("single", 0, 0),
    ("first", 0, 0),
    ("last", 0, 0),
    ("tail", 0, 0),
    ("skip", 1, 1),
    ("take", 1, 1),
    ("intersect", 1, 1),
    ("exclude", 1, 1),
    ("union", 1, 1),
    ("combine", 1, 1),
    ("sort", 0, 9),
    ("iif", 2, 3),
    ("not", 0, 0),
    ("trace", 1, 2),
    ("now", 0, 0),
    ("today", 0, 0),
    ("timeOfDay", 0, 0),
    ("children", 0, 0),
    ("descendants", 0, 0),
    ("type", 0, 0),
    ("extension", 1, 1),
    ("hasValue", 0, 0),
    ("getValue", 0, 0),
    ("resolve", 0, 0),
    ("conformsTo", 1, 1),
    ("htmlChecks", 0, 0),
    ("lowBoundary", 0, 1),
    ("highBoundary", 0, 1),
    ("precision", 0, 0),
    ("comparable", 1, 1),
    ("abs", 0, 0),
    ("ceiling", 0, 0),
    ("exp", 0, 0),
    ("floor", 0, 0),
    ("ln", 0, 0),
    ("log", 1, 1),
    ("power", 1, 1),
    ("round", 0, 1),
    ("sqrt", 0, 0),
    ("truncate", 0, 0),
    ("toBoolean", 0, 0),
    ("toInteger", 0, 0),
    ("toDecimal", 0, 0),
    ("toString", 0, 0),
    ("toDate", 0, 0),
    ("toDateTime", 0, 0),
    ("toTime", 0, 0),
    ("toQuantity", 0, 1),
    ("convertsToBoolean", 0, 0),
    ("convertsToInteger", 0, 0),
    ("convertsToDecimal", 0, 0),
    ("convertsToString", 0, 0),
    ("convertsToDate", 0, 0),
    ("convertsToDateTime", 0, 0),
    ("convertsToTime", 0, 0),
    ("convertsToQuantity", 0, 1),
    ("indexOf", 1, 1),
    ("lastIndexOf", 1, 1),
    ("substring", 1, 2),
    ("startsWith", 1, 1),
    ("endsWith", 1, 1),
    ("contains", 1, 1),
    ("upper", 0, 0),
    ("lower", 0, 0),
    ("replace", 2, 2),
    ("matches", 1, 1),
    ("matchesFull", 1, 1),
    ("replaceMatches", 2, 2),
    ("length", 0, 0),
    ("toChars", 0, 0),
    ("encode", 1, 1),
    ("decode", 1, 1),
    ("escape", 1, 1),
    ("unescape", 1, 1),
    ("trim", 0, 0),
    ("split", 1, 1),
    ("join", 0, 1),
];

pub(super) fn known(name: &str) -> Option<(&'static str, usize, usize)> {
    KNOWN.iter().find(|(known, ..)| *known == name).copied()
}

/// Calls a function: the input first, then what belongs to its kind.
pub(super) fn call<'a>(evaluator: &Evaluator<'a>, call: &'a Call, scope: Scope<'_, 'a>) -> Outcome<'a> {
    let input = evaluator.eval(&call.input, scope)?;
    evaluator.spend(input.len())?;
    let context = Context { evaluator, scope, arguments: &call.arguments };
    if let Some(answer) = context.about(call.name, &input)? {
        return Ok(vec![boolean(answer)]);
    }
    if let Some(found) = context.filter(call.name, &input)? {
        return Ok(found);
    }
    if let Some(found) = context.combine(call.name, &input)? {
        return Ok(found);
    }
    if let Some(found) = context.element(call.name, &input)? {
        return Ok(found);
    }
    match math::call(&context, call.name, &input)? {
        Some(found) => Ok(found),
        None => strings::call(&context, call.name, &input),
    }
}

/// What a function may use.
pub(super) struct Context<'c, 'a> {
    evaluator: &'c Evaluator<'a>,
    scope: Scope<'c, 'a>,
    arguments: &'a [Expr],
}

impl<'a> Context<'_, 'a> {
    /// An argument asked of what the whole call is asked of.
    pub fn argument(&self, at: usize) -> Outcome<'a> {
        match self.arguments.get(at) {
            Some(argument) => self.evaluator.eval(argument, self.scope),
            None => Ok(Vec::new()),
        }
    }

    /// An argument that is one value or nothing.
    pub fn value(&self, at: usize) -> Result<Option<System<'a>>, PathError> {
        Ok(single(&self.argument(at)?)?.and_then(Item::system))
    }

    /// An argument that is a whole number.
    pub fn whole(&self, at: usize) -> Result<Option<i64>, PathError> {
        match self.value(at)? {
            None => Ok(None),
            Some(System::Integer(value)) => Ok(Some(value)),
            Some(_) => Err(PathError::failed("a whole number is needed")),
        }
    }

    /// An argument asked of each item: a criterion or a projection.
    fn each(&self, item: &Item<'a>, index: usize) -> Outcome<'a> {
        let this = std::slice::from_ref(item);
        self.evaluator.eval(&self.arguments[0], Scope { this, index: Some(index), ..self.scope })
    }

    /// The items that satisfy the criterion.
    fn kept(&self, input: &[Item<'a>]) -> Outcome<'a> {
        let mut kept = Vec::new();
        for (index, item) in input.iter().enumerate() {
            if truth(&self.each(item, index)?)? == Some(true) {
                kept.push(item.clone());
            }
        }
        Ok(kept)
    }

    /// Functions that answer yes or no.
    fn about(&self, name: &str, input: &[Item<'a>]) -> Result<Option<bool>, PathError> {
        let flags = || input.iter().map(flag).collect::<Result<Vec<bool>, _>>();
        Ok(Some(match name {
            "empty" => input.is_empty(),
            "exists" if self.arguments.is_empty() => !input.is_empty(),
            "exists" => !self.kept(input)?.is_empty(),
            "all" => self.kept(input)?.len() == input.len(),
            "allTrue" => flags()?.into_iter().all(|flag| flag),
            "anyTrue" => flags()?.into_iter().any(|flag| flag),
            "allFalse" => flags()?.into_iter().all(|flag| !flag),
            "anyFalse" => flags()?.into_iter().any(|flag| !flag),
            "subsetOf" => subset(input, &self.argument(0)?),
            "supersetOf" => subset(&self.argument(0)?, input),
            "isDistinct" => operators::distinct(self.evaluator, input.to_vec())?.len() == input.len(),
            "hasValue" => matches!(input, [Item::Node(Node { value: Some(_), .. }) | Item::System(_)]),
            _ => return Ok(None),
        }))
    }

    /// Functions that choose among the items.
    fn filter(&self, name: &str, input: &[Item<'a>]) -> Result<Option<Items<'a>>, PathError> {
        let count = |at| -> Result<Option<usize>, PathError> {
            Ok(self.whole(at)?.map(|count| usize::try_from(count).unwrap_or(0)))
        };
        Ok(Some(match name {
            "where" => self.kept(input)?,
            "select" => {
                let mut all = Vec::new();
                for (index, item) in input.iter().enumerate() {
                    all.extend(self.each(item, index)?);
                }
                all
            }
            "repeat" => self.repeat(input)?,
            "single" => single(input)?.cloned().into_iter().collect(),
            "first" => input.iter().take(1).cloned().collect(),
            "last" => input.last().cloned().into_iter().collect(),
            "tail" => input.iter().skip(1).cloned().collect(),
            "skip" => input.iter().skip(count(0)?.unwrap_or(0)).cloned().collect(),
            "take" => input.iter().take(count(0)?.unwrap_or(0)).cloned().collect(),
            "distinct" => operators::distinct(self.evaluator, input.to_vec())?,
            "trace" => input.to_vec(),
            "sort" => self.sort(input)?,
            _ => return Ok(None),
        }))
    }

    /// Functions of two collections, and those that make something of the whole.
    fn combine(&self, name: &str, input: &[Item<'a>]) -> Result<Option<Items<'a>>, PathError> {
        Ok(Some(match name {
            "count" => vec![integer(input.len() as i64)],
            "intersect" => {
                let other = self.argument(0)?;
                let shared = input.iter().filter(|item| operators::has(&other, item)).cloned().collect();
                operators::distinct(self.evaluator, shared)?
            }
            "exclude" => {
                let other = self.argument(0)?;
                input.iter().filter(|item| !operators::has(&other, item)).cloned().collect()
            }
            "union" => operators::union(self.evaluator, input.to_vec(), self.argument(0)?)?,
            "combine" => input.iter().cloned().chain(self.argument(0)?).collect(),
            "aggregate" => {
                let mut total = self.argument(1)?;
                for (index, item) in input.iter().enumerate() {
                    let this = std::slice::from_ref(item);
                    let scope = Scope { this, index: Some(index), total: Some(&total), ..self.scope };
                    total = self.evaluator.eval(&self.arguments[0], scope)?;
                }
                total
            }
            "iif" => self.iif(input)?,
            "not" => truth(input)?.map(|flag| boolean(!flag)).into_iter().collect(),
            "now" | "today" | "timeOfDay" => vec![Item::System(System::Temporal(self.now(name)?))],
            _ => return Ok(None),
        }))
    }

    /// Functions of elements.
    fn element(&self, name: &str, input: &[Item<'a>]) -> Result<Option<Items<'a>>, PathError> {
        Ok(Some(match name {
            "children" => children(input),
            "descendants" => self.descendants(input)?,
            "resolve" => self.evaluator.resolve(input),
            "getValue" => match input {
                [item] => item.system().map(Item::System).into_iter().collect(),
                _ => Vec::new(),
            },
            "extension" => {
                let url = self.value(0)?;
                let Some(System::String(url)) = url else { return Ok(Some(Vec::new())) };
                let mut found = self.evaluator.member(input, "extension")?;
                found.retain(|item| match item {
                    Item::Node(node) => node.value.and_then(|value| value.text_at(&["url"])) == Some(&url),
                    Item::System(_) => false,
                });
                found
            }
            "type" => input.iter().map(type_of).collect(),
            "conformsTo" => {
                let Some(System::String(url)) = self.value(0)? else { return Ok(Some(Vec::new())) };
                let name = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/");
                let Some(wanted) = name.and_then(|name| schema::r4().type_def(name)) else {
                    return Err(PathError::failed(format!("{url} is not known")));
                };
                let conforms = |item: &Item<'a>| match item {
                    Item::Node(node) => schema::r4().is_subtype(node.of.name, wanted.name),
                    Item::System(_) => false,
                };
                single(input)?.map(|item| boolean(conforms(item))).into_iter().collect()
            }
            // Narrative is checked where a resource is validated.
            "htmlChecks" => vec![boolean(true)],
            _ => return Ok(None),
        }))
    }

    fn repeat(&self, input: &[Item<'a>]) -> Outcome<'a> {
        let mut found: Items<'a> = Vec::new();
        let mut waiting = input.to_vec();
        while !waiting.is_empty() {
            let mut next = Vec::new();
            for (index, item) in waiting.iter().enumerate() {
                for item in self.each(item, index)? {
                    self.evaluator.spend(found.len())?;
                    let seen = found.iter().any(|known| is_same(known, &item));
                    if !seen {
                        found.push(item.clone());
                        next.push(item);
                    }
                }
            }
            if found.len() > MAX_ITEMS {
                return Err(PathError::failed("too many items"));
            }
            waiting = next;
        }
        Ok(found)
    }

    fn descendants(&self, input: &[Item<'a>]) -> Outcome<'a> {
        let mut found = Vec::new();
        let mut level = children(input);
        while !level.is_empty() {
            self.evaluator.spend(level.len())?;
            let next = children(&level);
            found.extend(level);
            if found.len() > MAX_ITEMS {
                return Err(PathError::failed("too many items"));
            }
            level = next;
        }
        Ok(found)
    }

    fn iif(&self, input: &[Item<'a>]) -> Outcome<'a> {
        single(input)?;
        let scope = if input.is_empty() { self.scope } else { self.scope.of(input) };
        let criterion = self.evaluator.eval(&self.arguments[0], scope)?;
        let holds = match single(&criterion)?.map(Item::system) {
            None => false,
            Some(Some(System::Boolean(flag))) => flag,
            Some(_) => return Err(PathError::failed("iif() decides by a boolean")),
        };
        match (holds, self.arguments.get(2)) {
            (true, _) => self.evaluator.eval(&self.arguments[1], scope),
            (false, Some(otherwise)) => self.evaluator.eval(otherwise, scope),
            (false, None) => Ok(Vec::new()),
        }
    }

    fn now(&self, name: &str) -> Result<Temporal, PathError> {
        let now = self.evaluator.environment.now.and_then(Temporal::date_time);
        let now = now.ok_or_else(|| PathError::failed(format!("{name}() needs the present time")))?;
        let clock = || now.to_string().split_once('T').and_then(|(_, clock)| Temporal::time(clock.get(..8)?));
        match name {
            "now" => Ok(now),
            "today" => Ok(now.to_date()),
            _ => clock().ok_or_else(|| PathError::failed("the present time has no clock")),
        }
    }

    /// By each key in turn; a `-` before a key, also of text, turns its order round.
    fn sort(&self, input: &[Item<'a>]) -> Outcome<'a> {
        let mut rows: Vec<(Vec<Key<'a>>, &Item<'a>)> = Vec::with_capacity(input.len());
        for (index, item) in input.iter().enumerate() {
            let this = std::slice::from_ref(item);
            let scope = Scope { this, index: Some(index), ..self.scope };
            let key = |argument: &'a Expr| -> Result<Key<'a>, PathError> {
                let (argument, down) = match argument {
                    Expr::Negate(inner) => (&**inner, true),
                    _ => (argument, false),
                };
                Ok((single(&self.evaluator.eval(argument, scope)?)?.and_then(Item::system), down))
            };
            let keys = match self.arguments {
                [] => vec![(item.system(), false)],
                arguments => arguments.iter().map(key).collect::<Result<_, _>>()?,
            };
            rows.push((keys, item));
        }
        let mut problem = None;
        rows.sort_by(|(one, _), (two, _)| {
            for ((one, down), (two, _)) in one.iter().zip(two) {
                let order = match (one, two) {
                    (Some(one), Some(two)) => one.compare(two).unwrap_or_else(|error| {
                        problem = Some(error);
                        None
                    }),
                    (None, None) => None,
                    // What has no key comes first, whichever way round.
                    (None, Some(_)) => return Ordering::Less,
                    (Some(_), None) => return Ordering::Greater,
                };
                let order = order.unwrap_or(Ordering::Equal);
                if order != Ordering::Equal {
                    return if *down { order.reverse() } else { order };
                }
            }
            Ordering::Equal
        });
        match problem {
            Some(error) => Err(error),
            None => Ok(rows.into_iter().map(|(_, item)| item.clone()).collect()),
        }
    }
}

/// A sort key and whether it turns the order round.
type Key<'a> = (Option<System<'a>>, bool);

fn flag(item: &Item<'_>) -> Result<bool, PathError> {
    match item.system() {
        Some(System::Boolean(flag)) => Ok(flag),
        _ => Err(PathError::failed("only booleans may stand here")),
    }
}

fn subset(part: &[Item<'_>], whole: &[Item<'_>]) -> bool {
    part.iter().all(|item| operators::has(whole, item))
}

fn children<'a>(input: &[Item<'a>]) -> Items<'a> {
    let mut found = Vec::new();
    for item in input {
        if let Item::Node(node) = item {
            node.children(&mut found);
        }
    }
    found
}

/// Whether both are one and the same element, or equal values.
fn is_same(one: &Item<'_>, two: &Item<'_>) -> bool {
    let place = |value: Option<&Value>| value.map(std::ptr::from_ref);
    match (one, two) {
        (Item::Node(one), Item::Node(two)) => {
            place(one.value) == place(two.value) && place(one.sibling) == place(two.sibling)
        }
        _ => one.equals(two) == Some(true),
    }
}

fn type_of<'a>(item: &Item<'a>) -> Item<'a> {
    Item::System(match item {
        Item::Node(node) => System::Type { namespace: "FHIR", name: node.of.name },
        Item::System(value) => System::Type { namespace: "System", name: value.type_name() },
    })
}
