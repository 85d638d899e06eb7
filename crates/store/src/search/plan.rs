//! Where a search begins: at the index entries of its most selective filter, or, when every filter
//! matches a lot, at the resources themselves in the order of the page, of which few have to be
//! looked at before the page is full.
//!
//! The statements are pure functions of the question and this choice; the choice asks the database
//! for counts that stop early, so that it costs the same however large the store is.

use fhir::search::{Filter, Query};

use super::filter::{has_set, innermost, live, probe, set};
use super::sort::{Cursor, Order};
use super::sql::Builder;
use crate::conn::Conn;
use crate::sql::{Dialect, Statement};
use crate::{StoreError, Visibility};

/// Where a search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At the resources in the order of the page.
    Resources,
    /// At the set of this filter.
    Filter(usize),
}

/// A set of so many is read whole rather than probed.
const MANY: u64 = 2000;

/// Chooses where to begin; `whole` when every match has to be looked at in any case.
pub(super) fn choose(
    conn: &mut Conn,
    query: &Query,
    visibility: &Visibility,
    whole: bool,
) -> Result<Start, StoreError> {
    let mut sets: Vec<usize> = (0..query.filters.len()).filter(|at| has_set(&query.filters[*at])).collect();
    sets.sort_by_key(|at| !matches!(query.filters[*at], Filter::Id(_)));
    match sets.as_slice() {
        [] => return Ok(Start::Resources),
        [first, ..] if matches!(query.filters[*first], Filter::Id(_)) => return Ok(Start::Filter(*first)),
        [only] if whole => return Ok(Start::Filter(*only)),
        _ => {}
    }
    let mut best = (MANY, Start::Resources);
    for at in sets {
        let (filter, types) = innermost(&query.filters[at], &query.types);
        let found = conn.query(&estimate(conn.dialect(), types, filter, visibility)?)?;
        let count = found.first().map_or(Ok(0), |row| row.count(0))?;
        if count < best.0 || (whole && best.1 == Start::Resources) {
            best = (count, Start::Filter(at));
        }
    }
    Ok(best.1)
}

/// How many entries the filter has, counted no further than [`MANY`].
fn estimate(
    dialect: Dialect,
    types: &[String],
    filter: &Filter,
    visibility: &Visibility,
) -> Result<Statement, StoreError> {
    let mut sql = Builder::new(dialect);
    sql.put("SELECT count(*) FROM (SELECT q.rid FROM (");
    set(&mut sql, types, filter, visibility)?;
    sql.put(") q LIMIT ").bind(MANY).put(") p");
    Ok(sql.finish())
}

/// Appends the condition that the row of `resource` called `r` is a match.
fn matches(sql: &mut Builder, query: &Query, visibility: &Visibility, start: Start) -> Result<(), StoreError> {
    if let Start::Filter(at) = start {
        sql.put("r.rid IN (");
        set(sql, &query.types, &query.filters[at], visibility)?;
        sql.put(") AND ");
    }
    live(sql, "r", &query.types, visibility);
    for (at, filter) in query.filters.iter().enumerate() {
        if start != Start::Filter(at) {
            sql.put(" AND ");
            probe(sql, "r", filter, visibility)?;
        }
    }
    Ok(())
}

/// The statement that counts the matches.
pub(super) fn count(
    dialect: Dialect,
    query: &Query,
    visibility: &Visibility,
    start: Start,
) -> Result<Statement, StoreError> {
    let mut sql = Builder::new(dialect);
    sql.put("SELECT count(*) FROM resource r WHERE ");
    matches(&mut sql, query, visibility, start)?;
    Ok(sql.finish())
}

/// Which part of the matches a page is.
pub(super) struct Part<'a> {
    pub(super) order: &'a Order,
    pub(super) after: Option<&'a Cursor>,
    pub(super) limit: usize,
}

/// The statement that gives the rows of a page: `rid`, then the sort keys.
pub(super) fn page(
    dialect: Dialect,
    (query, visibility): (&Query, &Visibility),
    start: Start,
    part: &Part<'_>,
) -> Result<Statement, StoreError> {
    let mut sql = Builder::new(dialect);
    let whole = part.order.needs_all();
    if whole {
        // Kept from being merged into the outer query, where each key would be worked out several times.
        sql.put("WITH p AS MATERIALIZED (");
    }
    sql.put("SELECT r.rid");
    part.order.columns(&mut sql, "r");
    sql.put(" FROM resource r WHERE ");
    matches(&mut sql, query, visibility, start)?;
    let row = if whole { None } else { Some("r") };
    if whole {
        sql.put(") SELECT * FROM p");
    }
    if let Some(cursor) = part.after {
        sql.put(if whole { " WHERE " } else { " AND " });
        part.order.after(&mut sql, row, cursor);
    }
    part.order.order_by(&mut sql, row);
    sql.put(" LIMIT ").bind(part.limit);
    Ok(sql.finish())
}
