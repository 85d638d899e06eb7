//! What was written when (R4 §3.1.0.13), newest first.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::blob::hex;
use crate::log::entries;
use crate::sql::Statement;
use crate::visibility::version_condition;
use crate::{Key, Store, StoreError, Stored, Visibility};

const COUNT: usize = 20;
const MOST: usize = 1000;

/// Whose history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryScope {
    /// Of everything.
    System,
    /// Of one resource type.
    Type(String),
    /// Of one resource.
    Instance(Key),
}

/// A question for history.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// Whose.
    pub scope: HistoryScope,
    /// `_since`: only versions written at or after.
    pub since: Option<Timestamp>,
    /// `_at`: only versions that were current at some time of this period (end exclusive).
    pub at: Option<(Timestamp, Timestamp)>,
    /// `_count`, 20 if not said, at most 1000.
    pub count: Option<usize>,
    /// The cursor of the page before.
    pub cursor: Option<String>,
}

/// A page of history, newest first.
#[derive(Clone, Debug, Default)]
pub struct HistoryPage {
    /// The versions.
    pub entries: Vec<Stored>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// How many there are in all.
    pub total: Option<u64>,
}

impl Store {
    /// History of an instance, a type or the system. The total comes with the first page only.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor of another question.
    pub async fn history(&self, query: &HistoryQuery, visibility: &Visibility) -> Result<HistoryPage, StoreError> {
        let mark = mark(query);
        let before = query.cursor.as_deref().map(|cursor| place(cursor, &mark)).transpose()?;
        let count = query.count.unwrap_or(COUNT).min(MOST);
        let mut matching = Statement::default();
        matches(query, visibility, &mut matching);
        let mut page = matching.clone();
        if let Some(seq) = before {
            page.push(" AND l.seq < ").bind(seq);
        }
        let all = Statement { text: format!("SELECT count(*) {}", matching.text), params: matching.params };
        let read = move |conn: &mut crate::conn::Conn| {
            let total = if before.is_none() { conn.query(&all)?.first().map(|row| row.count(0)) } else { None };
            Ok((entries(conn, (&page, " ORDER BY l.seq DESC"), count)?, total.transpose()?))
        };
        let ((entries, more), total) = self.readers().ask(read).await?;
        let next = entries.last().filter(|_| more).map(|last| format!("{:x}-{mark}", last.seq));
        Ok(HistoryPage { entries, next, total })
    }
}

fn matches(query: &HistoryQuery, visibility: &Visibility, out: &mut Statement) {
    out.push("FROM log l JOIN resource r ON r.type = l.type AND r.id = l.id WHERE ");
    version_condition(visibility, out);
    match &query.scope {
        HistoryScope::System => {}
        HistoryScope::Type(resource_type) => drop(out.push(" AND l.type = ").bind(resource_type)),
        HistoryScope::Instance(key) => {
            out.push(" AND l.type = ").bind(&key.resource_type).push(" AND l.id = ").bind(&key.id);
        }
    }
    if let Some(since) = query.since {
        out.push(" AND l.time_us >= ").bind(since.as_microsecond());
    }
    if let Some((from, until)) = query.at {
        out.push(" AND l.time_us < ").bind(until.as_microsecond());
        out.push(" AND NOT EXISTS (SELECT 1 FROM log n WHERE n.type = l.type AND n.id = l.id ");
        out.push("AND n.version = l.version + 1 AND n.time_us <= ").bind(from.as_microsecond()).push(")");
    }
}

/// What ties a cursor to its question.
fn mark(query: &HistoryQuery) -> String {
    let asked = format!("{:?} {:?} {:?}", query.scope, query.since, query.at);
    hex(&Sha256::digest(asked)[..6])
}

fn place(cursor: &str, mark: &str) -> Result<u64, StoreError> {
    let seq = cursor.strip_suffix(mark).and_then(|rest| rest.strip_suffix('-'));
    seq.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or(StoreError::Cursor)
}
