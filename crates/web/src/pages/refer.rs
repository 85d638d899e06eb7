//! Referring: danger signs first, then service, place, priority and reason; the draft stays on the
//! server from the first step on.

use access::Label;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect};
use care::danger::{self, Decision, Picture, Prompt, Sign};
use care::icd10::Codes;
use care::referral::draft::{Draft, start_draft, update_draft};
use care::referral::send::send;
use care::referral::state::{Priority, State};
use care::referral::{Named, Referral};
use care::service::Service;
use care::visit::record::POSTPARTUM;
use care::visit::vitals::{VITALS, Vital};
use fhir::Value;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::diagnosis;
use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, percent, show};
use crate::offers::{Place, places};
use crate::pages::person::Head;
use crate::pages::queue::waits;
use crate::pages::visit::{Open, open};
use crate::problem::{Answer, Present, Problem};
use crate::read::words;
use crate::sensitive;
use crate::sheet::{Group, Press, Sheet, mend_with};
use crate::shell::Done;
use crate::text::{Text, t};
use crate::ui::{Note, Tone};

const TEXT: usize = 4000;
/// How care's fields are called here.
pub const FIELDS: [(&str, &str); 6] = [
    ("reason", "motivo"),
    ("signs", "senal"),
    ("service", "servicio"),
    ("destination", "destino"),
    ("diagnoses", "dx1"),
    ("origin", "motivo"),
];

/// What the address carries.
#[derive(Deserialize)]
pub struct Asked {
    visita: Option<String>,
    borrador: Option<String>,
}

/// `GET /personas/{id}/referir`
pub async fn show_refer(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let open = open(&visit, &id).await?;
    let Some(borrador) = asked.borrador else {
        let open = open.with_visit(&visit, asked.visita.as_deref()).await?;
        return show(&signs_page(&visit, &open, Form::default(), asked.visita)?);
    };
    let referral = draft_of_person(&visit, &borrador, &id).await?;
    let open = open.with_visit(&visit, visit_of(&referral)).await?;
    if urgent_first(&open, &referral, visit.cx()?.now) {
        return Ok(Redirect::to(&format!("/referencias/{borrador}/traslado")).into_response());
    }
    let form = filled(&referral, &open);
    show(&details_page(&visit, &open, &referral, form).await?)
}

/// The visit that a referral comes from.
fn visit_of(referral: &Referral) -> Option<&str> {
    referral.request.text_at(&["encounter", "reference"]).and_then(|one| Some(one.split_once('/')?.1))
}

/// Whether the transfer comes before any option: a sign is ticked, or what was measured implies one
/// and nobody wrote why it is none.
fn urgent_first(open: &Open, referral: &Referral, now: jiff::Timestamp) -> bool {
    let from = visit_of(referral);
    let overruled = referral.notes().next().is_some();
    let implied = if overruled { Vec::new() } else { danger::prompts(&picture(open, from, now, Vec::new())) };
    danger::decide(&referral.signs().unwrap_or_default(), &implied) != Decision::Continue
}

/// A draft of this person, or nothing.
async fn draft_of_person(visit: &Visit, referral: &str, person: &str) -> Result<Referral, Problem> {
    let found = Referral::load(&visit.state.access, visit.cx()?, referral).await?;
    if found.patient().id != person {
        return Err(Problem::NotFound);
    }
    if found.state == State::Draft { Ok(found) } else { Err(moved(visit, &found)?) }
}

/// `POST /personas/{id}/referir`
pub async fn take_refer(visit: Visit, Path(id): Path<String>, Posted(form): Posted) -> Answer {
    let open = open(&visit, &id).await?;
    match form.get("borrador").to_owned() {
        borrador if borrador.is_empty() => {
            let from = Some(form.get("visita")).filter(|id| !id.is_empty());
            let open = open.with_visit(&visit, from).await?;
            take_signs(&visit, &open, form).await
        }
        borrador => {
            let referral = draft_of_person(&visit, &borrador, &id).await?;
            unchanged(&visit, &form, &referral)?;
            let open = open.with_visit(&visit, visit_of(&referral)).await?;
            if urgent_first(&open, &referral, visit.cx()?.now) {
                return Ok(Redirect::to(&format!("/referencias/{borrador}/traslado")).into_response());
            }
            take_details(&visit, &open, referral, form).await
        }
    }
}

