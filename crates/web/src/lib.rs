//! HTTP for people: server-rendered pages in Spanish that work without JavaScript; what a script adds
//! (`islands/`) is an aid.
//!
//! A page is one file in `pages/`, its template in `templates/pages/`, its words in
//! `locales/es/*.ftl`, and its rows in [`routes`], which say who may ask for it; `gate` holds
//! every request to that row. Pages decide nothing: they build a command, hand it on, and show
//! what came back. Invariants: no inline style or script; a form without its seal is refused;
//! the same form sent twice acts once; titles and addresses never carry a person's data.

mod assets;
mod cookie;
mod demography;
mod diagnosis;
pub mod form;
pub mod format;
mod gate;
mod keep;
mod known;
mod offers;
mod once;
mod pages;
mod problem;
mod qr;
mod read;
mod route;
mod sensitive;
mod session;
mod sheet;
mod shell;
mod stash;
mod step;
mod text;
mod timeline;
mod told;
pub mod ui;

use std::ops::Deref;
use std::sync::Arc;

use access::Access;
use axum::extract::DefaultBodyLimit;
use axum::{Router, middleware};
use care::icd10::Codes;
use store::{Live, StoreError};
use tower_http::compression::CompressionLayer;

pub use pages::routes;
pub use problem::timed_out;
pub use route::{Expects, Route};
pub(crate) use text::t;

/// The largest form that is taken, in bytes; uploads have their own limit.
pub const FORM_LIMIT_BYTES: usize = 256 * 1024;

/// What the pages stand on.
#[derive(Clone)]
pub struct State {
    /// The gate to the record.
    pub access: Access,
    /// Whether this is the demonstration network: the strip that says so is shown.
    pub demo: bool,
    /// Whether people reach us by https: cookies are then `Secure` and HSTS is sent.
    pub https: bool,
    /// Whether `X-Forwarded-For` was set by our own proxy and names the caller's address.
    pub behind_proxy: bool,
}

/// What the pages of one router share.
pub(crate) struct Shared {
    state: State,
    steps: step::Steps,
    known: known::Known,
    people: Live<identity::People>,
    secrets: once::Secrets,
    /// Whose turn it is to register somebody.
    registering: tokio::sync::Mutex<()>,
}

impl Shared {
    /// The network as the log tells it at this moment.
    pub(crate) async fn network(&self) -> Result<known::Network<'_>, StoreError> {
        self.known.network(self.access.store()).await
    }

    /// The codes of diagnoses as the log tells them at this moment.
    pub(crate) async fn codes(&self) -> Result<Codes, StoreError> {
        self.known.codes(self.access.store()).await
    }
}

impl Deref for Shared {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

/// Every page, its stylesheet, and a 404 page for the rest.
pub fn router(state: State) -> Router {
    let (known, people) = (known::Known::default(), Live::default());
    let (steps, secrets, registering) = Default::default();
    let shared = Arc::new(Shared { state, steps, known, people, secrets, registering });
    let mut router = Router::new();
    for route in routes() {
        router = route.mount(router);
    }
    router
        .fallback(gate::unknown)
        .layer(middleware::from_fn_with_state(shared.clone(), gate::visit))
        .layer(DefaultBodyLimit::max(FORM_LIMIT_BYTES))
        .merge(assets::router())
        .layer(middleware::from_fn_with_state(shared.clone(), gate::headers))
        .layer(CompressionLayer::new())
        .with_state(shared)
}
