//! Our own JSON tree.
//!
//! FHIR R4 §2.1.0.3 asks that the precision of a decimal survives, and a health record must
//! never take the last of two members of the same name. So numbers are kept as their source
//! text, the order of members is kept, duplicate keys, lone surrogates and depth over
//! [`MAX_DEPTH`] are refused, and each refusal names the place as a path.
//!
//! Invariant: `parse(print(v)) == v`, and printing a parsed number gives its source text.

use std::fmt;

mod build;
mod parse;
mod patch;
mod splice;

#[doc(hidden)]
pub use build::put;
pub use parse::{ParseError, Problem, parse, parse_kept};
pub use patch::{PatchError, PatchProblem, patch};
pub use splice::{Stamp, add_security, stamp};

/// The deepest nesting of objects and arrays that is read.
pub const MAX_DEPTH: usize = 64;

/// The most values (objects, arrays, texts, numbers …) that one text may hold: 16 MB of resources
/// stay far below, 16 MB of `[0,0,…]` would need half a gigabyte.
pub const MAX_VALUES: usize = 1_000_000;

/// A JSON value whose numbers and order are those of the source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `null`; in FHIR only inside arrays of primitives.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(Number),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, in source order, without duplicate names.
    Object(Object),
}

/// A JSON number kept as its source text: `1.10` stays `1.10`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(Box<str>);

impl Number {
    /// Takes text that follows the JSON number grammar; `None` for anything else.
    pub fn new(text: &str) -> Option<Self> {
        (parse::number_length(text.as_bytes()) == Some(text.len())).then(|| Self(text.into()))
    }

    /// The source text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest double; for arithmetic only, never for storing.
    pub fn as_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// The value as an integer if it is written as one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

/// Members in source order. Small objects are the rule, so look-up is a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Object(Vec<(String, Value)>);

impl Object {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The member of that name, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Replaces the member in its place, or appends it.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        match self.get_mut(&name) {
            Some(slot) => *slot = value,
            None => self.0.push((name, value)),
        }
    }

    /// Removes a member and gives its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// The members in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> + ExactSizeIterator {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The members in order, values to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.0.iter_mut().map(|(key, value)| (key.as_str(), value))
    }

    /// How many members.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Value)> for Object {
    /// Later members of a name replace earlier ones.
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(members: I) -> Self {
        let mut object = Self::new();
        for (name, value) in members {
            object.set(name, value);
        }
        object
    }
}

impl Value {
    /// The member of an object; `None` on anything else.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_object()?.get(name)
    }

    /// Follows member names, taking the first item of each array on the way:
    /// `value.at(&["name", "given"])` is the first given name.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self.first(), |value, name| Some(value.get(name)?.first()))
    }

    /// Text at a path (see [`Value::at`]).
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// The items of a member: an array's items, or the value alone, or nothing.
    pub fn items(&self, name: &str) -> &[Value] {
        match self.get(name) {
            Some(Value::Array(items)) => items,
            Some(value) => std::slice::from_ref(value),
            None => &[],
        }
    }

    /// The first item of an array, or the value itself.
    pub fn first(&self) -> &Value {
        match self {
            Value::Array(items) => items.first().unwrap_or(self),
            _ => self,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A number.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// An array's items.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// An object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// An object, to change.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Sets a member of an object. Does nothing on other values: callers build objects.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Value::Object(object) = self {
            object.set(name, value);
        }
    }

    /// Sets a list of an object, or takes the member out when nothing is left: an empty list says nothing.
    pub fn set_items(&mut self, name: &str, items: Vec<Value>) {
        match self {
            Value::Object(object) if items.is_empty() => {
                object.remove(name);
            }
            _ => self.set(name, items),
        }
    }

    /// `resourceType`, if this is a resource.
    pub fn resource_type(&self) -> Option<&str> {
        self.get("resourceType")?.as_str()
    }

    /// `id`, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.get("id")?.as_str()
    }

    /// Compact JSON text as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Value {
    /// Compact JSON: no white space, only the escapes that RFC 8259 §7 requires.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(flag) => write!(f, "{flag}"),
            Value::Number(number) => f.write_str(number.as_str()),
            Value::String(text) => write_string(f, text),
            Value::Array(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        f.write_str(",")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Value::Object(object) => {
                f.write_str("{")?;
                for (at, (name, value)) in object.iter().enumerate() {
                    if at > 0 {
                        f.write_str(",")?;
                    }
                    write_string(f, name)?;
                    f.write_str(":")?;
                    value.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Writes a JSON string with its quotes.
pub fn write_string(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    let mut rest = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..=0x1f => "",
            _ => continue,
        };
        f.write_str(&text[rest..at])?;
        if escape.is_empty() {
            write!(f, "\\u{byte:04x}")?;
        } else {
            f.write_str(escape)?;
        }
        rest = at + 1;
    }
    f.write_str(&text[rest..])?;
    f.write_char('"')
}
