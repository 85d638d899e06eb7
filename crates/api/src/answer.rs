//! An answer before it is HTTP, so that an entry of a Bundle can carry it too.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use fhir::outcome::{Issue, Severity, operation_outcome};
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use store::{Method, Stored};

use crate::call::{Call, Return};

/// The media type of everything this API writes.
pub const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");

/// What an interaction gives.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// `ETag`: the version.
    pub version: Option<u64>,
    /// `Last-Modified`.
    pub modified: Option<Timestamp>,
    /// `Location`, absolute.
    pub location: Option<String>,
    /// JSON text, if there is one.
    pub body: Option<Bytes>,
}

impl Answer {
    /// 200 with this text.
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self { body: Some(body.into()), ..Self::empty(StatusCode::OK) }
    }

    /// A status alone.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, version: None, modified: None, location: None, body: None }
    }

    /// A version as it is stored.
    pub fn of(stored: &Stored) -> Self {
        Self { version: Some(stored.version), modified: Some(stored.last_updated), ..Self::ok(stored.body.clone()) }
    }

    /// What was written, as `Prefer` asks: 201 for a create, 200 for an update.
    pub fn written(call: &Call, stored: &Stored) -> Self {
        let created = stored.method == Method::Create;
        let location = format!("{}/{}/_history/{}", call.base, stored.key, stored.version);
        let body = match call.wanted {
            Some(Return::Minimal) => None,
            Some(Return::Outcome) => Some(said(&format!("{} is version {} now", stored.key, stored.version))),
            Some(Return::Representation) | None => Some(stored.body.clone()),
        };
        Self {
            status: if created { StatusCode::CREATED } else { StatusCode::OK },
            location: Some(location),
            body,
            ..Self::of(stored)
        }
    }

    /// The ETag as text.
    pub fn etag(&self) -> Option<String> {
        self.version.map(|version| format!("W/\"{version}\""))
    }
}

/// An OperationOutcome that says how it went.
fn said(what: &str) -> Bytes {
    let issue = Issue { severity: Severity::Information, ..Issue::general("informational", what) };
    operation_outcome(&[issue]).to_bytes().into()
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        let mut put = |name, text: Option<String>| {
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        };
        put(header::ETAG, self.etag());
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        put(header::LAST_MODIFIED, self.modified.and_then(|time| printer.timestamp_to_rfc9110_string(&time).ok()));
        put(header::LOCATION, self.location);
        match self.body {
            Some(body) => {
                headers.insert(header::CONTENT_TYPE, FHIR_JSON);
                (self.status, headers, body).into_response()
            }
            None => (self.status, headers).into_response(),
        }
    }
}
