//! One value condition as SQL over the columns that hold the value.
//!
//! The index tables and each part of the composite table keep a value in the same five roles, so
//! that a condition is written once.

use fhir::search::{Comparator, Condition, Modifier};

use super::sql::Builder;
use crate::StoreError;
use crate::index::cut;

/// The columns that hold a value. Not every kind of value uses all of them.
pub(super) struct Columns {
    /// Token and quantity: system; reference: target type.
    system: String,
    /// String: folded; token and quantity: code; reference: target id; uri: the URI.
    code: String,
    /// String: exact; quantity: unit as displayed; reference: URL.
    unit: String,
    /// Date: start; number and quantity: lower bound.
    low: String,
    /// Date: end; number and quantity: upper bound.
    high: String,
}

/// The table that holds the values a condition speaks about.
pub(super) fn table(condition: &Condition) -> &'static str {
    match condition {
        Condition::String(_) => "ix_string",
        Condition::Token { .. } => "ix_token",
        Condition::Reference { .. } => "ix_reference",
        Condition::Date { .. } => "ix_date",
        Condition::Number { .. } => "ix_number",
        Condition::Quantity { .. } => "ix_quantity",
        Condition::Uri(_) => "ix_uri",
        Condition::Composite(_) => "ix_composite",
    }
}

impl Columns {
    fn of(condition: &Condition, row: &str) -> Self {
        let [system, code, unit, low, high] = match condition {
            Condition::String(_) => ["", "folded", "exact", "", ""],
            Condition::Token { .. } => ["system", "code", "", "", ""],
            Condition::Reference { .. } => ["target_type", "target_id", "url", "", ""],
            Condition::Date { .. } => ["", "", "", "start_us", "end_us"],
            Condition::Number { .. } => ["", "", "", "low", "high"],
            Condition::Quantity { .. } => ["system", "code", "unit", "low", "high"],
            Condition::Uri(_) => ["", "value", "", "", ""],
            Condition::Composite(_) => [""; 5],
        }
        .map(|name| format!("{row}.{name}"));
        Self { system, code, unit, low, high }
    }

    fn part(number: usize, row: &str) -> Self {
        let [system, code, unit, low, high] =
            ["system", "code", "unit", "low", "high"].map(|name| format!("{row}.{name}{number}"));
        Self { system, code, unit, low, high }
    }
}

/// What a condition needs to know about its parameter.
pub(super) struct About<'a> {
    /// How values are compared.
    pub(super) modifier: Modifier,
    /// The types that a reference may point to.
    pub(super) targets: &'a [&'static str],
}

/// The condition on one row of the table that [`table`] names.
pub(super) fn holds(sql: &mut Builder, row: &str, about: &About<'_>, condition: &Condition) -> Result<(), StoreError> {
    let Condition::Composite(parts) = condition else {
        return compare(sql, &Columns::of(condition, row), about, condition);
    };
    if parts.len() > super::composite::PARTS {
        return Err(StoreError::Search("a composite has at most three parts"));
    }
    sql.put("(");
    sql.joined(" AND ", parts.iter().enumerate(), |sql, (at, part)| {
        compare(sql, &Columns::part(at + 1, row), about, part)
    })?
    .put(")");
    Ok(())
}

fn compare(sql: &mut Builder, at: &Columns, about: &About<'_>, condition: &Condition) -> Result<(), StoreError> {
    match condition {
        Condition::String(text) => string(sql, at, about.modifier, text),
        Condition::Token { system, code } => token(sql, at, system.as_deref(), code.as_deref()),
        Condition::Reference { .. } => reference(sql, at, about.targets, condition),
        Condition::Date { comparator, start, end } => date(sql, (&at.low, &at.high), *comparator, (*start, *end)),
        Condition::Number { comparator, value, low, high } => number(sql, at, *comparator, [*value, *low, *high]),
        Condition::Quantity { comparator, value, low, high, system, code } => {
            unit(sql, at, system.as_deref(), code.as_deref());
            number(sql, at, *comparator, [*value, *low, *high]);
        }
        Condition::Uri(uri) => match about.modifier {
            Modifier::Below => below(sql, &at.code, uri),
            Modifier::Above => {
                sql.among(&at.code, above(uri).into_iter().map(cut));
            }
            _ => {
                sql.put(&at.code).put(" = ").bind(cut(uri));
            }
        },
        Condition::Composite(_) => return Err(StoreError::Search("a composite can't hold a composite")),
    }
    Ok(())
}

