//! A login between its steps: the password stays in this process, for some minutes, and the page
//! carries only a random key. A restart forgets it, and the person enters again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use access::Login;
use jiff::Timestamp;

/// How long a step may take, seconds.
const PATIENCE_S: i64 = 300;
/// More logins than this are never between steps: the oldest goes.
const MOST: usize = 1000;

/// Logins that wait for a code or a role.
#[derive(Clone, Default)]
pub struct Steps(Arc<Mutex<HashMap<String, (Timestamp, Login)>>>);

impl Steps {
    /// Keeps a login under a key.
    pub fn keep(&self, key: &str, login: Login, now: Timestamp) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (since, _)| now.as_second() - since.as_second() < PATIENCE_S);
        if waiting.len() >= MOST
            && let Some(oldest) = waiting.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| key.clone())
        {
            waiting.remove(&oldest);
        }
        waiting.insert(key.to_owned(), (now, login));
    }

    /// Takes it out again, unless it waited too long.
    pub fn take(&self, key: &str, now: Timestamp) -> Option<Login> {
        let (since, login) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key)?;
        (now.as_second() - since.as_second() < PATIENCE_S).then_some(login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_waits_some_minutes_and_is_taken_once() {
        let (steps, start) = (Steps::default(), Timestamp::from_second(1_000_000).unwrap());
        let later = Timestamp::from_second(1_000_000 + PATIENCE_S).unwrap();
        steps.keep("a", Login { user: "ana".into(), ..Login::default() }, start);
        steps.keep("b", Login::default(), start);
        assert_eq!(steps.take("a", start).map(|login| login.user).as_deref(), Some("ana"));
        assert!(steps.take("a", start).is_none());
        assert!(steps.take("b", later).is_none());
    }
}
