//! Conversions into [`Value`] and the `json!` macro: resources are written in code the way
//! they look on the wire.

use super::{Number, Object, Value};

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Value::String(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Bool(flag)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Value::Object(object)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Value::Number(number)
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Value::Array(items.into_iter().map(Into::into).collect())
    }
}

/// `None` becomes `null`; [`json!`](crate::json!) drops such members, so optional parts need no `if`.
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(item: Option<T>) -> Self {
        item.map_or(Value::Null, Into::into)
    }
}

macro_rules! from_integers {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value {
            fn from(number: $kind) -> Self {
                Value::Number(Number(number.to_string().into()))
            }
        }
    )*};
}
from_integers!(i32, i64, u32, u64, usize, u8, u16);

/// Builds a [`Value`] as it looks on the wire. Members whose value is `null` (an `Option` that
/// is `None`) are left out: FHIR has no null members (R4 §2.6.2).
///
/// ```
/// let name: Option<&str> = None;
/// let patient = fhir::json!({ "resourceType": "Patient", "active": true, "language": name,
///     "name": [{ "family": "Caal", "given": ["Rosa", "María"] }] });
/// assert_eq!(patient.to_string(),
///     r#"{"resourceType":"Patient","active":true,"name":[{"family":"Caal","given":["Rosa","María"]}]}"#);
/// ```
#[macro_export]
macro_rules! json {
    ({ $($body:tt)* }) => {{
        #[allow(unused_mut)]
        let mut object = $crate::json::Object::new();
        $crate::json_members!(object; $($body)*);
        $crate::json::Value::Object(object)
    }};
    ([ $($body:tt)* ]) => {{
        // Not `Vec::new()`: clippy would ask every caller for `vec![]`.
        #[allow(unused_mut)]
        let mut items: Vec<$crate::json::Value> = [].into();
        $crate::json_items!(items; $($body)*);
        $crate::json::Value::Array(items)
    }};
    ($value:expr) => { $crate::json::Value::from($value) };
}

/// Part of [`json!`](crate::json!).
#[doc(hidden)]
#[macro_export]
macro_rules! json_members {
    ($object:ident;) => {};
    ($object:ident; $name:tt : { $($value:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json::put(&mut $object, $name, $crate::json!({ $($value)* }));
        $crate::json_members!($object; $($($rest)*)?);
    };
    ($object:ident; $name:tt : [ $($value:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json::put(&mut $object, $name, $crate::json!([ $($value)* ]));
        $crate::json_members!($object; $($($rest)*)?);
    };
    ($object:ident; $name:tt : $value:expr $(, $($rest:tt)*)?) => {
        $crate::json::put(&mut $object, $name, $crate::json::Value::from($value));
        $crate::json_members!($object; $($($rest)*)?);
    };
}

/// Part of [`json!`](crate::json!).
#[doc(hidden)]
#[macro_export]
macro_rules! json_items {
    ($items:ident;) => {};
    ($items:ident; { $($value:tt)* } $(, $($rest:tt)*)?) => {
        $items.push($crate::json!({ $($value)* }));
        $crate::json_items!($items; $($($rest)*)?);
    };
    ($items:ident; [ $($value:tt)* ] $(, $($rest:tt)*)?) => {
        $items.push($crate::json!([ $($value)* ]));
        $crate::json_items!($items; $($($rest)*)?);
    };
    ($items:ident; $value:expr $(, $($rest:tt)*)?) => {
        $items.push($crate::json::Value::from($value));
        $crate::json_items!($items; $($($rest)*)?);
    };
}

/// Part of [`json!`](crate::json!): sets a member unless it is null.
#[doc(hidden)]
pub fn put(object: &mut Object, name: &str, value: Value) {
    if value != Value::Null {
        object.set(name, value);
    }
}
