//! Filters as SQL, in two forms: a *probe* asks whether one row of `resource` satisfies a filter, a
//! *set* lists the rows that do. Which filter is written as a set, so that the search starts from
//! its index, is decided in `plan.rs`.
//!
//! Invariant: every row of `resource` that a filter looks at, also behind a chain or `_has`, is live
//! and visible to the caller.

use fhir::search::{Condition, Filter, Modifier, ParamType, SearchParam};

use super::sql::Builder;
use super::value::{self, About};
use crate::index::cut;
use crate::{StoreError, Visibility};

/// More alternatives than this for one parameter are refused: the text would outgrow the database.
const ALTERNATIVES: usize = 400;

/// Appends the condition that a row is live, of one of the types (none: any) and visible.
pub(super) fn live(sql: &mut Builder, row: &str, types: &[String], visibility: &Visibility) {
    sql.put(&format!("{row}.deleted = 0"));
    if !types.is_empty() {
        sql.put(" AND ").among(&format!("{row}.type"), types);
    }
    if *visibility != Visibility::All {
        sql.put(" AND ");
        sql.visible(row, visibility);
    }
}

/// Appends the condition that a row satisfies the filter.
pub(super) fn probe(sql: &mut Builder, row: &str, filter: &Filter, visibility: &Visibility) -> Result<(), StoreError> {
    match filter {
        Filter::Param { param, modifier, any } => {
            let index = sql.alias('x');
            let table = table_of(any)?;
            let not = if *modifier == Modifier::Not { "NOT " } else { "" };
            sql.put(&format!("{not}EXISTS (SELECT 1 FROM {table} {index} WHERE {index}.rid = {row}.rid AND "));
            has_value(sql, &index, param, *modifier, any)?;
            sql.put(")");
        }
        Filter::Missing { param, missing } => absent(sql, row, param, *missing)?,
        Filter::Chain { param, target, filter } => {
            let (index, to) = (sql.alias('x'), sql.alias('t'));
            sql.with(
                &format!(
                    "EXISTS (SELECT 1 FROM ix_reference {index} CROSS JOIN resource {to} WHERE {index}.rid = {row}.rid \
                     AND {index}.param = ? AND {index}.target_type = ? \
                     AND {to}.type = {index}.target_type AND {to}.id = {index}.target_id AND "
                ),
                [param.id.0.into(), target.into()],
            );
            live(sql, &to, &[], visibility);
            sql.put(" AND ");
            probe(sql, &to, filter, visibility)?;
            sql.put(")");
        }
        Filter::Has { source, param, filter } => {
            let (index, from) = (sql.alias('x'), sql.alias('s'));
            sql.with(
                &format!(
                    "EXISTS (SELECT 1 FROM ix_reference {index} CROSS JOIN resource {from} WHERE {index}.param = ? \
                     AND {index}.target_type = {row}.type AND {index}.target_id = {row}.id \
                     AND {from}.rid = {index}.rid AND "
                ),
                [param.id.0.into()],
            );
            live(sql, &from, std::slice::from_ref(source), visibility);
            sql.put(" AND ");
            probe(sql, &from, filter, visibility)?;
            sql.put(")");
        }
        Filter::Id(ids) => {
            sql.among(&format!("{row}.id"), ids.iter().map(|id| cut(id)));
        }
        Filter::LastUpdated(any) => updated(sql, row, any)?,
    }
    Ok(())
}

/// The filter that decides how many rows a set has: the innermost one, with the type it speaks about.
pub(super) fn innermost<'a>(filter: &'a Filter, types: &'a [String]) -> (&'a Filter, &'a [String]) {
    match filter {
        Filter::Chain { target, filter, .. } => innermost(filter, std::slice::from_ref(target)),
        Filter::Has { source, filter, .. } => innermost(filter, std::slice::from_ref(source)),
        _ => (filter, types),
    }
}

/// Whether the filter can be written as a set.
pub(super) fn has_set(filter: &Filter) -> bool {
    match innermost(filter, &[]).0 {
        Filter::Param { modifier, .. } => *modifier != Modifier::Not,
        Filter::Id(_) | Filter::LastUpdated(_) => true,
        _ => false,
    }
}

