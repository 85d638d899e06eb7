//! Throwing a draft of a referral away, after a question; it stays in the history.

use axum::extract::Path;
use care::referral::Referral;
use care::referral::draft::discard;
use care::referral::state::State;

use crate::gate::{Posted, Visit, done, show};
use crate::pages::refer::{head_of, moved, told, unchanged};
use crate::problem::{Answer, Problem};
use crate::sheet::{Group, Press, Sheet};
use crate::shell::Done;
use crate::text::t;
use crate::ui::{Note, Tone};

async fn draft(visit: &Visit, id: &str) -> Result<Referral, Problem> {
    let referral = Referral::load(&visit.state.access, visit.cx()?, id).await?;
    if referral.state == State::Draft { Ok(referral) } else { Err(moved(visit, &referral)?) }
}

/// `GET /referencias/{id}/descartar`
pub async fn show_discard(visit: Visit, Path(id): Path<String>) -> Answer {
    let referral = draft(&visit, &id).await?;
    let action = format!("/referencias/{id}/descartar");
    let mut page = Sheet::new(&visit, t("descartar-titulo"), head_of(&referral), action);
    page.shell = page.shell.back(format!("/referencias/{id}"), t("descartar-no"));
    page.hidden = vec![("version", referral.task_version.to_string())];
    page.notes = vec![Note::new(Tone::Warn, t("descartar-pregunta"), t("descartar-queda"))];
    let reason = Some(referral.reason().to_owned()).filter(|reason| !reason.is_empty());
    page.groups = vec![Group::new(t("traslado-ahora")).lines(told(&referral, visit.cx()?.now)).lines(reason)];
    page.buttons = vec![Press { danger: true, ..Press::new("descartar", t("descartar-si")) }];
    page.away = vec![(format!("/referencias/{id}"), t("descartar-no"))];
    show(&page)
}

/// `POST /referencias/{id}/descartar`
pub async fn take_discard(visit: Visit, Path(id): Path<String>, Posted(form): Posted) -> Answer {
    let referral = draft(&visit, &id).await?;
    unchanged(&visit, &form, &referral)?;
    discard(&visit.state.access, visit.cx()?, &referral).await?;
    done(&visit, "/", Done::DraftDiscarded)
}
