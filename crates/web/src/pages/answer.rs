//! What comes back to the post: a referral to complete, a counter-referral to acknowledge line by
//! line, follow-ups, a person to be found.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use care::danger;
use care::referral::Referral;
use care::referral::answer::{LineAnswer, acknowledge, lines, sections};
use care::referral::draft::Draft;
use care::referral::follow_up::{FollowUp, finish_follow_up};
use care::referral::send::complete;
use care::referral::state::Phase;
use fhir::Value;
use store::Key;

use crate::diagnosis;
use crate::form::Form;
use crate::format::date_time;
use crate::gate::{Posted, Visit, done, mend, percent, show};
use crate::pages::counter::asked_of;
use crate::pages::refer::{
    FIELDS, all_signs, diagnoses, diagnoses_of, head_of, moved, picture, prompt_notes, sign_choices, ticked, told,
    unchanged,
};
use crate::pages::visit::{Open, open};
use crate::problem::{Answer, Present, Problem};
use crate::sheet::{Group, Press, Sheet, mend_with};
use crate::shell::Done;
use crate::text::{Text, t};
use crate::ui::{Event, Knot, Note, Thread, Tone};

const TEXT: usize = 4000;
/// Fields of each line of a plan: the answer, and why not.
const LINES: [(&str, &str); 12] = [
    ("linea-1", "linea-1-razon"),
    ("linea-2", "linea-2-razon"),
    ("linea-3", "linea-3-razon"),
    ("linea-4", "linea-4-razon"),
    ("linea-5", "linea-5-razon"),
    ("linea-6", "linea-6-razon"),
    ("linea-7", "linea-7-razon"),
    ("linea-8", "linea-8-razon"),
    ("linea-9", "linea-9-razon"),
    ("linea-10", "linea-10-razon"),
    ("linea-11", "linea-11-razon"),
    ("linea-12", "linea-12-razon"),
];

async fn load(visit: &Visit, id: &str) -> Result<Referral, Problem> {
    Ok(Referral::load(&visit.state.access, visit.cx()?, id).await?)
}

/// A sheet about a referral in one of the states that the page is for.
fn sheet(visit: &Visit, referral: &Referral, heading: Text, path: &str) -> Result<Sheet, Problem> {
    let mut page = Sheet::new(visit, heading, head_of(referral), format!("/referencias/{}/{path}", referral.id()));
    page.shell = page.shell.back(format!("/personas/{}", referral.patient().id), t("volver-persona"));
    page.hidden = vec![("version", referral.task_version.to_string())];
    page.groups = vec![Group::new(t("traslado-ahora")).lines(told(referral, visit.cx()?.now))];
    Ok(page)
}

fn only_in(visit: &Visit, referral: &Referral, phases: &[Phase]) -> Result<(), Problem> {
    if phases.contains(&referral.state.phase()) { Ok(()) } else { Err(moved(visit, referral)?) }
}

fn last_words(referral: &Referral) -> Option<Note> {
    let (words, who) = referral.notes().last()?;
    Some(Note::new(Tone::Warn, t("dijo").with("quien", who), words))
}

/// `GET /referencias/{id}/completar`
pub async fn show_complete(visit: Visit, Path(id): Path<String>) -> Answer {
    let referral = load(&visit, &id).await?;
    only_in(&visit, &referral, &[Phase::Returned])?;
    let mut form = Form::default();
    form.set("motivo", referral.reason());
    form.set("hecho", referral.done());
    let open = open(&visit, &referral.patient().id).await?;
    diagnosis::fill(&mut form, &diagnoses_of(&referral.request), &open.codes);
    show(&complete_page(&visit, &referral, &open, form)?)
}

