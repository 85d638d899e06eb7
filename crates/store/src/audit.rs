//! The audit chain of reads: who looked at whom, when and why. It lies apart from the log (a file
//! of its own on SQLite, a table on PostgreSQL), each record carrying the hash of the one before.
//! A record is written before the answer leaves and is on the disk at most 50 ms later.

use jiff::Timestamp;

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
    /// Writes a record to the chain.
    pub async fn audit(&self, _record: AuditRecord) -> Result<(), StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Writes a record and waits until it is on the disk.
    pub async fn audit_durable(&self, _record: AuditRecord) -> Result<(), StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Searches the chain, newest first.
    pub async fn audit_search(&self, _query: &AuditQuery) -> Result<Vec<(u64, AuditRecord)>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }
}
