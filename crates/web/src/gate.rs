//! Before and after every page: who visits, whether the row of the table lets them in, whether a
//! form carries its seal, and the headers that keep a browser from doing what we never ask of it.

use std::net::SocketAddr;
use std::sync::Arc;

use access::{Cx, Pending, Role};
use axum::Form as AxumForm;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request, State as Extract};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use subtle::ConstantTimeEq;

use crate::form::Form;
use crate::keep::Kept;
use crate::pages::phone;
use crate::problem::{Answer, Problem};
use crate::route::Expects;
use crate::session::Who;
use crate::shell::{Done, Shell, rendered, respond};
use crate::text::Text;
use crate::{Shared, State, cookie, once, pages, session};

/// Somebody who has logged in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The context of the request.
    pub cx: Cx,
}

/// One request of a browser: who, with which seal, what was done before, where.
#[derive(Clone)]
pub struct Visit {
    /// What the pages stand on.
    pub state: Arc<Shared>,
    /// Who, when logged in.
    pub caller: Option<Caller>,
    /// What the caller has to settle before anything else.
    pub pending: Option<Pending>,
    /// The user name of the session's account.
    pub user: Option<String>,
    /// The session's secret.
    pub secret: Option<String>,
    /// The secrets of the locked sessions of others in this browser.
    pub others: Vec<String>,
    /// The network address.
    pub address: Option<String>,
    /// The seal of this browser's forms.
    pub seal: String,
    /// What was just done.
    pub done: Option<Done>,
    /// The path asked for.
    pub path: String,
    /// Where the browser reached us: `https://salud.example`; empty when it did not say.
    pub site: String,
}

impl Visit {
    /// What stands around a page with this title.
    pub fn shell(&self, title: Text) -> Shell {
        Shell::of(self, title)
    }

    /// The caller's context; the gate has let nobody else through.
    pub fn cx(&self) -> Result<&Cx, Problem> {
        self.caller.as_ref().map(|caller| &caller.cx).ok_or(Problem::Forbidden)
    }

    /// The caller's role.
    pub fn role(&self) -> Option<Role> {
        self.caller.as_ref().map(|caller| caller.cx.role)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or(Problem::Fault)
    }
}

/// A form that came from our page, once.
pub struct Posted(pub Form);

impl FromRequest<Arc<Shared>> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<Shared>) -> Result<Self, Problem> {
        let visit = request.extensions().get::<Visit>().cloned().ok_or(Problem::Fault)?;
        let slot = request.extensions().get::<once::Slot>().cloned().ok_or(Problem::Fault)?;
        let form = sealed(&visit, request, state).await?;
        slot.hold(&form);
        once::reserve(&visit, &slot, &form).await?;
        Ok(Self(form))
    }
}

/// A question that a page of ours asks while somebody types: sealed, and asked as often as it likes,
/// since it changes nothing.
pub struct Asking(pub Form);

impl FromRequest<Arc<Shared>> for Asking {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<Shared>) -> Result<Self, Problem> {
        let visit = request.extensions().get::<Visit>().cloned().ok_or(Problem::Fault)?;
        sealed(&visit, request, state).await.map(Self)
    }
}

/// The most fields that come with a file.
const FIELDS_WITH_FILE: usize = 50;

/// A form of our page with a file, once. The seal comes before the file: a foreign file is not read.
pub struct Uploaded {
    /// The fields.
    pub form: Form,
    /// The file; empty when none was chosen.
    pub file: Vec<u8>,
}

impl FromRequest<Arc<Shared>> for Uploaded {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<Shared>) -> Result<Self, Problem> {
        let visit = request.extensions().get::<Visit>().cloned().ok_or(Problem::Fault)?;
        let slot = request.extensions().get::<once::Slot>().cloned().ok_or(Problem::Fault)?;
        let elsewhere = from_elsewhere(&request);
        let mut parts = Multipart::from_request(request, state).await.map_err(|_| Problem::Unreadable)?;
        let (mut pairs, mut file) = (Vec::new(), Vec::new());
        let broken = |error: MultipartError| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
            _ => Problem::Unreadable,
        };
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            if part.file_name().is_none() && pairs.len() < FIELDS_WITH_FILE {
                let name = part.name().unwrap_or_default().to_owned();
                pairs.push((name, part.text().await.map_err(broken)?));
            } else if carries_seal(&visit, &pairs) && !elsewhere {
                file = part.bytes().await.map_err(broken)?.to_vec();
            } else {
                return Err(Problem::Unsealed);
            }
        }
        if elsewhere || !carries_seal(&visit, &pairs) {
            return Err(Problem::Unsealed);
        }
        let form = Form::new(pairs);
        once::reserve(&visit, &slot, &form).await?;
        Ok(Self { form, file })
    }
}

