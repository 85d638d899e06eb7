//! Private records: credentials, sessions, tokens, keys, idempotency keys, leases. They are never
//! in history, feed, export or FHIR; backup and check cover them.

use crate::conn::Conn;
use crate::sql::{Row, Statement, params};
use crate::{Store, StoreError};

const COLUMNS: &str = "SELECT kind, key, value, version, owner, expires FROM private WHERE kind = ";

/// A private record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Private {
    /// What it is: `session`, `credential`, …
    pub kind: String,
    /// Its key within the kind.
    pub key: String,
    /// Its content, opaque here.
    pub value: Vec<u8>,
    /// Counts the writes, from 1.
    pub version: u64,
    /// A second key to look it up by.
    pub owner: Option<String>,
    /// When it ends, microseconds; ended ones are not given back.
    pub expires: Option<i64>,
}

/// A write of a private record.
#[derive(Clone, Debug)]
pub struct PrivateWrite {
    /// What it is.
    pub kind: &'static str,
    /// Its key within the kind.
    pub key: String,
    /// What must hold.
    pub expect: PrivateExpect,
    /// The content; `None` deletes.
    pub value: Option<Vec<u8>>,
    /// A second key to look it up by.
    pub owner: Option<String>,
    /// When it ends, microseconds.
    pub expires: Option<i64>,
}

/// What must hold for a private record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateExpect {
    /// Nothing.
    Any,
    /// It is not there, or has ended.
    Absent,
    /// This is its version.
    Version(u64),
}

impl Store {
    /// One record, unless it has ended.
    pub async fn private(&self, kind: &str, key: &str) -> Result<Option<Private>, StoreError> {
        let mut query = Statement::new(COLUMNS);
        query.bind(kind).push(" AND key = ").bind(key);
        Ok(self.privates(query).await?.pop())
    }

    /// All records of an owner.
    pub async fn private_by_owner(&self, kind: &str, owner: &str) -> Result<Vec<Private>, StoreError> {
        let mut query = Statement::new(COLUMNS);
        query.bind(kind).push(" AND owner = ").bind(owner).push(" ORDER BY key");
        self.privates(query).await
    }

    /// Records of a kind in the order of their keys.
    pub async fn private_all(&self, kind: &str, after: Option<&str>, limit: usize) -> Result<Vec<Private>, StoreError> {
        let mut query = Statement::new(COLUMNS);
        query.bind(kind).push(" AND key > ").bind(after.unwrap_or_default());
        let now_us = self.clock().now().as_microsecond();
        query.push(" AND (expires IS NULL OR expires > ").bind(now_us).push(") ORDER BY key LIMIT ").bind(limit);
        self.privates(query).await
    }

    /// Writes without waiting for the disk: for a session's "last seen" only.
    pub async fn private_relaxed(&self, write: PrivateWrite) -> Result<(), StoreError> {
        self.writer().run_relaxed(move |tx| put(tx.conn, write, tx.now_us)).await
    }

    async fn privates(&self, query: Statement) -> Result<Vec<Private>, StoreError> {
        let now_us = self.clock().now().as_microsecond();
        let read = move |conn: &mut Conn| {
            let found: Result<Vec<Private>, _> = conn.query(&query)?.iter_mut().map(private).collect();
            Ok(found?.into_iter().filter(|record| !ended(record, now_us)).collect())
        };
        self.readers().run(read).await
    }
}

fn ended(record: &Private, now_us: i64) -> bool {
    record.expires.is_some_and(|at| at <= now_us)
}

fn private(row: &mut Row) -> Result<Private, StoreError> {
    Ok(Private {
        kind: row.text(0)?,
        key: row.text(1)?,
        value: row.bytes(2)?.into(),
        version: row.count(3)?,
        owner: row.opt_text(4)?,
        expires: row.opt_int(5)?,
    })
}

/// Writes one record, inside the writer's transaction. One that has ended counts as absent.
pub(crate) fn put(conn: &mut Conn, write: PrivateWrite, now_us: i64) -> Result<(), StoreError> {
    let PrivateWrite { kind, key, expect, value, owner, expires } = write;
    let mut query = Statement::new(COLUMNS);
    query.bind(kind).push(" AND key = ").bind(&key);
    let found = conn.query(&query)?.first_mut().map(private).transpose()?;
    let live = found.as_ref().filter(|record| !ended(record, now_us));
    let holds = match expect {
        PrivateExpect::Any => true,
        PrivateExpect::Absent => live.is_none(),
        PrivateExpect::Version(version) => live.is_some_and(|record| record.version == version),
    };
    if !holds {
        return Err(StoreError::PrivateConflict { kind: kind.to_owned(), key });
    }
    let Some(value) = value else {
        return conn.exec("DELETE FROM private WHERE kind = ? AND key = ?", &params![kind, key]).map(|_| ());
    };
    let version = live.map_or(1, |record| record.version + 1);
    let upsert = "INSERT INTO private (kind, key, value, version, owner, expires) VALUES (?,?,?,?,?,?) \
                  ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, version = excluded.version, \
                  owner = excluded.owner, expires = excluded.expires";
    conn.exec(upsert, &params![kind, key, value, version, owner, expires]).map(|_| ())
}

/// Removes the records that have ended.
pub(crate) fn sweep(conn: &mut Conn, now_us: i64) -> Result<(), StoreError> {
    conn.exec("DELETE FROM private WHERE expires <= ?", &params![now_us]).map(|_| ())
}
