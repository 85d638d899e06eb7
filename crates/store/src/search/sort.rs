//! `_sort`, and the cursor that begins a page after the last row of the one before.
//!
//! Keyset paging: a cursor holds the sort keys and the `rid` of that row, so that rows written
//! between two pages neither shift nor repeat what is there. A resource without a value sorts last
//! in either direction; of several values the least counts going up and the greatest going down.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fhir::search::{ParamType, Query, SortBy};
use sha2::{Digest, Sha256};

use super::sql::Builder;
use crate::StoreError;
use crate::sql::{Row, Sql};

/// The keys of a sort; the last of all is always the `rid`.
pub(super) struct Order {
    pub(super) keys: Vec<Key>,
    /// The `rid` runs the way of the first key.
    descending: bool,
}

pub(super) struct Key {
    /// A column of `resource`, or a subquery.
    source: Source,
    descending: bool,
}

enum Source {
    Column(&'static str),
    Index { table: &'static str, column: &'static str, param: u32 },
}

impl Source {
    /// Whether the value can be one of this key's.
    fn holds(&self, value: &Sql) -> bool {
        match (self, value) {
            (Self::Column("updated_us"), Sql::Int(_)) | (Self::Column("id"), Sql::Text(_)) => true,
            (Self::Column(_), _) => false,
            (Self::Index { .. }, Sql::Null) => true,
            (Self::Index { table: "ix_date", .. }, Sql::Int(_)) => true,
            (Self::Index { table: "ix_number" | "ix_quantity", .. }, Sql::Real(_)) => true,
            (Self::Index { table: "ix_date" | "ix_number" | "ix_quantity", .. }, _) => false,
            (Self::Index { .. }, value) => matches!(value, Sql::Text(text) if !text.contains('\0')),
        }
    }
}

impl Order {
    pub(super) fn of(query: &Query) -> Result<Self, StoreError> {
        let keys: Vec<Key> = query
            .sort
            .iter()
            .map(|key| Ok(Key { source: source(&key.by)?, descending: key.descending }))
            .collect::<Result<_, StoreError>>()?;
        let descending = keys.first().is_some_and(|key| key.descending);
        Ok(Self { keys, descending })
    }

    /// Whether every row that matches must be looked at before the first can be given.
    pub(super) fn needs_all(&self) -> bool {
        self.keys.iter().any(|key| matches!(key.source, Source::Index { .. }))
    }

    /// Appends `, key AS k0, …` for the columns of a select on `row`.
    pub(super) fn columns(&self, sql: &mut Builder, row: &str) {
        for (at, key) in self.keys.iter().enumerate() {
            match key.source {
                Source::Column(name) => sql.put(&format!(", {row}.{name} AS k{at}")),
                Source::Index { table, column, param } => {
                    let (index, end) = (sql.alias('x'), if key.descending { "max" } else { "min" });
                    sql.with(
                        &format!(
                            ", (SELECT {end}({index}.{column}) FROM {table} {index} \
                             WHERE {index}.rid = {row}.rid AND {index}.param = ?) AS k{at}"
                        ),
                        [param.into()],
                    )
                }
            };
        }
    }

    /// How key `at` is called outside (`row` = None) or inside the select that has it.
    fn name(&self, at: usize, row: Option<&str>) -> String {
        match (&self.keys[at].source, row) {
            (Source::Column(name), Some(row)) => format!("{row}.{name}"),
            _ => format!("p.k{at}"),
        }
    }

    /// Appends `ORDER BY …`.
    pub(super) fn order_by(&self, sql: &mut Builder, row: Option<&str>) {
        sql.put(" ORDER BY ");
        for (at, key) in self.keys.iter().enumerate() {
            let name = self.name(at, row);
            if matches!(key.source, Source::Index { .. }) {
                sql.put(&format!("{name} IS NULL, "));
            }
            sql.put(&name).put(if key.descending { " DESC, " } else { ", " });
        }
        sql.put(row.unwrap_or("p")).put(if self.descending { ".rid DESC" } else { ".rid" });
    }