/// Whether a browser says that another site sent the request.
fn from_elsewhere(request: &Request) -> bool {
    request.headers().get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

fn carries_seal(visit: &Visit, pairs: &[(String, String)]) -> bool {
    let seal = pairs.iter().find(|(name, _)| name == "_sello").map_or("", |(_, seal)| seal);
    seal.as_bytes().ct_eq(visit.seal.as_bytes()).into()
}

/// Reads a form and holds it to its seal.
async fn sealed(visit: &Visit, request: Request, state: &Arc<Shared>) -> Result<Form, Problem> {
    let elsewhere = from_elsewhere(&request);
    let AxumForm(pairs) = AxumForm::<Vec<(String, String)>>::from_request(request, state).await.map_err(unreadable)?;
    if carries_seal(visit, &pairs) && !elsewhere { Ok(Form::new(pairs)) } else { Err(Problem::Unsealed) }
}

fn unreadable(rejection: FormRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { Problem::TooLarge } else { Problem::Unreadable }
}

/// Runs the page and settles its form. In a task of its own: whoever closes the browser meanwhile
/// would leave the form half done and its key taken.
async fn answered(visit: &Visit, slot: once::Slot, request: Request, next: Next) -> Response {
    let (own, form) = (visit.clone(), slot.clone());
    let running = tokio::spawn(async move {
        let response = next.run(request).await;
        once::settle(&own, &form, once::Outcome::of(&response)).await;
        response
    });
    let response = match running.await {
        Ok(response) => response,
        Err(_) => {
            once::settle(visit, &slot, once::Outcome::NotTaken).await;
            Problem::Fault.into_response()
        }
    };
    match (response.extensions().get::<Problem>(), slot.held()) {
        (Some(problem), Some(form)) => problem.with_form(visit, form),
        _ => response,
    }
}

/// What was refused before a page of ours saw it (an address that is no text, a method that no row
/// has, a query with a field twice) is told as every page tells it.
fn in_our_words(response: Response) -> Response {
    let status = response.status();
    let html =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if html || !status.is_client_error() {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::Unreadable,
    };
    let mut told = problem.into_response();
    *told.status_mut() = status;
    if let Some(allow) = response.headers().get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, allow.clone());
    }
    told
}

/// Finds out who visits, and remembers the browser by a cookie.
pub async fn visit(Extract(state): Extract<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let (headers, https) = (request.headers(), state.https);
    let session = cookie::read(headers, cookie::SESSION, state.https);
    let known = session.clone().or_else(|| cookie::read(headers, cookie::VISIT, state.https));
    let done = cookie::read(headers, cookie::DONE, state.https).and_then(|code| Done::from_code(&code));
    let address = address(&state, &request);
    let who = match &session {
        Some(secret) => match session::who(&state, secret, address.clone()).await {
            Ok(who) => who,
            Err(problem) => return problem.into_response(),
        },
        None => Who::Nobody,
    };
    let (caller, pending, user) = match who {
        Who::Nobody => (None, None, None),
        Who::Settling(info, pending) => (None, Some(pending), Some(info.user)),
        Who::In(opened) => (Some(Caller { cx: opened.cx }), None, Some(opened.user)),
    };
    let secret = known.clone().unwrap_or_else(|| state.access.store().entropy().id());
    let path = request.uri().path().to_owned();
    let seal = cookie::seal_of(&secret);
    let site = site(&state, &request);
    let others = cookie::read(request.headers(), cookie::OTHERS, state.https);
    let others = phone::secrets(others.as_deref().unwrap_or_default());
    let (state, secret_of) = (state.clone(), session);
    let visit = Visit { state, caller, pending, user, secret: secret_of, others, address, seal, done, path, site };
    let slot = once::Slot::default();
    request.extensions_mut().insert(visit.clone());
    request.extensions_mut().insert(slot.clone());
    let mut response = answered(&visit, slot, request, next).await;
    if known.is_none() {
        cookie::write(response.headers_mut(), cookie::VISIT, &secret, https);
    }
    if done.is_some() && response.status() == StatusCode::OK {
        cookie::write(response.headers_mut(), cookie::DONE, "", https);
    }
    response
}

