//! update, also as create, and conditional update (R4 §3.1.0.4).

use std::collections::HashSet;

use store::{Change, Expect, Key, Kind};

use crate::address::{Instance, TypeName};
use crate::answer::Answer;
use crate::body::Sent;
use crate::call::Call;
use crate::conditional::{self, ATTEMPTS, Found, Races};
use crate::create;
use crate::error::ApiError;

/// `PUT [type]/[id]`.
pub async fn update(call: Call, Instance(key): Instance, sent: Sent) -> Result<Answer, ApiError> {
    put(&call, key, &sent).await
}

/// `PUT [type]?…`.
pub async fn conditional(call: Call, TypeName(kind): TypeName, sent: Sent) -> Result<Answer, ApiError> {
    put_matching(&call, &kind, &sent).await
}

/// Writes the next version of a resource, or its first.
pub async fn put(call: &Call, key: Key, sent: &Sent) -> Result<Answer, ApiError> {
    call.without_params()?;
    sent.check_type(&key.resource_type)?;
    sent.check_id(&key.id)?;
    let expect = call.when.expect()?;
    call.present(&key).await?;
    chosen(call, &key, &expect).await?;
    let written = call.write("update", create::put(call, key, expect, sent)).await;
    Ok(Answer::written(call, &written.map_err(|error| call.when.failed(error))?))
}

/// Writes the next version of the one match, or a new resource if there is none.
pub async fn put_matching(call: &Call, kind: &str, sent: &Sent) -> Result<Answer, ApiError> {
    let mut races = Races::default();
    for _ in 0..ATTEMPTS {
        let found = conditional::find(call, kind, &call.params, &HashSet::new()).await?;
        let change = replacing(call, kind, found, sent).await?;
        match call.write("update", change).await {
            Err(error) if call.when.if_match.is_none() && races.again(&error) => {}
            written => return Ok(Answer::written(call, &written?)),
        }
    }
    Err(conditional::too_busy())
}

/// Holds a caller who may not choose ids to those that it sees: whether a hidden one is taken must
/// not show, so an id that is not there gets the same answer.
///
/// # Errors
/// `NotFound`.
pub async fn chosen(call: &Call, key: &Key, expect: &Expect) -> Result<(), ApiError> {
    let makes = matches!(expect, Expect::Absent | Expect::Unmatched(..));
    if !makes || call.cx.chooses_ids() {
        return Ok(());
    }
    match call.api.access.read(&call.cx, key).await {
        Err(error) if error.kind() != Kind::Gone => Err(error.into()),
        _ => Ok(()),
    }
}

/// The change that a conditional update makes (R4 §3.1.0.4.3): the match's next version, or a new
/// resource with the id of the body if it has one.
pub async fn replacing(call: &Call, kind: &str, found: Found, sent: &Sent) -> Result<Change, ApiError> {
    sent.check_type(kind)?;
    let asked = call.when.expect()?;
    match &found.one {
        Some(stored) => {
            if sent.value.get("id").is_some() {
                sent.check_id(&stored.key.id)?;
            }
            let expect = if matches!(asked, Expect::Any) { Expect::Version(stored.version) } else { asked };
            Ok(create::put(call, stored.key.clone(), expect, sent))
        }
        None if call.when.wants_any() => Err(ApiError::NoMatch { criteria: kind.to_owned() }),
        None => {
            let id = sent.value.id().map_or_else(|| call.new_id(), str::to_owned);
            let key = crate::address::key(kind, &id, &http::Method::PUT)?;
            let expect = if matches!(asked, Expect::Any) { found.expect_none() } else { asked };
            if sent.value.id().is_some() {
                chosen(call, &key, &expect).await?;
            }
            Ok(create::put(call, key, expect, sent))
        }
    }
}
