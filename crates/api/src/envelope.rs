//! What surrounds every request, whatever it asks: its id, gzip, `_pretty`, and an answer even
//! when a handler panics.

use std::any::Any;

use axum::Router;
use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use fhir::Value;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, HeaderName, HeaderValue};
use http::header::{STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use store::StoreError;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::address;
use crate::bundle::text;
use crate::call::RequestId;
use crate::error::ApiError;
use crate::{Api, Peer};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts the layers around the routes; the last one added sees a request first.
pub fn wrap(routes: Router, api: Api) -> Router {
    routes
        .layer(middleware::from_fn(pretty))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(CompressionLayer::new().gzip(true))
        .layer(middleware::from_fn_with_state(api, request_id))
}

fn after_panic(cause: Box<dyn Any + Send>) -> Response {
    let said = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let said = said.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = said, "a handler panicked");
    ApiError::from(StoreError::Fault("a handler panicked")).into_response()
}

/// Takes the caller's request id where it is one, makes one where not, and echoes it. No answer is
/// kept by a cache: it may be about a person.
async fn request_id(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let usable = |text: &&str| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let secure = request.extensions().get::<Peer>().is_some_and(|peer| peer.secure);
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(usable);
    let id = given.map_or_else(|| api.access.store().entropy().id(), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if secure {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// `_pretty=true`: for people who read; everybody else gets the stored bytes.
async fn pretty(request: Request, next: Next) -> Response {
    let params = address::decode(request.uri().query().unwrap_or_default()).unwrap_or_default();
    let wanted = params.iter().any(|(name, value)| name == "_pretty" && value == "true");
    let response = next.run(request).await;
    if !wanted {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = body::to_bytes(body, usize::MAX).await else {
        return ApiError::from(StoreError::Fault("an answer could not be read again")).into_response();
    };
    let shown = match fhir::json::parse(&whole) {
        Ok(value) => Body::from(indented(&value)),
        Err(_) => Body::from(whole),
    };
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, shown)
}

fn indented(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out.push('\n');
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (at, (name, member)) in object.iter().enumerate() {
                line(out, if at == 0 { "{" } else { "," }, depth + 1);
                out.push_str(&text(name));
                out.push_str(": ");
                write(out, member, depth + 1);
            }
            line(out, "", depth);
            out.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                line(out, if at == 0 { "[" } else { "," }, depth + 1);
                write(out, item, depth + 1);
            }
            line(out, "", depth);
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn line(out: &mut String, before: &str, depth: usize) {
    out.push_str(before);
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use http::StatusCode;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::{Authenticate, Authenticated, Settings};

    struct Nobody;

    impl Authenticate for Nobody {
        fn authenticate(&self, _: &str, _: &str, _: Option<&str>) -> Authenticated {
            Box::pin(async { Err(access::AccessError::Unauthenticated) })
        }
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_and_the_next_request_too() {
        let world = testkit::World::new().await;
        let api = Api {
            access: world.access.clone(),
            authenticate: Arc::new(Nobody),
            settings: Arc::new(Settings::default()),
        };
        let panics = get(async || -> &'static str { panic!("Rosa Tzub is not to be told") });
        let routes = Router::new().route("/broken", panics).route("/whole", get(async || "ok"));
        let router = wrap(routes, api);
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
            (parts, body.collect().await.unwrap().to_bytes())
        };
        let (parts, body) = ask("/broken").await;
        assert_eq!(parts.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(parts.headers.contains_key(&REQUEST_ID));
        let outcome = fhir::json::parse(&body).unwrap();
        assert_eq!(outcome.resource_type(), Some("OperationOutcome"));
        assert_eq!(outcome.items("issue")[0].text_at(&["code"]), Some("exception"));
        assert!(!outcome.to_string().contains("Rosa"));
        assert_eq!(ask("/whole").await.0.status, StatusCode::OK);
    }

    #[test]
    fn what_is_shown_pretty_reads_back_the_same() {
        let value =
            fhir::json!({ "resourceType": "Patient", "name": [{ "given": ["Rosa", "María"] }], "x": [], "y": {} });
        let shown = indented(&value);
        assert!(shown.contains("\n  \"name\": [\n    {\n"));
        assert_eq!(fhir::json::parse(shown.as_bytes()).unwrap(), value);
    }
}