    /// Appends the condition that a row comes after the cursor's.
    pub(super) fn after(&self, sql: &mut Builder, row: Option<&str>, cursor: &Cursor) {
        let step = |descending| if descending { "<" } else { ">" };
        let rid = format!("{}.rid", row.unwrap_or("p"));
        // One key that is never null and the rid go the same way: one comparison that an index serves.
        if let ([key], [value]) = (self.keys.as_slice(), cursor.keys.as_slice())
            && matches!(key.source, Source::Column(_))
        {
            let name = self.name(0, row);
            let text = format!("({name}, {rid}) {} (?, ?)", step(key.descending));
            sql.with(&text, [value.clone(), cursor.rid.into()]);
            return;
        }
        let mut closing = String::new();
        for (at, (key, value)) in self.keys.iter().zip(&cursor.keys).enumerate() {
            let name = self.name(at, row);
            if *value == Sql::Null {
                sql.put(&format!("({name} IS NULL AND "));
            } else {
                let text = format!("({name} {} ? OR {name} IS NULL OR ({name} = ? AND ", step(key.descending));
                sql.with(&text, [value.clone(), value.clone()]);
                closing.push(')');
            }
            closing.push(')');
        }
        sql.put(&format!("{rid} {} ", step(self.descending))).bind(cursor.rid).put(&closing);
    }
}

fn source(by: &SortBy) -> Result<Source, StoreError> {
    let param = match by {
        SortBy::Id => return Ok(Source::Column("id")),
        SortBy::LastUpdated => return Ok(Source::Column("updated_us")),
        SortBy::Param(param) => param,
    };
    let (table, column) = match param.kind {
        ParamType::String => ("ix_string", "folded"),
        ParamType::Token => ("ix_token", "code"),
        ParamType::Reference => ("ix_reference", "target_id"),
        ParamType::Date => ("ix_date", "start_us"),
        ParamType::Number => ("ix_number", "low"),
        ParamType::Quantity => ("ix_quantity", "low"),
        ParamType::Uri => ("ix_uri", "value"),
        ParamType::Composite | ParamType::Special => {
            return Err(StoreError::Search("a composite or special parameter has no order"));
        }
    };
    Ok(Source::Index { table, column, param: param.id.0 })
}

/// The last row of a page.
#[derive(Debug, PartialEq)]
pub(super) struct Cursor {
    keys: Vec<Sql>,
    rid: i64,
}

impl Cursor {
    /// From a row `rid, k0, k1, …`.
    pub(super) fn at(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { rid: row.int(0)?, keys: row.0[1..].to_vec() })
    }

    /// As it is given out; bound to what was asked.
    pub(super) fn write(&self, query: &Query) -> String {
        let mut bytes = fingerprint(query).to_vec();
        bytes.extend(self.rid.to_be_bytes());
        for key in &self.keys {
            match key {
                Sql::Int(number) => bytes.extend([&[1], number.to_be_bytes().as_slice()].concat()),
                Sql::Real(number) => bytes.extend([&[2], number.to_be_bytes().as_slice()].concat()),
                Sql::Text(text) => {
                    bytes.push(3);
                    bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
                    bytes.extend(text.as_bytes());
                }
                _ => bytes.push(0),
            }
        }
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// As it comes back; anything but a cursor of this very question is refused.
    pub(super) fn read(text: &str, query: &Query, order: &Order) -> Result<Self, StoreError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| StoreError::Cursor)?;
        let mut rest = bytes.strip_prefix(&fingerprint(query)).ok_or(StoreError::Cursor)?;
        let rid = i64::from_be_bytes(take(&mut rest)?);
        let mut keys = Vec::new();
        for key in &order.keys {
            let value = match take::<1>(&mut rest)? {
                [0] => Sql::Null,
                [1] => Sql::Int(i64::from_be_bytes(take(&mut rest)?)),
                [2] => Sql::Real(f64::from_be_bytes(take(&mut rest)?)),
                [3] => {
                    let length = u32::from_be_bytes(take(&mut rest)?) as usize;
                    let (text, after) = rest.split_at_checked(length).ok_or(StoreError::Cursor)?;
                    rest = after;
                    Sql::Text(String::from_utf8(text.to_vec()).map_err(|_| StoreError::Cursor)?)
                }
                _ => return Err(StoreError::Cursor),
            };
            // The fingerprint is no secret: a cursor may be made up.
            if !key.source.holds(&value) {
                return Err(StoreError::Cursor);
            }
            keys.push(value);
        }
        if rest.is_empty() { Ok(Self { keys, rid }) } else { Err(StoreError::Cursor) }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], StoreError> {
    let (head, tail) = rest.split_first_chunk().ok_or(StoreError::Cursor)?;
    *rest = tail;
    Ok(*head)
}

/// What a cursor is bound to: what is searched and how it is sorted, not how much is shown of it.
fn fingerprint(query: &Query) -> [u8; 8] {
    let asked = format!("{:?}", (&query.types, &query.filters, &query.sort));
    let digest = Sha256::digest(asked);
    *digest.first_chunk().expect("SHA-256 has 32 bytes")
}
