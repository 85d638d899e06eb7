//! How the parts are put together.

use std::sync::Arc;

use access::Access;
use anyhow::{Context, Result};
use axum::Router;
use store::{Clock, Entropy, Location, Options, Store, SystemClock, SystemEntropy};

/// The options every command opens a store with.
pub fn options() -> Options {
    Options {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        projector: Arc::new(access::TejidoProjector),
    }
}

/// Opens the store and puts the gate with its governors before it.
///
/// # Errors
/// If the store can't be opened or made.
pub async fn open(location: &Location) -> Result<Access> {
    let place = match location {
        Location::Directory(path) => path.display().to_string(),
        Location::Postgres { .. } => "PostgreSQL".to_owned(),
    };
    let store = Store::open(location, options()).await.with_context(|| format!("can't open the store at {place}"))?;
    Ok(Access::new(store, Vec::new()))
}

/// Every route of the program but the operator's.
pub fn router(access: &Access) -> Router {
    let api = api::Api { access: access.clone(), authenticate: Arc::new(Tokens), settings: Arc::default() };
    api::router(api)
}

/// A maker of request ids.
pub fn request_id(access: &Access) -> Arc<dyn Fn() -> String + Send + Sync> {
    let entropy: Arc<dyn Entropy> = access.store().entropy().clone();
    Arc::new(move || entropy.id())
}

/// The context of a command on this machine.
pub fn operator(access: &Access) -> access::Cx {
    let clock: &Arc<dyn Clock> = access.store().clock();
    access::Cx::system(clock.now(), access.store().entropy().id())
}

/// Turns a bearer token into who is asking.
struct Tokens;

impl api::Authenticate for Tokens {
    fn authenticate(&self, _token: &str, _request: &str, _address: Option<&str>) -> api::Authenticated {
        Box::pin(async { Err(access::AccessError::Unauthenticated) })
    }
}