fn string(sql: &mut Builder, at: &Columns, modifier: Modifier, text: &str) {
    match modifier {
        // The folded text narrows it down by the index.
        Modifier::Exact => {
            let folded = fhir::search::fold(text);
            let (folded, exact) = (cut(&folded), cut(text));
            sql.with(&format!("{} = ? AND {} = ?", at.code, at.unit), [folded.into(), exact.into()]);
        }
        Modifier::Contains => {
            sql.contains(&at.code, text);
        }
        _ => begins(sql, &at.code, text),
    }
}

/// A prefix so long that the text it begins may have been cut can only be the whole of it.
fn begins(sql: &mut Builder, column: &str, prefix: &str) {
    if cut(prefix) == prefix {
        sql.begins(column, prefix);
    } else {
        sql.put(column).put(" = ").bind(cut(prefix));
    }
}

/// R4 §3.1.1.4.10: `code`, `system|code`, `|code` (no system), `system|`.
fn token(sql: &mut Builder, at: &Columns, system: Option<&str>, code: Option<&str>) {
    let mut separator = "";
    for (column, value) in [(&at.code, code), (&at.system, system)] {
        if let Some(value) = value {
            sql.put(separator).put(column).put(" = ").bind(cut(value));
            separator = " AND ";
        }
    }
    if separator.is_empty() {
        sql.put("1 = 1");
    }
}

/// How many target types are worth naming so that the index can be entered by type and id.
const FEW_TARGETS: usize = 12;

