//! One referral: danger signs first, where it waits and on whom, why it was made, what came back,
//! its whole thread; and only what this caller may do with it now.

use access::Role;
use askama::Template;
use axum::extract::{Path, Query};
use care::danger;
use care::referral::answer::{lines, sections};
use care::referral::follow_up::{FollowUp, Left, left};
use care::referral::moves::Move;
use care::referral::review::{RedirectReason, ReturnReason};
use care::referral::state::{Phase, State};
use care::referral::worklist::steps;
use care::referral::{Named, Referral};
use fhir::Value;
use jiff::Timestamp;
use store::{Key, Kind};

use crate::format::date_time;
use crate::gate::{Visit, show};
use crate::pages::booking::BOOKERS;
use crate::pages::counter::{ANSWERERS, asked_of, line_words};
use crate::pages::notice::SETTLERS;
use crate::pages::person::Head;
use crate::pages::queue::{Asked, DESK, Standing, clock, priority, standing, state_tag, waits};
use crate::pages::refer::{diagnoses_of, head_of, place_of};
use crate::pages::{act, agreements};
use crate::problem::{Answer, Problem};
use crate::read::struck;
use crate::sensitive;
use crate::shell::{Done, Shell};
use crate::text::{Text, t};
use crate::timeline::dated;
use crate::told::thread;
use crate::ui::{Facts, Note, Pages, Priority, Semaphore, Tag, Thread, Tone};

/// Who reads a referral that reaches their facility: those who move it, and the director.
pub const READERS: &[Role] = &{
    let mut readers = [Role::Director; act::MOVERS.len() + 1];
    readers.split_at_mut(act::MOVERS.len()).0.copy_from_slice(act::MOVERS);
    readers
};

/// What the caller may do now: where, and its name.
struct Deed {
    href: String,
    name: Text,
    danger: bool,
    /// Whether it is no step of the way: never the main button.
    aside: bool,
}

/// A follow-up of the plan.
struct Task {
    words: String,
    /// Who does it, and by when.
    asked_of: String,
    state: Tag,
    href: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/referencia.html")]
struct ReferralPage {
    shell: Shell,
    /// Where it stands in the queue that it was opened from.
    queue: Option<Pages>,
    head: Head,
    /// The way to the person's record, for whoever has one.
    record: Option<String>,
    clock: Semaphore,
    priority: Priority,
    state: Tag,
    waits: String,
    notes: Vec<Note>,
    deeds: Vec<Deed>,
    reason: String,
    done: String,
    diagnoses: Vec<String>,
    results: Vec<String>,
    answer: Vec<(String, Vec<String>)>,
    /// The answer as paper.
    paper: String,
    tasks: Vec<Task>,
    facts: Facts,
    thread: Thread,
    /// What can be printed, and where.
    papers: Vec<(String, Text)>,
}

/// `GET /referencias/{id}`
pub async fn show_referral(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = match Referral::load(access, cx, &id).await {
        Err(error) if error.kind() == Kind::NotFound => return Err(agreements::missing(&visit).await),
        found => found?,
    };
    let steps = steps(access, cx, &referral).await?;
    let keys: Vec<Key> = referral.request.items("supportingInfo").iter().filter_map(key).collect();
    let results = access.read_many(cx, &keys).await?;
    let appointment = one(&visit, "Appointment", referral.state.appointment()).await?;
    let answer = one(&visit, "Composition", referral.composition().as_deref()).await?;
    let queue = standing(&visit, &asked, &id).await?;
    let (back, words) = if let Some(queue) = &queue {
        (queue.back.clone(), t("volver-referencias"))
    } else if DESK.contains(&cx.role) {
        ("/referencias".to_owned(), t("volver-referencias"))
    } else {
        (format!("/personas/{}", referral.patient().id), t("volver-persona"))
    };
    let undo = match &queue {
        Some(queue) if !asked.hecha.is_empty() => before(&visit, &asked, queue).await,
        _ => undo(&visit, &referral)?,
    };
    let opens = !matches!(cx.role, Role::Coordinator | Role::Supervisor);
    show(&ReferralPage {
        shell: visit.shell(t("referencia-titulo")).back(back, words).undo(undo),
        queue: queue.map(|queue| queue.pages),
        head: head_of(&referral),
        record: opens.then(|| format!("/personas/{}", referral.patient().id)),
        clock: clock(&referral, cx.now),
        priority: priority(&referral),
        state: state_tag(referral.state.phase()),
        waits: referral.where_it_waits().map(|waiting| waits(&waiting, cx.now)).unwrap_or_default(),
        notes: agreements::unseen(&visit, &referral).await?.into_iter().chain(notes(&referral)).collect(),
        deeds: deeds(&visit, &referral, &asked, rests(&visit, &referral).await?)?,
        reason: referral.reason().to_owned(),
        done: referral.done().to_owned(),
        diagnoses: diagnoses_of(&referral.request).into_iter().map(coded).collect(),
        results: results
            .iter()
            .map(store::Stored::value)
            .filter(|one| !struck(one))
            .filter_map(|one| dated(&one))
            .collect(),
        answer: answer.as_ref().map(told).unwrap_or_default(),
        paper: format!("/referencias/{id}/contrarreferencia"),
        tasks: tasks(&visit, &referral).await?,
        facts: Facts(facts(&referral, appointment.as_ref())),
        thread: Thread(thread(&referral, steps, cx.now)),
        papers: papers(&referral, cx.role),
    })
}

/// The papers that there are of a referral.
fn papers(referral: &Referral, role: Role) -> Vec<(String, Text)> {
    let sent = referral.state.phase() != Phase::Draft;
    let here = |path: &str| format!("/referencias/{}/{path}", referral.id());
    let of_referral = sent.then(|| (here("imprimir"), t("papel-imprimir")));
    let of_answer = referral.composition().map(|_| (here("contrarreferencia/imprimir"), t("papel-imprimir-respuesta")));
    let slip = referral.state.phase() == Phase::Booked && BOOKERS.contains(&role);
    let slip = slip.then(|| (here("cita/comprobante"), t("papel-comprobante")));
    slip.into_iter().chain(of_referral).chain(of_answer).collect()
}

/// What a reference leads to.
pub fn key(reference: &Value) -> Option<Key> {
    let (kind, id) = reference.text_at(&["reference"])?.split_once('/')?;
    Some(Key::new(kind, id))
}

/// A resource that may be there and may be seen.
async fn one(visit: &Visit, kind: &str, id: Option<&str>) -> Result<Option<Value>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let found = visit.state.access.read_many(visit.cx()?, &[Key::new(kind, id)]).await?;
    Ok(found.first().map(store::Stored::value))
}