/// Refuses a form whose page showed an older version of what it still fits: it can be sent again.
pub fn unchanged(visit: &Visit, form: &Form, referral: &Referral) -> Result<(), Problem> {
    if form.get("version") == referral.task_version.to_string() {
        return Ok(());
    }
    Err(Problem::Moved(Present { version: Some(referral.task_version), ..present(visit, referral)? }))
}

/// Why a page can't be given for a referral that has come to another state.
pub fn moved(visit: &Visit, referral: &Referral) -> Result<Problem, Problem> {
    Ok(Problem::Moved(present(visit, referral)?))
}

fn present(visit: &Visit, referral: &Referral) -> Result<Present, Problem> {
    let lines = told(referral, visit.cx()?.now);
    Ok(Present { lines, place: format!("/referencias/{}", referral.id()), version: None })
}

/// The signs that were ticked; notes when nothing was, or both a sign and "ninguna".
pub fn ticked(form: &mut Form) -> Vec<String> {
    let all = form.all("senal");
    let (none, signs): (Vec<&str>, Vec<&str>) = all.into_iter().partition(|code| *code == danger::NONE);
    let signs: Vec<String> = signs.into_iter().filter(|code| !danger::label(code).is_empty()).map(Into::into).collect();
    match (none.is_empty(), signs.is_empty()) {
        (true, true) => form.error("senal", t("mal-senales")),
        (false, false) => form.error("senal", t("mal-senal-y-ninguna")),
        _ => {}
    }
    signs
}

async fn take_signs(visit: &Visit, open: &Open, mut form: Form) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let signs = ticked(&mut form);
    let from = Some(form.get("visita").to_owned()).filter(|id| !id.is_empty());
    if form.ok() {
        let results = results(open, from.as_deref());
        let draft = Draft {
            patient: open.named.clone(),
            signs: Some(signs.clone()),
            encounter: from.clone(),
            results,
            ..Draft::default()
        };
        match start_draft(access, cx, &draft).await {
            Ok(referral) => {
                let codes: Vec<&str> = signs.iter().map(String::as_str).collect();
                let implied = danger::prompts(&picture(open, from.as_deref(), cx.now, signs.clone()));
                let to = match danger::decide(&codes, &implied) {
                    Decision::UrgentTransfer { .. } => format!("/referencias/{}/traslado", referral.id()),
                    Decision::Continue => place_of(&open.named.id, referral.id()),
                };
                return done(visit, &to, Done::DraftKept);
            }
            Err(error) => mend_with(&mut form, error, &FIELDS)?,
        }
    }
    mend(&signs_page(visit, open, form, from)?)
}

/// Where a draft is gone on with.
pub fn place_of(person: &str, draft: &str) -> String {
    format!("/personas/{person}/referir?borrador={}", percent(draft))
}

/// What was measured at the visit goes with the referral.
fn results(open: &Open, from: Option<&str>) -> Vec<(String, String)> {
    let Some(from) = from else { return Vec::new() };
    let reference = format!("Encounter/{from}");
    let of_visit = open.observations.iter().filter(|one| one.text_at(&["encounter", "reference"]) == Some(&reference));
    let medical = of_visit.filter(|one| one.text_at(&["category", "coding", "code"]) != Some("social-history"));
    medical.filter_map(|one| Some(("Observation".to_owned(), one.id()?.to_owned()))).collect()
}

/// Whether something was observed at that time or later; of a day without an hour, its end counts.
fn since(one: &Value, time: jiff::Timestamp) -> bool {
    let Some(at) = one.text_at(&["effectiveDateTime"]) else { return false };
    let day = || at.parse::<jiff::civil::Date>().is_ok_and(|day| day >= crate::format::local(time).date());
    at.parse::<jiff::Timestamp>().map_or_else(|_| day(), |at| at >= time)
}

