//! What was written when (R4 §3.1.0.13), newest first.

use jiff::Timestamp;

use crate::{Key, Store, StoreError, Stored, Visibility};

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
    /// History of an instance, a type or the system.
    pub async fn history(&self, _query: &HistoryQuery, _visibility: &Visibility) -> Result<HistoryPage, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }
}
