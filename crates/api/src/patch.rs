//! patch with JSON Patch (R4 §3.1.0.6). What comes out is written as an update is, through the same
//! checks and transitions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fhir::{Value, json};
use store::{Expect, Key};

use crate::address::Instance;
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

/// Patches the current version; with `If-Match` only if it is that one.
pub async fn apply(call: &Call, key: &Key, operations: &Value) -> Result<Answer, ApiError> {
    call.without_params()?;
    let asked = call.when.expect()?;
    for _ in 0..ATTEMPTS {
        let (version, sent) = patched(call, key, operations).await?;
        let expect = if matches!(asked, Expect::Any) { Expect::Version(version) } else { asked.clone() };
        match call.write("update", create::put(call, key.clone(), expect, &sent)).await {
            Err(error) if matches!(asked, Expect::Any) && conditional::is_race(&error) => {}
            written => return Ok(Answer::written(call, &written?)),
        }
    }
    Err(conditional::too_busy())
}

/// What the current version becomes, and which version that is.
pub async fn patched(call: &Call, key: &Key, operations: &Value) -> Result<(u64, Sent), ApiError> {
    let current = call.api.access.read(&call.cx, key).await?;
    let mut value = current.value();
    json::patch(&mut value, operations)?;
    let sent = Sent::from_value(value);
    sent.check_type(&key.resource_type)?;
    sent.check_id(&key.id)?;
    Ok((current.version, sent))
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
