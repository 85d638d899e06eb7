//! The one place where an error becomes a status and an OperationOutcome (R4 §2.28, §3.1.0).
//!
//! R4 §3.1.0.4.1 and §3.1.0.8 decide between 400 and 422: what can't be parsed or breaks the base
//! structure is 400, what breaks a rule of the house is 422.

use access::AccessError;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use fhir::outcome::{Issue, operation_outcome};
use fhir::search::QueryError;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, StatusCode};
use store::{Kind, StoreError};

use crate::answer::FHIR_JSON;
use crate::error::ApiError;

/// Status and `issue.code` of a kind.
fn of_kind(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::NotFound => (StatusCode::NOT_FOUND, "not-found"),
        Kind::Gone => (StatusCode::GONE, "deleted"),
        Kind::Conflict => (StatusCode::CONFLICT, "conflict"),
        Kind::Stale => (StatusCode::PRECONDITION_FAILED, "conflict"),
        Kind::Invalid => (StatusCode::BAD_REQUEST, "invalid"),
        Kind::Rule => (StatusCode::UNPROCESSABLE_ENTITY, "business-rule"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "login"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        Kind::Busy => (StatusCode::SERVICE_UNAVAILABLE, "transient"),
        Kind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
        Kind::Fault => (StatusCode::INTERNAL_SERVER_ERROR, "exception"),
    }
}

/// Status and `issue.code` of an error: its kind's, but where HTTP has a finer word.
fn of_error(error: &ApiError) -> (StatusCode, &'static str) {
    match error {
        ApiError::Json(_) => (StatusCode::BAD_REQUEST, "structure"),
        ApiError::Query(QueryError::UnknownParameter { .. } | QueryError::Unsupported { .. }) => {
            (StatusCode::BAD_REQUEST, "not-supported")
        }
        ApiError::Malformed { .. } => (StatusCode::BAD_REQUEST, "value"),
        ApiError::UnknownType { .. } | ApiError::NoRoute { .. } => (StatusCode::NOT_FOUND, "not-supported"),
        ApiError::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "not-supported"),
        ApiError::NotSupported { .. } => (StatusCode::BAD_REQUEST, "not-supported"),
        ApiError::NotAcceptable { .. } => (StatusCode::NOT_ACCEPTABLE, "not-supported"),
        ApiError::MediaType { .. } => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-supported"),
        ApiError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-long"),
        ApiError::TooCostly { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-costly"),
        ApiError::MultipleMatches { .. } => (StatusCode::PRECONDITION_FAILED, "multiple-matches"),
        ApiError::NoMatch { .. } => (StatusCode::PRECONDITION_FAILED, "not-found"),
        ApiError::Patch { .. } => (of_kind(error.kind()).0, "processing"),
        ApiError::Access(AccessError::TooMany { .. }) => (StatusCode::TOO_MANY_REQUESTS, "throttled"),
        _ if is_untraced(error) => (StatusCode::SERVICE_UNAVAILABLE, "exception"),
        ApiError::Entry { error, .. } => of_error(error),
        _ => of_kind(error.kind()),
    }
}

/// What may only be read with a trace, while none can be written.
fn is_untraced(error: &ApiError) -> bool {
    matches!(error, ApiError::Access(AccessError::Store(StoreError::AuditUnavailable(_))))
}

/// The status of an error.
pub fn status(error: &ApiError) -> StatusCode {
    of_error(error).0
}

/// The issues of an error; never empty.
pub fn issues(error: &ApiError) -> Vec<Issue> {
    let code = of_error(error).1;
    match error {
        ApiError::Invalid(found) | ApiError::Access(AccessError::Invalid(found) | AccessError::Rule(found)) => {
            found.clone()
        }
        ApiError::Json(error) => vec![error.into()],
        ApiError::Malformed { place, problem } => vec![Issue::error(code, http(place), problem)],
        ApiError::UnknownType { name } => {
            let known = fhir::schema::r4().resource_types().join(", ");
            vec![Issue::error(code, name, format!("{error}; it knows {known}"))]
        }
        ApiError::Entry { place, error } => issues(error).into_iter().map(|issue| within(place, issue)).collect(),
        _ if is_untraced(error) => {
            let say = "who reads can't be written down now, so nobody's record is read; whoever runs this server must \
                       see to its disk";
            vec![Issue::general(code, say)]
        }
        _ if error.kind() == Kind::Fault => {
            vec![Issue::general(code, "something is broken here; the server's log tells more under this request's id")]
        }
        _ => match place(error) {
            Some(place) => vec![Issue::error(code, place, error.to_string())],
            None => vec![Issue::general(code, error.to_string())],
        },
    }
}

