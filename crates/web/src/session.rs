//! From a session's secret to who visits.

use access::{AccessError, Opened, Pending, SessionInfo};

use crate::State;
use crate::problem::Problem;

/// Who visits.
#[derive(Clone)]
pub enum Who {
    /// Nobody that we know.
    Nobody,
    /// Somebody who has to do something first.
    Settling(Box<SessionInfo>, Pending),
    /// Somebody who has logged in.
    In(Box<Opened>),
}

/// Whoever holds the session with this secret.
pub async fn who(state: &State, secret: &str, address: Option<String>) -> Result<Who, Problem> {
    let accounts = state.access.accounts();
    let request = state.access.store().entropy().id();
    match accounts.session(secret, &request, address).await {
        Ok(opened) => Ok(Who::In(Box::new(opened))),
        Err(AccessError::Pending(pending)) => match accounts.pending_session(secret).await {
            Ok(info) => Ok(Who::Settling(Box::new(info), pending)),
            Err(AccessError::Unauthenticated) => Ok(Who::Nobody),
            Err(error) => Err(error.into()),
        },
        Err(AccessError::Unauthenticated) => Ok(Who::Nobody),
        Err(error) => Err(error.into()),
    }
}
