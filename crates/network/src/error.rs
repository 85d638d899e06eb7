//! What can go wrong, in the network's words.

use access::AccessError;
use store::Kind;

use crate::RowError;

/// Why the network did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A file of outlines that can't be used.
    #[error("the outlines can't be used: {0}")]
    Outlines(String),
    /// A file that is no such table; says why, in Spanish.
    #[error("{0}")]
    Table(String),
    /// A table whose rows have mistakes; nothing was written.
    #[error("{} mistakes in the table", .0.len())]
    Rows(Vec<RowError>),
    /// More places than are opened at once.
    #[error("more than {most} places")]
    TooMany {
        /// How many can be.
        most: usize,
    },
    /// What the page showed has changed since.
    #[error("it has changed since it was shown")]
    Stale,
    /// The gate's.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl NetworkError {
    /// The kind, for whoever turns it into an answer.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Outlines(_) | Self::Table(_) | Self::Rows(_) | Self::TooMany { .. } => Kind::Invalid,
            Self::Stale => Kind::Stale,
            Self::Access(error) => error.kind(),
        }
    }
}
