//! One's own account: password, second step, role, sessions.

use access::{AccessError, SessionInfo};
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};

use crate::form::Form;
use crate::format::{ago, date_time};
use crate::gate::{Posted, Visit, done, mend, show, show_once};
use crate::keep::Kept;
use crate::pages::login::{Post, RolePage, secret};
use crate::problem::Answer;
use crate::shell::{Done, Shell};
use crate::text::t;

struct Open {
    id: String,
    place: String,
    when: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "pages/cuenta.html")]
struct AccountPage {
    shell: Shell,
    name: String,
    user: String,
    several: bool,
    /// Whether the person may have a PIN.
    pin: bool,
    sessions: Vec<Open>,
}

/// `GET /cuenta`
pub async fn show_account(visit: Visit) -> Answer {
    let (cx, accounts) = (visit.cx()?, visit.state.access.accounts());
    let user = visit.user.clone().unwrap_or_default();
    let sessions = accounts.sessions(&user).await?;
    let open = |info: &SessionInfo| Open {
        id: info.id.clone(),
        place: info.address.clone().unwrap_or_else(|| t("sesion-sin-lugar").into()),
        when: t("sesion-desde").with("desde", date_time(info.created)).with("usada", ago(info.seen, cx.now)).into(),
        current: info.id == cx.session,
    };
    let several = accounts.role_choices(secret(&visit)?).await?.len() > 1;
    let sessions = sessions.iter().map(open).collect();
    let pin = accounts.has_pin(secret(&visit)?).await?;
    show(&AccountPage { shell: visit.shell(t("cuenta-titulo")), name: cx.name.clone(), user, several, pin, sessions })
}

/// `POST /cuenta/sesiones/{id}/cerrar`
pub async fn end_session(visit: Visit, Path(id): Path<String>, Posted(_): Posted) -> Answer {
    visit.state.access.accounts().revoke_session(visit.user.as_deref().unwrap_or_default(), &id).await?;
    done(&visit, "/cuenta", Done::SessionEnded)
}

#[derive(Template)]
#[template(path = "pages/clave.html")]
struct PasswordPage {
    shell: Shell,
    form: Form,
    forced: bool,
}

fn password_page(visit: &Visit, form: Form) -> PasswordPage {
    let forced = visit.caller.is_none();
    let shell = visit.shell(t("cuenta-clave-titulo"));
    let shell = if forced { shell } else { shell.back("/cuenta", t("volver-cuenta")) };
    PasswordPage { shell, form, forced }
}

/// `GET /cuenta/clave`
pub async fn show_password(visit: Visit) -> Answer {
    show(&password_page(&visit, Form::default()))
}

/// `POST /cuenta/clave`
pub async fn change_password(visit: Visit, Posted(mut form): Posted) -> Answer {
    let (old, new) = (form.raw("clave-actual").to_owned(), form.raw("clave-nueva").to_owned());
    if old.is_empty() {
        form.error("clave-actual", t("clave-falta-actual"));
    }
    if new.is_empty() {
        form.error("clave-nueva", t("clave-falta-nueva"));
    } else if new != form.raw("clave-repetida") {
        form.error("clave-repetida", t("clave-distinta"));
    }
    if form.ok() {
        match visit.state.access.accounts().change_password(secret(&visit)?, &old, &new).await {
            Ok(()) => return done(&visit, "/", Done::PasswordChanged),
            Err(AccessError::Unauthenticated) => form.error("clave-actual", t("clave-no-es")),
            Err(AccessError::Rule(_)) => form.error("clave-nueva", t("clave-corta")),
            Err(error) => return Err(error.into()),
        }
    }
    mend(&password_page(&visit, form))
}

#[derive(Template)]
#[template(path = "pages/segundo-paso.html")]
struct SecondStepPage {
    shell: Shell,
    form: Form,
    qr: String,
    secret: String,
}

fn second_step_page(visit: &Visit, form: Form, secret: String) -> SecondStepPage {
    let user = visit.user.clone().unwrap_or_default();
    let address = format!("otpauth://totp/Tejido:{user}?secret={secret}&issuer=Tejido");
    let qr = crate::qr::svg(&address);
    SecondStepPage { shell: visit.shell(t("segundo-titulo")), form, qr, secret }
}

/// `GET /cuenta/segundo-paso`: what it is, and a button that begins.
pub async fn show_second_step(visit: Visit) -> Answer {
    show(&second_step_page(&visit, Form::default(), String::new()))
}

/// `POST /cuenta/segundo-paso/empezar`
pub async fn start_second_step(visit: Visit, Posted(_): Posted) -> Answer {
    match visit.state.access.accounts().start_totp(secret(&visit)?).await {
        Ok(drawn) => show_once(&second_step_page(&visit, Form::default(), drawn)),
        Err(AccessError::Rule(_)) => done(&visit, "/cuenta", Done::SecondStepOn),
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "pages/codigos.html")]
struct CodesPage {
    shell: Shell,
    codes: Vec<String>,
}

/// `POST /cuenta/segundo-paso`
pub async fn confirm_second_step(visit: Visit, Posted(mut form): Posted) -> Answer {
    let code = form.required("codigo", 10, t("codigo-falta"));
    let drawn: String = form.get("secreto").chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    if form.ok() {
        match visit.state.access.accounts().confirm_totp(secret(&visit)?, &code).await {
            Ok(codes) => return show_once(&CodesPage { shell: visit.shell(t("codigos-titulo")), codes }),
            Err(AccessError::Unauthenticated) => form.error("codigo", t("codigo-no-coincide")),
            Err(error) => return Err(error.into()),
        }
    }
    mend(&second_step_page(&visit, form, drawn))
}

/// `GET /funcion`
pub async fn show_roles(visit: Visit) -> Answer {
    let choices = visit.state.access.accounts().role_choices(secret(&visit)?).await?;
    let shell = visit.shell(t("funcion-titulo")).back("/cuenta", t("volver-cuenta"));
    let posts = choices.iter().map(Post::of).collect();
    show(&RolePage {
        shell,
        action: "/funcion",
        step: String::new(),
        onward: String::new(),
        kept: Kept::default(),
        posts,
    })
}

/// `POST /funcion`
pub async fn switch_role(visit: Visit, Posted(form): Posted) -> Answer {
    match visit.state.access.accounts().switch_role(secret(&visit)?, form.get("funcion")).await {
        Ok(()) => Ok(Redirect::to("/").into_response()),
        Err(AccessError::Pending(_)) => Ok(Redirect::to("/cuenta/segundo-paso").into_response()),
        Err(error) => Err(error.into()),
    }
}