/// What is known of the person now: from the visit, else from the last day.
pub fn picture(open: &Open, from: Option<&str>, now: jiff::Timestamp, ticked: Vec<String>) -> Picture {
    let reference = from.map(|id| format!("Encounter/{id}"));
    let yesterday = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now);
    let counts = |one: &&Value| match &reference {
        Some(visit) => one.text_at(&["encounter", "reference"]) == Some(visit),
        None => since(one, yesterday),
    };
    let recent: Vec<&Value> = open.observations.iter().filter(counts).collect();
    let coded = |one: &Value, code: &str| one.text_at(&["code", "coding", "code"]) == Some(code);
    let number = |one: &Value| Some(one.at(&["valueQuantity", "value"])?.as_number()?.as_f64());
    let of = |code: &str| {
        let parts = recent.iter().flat_map(|one| one.items("component")).chain(recent.iter().copied());
        parts.filter(|one| coded(one, code)).find_map(number)
    };
    let vital = |field: &str| VITALS.iter().find(|one: &&Vital| one.field == field).and_then(|one| of(one.loinc));
    let (age_months, oldest_months) = danger::ages(open.birth_date(), now).unzip();
    let six_weeks = now.checked_sub(SignedDuration::from_hours(42 * 24)).unwrap_or(now);
    Picture {
        age_months,
        oldest_months,
        weeks: of("18185-9").map(|weeks| weeks as u32),
        postpartum: open.observations.iter().any(|one| coded(one, POSTPARTUM) && since(one, six_weeks)),
        systolic: vital("systolic"),
        diastolic: vital("diastolic"),
        temperature: vital("temperature"),
        breaths: vital("breaths"),
        pulse: vital("pulse"),
        saturation: vital("saturation"),
        glucose: vital("glucose"),
        proteinuria: recent.iter().any(|one| coded(one, "20454-5")),
        ticked,
    }
}

/// Whether the signs of pregnancy are asked: it is known, or it can be.
fn pregnancy_asked(open: &Open, picture: &Picture) -> bool {
    let fertile = picture.age_months.is_none_or(|age| age < 660) && picture.oldest_months.is_none_or(|age| age >= 120);
    picture.weeks.is_some() || picture.postpartum || (open.patient.text_at(&["gender"]) == Some("female") && fertile)
}

fn steps() -> Vec<Text> {
    vec![t("referir-paso-senales"), t("referir-paso-lugar"), t("referir-paso-enviada")]
}

/// Signs to tick, and "none of them".
pub fn sign_choices<'a>(signs: impl Iterator<Item = &'a Sign>) -> Vec<(String, String)> {
    let none = (danger::NONE.to_owned(), t("referir-ninguna").into());
    signs.map(|sign| (sign.code.to_owned(), sign.label.to_owned())).chain([none]).collect()
}

/// What the measures imply, each with its reason.
pub fn prompt_notes(prompts: &[Prompt]) -> Vec<Note> {
    let note =
        |one: &Prompt| Note::new(Tone::Stop, t("referir-indica").with("senal", danger::label(one.sign)), one.why);
    prompts.iter().map(note).collect()
}

