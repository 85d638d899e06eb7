//! SQLite: one file, WAL, `synchronous=FULL`. Waiting for another process is done here.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};

use crate::StoreError;
use crate::sql::{Row, Sql};

/// How long a lock of another process is waited for before [`StoreError::Busy`].
const PATIENCE_MS: u64 = 60_000;
const STATEMENTS: usize = 256;
/// How many steps of its machine SQLite takes between two looks at the clock.
const STEPS: std::ffi::c_int = 20_000;

pub(crate) struct Conn {
    inner: Connection,
    durable: bool,
}

impl Conn {
    /// Opens the file, making it (mode 0600) where there is none.
    pub(crate) fn open(path: &Path, write: bool) -> Result<Self, StoreError> {
        if write {
            let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
            made.map_err(|error| StoreError::file("making the database file", error))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut inner = Connection::open_with_flags(path, flags).map_err(|error| failed("opening the file", &error))?;
        inner.busy_handler(Some(wait)).map_err(|error| failed("opening the file", &error))?;
        inner.set_prepared_statement_cache_capacity(STATEMENTS);
        inner
            .execute_batch("PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000;")
            .map_err(|error| failed("opening the file", &error))?;
        if write {
            wal(&inner)?;
            inner
                .execute_batch("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=2000;")
                .map_err(|error| failed("opening the file", &error))?;
        } else {
            inner.execute_batch("PRAGMA query_only=ON").map_err(|error| failed("opening the file", &error))?;
        }
        Ok(Self { inner, durable: true })
    }

    pub(crate) fn exec(&mut self, sql: &str, params: &[Sql]) -> Result<u64, StoreError> {
        let run = || self.inner.prepare_cached(sql)?.execute(params_from_iter(params));
        run().map(|count| count as u64).map_err(|error| failed("changing rows", &error))
    }

    pub(crate) fn rows(&mut self, sql: &str, params: &[Sql]) -> Result<Vec<Row>, StoreError> {
        let run = || {
            let mut statement = self.inner.prepare_cached(sql)?;
            let width = statement.column_count();
            let mut rows = statement.query(params_from_iter(params))?;
            let mut answer = Vec::new();
            while let Some(row) = rows.next()? {
                let values: Result<Vec<Sql>, _> = (0..width).map(|at| row.get_ref(at).map(read)).collect();
                answer.push(Row(values?));
            }
            Ok(answer)
        };
        run().map_err(|error: rusqlite::Error| failed("reading rows", &error))
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.inner.execute_batch(sql).map_err(|error| failed("running a batch", &error))
    }

    /// Takes the write lock at once: a transaction that began as a reader could not become a writer.
    pub(crate) fn begin(&mut self, durable: bool) -> Result<(), StoreError> {
        if durable != self.durable {
            self.batch(if durable { "PRAGMA synchronous=FULL" } else { "PRAGMA synchronous=NORMAL" })?;
            self.durable = durable;
        }
        self.batch("BEGIN IMMEDIATE")
    }

    /// Ends what runs longer than this from now on; `None` lets it run.
    pub(crate) fn limit(&mut self, limit: Option<Duration>) -> Result<(), StoreError> {
        let end = limit.map(|limit| Instant::now() + limit);
        let over = end.map(|end| move || Instant::now() > end);
        self.inner.progress_handler(STEPS, over).map_err(|error| failed("setting a limit", &error))
    }

    /// SQLite ends a transaction by itself after some faults.
    pub(crate) fn rollback(&mut self) -> Result<(), StoreError> {
        if self.inner.is_autocommit() { Ok(()) } else { self.batch("ROLLBACK") }
    }
}

fn wait(tries: i32) -> bool {
    let tries = u64::try_from(tries).unwrap_or(0);
    std::thread::sleep(Duration::from_millis(if tries < 200 { 1 } else { 5 }));
    tries.saturating_sub(160) * 5 < PATIENCE_MS
}

/// Switching to WAL asks for the whole file and does not call the busy handler.
fn wal(inner: &Connection) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        let mode: Result<String, _> = inner.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0));
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => return Err(StoreError::Fault("this file system can't hold a write-ahead log")),
            Err(error) if failed("", &error) == StoreError::Busy && wait(tries) => tries += 1,
            Err(error) => return Err(failed("opening the file", &error)),
        }
    }
}

impl ToSql for Sql {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Sql::Null => ValueRef::Null,
            Sql::Int(number) => ValueRef::Integer(*number),
            Sql::Real(number) => ValueRef::Real(*number),
            Sql::Text(text) => ValueRef::Text(text.as_bytes()),
            Sql::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn read(value: ValueRef<'_>) -> Sql {
    match value {
        ValueRef::Null => Sql::Null,
        ValueRef::Integer(number) => Sql::Int(number),
        ValueRef::Real(number) => Sql::Real(number),
        ValueRef::Text(text) => Sql::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Sql::Bytes(bytes.to_vec().into()),
    }
}

fn failed(doing: &'static str, error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase, OperationInterrupted};
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => StoreError::Busy,
        Some(OperationInterrupted) => StoreError::TooLong,
        Some(DatabaseCorrupt | NotADatabase) => StoreError::Damaged("the database file is corrupt"),
        _ => StoreError::Database { doing, problem: error.to_string() },
    }
}
