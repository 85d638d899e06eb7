//! Jobs: committed with the change they follow from, run later, idempotent by key, retried with a
//! growing delay, and kept where people can see them when they fail for good.

use jiff::Timestamp;

use crate::{Store, StoreError};

/// A job to commit.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Which runner takes it.
    pub kind: &'static str,
    /// Idempotency key: a second job of the same kind and key is not taken.
    pub key: String,
    /// What the runner needs.
    pub payload: fhir::Value,
    /// Not before.
    pub run_at: Timestamp,
}

/// A job as it is given to a runner.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// Which runner takes it.
    pub kind: String,
    /// Idempotency key.
    pub key: String,
    /// What the runner needs.
    pub payload: fhir::Value,
    /// Not before.
    pub run_at: Timestamp,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// What went wrong the last time.
    pub error: Option<String>,
}

impl Store {
    /// Takes jobs that are due, for `lease_s` seconds; then others may take them.
    pub async fn claim_jobs(&self, _limit: usize, _lease_s: u32) -> Result<Vec<Job>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// The job is done.
    pub async fn finish_job(&self, _id: u64) -> Result<(), StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// The job failed: it is tried again later, or listed as failed for good.
    pub async fn fail_job(&self, _id: u64, _error: &str) -> Result<(), StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Jobs that failed for good.
    pub async fn failed_jobs(&self) -> Result<Vec<Job>, StoreError> {
        Err(StoreError::Fault("not built yet"))
    }

    /// Tries a failed job again, now.
    pub async fn retry_job(&self, _id: u64) -> Result<(), StoreError> {
        Err(StoreError::Fault("not built yet"))
    }
}
