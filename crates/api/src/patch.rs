//! patch with JSON Patch (R4 §3.1.0.6). What comes out is written as an update is, through the same
//! checks and transitions.

use std::collections::HashSet;

use access::AccessError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fhir::{Value, json};
use store::{Expect, Key, Stored};

use crate::address::{self, Instance, TypeName};
use crate::answer::Answer;
use crate::batch::Entry;
use crate::body::{Operations, Sent};
use crate::call::Call;
use crate::conditional::{self, ATTEMPTS};
use crate::create;
use crate::error::ApiError;

/// `PATCH [type]/[id]`.
pub async fn patch(
    call: Call,
    Instance(key): Instance,
    Operations(operations): Operations,
) -> Result<Answer, ApiError> {
    apply(&call, &key, &operations).await
}

/// `PATCH [type]?…`.
pub async fn conditional(
    call: Call,
    TypeName(kind): TypeName,
    Operations(operations): Operations,
) -> Result<Answer, ApiError> {
    apply_matching(&call, &kind, &operations).await
}

/// Patches the one match (R4 §3.1.0.6); none is 404.
pub async fn apply_matching(call: &Call, kind: &str, operations: &Value) -> Result<Answer, ApiError> {
    for _ in 0..ATTEMPTS {
        let stored = matching(call, kind, &HashSet::new()).await?;
        let sent = changed(&stored, operations)?;
        let expect = held(call, stored.version)?;
        match call.write("update", create::put(call, stored.key, expect, &sent)).await {
            Err(error) if call.when.if_match.is_none() && conditional::is_race(&error) => {}
            written => return Ok(Answer::written(call, &written?)),
        }
    }
    Err(conditional::too_busy())
}

/// The one resource that the criteria match, but for what is gone by then.
pub async fn matching(call: &Call, kind: &str, gone: &HashSet<Key>) -> Result<Stored, ApiError> {
    let found = conditional::find(call, kind, &call.params, gone).await?;
    let what = || format!("{kind}{}", address::encode(&call.params));
    found.one.ok_or_else(|| AccessError::NotFound { what: what() }.into())
}

/// What must hold for the version that was patched.
pub fn held(call: &Call, version: u64) -> Result<Expect, ApiError> {
    let asked = call.when.expect()?;
    Ok(if matches!(asked, Expect::Any) { Expect::Version(version) } else { asked })
}

/// Patches the current version; with `If-Match` only if it is that one.
pub async fn apply(call: &Call, key: &Key, operations: &Value) -> Result<Answer, ApiError> {
    call.without_params()?;
    call.present(key).await?;
    for _ in 0..ATTEMPTS {
        let (version, sent) = patched(call, key, operations).await?;
        let expect = held(call, version)?;
        match call.write("update", create::put(call, key.clone(), expect, &sent)).await {
            Err(error) if matches!(call.when.expect()?, Expect::Any) && conditional::is_race(&error) => {}
            written => return Ok(Answer::written(call, &written?)),
        }
    }
    Err(conditional::too_busy())
}

/// What the current version becomes, and which version that is.
pub async fn patched(call: &Call, key: &Key, operations: &Value) -> Result<(u64, Sent), ApiError> {
    let current = call.api.access.read(&call.cx, key).await?;
    Ok((current.version, changed(&current, operations)?))
}

/// What a version becomes.
pub fn changed(stored: &Stored, operations: &Value) -> Result<Sent, ApiError> {
    let (kind, mut value) = (&stored.key.resource_type, stored.value());
    json::patch(&mut value, operations).map_err(|error| ApiError::Patch { of: kind.clone(), error })?;
    let sent = Sent::from_value(value);
    sent.check_type(kind)?;
    sent.check_id(&stored.key.id)?;
    Ok(sent)
}

/// The operations in an entry of a Bundle: a Binary with the document in base 64 (R4 §3.1.0.6).
pub fn in_binary(entry: &Entry) -> Result<Value, ApiError> {
    let sent = entry.sent()?;
    sent.check_type("Binary")?;
    let wrong = |problem: &str| ApiError::invalid("value", "Binary.data", problem);
    let data = sent.value.text_at(&["data"]).ok_or_else(|| wrong("the patch is missing"))?;
    let bytes = STANDARD.decode(data).map_err(|_| wrong("this is not base 64"))?;
    Ok(json::parse(&bytes)?)
}
