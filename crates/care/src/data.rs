//! Reads the data files that the product ships; they are compiled in and tested, so a broken one
//! can't leave the house.

use toml::{Table, Value};

/// The rows of an array of tables.
///
/// # Panics
/// If the compiled-in file is broken: a test reads each.
pub(crate) fn rows(text: &'static str, name: &str) -> &'static [Value] {
    let table: &'static Table = Box::leak(Box::new(text.parse().expect("a shipped data file is TOML")));
    table.get(name).and_then(Value::as_array).map(Vec::as_slice).expect("a shipped data file has its rows")
}

/// Words of a row.
///
/// # Panics
/// If the compiled-in file lacks them.
pub(crate) fn text(row: &'static Value, name: &str) -> &'static str {
    row.get(name).and_then(Value::as_str).expect("a shipped row has its words")
}

/// A list of words of a row; empty when it is not there.
pub(crate) fn list(row: &'static Value, name: &str) -> Vec<&'static str> {
    row.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
