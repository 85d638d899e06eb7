//! A phone that several people share in a shift: "Bloquear" on every page, a page that lists who
//! has entered here and lets each go on with their own PIN, and one's own PIN. Each one's session
//! stays whole meanwhile, and what was being typed when it was locked waits for them alone.

use access::{AccessError, Held, SessionInfo};
use askama::Template;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

use crate::cookie;
use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, show};
use crate::keep::Kept;
use crate::pages::login::{self, secret};
use crate::problem::{Answer, Problem};
use crate::shell::{Done, Shell, respond, role_name};
use crate::text::t;

/// At most so many people share a phone; whoever entered first falls out.
const MOST: usize = 8;

#[derive(Template)]
#[template(path = "pages/desbloquear.html")]
struct LockedPage {
    shell: Shell,
    form: Form,
    people: Vec<(String, String)>,
    kept: Kept,
}

#[derive(Template)]
#[template(path = "pages/pin.html")]
struct PinPage {
    shell: Shell,
    form: Form,
}

/// The secrets that a cookie holds.
pub fn secrets(cookie: &str) -> Vec<String> {
    cookie.split('.').filter(|one| !one.is_empty()).take(MOST).map(str::to_owned).collect()
}

/// Writes who else has entered here; the last one first.
fn remember(headers: &mut HeaderMap, visit: &Visit, others: &[String]) {
    let first = others.get(..MOST).unwrap_or(others);
    cookie::write(headers, cookie::OTHERS, &first.join("."), visit.state.https);
}

/// Everybody's live session in this browser, the present one first: secret and session.
async fn here(visit: &Visit) -> Result<Vec<(String, Held)>, Problem> {
    let mut found = Vec::new();
    for text in visit.secret.iter().chain(&visit.others) {
        if let Some(held) = visit.state.access.accounts().held(text).await? {
            found.push((text.clone(), held));
        }
    }
    Ok(found)
}

async fn locked_page(visit: &Visit, mut form: Form, kept: Kept) -> Result<LockedPage, Problem> {
    let mut people = here(visit).await?;
    if !kept.is_empty() {
        // What somebody typed stands on this page alone: only they go on from it.
        people.retain(|(text, _)| visit.secret.as_ref() == Some(text));
    }
    let said = |held: &Held| {
        let who = [role_name(held.info.choice.role).to_string(), held.info.choice.facility.name.clone()].join(", ");
        let by = if held.by_pin { t("bloqueo-con-pin") } else { t("bloqueo-con-clave") };
        t("bloqueo-persona").with("nombre", &held.name).with("quien", who).with("como", by).into()
    };
    if form.get("quien").is_empty() {
        form.set("quien", people.first().map(|(_, held)| held.info.id.clone()).unwrap_or_default());
    }
    let people = people.iter().map(|(_, held)| (held.info.id.clone(), said(held))).collect();
    Ok(LockedPage { shell: visit.shell(t("bloqueo-titulo")), form, people, kept })
}

/// `POST /bloquear`: the phone goes to somebody else for a while.
pub async fn lock(visit: Visit, Posted(_): Posted) -> Answer {
    visit.state.access.accounts().lock(secret(&visit)?).await?;
    Ok(Redirect::to("/desbloquear").into_response())
}

/// `GET /desbloquear`
pub async fn show_locked(visit: Visit) -> Answer {
    show(&locked_page(&visit, Form::default(), Kept::default()).await?)
}

/// The same page over a form that was sent after the phone had been locked.
pub async fn with_kept(visit: &Visit, kept: Kept) -> Answer {
    Ok(respond(&locked_page(visit, Form::default(), kept).await?))
}