/// `POST /referencias/{id}/completar`
pub async fn take_complete(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = load(&visit, &id).await?;
    only_in(&visit, &referral, &[Phase::Returned])?;
    unchanged(&visit, &form, &referral)?;
    let open = open(&visit, &referral.patient().id).await?;
    let signs = ticked(&mut form);
    if !signs.is_empty() && form.error_of("senal").is_none() {
        let to = format!("/referencias/{id}/traslado?senales={}", percent(&signs.join(",")));
        return Ok(Redirect::to(&to).into_response());
    }
    let reference = referral.request.text_at(&["encounter", "reference"]);
    let supporting = referral.request.items("supportingInfo").iter().filter_map(|one| one.text_at(&["reference"]));
    let draft = Draft {
        patient: referral.patient(),
        service: referral.service().id,
        destination: referral.destination(),
        reason: form.optional("motivo", TEXT),
        diagnoses: diagnoses(&mut form, &referral, &open.codes),
        done: form.optional("hecho", TEXT),
        priority: Some(referral.priority()),
        signs: Some(signs),
        encounter: reference.and_then(|one| Some(one.split_once('/')?.1.to_owned())),
        results: supporting.filter_map(|one| one.split_once('/')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect(),
        sensitive: Vec::new(),
    };
    let note = form.required("nota", TEXT, t("completar-nota-falta"));
    if form.ok() {
        match complete(access, cx, &referral, &draft, &note).await {
            Ok(sent) => return done(&visit, &format!("/referencias/{}/enviada", sent.id()), Done::ReferralCompleted),
            Err(error) => mend_with(&mut form, error, &FIELDS)?,
        }
    }
    mend(&complete_page(&visit, &referral, &open, form)?)
}

fn complete_page(visit: &Visit, referral: &Referral, open: &Open, form: Form) -> Result<Sheet, Problem> {
    let mut page = sheet(visit, referral, t("completar-titulo"), "completar")?;
    let now = visit.cx()?.now;
    page.notes = prompt_notes(&danger::prompts(&picture(open, None, now, Vec::new())));
    page.notes.extend(last_words(referral));
    let choices = sign_choices(all_signs(&referral.service().id, open, now).into_iter());
    page.groups.push(
        Group::new(t("referir-hay-senales"))
            .hint(t("referir-pregunte"))
            .fields([form.checks("senal", t("referir-senales"), &choices)])
            .lines([t("pendiente-revision").to_string()]),
    );
    page.groups.push(Group::new(t("completar-que")).fields([
        form.area("motivo", t("referir-motivo")).hint(t("referir-motivo-ayuda")),
        form.area("hecho", t("referir-hecho")).hint(t("referir-hecho-ayuda")),
    ]));
    page.groups.push(Group::new(t("atender-diagnostico")).fields(diagnosis::fields(
        &form,
        diagnosis::ROWS.len(),
        &open.codes,
    )));
    page.groups.push(Group::new(t("completar-respuesta")).fields([form.area("nota", t("completar-nota"))]));
    page.buttons = vec![Press::new("enviar", t("completar-enviar"))];
    page.away = vec![(format!("/referencias/{}/traslado", referral.id()), t("traslado-titulo"))];
    page.form = form;
    Ok(page)
}

/// The counter-referral, or nothing where advice came without one.
async fn composition(visit: &Visit, referral: &Referral) -> Result<Option<Value>, Problem> {
    let Some(id) = referral.composition() else { return Ok(None) };
    let key = Key::new("Composition", &id);
    Ok(Some(visit.state.access.read(visit.cx()?, &key).await?.value()))
}

const TO_ACKNOWLEDGE: [Phase; 2] = [Phase::Delivered, Phase::Advised];

/// `GET /referencias/{id}/acusar`
pub async fn show_acknowledge(visit: Visit, Path(id): Path<String>) -> Answer {
    let referral = load(&visit, &id).await?;
    only_in(&visit, &referral, &TO_ACKNOWLEDGE)?;
    let answer = composition(&visit, &referral).await?;
    show(&acknowledge_page(&visit, &referral, answer.as_ref(), Form::default())?)
}

/// `POST /referencias/{id}/acusar`
pub async fn take_acknowledge(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = load(&visit, &id).await?;
    only_in(&visit, &referral, &TO_ACKNOWLEDGE)?;
    unchanged(&visit, &form, &referral)?;
    let answer = composition(&visit, &referral).await?;
    let plan = answer.as_ref().map(lines).unwrap_or_default();
    let answers: Vec<LineAnswer> =
        plan.iter().zip(LINES).filter_map(|(_, (field, why))| answered(&mut form, field, why)).collect();
    if form.ok() {
        match acknowledge(access, cx, &referral, &answers).await {
            Ok(next) => {
                let closed = next.state.phase() == Phase::Closed;
                let what = if closed { Done::CircuitClosed } else { Done::Acknowledged };
                return done(&visit, &format!("/personas/{}", next.patient().id), what);
            }
            Err(error) => mend_with(&mut form, error, &[("lines", "linea-1")])?,
        }
    }
    mend(&acknowledge_page(&visit, &referral, answer.as_ref(), form)?)
}

fn answered(form: &mut Form, field: &'static str, why: &'static str) -> Option<LineAnswer> {
    form.optional(why, 1000);
    match form.get(field) {
        "si" => Some(LineAnswer::Accepted),
        "no" => Some(LineAnswer::Objected(form.required(why, 1000, t("mal-objecion")))),
        _ => {
            form.error(field, t("mal-cada-linea"));
            None
        }
    }
}

fn acknowledge_page(visit: &Visit, referral: &Referral, answer: Option<&Value>, form: Form) -> Result<Sheet, Problem> {
    let mut page = sheet(visit, referral, t("acusar-titulo"), "acusar")?;
    let group = |(heading, words): (String, String)| Group { heading, ..Group::default() }.lines([words]);
    page.groups.extend(answer.map(sections).unwrap_or_default().into_iter().map(group));
    if answer.is_none() {
        page.notes = last_words(referral).into_iter().collect();
    }
    let plan = answer.map(lines).unwrap_or_default();
    let choices = [("si".to_owned(), t("acusar-si").into()), ("no".to_owned(), t("acusar-no").into())];
    for (line, (field, why)) in plan.iter().zip(LINES) {
        page.groups.push(
            Group { heading: line.kind.label().to_owned(), ..Group::default() }
                .lines(asked_of(line.who, line.due.as_deref()))
                .fields([form.radios(field, &line.words, &choices), form.line(why, t("acusar-razon"))]),
        );
    }
    page.buttons = vec![Press::new("acusar", t("acusar-boton"))];
    page.form = form;
    Ok(page)
}

/// `GET /tareas/{id}`
pub async fn show_follow_up(visit: Visit, Path(id): Path<String>) -> Answer {
    let (task, version) = follow_up(&visit, &id).await?;
    let mut page = follow_up_page(&visit, &task, version, Form::default())?;
    if task.is_final() {
        let referral = load(&visit, &task.referral).await?;
        if referral.state.phase() == Phase::Closed {
            page.thread = Thread(vec![closed(&referral)]);
        }
    }
    show(&page)
}

/// The knot that says that nothing is open any more.
fn closed(referral: &Referral) -> Event {
    Event {
        knot: Knot::Closed,
        when_where: format!("{} · {}", date_time(referral.since()), referral.origin().name),
        heading: referral.state.phase().label().to_owned(),
        lines: vec![t("linea-referencia").with("servicio", referral.service().name).into()],
        tag: None,
        link: None,
    }
}

async fn follow_up(visit: &Visit, id: &str) -> Result<(FollowUp, u64), Problem> {
    let found = visit.state.access.read(visit.cx()?, &Key::new("Task", id)).await?;
    let task = FollowUp::read(&found.value());
    if task.referral.is_empty() { Err(Problem::NotFound) } else { Ok((task, found.version)) }
}

/// `POST /tareas/{id}`
pub async fn take_follow_up(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let (task, version) = follow_up(&visit, &id).await?;
    if form.get("version") != version.to_string() || task.is_final() {
        let state = if !task.is_final() {
            t("tarea-pendiente")
        } else if task.status == "completed" {
            t("linea-cumplida")
        } else {
            t("tarea-no-se-pudo")
        };
        let lines = [task.words.clone(), state.to_string()].into_iter().chain(task.outcome.clone()).collect();
        let version = (!task.is_final()).then_some(version);
        return Err(Problem::Moved(Present { lines, place: format!("/tareas/{id}"), version }));
    }
    let achieved = form.get("hecha") == "si";
    if !achieved && form.get("hecha") != "no" {
        form.error("hecha", t("tarea-elija"));
    }
    let outcome = form.optional("resultado", 1000);
    if !achieved && outcome.is_empty() {
        form.error("resultado", t("tarea-razon-falta"));
    }
    if form.ok() {
        let referral = finish_follow_up(&visit.state.access, visit.cx()?, &id, achieved, &outcome).await?;
        let closed = referral.state.phase() == Phase::Closed;
        let what = if closed { Done::CircuitClosed } else { Done::FollowUpFinished };
        return done(&visit, &format!("/tareas/{id}"), what);
    }
    mend(&follow_up_page(&visit, &task, version, form)?)
}

fn follow_up_page(visit: &Visit, task: &FollowUp, version: u64, form: Form) -> Result<Sheet, Problem> {
    let head =
        crate::pages::person::Head { name: task.patient.name.clone(), about: String::new(), synthetic: task.synthetic };
    let mut page = Sheet::new(visit, t("tarea-titulo"), head, format!("/tareas/{}", task.id));
    page.shell = page.shell.back(format!("/personas/{}", task.patient.id), t("volver-persona"));
    page.hidden = vec![("version", version.to_string())];
    let asked = Group::new(t("tarea-que")).lines([task.words.clone()]);
    let asked = asked.lines(asked_of(task.who, task.due.as_deref()));
    if task.is_final() {
        let state = if task.status == "completed" { t("linea-cumplida") } else { t("tarea-no-se-pudo") };
        page.groups = vec![asked.lines([state.to_string()]).lines(task.outcome.clone())];
        page.away = vec![("/".into(), t("volver-inicio"))];
        return Ok(page);
    }
    let choices = [("si".to_owned(), t("tarea-si").into()), ("no".to_owned(), t("tarea-no").into())];
    page.groups = vec![
        asked,
        Group::new(t("tarea-como")).fields([
            form.radios("hecha", t("tarea-hecha"), &choices),
            form.area("resultado", t("tarea-resultado")).hint(t("tarea-resultado-ayuda")),
        ]),
    ];
    page.buttons = vec![Press::new("guardar", t("tarea-guardar"))];
    page.form = form;
    Ok(page)
}
