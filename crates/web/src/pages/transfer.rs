//! The urgent transfer: asked for at once, before any other option; then its state, who acts next,
//! and the departure. No review holds it up.

use access::Label;
use axum::extract::{Path, Query};
use care::danger::{self, Picture};
use care::referral::draft::{Draft, update_draft};
use care::referral::moves::{Move, MoveKind};
use care::referral::overrule::overrule;
use care::referral::state::{Phase, State};
use care::referral::transfer::{Aim, request_transfer};
use care::referral::worklist::steps;
use care::referral::{Named, Referral};
use serde::Deserialize;

use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, show};
use crate::offers::{EMERGENCY, Place, urgent_places};
use crate::pages::act;
use crate::pages::person::Head;
use crate::pages::refer::{
    FIELDS, destinations, diagnoses_of, head_of, picture, place_of, prompt_notes, results_of, told, unchanged,
};
use crate::pages::referral::signs_note;
use crate::pages::visit::{Open, open};
use crate::problem::{Answer, Problem};
use crate::sheet::{Group, Press, Sheet, mend_with};
use crate::shell::Done;
use crate::text::t;
use crate::told::event;
use crate::ui::{Note, Thread, Tone};

const TEXT: usize = 2000;

/// `?senales=…`: the signs that were ticked when a referral was to be sent again.
#[derive(Deserialize)]
pub struct Asked {
    senales: Option<String>,
}

/// `GET /referencias/{id}/traslado`
pub async fn show_transfer(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let referral = Referral::load(&visit.state.access, visit.cx()?, &id).await?;
    let mut form = Form::default();
    // Where it was to go without haste is no answer to where it goes in need: that is asked.
    if referral.state == State::Draft {
        form.set("destino", referral.destination().id);
    }
    let signs = asked.senales.unwrap_or_default();
    let signs: Vec<&str> = signs.split(',').map(danger::label).filter(|label| !label.is_empty()).collect();
    let why = [signs.join(", "), referral.reason().to_owned()];
    form.set("motivo", why.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". "));
    form.set("hecho", referral.done());
    show(&page(&visit, &referral, form).await?)
}

/// `POST /referencias/{id}/traslado`
pub async fn take_transfer(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = Referral::load(access, cx, &id).await?;
    unchanged(&visit, &form, &referral)?;
    let to = format!("/referencias/{id}/traslado");
    if form.get("boton") == "guardar" && referral.state == State::Draft {
        let place = chosen(&visit, &referral, &form).await?;
        let draft = as_typed(&referral, &mut form, place.map(|place| place.facility));
        if form.ok() {
            update_draft(access, cx, &referral, &draft).await?;
            return done(&visit, &to, Done::DraftKept);
        }
        return mend(&page(&visit, &referral, form).await?);
    }
    if form.get("boton") == "no-urgente" && referral.state == State::Draft {
        return no_urgency(&visit, referral, form).await;
    }
    let why = form.required("motivo", TEXT, t("traslado-motivo-falta"));
    let aim = aim(&visit, &referral, &mut form).await?;
    if let Some(aim) = aim.filter(|_| form.ok()) {
        let ready = match referral.state {
            State::Draft => update_draft(access, cx, &referral, &as_typed(&referral, &mut form, None)).await?,
            _ => referral.clone(),
        };
        match request_transfer(access, cx, &ready, &aim, &why).await {
            Ok(_) => return done(&visit, &to, Done::TransferRequested),
            Err(error) => mend_with(&mut form, error, &FIELDS)?,
        }
    }
    mend(&page(&visit, &referral, form).await?)
}

/// The chosen place that takes emergencies, whoever the referral was for.
async fn aim(visit: &Visit, referral: &Referral, form: &mut Form) -> Result<Option<Aim>, Problem> {
    let chosen = chosen(visit, referral, form).await?;
    if chosen.is_none() {
        form.error("destino", t("mal-destino"));
    }
    Ok(chosen.map(|place| Aim { service: place.service, place: place.facility }))
}

/// What was measured says danger and the clinician says no: the reason stays with the referral.
async fn no_urgency(visit: &Visit, referral: Referral, mut form: Form) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let why = form.required("sin-urgencia", 1000, t("traslado-sin-urgencia-falta"));
    if !referral.signs().unwrap_or_default().is_empty() {
        return Err(Problem::Stale);
    }
    if form.ok() {
        let draft = as_typed(&referral, &mut form, None);
        let kept = update_draft(access, cx, &referral, &draft).await?;
        let found = danger::prompts(&measured(&open(visit, &referral.patient().id).await?, &referral, cx.now));
        let kept = overrule(access, cx, &kept, &found, &why).await?;
        return done(visit, &place_of(&referral.patient().id, kept.id()), Done::DraftKept);
    }
    mend(&page(visit, &referral, form).await?)
}

/// What is known of the person of this referral.
fn measured(open: &Open, referral: &Referral, now: jiff::Timestamp) -> Picture {
    let from = referral.request.text_at(&["encounter", "reference"]).and_then(|one| Some(one.split_once('/')?.1));
    let ticked = referral.signs().unwrap_or_default();
    picture(open, from, now, ticked.into_iter().map(str::to_owned).collect())
}