/// Appends a query whose only column is the `rid` of the rows of these types that satisfy the
/// filter (perhaps more than once; the types and whether they are visible is still to be asked).
pub(super) fn set(
    sql: &mut Builder,
    types: &[String],
    filter: &Filter,
    visibility: &Visibility,
) -> Result<(), StoreError> {
    match filter {
        Filter::Param { param, modifier, any } => {
            let table = table_of(any)?;
            sql.joined(" UNION ALL ", any, |sql, condition| {
                let index = sql.alias('x');
                sql.put(&format!("SELECT {index}.rid FROM {table} {index} WHERE "));
                has_value(sql, &index, param, *modifier, std::slice::from_ref(condition))
            })?;
        }
        Filter::Chain { param, target, filter } => {
            let (index, to) = (sql.alias('x'), sql.alias('t'));
            sql.put(&format!("SELECT {index}.rid FROM resource {to} CROSS JOIN ix_reference {index} WHERE "));
            member(sql, &to, std::slice::from_ref(target), filter, visibility)?;
            sql.with(
                &format!(" AND {index}.param = ? AND {index}.target_type = {to}.type AND {index}.target_id = {to}.id"),
                [param.id.0.into()],
            );
        }
        Filter::Has { source, param, filter } => {
            let (index, from, to) = (sql.alias('x'), sql.alias('s'), sql.alias('t'));
            sql.put(&format!(
                "SELECT {to}.rid FROM resource {from} CROSS JOIN ix_reference {index} CROSS JOIN resource {to} WHERE "
            ));
            member(sql, &from, std::slice::from_ref(source), filter, visibility)?;
            sql.with(
                &format!(
                    " AND {index}.rid = {from}.rid AND {index}.param = ? \
                     AND {to}.type = {index}.target_type AND {to}.id = {index}.target_id"
                ),
                [param.id.0.into()],
            );
        }
        Filter::Id(_) | Filter::LastUpdated(_) => {
            let row = sql.alias('i');
            sql.put(&format!("SELECT {row}.rid FROM resource {row} WHERE "));
            live(sql, &row, types, &Visibility::All);
            sql.put(" AND ");
            probe(sql, &row, filter, visibility)?;
        }
        Filter::Missing { .. } => return Err(StoreError::Fault("a filter without a set was asked for one")),
    }
    Ok(())
}

/// Appends: the row is live and visible, and in the filter's set.
fn member(
    sql: &mut Builder,
    row: &str,
    types: &[String],
    filter: &Filter,
    visibility: &Visibility,
) -> Result<(), StoreError> {
    sql.put(&format!("{row}.rid IN ("));
    set(sql, types, filter, visibility)?;
    sql.put(") AND ");
    live(sql, row, types, visibility);
    Ok(())
}

fn table_of(any: &[Condition]) -> Result<&'static str, StoreError> {
    let first = any.first().ok_or(StoreError::Search("a parameter needs a value"))?;
    let table = value::table(first);
    if any.iter().any(|condition| value::table(condition) != table) {
        return Err(StoreError::Search("the values of a parameter must be of one kind"));
    }
    if any.len() > ALTERNATIVES {
        return Err(StoreError::Search("a parameter takes at most 400 alternatives"));
    }
    Ok(table)
}

/// Appends the condition that a row of an index table belongs to the parameter and has one of the values.
fn has_value(
    sql: &mut Builder,
    index: &str,
    param: &SearchParam,
    modifier: Modifier,
    any: &[Condition],
) -> Result<(), StoreError> {
    let about = About { modifier, targets: &param.targets };
    sql.with(&format!("{index}.param = ? AND ("), [param.id.0.into()]);
    sql.joined(" OR ", any, |sql, condition| value::holds(sql, index, &about, condition))?.put(")");
    Ok(())
}

/// `:missing`. A code given as text alone has no token but a text, a reference by identifier alone
/// no reference but a token: both are there.
fn absent(sql: &mut Builder, row: &str, param: &SearchParam, missing: bool) -> Result<(), StoreError> {
    let tables: &[&str] = match param.kind {
        ParamType::String => &["ix_string"],
        ParamType::Token => &["ix_token", "ix_string"],
        ParamType::Reference => &["ix_reference", "ix_token"],
        ParamType::Date => &["ix_date"],
        ParamType::Number => &["ix_number"],
        ParamType::Quantity => &["ix_quantity"],
        ParamType::Uri => &["ix_uri"],
        ParamType::Composite => &["ix_composite"],
        ParamType::Special => return Err(StoreError::Search("a special parameter has no :missing")),
    };
    sql.put(if missing { "NOT (" } else { "(" });
    sql.joined(" OR ", tables, |sql, table| {
        let index = sql.alias('x');
        sql.with(
            &format!("EXISTS (SELECT 1 FROM {table} {index} WHERE {index}.rid = {row}.rid AND {index}.param = ?)"),
            [param.id.0.into()],
        );
        Ok::<(), StoreError>(())
    })?
    .put(")");
    Ok(())
}

fn updated(sql: &mut Builder, row: &str, any: &[Condition]) -> Result<(), StoreError> {
    let column = format!("{row}.updated_us");
    sql.put("(");
    sql.joined(" OR ", any, |sql, condition| {
        let Condition::Date { comparator, start, end } = condition else {
            return Err(StoreError::Search("_lastUpdated takes dates"));
        };
        value::instant(sql, &column, *comparator, (*start, *end));
        Ok(())
    })?
    .put(")");
    Ok(())
}
