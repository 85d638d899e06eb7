//! What somebody wants to write.

use store::{Change, NewJob, PrivateWrite};

/// One decision to write down whole: the changes, the jobs that follow, private records.
#[derive(Clone, Debug, Default)]
pub struct Act {
    /// What is done, in the profession's words: `accept`, `book`, `register`; `create`, `update`,
    /// `delete` for plain FHIR writes. Goes into the AuditEvent.
    pub name: &'static str,
    /// Why, in the author's words, for the Provenance; may be empty.
    pub reason: String,
    /// Resources to write, in order.
    pub changes: Vec<Change>,
    /// What is to be done afterwards.
    pub jobs: Vec<NewJob>,
    /// Private records to write in the same transaction.
    pub private: Vec<PrivateWrite>,
    /// The institution whose auditor is told; empty: the caller's.
    pub told: String,
}
