//! What can go wrong between the wire and the gate.

use access::AccessError;
use fhir::json::{ParseError, PatchError, PatchProblem};
use fhir::outcome::Issue;
use fhir::search::QueryError;
use store::{Kind, StoreError};

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The gate's own.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A search that can't be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A body that is not JSON.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// A body that is JSON but not the resource that belongs here.
    #[error("not valid: {} issues", .0.len())]
    Invalid(Vec<Issue>),
    /// A patch that can't be applied.
    #[error("{error}")]
    Patch {
        /// The type of what is patched.
        of: String,
        /// Why.
        error: PatchError,
    },
    /// A header, parameter or address that can't be read.
    #[error("{place}: {problem}")]
    Malformed {
        /// `If-Match`, `_since`, …
        place: String,
        /// What to write.
        problem: String,
    },
    /// R4 has no such resource type.
    #[error("{name:?} is not a resource type of R4")]
    UnknownType {
        /// As asked.
        name: String,
    },
    /// There is nothing at this address.
    #[error("there is no interaction at {path:?}")]
    NoRoute {
        /// As asked.
        path: String,
    },
    /// The address exists, the method does not.
    #[error("{method} is not offered here")]
    MethodNotAllowed {
        /// As asked.
        method: String,
    },
    /// Something of FHIR that this server does not do.
    #[error("{what}")]
    NotSupported {
        /// The parameter that asks for it.
        place: &'static str,
        /// What is not done.
        what: &'static str,
    },
    /// Only JSON is written.
    #[error("this server writes application/fhir+json, not {asked:?}")]
    NotAcceptable {
        /// `Accept` or `_format`.
        asked: String,
    },
    /// Only JSON is read.
    #[error("this server reads {wanted}, not {found:?}")]
    MediaType {
        /// `Content-Type` or `Content-Encoding`.
        found: String,
        /// What is read here.
        wanted: &'static str,
    },
    /// The body is larger than is read.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit, also after decompression.
        limit: usize,
    },
    /// More is asked at once than one request is given.
    #[error("too much for one request: {what}")]
    TooCostly {
        /// What is too much, and how much there may be.
        what: String,
    },
    /// A condition that is to match one resource matches several (R4 §3.1.0.8.2).
    #[error("{criteria:?} matches more than one resource")]
    MultipleMatches {
        /// The condition.
        criteria: String,
    },
    /// A condition that has to match one resource matches none.
    #[error("{criteria:?} matches no resource")]
    NoMatch {
        /// The condition.
        criteria: String,
    },
    /// Something is there that `If-None-Match: *` rules out.
    #[error("{what} is there already")]
    Present {
        /// Type and id.
        what: String,
    },
    /// One entry of a transaction failed, and so all of it.
    #[error("{place}: {error}")]
    Entry {
        /// `Bundle.entry[3]`.
        place: String,
        /// Why.
        error: Box<ApiError>,
    },
}

impl ApiError {
    /// The kind; where HTTP tells more apart than kinds do, `outcome` looks at the variant too.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Access(error) => error.kind(),
            Self::UnknownType { .. } | Self::NoRoute { .. } => Kind::NotFound,
            Self::MultipleMatches { .. } | Self::NoMatch { .. } | Self::Present { .. } => Kind::Stale,
            Self::Entry { error, .. } => error.kind(),
            // R4 §3.1.0.6: a patch that is well written but does not fit what is there is 422.
            Self::Patch { error, .. } if !matches!(error.problem, PatchProblem::Malformed(_)) => Kind::Rule,
            _ => Kind::Invalid,
        }
    }

    /// A header, parameter or address that can't be read.
    pub fn malformed(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Malformed { place: place.into(), problem: problem.into() }
    }

    /// One structural issue at a place of the body.
    pub fn invalid(code: &'static str, place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid(vec![Issue::error(code, place, problem)])
    }

    /// The same, said of an entry of a Bundle.
    pub fn at(self, place: String) -> Self {
        Self::Entry { place, error: Box::new(self) }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}
