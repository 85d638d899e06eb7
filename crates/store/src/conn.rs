//! One synchronous connection over both back ends, so that everything above is written once.
//! It belongs to one thread at a time; what blocks here blocks that thread, never a runtime's worker.

mod postgres;
mod sqlite;

use std::sync::Arc;
use std::time::Duration;

use crate::sql::{Dialect, Row, Sql, Statement};
use crate::{Location, StoreError};

pub(crate) use postgres::Runtime;

/// Opens connections to one database.
#[derive(Clone)]
pub(crate) enum Opener {
    /// A file.
    Sqlite(std::path::PathBuf),
    /// A server; its connections live on a runtime of the store's own.
    Postgres(Arc<Runtime>, String),
}

impl Opener {
    /// The main database of a place.
    pub(crate) fn of(location: &Location) -> Result<Self, StoreError> {
        Ok(match location {
            Location::Directory(folder) => Self::Sqlite(folder.join("tejido.db")),
            Location::Postgres { url, .. } => Self::Postgres(Arc::new(Runtime::start()?), url.clone()),
        })
    }

    /// The database of the audit chain: a file of its own, or tables beside the others.
    pub(crate) fn audit(&self) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(path.with_file_name("audit.db")),
            Self::Postgres(..) => self.clone(),
        }
    }

    /// Opens a connection that writes.
    pub(crate) fn writer(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Sqlite(path) => Ok(Conn::Sqlite(sqlite::Conn::open(path, true)?)),
            Self::Postgres(runtime, url) => Ok(Conn::Postgres(postgres::Conn::open(runtime, url)?)),
        }
    }

    /// Opens a connection that only reads.
    pub(crate) fn reader(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Sqlite(path) => Ok(Conn::Sqlite(sqlite::Conn::open(path, false)?)),
            Self::Postgres(..) => self.writer(),
        }
    }
}

/// A connection.
pub(crate) enum Conn {
    Sqlite(sqlite::Conn),
    Postgres(postgres::Conn),
}

impl Conn {
    /// Which SQL it speaks.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; gives how many rows it changed.
    pub(crate) fn exec(&mut self, sql: &str, params: &[Sql]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(conn) => conn.exec(sql, params),
            Self::Postgres(conn) => conn.exec(sql, params),
        }
    }

    /// Runs statements in order; over a network without waiting for each answer.
    pub(crate) fn exec_all(&mut self, statements: &[Statement]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => statements.iter().try_for_each(|one| conn.exec(&one.text, &one.params).map(|_| ())),
            Self::Postgres(conn) => conn.exec_all(statements),
        }
    }

    /// Runs a query; gives all its rows.
    pub(crate) fn rows(&mut self, sql: &str, params: &[Sql]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(conn) => conn.rows(sql, params),
            Self::Postgres(conn) => conn.rows(sql, params),
        }
    }

    /// Runs a query; gives its first row.
    pub(crate) fn row(&mut self, sql: &str, params: &[Sql]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }

    /// Runs a written query.
    pub(crate) fn query(&mut self, statement: &Statement) -> Result<Vec<Row>, StoreError> {
        self.rows(&statement.text, &statement.params)
    }

    /// Holds the database, in this transaction, against everybody else who works with it.
    ///
    /// # Errors
    /// `InUse`.
    pub(crate) fn alone(&mut self) -> Result<(), StoreError> {
        match self {
            // The folder has a file for this.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => conn.alone(),
        }
    }

    /// Runs statements without parameters, parted by `;`.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => conn.batch(sql),
            Self::Postgres(conn) => conn.batch(sql),
        }
    }

    /// Begins a transaction that writes. When it is durable, `commit` returns only after the disk
    /// has it; otherwise the next durable one carries it along.
    pub(crate) fn begin(&mut self, durable: bool) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => conn.begin(durable),
            Self::Postgres(conn) if durable => conn.batch("BEGIN"),
            Self::Postgres(conn) => conn.batch("BEGIN; SET LOCAL synchronous_commit = off"),
        }
    }

    /// Ends the transaction.
    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        self.batch("COMMIT")
    }

    /// Undoes the transaction, if one is open.
    pub(crate) fn rollback(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => conn.rollback(),
            Self::Postgres(conn) => conn.batch("ROLLBACK"),
        }
    }

    /// Runs reads that end with [`StoreError::TooLong`] once they have taken this long; inside a
    /// transaction, which a failed read leaves to be rolled back.
    pub(crate) fn limited<T>(
        &mut self,
        limit: Duration,
        read: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.limit(Some(limit))?;
        let answer = read(self);
        let lifted = match (self.dialect(), &answer) {
            // The rollback lifts it.
            (Dialect::Postgres, Err(_)) => Ok(()),
            _ => self.limit(None),
        };
        let answer = answer?;
        lifted.map(|()| answer)
    }

    fn limit(&mut self, limit: Option<Duration>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => conn.limit(limit),
            Self::Postgres(conn) => {
                let limit = limit.map_or(0, |limit| limit.as_millis());
                conn.batch(&format!("SET LOCAL statement_timeout = {limit}"))
            }
        }
    }

    /// Runs reads that all see the same state of the database.
    pub(crate) fn snapshot<T>(
        &mut self,
        read: impl FnOnce(&mut Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.batch(match self.dialect() {
            Dialect::Sqlite => "BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })?;
        let answer = read(self);
        let ended = self.rollback();
        let answer = answer?;
        ended.map(|()| answer)
    }

    /// Whether the other side is gone for good.
    pub(crate) fn is_broken(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(conn) => conn.is_closed(),
        }
    }
}
