//! The table of composite values: the parts of one occurrence side by side, so that
//! `code-value-quantity` asks for the code and the value of the same thing.

use fhir::search::IndexValue;

use crate::index::cut;
use crate::schema::{PARAM, REAL, TEXT};
use crate::sql::Sql;

/// How many parts a composite of R4 has at most.
pub(crate) const PARTS: usize = 3;

/// The columns of the view, beginning with the parameter. A code first and a value second is what is asked most.
pub(crate) const COLUMNS: &[(&str, &str)] = &[
    PARAM,
    ("code1", TEXT),
    ("low2", REAL),
    ("code2", TEXT),
    ("system1", TEXT),
    ("unit1", TEXT),
    ("low1", REAL),
    ("high1", REAL),
    ("system2", TEXT),
    ("unit2", TEXT),
    ("high2", REAL),
    ("system3", TEXT),
    ("code3", TEXT),
    ("unit3", TEXT),
    ("low3", REAL),
    ("high3", REAL),
];

/// How many of them are the search key.
pub(crate) const KEY: usize = 4;

/// The values of a row in the order of [`COLUMNS`], the parameter left out.
pub(crate) fn row(parts: &[IndexValue]) -> Vec<Sql> {
    let part = |at: usize| parts.get(at).map_or(([""; 3], [0.0; 2]), roles);
    let [one, two, three] = [part(0), part(1), part(2)];
    let (([system1, code1, unit1], [low1, high1]), ([system2, code2, unit2], [low2, high2])) = (one, two);
    let ([system3, code3, unit3], [low3, high3]) = three;
    let text = |text: &str| Sql::Text(cut(text));
    vec![
        text(code1),
        low2.into(),
        text(code2),
        text(system1),
        text(unit1),
        low1.into(),
        high1.into(),
        text(system2),
        text(unit2),
        high2.into(),
        text(system3),
        text(code3),
        text(unit3),
        low3.into(),
        high3.into(),
    ]
}

/// A value in the roles system, code, unit, low and high; `Columns` in `value.rs` says which is which.
#[allow(clippy::cast_precision_loss, reason = "a microsecond matters only between 1685 and 2255, where it is kept")]
fn roles(value: &IndexValue) -> ([&str; 3], [f64; 2]) {
    fn text(text: &Option<String>) -> &str {
        text.as_deref().unwrap_or("")
    }
    match value {
        IndexValue::String { folded, exact } => (["", folded, exact], [0.0; 2]),
        IndexValue::Token { system, code } => ([text(system), text(code), ""], [0.0; 2]),
        IndexValue::Reference { resource_type, id, url } => ([text(resource_type), text(id), text(url)], [0.0; 2]),
        IndexValue::Date { start, end } => ([""; 3], [*start as f64, *end as f64]),
        IndexValue::Number { low, high } => ([""; 3], [*low, *high]),
        IndexValue::Quantity { low, high, system, code, unit } => {
            ([text(system), text(code), text(unit)], [*low, *high])
        }
        IndexValue::Uri(uri) => (["", uri, ""], [0.0; 2]),
        IndexValue::Composite(_) => ([""; 3], [0.0; 2]),
    }
}
