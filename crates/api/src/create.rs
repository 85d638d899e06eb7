//! create and conditional create (R4 §3.1.0.8).

use std::collections::HashSet;

use store::{Change, Expect, Key, Write};

use crate::address::TypeName;
use crate::answer::Answer;
use crate::body::Sent;
use crate::call::Call;
use crate::conditional::{self, ATTEMPTS};
use crate::error::ApiError;
use crate::links;

/// `POST [type]`.
pub async fn create(call: Call, TypeName(kind): TypeName, sent: Sent) -> Result<Answer, ApiError> {
    post(&call, &kind, &sent).await
}

/// A resource to be written as it was sent, but that references by this API's own address become
/// relative: only so they are found, followed and held to who may see (R4 §2.3.0.1.1).
pub fn put(call: &Call, key: Key, expect: Expect, sent: &Sent) -> Change {
    let own = links::relative(sent, &call.base);
    let text = own.map_or_else(|| sent.bytes.as_ref().into(), |value| value.to_bytes().into());
    Change { key, expect, write: Write::Put(text) }
}

/// Writes a new resource, or with `If-None-Exist` answers the one that is there.
pub async fn post(call: &Call, kind: &str, sent: &Sent) -> Result<Answer, ApiError> {
    call.without_params()?;
    sent.check_type(kind)?;
    let Some(criteria) = &call.when.if_none_exist else {
        let stored = call.write("create", put(call, Key::new(kind, call.new_id()), Expect::Absent, sent)).await?;
        return Ok(Answer::written(call, &stored));
    };
    let pairs = conditional::criteria(criteria)?;
    for _ in 0..ATTEMPTS {
        let found = conditional::find(call, kind, &pairs, &HashSet::new()).await?;
        if let Some(stored) = &found.one {
            return Ok(Answer { status: http::StatusCode::OK, ..Answer::written(call, stored) });
        }
        let change = put(call, Key::new(kind, call.new_id()), found.expect_none(), sent);
        match call.write("create", change).await {
            Err(error) if conditional::is_race(&error) => {}
            written => return Ok(Answer::written(call, &written?)),
        }
    }
    Err(conditional::too_busy())
}
