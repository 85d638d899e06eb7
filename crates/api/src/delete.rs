//! delete and conditional delete (R4 §3.1.0.7): logical, so that vread and history stay.

use std::collections::HashSet;

use access::AccessError;
use http::StatusCode;
use store::{Change, Expect, Key, StoreError, Write};

use crate::address::{Instance, TypeName};
use crate::answer::Answer;
use crate::call::Call;
use crate::conditional::{self, ATTEMPTS};
use crate::error::ApiError;

/// `DELETE [type]/[id]`.
pub async fn delete(call: Call, Instance(key): Instance) -> Result<Answer, ApiError> {
    remove(&call, key).await
}

/// `DELETE [type]?…`.
pub async fn conditional(call: Call, TypeName(kind): TypeName) -> Result<Answer, ApiError> {
    remove_matching(&call, &kind).await
}

/// Deletes a resource; one that is deleted already stays so.
pub async fn remove(call: &Call, key: Key) -> Result<Answer, ApiError> {
    call.without_params()?;
    call.present(&key).await?;
    let change = Change { key, expect: call.when.expect()?, write: Write::Delete };
    match call.write("delete", change).await {
        Ok(stored) => Ok(Answer { version: Some(stored.version), ..Answer::empty(StatusCode::NO_CONTENT) }),
        Err(ApiError::Access(AccessError::Store(StoreError::Gone { .. }))) => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        Err(error) => Err(error),
    }
}

/// Deletes the one match, if there is one.
pub async fn remove_matching(call: &Call, kind: &str) -> Result<Answer, ApiError> {
    for _ in 0..ATTEMPTS {
        let Some(stored) = conditional::find(call, kind, &call.params, &HashSet::new()).await?.one else {
            if call.when.wants_any() {
                return Err(ApiError::NoMatch { criteria: kind.to_owned() });
            }
            return Ok(Answer::empty(StatusCode::NO_CONTENT));
        };
        let asked = call.when.expect()?;
        let expect = if matches!(asked, Expect::Any) { Expect::Version(stored.version) } else { asked };
        match call.write("delete", Change { key: stored.key, expect, write: Write::Delete }).await {
            Err(error) if call.when.if_match.is_none() && conditional::is_race(&error) => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(Answer::empty(StatusCode::NO_CONTENT)),
        }
    }
    Err(conditional::too_busy())
}