fn reference(sql: &mut Builder, at: &Columns, targets: &[&'static str], condition: &Condition) {
    let Condition::Reference { resource_type, id, url } = condition else { return };
    match (resource_type, id, url) {
        (Some(kind), Some(id), _) => {
            sql.with(&format!("{} = ? AND {} = ?", at.system, at.code), [kind.into(), cut(id).into()]);
        }
        (None, Some(id), _) => {
            if !targets.is_empty() && targets.len() <= FEW_TARGETS {
                sql.among(&at.system, targets.iter().copied()).put(" AND ");
            }
            sql.put(&at.code).put(" = ").bind(cut(id));
        }
        (_, None, Some(url)) => {
            sql.put(&at.unit).put(" = ").bind(cut(url));
        }
        (Some(kind), None, None) => {
            sql.put(&at.system).put(" = ").bind(kind);
        }
        (None, None, None) => {
            sql.put("1 = 1");
        }
    }
}

/// R4 §3.1.1.4.5 over half-open ranges: what is asked (`start`, `end`) and what is kept (`low`, `high`).
fn date(sql: &mut Builder, at: (&str, &str), comparator: Comparator, (start, end): (i64, i64)) {
    let (low, high) = at;
    match comparator {
        // What is asked contains what is kept.
        Comparator::Eq => sql.with(
            &format!("{low} >= ? AND {low} < ? AND {high} > ? AND {high} <= ?"),
            [start, end, start, end].map(Into::into),
        ),
        Comparator::Ne => sql.with(&format!("({low} < ? OR {high} > ?)"), [start.into(), end.into()]),
        Comparator::Gt => sql.with(&format!("{high} > ?"), [end.into()]),
        Comparator::Lt => sql.with(&format!("{low} < ?"), [start.into()]),
        // Above what is asked, or contained in it; the first condition lets the index in.
        Comparator::Ge => {
            sql.with(&format!("{high} > ? AND ({high} > ? OR {low} >= ?)"), [start, end, start].map(Into::into))
        }
        Comparator::Le => {
            sql.with(&format!("{low} < ? AND ({low} < ? OR {high} <= ?)"), [end, start, end].map(Into::into))
        }
        Comparator::Sa => sql.with(&format!("{low} >= ?"), [end.into()]),
        Comparator::Eb => sql.with(&format!("{high} <= ?"), [start.into()]),
        // "Approximately" is a server's choice: they meet when what is asked is three times as wide.
        Comparator::Ap => {
            let width = end.saturating_sub(start);
            let (from, until) = (start.saturating_sub(width), end.saturating_add(width));
            sql.with(&format!("{low} < ? AND {high} > ?"), [until.into(), from.into()])
        }
    };
}

/// [`date`] for a kept instant (`_lastUpdated`): the range of one microsecond.
pub(super) fn instant(sql: &mut Builder, at: &str, comparator: Comparator, (start, end): (i64, i64)) {
    let width = end.saturating_sub(start);
    match comparator {
        Comparator::Eq => sql.with(&format!("({at} >= ? AND {at} < ?)"), [start.into(), end.into()]),
        Comparator::Ne => sql.with(&format!("({at} < ? OR {at} >= ?)"), [start.into(), end.into()]),
        Comparator::Ge => sql.with(&format!("{at} >= ?"), [start.into()]),
        Comparator::Gt | Comparator::Sa => sql.with(&format!("{at} >= ?"), [end.into()]),
        Comparator::Le => sql.with(&format!("{at} < ?"), [end.into()]),
        Comparator::Lt | Comparator::Eb => sql.with(&format!("{at} < ?"), [start.into()]),
        Comparator::Ap => {
            let (from, until) = (start.saturating_sub(width), end.saturating_add(width));
            sql.with(&format!("({at} >= ? AND {at} < ?)"), [from.into(), until.into()])
        }
    };
}

/// R4 §3.1.1.4.7: a kept number is the middle of its range; `eq` and `ne` use the precision of what
/// is asked, the other comparators take it as exact. The bounds come from decimal text through
/// binary arithmetic, hence the hair of tolerance.
fn number(sql: &mut Builder, at: &Columns, comparator: Comparator, [value, low, high]: [f64; 3]) {
    let middle = format!("({} + {}) / 2", at.low, at.high);
    let hair = value.abs() * 1e-12;
    let (operator, bound) = match comparator {
        Comparator::Eq => {
            sql.with(&format!("{middle} >= ? AND {middle} < ?"), [(low - hair).into(), (high - hair).into()]);
            return;
        }
        Comparator::Ne => {
            sql.with(&format!("({middle} < ? OR {middle} >= ?)"), [(low - hair).into(), (high - hair).into()]);
            return;
        }
        Comparator::Ap => {
            let tenth = (value.abs() * 0.1).max(high - value);
            sql.with(
                &format!("{middle} >= ? AND {middle} <= ?"),
                [(value - tenth - hair).into(), (value + tenth + hair).into()],
            );
            return;
        }
        Comparator::Gt | Comparator::Sa => (">", value + hair),
        Comparator::Lt | Comparator::Eb => ("<", value - hair),
        Comparator::Ge => (">=", value - hair),
        Comparator::Le => ("<=", value + hair),
    };
    sql.put(&middle).put(" ").put(operator).put(" ").bind(bound);
}

/// R4 §3.1.1.4.11: without a system the code may also be the unit as displayed.
fn unit(sql: &mut Builder, at: &Columns, system: Option<&str>, code: Option<&str>) {
    match (system, code) {
        (None, None) => {}
        (None, Some(code)) => {
            sql.with(&format!("({} = ? OR {} = ?) AND ", at.code, at.unit), [cut(code).into(), cut(code).into()]);
        }
        (Some(_), _) => {
            token(sql, at, system, code);
            sql.put(" AND ");
        }
    }
}

/// R4 §3.1.1.4.12 `:below`: the URI itself and what lies under its path.
fn below(sql: &mut Builder, column: &str, uri: &str) {
    let folder = if uri.ends_with('/') { uri.to_owned() } else { format!("{uri}/") };
    sql.put("(").put(column).put(" = ").bind(cut(uri)).put(" OR ");
    begins(sql, column, &folder);
    sql.put(")");
}

/// R4 §3.1.1.4.12 `:above`: the URI itself and every path above it.
fn above(uri: &str) -> Vec<&str> {
    let cuts = uri.match_indices('/').flat_map(|(at, _)| [&uri[..at], &uri[..=at]]);
    cuts.chain([uri]).filter(|cut| !cut.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_names_every_folder_with_and_without_its_slash() {
        assert_eq!(
            above("http://a/b"),
            ["http:", "http:/", "http:/", "http://", "http://a", "http://a/", "http://a/b"]
        );
        assert_eq!(above("urn:oid:1.2"), ["urn:oid:1.2"]);
    }
}
