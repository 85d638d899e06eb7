//! The audit chain of reads: who looked at whom, when and why. It lies apart from the log (a file
//! of its own on SQLite, a table on PostgreSQL), each record carrying the hash of the one before.
//! A record is written before the answer leaves and is on the disk at most 50 ms later.

use jiff::Timestamp;

use crate::sql::Statement;
use crate::trail::{records, selected};
use crate::{Store, StoreError};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// A record was opened.
    Read,
    /// Records were searched.
    Search,
    /// The person index was searched.
    Index,
    /// A record was opened without a reason of one's own.
    BreakGlass,
    /// Records were taken out.
    Export,
    /// Somebody logged in.
    Login,
    /// Somebody could not log in.
    LoginFailed,
    /// Something was refused.
    Denied,
    /// Something was printed.
    Print,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::Search,
        Self::Index,
        Self::BreakGlass,
        Self::Export,
        Self::Login,
        Self::LoginFailed,
        Self::Denied,
        Self::Print,
    ];

    /// A stable name, as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Search => "search",
            Self::Index => "index",
            Self::BreakGlass => "break-glass",
            Self::Export => "export",
            Self::Login => "login",
            Self::LoginFailed => "login-failed",
            Self::Denied => "denied",
            Self::Print => "print",
        }
    }

    /// The action of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// One entry of the audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When.
    pub time: Timestamp,
    /// Who: `Practitioner/x`, `token:…`.
    pub actor: String,
    /// Acting for which facility.
    pub facility: Option<String>,
    /// What.
    pub action: AuditAction,
    /// Whose records.
    pub patients: Vec<String>,
    /// `Patient/x`, or the route.
    pub target: Option<String>,
    /// What was searched.
    pub query: Option<String>,
    /// Why, in the actor's words or as a code.
    pub reason: Option<String>,
    /// Request id.
    pub request: String,
    /// Network address.
    pub address: Option<String>,
}

/// A question for the audit chain; what is `None` is not asked.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Who.
    pub actor: Option<String>,
    /// Whose record.
    pub patient: Option<String>,
    /// What.
    pub action: Option<AuditAction>,
    /// From when.
    pub from: Option<Timestamp>,
    /// Until when, exclusive.
    pub until: Option<Timestamp>,
    /// The page after the entry of this number (older ones).
    pub after_seq: Option<u64>,
    /// At most so many; 0 = 100.
    pub limit: usize,
}

impl Store {
    /// Writes a record to the chain. Its `patients` are kept in order, each once.
    ///
    /// # Errors
    /// [`StoreError::AuditUnavailable`]: then the answer that it speaks of must not be given.
    pub async fn audit(&self, record: AuditRecord) -> Result<(), StoreError> {
        self.trail().write(record, false).await
    }

    /// Writes a record and waits until it is on the disk.
    ///
    /// # Errors
    /// As [`Store::audit`].
    pub async fn audit_durable(&self, record: AuditRecord) -> Result<(), StoreError> {
        self.trail().write(record, true).await
    }

    /// Whether reads can be written down, and so answered: after a write that failed, one without a
    /// record is tried.
    ///
    /// # Errors
    /// [`StoreError::AuditUnavailable`].
    pub async fn audit_works(&self) -> Result<(), StoreError> {
        self.trail().works().await
    }

    /// Searches the chain, newest first.
    pub async fn audit_search(&self, query: &AuditQuery) -> Result<Vec<(u64, AuditRecord)>, StoreError> {
        let mut asked = Statement::new("1 = 1");
        if let Some(actor) = &query.actor {
            asked.push(" AND a.actor = ").bind(actor);
        }
        if let Some(action) = query.action {
            asked.push(" AND a.action = ").bind(action.name());
        }
        if let Some(patient) = &query.patient {
            asked.push(" AND a.seq IN (SELECT seq FROM audit_patient WHERE patient = ").bind(patient).push(")");
        }
        if let Some(from) = query.from {
            asked.push(" AND a.time_us >= ").bind(from.as_microsecond());
        }
        if let Some(until) = query.until {
            asked.push(" AND a.time_us < ").bind(until.as_microsecond());
        }
        if let Some(seq) = query.after_seq {
            asked.push(" AND a.seq < ").bind(seq);
        }
        let limit = if query.limit == 0 { 100 } else { query.limit };
        asked.push(" ORDER BY a.seq DESC LIMIT ").bind(limit);
        let query = selected(&asked);
        let read = move |conn: &mut crate::conn::Conn| conn.snapshot(|conn| records(conn, &query));
        let found = self.trail().readers().run(read).await?;
        Ok(found.into_iter().map(|linked| (linked.seq, linked.record)).collect())
    }
}