/// The place that was chosen, if the network has it.
async fn chosen(visit: &Visit, referral: &Referral, form: &Form) -> Result<Option<Place>, Problem> {
    let (offered, _) = urgent_places(visit, &referral.origin().id, form.get("destino")).await?;
    Ok(offered.into_iter().find(|place| place.facility.id == form.get("destino")))
}

/// Everything that the draft holds, with what was typed and chosen here: an urgent transfer loses nothing.
fn as_typed(referral: &Referral, form: &mut Form, place: Option<Named>) -> Draft {
    let asked = form.pairs().iter().any(|(name, _)| name == "hecho");
    Draft {
        patient: referral.patient(),
        service: referral.service().id,
        destination: place.unwrap_or_else(|| referral.destination()),
        reason: form.optional("motivo", TEXT),
        diagnoses: diagnoses_of(&referral.request),
        done: if asked { form.optional("hecho", TEXT) } else { referral.done().to_owned() },
        priority: Some(referral.priority()),
        signs: referral.signs().map(|signs| signs.into_iter().map(str::to_owned).collect()),
        encounter: referral
            .request
            .text_at(&["encounter", "reference"])
            .and_then(|one| Some(one.split_once('/')?.1.into())),
        results: results_of(&referral.request),
        sensitive: Label::of(&referral.task),
    }
}

async fn page(visit: &Visit, referral: &Referral, form: Form) -> Result<Sheet, Problem> {
    let cx = visit.cx()?;
    let person = referral.patient().id;
    let action = format!("/referencias/{}/traslado", referral.id());
    let mut page = Sheet::new(visit, t("traslado-titulo"), head_of(referral), action);
    page.shell = page.shell.back(format!("/personas/{person}"), t("volver-persona"));
    page.hidden = vec![("version", referral.task_version.to_string())];
    page.notes.extend(signs_note(referral));
    match referral.state.phase() {
        Phase::Draft => ask(visit, referral, &form, &mut page).await?,
        _ if referral.allows(cx, &Move::RequestTransfer) => {
            let (offered, known_emergency) = urgent_places(visit, &referral.origin().id, form.get("destino")).await?;
            page.notes.extend(call_first(known_emergency));
            page.groups = vec![
                Group::new(t("traslado-ahora")).lines(told(referral, cx.now)),
                destinations(offered, EMERGENCY),
                Group::new(t("traslado-por-que")).fields([form.area("motivo", t("traslado-motivo"))]),
            ];
            page.buttons = vec![Press { danger: true, ..Press::new("pedir", t("traslado-pedir")) }];
        }
        _ => {
            let accepted = match &referral.state {
                State::TransferAccepted { physician, .. } => Some(t("traslado-acepta").with("quien", physician).into()),
                _ => None,
            };
            page.groups = vec![Group::new(t("traslado-ahora")).lines(told(referral, cx.now)).lines(accepted)];
            let leaves = act::of(MoveKind::Depart).filter(|act| act.allowed(referral, cx));
            page.away.extend(leaves.map(|act| (act.place(referral), (act.name)())));
        }
    }
    let steps = steps(&visit.state.access, cx, referral).await?;
    page.thread = Thread(steps.into_iter().rev().map(event).collect());
    page.form = form;
    Ok(page)
}

/// Where the network has no emergency on record, somebody calls before the vehicle leaves.
fn call_first(known_emergency: bool) -> Option<Note> {
    (!known_emergency).then(|| Note::new(Tone::Warn, t("traslado-sin-emergencia"), t("traslado-llame")))
}

async fn ask(visit: &Visit, referral: &Referral, form: &Form, page: &mut Sheet) -> Result<(), Problem> {
    let cx = visit.cx()?;
    let open = open(visit, &referral.patient().id).await?;
    let nobody_ticked = referral.signs().unwrap_or_default().is_empty();
    let found = danger::prompts(&measured(&open, referral, cx.now));
    page.who = Head::of(&open.patient, cx.now);
    page.notes.extend(prompt_notes(&found));
    page.notes.push(Note::new(Tone::Warn, t("traslado-primero"), t("traslado-no-espera")));
    let (offered, known_emergency) = urgent_places(visit, &referral.origin().id, form.get("destino")).await?;
    page.notes.extend(call_first(known_emergency));
    page.groups = vec![
        destinations(offered, EMERGENCY),
        Group::new(t("traslado-por-que")).fields([
            form.area("motivo", t("traslado-motivo")).hint(t("traslado-motivo-ayuda")),
            form.area("hecho", t("referir-hecho")).hint(t("referir-hecho-ayuda")),
        ]),
    ];
    page.buttons = vec![
        Press { danger: true, ..Press::new("pedir", t("traslado-pedir")) },
        Press::new("guardar", t("guardar-borrador")),
    ];
    page.away = vec![(format!("/referencias/{}/descartar", referral.id()), t("descartar-si"))];
    if nobody_ticked && found.is_empty() {
        page.away.insert(0, (place_of(&referral.patient().id, referral.id()), t("traslado-no-es-urgencia")));
    } else if nobody_ticked {
        let why = form.area("sin-urgencia", t("traslado-sin-urgencia"));
        page.groups.push(Group::new(t("traslado-no-urgente")).fields([why.hint(t("traslado-sin-urgencia-ayuda"))]));
        page.buttons.push(Press::new("no-urgente", t("traslado-no-es-urgencia")));
    }
    page.aside = open.aside();
    Ok(())
}
