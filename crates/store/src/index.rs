//! The rows that one resource gives to the views: search index and access facts.

use std::collections::BTreeSet;

use fhir::Value;
use fhir::search::{IndexValue, extract};

use crate::blob::hex;
use crate::codec;
use crate::conn::Conn;
use crate::schema::{VIEWS, view};
use crate::search::composite_row;
use crate::sql::{Sql, Statement};
use crate::{Facts, Projector, StoreError};

/// A longer index text is cut at this many bytes and its tail replaced by a hash: PostgreSQL keeps
/// keys up to 2.7 kB. Whoever compares with an index column passes the asked text through [`cut`] too.
const MAX_BYTES: usize = 400;

/// Everything that the views hold about one resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rows {
    pub(crate) custodian: Option<String>,
    pub(crate) patient: Option<String>,
    pub(crate) labels: u32,
    /// The view and the row's columns, encoded (a double can't be ordered), each once.
    rows: BTreeSet<(usize, Vec<u8>)>,
}

impl Rows {
    /// The rows of a resource whose `id` is in it.
    pub(crate) fn of(resource: &Value, projector: &dyn Projector) -> Self {
        let Facts { custodian, patient, labels, reasons, shares } = projector.project(resource);
        let mut rows = Self { custodian, patient, labels, rows: BTreeSet::new() };
        for entry in extract(resource) {
            rows.index(entry.param.0, entry.value);
        }
        for reason in reasons {
            let row = [reason.patient.into(), reason.grantee.into(), reason.kind.into(), reason.from.into()];
            rows.add(const { view("fact_reason") }, row.into_iter().chain([reason.until.into()]));
        }
        for share in shares {
            let row = [share.target_type.into(), share.target_id.into(), share.grantee.into(), share.class.into()];
            rows.add(const { view("fact_share") }, row.into_iter().chain([share.from.into(), share.until.into()]));
        }
        rows
    }

    fn index(&mut self, param: u32, value: IndexValue) {
        let text = |text: Option<String>| Sql::from(text.map(|text| cut(&text)).unwrap_or_default());
        let (view, columns) = match value {
            IndexValue::String { folded, exact } => {
                (const { view("ix_string") }, vec![text(Some(folded)), text(Some(exact))])
            }
            IndexValue::Token { system, code } => (const { view("ix_token") }, vec![text(code), text(system)]),
            IndexValue::Reference { resource_type, id, url } => {
                (const { view("ix_reference") }, vec![text(resource_type), text(id), text(url)])
            }
            IndexValue::Date { start, end } => (const { view("ix_date") }, vec![start.into(), end.into()]),
            IndexValue::Number { low, high } => (const { view("ix_number") }, vec![low.into(), high.into()]),
            IndexValue::Quantity { low, high, system, code, unit } => {
                let row = vec![low.into(), high.into(), text(system), text(code), text(unit)];
                (const { view("ix_quantity") }, row)
            }
            IndexValue::Uri(uri) => (const { view("ix_uri") }, vec![text(Some(uri))]),
            IndexValue::Composite(parts) => (const { view("ix_composite") }, composite_row(&parts)),
        };
        let finite = |column: &Sql| !matches!(column, Sql::Real(number) if number.is_nan());
        if columns.iter().all(finite) {
            self.add(view, std::iter::once(param.into()).chain(columns));
        }
    }

    fn add(&mut self, view: usize, columns: impl Iterator<Item = Sql>) {
        let mut row = Vec::new();
        columns.for_each(|column| codec::put(&mut row, &column));
        self.rows.insert((view, row));
    }

    /// Which views have rows, a bit each.
    pub(crate) fn views(&self) -> i64 {
        self.rows.iter().fold(0, |bits, (view, _)| bits | 1 << view)
    }

    /// The statements that add the rows.
    pub(crate) fn inserts(&self, rid: u64, into: &mut Vec<Statement>) {
        let rows: Vec<&(usize, Vec<u8>)> = self.rows.iter().collect();
        for same in rows.chunk_by(|a, b| a.0 == b.0) {
            let mut rest = same;
            while !rest.is_empty() {
                // Few sizes, so that the statements stay prepared.
                let size = [32, 8, 2, 1].into_iter().find(|size| *size <= rest.len()).unwrap_or(1);
                let (now, later) = rest.split_at(size);
                into.push(insert(now, rid));
                rest = later;
            }
        }
    }

    /// What the views hold about a resource.
    pub(crate) fn load(conn: &mut Conn, rid: u64) -> Result<BTreeSet<(usize, Vec<u8>)>, StoreError> {
        let mut found = BTreeSet::new();
        for (at, view) in VIEWS.iter().enumerate() {
            let names: Vec<&str> = view.columns.iter().map(|(name, _)| *name).collect();
            let query = format!("SELECT {} FROM {} WHERE rid = ?", names.join(", "), view.name);
            for row in conn.rows(&query, &[rid.into()])? {
                let mut bytes = Vec::new();
                row.0.iter().for_each(|column| codec::put(&mut bytes, column));
                found.insert((at, bytes));
            }
        }
        Ok(found)
    }

    /// Whether the views hold just these.
    pub(crate) fn are(&self, found: &BTreeSet<(usize, Vec<u8>)>) -> bool {
        self.rows == *found
    }
}

fn insert(rows: &[&(usize, Vec<u8>)], rid: u64) -> Statement {
    let view = &VIEWS[rows[0].0];
    let names: Vec<&str> = view.columns.iter().map(|(name, _)| *name).collect();
    let mut statement = Statement::new(&format!("INSERT INTO {} ({}, rid) VALUES ", view.name, names.join(", ")));
    for (at, (_, row)) in rows.iter().enumerate() {
        statement.push(if at == 0 { "" } else { "," });
        let columns = codec::read(row).into_iter().chain([Sql::from(rid)]);
        statement.bind_list(columns);
    }
    statement
}

/// The statements that remove a resource's rows from the views of these bits.
pub(crate) fn deletes(views: i64, rid: u64, into: &mut Vec<Statement>) {
    for (at, view) in VIEWS.iter().enumerate() {
        if views & (1 << at) != 0 {
            let mut statement = Statement::new(&format!("DELETE FROM {} WHERE rid = ", view.name));
            statement.bind(rid);
            into.push(statement);
        }
    }
}

/// The bits of all views.
pub(crate) const EVERY_VIEW: i64 = (1 << VIEWS.len()) - 1;

/// A text as index columns hold it (see [`MAX_BYTES`]).
pub(crate) fn cut(text: &str) -> String {
    if text.contains('\0') {
        // PostgreSQL keeps no NUL in text; both back ends keep the same.
        return cut(&text.replace('\0', "\u{fffd}"));
    }
    if text.len() <= MAX_BYTES {
        return text.to_owned();
    }
    let mut end = MAX_BYTES - 65;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}\u{2026}{}", &text[..end], hex(&<sha2::Sha256 as sha2::Digest>::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_stay_apart() {
        let long = "é".repeat(400);
        assert_eq!(cut("corto"), "corto");
        assert!(cut(&long).len() <= MAX_BYTES + 2);
        assert!(cut(&long).starts_with("éééé"));
        assert_ne!(cut(&long), cut(&format!("{long}é")));
    }
}
