//! From paper to page: the QR of a printed referral leads to `/r/{codigo}`, and the code can be typed.
//! A code that is not known and one of somebody else's referral are answered alike.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use care::referral::printed::find_printed;
use serde::Deserialize;

use crate::form::Form;
use crate::gate::{Visit, percent, show};
use crate::pages::referral::READERS;
use crate::problem::{Answer, Problem};
use crate::shell::{Shell, respond};
use crate::text::t;
use crate::ui::{Note, Tone};

/// What is typed.
#[derive(Deserialize)]
pub struct Typed {
    codigo: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/codigo-impreso.html")]
struct CodePage {
    shell: Shell,
    form: Form,
    /// Why the code led nowhere.
    note: Option<Note>,
}

/// `GET /r?codigo=…`
pub async fn show_search(visit: Visit, Query(typed): Query<Typed>) -> Answer {
    match typed.codigo.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
        Some(code) => Ok(Redirect::to(&format!("/r/{}", percent(code))).into_response()),
        None => show(&page(&visit, "", None)),
    }
}

/// `GET /r/{codigo}`
pub async fn follow(visit: Visit, Path(code): Path<String>) -> Answer {
    if let Some(place) = place_of(&visit, &code).await? {
        return Ok(Redirect::to(&place).into_response());
    }
    let note = Note::new(Tone::Warn, t("impreso-desconocido"), t("impreso-que-hacer"));
    let mut response = respond(&page(&visit, &code, Some(note)));
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

/// Where what was typed into a search box leads when it is the code or number of a printed referral.
pub async fn led_by(visit: &Visit, typed: &str) -> Result<Option<String>, Problem> {
    match place_of(visit, typed).await {
        // Words that look like codes are still words.
        Err(Problem::Busy(_)) => Ok(None),
        found => found,
    }
}

async fn place_of(visit: &Visit, typed: &str) -> Result<Option<String>, Problem> {
    let cx = visit.cx()?;
    if !READERS.contains(&cx.role) {
        return Ok(None);
    }
    let id = find_printed(&visit.state.access, cx, typed).await?;
    Ok(id.map(|id| format!("/referencias/{id}")))
}

fn page(visit: &Visit, typed: &str, note: Option<Note>) -> CodePage {
    let form = Form::new(vec![("codigo".to_owned(), typed.chars().take(40).collect())]);
    CodePage { shell: visit.shell(t("impreso-titulo")), form, note }
}
