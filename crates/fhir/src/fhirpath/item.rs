//! What an expression yields: elements of a resource, and values of FHIRPath's own.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::decimal::Decimal;
use super::parser::TypeName;
use super::temporal::{Temporal, TemporalKind};
use super::{PathError, units};
use crate::json::{Object, Value};
use crate::schema::{self, Element, TypeDef, TypeKind};

/// One item of a collection.
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// An element or resource.
    Node(Node<'a>),
    /// A value of FHIRPath's own.
    System(System<'a>),
}

/// An element with its type.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Its JSON; `None` for a primitive that has only extensions, and for a reference's target
    /// of which no more than the type is known.
    pub value: Option<&'a Value>,
    /// The `_name` sibling of a primitive.
    pub sibling: Option<&'a Value>,
    /// Its type.
    pub of: &'static TypeDef,
    /// The element's definition; `None` for resources.
    pub element: Option<&'static Element>,
}

/// A value of one of FHIRPath's own types.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum System<'a> {
    Boolean(bool),
    String(Cow<'a, str>),
    Integer(i64),
    Decimal(Decimal),
    Temporal(Temporal),
    Quantity(Quantity),
    /// What `type()` gives.
    Type {
        namespace: &'static str,
        name: &'static str,
    },
}

/// A number with a unit.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// The number.
    pub value: Decimal,
    /// UCUM code, `1` for none; or a calendar word in the singular.
    pub unit: String,
    /// Whether the unit is a calendar word (`month`) and not UCUM (`mo`).
    pub calendar: bool,
}

impl<'a> Node<'a> {
    /// A resource as the root of an evaluation; `None` if its type is unknown.
    pub fn root(resource: &'a Value) -> Option<Self> {
        let of = schema::r4().type_def(resource.resource_type()?)?;
        Some(Self { value: Some(resource), sibling: None, of, element: None })
    }

    /// Puts the children of that name into `into`, in document order. A choice answers to its
    /// name without type.
    pub fn children_named(&self, name: &str, into: &mut Vec<Item<'a>>) {
        if self.of.kind == TypeKind::Primitive {
            if let ("extension" | "id", Some(sibling)) = (name, self.sibling.and_then(Value::as_object)) {
                self.member(sibling, name, into);
            }
            return;
        }
        let Some(object) = self.value.and_then(Value::as_object) else { return };
        match self.of.element(name) {
            Some(element) if element.is_choice => {
                let written = object.iter().find(|(key, _)| {
                    let key = key.strip_prefix('_').unwrap_or(key);
                    key.starts_with(name) && self.of.member(key).is_some_and(|(found, _)| found.name == name)
                });
                if let Some((key, _)) = written {
                    self.member(object, key.strip_prefix('_').unwrap_or(key), into);
                }
            }
            Some(_) => self.member(object, name, into),
            None => {}
        }
    }

    /// Puts all children into `into`, in document order.
    pub fn children(&self, into: &mut Vec<Item<'a>>) {
        let object = match self.of.kind {
            TypeKind::Primitive => self.sibling.and_then(Value::as_object),
            _ => self.value.and_then(Value::as_object),
        };
        let Some(object) = object else { return };
        for (key, _) in object.iter() {
            match key.strip_prefix('_') {
                Some(plain) if object.get(plain).is_some() => {}
                plain => self.member(object, plain.unwrap_or(key), into),
            }
        }
    }

    fn member(&self, object: &'a Object, name: &str, into: &mut Vec<Item<'a>>) {
        let Some((element, reference)) = self.of.member(name) else { return };
        let Some(of) = schema::r4().type_def(reference.code) else { return };
        let value = object.get(name);
        let sibling = match of.kind {
            TypeKind::Primitive => object.get(&format!("_{name}")),
            _ => None,
        };
        let mut push = |value: Option<&'a Value>, sibling: Option<&'a Value>| {
            let value = value.filter(|value| **value != Value::Null);
            let sibling = sibling.filter(|sibling| **sibling != Value::Null);
            if value.is_some() || sibling.is_some() {
                let of = value.and_then(|value| own_type(of, value)).unwrap_or(of);
                into.push(Item::Node(Self { value, sibling, of, element: Some(element) }));
            }
        };
        match (value, sibling) {
            (Some(Value::Array(_)), _) | (None, Some(Value::Array(_))) => {
                let values = value.and_then(Value::as_array).unwrap_or_default();
                let siblings = sibling.and_then(Value::as_array).unwrap_or_default();
                (0..values.len().max(siblings.len())).for_each(|at| push(values.get(at), siblings.get(at)));
            }
            _ => push(value, sibling),
        }
    }

