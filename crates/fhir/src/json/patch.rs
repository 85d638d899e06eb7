//! JSON Patch (RFC 6902) over our tree, with JSON Pointer (RFC 6901). All operations or none.

use super::{MAX_DEPTH, Value};

/// What all operations together may add, in bytes as printed (nearly); a patch can copy what it
/// copied, so without an end it would grow without end.
const MOST_ADDED: usize = 16 << 20;

/// Why a patch was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("operation {at}: {problem}")]
pub struct PatchError {
    /// Number of the operation, from 0.
    pub at: usize,
    /// Its path, as written.
    pub path: String,
    /// What is wrong.
    pub problem: PatchProblem,
}

impl PatchError {
    /// The element that its path names, as a FHIRPath of that type: `/name/0/family` is
    /// `Patient.name[0].family`.
    pub fn place(&self, of: &str) -> String {
        let mut place = of.to_owned();
        for name in names(&self.path).unwrap_or_default() {
            match index(&name) {
                Some(at) => place.push_str(&format!("[{at}]")),
                None if name == "-" || name.is_empty() => {}
                None => place.push_str(&format!(".{name}")),
            }
        }
        place
    }
}

/// What is wrong with an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchProblem {
    /// The patch is not what RFC 6902 describes.
    #[error("{0}")]
    Malformed(&'static str),
    /// The pointer leads nowhere.
    #[error("there is nothing at {0:?}")]
    NoTarget(String),
    /// The document would be nested too deep, or become too large.
    #[error("the document would be nested deeper than {MAX_DEPTH} levels, or the patch adds more than 16 MiB")]
    TooBig,
    /// The value is not the one that was to be there.
    #[error("the value at {0:?} is another one")]
    TestFailed(String),
}

/// Applies a patch; on an error the document is as it was.
///
/// # Errors
/// The first operation that can't be done.
pub fn patch(document: &mut Value, operations: &Value) -> Result<(), PatchError> {
    let malformed = |at, problem| PatchError { at, path: String::new(), problem: PatchProblem::Malformed(problem) };
    let operations = operations.as_array().ok_or(malformed(0, "a patch is an array of operations"))?;
    let mut next = document.clone();
    let mut room = MOST_ADDED;
    for (at, operation) in operations.iter().enumerate() {
        let path = || operation.text_at(&["path"]).unwrap_or_default().to_owned();
        apply(&mut next, operation, &mut room).map_err(|problem| PatchError { at, path: path(), problem })?;
    }
    *document = next;
    Ok(())
}

/// Takes what a value needs below `path` out of the room that is left.
fn fits(path: &str, value: &Value, room: &mut usize) -> Result<(), PatchProblem> {
    let (levels, size) = measure(value);
    *room = room.checked_sub(size).ok_or(PatchProblem::TooBig)?;
    if path.matches('/').count() + levels > MAX_DEPTH { Err(PatchProblem::TooBig) } else { Ok(()) }
}

/// How deep a value is nested, and about how many bytes it prints as.
fn measure(value: &Value) -> (usize, usize) {
    let inside = |(levels, size): (usize, usize), (more, part): (usize, usize)| (levels.max(more), size + part);
    match value {
        Value::Array(items) => {
            let (levels, size) = items.iter().map(measure).fold((0, 2), inside);
            (levels + 1, size + items.len())
        }
        Value::Object(object) => {
            let part = |(name, value): (&str, &Value)| {
                let (levels, size) = measure(value);
                (levels, size + name.len() + 4)
            };
            let (levels, size) = object.iter().map(part).fold((0, 2), inside);
            (levels + 1, size)
        }
        Value::String(text) => (0, text.len() + 2),
        Value::Number(number) => (0, number.as_str().len()),
        Value::Null | Value::Bool(_) => (0, 5),
    }
}

fn apply(document: &mut Value, operation: &Value, room: &mut usize) -> Result<(), PatchProblem> {
    let text =
        |name: &str, missing| operation.get(name).and_then(Value::as_str).ok_or(PatchProblem::Malformed(missing));
    let path = text("path", "path is missing")?;
    let value = || operation.get("value").ok_or(PatchProblem::Malformed("value is missing"));
    let mut fitting = |value: &Value| fits(path, value, room).map(|()| value.clone());
    match text("op", "op is missing")? {
        "add" => add(document, path, fitting(value()?)?),
        "remove" => remove(document, path).map(|_| ()),
        "replace" => {
            *find(document, path)? = fitting(value()?)?;
            Ok(())
        }
        "move" => {
            let from = text("from", "from is missing")?;
            if path.strip_prefix(from).is_some_and(|rest| rest.starts_with('/')) {
                return Err(PatchProblem::Malformed("nothing can be moved into itself"));
            }
            let moved = remove(document, from)?;
            fitting(&moved)?;
            add(document, path, moved)
        }
        "copy" => {
            let copied = fitting(find(document, text("from", "from is missing")?)?)?;
            add(document, path, copied)
        }
        "test" if same(find(document, path)?, value()?) => Ok(()),
        "test" => Err(PatchProblem::TestFailed(path.to_owned())),
        _ => Err(PatchProblem::Malformed("op is add, remove, replace, move, copy or test")),
    }
}

