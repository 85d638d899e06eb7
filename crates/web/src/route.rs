//! The table of pages: method, path, and who may ask. The gate holds every request to its row, and
//! the tests walk the same rows.

use std::sync::Arc;

use access::Role;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};
use axum::{Router, middleware};

use crate::{Shared, gate};

/// Who may ask for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// Anybody.
    Anyone,
    /// Whoever holds a session, also one that has something to settle first.
    Settling,
    /// Whoever has logged in, in whatever role.
    Session,
    /// Whoever has logged in in one of these roles.
    Roles(&'static [Role]),
}

impl Expects {
    /// Whether this role may ask.
    pub fn admits(self, role: Role) -> bool {
        match self {
            Self::Anyone | Self::Settling | Self::Session => true,
            Self::Roles(roles) => roles.contains(&role),
        }
    }
}

/// One row of the table.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{id}` for what varies.
    pub path: &'static str,
    /// Who may ask.
    pub expects: Expects,
    handler: MethodRouter<Arc<Shared>>,
}

impl Route {
    /// A page to be shown.
    pub(crate) fn get<H, T>(path: &'static str, expects: Expects, handler: H) -> Self
    where
        H: Handler<T, Arc<Shared>>,
        T: 'static,
    {
        Self { method: Method::GET, path, expects, handler: get(handler) }
    }

    /// A form to be taken.
    pub(crate) fn post<H, T>(path: &'static str, expects: Expects, handler: H) -> Self
    where
        H: Handler<T, Arc<Shared>>,
        T: 'static,
    {
        Self { method: Method::POST, path, expects, handler: post(handler) }
    }

    /// With a body of at most so many bytes.
    pub(crate) fn limit(self, bytes: usize) -> Self {
        Self { handler: self.handler.layer(DefaultBodyLimit::max(bytes)), ..self }
    }

    /// Adds the row to the router, behind the gate.
    pub(crate) fn mount(self, router: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
        let guarded = self.handler.layer(middleware::from_fn_with_state(self.expects, gate::admit));
        router.route(self.path, guarded)
    }
}