    /// The text of a string-like primitive.
    pub fn text(&self) -> Option<&'a str> {
        self.value.and_then(Value::as_str)
    }

    /// A primitive or Quantity as a FHIRPath value.
    pub fn system(&self) -> Option<System<'a>> {
        let value = self.value?;
        if self.of.kind != TypeKind::Primitive {
            return quantity(self.of, value).map(System::Quantity);
        }
        match value {
            Value::Bool(flag) => Some(System::Boolean(*flag)),
            Value::Number(number) if self.of.name == "decimal" => Decimal::parse(number.as_str()).map(System::Decimal),
            Value::Number(number) => number.as_i64().map(System::Integer),
            Value::String(text) => {
                let moment = match self.of.name {
                    "date" => Temporal::date(text),
                    "dateTime" | "instant" => Temporal::date_time(text),
                    "time" => Temporal::time(text),
                    _ => return Some(System::String(Cow::Borrowed(text))),
                };
                Some(moment.map_or(System::String(Cow::Borrowed(text)), System::Temporal))
            }
            _ => None,
        }
    }
}

/// The own type of a resource that stands where any may (`contained`, `Bundle.entry.resource`).
fn own_type(of: &TypeDef, value: &Value) -> Option<&'static TypeDef> {
    if of.kind == TypeKind::Resource { schema::r4().type_def(value.resource_type()?) } else { None }
}

/// A Quantity element; its unit is UCUM's if it says so, else the unit as displayed.
fn quantity(of: &TypeDef, value: &Value) -> Option<Quantity> {
    if !schema::r4().is_subtype(of.name, "Quantity") {
        return None;
    }
    let number = Decimal::parse(value.get("value")?.as_number()?.as_str())?;
    let unit = value.text_at(&["code"]).or_else(|| value.text_at(&["unit"])).unwrap_or("1");
    Some(Quantity { value: number, unit: unit.to_owned(), calendar: false })
}

impl<'a> Item<'a> {
    /// As a FHIRPath value, if it is one or can be read as one.
    pub fn system(&self) -> Option<System<'a>> {
        match self {
            Self::Node(node) => node.system(),
            Self::System(value) => Some(value.clone()),
        }
    }

    /// Whether it has the type; `exact` leaves out the specialisations of primitives.
    pub(super) fn has_type(&self, wanted: &TypeName, exact: bool) -> Result<bool, PathError> {
        let schema = schema::r4();
        let namespace = wanted.namespace.as_deref();
        let known = namespace == Some("System")
            || schema.type_def(&wanted.name).is_some()
            || (namespace.is_none() && SYSTEM_TYPES.contains(&wanted.name.as_str()));
        if !known {
            return Err(PathError::failed(format!("there is no type {}", wanted.name)));
        }
        Ok(match self {
            Self::Node(node) if namespace != Some("System") => {
                let exact = exact && node.of.kind == TypeKind::Primitive;
                node.of.name == wanted.name || (!exact && schema.is_subtype(node.of.name, &wanted.name))
            }
            Self::System(value) if namespace != Some("FHIR") => value.type_name() == wanted.name,
            _ => false,
        })
    }

    /// Whether two items are equal; `None` where precision or units leave it open (FHIRPath 2.0 §6.1.1).
    pub fn equals(&self, other: &Self) -> Option<bool> {
        match (self.system(), other.system()) {
            (Some(one), Some(two)) => one.equals(&two),
            (None, None) => match (self, other) {
                (Self::Node(one), Self::Node(two)) => Some(match (one.value, two.value) {
                    (Some(one), Some(two)) => same_value(one, two),
                    _ => one.sibling == two.sibling && one.value == two.value,
                }),
                _ => Some(false),
            },
            _ => Some(false),
        }
    }

    /// Whether two items are equivalent (FHIRPath 2.0 §6.1.2).
    pub fn equivalent(&self, other: &Self) -> bool {
        match (self.system(), other.system()) {
            (Some(one), Some(two)) => one.equivalent(&two),
            _ => self.equals(other) == Some(true),
        }
    }
}

const SYSTEM_TYPES: [&str; 8] = ["Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity"];