/// `POST /desbloquear`
pub async fn unlock(visit: Visit, Posted(mut form): Posted) -> Answer {
    let (word, accounts) = (form.raw("clave").to_owned(), visit.state.access.accounts());
    let people = here(&visit).await?;
    let chosen = people.iter().find(|(_, held)| form.get("quien").is_empty() || held.info.id == form.get("quien"));
    let Some((text, held)) = chosen else {
        form.error("quien", t("bloqueo-termino"));
        return mend(&locked_page(&visit, form, Kept::default()).await?);
    };
    let kept = Kept::along(&form);
    match accounts.unlock(text, &word).await {
        Ok(()) => return Ok(go_on(&visit, (text, &held.info), &people, kept).await),
        Err(AccessError::Unauthenticated) if held.by_pin => form.error("clave", t("bloqueo-no-coincide")),
        Err(AccessError::Unauthenticated) => form.error("clave", t("bloqueo-clave-no-coincide")),
        Err(AccessError::TooMany { seconds }) => {
            form.error("clave", t("entrar-espere").with("n", seconds.div_ceil(60)));
        }
        Err(error) => return Err(error.into()),
    }
    mend(&locked_page(&visit, form, kept).await?)
}

/// On with the chosen session; whoever was in before is locked and stays in the list.
async fn go_on(visit: &Visit, (text, info): (&str, &SessionInfo), people: &[(String, Held)], kept: Kept) -> Response {
    let own = visit.secret.as_deref() == Some(text);
    // What another was typing is theirs.
    let kept = if own { kept } else { Kept::default() };
    let mut response = login::onward(visit, (text, &info.user), "/", kept);
    if !own {
        let others: Vec<String> = people.iter().map(|(one, _)| one.clone()).filter(|one| one != text).collect();
        if let Some(open) = &visit.secret {
            set_aside(visit, open).await;
        }
        remember(response.headers_mut(), visit, &others);
        cookie::write(response.headers_mut(), cookie::SESSION, text, visit.state.https);
    }
    response
}

/// Locks a session that somebody leaves for another; one that can't be locked has nothing to keep.
async fn set_aside(visit: &Visit, text: &str) {
    let accounts = visit.state.access.accounts();
    if accounts.lock(text).await.is_err() {
        let _ = accounts.logout(text).await;
    }
}

/// Somebody entered over the session of another: that one is locked and stays in the list, unless
/// it was their own.
pub async fn entered(visit: &Visit, response: &mut Response, info: &SessionInfo) -> Result<(), Problem> {
    let mut others = Vec::new();
    for (text, held) in here(visit).await? {
        if held.info.user == info.user {
            visit.state.access.accounts().logout(&text).await?;
            continue;
        }
        set_aside(visit, &text).await;
        others.push(text);
    }
    remember(response.headers_mut(), visit, &others);
    Ok(())
}

/// Where one goes who has left: to the list, where others have entered here.
pub async fn left(visit: &Visit) -> Answer {
    let others: Vec<String> = here(visit).await?.into_iter().map(|(text, _)| text).collect();
    let to = if others.is_empty() { "/entrar" } else { "/desbloquear" };
    let mut response = done(visit, to, Done::LoggedOut)?;
    let first = others.first().map_or("", String::as_str);
    cookie::write(response.headers_mut(), cookie::SESSION, first, visit.state.https);
    remember(response.headers_mut(), visit, others.get(1..).unwrap_or_default());
    Ok(response)
}

fn pin_page(visit: &Visit, form: Form) -> PinPage {
    PinPage { shell: visit.shell(t("pin-titulo")).back("/cuenta", t("volver-cuenta")), form }
}

/// `GET /cuenta/pin`
pub async fn show_pin(visit: Visit) -> Answer {
    show(&pin_page(&visit, Form::default()))
}

/// `POST /cuenta/pin`
pub async fn take_pin(visit: Visit, Posted(mut form): Posted) -> Answer {
    let (password, pin) = (form.raw("clave-actual").to_owned(), form.raw("clave-pin").to_owned());
    if password.is_empty() {
        form.error("clave-actual", t("clave-falta-actual"));
    }
    if pin != form.raw("clave-pin-repetido") {
        form.error("clave-pin-repetido", t("pin-distinto"));
    }
    if form.ok() {
        match visit.state.access.accounts().set_pin(secret(&visit)?, &password, &pin).await {
            Ok(()) => return done(&visit, "/cuenta", Done::PinSet),
            Err(AccessError::Unauthenticated) => form.error("clave-actual", t("clave-no-es")),
            Err(AccessError::Rule(_)) => form.error("clave-pin", t("pin-mal")),
            Err(AccessError::TooMany { seconds }) => {
                form.error("clave-actual", t("entrar-espere").with("n", seconds.div_ceil(60)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    mend(&pin_page(&visit, form))
}
