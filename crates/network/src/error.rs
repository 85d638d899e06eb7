//! What can go wrong, in the network's words.

use store::Kind;

/// Why the network did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A file of outlines that can't be used.
    #[error("the outlines can't be used: {0}")]
    Outlines(String),
}

impl NetworkError {
    /// The kind, for whoever turns it into an answer.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Outlines(_) => Kind::Invalid,
        }
    }
}