fn coded((code, words): (String, String)) -> String {
    if code.is_empty() { words } else { format!("{words} ({code})") }
}

/// The danger signs, which come before everything.
pub fn signs_note(referral: &Referral) -> Option<Note> {
    let signs: Vec<&str> = referral.signs().unwrap_or_default().into_iter().map(danger::label).collect();
    (!signs.is_empty()).then(|| Note::new(Tone::Stop, t("traslado-senales"), signs.join(". ")))
}

/// Danger signs before everything; then what holds it up.
pub fn notes(referral: &Referral) -> Vec<Note> {
    let held = match &referral.state {
        State::ExitProposed { reason, evidence, .. } => Some(Note::new(
            Tone::Warn,
            t("referencia-salida-propuesta").with("razon", reason.label()),
            t("referencia-prueba").with("prueba", evidence),
        )),
        State::Exited { reason, .. } => {
            Some(Note::new(Tone::Plain, t("referencia-salio").with("razon", reason.label()), ""))
        }
        State::Missed(wait) if wait.missed >= 2 => {
            Some(Note::new(Tone::Stop, t("cita-dos-faltas"), t("cita-dos-faltas-que")))
        }
        state => held_by(state).map(|why| Note::new(Tone::Warn, state.phase().label(), why)),
    };
    let secret = sensitive::note([&referral.task, &referral.request]);
    signs_note(referral).into_iter().chain(secret).chain(held).collect()
}

/// The reason that a state carries, in words.
fn held_by(state: &State) -> Option<&'static str> {
    match state {
        State::Returned { reason, .. } => ReturnReason::from_code(reason).map(ReturnReason::label),
        State::Redirected { reason, .. } => RedirectReason::from_code(reason).map(RedirectReason::label),
        _ => None,
    }
}

/// What is asked, of whom and by whom.
pub fn facts(referral: &Referral, appointment: Option<&Value>) -> Vec<(String, String)> {
    let start = appointment.and_then(|one| one.text_at(&["start"])?.parse::<Timestamp>().ok());
    let physician = match &referral.state {
        State::TransferAccepted { physician, .. }
        | State::InTransit { physician, .. }
        | State::Received { physician, .. } => physician.clone(),
        _ => String::new(),
    };
    let Named { name: asked_by, .. } = referral.requester();
    let rows = [
        (t("referencia-servicio"), referral.service().name),
        (t("referencia-cita"), start.map(date_time).unwrap_or_default()),
        (t("referencia-acepta"), physician),
        (t("referencia-de"), referral.origin().name),
        (t("referencia-a"), referral.destination().name),
        (t("referencia-pide"), asked_by),
        (t("referencia-enviada"), referral.sent().map(date_time).unwrap_or_default()),
    ];
    rows.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.into(), value)).collect()
}

/// The counter-referral: its sections, and what it asks of the post.
fn told(composition: &Value) -> Vec<(String, Vec<String>)> {
    let text = sections(composition).into_iter().map(|(heading, words)| (heading, vec![words]));
    let plan: Vec<String> = lines(composition).iter().map(line_words).collect();
    let plan = (!plan.is_empty()).then(|| (t("referencia-indicaciones").into(), plan));
    text.chain(plan).collect()
}