/// A place as R4 names it (OperationOutcome.issue): an element by its path, a parameter or header by
/// `http.` and its name.
pub fn http(name: &str) -> String {
    let first = name.split(['.', '[', '?', '/']).next().unwrap_or_default();
    match first.is_empty() || fhir::schema::r4().is_resource(first) {
        true => name.to_owned(),
        false => format!("http.{name}"),
    }
}

/// What of the request is to blame: a parameter, a condition, a header, the address, the method.
fn place(error: &ApiError) -> Option<String> {
    Some(match error {
        ApiError::Query(
            QueryError::UnknownParameter { name, .. }
            | QueryError::Ambiguous { name, .. }
            | QueryError::Unsupported { name }
            | QueryError::Modifier { name, .. }
            | QueryError::Value { name, .. }
            | QueryError::Malformed { name, .. },
        ) => http(name),
        ApiError::NotSupported { place, .. } => http(place),
        ApiError::Patch { of, error } => error.place(of),
        ApiError::MultipleMatches { criteria } | ApiError::NoMatch { criteria } => criteria.clone(),
        ApiError::NotAcceptable { .. } => http("Accept"),
        ApiError::MediaType { wanted, .. } if wanted.starts_with("gzip") => http("Content-Encoding"),
        ApiError::MediaType { .. } => http("Content-Type"),
        ApiError::Present { .. } => http("If-None-Match"),
        ApiError::Access(AccessError::Store(StoreError::Stale { .. })) => http("If-Match"),
        ApiError::Access(AccessError::Store(StoreError::Cursor)) => http("_cursor"),
        ApiError::Access(AccessError::Store(StoreError::Search(_))) => http("parameters"),
        ApiError::NoRoute { path } => path.clone(),
        ApiError::MethodNotAllowed { method } => method.clone(),
        ApiError::TooLarge { .. } | ApiError::TooCostly { .. } => http("Content-Length"),
        ApiError::Access(AccessError::NotFound { what }) => what.clone(),
        ApiError::Access(AccessError::Store(StoreError::NotFound { key } | StoreError::Gone { key })) => {
            key.to_string()
        }
        ApiError::Access(AccessError::Store(StoreError::Exists { key, .. } | StoreError::Invalid { key, .. })) => {
            key.to_string()
        }
        _ if matches!(error.kind(), Kind::Unauthenticated | Kind::Forbidden) => http("Authorization"),
        ApiError::Access(AccessError::TooMany { .. }) => http("Authorization"),
        _ => return None,
    })
}

/// An issue of an entry's resource, with the entry before its place.
/// With the place of the resource, too.
pub fn within(place: &str, mut issue: Issue) -> Issue {
    let inner = issue.expression.take().unwrap_or_default();
    // A parameter or a condition may hold dots too.
    let element = |kind: &str| kind.starts_with(|first: char| first.is_ascii_uppercase()) && !kind.contains('?');
    issue.expression = Some(match inner.split_once('.').filter(|(kind, _)| element(kind)) {
        Some((_, rest)) => format!("{place}.resource.{rest}"),
        None => place.to_owned(),
    });
    issue
}

/// The OperationOutcome of an error, as text.
pub fn body(error: &ApiError) -> Bytes {
    if error.kind() == Kind::Fault {
        tracing::error!(%error, "a request failed");
    }
    operation_outcome(&issues(error)).to_bytes().into()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (status(&self), body(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, FHIR_JSON);
        let extra: Option<(HeaderName, HeaderValue)> = match &self {
            Self::Access(AccessError::Unauthenticated) => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tejido\"")))
            }
            Self::Access(AccessError::TooMany { seconds }) => Some((RETRY_AFTER, (*seconds).into())),
            _ if self.kind() == Kind::Busy => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        };
        headers.extend(extra);
        response
    }
}

/// The answer to a request that did not come to its end in time.
pub fn timed_out() -> Response {
    let issue = Issue::general("timeout", "the request took too long to arrive or to be answered; send it again");
    let body: Bytes = operation_outcome(&[issue]).to_bytes().into();
    (StatusCode::REQUEST_TIMEOUT, [(CONTENT_TYPE, FHIR_JSON)], body).into_response()
}

/// Nothing is at this address.
pub async fn no_route(request: Request) -> ApiError {
    ApiError::NoRoute { path: request.uri().path().to_owned() }
}

/// The address is right, the method is not; axum adds `Allow`.
pub async fn method_not_allowed(request: Request) -> ApiError {
    ApiError::MethodNotAllowed { method: request.method().to_string() }
}
