//! `_include` and `_revinclude`: what the matches of a page point to, and what points to them.
//! What is not visible is not included; nothing of it can be told from the answer.

use std::collections::BTreeSet;

use fhir::search::{Include, ParamType, registry};

use super::filter::live;
use super::sql::Builder;
use crate::conn::Conn;
use crate::sql::{Dialect, Statement};
use crate::{Key, StoreError, Visibility};

/// More than this is not included in one page.
const INCLUDED: usize = 10_000;

/// A match: its row and its key.
pub(super) type Match = (i64, Key);

/// The rows that the page includes, without the matches.
pub(super) fn rids(
    conn: &mut Conn,
    (includes, revincludes): (&[Include], &[Include]),
    matches: &[Match],
    visibility: &Visibility,
) -> Result<Vec<i64>, StoreError> {
    let mut found = BTreeSet::new();
    let forward = includes.iter().filter_map(|include| pointed_to(conn.dialect(), include, matches, visibility));
    let backward = revincludes.iter().filter_map(|include| pointing(conn.dialect(), include, matches, visibility));
    for statement in forward.chain(backward).collect::<Vec<_>>() {
        for row in conn.query(&statement)? {
            found.insert(row.int(0)?);
        }
        if found.len() > INCLUDED {
            return Err(StoreError::Search("a page includes at most 10000 resources; ask for a smaller _count"));
        }
    }
    for (rid, _) in matches {
        found.remove(rid);
    }
    Ok(found.into_iter().collect())
}

fn is_of(kind: &str, wanted: &str) -> bool {
    wanted == "*" || kind == wanted
}

/// What the matches of the include's source type point to; `None` if none of them is of that type.
fn pointed_to(dialect: Dialect, include: &Include, matches: &[Match], visibility: &Visibility) -> Option<Statement> {
    let from: Vec<i64> =
        matches.iter().filter(|(_, key)| is_of(&key.resource_type, &include.source)).map(|(rid, _)| *rid).collect();
    if from.is_empty() {
        return None;
    }
    let mut sql = Builder::new(dialect);
    sql.put("SELECT DISTINCT t.rid FROM ix_reference x CROSS JOIN resource t WHERE ");
    sql.among("x.rid", padded(from));
    if let Some(param) = include.param {
        sql.put(" AND x.param = ").bind(param.id.0);
    }
    if let Some(target) = &include.target {
        sql.put(" AND x.target_type = ").bind(target);
    }
    sql.put(" AND t.type = x.target_type AND t.id = x.target_id AND ");
    live(&mut sql, "t", &[], visibility);
    sql.put(" LIMIT ").bind(INCLUDED + matches.len() + 1);
    Some(sql.finish())
}

/// What points to the matches; `None` if it can't point to any of them.
fn pointing(dialect: Dialect, include: &Include, matches: &[Match], visibility: &Visibility) -> Option<Statement> {
    let mut to: Vec<&Key> = matches.iter().map(|(_, key)| key).collect();
    to.retain(|key| include.target.as_deref().is_none_or(|target| is_of(&key.resource_type, target)));
    to.sort();
    if to.is_empty() {
        return None;
    }
    let mut sql = Builder::new(dialect);
    sql.put("SELECT DISTINCT s.rid FROM ix_reference x CROSS JOIN resource s WHERE ");
    match include.param {
        Some(param) => sql.put("x.param = ").bind(param.id.0),
        None => sql.among("x.param", reference_params(&include.source)),
    };
    sql.put(" AND (");
    for (at, group) in to.chunk_by(|a, b| a.resource_type == b.resource_type).enumerate() {
        sql.put(if at > 0 { " OR " } else { "" });
        sql.with("(x.target_type = ? AND ", [(&group[0].resource_type).into()]);
        sql.among("x.target_id", padded(group.iter().map(|key| key.id.as_str()).collect())).put(")");
    }
    sql.put(") AND s.rid = x.rid AND ");
    let types = if include.source == "*" { &[][..] } else { std::slice::from_ref(&include.source) };
    live(&mut sql, "s", types, visibility);
    sql.put(" LIMIT ").bind(INCLUDED + matches.len() + 1);
    Some(sql.finish())
}

fn reference_params(source: &str) -> Vec<u32> {
    let of_source = |kind: &str| is_of(kind, source) || kind == "Resource";
    let params = registry().iter().filter(|param| param.kind == ParamType::Reference && of_source(param.resource_type));
    params.map(|param| param.id.0).collect()
}

/// Repeats the last value up to a power of two, so that few different texts are prepared.
pub(super) fn padded<T: Copy>(mut values: Vec<T>) -> Vec<T> {
    if let Some(last) = values.last().copied() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}