/// The names of a pointer: `/a~1b/0` is `a/b`, `0`.
fn names(pointer: &str) -> Result<Vec<String>, PatchProblem> {
    match pointer.strip_prefix('/') {
        Some(rest) => Ok(rest.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect()),
        None if pointer.is_empty() => Ok(Vec::new()),
        None => Err(PatchProblem::Malformed("a path begins with /")),
    }
}

/// A place in an array: digits without leading zero.
fn index(name: &str) -> Option<usize> {
    let plain = name == "0" || (!name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit()));
    name.parse().ok().filter(|_| plain)
}

fn step<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(object) => object.get_mut(name),
        Value::Array(items) => items.get_mut(index(name)?),
        _ => None,
    }
}

fn walk<'a>(document: &'a mut Value, names: &[String], pointer: &str) -> Result<&'a mut Value, PatchProblem> {
    let missing = || PatchProblem::NoTarget(pointer.to_owned());
    names.iter().try_fold(document, |value, name| step(value, name)).ok_or_else(missing)
}

fn find<'a>(document: &'a mut Value, pointer: &str) -> Result<&'a mut Value, PatchProblem> {
    walk(document, &names(pointer)?, pointer)
}

fn add(document: &mut Value, pointer: &str, value: Value) -> Result<(), PatchProblem> {
    let names = names(pointer)?;
    let Some((last, front)) = names.split_last() else {
        *document = value;
        return Ok(());
    };
    let missing = || PatchProblem::NoTarget(pointer.to_owned());
    match walk(document, front, pointer)? {
        Value::Object(object) => object.set(last.as_str(), value),
        Value::Array(items) => {
            let at = if last == "-" { Some(items.len()) } else { index(last) };
            let at = at.filter(|at| *at <= items.len()).ok_or_else(missing)?;
            items.insert(at, value);
        }
        _ => return Err(missing()),
    }
    Ok(())
}

fn remove(document: &mut Value, pointer: &str) -> Result<Value, PatchProblem> {
    let names = names(pointer)?;
    let missing = || PatchProblem::NoTarget(pointer.to_owned());
    let (last, front) = names.split_last().ok_or(PatchProblem::Malformed("the whole document can't be removed"))?;
    match walk(document, front, pointer)? {
        Value::Object(object) => object.remove(last).ok_or_else(missing),
        Value::Array(items) => match index(last).filter(|at| *at < items.len()) {
            Some(at) => Ok(items.remove(at)),
            None => Err(missing()),
        },
        _ => Err(missing()),
    }
}

/// Equal as RFC 6902 §4.6 counts it: numbers by value, members in any order.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn a_failing_operation_changes_nothing() {
        let mut patient = json!({ "resourceType": "Patient", "active": true });
        let before = patient.clone();
        let operations = json!([
            { "op": "replace", "path": "/active", "value": false },
            { "op": "test", "path": "/resourceType", "value": "Person" },
        ]);
        let error = patch(&mut patient, &operations).unwrap_err();
        let problem = PatchProblem::TestFailed("/resourceType".into());
        assert_eq!(error, PatchError { at: 1, path: "/resourceType".into(), problem });
        let at = |path: &str| PatchError { path: path.into(), ..error.clone() }.place("Patient");
        assert_eq!(at("/name/0/given/-"), "Patient.name[0].given");
        assert_eq!((at(""), at("nombre")), ("Patient".to_owned(), "Patient".to_owned()));
        assert_eq!(patient, before);
    }

    #[test]
    fn what_copies_itself_finds_an_end() {
        let mut document = json!({ "resourceType": "Patient" });
        let doubling: Vec<Value> =
            (0..40).map(|at| json!({ "op": "copy", "from": "", "path": format!("/x{at}") })).collect();
        let error = patch(&mut document, &Value::Array(doubling)).unwrap_err();
        assert_eq!(error.problem, PatchProblem::TooBig);
        let deeper = |power: u32| {
            let path = "/x".repeat(1 << power);
            json!({ "op": "copy", "from": "", "path": path })
        };
        let deep: Vec<Value> = (0..16).map(deeper).collect();
        let error = patch(&mut document, &Value::Array(deep)).unwrap_err();
        assert_eq!((error.at, error.problem), (6, PatchProblem::TooBig));
        assert_eq!(document, json!({ "resourceType": "Patient" }));
    }

    #[test]
    fn places_in_arrays_are_exact() {
        let read = |text: &str| crate::json::parse(text.as_bytes()).unwrap();
        let mut list = read(r#"{"given":["Rosa"]}"#);
        for pointer in ["/given/01", "/given/2", "/given/-1", "/given/+1", "given"] {
            let operations = json!([{ "op": "add", "path": pointer, "value": "x" }]);
            assert!(patch(&mut list, &operations).is_err(), "{pointer}");
        }
        patch(&mut list, &json!([{ "op": "add", "path": "/given/-", "value": "María" }])).unwrap();
        assert_eq!(list, read(r#"{"given":["Rosa","María"]}"#));
    }
}