fn signs_page(visit: &Visit, open: &Open, mut form: Form, from: Option<String>) -> Result<Sheet, Problem> {
    let cx = visit.cx()?;
    let known = picture(open, from.as_deref(), cx.now, Vec::new());
    let implied = danger::prompts(&known);
    if form.pairs().is_empty() {
        let codes = implied.iter().map(|one| ("senal".to_owned(), one.sign.to_owned()));
        form = Form::new(codes.collect());
    }
    let asked: Vec<&Sign> = danger::first_signs(&known, pregnancy_asked(open, &known)).collect();
    let also = implied.iter().filter(|one| !asked.iter().any(|sign| sign.code == one.sign));
    let mut choices: Vec<(String, String)> =
        also.map(|one| (one.sign.to_owned(), danger::label(one.sign).to_owned())).collect();
    choices.extend(sign_choices(asked.into_iter()));
    let id = &open.named.id;
    let mut page =
        Sheet::new(visit, t("referir-titulo"), Head::of(&open.patient, cx.now), format!("/personas/{id}/referir"));
    page.shell = page.shell.back(format!("/personas/{id}"), t("volver-persona"));
    page.steps = steps();
    page.notes = prompt_notes(&implied);
    page.hidden = from.map(|from| ("visita", from)).into_iter().collect();
    page.groups = vec![
        Group::new(t("referir-hay-senales"))
            .hint(t("referir-pregunte"))
            .fields([form.checks("senal", t("referir-senales"), &choices)])
            .lines([t("referir-no-detiene").to_string(), t("pendiente-revision").to_string()]),
    ];
    page.buttons = vec![Press::new("seguir", t("seguir"))];
    page.aside = open.aside();
    page.form = form;
    Ok(page)
}

/// The form as the draft has it; a new draft begins with what the visit found.
fn filled(referral: &Referral, open: &Open) -> Form {
    let mut form = Form::default();
    form.set("servicio", referral.service().id);
    form.set("destino", referral.destination().id);
    form.set("prioridad", referral.priority().code());
    form.set("motivo", referral.reason());
    form.set("hecho", referral.done());
    let mut known = diagnoses_of(&referral.request);
    if referral.reason().is_empty() && known.is_empty() {
        let visit = referral.request.text_at(&["encounter", "reference"]);
        let found =
            open.conditions.iter().filter(|one| visit.is_some() && one.text_at(&["encounter", "reference"]) == visit);
        known = found.map(|one| (icd10_of(one.get("code")), words(one.get("code")))).collect();
    }
    diagnosis::fill(&mut form, &known, &open.codes);
    form
}

fn icd10_of(concept: Option<&Value>) -> String {
    let codings = concept.map(|one| one.items("coding")).unwrap_or_default();
    crate::read::coded(codings, access::system::ICD10).unwrap_or_default().to_owned()
}

/// The diagnoses as typed, and those that the page had no row for.
pub fn diagnoses(form: &mut Form, referral: &Referral, codes: &Codes) -> Vec<(String, String)> {
    let more = diagnoses_of(&referral.request).into_iter().skip(diagnosis::ROWS.len());
    diagnosis::read(form, diagnosis::ROWS.len(), codes).into_iter().chain(more).collect()
}

/// The diagnoses of a referral: code and words. The first reason is the sentence.
pub fn diagnoses_of(request: &Value) -> Vec<(String, String)> {
    let reasons = request.items("reasonCode").iter().skip(1);
    reasons.map(|one| (icd10_of(Some(one)), words(Some(one)))).collect()
}

/// The signs of the chosen service that the first step did not ask.
fn signs_of_service(service: &str, open: &Open, now: jiff::Timestamp) -> Vec<&'static Sign> {
    let known = picture(open, None, now, Vec::new());
    let first: Vec<&Sign> = danger::first_signs(&known, pregnancy_asked(open, &known)).collect();
    let asked = danger::signs(service, false).filter(|sign| !service.is_empty() && sign.services.contains(&service));
    asked.filter(|sign| !first.iter().any(|one| one.code == sign.code)).collect()
}

/// Every sign that is asked when a referral is sent again: of everybody, of this person, of the service.
pub fn all_signs(service: &str, open: &Open, now: jiff::Timestamp) -> Vec<&'static Sign> {
    let known = picture(open, None, now, Vec::new());
    let first = danger::first_signs(&known, pregnancy_asked(open, &known));
    first.chain(signs_of_service(service, open, now)).collect()
}

