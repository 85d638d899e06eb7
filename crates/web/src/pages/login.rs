//! Logging in: user and password, the second step when asked, the role when there are several; and
//! what was being sent when the session ended.

use access::{AccessError, Entry, Login, RoleChoice, SessionInfo};
use askama::Template;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::cookie;
use crate::form::Form;
use crate::gate::{Posted, Visit, mend, show};
use crate::keep::{Kept, inside};
use crate::pages::phone;
use crate::problem::{Answer, Problem};
use crate::shell::{Shell, respond, role_name};
use crate::text::{Text, t};

/// Where to go after the login.
#[derive(Deserialize)]
pub struct Onward {
    seguir: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/entrar.html")]
struct LoginPage {
    shell: Shell,
    form: Form,
    onward: String,
    kept: Kept,
    /// Whether the phone is somebody's who locked it.
    locked: bool,
}

impl LoginPage {
    fn of(visit: &Visit, form: Form) -> Self {
        let (onward, kept) = along(&form);
        let locked = visit.pending == Some(access::Pending::Unlock);
        Self { shell: visit.shell(t("entrar-titulo")), form, onward, kept, locked }
    }
}

#[derive(Template)]
#[template(path = "pages/codigo.html")]
struct CodePage {
    shell: Shell,
    form: Form,
    onward: String,
    kept: Kept,
    step: String,
}

/// A role to choose.
pub struct Post {
    id: String,
    role: Text,
    facility: String,
}

impl Post {
    /// As the page shows it.
    pub fn of(choice: &RoleChoice) -> Self {
        Self { id: choice.id.clone(), role: role_name(choice.role), facility: choice.facility.name.clone() }
    }
}

/// The page that asks for the role, at the login and later.
#[derive(Template)]
#[template(path = "pages/funcion.html")]
pub struct RolePage {
    /// Around it.
    pub shell: Shell,
    /// Where the choice goes.
    pub action: &'static str,
    /// The login that waits for it, if one does.
    pub step: String,
    /// Where to go after.
    pub onward: String,
    /// What is to be sent after.
    pub kept: Kept,
    /// The choices.
    pub posts: Vec<Post>,
}

#[derive(Template)]
#[template(path = "pages/seguir.html")]
struct KeptPage {
    shell: Shell,
    kept: Kept,
    name: String,
}

/// `GET /entrar`
pub async fn show_login(visit: Visit, Query(query): Query<Onward>) -> Answer {
    let onward = query.seguir.as_deref().and_then(inside).unwrap_or_default();
    show(&LoginPage::of(&visit, Form::new(vec![("_seguir".to_owned(), onward)])))
}

/// The login on top of a form that was sent when the session had ended.
pub fn with_kept(visit: &Visit, kept: Kept) -> Response {
    respond(&LoginPage { kept, ..LoginPage::of(visit, Form::default()) })
}

/// `POST /entrar`
pub async fn enter(visit: Visit, Posted(mut form): Posted) -> Answer {
    let user = form.required("usuario", 100, t("entrar-falta-usuario"));
    let password = form.raw("clave").to_owned();
    if password.is_empty() {
        form.error("clave", t("entrar-falta-clave"));
    }
    if !form.ok() {
        return mend(&LoginPage::of(&visit, form));
    }
    let (address, request) = (visit.address.clone(), visit.state.access.store().entropy().id());
    attempt(&visit, form, Login { user, password, address, request, ..Login::default() }).await
}

/// `POST /entrar/codigo`
pub async fn enter_code(visit: Visit, Posted(mut form): Posted) -> Answer {
    let Some(login) = waiting(&visit, &form) else { return begin_again(&visit, form) };
    let code = form.required("codigo", 40, t("codigo-falta"));
    if !form.ok() {
        return mend(&code_page(&visit, form, login));
    }
    attempt(&visit, form, Login { code: Some(code), ..login }).await
}

/// `POST /entrar/funcion`
pub async fn enter_role(visit: Visit, Posted(form): Posted) -> Answer {
    let Some(login) = waiting(&visit, &form) else { return begin_again(&visit, form) };
    let role = Some(form.get("funcion").to_owned());
    attempt(&visit, form, Login { role, ..login }).await
}

/// `POST /salir`
pub async fn leave(visit: Visit, Posted(_): Posted) -> Answer {
    if let Some(secret) = &visit.secret {
        visit.state.access.accounts().logout(secret).await?;
    }
    phone::left(&visit).await
}

async fn attempt(visit: &Visit, mut form: Form, login: Login) -> Answer {
    match visit.state.access.accounts().login(login.clone()).await {
        Ok(Entry::In(info)) => welcome(visit, &form, &info).await,
        Ok(Entry::CodeNeeded) => show(&code_page(visit, form, login)),
        Ok(Entry::Choose(choices)) => {
            let (onward, kept) = along(&form);
            let posts = choices.iter().map(Post::of).collect();
            let (shell, step) = (visit.shell(t("funcion-titulo")), keep(visit, login));
            show(&RolePage { shell, action: "/entrar/funcion", step, onward, kept, posts })
        }
        Err(AccessError::Unauthenticated) if login.code.is_some() => {
            form.error("codigo", t("codigo-no-coincide"));
            mend(&code_page(visit, form, Login { code: None, ..login }))
        }
        Err(AccessError::Unauthenticated) => {
            form.error("usuario", t("entrar-no-coincide"));
            mend(&LoginPage::of(visit, form))
        }
        Err(AccessError::TooMany { seconds }) => {
            form.error("usuario", t("entrar-espere").with("n", seconds.div_ceil(60)));
            mend(&LoginPage::of(visit, form))
        }
        Err(error) => Err(error.into()),
    }
}

/// In: on to where one wanted to go, or to what is still to be sent.
async fn welcome(visit: &Visit, form: &Form, info: &SessionInfo) -> Answer {
    let (to, kept) = along(form);
    let kept = if info.pending.is_some() { Kept::default() } else { kept };
    let mut response = onward(visit, (&info.secret, &info.user), &to, kept);
    phone::entered(visit, &mut response, info).await?;
    cookie::write(response.headers_mut(), cookie::SESSION, &info.secret, visit.state.https);
    Ok(response)
}

/// Where whoever has this session goes: on, or to what is still to be sent.
pub fn onward(visit: &Visit, (secret, user): (&str, &str), to: &str, kept: Kept) -> Response {
    if kept.is_empty() {
        return Redirect::to(if to.is_empty() { "/" } else { to }).into_response();
    }
    let sealed = Visit { seal: cookie::seal_of(secret), ..visit.clone() };
    respond(&KeptPage { shell: sealed.shell(t("seguir-titulo")), kept, name: user.to_owned() })
}

fn code_page(visit: &Visit, form: Form, login: Login) -> CodePage {
    let (onward, kept) = along(&form);
    CodePage { shell: visit.shell(t("codigo-titulo")), form, onward, kept, step: keep(visit, login) }
}

fn keep(visit: &Visit, login: Login) -> String {
    let store = visit.state.access.store();
    let key = store.entropy().id();
    visit.state.steps.keep(&key, login, store.clock().now());
    key
}

fn waiting(visit: &Visit, form: &Form) -> Option<Login> {
    visit.state.steps.take(form.get("_paso"), visit.state.access.store().clock().now())
}

fn begin_again(visit: &Visit, mut form: Form) -> Answer {
    form.error("usuario", t("entrar-de-nuevo"));
    mend(&LoginPage::of(visit, form))
}

/// Where to go and what to send after the login, as the form carries it.
fn along(form: &Form) -> (String, Kept) {
    (inside(form.raw("_seguir")).unwrap_or_default(), Kept::along(form))
}

/// A request of somebody who has to settle something first.
pub fn settle_at(pending: access::Pending) -> &'static str {
    match pending {
        access::Pending::Password => "/cuenta/clave",
        access::Pending::Totp => "/cuenta/segundo-paso",
        access::Pending::Unlock => "/desbloquear",
    }
}

/// The secret of the session, for the pages of one's own account.
pub fn secret(visit: &Visit) -> Result<&str, Problem> {
    visit.secret.as_deref().ok_or(Problem::Forbidden)
}
