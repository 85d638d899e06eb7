//! A [`Commit`] in two halves: what needs no database (parse, index rows, facts) is prepared by
//! the caller; what must be serialised (expectations, versions, sequence, hash) is done by the writer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fhir::json::Stamp;

use crate::index::{Rows, deletes};
use crate::log::{Entry, time};
use crate::search::matches_in;
use crate::sql::{Sql, Statement, params};
use crate::writer::Tx;
use crate::{Change, Commit, Committed, Expect, Key, Method, NewJob, PrivateWrite, Projector, StoreError, Stored};
use crate::{Write, jobs, private};

/// How long the search of a conditional create may take.
const CONDITION: Duration = Duration::from_secs(3);

/// A commit that only needs the database.
pub(crate) struct Prepared {
    author: String,
    changes: Vec<Ready>,
    jobs: Vec<NewJob>,
    private: Vec<PrivateWrite>,
}

struct Ready {
    key: Key,
    expect: Expect,
    put: Option<(Arc<[u8]>, Rows)>,
}

/// Parses what is to be written and computes its rows.
pub(crate) fn prepare(commit: Commit, projector: &dyn Projector) -> Result<Prepared, StoreError> {
    let Commit { author, changes, jobs, private } = commit;
    let changes = changes.into_iter().map(|change| ready(change, projector)).collect::<Result<_, _>>()?;
    Ok(Prepared { author, changes, jobs, private })
}

fn ready(Change { key, expect, write }: Change, projector: &dyn Projector) -> Result<Ready, StoreError> {
    let type_named = !key.resource_type.is_empty() && key.resource_type.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !type_named || key.resource_type.len() > 64 || !fhir::is_id(&key.id) {
        return Err(StoreError::Invalid { key, problem: "this is no resource type and id".to_owned() });
    }
    let put = match write {
        Write::Delete => None,
        Write::Put(body) => {
            let mut value = match fhir::json::parse(&body) {
                Ok(value) if value.as_object().is_some() => value,
                Ok(_) => return Err(StoreError::Invalid { key, problem: "it is no JSON object".to_owned() }),
                Err(error) => return Err(StoreError::Invalid { key, problem: error.to_string() }),
            };
            if value.resource_type().is_some_and(|found| found != key.resource_type) {
                return Err(StoreError::Invalid { key, problem: "resourceType is another".to_owned() });
            }
            value.set("id", key.id.as_str());
            Some((body, Rows::of(&value, projector)))
        }
    };
    Ok(Ready { key, expect, put })
}

/// Writes it, inside the writer's transaction.
pub(crate) fn apply(tx: &mut Tx<'_>, prepared: Prepared) -> Result<Committed, StoreError> {
    let Prepared { author, changes, jobs, private } = prepared;
    let time_us = tx.now_us.max(tx.tail.time_us);
    let mut stored = Vec::with_capacity(changes.len());
    for change in changes {
        stored.push(write(tx, &author, time_us, change)?);
    }
    for job in &jobs {
        jobs::add(tx.conn, job)?;
    }
    for write in private {
        private::put(tx.conn, write, tx.now_us)?;
    }
    Ok(Committed { time: time(time_us)?, stored })
}

/// The current row of a resource.
struct Current {
    rid: u64,
    version: u64,
    deleted: bool,
    views: i64,
}

fn write(tx: &mut Tx<'_>, author: &str, time_us: i64, change: Ready) -> Result<Stored, StoreError> {
    let Ready { key, expect, put } = change;
    let find = "SELECT rid, version, deleted, views FROM resource WHERE type = ? AND id = ?";
    let row = tx.conn.row(find, &params![&key.resource_type, &key.id])?;
    let current = match &row {
        Some(row) => {
            let (rid, version) = (row.count(0)?, row.count(1)?);
            Some(Current { rid, version, deleted: row.int(2)? != 0, views: row.int(3)? })
        }
        None => None,
    };
    expected(tx, &key, &expect, current.as_ref(), put.is_none())?;
    let live = current.as_ref().is_some_and(|row| !row.deleted);
    let method = match (&put, live) {
        (None, _) => Method::Delete,
        (Some(_), true) => Method::Update,
        (Some(_), false) => Method::Create,
    };
    let version = current.as_ref().map_or(1, |row| row.version + 1);
    let last_updated = time(time_us)?;
    let instant = format!("{last_updated:.6}");
    let stamp = Stamp { id: &key.id, version, last_updated: &instant };
    let body = put.as_ref().map_or_else(Bytes::new, |(body, _)| fhir::json::stamp(body, stamp).into());
    tx.tail.append(&Entry { time_us, author, key: &key, version, method, body: &body });
    let stored = Stored {
        version,
        seq: tx.tail.seq,
        last_updated,
        deleted: put.is_none(),
        method,
        author: author.to_owned(),
        body,
        key,
    };
    let mut statements = vec![log_row(&stored, &tx.tail.hash)];
    let rid = current.as_ref().map_or(stored.seq, |row| row.rid);
    deletes(current.as_ref().map_or(0, |row| row.views), rid, &mut statements);
    resource_rows(&stored, rid, put.as_ref().map(|(_, rows)| rows), current.is_none(), &mut statements);
    tx.conn.exec_all(&statements)?;
    Ok(stored)
}