async fn take_details(visit: &Visit, open: &Open, referral: Referral, mut form: Form) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let (act, service) = (form.get("boton").to_owned(), form.get("servicio").to_owned());
    let offered = places(visit, &[&service], form.get("destino")).await?;
    let chosen = offered.iter().find(|place| place.facility.id == form.get("destino"));
    let (sending, asked) = (act == "enviar", signs_of_service(&service, open, cx.now));
    let shown = form.get("servicio-visto") == service;
    let signs = if !asked.is_empty() && shown && (sending || !form.all("senal").is_empty()) {
        ticked(&mut form)
    } else {
        Vec::new()
    };
    let draft = Draft {
        patient: open.named.clone(),
        service: Service::find(&service).map_or("", |one| one.code).to_owned(),
        destination: chosen.map(|place| place.facility.clone()).unwrap_or_default(),
        reason: form.optional("motivo", TEXT),
        diagnoses: diagnoses(&mut form, &referral, &open.codes),
        done: form.optional("hecho", TEXT),
        priority: Priority::from_code(form.get("prioridad")),
        signs: Some(signs.clone()),
        encounter: referral
            .request
            .text_at(&["encounter", "reference"])
            .and_then(|one| Some(one.split_once('/')?.1.into())),
        results: results_of(&referral.request),
        sensitive: sensitive::read(&form),
    };
    if draft.reason.is_empty() && !draft.diagnoses.is_empty() {
        form.error("motivo", t("mal-motivo"));
    }
    if sending && !shown && !asked.is_empty() {
        form.error("senal", t("mal-senales"));
    }
    if !form.ok() && signs.is_empty() {
        return mend(&details_page(visit, open, &referral, form).await?);
    }
    let kept = update_draft(access, cx, &referral, &draft).await?;
    let here = place_of(&open.named.id, kept.id());
    if !signs.is_empty() {
        return done(visit, &format!("/referencias/{}/traslado", kept.id()), Done::DraftKept);
    }
    if !sending {
        return done(visit, &here, Done::DraftKept);
    }
    match send(access, cx, &kept).await {
        Ok(sent) => done(visit, &format!("/referencias/{}/enviada", sent.id()), Done::ReferralSent),
        Err(error) => {
            mend_with(&mut form, error, &FIELDS)?;
            mend(&details_page(visit, open, &kept, form).await?)
        }
    }
}

/// What goes with a referral.
pub fn results_of(request: &Value) -> Vec<(String, String)> {
    let references = request.items("supportingInfo").iter().filter_map(|one| one.text_at(&["reference"]));
    references.filter_map(|one| one.split_once('/')).map(|(kind, id)| (kind.to_owned(), id.to_owned())).collect()
}

fn service_options() -> Vec<(String, String)> {
    let services = Service::all().iter().map(|one| (one.code.to_owned(), one.name.to_owned()));
    [(String::new(), t("referir-elija-servicio").into())].into_iter().chain(services).collect()
}

