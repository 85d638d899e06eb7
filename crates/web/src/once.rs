//! The same form sent twice acts once. Every form carries a random `_una`; its first arrival is
//! written as a private record before the page acts, and the page's answer (where it led to) is
//! added after. A second arrival waits for the first and is led to the same place. A form that was
//! not taken gives its key back, so that the mended form can be sent. A page that is come back to and
//! sent with something else is no second arrival: whoever changed it is told that nothing of it was
//! taken. An answer that tells a secret stays in this process only, for some minutes.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use store::{Commit, Kind, PrivateExpect, PrivateWrite};

use crate::cookie::seal_of;
use crate::form::Form;
use crate::gate::Visit;
use crate::problem::Problem;

const KIND: &str = "form";
const KEPT_US: i64 = 24 * 3_600_000_000;
/// In a record's place: the answer told a secret.
const TOLD: &[u8] = b"*";
/// How long the pages that told a secret are kept, seconds, and how many.
const TOLD_S: i64 = 300;
const MOST_TOLD: usize = 64;
/// How often the second arrival looks for the first one's answer.
const LOOKS: usize = 50;
const BETWEEN: Duration = Duration::from_millis(100);

/// Where the extractor leaves the key for [`settle`], and the form.
#[derive(Clone, Debug, Default)]
pub struct Slot(Arc<(OnceLock<Key>, OnceLock<Form>)>);

/// The key of a form's record, and the mark of what was sent.
#[derive(Debug)]
struct Key {
    key: String,
    mark: String,
}

/// Letters of a mark, which stands before the rest of a record.
const MARK: usize = 16;

/// What was sent, in a few letters that do not tell it.
fn mark(form: &Form) -> String {
    let mut sent = String::new();
    for (name, value) in form.pairs() {
        let _ = write!(sent, "{}:{name}{}:{value}", name.len(), value.len());
    }
    seal_of(&sent).chars().take(MARK).collect()
}

impl Slot {
    /// Keeps the form while its page acts.
    pub fn hold(&self, form: &Form) {
        let _ = self.0.1.set(form.clone());
    }

    /// The form, when one was read.
    pub fn held(&self) -> Option<&Form> {
        self.0.1.get()
    }
}

/// The page that tells a secret, as its answer carries it.
#[derive(Clone)]
pub struct Told(pub String);

/// Pages that told a secret, by the key of their form.
#[derive(Default)]
pub struct Secrets(Mutex<HashMap<String, (Timestamp, String)>>);

impl Secrets {
    fn keep(&self, key: &str, page: String, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (since, _)| now.as_second() - since.as_second() < TOLD_S);
        if kept.len() < MOST_TOLD {
            kept.insert(key.to_owned(), (now, page));
        }
    }

    fn find(&self, key: &str, now: Timestamp) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |(since, _): &&(Timestamp, String)| now.as_second() - since.as_second() < TOLD_S;
        kept.get(key).filter(fresh).map(|(_, page)| page.clone())
    }
}

/// What became of a form.
pub enum Outcome {
    /// It can be sent again.
    NotTaken,
    /// It led there.
    Led(Vec<u8>),
    /// Its answer told a secret.
    Told(String),
}

impl Outcome {
    /// As the answer says.
    pub fn of(response: &Response) -> Self {
        if let Some(Told(page)) = response.extensions().get::<Told>() {
            return Self::Told(page.clone());
        }
        let taken = response.status() == StatusCode::SEE_OTHER;
        let place = response.headers().get(header::LOCATION).filter(|_| taken);
        place.map_or(Self::NotTaken, |place| Self::Led(place.as_bytes().to_vec()))
    }
}

/// Notes that this form has arrived. Forms before login act on nothing and are not noted.
pub async fn reserve(visit: &Visit, slot: &Slot, form: &Form) -> Result<(), Problem> {
    let (Ok(cx), once) = (visit.cx(), form.get("_una")) else { return Ok(()) };
    if once.len() != 26 {
        return Err(Problem::Unreadable);
    }
    let (key, mark) = (format!("{}:{once}", cx.actor.label()), mark(form));
    for _ in 0..LOOKS {
        match write(visit, &key, PrivateExpect::Absent, Some(mark.clone().into_bytes())).await {
            Ok(()) => {
                let _ = slot.0.0.set(Key { key, mark });
                return Ok(());
            }
            Err(error) if error.kind() == Kind::Conflict => {}
            Err(error) => return Err(error.into()),
        }
        let earlier = visit.state.access.store().private(KIND, &key).await?.map(|record| record.value);
        let earlier = earlier.as_deref().and_then(|value| value.split_at_checked(MARK));
        match earlier {
            Some((_, TOLD)) => {
                let page = visit.state.secrets.find(&key, visit.state.access.store().clock().now());
                return Err(page.map_or(Problem::Twice, Problem::Shown));
            }
            Some((sent, place)) if !place.is_empty() => {
                let told = if sent == mark.as_bytes() { Problem::Again } else { Problem::Sent };
                return Err(String::from_utf8(place.to_vec()).map_or(Problem::Twice, told));
            }
            // The first one is at work still; or it gave its key back just now.
            _ => tokio::time::sleep(BETWEEN).await,
        }
    }
    Err(Problem::Twice)
}

/// Notes where the form led to, or gives its key back.
pub async fn settle(visit: &Visit, slot: &Slot, outcome: Outcome) {
    let Some(Key { key, mark }) = slot.0.0.get() else { return };
    let place = match outcome {
        Outcome::NotTaken => None,
        Outcome::Led(place) => Some(place),
        Outcome::Told(page) => {
            visit.state.secrets.keep(key, page, visit.state.access.store().clock().now());
            Some(TOLD.to_vec())
        }
    };
    let place = place.map(|place| [mark.as_bytes(), &place].concat());
    if let Err(error) = write(visit, key, PrivateExpect::Any, place).await {
        tracing::warn!(%error, "the answer to a form could not be noted");
    }
}

async fn write(
    visit: &Visit,
    key: &str,
    expect: PrivateExpect,
    value: Option<Vec<u8>>,
) -> Result<(), store::StoreError> {
    let store = visit.state.access.store();
    let expires = Some(store.clock().now().as_microsecond() + KEPT_US);
    let record = PrivateWrite { kind: KIND, key: key.to_owned(), expect, value, owner: None, expires };
    let author = visit.cx().map(|cx| cx.actor.label()).unwrap_or_default();
    store.commit(Commit { author, private: vec![record], ..Commit::default() }).await.map(|_| ())
}
