//! What can go wrong, in the words of care.

use access::AccessError;
use fhir::outcome::Issue;
use store::{Kind, StoreError};

use crate::referral::state::InvalidTransition;

/// Something to mend in a form: the field and a message key (`web` has the words).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field's name in the form.
    pub field: String,
    /// Message key, such as `reason-missing`.
    pub key: &'static str,
}

impl Problem {
    /// A problem of a field.
    pub fn new(field: impl Into<String>, key: &'static str) -> Self {
        Self { field: field.into(), key }
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum CareError {
    /// The gate's or the store's.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The state does not allow the move.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// The form is not complete or not plausible.
    #[error("{} fields to mend", .0.len())]
    Form(Vec<Problem>),
    /// A danger sign is ticked or implied: the urgent transfer comes first.
    #[error("danger signs: the urgent transfer comes before any other option")]
    UrgentFirst {
        /// Codes of the signs.
        signs: Vec<String>,
    },
    /// The place was taken meanwhile; others that are free.
    #[error("the place is taken")]
    Taken {
        /// What is free instead.
        options: Vec<crate::referral::place::Place>,
    },
    /// The stored referral can't be read as one.
    #[error("not readable as a referral: {}", .0.diagnostics)]
    Unreadable(Issue),
}

impl CareError {
    /// The kind, for whoever turns it into an answer.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Access(error) => error.kind(),
            Self::Transition(_) | Self::UrgentFirst { .. } => Kind::Rule,
            Self::Form(_) => Kind::Invalid,
            Self::Taken { .. } => Kind::Conflict,
            Self::Unreadable(_) => Kind::Fault,
        }
    }
}

impl From<StoreError> for CareError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl From<Issue> for CareError {
    fn from(issue: Issue) -> Self {
        Self::Unreadable(issue)
    }
}