async fn details_page(visit: &Visit, open: &Open, referral: &Referral, mut form: Form) -> Result<Sheet, Problem> {
    let (cx, id) = (visit.cx()?, &open.named.id);
    let service = form.get("servicio").to_owned();
    let found = diagnoses(&mut Form::new(form.pairs().to_vec()), referral, &open.codes);
    sensitive::tick(&mut form, sensitive::implied(&found, &service, open.birth_date(), cx.now));
    // What somebody took away stays away; what the diagnosis or service implies comes back by itself.
    if form.get("boton").is_empty() {
        sensitive::tick(&mut form, Label::of(&referral.task));
    }
    let offered = places(visit, &[&service], form.get("destino")).await?;
    let mut page =
        Sheet::new(visit, t("referir-titulo"), Head::of(&open.patient, cx.now), format!("/personas/{id}/referir"));
    page.shell = page.shell.back(format!("/personas/{id}"), t("volver-persona"));
    page.steps = steps();
    page.at = 1;
    page.hidden = vec![
        ("borrador", referral.id().to_owned()),
        ("version", referral.task_version.to_string()),
        ("servicio-visto", service.clone()),
    ];
    let priorities: Vec<(String, String)> =
        Priority::ALL.iter().map(|one| (one.code().to_owned(), one.label().to_owned())).collect();
    let mut which = Group::new(t("referir-servicio-titulo")).fields([form.select(
        "servicio",
        t("referir-servicio"),
        &service_options(),
    )]);
    which.press = Some(Press::new("lugares", t("referir-ver-lugares")));
    page.groups.push(which);
    let asked = signs_of_service(&service, open, cx.now);
    if !asked.is_empty() {
        let choices = sign_choices(asked.into_iter());
        page.groups.push(
            Group::new(t("referir-senales-servicio"))
                .hint(t("referir-pregunte"))
                .fields([form.checks("senal", t("referir-senales"), &choices)])
                .lines([t("pendiente-revision").to_string()]),
        );
    }
    let gone = closed_to_us(referral, &form, &offered);
    page.groups.push(destinations(offered, &service).lines(gone));
    page.groups.push(Group::new(t("referir-por-que")).fields([
        form.area("motivo", t("referir-motivo")).hint(t("referir-motivo-ayuda")),
        form.area("hecho", t("referir-hecho")).hint(t("referir-hecho-ayuda")),
        form.radios("prioridad", t("referir-prioridad"), &priorities),
    ]));
    page.groups.push(Group::new(t("atender-diagnostico")).fields(diagnosis::fields(
        &form,
        diagnosis::ROWS.len(),
        &open.codes,
    )));
    page.groups.push(sensitive::group(&form));
    page.buttons = vec![Press::new("enviar", t("referir-enviar")), Press::new("guardar", t("guardar-borrador"))];
    page.away = vec![(format!("/referencias/{}/descartar", referral.id()), t("descartar-si"))];
    page.aside = open.aside();
    page.form = form;
    Ok(page)
}

/// That the place that the draft had chosen is offered no more.
fn closed_to_us(referral: &Referral, form: &Form, offered: &[Place]) -> Option<String> {
    let place = referral.destination();
    let asked = form.get("destino") == place.id && form.get("servicio") == referral.service().id;
    let gone = asked && !place.id.is_empty() && offered.iter().all(|one| one.facility.id != place.id);
    gone.then(|| t("referir-lugar-ya-no").with("lugar", place.name).into())
}

/// The places as cards, or why there are none.
pub fn destinations(offered: Vec<Place>, service: &str) -> Group {
    let mut group = Group::new(t("referir-a-donde"));
    group.name = "destino";
    group.id = "lugares";
    if service.is_empty() {
        return Group { id: "destino", ..group }.lines([t("referir-primero-servicio").to_string()]);
    }
    if offered.is_empty() {
        return Group { id: "destino", ..group }.lines([t("referir-sin-lugares").to_string()]);
    }
    group.choices(offered.into_iter().map(|place| place.card)).hint(t("referir-a-donde-ayuda"))
}

/// `GET /referencias/{id}/enviada`
pub async fn show_sent(visit: Visit, Path(id): Path<String>) -> Answer {
    let cx = visit.cx()?;
    let referral = Referral::load(&visit.state.access, cx, &id).await?;
    let mut page = Sheet::new(&visit, t("enviada-titulo"), head_of(&referral), String::new());
    page.steps = steps();
    page.at = 2;
    page.groups =
        vec![Group::new(t("enviada-numero").with("numero", referral.number())).lines(told(&referral, cx.now))];
    page.away = vec![(format!("/personas/{}", referral.patient().id), t("volver-persona"))];
    show(&page)
}

/// Whom a referral is for.
pub fn head_of(referral: &Referral) -> Head {
    let Named { name, .. } = referral.patient();
    Head { name, about: referral.number().to_owned(), synthetic: crate::read::is_synthetic(&referral.task) }
}

/// Where it goes, its state, on whom it waits and since when.
pub fn told(referral: &Referral, now: jiff::Timestamp) -> Vec<String> {
    let mut lines = vec![
        t("cuenta-destino").with("servicio", referral.service().name).with("lugar", referral.destination().name).into(),
        t("cuenta-estado").with("estado", referral.state.phase().label()).into(),
    ];
    lines.extend(referral.where_it_waits().map(|waiting| format!("{}.", waits(&waiting, now))));
    lines
}
