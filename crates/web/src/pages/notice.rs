//! What is noted about a referral from a first page: that the person knows of the appointment, that
//! a rejection was read; and the answer to what the post could not do of a plan.

use access::Role;
use axum::extract::{Path, Query};
use care::referral::Referral;
use care::referral::follow_up::{Left, left, settle};
use care::referral::notice::{Notice, note};
use care::referral::state::State;
use store::Kind;

use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, show};
use crate::pages::queue::{Asked, standing};
use crate::pages::refer::{head_of, moved, told, unchanged};
use crate::pages::referral::signs_note;
use crate::problem::{Answer, Problem, reason};
use crate::sheet::{Group, Press, Sheet};
use crate::shell::Done;
use crate::text::{Text, t};
use crate::ui::{Note, Tone};

/// Who may answer an objection: the roles to which care allows it.
pub const SETTLERS: &[Role] = &[Role::Nurse, Role::Doctor, Role::Specialist, Role::Coordinator];
const TEXT: usize = 1000;

async fn load(visit: &Visit, id: &str, fits: impl Fn(&State) -> bool) -> Result<Referral, Problem> {
    let referral = Referral::load(&visit.state.access, visit.cx()?, id).await?;
    if fits(&referral.state) { Ok(referral) } else { Err(moved(visit, &referral)?) }
}

fn sheet(visit: &Visit, referral: &Referral, heading: Text, path: &str) -> Result<Sheet, Problem> {
    let here = format!("/referencias/{}", referral.id());
    let mut page = Sheet::new(visit, heading, head_of(referral), format!("{here}/{path}"));
    page.shell = page.shell.back(here, t("volver-referencia"));
    page.hidden = vec![("version", referral.task_version.to_string())];
    page.notes = signs_note(referral).into_iter().collect();
    page.groups = vec![Group::new(t("traslado-ahora")).lines(told(referral, visit.cx()?.now))];
    Ok(page)
}

/// `GET /referencias/{id}/avisada`
pub async fn show_told(visit: Visit, Path(id): Path<String>) -> Answer {
    let referral = load(&visit, &id, |state| Notice::Told.fits(state)).await?;
    show(&told_page(&visit, &referral, Form::default())?)
}

/// `POST /referencias/{id}/avisada`
pub async fn take_told(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let referral = load(&visit, &id, |state| Notice::Told.fits(state)).await?;
    unchanged(&visit, &form, &referral)?;
    let how = form.required("como", TEXT, t("avisada-falta"));
    if form.ok() {
        note(&visit.state.access, visit.cx()?, &referral, Notice::Told, &how).await?;
        return done(&visit, &format!("/referencias/{id}"), Done::AppointmentTold);
    }
    mend(&told_page(&visit, &referral, form)?)
}

fn told_page(visit: &Visit, referral: &Referral, form: Form) -> Result<Sheet, Problem> {
    let mut page = sheet(visit, referral, t("avisada-titulo"), "avisada")?;
    let how = form.area("como", t("avisada-como")).hint(t("avisada-ayuda"));
    page.groups.push(Group::new(t("avisada-que")).fields([how]));
    page.buttons = vec![Press::new("avisada", t("avisada-boton"))];
    page.form = form;
    Ok(page)
}

/// `GET /referencias/{id}/leida`
pub async fn show_read(visit: Visit, Path(id): Path<String>) -> Answer {
    let referral = load(&visit, &id, |state| Notice::Read.fits(state)).await?;
    let mut page = sheet(&visit, &referral, t("leida-titulo"), "leida")?;
    if let Some((words, who)) = referral.notes().last() {
        page.notes.push(Note::new(Tone::Warn, t("dijo").with("quien", who), words));
    }
    page.buttons = vec![Press::new("leida", t("leida-boton"))];
    show(&page)
}

/// `POST /referencias/{id}/leida`
pub async fn take_read(visit: Visit, Path(id): Path<String>, Posted(form): Posted) -> Answer {
    let referral = load(&visit, &id, |state| Notice::Read.fits(state)).await?;
    unchanged(&visit, &form, &referral)?;
    note(&visit.state.access, visit.cx()?, &referral, Notice::Read, "").await?;
    done(&visit, "/", Done::RejectionRead)
}

fn acknowledged(state: &State) -> bool {
    matches!(state, State::Acknowledged { .. } | State::Plan { .. })
}

/// `GET /referencias/{id}/objecion`
pub async fn show_objection(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let referral = load(&visit, &id, acknowledged).await?;
    let left = left(&visit.state.access, visit.cx()?, &referral).await?;
    let mut form = Form::default();
    form.set("cola", asked.onward());
    show(&objection_page(&visit, &referral, &left, form).await?)
}

/// `POST /referencias/{id}/objecion`
pub async fn take_objection(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = load(&visit, &id, acknowledged).await?;
    unchanged(&visit, &form, &referral)?;
    let left = left(access, cx, &referral).await?;
    if !referral.settles(cx, &left) {
        return Err(Problem::Forbidden);
    }
    let missing = if left.unheard.is_empty() { t("cierre-falta") } else { t("objecion-falta") };
    let words = form.required("respuesta", TEXT, missing);
    if form.ok() {
        let queue = standing(&visit, &Asked::along(form.get("cola")), &id).await?;
        match settle(access, cx, &referral, &words).await {
            Ok(_) => {
                let to = queue.map_or_else(|| format!("/referencias/{id}"), |queue| queue.after);
                return done(&visit, &to, Done::CircuitClosed);
            }
            Err(error) if error.kind() == Kind::Rule => match Problem::from(error) {
                Problem::Rule(breach) => form.error("respuesta", reason(breach)),
                other => return Err(other),
            },
            Err(error) => return Err(error.into()),
        }
    }
    mend(&objection_page(&visit, &referral, &left, form).await?)
}

async fn objection_page(visit: &Visit, referral: &Referral, left: &Left, form: Form) -> Result<Sheet, Problem> {
    let objects = !left.unheard.is_empty();
    let title = if objects { t("objecion-titulo") } else { t("cierre-titulo") };
    let mut page = sheet(visit, referral, title, "objecion")?;
    page.walk(visit, &Asked::along(form.get("cola")), referral.id()).await?;
    if objects {
        page.groups.push(Group::new(t("objecion-dicen")).lines(left.unheard.iter().cloned()));
    }
    if !referral.settles(visit.cx()?, left) {
        page.notes.push(Note::new(Tone::Info, t("objecion-espera"), t("objecion-espera-que")));
        return Ok(page);
    }
    if left.unfinished {
        page.notes.push(Note::new(Tone::Warn, t("objecion-tareas"), t("objecion-tareas-que")));
    } else {
        let button = if objects { t("objecion-boton") } else { t("cierre-titulo") };
        page.buttons = vec![Press::new("cerrar", button)];
    }
    // What was typed before the page knew stays, to be copied.
    if !left.unfinished || !form.get("respuesta").is_empty() {
        let (heading, label, help) = if objects {
            (t("objecion-que"), t("objecion-respuesta"), t("objecion-ayuda"))
        } else {
            (t("cierre-que"), t("cierre-palabras"), t("cierre-ayuda"))
        };
        page.groups.push(Group::new(heading).fields([form.area("respuesta", label).hint(help)]));
    }
    page.form = form;
    Ok(page)
}
