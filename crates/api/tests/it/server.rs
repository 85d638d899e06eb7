//! A server for tests: the router on a temporary store, and words for what a client does.

use std::sync::Arc;

use access::{Access, AccessError, Cx, TejidoProjector};
use api::{Api, Authenticate, Authenticated, Settings};
use axum::Router;
use axum::body::Body;
use fhir::Value;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use store::{Clock, Store};
use testkit::{FixedClock, Place, World};
use tower::ServiceExt;

/// A router on a temporary store.
pub struct Server {
    pub router: Router,
    pub clock: Arc<FixedClock>,
    pub store: Store,
    _place: Option<Place>,
}

/// The token `sistema` is the program itself, `caller-0` and so on are these callers; no other is known.
struct Tokens {
    clock: Arc<dyn Clock>,
    callers: Vec<Cx>,
}

impl Authenticate for Tokens {
    fn authenticate(&self, token: &str, request: &str, _address: Option<&str>) -> Authenticated {
        let caller = |number: &str| self.callers.get(number.parse::<usize>().ok()?).cloned();
        let cx = match token {
            "sistema" => Some(Cx::system(self.clock.now(), request)),
            _ => token.strip_prefix("caller-").and_then(caller),
        };
        Box::pin(async { cx.ok_or(AccessError::Unauthenticated) })
    }
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        fhir::json::parse(self.text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Fails unless the status is that.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Fails unless this is an OperationOutcome with that status, code and place; none asks for none.
    #[track_caller]
    pub fn refuses(self, status: u16, code: &str, place: Option<&str>) -> Self {
        let reply = self.is(status);
        let body = reply.json();
        assert_eq!(body.resource_type(), Some("OperationOutcome"), "{body}");
        assert_eq!(fhir::validate(&body), [], "{body}");
        assert_eq!(body.text_at(&["issue", "code"]), Some(code), "{body}");
        let told = body.text_at(&["issue", "expression"]);
        assert!(told.is_some(), "{body} names no place");
        // A parameter or header is `http.` and its name.
        let plain = told.and_then(|told| told.strip_prefix("http."));
        assert!(place.is_none() || told == place || plain == place, "{told:?} in {body}");
        reply
    }

    /// The ids of a Bundle's entries with that search mode.
    pub fn ids(&self, mode: &str) -> Vec<String> {
        let bundle = self.json();
        let entries = bundle.items("entry").iter();
        let found = entries.filter(|entry| entry.text_at(&["search", "mode"]) == Some(mode));
        found.map(|entry| entry.text_at(&["resource", "id"]).unwrap().to_owned()).collect()
    }

    /// The matches of a searchset.
    pub fn matches(&self) -> Vec<String> {
        self.ids("match")
    }

    /// The address of a Bundle's link, after the base.
    pub fn link(&self, relation: &str) -> Option<String> {
        let bundle = self.json();
        let link = bundle.items("link").iter().find(|link| link.text_at(&["relation"]) == Some(relation))?;
        let url = link.text_at(&["url"]).unwrap();
        Some(url.strip_prefix("http://tejido.test/fhir").unwrap_or_else(|| panic!("{url}")).to_owned())
    }
}

fn router(access: Access, callers: Vec<Cx>, settings: Settings) -> Router {
    let authenticate = Arc::new(Tokens { clock: access.store().clock().clone(), callers });
    api::router(Api { access, authenticate, settings: Arc::new(settings) })
}

impl Server {
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let (store, place) = testkit::store(Arc::new(TejidoProjector)).await;
        let clock = place.clock.clone();
        let router = router(Access::new(store.clone(), Vec::new()), Vec::new(), settings);
        Self { router, clock, store, _place: Some(place) }
    }

    /// Over a gate that is there already, for these callers.
    pub fn over(world: &World, callers: Vec<Cx>) -> Self {
        let router = router(world.access.clone(), callers, Settings::default());
        Self { router, clock: world.clock.clone(), store: world.store().clone(), _place: None }
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap_or_default();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// A request with the token; headers as `Name: value`, one a line.
    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("/fhir{path}")).header("host", "tejido.test");
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", "Bearer sistema");
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/fhir+json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// As another caller.
    pub async fn call_as(&self, token: &str, method: &str, path: &str, body: &str) -> Reply {
        self.call(method, path, &[("authorization", &format!("Bearer {token}"))], body).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &str) -> Reply {
        self.call("POST", path, &[], body).await
    }

    pub async fn put(&self, path: &str, body: &str) -> Reply {
        self.call("PUT", path, &[], body).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, &[], "").await
    }

    /// Writes a resource under the id it has.
    pub async fn have(&self, resource: &str) {
        let value = fhir::json::parse(resource.as_bytes()).unwrap();
        let path = format!("/{}/{}", value.resource_type().unwrap(), value.id().unwrap());
        let reply = self.put(&path, resource).await;
        assert!(reply.status.is_success(), "{}", reply.text);
    }

    /// A form to `_search`.
    pub async fn post_form(&self, path: &str, form: &str) -> Reply {
        self.call("POST", path, &[("content-type", "application/x-www-form-urlencoded")], form).await
    }
}

/// Text with ids that were drawn replaced, so that snapshots do not depend on the order of draws.
pub fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_ascii_alphanumeric() {
            word.push(character);
            continue;
        }
        let drawn = word.len() == 26 && word.bytes().any(|byte| byte.is_ascii_digit()) && word == word.to_lowercase();
        out.push_str(if drawn { "(id)" } else { &word });
        word.clear();
        out.push(character);
    }
    out.truncate(out.len() - 1);
    out
}
