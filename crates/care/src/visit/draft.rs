//! A visit that is not signed yet: a private record of the writer, never in the log. Its content
//! is the form as it was typed, so that nothing is lost when the session ends.

use access::{Access, Act, Cx};
use fhir::Value;
use store::{PrivateExpect, PrivateWrite};

use crate::CareError;

const KIND: &str = "visit-draft";
/// Kept for so many days.
const DAYS: i64 = 30;

fn key(cx: &Cx, patient: &str) -> String {
    let place = cx.facility.as_ref().map_or("", |place| place.id.as_str());
    format!("{}/{place}/{patient}", cx.actor.label())
}

fn write(cx: &Cx, patient: &str, value: Option<Vec<u8>>) -> PrivateWrite {
    let expires = cx.now.as_microsecond().saturating_add(DAYS * 86_400_000_000);
    PrivateWrite {
        kind: KIND,
        key: key(cx, patient),
        expect: PrivateExpect::Any,
        value,
        owner: Some(cx.actor.label()),
        expires: Some(expires),
    }
}

pub(super) fn clearing(cx: &Cx, patient: &str) -> PrivateWrite {
    write(cx, patient, None)
}

/// Keeps the form as typed: names and values.
///
/// # Errors
/// The gate's.
pub async fn save(access: &Access, cx: &Cx, patient: &str, typed: &[(String, String)]) -> Result<(), CareError> {
    let pairs: Vec<Value> = typed.iter().map(|(name, value)| fhir::json!([name, value])).collect();
    let private = vec![write(cx, patient, Some(Value::Array(pairs).to_bytes()))];
    access.commit(cx, Act { name: "save-visit-draft", private, ..Act::default() }).await?;
    Ok(())
}

/// The form as it was typed last; empty when there is none.
///
/// # Errors
/// The store's.
pub async fn load(access: &Access, cx: &Cx, patient: &str) -> Result<Vec<(String, String)>, CareError> {
    let Some(found) = access.store().private(KIND, &key(cx, patient)).await? else { return Ok(Vec::new()) };
    let typed = fhir::json::parse(&found.value).unwrap_or(Value::Null);
    let pair = |one: &Value| match one.as_array() {
        Some([name, value]) => Some((name.as_str()?.to_owned(), value.as_str()?.to_owned())),
        _ => None,
    };
    Ok(typed.as_array().into_iter().flatten().filter_map(pair).collect())
}
