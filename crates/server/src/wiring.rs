//! How the parts are put together.

use std::sync::Arc;

use crate::settings::Settings;
use access::Access;
use anyhow::{Context, Result};
use axum::Router;
use store::{Clock, Entropy, Location, Options, Store, StoreError, SystemClock, SystemEntropy};

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
    open_with(location, options()).await
}

/// Opens the store to serve it: see [`Store::open_serving`].
///
/// # Errors
/// As for [`open`].
pub async fn open_serving(location: &Location) -> Result<Access> {
    gated(location, Store::open_serving(location, options()).await)
}

/// As [`open`], with options of one's own: the demonstration tells its past with another clock.
///
/// # Errors
/// As for [`open`].
pub async fn open_with(location: &Location, options: Options) -> Result<Access> {
    gated(location, Store::open(location, options).await)
}

fn gated(location: &Location, opened: Result<Store, StoreError>) -> Result<Access> {
    let place = match location {
        Location::Directory(path) => path.display().to_string(),
        Location::Postgres { .. } => "PostgreSQL".to_owned(),
    };
    let store = opened.with_context(|| format!("can't open the store at {place}"))?;
    Ok(Access::new(store, vec![Arc::new(care::CareGovernor), Arc::new(identity::IdentityGovernor)]))
}

/// Every route of the program but the operator's.
pub fn router(access: &Access, settings: &Settings, demonstration: bool) -> Router {
    let api =
        api::Api { access: access.clone(), authenticate: Arc::new(Tokens(access.clone())), settings: Arc::default() };
    let web = web::State {
        access: access.clone(),
        demo: demonstration,
        https: settings.tls.is_some() || !settings.proxies.is_empty(),
        behind_proxy: false,
    };
    api::router(api).merge(web::router(web))
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
struct Tokens(Access);

impl api::Authenticate for Tokens {
    fn authenticate(&self, token: &str, request: &str, address: Option<&str>) -> api::Authenticated {
        let (access, token, request) = (self.0.clone(), token.to_owned(), request.to_owned());
        let address = address.map(str::to_owned);
        Box::pin(async move { access.accounts().token(&token, &request, address).await })
    }
}
