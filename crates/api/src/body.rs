//! Request bodies: read to a limit, unpacked to the same limit, parsed.

use std::io::Read;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use fhir::Value;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::Api;
use crate::address::{self, Pairs};
use crate::error::ApiError;

/// Bodies beyond this are unpacked and parsed off the threads that serve.
const LARGE_BYTES: usize = 256 << 10;

/// A resource as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The text, to be stored.
    pub bytes: Bytes,
    /// The tree, to be looked at.
    pub value: Value,
}

impl Sent {
    /// A resource that arrived inside another.
    pub fn from_value(value: Value) -> Self {
        Self { bytes: value.to_bytes().into(), value }
    }

    /// Refuses a resource of another type than the address names.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn check_type(&self, expected: &str) -> Result<(), ApiError> {
        match self.value.resource_type() {
            Some(found) if found == expected => Ok(()),
            Some(found) => Err(ApiError::invalid(
                "invalid",
                format!("{found}.resourceType"),
                format!("the address says {expected}, the body is a {found}"),
            )),
            None => Err(ApiError::invalid("structure", "$", "the body is no resource: resourceType is missing")),
        }
    }

    /// Refuses a resource without id or with another than the address names (R4 §3.1.0.4).
    ///
    /// # Errors
    /// `Invalid`.
    pub fn check_id(&self, expected: &str) -> Result<(), ApiError> {
        let place = format!("{}.id", self.value.resource_type().unwrap_or("Resource"));
        match self.value.get("id").map(Value::as_str) {
            Some(Some(found)) if found == expected => Ok(()),
            Some(_) => Err(ApiError::invalid("invalid", place, format!("the address says {expected:?}, the body not"))),
            None => Err(ApiError::invalid("required", place, "an update needs the id in the body too")),
        }
    }
}

/// A JSON Patch document (RFC 6902).
pub struct Operations(pub Value);

const JSON: [&str; 3] = ["application/fhir+json", "application/json", "text/json"];
const JSON_PATCH: [&str; 1] = ["application/json-patch+json"];

impl FromRequest<Api> for Sent {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        json(request, api, &JSON).await
    }
}

impl FromRequest<Api> for Operations {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        Ok(Self(json(request, api, &JSON_PATCH).await?.value))
    }
}

async fn json(request: Request, api: &Api, kinds: &[&'static str]) -> Result<Sent, ApiError> {
    let (parts, body) = request.into_parts();
    media_type(&parts, kinds)?;
    let (packed, limit) = (packed(&parts)?, api.settings.max_body_bytes);
    let bytes = read(&parts, body, limit).await?;
    let large = packed || bytes.len() > LARGE_BYTES;
    let work = move || {
        let bytes = if packed { unpack(&bytes, limit)? } else { bytes };
        let value = fhir::json::parse(&bytes)?;
        Ok(Sent { bytes, value })
    };
    if !large {
        return work();
    }
    let broken = |_| ApiError::from(store::StoreError::Fault("reading a body panicked"));
    tokio::task::spawn_blocking(work).await.map_err(broken)?
}

/// The parameters of a `POST …/_search`.
pub struct Form(pub Pairs);

impl FromRequest<Api> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        media_type(&parts, &["application/x-www-form-urlencoded"])?;
        let limit = api.settings.max_body_bytes.min(LARGE_BYTES);
        let bytes = read(&parts, body, limit).await?;
        let bytes = if packed(&parts)? { unpack(&bytes, limit)? } else { bytes };
        let text = std::str::from_utf8(&bytes).map_err(|_| ApiError::malformed("_search", "the form is not UTF-8"))?;
        address::decode(text.trim()).map(Self)
    }
}

fn text<'a>(parts: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

fn media_type(parts: &Parts, known: &[&'static str]) -> Result<(), ApiError> {
    let Some(found) = text(parts, &CONTENT_TYPE) else { return Ok(()) };
    let mut parts = found.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    // R4 §3.1.0.1.10 and 11: UTF-8 is the one encoding, 4.0 the one version.
    let read = parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "charset" => value.eq_ignore_ascii_case("utf-8"),
            "fhirversion" => value == "4.0",
            _ => true,
        }
    });
    match read && known.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        true => Ok(()),
        false => Err(ApiError::MediaType { found: found.to_owned(), wanted: known[0] }),
    }
}

fn packed(parts: &Parts) -> Result<bool, ApiError> {
    match text(parts, &CONTENT_ENCODING).map(str::trim) {
        None | Some("" | "identity") => Ok(false),
        Some("gzip" | "x-gzip") => Ok(true),
        Some(other) => Err(ApiError::MediaType { found: other.to_owned(), wanted: "gzip or plain text" }),
    }
}

async fn read(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let told = text(parts, &CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if told.is_some_and(|told| told > limit) {
        return Err(ApiError::TooLarge { limit });
    }
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::TooLarge { limit }),
        Err(_) => Err(ApiError::malformed("body", "the body ended too soon")),
    }
}

/// Unpacks to the limit and no byte further, so that a bomb costs no more than an honest body.
fn unpack(bytes: &[u8], limit: usize) -> Result<Bytes, ApiError> {
    let mut out = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::MultiGzDecoder::new(bytes)
        .take(most)
        .read_to_end(&mut out)
        .map_err(|_| ApiError::malformed("body", "Content-Encoding says gzip, the body is not"))?;
    if out.len() > limit { Err(ApiError::TooLarge { limit }) } else { Ok(out.into()) }
}
