//! Private records: credentials, sessions, tokens, keys, idempotency keys, leases. They are never
//! in history, feed, export or FHIR; backup and check cover them.

use crate::{Store, StoreError};

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
    pub async fn private(&self, _kind: &str, _key: &str) -> Result<Option<Private>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// All records of an owner.
    pub async fn private_by_owner(&self, _kind: &str, _owner: &str) -> Result<Vec<Private>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Records of a kind in the order of their keys.
    pub async fn private_all(
        &self,
        _kind: &str,
        _after: Option<&str>,
        _limit: usize,
    ) -> Result<Vec<Private>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Writes without waiting for the disk: for a session's "last seen" only.
    pub async fn private_relaxed(&self, _write: PrivateWrite) -> Result<(), StoreError> {
        Err(StoreError::Fault("not built yet"))
    }
}
