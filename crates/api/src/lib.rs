//! FHIR R4 over HTTP (R4 §3.1.0): one file per interaction, and nothing but translation. A request
//! becomes a `call::Call`, the call becomes one question or one [`access::Act`], and what comes
//! back becomes an answer. `outcome` alone maps errors to statuses.
//!
//! Refuses to hold business rules, to touch the store but through `access`, and to parse what is
//! only handed on: stored bytes are spliced into Bundles as they are.

mod address;
mod answer;
mod audit;
mod batch;
mod body;
mod bundle;
mod call;
mod capability;
mod conditional;
mod create;
mod delete;
mod envelope;
mod error;
mod history;
mod index;
mod links;
mod outcome;
mod patch;
mod read;
mod search;
mod shape;
mod transact;
mod transaction;
mod update;
mod validate;

use std::pin::Pin;
use std::sync::Arc;

use access::{Access, AccessError, Cx};
use axum::Router;
use axum::routing::{get, post};

pub use call::Peer;
pub use outcome::timed_out;
pub use transact::{Refused, transact};

/// Where the API lies.
pub const MOUNT: &str = "/fhir";

/// What the router is given.
#[derive(Clone)]
pub struct Api {
    /// The gate to the record.
    pub access: Access,
    /// Turns a bearer token into who is asking.
    pub authenticate: Arc<dyn Authenticate>,
    /// Settings.
    pub settings: Arc<Settings>,
}

/// Settings of the API.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The public address, such as `https://salud.example/fhir`; `None` takes it from `Host`.
    pub base: Option<String>,
    /// The largest request body, in bytes, also after decompression.
    pub max_body_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { base: None, max_body_bytes: 16 << 20 }
    }
}

/// What [`Authenticate`] gives: who is asking, in time.
pub type Authenticated = Pin<Box<dyn Future<Output = Result<Cx, AccessError>> + Send>>;

/// Turns a bearer token (RFC 6750) into who is asking; the seam for OAuth 2.
pub trait Authenticate: Send + Sync {
    /// Who holds this token; `Unauthenticated` if nobody does.
    fn authenticate(&self, token: &str, request: &str, address: Option<&str>) -> Authenticated;
}

/// The routes of the API below [`MOUNT`], to be merged with the others.
pub fn router(api: Api) -> Router {
    let root = || get(search::system).post(batch::bundle);
    let routes = Router::new()
        .route("/", root())
        .route("/metadata", get(capability::metadata))
        .route("/_history", get(history::history))
        .route("/_search", post(search::system_by_post))
        .route(
            "/{type}",
            get(search::by_get)
                .post(create::create)
                .put(update::conditional)
                .patch(patch::conditional)
                .delete(delete::conditional),
        )
        .route("/{type}/_search", post(search::by_post))
        .route("/{type}/_history", get(history::history))
        .route("/{type}/$validate", post(validate::validate))
        .route("/Patient/$index", get(index::index))
        .route("/{type}/{id}", get(read::read).put(update::update).delete(delete::delete).patch(patch::patch))
        .route("/{type}/{id}/$validate", get(validate::stored).post(validate::instance))
        .route("/{type}/{id}/_history", get(history::history))
        .route("/{type}/{id}/_history/{version}", get(read::version))
        .fallback(outcome::no_route)
        .method_not_allowed_fallback(outcome::method_not_allowed);
    // A router's "/" is the mount without slash; with one it is another path.
    let slash = Router::new().route(&format!("{MOUNT}/"), root());
    let slash = slash.method_not_allowed_fallback(outcome::method_not_allowed);
    envelope::wrap(Router::new().nest(MOUNT, routes).merge(slash).with_state(api.clone()), api)
}
