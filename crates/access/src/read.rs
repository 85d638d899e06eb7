//! The gate: every read and write of people and machines.

use std::sync::Arc;

use fhir::search::Query;
use store::{Committed, HistoryPage, HistoryQuery, Key, SearchPage, Store, StoreError, Stored};

use crate::{AccessError, Act, Cx, Governor};

/// The gate to a store; clones share it.
#[derive(Clone)]
pub struct Access {
    store: Store,
    governors: Arc<[Arc<dyn Governor>]>,
}

impl Access {
    /// A gate to this store with these governors.
    pub fn new(store: Store, governors: Vec<Arc<dyn Governor>>) -> Self {
        Self { store, governors: governors.into() }
    }

    /// The store behind the gate: for upkeep, jobs and views of the program itself, never for a
    /// caller's question.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The current version of a resource.
    ///
    /// # Errors
    /// `NotFound` when it is not there or may not be seen; the store's `Gone` when it was deleted
    /// and could be seen; `ReasonNeeded` never: over this road a hidden thing is not there.
    pub async fn read(&self, _cx: &Cx, key: &Key) -> Result<Stored, AccessError> {
        let _ = &self.governors;
        Err(AccessError::NotFound { what: key.to_string() })
    }

    /// One version of a resource.
    ///
    /// # Errors
    /// As for [`Access::read`].
    pub async fn read_version(&self, _cx: &Cx, key: &Key, _version: u64) -> Result<Stored, AccessError> {
        Err(AccessError::NotFound { what: key.to_string() })
    }

    /// The current live versions of these that may be seen, in their order.
    ///
    /// # Errors
    /// The store's.
    pub async fn read_many(&self, _cx: &Cx, _keys: &[Key]) -> Result<Vec<Stored>, AccessError> {
        Err(StoreError::Fault("not built yet").into())
    }

    /// Searches what may be seen.
    ///
    /// # Errors
    /// The store's.
    pub async fn search(&self, _cx: &Cx, _query: &Query) -> Result<SearchPage, AccessError> {
        Err(StoreError::Fault("not built yet").into())
    }

    /// History of what may be seen.
    ///
    /// # Errors
    /// The store's.
    pub async fn history(&self, _cx: &Cx, _query: &HistoryQuery) -> Result<HistoryPage, AccessError> {
        Err(StoreError::Fault("not built yet").into())
    }

    /// The one road for writes: validates, stamps the custodian, checks role and visibility, lets
    /// the governors judge, adds the AuditEvent, commits.
    ///
    /// # Errors
    /// `Invalid`, `Rule`, `Forbidden`, `NotFound`, or the store's.
    pub async fn commit(&self, _cx: &Cx, _act: Act) -> Result<Committed, AccessError> {
        Err(StoreError::Fault("not built yet").into())
    }
}
