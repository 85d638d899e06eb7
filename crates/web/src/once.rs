//! The same form sent twice acts once. Every form carries a random `_una`; its first arrival is
//! written as a private record before the page acts, and the page's answer (where it led to) is
//! added after. A second arrival is led to the same place. A form that was not taken gives its
//! key back, so that the mended form can be sent.

use std::sync::{Arc, OnceLock};

use axum::http::{StatusCode, header};
use axum::response::Response;
use store::{Commit, Kind, PrivateExpect, PrivateWrite};

use crate::gate::Visit;
use crate::problem::Problem;

const KIND: &str = "form";
const KEPT_US: i64 = 24 * 3_600_000_000;

/// Where the extractor leaves the key for [`settle`].
#[derive(Clone, Debug, Default)]
pub struct Slot(Arc<OnceLock<String>>);

/// Notes that this form has arrived. Forms before login act on nothing and are not noted.
pub async fn reserve(visit: &Visit, slot: &Slot, once: &str) -> Result<(), Problem> {
    let Ok(cx) = visit.cx() else { return Ok(()) };
    if once.len() != 26 {
        return Err(Problem::Unreadable);
    }
    let key = format!("{}:{once}", cx.actor.label());
    match write(visit, &key, PrivateExpect::Absent, Some(Vec::new())).await {
        Ok(()) => {
            let _ = slot.0.set(key);
            Ok(())
        }
        Err(error) if error.kind() == Kind::Conflict => {
            let earlier = visit.state.access.store().private(KIND, &key).await?;
            let place = earlier.and_then(|record| String::from_utf8(record.value).ok()).unwrap_or_default();
            Err(if place.is_empty() { Problem::Twice } else { Problem::Again(place) })
        }
        Err(error) => Err(error.into()),
    }
}

/// Where a form that was taken leads to.
pub fn place(response: &Response) -> Option<Vec<u8>> {
    let taken = response.status() == StatusCode::SEE_OTHER;
    response.headers().get(header::LOCATION).filter(|_| taken).map(|place| place.as_bytes().to_vec())
}

/// Notes where the form led to, or gives its key back.
pub async fn settle(visit: &Visit, slot: &Slot, place: Option<Vec<u8>>) {
    let Some(key) = slot.0.get() else { return };
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
