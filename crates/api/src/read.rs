//! read, conditional read and vread (R4 §3.1.0.2, §3.1.0.3).

use access::AccessError;
use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;
use store::{Key, StoreError, Stored};

use crate::Api;
use crate::address::{self, Instance};
use crate::answer::Answer;
use crate::call::Call;
use crate::error::ApiError;
use crate::shape::Shape;

/// One version of one resource, as a path names it.
pub struct Version(Key, u64);

/// `GET [type]/[id]`.
pub async fn read(call: Call, Instance(key): Instance) -> Result<Answer, ApiError> {
    current(&call, &key).await
}

/// `GET [type]/[id]/_history/[vid]`.
pub async fn version(call: Call, Version(key, version): Version) -> Result<Answer, ApiError> {
    at_version(&call, &key, version).await
}

/// The current version.
pub async fn current(call: &Call, key: &Key) -> Result<Answer, ApiError> {
    let shape = Shape::of_read(&call.params)?;
    let stored = call.api.access.read(&call.cx, key).await?;
    shown(call, &stored, &shape)
}

/// That version.
pub async fn at_version(call: &Call, key: &Key, version: u64) -> Result<Answer, ApiError> {
    let shape = Shape::of_read(&call.params)?;
    let stored = call.api.access.read_version(&call.cx, key, version).await?;
    shown(call, &stored, &shape)
}

/// 304 where the caller has it already, 410 for a deletion.
fn shown(call: &Call, stored: &Stored, shape: &Shape) -> Result<Answer, ApiError> {
    if stored.deleted {
        return Err(StoreError::Gone { key: stored.key.clone() }.into());
    }
    let answer = Answer::of(stored);
    if call.when.is_known(stored) {
        return Ok(Answer { status: StatusCode::NOT_MODIFIED, body: None, ..answer });
    }
    Ok(Answer { body: Some(shape.apply(&stored.body).into_owned().into()), ..answer })
}

impl FromRequestParts<Api> for Version {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        match address::path_parts(parts, api).await?.as_slice() {
            [name, id, version] => {
                let key = address::key(name, id, &parts.method)?;
                let what = format!("{key}/_history/{version}");
                let version = version.parse().map_err(|_| AccessError::NotFound { what })?;
                Ok(Self(key, version))
            }
            _ => Err(ApiError::NoRoute { path: parts.uri.path().to_owned() }),
        }
    }
}
