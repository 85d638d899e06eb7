//! What an operator watches: `/healthz`, `/readyz`, `/metrics`, a log line for each request.
//!
//! A label or log line carries the route's pattern, never the path: a path may name a person.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use store::{Progress, Store};
use tower_http::catch_panic::CatchPanicLayer;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteOnly {
    route: String,
}

/// The figures of this process.
pub struct Figures {
    registry: Registry,
    requests: Family<Route, Counter>,
    seconds: Family<RouteOnly, Histogram>,
    log_entries: Gauge,
    failed_jobs: Gauge,
    audit_writable: Gauge,
    store: Store,
}

fn histogram() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

impl Figures {
    /// Figures about this store's server.
    pub fn new(store: Store) -> Arc<Self> {
        let mut figures = Self {
            registry: Registry::with_prefix("tejido"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            log_entries: Gauge::default(),
            failed_jobs: Gauge::default(),
            audit_writable: Gauge::default(),
            store,
        };
        let registry = &mut figures.registry;
        registry.register("http_requests", "Answers by route and status", figures.requests.clone());
        registry.register("http_request_seconds", "Time to the answer's head", figures.seconds.clone());
        registry.register("log_entries", "Entries of the log", figures.log_entries.clone());
        registry.register("jobs_failed", "Jobs that failed for good", figures.failed_jobs.clone());
        let said = "1 when reads can be written down, and so answered";
        registry.register("audit_writable", said, figures.audit_writable.clone());
        Arc::new(figures)
    }

    async fn render(&self) -> Result<String, store::StoreError> {
        let head = self.store.head().await?;
        self.log_entries.set(i64::try_from(head.seq).unwrap_or(i64::MAX));
        let failed = self.store.failed_jobs().await?.len();
        self.failed_jobs.set(i64::try_from(failed).unwrap_or(i64::MAX));
        self.audit_writable.set(i64::from(self.store.audit_works().await.is_ok()));
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|_| store::StoreError::Fault("metrics can't be written"))?;
        Ok(text)
    }
}

/// Puts the operator's routes beside the others and watches all of them.
pub fn watch(router: Router, figures: Arc<Figures>) -> Router {
    let operator = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(figures.clone());
    router
        .merge(operator)
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(middleware::from_fn_with_state(figures, observe))
}

/// A page that panicked; what `api` does it answers itself, as FHIR.
fn after_panic(_cause: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    let words = "Algo falló de este lado. Vuelva atrás e intente de nuevo; si sigue, avise a quien administra.\n";
    (StatusCode::INTERNAL_SERVER_ERROR, words).into_response()
}

async fn ready(State(figures): State<Arc<Figures>>) -> Response {
    let store = &figures.store;
    let works = match store.head().await {
        Ok(_) => store
            .audit_works()
            .await
            .map_err(|error| (error, "reads can't be written down: nobody's record is shown\n")),
        Err(error) => Err((error, "the store does not answer\n")),
    };
    match works {
        Ok(()) => readiness(store.reindexing()).into_response(),
        Err((error, said)) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, said).into_response()
        }
    }
}

/// What a server that works says. Reads and writes are served while the index is made anew: a balancer
/// that turned away would stop them too.
fn readiness(reindexing: Option<Progress>) -> (StatusCode, String) {
    let said = match reindexing {
        Some(at) => format!("ready; the search index is being made anew: {} of {}\n", at.done, at.total),
        None => "ready\n".to_owned(),
    };
    (StatusCode::OK, said)
}

/// The figures carry no person's data; they are given on the same address, so an operator who
/// does not want them outside blocks `/metrics` at the proxy.
async fn metrics(State(figures): State<Arc<Figures>>, headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The lines read alike as the older text format, which whoever asks without preference expects.
    let kind = match accepts.contains("application/openmetrics-text") {
        true => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        false => "text/plain; version=0.0.4; charset=utf-8",
    };
    match figures.render().await {
        Ok(text) => ([(header::CONTENT_TYPE, kind)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn observe(State(figures): State<Arc<Figures>>, request: Request, next: Next) -> Response {
    // A stranger may send any word for a method; each would be a figure of its own.
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let method = known.iter().find(|known| *known == request.method()).map_or("other", Method::as_str).to_owned();
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let id = request.headers().get("x-request-id").cloned().unwrap_or(HeaderValue::from_static("-"));
    let start = Instant::now();
    let mut response = next.run(request).await;
    // A nested router knows its own pattern only after it matched.
    let route = response.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).or(matched);
    let route = route.unwrap_or_else(|| "none".to_owned());
    let elapsed = start.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    figures.requests.get_or_create(&Route { method: method.clone(), route: route.clone(), status }).inc();
    figures.seconds.get_or_create(&RouteOnly { route: route.clone() }).observe(elapsed);
    let request = id.to_str().unwrap_or("-");
    if status >= 500 {
        tracing::error!(request, method, route, status, ms = elapsed * 1e3, "answered");
    } else {
        tracing::info!(request, method, route, status, ms = elapsed * 1e3, "answered");
    }
    response.headers_mut().entry("x-request-id").or_insert(id);
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn a_server_that_makes_its_index_anew_is_ready_and_says_how_far_it_is() {
        let (status, said) = readiness(Some(Progress { step: "index", done: 3, total: 40 }));
        assert_eq!((status, said.contains("3 of 40")), (StatusCode::OK, true), "{said}");
        assert_eq!(readiness(None), (StatusCode::OK, "ready\n".to_owned()));
    }

    #[tokio::test]
    async fn a_page_that_panics_is_answered_counted_and_the_next_one_too() {
        let world = testkit::World::new().await;
        let panics = get(async || -> &'static str { panic!("broken") });
        let router = watch(Router::new().route("/rota", panics), Figures::new(world.store().clone()));
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap()
        };
        assert_eq!(ask("/rota").await.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(ask("/healthz").await.status(), StatusCode::OK);
        let figures = axum::body::to_bytes(ask("/metrics").await.into_body(), 1 << 20).await.unwrap();
        let figures = String::from_utf8(figures.to_vec()).unwrap();
        assert!(figures.contains(r#"route="/rota",status="500"} 1"#), "{figures}");
    }
}
