//! A transaction without HTTP, for `tejido load`: the same entries under the same rules as
//! `POST [base]`.

use std::sync::Arc;

use access::{Access, AccessError, Cx};
use fhir::Value;
use fhir::outcome::Issue;
use store::{Kind, PrivateWrite};

use crate::call::{Call, Conditions, Return};
use crate::error::ApiError;
use crate::{Api, Authenticate, Authenticated, MOUNT, Settings, batch, outcome, transaction};

/// Why a transaction was not done; nothing of it was.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What kind of refusal: `Fault`, `Busy` and `Timeout` say nothing about the Bundle.
    pub kind: Kind,
    /// Where and why; never empty.
    pub issues: Vec<Issue>,
}

/// Does all entries of a Bundle, or none; the private records are written in the same commit.
///
/// # Errors
/// [`Refused`].
pub async fn transact(access: &Access, cx: &Cx, bundle: Value, private: Vec<PrivateWrite>) -> Result<(), Refused> {
    let call = Call {
        api: Api { access: access.clone(), authenticate: Arc::new(Nobody), settings: Arc::new(Settings::default()) },
        cx: cx.clone(),
        base: MOUNT.to_owned(),
        params: Vec::new(),
        when: Conditions::default(),
        wanted: Some(Return::Minimal),
        lenient: false,
    };
    let refused = |error: ApiError| Refused { kind: error.kind(), issues: outcome::issues(&error) };
    let entries: Result<Vec<_>, _> = batch::open(&call, bundle).map_err(refused)?.into_iter().collect();
    transaction::run(&call, entries.map_err(refused)?, private).await.map(drop).map_err(refused)
}

/// There is no token here: the caller is known.
struct Nobody;

impl Authenticate for Nobody {
    fn authenticate(&self, _token: &str, _request: &str, _address: Option<&str>) -> Authenticated {
        Box::pin(async { Err(AccessError::Unauthenticated) })
    }
}