fn expected(
    tx: &mut Tx<'_>,
    key: &Key,
    expect: &Expect,
    current: Option<&Current>,
    delete: bool,
) -> Result<(), StoreError> {
    let live = current.filter(|row| !row.deleted);
    if delete && live.is_none() {
        let key = key.clone();
        return Err(if current.is_some() { StoreError::Gone { key } } else { StoreError::NotFound { key } });
    }
    match expect {
        Expect::Any => Ok(()),
        Expect::Version(version) if live.is_some_and(|row| row.version == *version) => Ok(()),
        Expect::Version(version) => {
            Err(StoreError::Stale { key: key.clone(), expected: *version, found: live.map(|row| row.version) })
        }
        Expect::Absent if live.is_none() => Ok(()),
        Expect::Absent => Err(StoreError::Exists { key: key.clone(), matches: vec![key.clone()] }),
        Expect::Unmatched(query, visibility) => {
            // Every writer waits meanwhile.
            let mut matches = tx.conn.limited(CONDITION, |conn| matches_in(conn, query, visibility, 2))?;
            if matches.is_empty() && live.is_some() {
                matches.push(key.clone());
            }
            if matches.is_empty() { Ok(()) } else { Err(StoreError::Exists { key: key.clone(), matches }) }
        }
    }
}

/// The statement that appends to the log.
pub(crate) fn log_row(stored: &Stored, hash: &[u8; 32]) -> Statement {
    let mut statement =
        Statement::new("INSERT INTO log (seq, time_us, author, type, id, version, method, hash, body) VALUES ");
    statement.bind_list([
        Sql::from(stored.seq),
        stored.last_updated.as_microsecond().into(),
        (&stored.author).into(),
        (&stored.key.resource_type).into(),
        (&stored.key.id).into(),
        stored.version.into(),
        stored.method.code().into(),
        hash.to_vec().into(),
        stored.body.clone().into(),
    ]);
    statement
}

/// The statements that bring `resource` and the views to this version; a deletion keeps the facts
/// of the last live version, which decide who may know that it is gone.
pub(crate) fn resource_rows(stored: &Stored, rid: u64, rows: Option<&Rows>, first: bool, into: &mut Vec<Statement>) {
    let place = [stored.version.into(), stored.seq.into(), stored.last_updated.as_microsecond().into()];
    let state = [Sql::Int(stored.deleted.into()), Sql::Int(rows.map_or(0, Rows::views))];
    let facts = rows.map(|rows| [(&rows.custodian).into(), (&rows.patient).into(), Sql::from(rows.labels)]);
    let mut statement = Statement::default();
    if first {
        let facts = facts.unwrap_or([Sql::Null, Sql::Null, Sql::Int(0)]);
        let key = [rid.into(), (&stored.key.resource_type).into(), (&stored.key.id).into()];
        statement.push(
            "INSERT INTO resource (rid, type, id, version, seq, updated_us, deleted, views, custodian, patient, labels) \
             VALUES ",
        );
        statement.bind_list(key.into_iter().chain(place).chain(state).chain(facts));
    } else {
        statement.text = "UPDATE resource SET version = ?, seq = ?, updated_us = ?, deleted = ?, views = ?".to_owned();
        statement.params.extend(place.into_iter().chain(state));
        if let Some(facts) = facts {
            statement.push(", custodian = ?, patient = ?, labels = ?");
            statement.params.extend(facts);
        }
        statement.push(" WHERE rid = ").bind(rid);
    }
    into.push(statement);
    if let Some(rows) = rows {
        rows.inserts(rid, into);
    }
}
