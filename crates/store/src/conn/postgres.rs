//! PostgreSQL through tokio-postgres. The protocol runs on a runtime of the store's own, and
//! callers (blocking threads) wait for it.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::sql::Statement as Written;

use crate::StoreError;
use crate::sql::{Row, Sql};

const STATEMENTS: usize = 256;
/// The advisory lock by which processes know of each other: each connection shares it, a restore
/// asks for all of it.
const PRESENCE: u32 = 0x7465_6a69;

/// The runtime that drives the connections.
pub(crate) struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    pub(crate) fn start() -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tejido-postgres")
            .enable_all()
            .build()
            .map_err(|error| StoreError::file("starting a thread", error))?;
        Ok(Self(Some(runtime)))
    }

    fn handle(&self) -> tokio::runtime::Handle {
        self.0.as_ref().expect("taken only on drop").handle().clone()
    }
}

impl Drop for Runtime {
    /// A runtime may not be waited for inside another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) struct Conn {
    runtime: tokio::runtime::Handle,
    /// The connection lives as long as what drives it.
    _driver: Arc<Runtime>,
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Conn {
    pub(crate) fn open(driver: &Arc<Runtime>, url: &str) -> Result<Self, StoreError> {
        let config: Config = url.parse().map_err(|error| failed("reading the address", &error))?;
        let runtime = driver.handle();
        let client = runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await.map_err(|error| failed("connecting", &error))?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::warn!(error = %failed("keeping the connection", &error), "PostgreSQL connection ended");
                }
            });
            let set = "SET synchronous_commit = on; SET client_min_messages = warning; SET TIME ZONE 'UTC'";
            let set = format!("{set}; SELECT pg_advisory_lock_shared({PRESENCE})");
            client.batch_execute(&set).await.map_err(|error| failed("connecting", &error))?;
            Ok(client)
        })?;
        Ok(Self { runtime, _driver: driver.clone(), client, statements: HashMap::new() })
    }

    /// Sessions that end just now are waited for.
    pub(crate) fn alone(&mut self) -> Result<(), StoreError> {
        let lock =
            format!("SET LOCAL lock_timeout = '3s'; SELECT pg_advisory_xact_lock({PRESENCE}); RESET lock_timeout");
        self.batch(&lock).map_err(|_| StoreError::InUse)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(crate) fn exec(&mut self, sql: &str, params: &[Sql]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        self.runtime
            .block_on(self.client.execute_raw(&statement, params))
            .map_err(|error| failed("changing rows", &error))
    }

    /// Sends all before it waits; the server answers in order. `try_join_all` polls in order up to
    /// thirty futures.
    pub(crate) fn exec_all(&mut self, statements: &[Written]) -> Result<(), StoreError> {
        for some in statements.chunks(30) {
            let prepared: Vec<Statement> =
                some.iter().map(|one| self.statement(&one.text)).collect::<Result<_, StoreError>>()?;
            let sent = prepared.iter().zip(some).map(|(one, written)| self.client.execute_raw(one, &written.params));
            let sent: Vec<_> = sent.collect();
            let done = self.runtime.block_on(futures_util::future::try_join_all(sent));
            done.map_err(|error| failed("changing rows", &error))?;
        }
        Ok(())
    }

    pub(crate) fn rows(&mut self, sql: &str, params: &[Sql]) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let rows = self
            .runtime
            .block_on(self.client.query(&statement, &params))
            .map_err(|error| failed("reading rows", &error))?;
        let read = |row: &tokio_postgres::Row| {
            (0..row.len())
                .map(|at| row.try_get::<_, Option<Sql>>(at).map(|value| value.unwrap_or(Sql::Null)))
                .collect::<Result<Vec<Sql>, _>>()
                .map(Row)
                .map_err(|error| failed("reading rows", &error))
        };
        rows.iter().map(read).collect()
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.runtime.block_on(self.client.batch_execute(sql)).map_err(|error| failed("running a batch", &error))
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        let statement = self
            .runtime
            .block_on(self.client.prepare(&numbered(sql)))
            .map_err(|error| failed("preparing a statement", &error))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// `?` becomes `$1`, `$2`, …
fn numbered(sql: &str) -> String {
    let mut parts = sql.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (at, part) in parts.enumerate() {
        text.push_str(&format!("${}", at + 1));
        text.push_str(part);
    }
    text
}

impl ToSql for Sql {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Sql::Null => return Ok(IsNull::Yes),
            Sql::Int(number) if *ty == Type::INT4 => out.put_i32(i32::try_from(*number)?),
            Sql::Int(number) if *ty == Type::FLOAT8 => out.put_f64(*number as f64),
            Sql::Int(number) if *ty == Type::INT8 => out.put_i64(*number),
            Sql::Real(number) if *ty == Type::FLOAT8 => out.put_f64(*number),
            // PostgreSQL keeps no NUL in text; no name or code has one.
            Sql::Text(text) if text.contains('\0') => out.put_slice(text.replace('\0', "\u{1}").as_bytes()),
            Sql::Text(text) => out.put_slice(text.as_bytes()),
            Sql::Bytes(bytes) => out.put_slice(bytes),
            Sql::Int(_) | Sql::Real(_) => return Err(format!("a number for a parameter of type {ty}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Sql {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Sql::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Sql::Int(i32::from_sql(ty, raw)?.into()),
            Type::BOOL => Sql::Int(bool::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Sql::Real(f64::from_sql(ty, raw)?),
            Type::BYTEA => Sql::Bytes(Bytes::copy_from_slice(raw)),
            _ => Sql::Text(String::from_utf8(raw.to_vec())?),
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The server's own words without its detail, which quotes values.
fn failed(doing: &'static str, error: &tokio_postgres::Error) -> StoreError {
    if error.code() == Some(&tokio_postgres::error::SqlState::QUERY_CANCELED) {
        return StoreError::TooLong;
    }
    let problem = match error.as_db_error() {
        Some(told) => format!("{} ({})", told.message(), told.code().code()),
        None => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    };
    StoreError::Database { doing, problem }
}

#[cfg(test)]
mod tests {
    #[test]
    fn question_marks_are_numbered() {
        assert_eq!(super::numbered("a = ? AND b IN (?,?)"), "a = $1 AND b IN ($2,$3)");
        assert_eq!(super::numbered("SELECT 1"), "SELECT 1");
    }
}
