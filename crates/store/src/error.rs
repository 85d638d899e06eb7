//! What can go wrong, in the store's words.

use crate::Key;

/// The kinds of error that `api` and `web` tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// There is no such thing (or it may not be seen).
    NotFound,
    /// It was deleted.
    Gone,
    /// It contradicts what is there.
    Conflict,
    /// What was read before is no longer current.
    Stale,
    /// The input can't be taken.
    Invalid,
    /// A rule of the house forbids it.
    Rule,
    /// Nobody is logged in, or the token is not (or no longer) good.
    Unauthenticated,
    /// Whoever asks may not do this.
    Forbidden,
    /// Too much to do just now; try again.
    Busy,
    /// It took too long.
    Timeout,
    /// Something is broken here; no input is to blame.
    Fault,
}

/// Why the store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The resource never existed.
    #[error("{key} does not exist")]
    NotFound {
        /// Which.
        key: Key,
    },
    /// The resource is deleted already.
    #[error("{key} is deleted")]
    Gone {
        /// Which.
        key: Key,
    },
    /// The expected version is not the current one.
    #[error("{key}: version {expected} was expected, the current one is {found:?}")]
    Stale {
        /// Which.
        key: Key,
        /// The version that the caller had read.
        expected: u64,
        /// The current version; `None` if it does not exist.
        found: Option<u64>,
    },
    /// The resource, or one that the condition matches, is there already.
    #[error("{key} was to be created, but {} match", matches.len())]
    Exists {
        /// What was to be created.
        key: Key,
        /// What is there (at most two are told).
        matches: Vec<Key>,
    },
    /// A private record is not as expected.
    #[error("private record {kind} is not as expected")]
    PrivateConflict {
        /// Its kind.
        kind: String,
        /// Its key.
        key: String,
    },
    /// The text can't be stored as this resource.
    #[error("{key} can't be stored: {problem}")]
    Invalid {
        /// Which.
        key: Key,
        /// What is wrong with it.
        problem: String,
    },
    /// A page cursor that this store did not give out for this query.
    #[error("the page cursor does not belong to this query")]
    Cursor,
    /// A search that can't be answered as asked.
    #[error("the search can't be answered: {0}")]
    Search(&'static str),
    /// There is no such job.
    #[error("job {0} does not exist")]
    NoJob(u64),
    /// The store was written by a newer program.
    #[error("the store has format {found}, this program knows formats up to {known}")]
    NewerFormat {
        /// The store's format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The place to restore to holds data already.
    #[error("there is data at the place to restore to")]
    NotEmpty,
    /// The place to restore to is being worked with.
    #[error("somebody works with this store: stop its server first")]
    InUse,
    /// A backup file that is cut short, changed, or none.
    #[error("the backup can't be read: {0}")]
    Backup(String),
    /// The chain of reads can't be written, so nothing may be answered.
    #[error("the audit chain can't be written: {0}")]
    AuditUnavailable(String),
    /// A question took longer than a question may.
    #[error("the question takes too long: ask for less, or more exactly")]
    TooLong,
    /// The index is being made anew, and this question needs it.
    #[error("the search index is being made anew, {done} of {total} resources are done: try again later")]
    Reindexing {
        /// Resources done.
        done: u64,
        /// Resources in all; 0 before they are counted.
        total: u64,
    },
    /// Another process holds the store for too long.
    #[error("the store is busy")]
    Busy,
    /// The store is closed or its thread ended.
    #[error("the store is closed")]
    Closed,
    /// The database failed.
    #[error("database failed while {doing}: {problem}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What it said (never a person's data).
        problem: String,
    },
    /// A file could not be read or written.
    #[error("file failed while {doing}: {problem}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        problem: String,
    },
    /// What is stored contradicts itself; `tejido check` tells more.
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
    /// Something else is broken here.
    #[error("fault: {0}")]
    Fault(&'static str),
}

impl StoreError {
    /// The kind, for whoever turns it into an answer.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } | Self::NoJob(_) => Kind::NotFound,
            Self::Gone { .. } => Kind::Gone,
            Self::Stale { .. } => Kind::Stale,
            Self::Exists { .. } | Self::PrivateConflict { .. } => Kind::Conflict,
            Self::Invalid { .. } | Self::Cursor | Self::Search(_) | Self::Backup(_) => Kind::Invalid,
            Self::NotEmpty | Self::InUse => Kind::Rule,
            Self::Busy | Self::Reindexing { .. } => Kind::Busy,
            Self::TooLong => Kind::Timeout,
            Self::NewerFormat { .. }
            | Self::AuditUnavailable(_)
            | Self::Closed
            | Self::Database { .. }
            | Self::File { .. }
            | Self::Damaged(_)
            | Self::Fault(_) => Kind::Fault,
        }
    }

    /// Whether the connection, not the caller, is to blame.
    pub(crate) fn is_fault(&self) -> bool {
        matches!(self.kind(), Kind::Fault | Kind::Busy)
    }

    pub(crate) fn file(doing: &'static str, problem: impl std::fmt::Display) -> Self {
        Self::File { doing, problem: problem.to_string() }
    }
}
