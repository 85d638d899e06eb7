//! What can go wrong, in the words of access.

use fhir::outcome::Issue;
use store::{Kind, StoreError};

use crate::Pending;

/// Why something was not done or shown.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// It is not there, or may not be seen: the two are the same.
    #[error("{what} is not there")]
    NotFound {
        /// `Patient/x`.
        what: String,
    },
    /// Nobody is logged in.
    #[error("no valid session or token")]
    Unauthenticated,
    /// The role may not do this.
    #[error("{role} may not {act}")]
    Forbidden {
        /// Role code.
        role: &'static str,
        /// What was asked.
        act: String,
    },
    /// The record can be opened only with a written reason (break-glass).
    #[error("opening {patient} needs a reason")]
    ReasonNeeded {
        /// Patient id.
        patient: String,
    },
    /// A resource that breaks R4's structure; each issue names its place.
    #[error("not valid: {} issues", .0.len())]
    Invalid(Vec<Issue>),
    /// A rule of the house forbids it (governed resource, append-only resource).
    #[error("against a rule: {} issues", .0.len())]
    Rule(Vec<Issue>),
    /// The session is good only for what is pending.
    #[error("something has to happen first: {0:?}")]
    Pending(Pending),
    /// Too many tries.
    #[error("too many tries; again in {seconds} s")]
    TooMany {
        /// When to try again.
        seconds: u64,
    },
    /// The store's own.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccessError {
    /// The kind, for whoever turns it into an answer.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } => Kind::NotFound,
            Self::Unauthenticated => Kind::Unauthenticated,
            Self::Forbidden { .. } | Self::ReasonNeeded { .. } | Self::Pending(_) => Kind::Forbidden,
            Self::Invalid(_) => Kind::Invalid,
            Self::Rule(_) => Kind::Rule,
            Self::TooMany { .. } => Kind::Busy,
            Self::Store(error) => error.kind(),
        }
    }
}
