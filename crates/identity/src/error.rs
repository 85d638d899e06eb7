//! What can go wrong, in identity's words.

use access::AccessError;
use fhir::search::QueryError;
use store::{Kind, StoreError};

use crate::FieldError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The form has to be looked at again.
    #[error("{} fields have to be looked at again", .0.len())]
    Fields(Vec<FieldError>),
    /// The question can't be asked.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The gate's.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IdentityError {
    /// The kind, for whoever turns it into an answer.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Fields(_) | Self::Query(_) => Kind::Invalid,
            Self::Access(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
}