/// The caller's network address, for the audit: the proxy's word only where there is one.
fn address(state: &State, request: &Request) -> Option<String> {
    let forwarded = request.headers().get("x-forwarded-for").filter(|_| state.behind_proxy);
    let last = forwarded.and_then(|value| value.to_str().ok()).and_then(|value| value.rsplit(',').next());
    let peer = || request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string());
    last.map(|address| address.trim().to_owned()).or_else(peer)
}

/// The address that the browser knows us by; whether a proxy's word counts is settled before.
fn site(state: &State, request: &Request) -> String {
    let said = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let host = request.uri().authority().cloned().or(said);
    host.map(|host| format!("{}://{host}", if state.https { "https" } else { "http" })).unwrap_or_default()
}

/// Holds a request to the row of the table.
pub async fn admit(Extract(expects): Extract<Expects>, request: Request, next: Next) -> Response {
    let Some(visit) = request.extensions().get::<Visit>().cloned() else {
        return Problem::Fault.into_response();
    };
    match visit.role() {
        _ if expects == Expects::Anyone => next.run(request).await,
        None if expects == Expects::Settling && visit.pending.is_some() => next.run(request).await,
        // Whose session ended by itself leaves the others who entered here their way back.
        None if request.uri().path() == "/desbloquear" && !visit.others.is_empty() => next.run(request).await,
        Some(role) if expects.admits(role) => next.run(request).await,
        Some(_) => Problem::Forbidden.into_response(),
        None => login_first(visit, request).await,
    }
}

/// Shows the login; a form that came from our page is kept and can be sent after it.
async fn login_first(visit: Visit, request: Request) -> Response {
    // What somebody was typing when the phone was locked waits for them alone.
    let typed = request.method() == Method::POST && request.uri().path() != "/bloquear";
    let locked = visit.pending == Some(Pending::Unlock) && typed;
    if let Some(pending) = visit.pending.filter(|_| !locked) {
        return Redirect::to(pages::login::settle_at(pending)).into_response();
    }
    let target = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    if request.method() != Method::POST {
        let query = if target == "/" { String::new() } else { format!("?seguir={}", percent(&target)) };
        return Redirect::to(&format!("/entrar{query}")).into_response();
    }
    let state = visit.state.clone();
    match sealed(&visit, request, &state).await {
        Ok(form) if locked => match phone::with_kept(&visit, Kept::of(&target, &form)).await {
            Ok(page) => page,
            Err(problem) => problem.into_response(),
        },
        Ok(form) => pages::login::with_kept(&visit, Kept::of(&target, &form)),
        Err(Problem::TooLarge) => Problem::TooLarge.into_response(),
        Err(_) if locked => Redirect::to("/desbloquear").into_response(),
        Err(_) => Redirect::to("/entrar").into_response(),
    }
}

/// The page for an address that no row has.
pub async fn unknown() -> Problem {
    Problem::NotFound
}

/// Shows a page again or for the first time.
pub fn show(page: &impl askama::Template) -> Answer {
    Ok(respond(page))
}

/// Shows a page that tells a secret once: to the same form sent twice it is told again, for some
/// minutes, instead of another secret.
pub fn show_once(page: &impl askama::Template) -> Answer {
    let html = rendered(page).ok_or(Problem::Fault)?;
    let mut response = Problem::Shown(html.clone()).into_response();
    response.extensions_mut().insert(once::Told(html));
    Ok(response)
}

/// Shows a page whose form has something to mend.
pub fn mend(page: &impl askama::Template) -> Answer {
    let mut response = respond(page);
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// Shows a form again whose page was out of date: what stands now, and what was typed.
pub fn stale(page: &impl askama::Template) -> Answer {
    let mut response = respond(page);
    *response.status_mut() = StatusCode::CONFLICT;
    Ok(response)
}

/// Goes on to a page, and tells there what was done.
pub fn done(visit: &Visit, to: &str, done: Done) -> Answer {
    let mut response = Redirect::to(to).into_response();
    cookie::write(response.headers_mut(), cookie::DONE, &done.code(), visit.state.https);
    Ok(response)
}

/// `%2Fpersonas%3Fq%3D…`: a path as a value of a query.
pub fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Puts the security headers on every answer, and our words on every refusal.
pub async fn headers(Extract(state): Extract<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = in_our_words(next.run(request).await);
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if state.https {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
