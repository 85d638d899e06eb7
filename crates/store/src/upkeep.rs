//! Upkeep: check, rebuild, backup and restore.

use std::path::Path;

use crate::{Location, Store, StoreError};

/// How far a long task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub step: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// How much there is in all.
    pub total: u64,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What is wrong; empty is good.
    pub findings: Vec<Finding>,
    /// Entries of the log.
    pub log_entries: u64,
    /// Resources, deleted ones too.
    pub resources: u64,
    /// Blobs.
    pub blobs: u64,
    /// Entries of the audit chain.
    pub audit_entries: u64,
}

/// Something that is wrong with a store. No person's data in it but ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: `log 17`, `Patient/x`, `blob …`, `audit 3`.
    pub place: String,
    /// What.
    pub problem: String,
}

/// What a rebuild did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Resources whose views were made anew.
    pub resources: u64,
}

impl Store {
    /// Checks everything that can be checked.
    pub async fn check(&self, _progress: impl Fn(Progress) + Send + Sync + 'static) -> Result<Report, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Makes every view anew from the log, while serving.
    pub async fn rebuild(&self, _progress: impl Fn(Progress) + Send + Sync + 'static) -> Result<Rebuilt, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Writes a consistent copy to one new file, while serving.
    pub async fn backup(&self, _path: &Path) -> Result<(), StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Fills an empty place (any place, with `force`) from a backup.
    pub async fn restore(_path: &Path, _location: &Location, _force: bool) -> Result<(), StoreError> {
        Err(StoreError::Fault("not built yet"))
    }
}