async fn tasks(visit: &Visit, referral: &Referral) -> Result<Vec<Task>, Problem> {
    let cx = visit.cx()?;
    let keys: Vec<Key> = referral.follow_ups().into_iter().map(|id| Key::new("Task", id)).collect();
    let found = visit.state.access.read_many(cx, &keys).await?;
    let task = |one: &store::Stored| {
        let task = FollowUp::read(&one.value());
        let state = match (task.is_final(), task.status.as_str()) {
            (_, "completed") => Tag::new(Tone::Good, t("linea-cumplida")),
            (true, _) => Tag::new(Tone::Warn, t("tarea-no-se-pudo")),
            _ => Tag::new(Tone::Info, t("linea-por-hacer")),
        };
        Task {
            asked_of: asked_of(task.who, task.due.as_deref()).join(" · "),
            href: super::FOLLOWS.admits(cx.role).then(|| format!("/tareas/{}", task.id)),
            words: task.words,
            state,
        }
    };
    Ok(found.iter().map(task).collect())
}

/// What keeps the plan open, where nothing of it moves by itself any more: the post could not do a
/// line, or no follow-up is open.
async fn rests(visit: &Visit, referral: &Referral) -> Result<Option<Left>, Problem> {
    if !matches!(referral.state.phase(), Phase::Acknowledged | Phase::Plan) {
        return Ok(None);
    }
    let left = left(&visit.state.access, visit.cx()?, referral).await?;
    Ok(Some(left).filter(|left| !left.unheard.is_empty() || !left.unfinished))
}

/// What this caller may do now, what waits for them first.
fn deeds(visit: &Visit, referral: &Referral, asked: &Asked, rests: Option<Left>) -> Result<Vec<Deed>, Problem> {
    let cx = visit.cx()?;
    let (id, attends, follows) = (referral.id(), super::ATTENDS.admits(cx.role), super::FOLLOWS.admits(cx.role));
    let books = BOOKERS.contains(&cx.role) && referral.state.phase() != Phase::Proposed;
    let answers = ANSWERERS.contains(&cx.role);
    let settles = SETTLERS.contains(&cx.role) && rests.as_ref().is_some_and(|left| referral.settles(cx, left));
    let objects = rests.is_some_and(|left| !left.unheard.is_empty());
    let closing = if objects { t("inicio-hacer-objecion") } else { t("cierre-titulo") };
    let none = String::new;
    let here = |path: &str| format!("/referencias/{id}/{path}");
    let along = |path: &str| format!("/referencias/{id}/{path}{}", asked.onward());
    let rows = [
        (attends, Move::Send, place_of(&referral.patient().id, id), t("acto-seguir")),
        (attends, Move::Complete, here("completar"), t("acto-completar")),
        (follows, Move::Acknowledge { tasks: Vec::new() }, here("acusar"), t("acto-acusar")),
        (answers, Move::Attend { encounter: none() }, along("contrarreferir"), t("agenda-atender")),
        (answers, Move::CounterRefer { composition: none() }, along("contrarreferir"), t("agenda-contrarreferir")),
        (settles, Move::Close, along("objecion"), closing),
        (books, Move::Book { appointment: none() }, along("cita"), t("acto-dar-cita")),
        (books, Move::Reschedule { appointment: none() }, along("cita"), t("acto-cambiar-cita")),
        (attends, Move::Discard, here("descartar"), t("descartar-si")),
    ];
    let deed = |(has_page, step, href, name): (bool, Move, String, Text)| {
        let aside = matches!(step, Move::Discard | Move::Reschedule { .. });
        (has_page && referral.allows(cx, &step)).then_some(Deed { href, name, danger: false, aside })
    };
    let acts = act::ACTS.iter().filter(|act| act.allowed(referral, cx));
    let acts = acts.map(|act| Deed {
        href: format!("{}{}", act.place(referral), asked.onward()),
        name: (act.name)(),
        danger: false,
        aside: act.is_aside(),
    });
    let urgent = (attends && referral.allows(cx, &Move::RequestTransfer)).then(|| Deed {
        href: here("traslado"),
        name: t("acto-traslado"),
        danger: true,
        aside: false,
    });
    let mut deeds: Vec<Deed> = rows.into_iter().filter_map(deed).chain(acts).chain(urgent).collect();
    deeds.sort_by_key(|deed| deed.aside);
    Ok(deeds)
}

/// Which referral of the queue it was that something was just done with, and the way to it.
async fn before(visit: &Visit, asked: &Asked, queue: &Standing) -> Option<(String, Text)> {
    let moved = Referral::load(&visit.state.access, visit.cx().ok()?, &asked.hecha).await;
    Some(match moved {
        Ok(one) => {
            (format!("/referencias/{}{}", one.id(), asked.onward()), t("cola-hecha").with("numero", one.number()))
        }
        // Whoever sent it elsewhere may not see it any more.
        Err(_) => (queue.back.clone(), t("cola-hecha-anterior")),
    })
}

/// The way to take back what was just done, if the caller may.
fn undo(visit: &Visit, referral: &Referral) -> Result<Option<(String, Text)>, Problem> {
    let Some(Done::Moved(kind)) = visit.done else { return Ok(None) };
    let cx = visit.cx()?;
    let act = act::opposite(kind).filter(|act| act.allowed(referral, cx));
    Ok(act.map(|act| (act.place(referral), t("referencia-deshacer").with("acto", (act.name)()))))
}
