//! Makes the views anew from the log, a few resources at a time, each batch in the serialised
//! transaction: whatever is written meanwhile is either seen by a later batch or made of the same.

use crate::commit::resource_rows;
use crate::conn::Conn;
use crate::index::{EVERY_VIEW, Rows, deletes};
use crate::log::{STORED, stored};
use crate::schema::{self, INDEX_VERSION, VIEWS};
use crate::sql::{Statement, params};
use crate::{Key, Projector, StoreError, Stored};

const BATCH: usize = 64;

/// Rebuilds the resources whose first version comes after `after`; gives how many, and the last
/// one's place. None is the end.
pub(crate) fn batch(conn: &mut Conn, after: u64, projector: &dyn Projector) -> Result<Option<(u64, u64)>, StoreError> {
    let firsts = "SELECT seq, type, id FROM log WHERE version = 1 AND seq > ? ORDER BY seq LIMIT ?";
    let mut last = None;
    let mut count = 0;
    for mut row in conn.rows(firsts, &params![after, BATCH])? {
        let (rid, key) = (row.count(0)?, Key { resource_type: row.text(1)?, id: row.text(2)? });
        resource(conn, rid, &key, projector)?;
        last = Some(rid);
        count += 1;
    }
    Ok(last.map(|rid| (count, rid)))
}

fn resource(conn: &mut Conn, rid: u64, key: &Key, projector: &dyn Projector) -> Result<(), StoreError> {
    const DAMAGED: StoreError = StoreError::Damaged("a resource's text can't be read");
    let Some(current) = version(conn, key, "1 = 1")? else { return Ok(()) };
    let live = if current.deleted { version(conn, key, "l.method <> 2")? } else { Some(current.clone()) };
    let rows = match live {
        Some(live) => Some(Rows::of(&fhir::json::parse_kept(&live.body).map_err(|_| DAMAGED)?, projector)),
        None => None,
    };
    let mut statements = Vec::new();
    deletes(EVERY_VIEW, rid, &mut statements);
    let mut forget = Statement::new("DELETE FROM resource WHERE rid = ");
    forget.bind(rid).push(" OR (type = ").bind(&key.resource_type).push(" AND id = ").bind(&key.id).push(")");
    statements.push(forget);
    resource_rows(&current, rid, rows.as_ref().filter(|_| !current.deleted), true, &mut statements);
    if let Some(rows) = rows.filter(|_| current.deleted) {
        let mut facts = Statement::new("UPDATE resource SET custodian = ");
        facts.bind(&rows.custodian).push(", patient = ").bind(&rows.patient).push(", labels = ").bind(rows.labels);
        facts.push(" WHERE rid = ").bind(rid);
        statements.push(facts);
    }
    conn.exec_all(&statements)
}

fn version(conn: &mut Conn, key: &Key, which: &str) -> Result<Option<Stored>, StoreError> {
    let query =
        format!("SELECT {STORED} FROM log l WHERE l.type = ? AND l.id = ? AND {which} ORDER BY l.version DESC LIMIT 1");
    conn.row(&query, &params![&key.resource_type, &key.id])?.map(|mut row| stored(&mut row)).transpose()
}

/// Removes what no entry of the log gives, and notes by which rules the views were made.
pub(crate) fn finish(conn: &mut Conn, projector_version: u32) -> Result<(), StoreError> {
    let stray = "DELETE FROM resource WHERE NOT EXISTS \
                 (SELECT 1 FROM log l WHERE l.seq = resource.rid AND l.version = 1)";
    conn.exec(stray, &[])?;
    for view in VIEWS {
        let stray =
            format!("DELETE FROM {0} WHERE NOT EXISTS (SELECT 1 FROM resource r WHERE r.rid = {0}.rid)", view.name);
        conn.exec(&stray, &[])?;
    }
    schema::put_meta(conn, "projector", &projector_version.to_string())?;
    schema::put_meta(conn, "index", &INDEX_VERSION.to_string())
}

/// Which views were made by other rules than this program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outdated {
    Nothing,
    /// Only what searches look in.
    Index,
    /// Who may see what.
    Facts,
}

/// By which rules the views were made.
pub(crate) fn outdated(conn: &mut Conn, projector_version: u32) -> Result<Outdated, StoreError> {
    let facts = schema::meta(conn, "projector")? == Some(projector_version.to_string());
    let index = schema::meta(conn, "index")? == Some(INDEX_VERSION.to_string());
    Ok(match (facts, index) {
        (true, true) => Outdated::Nothing,
        (true, false) => Outdated::Index,
        (false, _) => Outdated::Facts,
    })
}
