//! An invitation: whoever got the address chooses the first password, once.

use access::AccessError;
use askama::Template;
use axum::extract::Path;

use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, show};
use crate::problem::Answer;
use crate::shell::{Done, Shell};
use crate::text::t;

#[derive(Template)]
#[template(path = "pages/invitacion.html")]
struct InvitationPage {
    shell: Shell,
    form: Form,
    code: String,
}

/// `GET /invitacion/{codigo}`
pub async fn show_invitation(visit: Visit, Path(code): Path<String>) -> Answer {
    show(&InvitationPage { shell: visit.shell(t("invitacion-titulo")), form: Form::default(), code })
}

/// `POST /invitacion/{codigo}`
pub async fn accept(visit: Visit, Path(code): Path<String>, Posted(mut form): Posted) -> Answer {
    let chosen = form.raw("clave-nueva").to_owned();
    if chosen.is_empty() {
        form.error("clave-nueva", t("clave-falta-nueva"));
    } else if chosen != form.raw("clave-repetida") {
        form.error("clave-repetida", t("clave-distinta"));
    }
    if form.ok() {
        match visit.state.access.accounts().accept_invitation(&code, &chosen).await {
            Ok(()) => return done(&visit, "/entrar", Done::PasswordChosen),
            Err(AccessError::Unauthenticated) => form.error("clave-nueva", t("invitacion-vencida")),
            Err(AccessError::Rule(_)) => form.error("clave-nueva", t("clave-corta")),
            Err(error) => return Err(error.into()),
        }
    }
    mend(&InvitationPage { shell: visit.shell(t("invitacion-titulo")), form, code })
}