/// Equality of trees: numbers by value, members in any order.
fn same_value(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => {
            match (Decimal::parse(one.as_str()), Decimal::parse(two.as_str())) {
                (Some(one), Some(two)) => one == two,
                _ => one == two,
            }
        }
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same_value(one, two))
        }
        (Value::Object(one), Value::Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(name, value)| two.get(name).is_some_and(|other| same_value(value, other)))
        }
        _ => one == two,
    }
}

impl System<'_> {
    /// The name in the namespace `System`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "Boolean",
            Self::String(_) => "String",
            Self::Integer(_) => "Integer",
            Self::Decimal(_) => "Decimal",
            Self::Temporal(moment) => match moment.kind {
                TemporalKind::Date => "Date",
                TemporalKind::DateTime => "DateTime",
                TemporalKind::Time => "Time",
            },
            Self::Quantity(_) => "Quantity",
            Self::Type { .. } => "TypeInfo",
        }
    }

    /// A number of either kind.
    pub fn number(&self) -> Option<Decimal> {
        match self {
            Self::Integer(value) => Some((*value).into()),
            Self::Decimal(value) => Some(*value),
            _ => None,
        }
    }

    fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Boolean(one), Self::Boolean(two)) => Some(one == two),
            (Self::String(one), Self::String(two)) => Some(one == two),
            (Self::Temporal(one), Self::Temporal(two)) => {
                let times = [one, two].iter().filter(|moment| moment.kind == TemporalKind::Time).count();
                if times == 1 { Some(false) } else { one.compare(two).map(Ordering::is_eq) }
            }
            (Self::Type { name: one, .. }, Self::Type { name: two, .. }) => Some(one == two),
            _ => match (self.as_quantity(), other.as_quantity(), self.number(), other.number()) {
                (_, _, Some(one), Some(two)) => Some(one == two),
                (Some(one), Some(two), ..) => units::equals(&one, &two),
                _ => Some(false),
            },
        }
    }

    fn equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::String(one), Self::String(two)) => normal(one) == normal(two),
            (Self::Temporal(one), Self::Temporal(two)) => one.equivalent(two),
            _ => match (self.number(), other.number(), self.as_quantity(), other.as_quantity()) {
                // To the precision of the less precise of the two.
                (Some(one), Some(two), ..) => {
                    let places = one.trimmed().scale().min(two.trimmed().scale());
                    one.round(places) == two.round(places)
                }
                (_, _, Some(one), Some(two)) => units::equivalent(&one, &two),
                _ => self.equals(other) == Some(true),
            },
        }
    }

    /// Order; `Ok(None)` where precision leaves it open.
    pub(super) fn compare(&self, other: &Self) -> Result<Option<Ordering>, PathError> {
        match (self, other) {
            (Self::String(one), Self::String(two)) => Ok(Some(one.cmp(two))),
            (Self::Temporal(one), Self::Temporal(two)) => Ok(one.compare(two)),
            _ => match (self.number(), other.number(), self.as_quantity(), other.as_quantity()) {
                (Some(one), Some(two), ..) => Ok(Some(one.cmp(&two))),
                (_, _, Some(one), Some(two)) => Ok(units::compare(&one, &two)),
                _ => Err(PathError::failed(format!("{} and {} have no order", self.type_name(), other.type_name()))),
            },
        }
    }

    /// A quantity, also of a plain number, which has the unit `1`.
    pub(super) fn as_quantity(&self) -> Option<Quantity> {
        match self {
            Self::Quantity(quantity) => Some(quantity.clone()),
            _ => Some(Quantity { value: self.number()?, unit: "1".to_owned(), calendar: false }),
        }
    }
}

/// Text for equivalence: lower case, blanks as one.
fn normal(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

impl std::fmt::Display for System<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Boolean(flag) => flag.fmt(f),
            Self::String(text) => f.write_str(text),
            Self::Integer(value) => value.fmt(f),
            Self::Decimal(value) => value.fmt(f),
            Self::Temporal(moment) => moment.fmt(f),
            Self::Quantity(Quantity { value, unit, calendar: false }) => write!(f, "{value} '{unit}'"),
            Self::Quantity(Quantity { value, unit, .. }) => {
                let one = *value == Decimal::from(1);
                write!(f, "{value} {unit}{}", if one { "" } else { "s" })
            }
            Self::Type { namespace, name } => write!(f, "{namespace}.{name}"),
        }
    }
}
