//! A referral's appointment: the free places of the service that attends, given or changed, and the
//! slip that the person takes home.

use access::Role;
use askama::Template;
use axum::extract::{Path, Query};
use care::CareError;
use care::referral::Referral;
use care::referral::book::{book_once, propose, reschedule};
use care::referral::moves::Move;
use care::referral::place::{Place, Wanted, places_from};
use care::referral::state::State;
use fhir::zone::midnight;
use jiff::Timestamp;
use network::{Directory, Distance};
use serde::Deserialize;
use store::Key;

use crate::form::Form;
use crate::format::{date, date_time, day_in_words, full_date_in_words, hour, local};
use crate::gate::{Posted, Visit, done, mend, percent, show};
use crate::pages::facility::modality;
use crate::pages::person::Head;
use crate::pages::queue::{self, standing};
use crate::pages::refer::{head_of, moved, told, unchanged};
use crate::problem::{Answer, Problem};
use crate::sheet::Choice;
use crate::shell::{Done, Shell};
use crate::text::{Text, t};
use crate::ui::{Empty, Facts, Note, Pages, Tone};

/// Who gives appointments: the roles to which care allows it.
pub const BOOKERS: &[Role] = &[
    Role::Nurse,
    Role::Doctor,
    Role::Specialist,
    Role::Clerk,
    Role::Coordinator,
    Role::SocialWorker,
    Role::CommunityWorker,
];
/// Free places on a page.
const PAGE: usize = 10;
/// More free places than this are not read at once.
const MOST: usize = 400;
const WORDS: usize = 1000;

/// From which day on, how attended, which page.
#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    desde: String,
    #[serde(default)]
    como: String,
    #[serde(default)]
    pagina: String,
}

#[derive(Template)]
#[template(path = "pages/cita.html")]
struct BookingPage {
    shell: Shell,
    heading: Text,
    who: Head,
    action: String,
    /// Where the referral stands in the queue that it was opened from.
    queue: Option<Pages>,
    /// That queue, for the form, and for the filter.
    along: String,
    hidden: Vec<(&'static str, String)>,
    version: u64,
    form: Form,
    filter: Form,
    ways: Vec<(String, String)>,
    notes: Vec<Note>,
    now: Vec<String>,
    asks_why: bool,
    proposes: bool,
    options: Vec<Choice>,
    pages: Pages,
    empty: Option<Empty>,
    elsewhere: Facts,
}

#[derive(Template)]
#[template(path = "pages/comprobante.html")]
struct SlipPage {
    shell: Shell,
    who: Head,
    /// The referral's page.
    whole: String,
    queue: Option<Pages>,
    day: Text,
    hour: String,
    facts: Facts,
    bring: Vec<Text>,
}

/// What can be done about the appointment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Give one, or only propose it where the flag says so.
    Give(bool),
    /// Change the one there is.
    Change,
}

/// What the caller can do; refuses who may do nothing here. A proposed appointment is answered on
/// the referral's page.
fn task(visit: &Visit, referral: &Referral) -> Result<Task, Problem> {
    let (cx, appointment) = (visit.cx()?, String::new());
    let (step, task) = match &referral.state {
        State::Missed(wait) if wait.missed >= 2 => return Ok(Task::Give(false)),
        State::Waiting(_) | State::Missed(_) => {
            let proposes = referral.allows(cx, &Move::Propose { appointment: String::new() });
            (Move::Book { appointment }, Task::Give(proposes))
        }
        State::Booked { .. } => (Move::Reschedule { appointment }, Task::Change),
        State::Proposed { .. } => return Err(Problem::Again(format!("/referencias/{}", referral.id()))),
        _ => return Err(moved(visit, referral)?),
    };
    if referral.allows(cx, &step) { Ok(task) } else { Err(Problem::Forbidden) }
}

/// `GET /referencias/{id}/cita`
pub async fn show_booking(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    Query(queue): Query<queue::Asked>,
) -> Answer {
    let referral = Referral::load(&visit.state.access, visit.cx()?, &id).await?;
    show(&page(&visit, &referral, (&asked, &queue), Form::default()).await?)
}

/// `POST /referencias/{id}/cita`
pub async fn take_booking(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = Referral::load(access, cx, &id).await?;
    let task = task(&visit, &referral)?;
    unchanged(&visit, &form, &referral)?;
    let changes = task == Task::Change;
    let proposes = task == Task::Give(true) && form.get("boton") == "proponer";
    let slot = form.required("lugar", 64, t("cita-elija"));
    let why = if changes { form.required("motivo", WORDS, t("cita-motivo-falta")) } else { String::new() };
    let queue = queue::Asked::along(form.get("cola"));
    let along = queue.onward();
    if form.ok() {
        let given = if changes {
            reschedule(access, cx, &referral, &slot, &why).await
        } else if proposes {
            propose(access, cx, &referral, &slot).await
        } else {
            book_once(access, cx, &referral, &slot, Some(form.get("_una"))).await
        };
        match given {
            Ok(_) if proposes => {
                return done(&visit, &format!("/referencias/{id}{along}"), Done::AppointmentProposed);
            }
            Ok(_) => {
                let what = if changes { Done::AppointmentMoved } else { Done::AppointmentGiven };
                return done(&visit, &format!("/referencias/{id}/cita/comprobante{along}"), what);
            }
            Err(CareError::Taken { options }) => form.error("lugar", lost(&options)),
            Err(other) => return Err(other.into()),
        }
    }
    let asked = Asked { desde: form.get("desde").into(), como: form.get("como").into(), pagina: String::new() };
    mend(&page(&visit, &referral, (&asked, &queue), form).await?)
}

/// Somebody was faster: what is free now.
fn lost(options: &[Place]) -> Text {
    let free: Vec<String> = options.iter().take(3).map(|one| date_time(one.start)).collect();
    if free.is_empty() { t("cita-ocupado-nada") } else { t("cita-ocupado").with("libres", free.join("; ")) }
}

async fn page(
    visit: &Visit,
    referral: &Referral,
    (asked, queue): (&Asked, &queue::Asked),
    form: Form,
) -> Result<BookingPage, Problem> {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let task = task(visit, referral)?;
    let changes = task == Task::Change;
    let stopped = matches!(&referral.state, State::Missed(wait) if wait.missed >= 2);
    let mut filter = Form::default();
    filter.set("desde", &asked.desde);
    filter.set("como", &asked.como);
    let from = filter.date("desde").and_then(midnight).map_or(cx.now, |day| day.max(cx.now));
    let (facility, service) = (referral.destination().id, referral.service().id);
    let wanted = Wanted { facility: &facility, service: &service, from, count: MOST };
    let mut places = places_from(access, cx, wanted).await?;
    let network = visit.state.network().await?;
    let (options, pages, elsewhere, way) = network.with(|directory: &Directory| {
        let attends = |place: &Place| ways_of(directory, place);
        places.retain(|place| asked.como.is_empty() || attends(place).contains(&asked.como));
        let (number, pages) = cut(&mut places, referral.id(), (asked, queue));
        let chosen = form.get("lugar");
        let option = |(at, place): (usize, &Place)| {
            choice(directory, referral, place, (at == 0 && number == 1, place.id == chosen))
        };
        let options: Vec<Choice> = places.iter().enumerate().map(option).collect();
        let way = distance(directory, &referral.origin().id, &referral.destination().id).text();
        (options, pages, elsewhere(directory, referral, cx.now), t("cita-distancia").with("distancia", way).into())
    });
    let heading = if changes { t("cita-cambiar") } else { t("cita-dar") };
    let mut shell = visit.shell(heading.clone());
    shell = shell.back(format!("/referencias/{}{}", referral.id(), queue.onward()), t("volver-referencia"));
    let narrowed = !asked.desde.is_empty() || !asked.como.is_empty();
    Ok(BookingPage {
        shell,
        heading,
        who: head_of(referral),
        action: format!("/referencias/{}/cita", referral.id()),
        queue: standing(visit, queue, referral.id()).await?.map(|queue| queue.pages),
        along: queue.onward(),
        hidden: queue.hidden(),
        version: referral.task_version,
        form,
        filter,
        ways: ways(),
        notes: notes(visit, referral, stopped).await?,
        now: told(referral, cx.now).into_iter().chain([way]).collect(),
        asks_why: changes,
        proposes: task == Task::Give(true),
        empty: (options.is_empty() || stopped).then(|| empty(referral, queue, stopped, narrowed)),
        options,
        pages,
        elsewhere,
    })
}

fn ways() -> Vec<(String, String)> {
    let way = |code: &str| (code.to_owned(), modality(code));
    let all = (String::new(), t("cita-todas").to_string());
    vec![all, way("presencial"), way("jornada"), way("teleconsulta")]
}

/// The appointment that there is, or why none can be given.
async fn notes(visit: &Visit, referral: &Referral, stopped: bool) -> Result<Vec<Note>, Problem> {
    if stopped {
        return Ok(vec![Note::new(Tone::Stop, t("cita-dos-faltas"), t("cita-dos-faltas-que"))]);
    }
    let Some(id) = referral.state.appointment() else { return Ok(Vec::new()) };
    let held = visit.state.access.read(visit.cx()?, &Key::new("Appointment", id)).await?.value();
    let start: Option<Timestamp> = held.text_at(&["start"]).and_then(|start| start.parse().ok());
    let note = |start| Note::new(Tone::Info, t("cita-ahora"), date_time(start));
    Ok(start.map(note).into_iter().collect())
}

fn empty(referral: &Referral, queue: &queue::Asked, stopped: bool, narrowed: bool) -> Empty {
    let place = referral.destination().name;
    if stopped {
        return Empty::quiet(t("cita-sin-formulario"), t("cita-dos-faltas-que"));
    }
    let whole = format!("/referencias/{}/cita{}", referral.id(), queue.onward());
    let act = narrowed.then(|| (whole, t("cita-quitar-filtros").into()));
    Empty { act, ..Empty::quiet(t("cita-nada-titulo").with("lugar", place), t("cita-nada")) }
}

/// Keeps the places of the page that is asked for.
fn cut(places: &mut Vec<Place>, referral: &str, (asked, queue): (&Asked, &queue::Asked)) -> (usize, Pages) {
    let total = places.len();
    let last = total.div_ceil(PAGE).max(1);
    let number = asked.pagina.parse().unwrap_or(1).clamp(1, last);
    let first = (number - 1) * PAGE;
    let shown: Vec<Place> = places.drain(..).skip(first).take(PAGE).collect();
    *places = shown;
    let to = |page: usize| {
        let onward = queue.onward();
        let along = if onward.is_empty() { String::new() } else { format!("{}&", onward.trim_start_matches('?')) };
        let query = format!("{along}desde={}&como={}&pagina={page}", percent(&asked.desde), percent(&asked.como));
        format!("/referencias/{referral}/cita?{query}")
    };
    let pages = Pages {
        shown: t("cita-mostrados")
            .with("desde", (first + 1).min(total))
            .with("hasta", first + places.len())
            .with("total", total)
            .into(),
        previous: (number > 1).then(|| to(number - 1)),
        next: (number < last).then(|| to(number + 1)),
    };
    (number, pages)
}

/// How a place attends: as it says itself, else as its service does.
fn ways_of(directory: &Directory, place: &Place) -> Vec<String> {
    match &place.modality {
        Some(modality) => vec![modality.clone()],
        None => directory.service(&place.offer).map(|one| one.modalities).unwrap_or_default(),
    }
}

/// A free place as a card; `first` and whether it is chosen.
fn choice(directory: &Directory, referral: &Referral, place: &Place, (first, on): (bool, bool)) -> Choice {
    let how: Vec<String> = ways_of(directory, place).iter().map(|one| modality(one)).collect();
    let how = if how.is_empty() { t("est-sin-modalidad").into() } else { how.join(", ") };
    let start = local(place.start);
    Choice {
        value: place.id.clone(),
        name: t("cita-cuando").with("dia", day_in_words(start.date())).with("hora", hour(place.start)).into(),
        tag: if first { t("cita-primero").into() } else { String::new() },
        about: [referral.destination().name, place.comment.clone()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        facts: vec![(t("cita-fecha").into(), date(start.date())), (t("cita-como").into(), how)],
        on,
    }
}

fn distance(directory: &Directory, from: &str, to: &str) -> Distance {
    match (directory.facility(from), directory.facility(to)) {
        (Some(from), Some(to)) => directory.distance(from, to),
        _ => Distance::Unknown,
    }
}

/// Where else the network offers the service to the post, and when it is free there.
fn elsewhere(directory: &Directory, referral: &Referral, now: Timestamp) -> Facts {
    let offers = directory.options(&referral.origin().id, &referral.service().id, now);
    let away = offers.iter().filter(|one| one.service.facility != referral.destination().id);
    let told = |one: &network::Offer<'_>| {
        let free = one.next_free.map_or_else(|| t("lugar-sin-agenda").to_string(), date_time);
        (one.facility.name.clone(), format!("{free} · {}", one.distance.text()))
    };
    Facts(away.take(3).map(told).collect())
}

/// `GET /referencias/{id}/cita/comprobante`
pub async fn show_slip(visit: Visit, Path(id): Path<String>, Query(queue): Query<queue::Asked>) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = Referral::load(access, cx, &id).await?;
    let State::Booked { appointment, .. } = &referral.state else { return Err(moved(&visit, &referral)?) };
    let held = access.read(cx, &Key::new("Appointment", appointment.as_str())).await?.value();
    let start: Timestamp = held.text_at(&["start"]).and_then(|start| start.parse().ok()).ok_or(Problem::Fault)?;
    let place = referral.destination();
    let network = visit.state.network().await?;
    let (address, phone) = network.with(|directory: &Directory| {
        let known = directory.facility(&place.id);
        known.map(|one| (one.address.clone(), one.phone.clone())).unwrap_or_default()
    });
    let facts = [
        (t("comprobante-lugar"), place.name),
        (t("comprobante-direccion"), address),
        (t("comprobante-telefono"), phone),
        (t("comprobante-servicio"), referral.service().name),
        (t("comprobante-refiere"), referral.origin().name),
        (t("comprobante-numero"), referral.number().to_owned()),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    show(&SlipPage {
        shell: visit.shell(t("comprobante-titulo")),
        who: head_of(&referral),
        queue: standing(&visit, &queue, &id).await?.map(|queue| queue.pages),
        whole: format!("/referencias/{id}{}", queue.onward()),
        day: full_date_in_words(local(start).date()),
        hour: hour(start),
        facts: Facts(facts.map(|(name, value)| (name.to_string(), value)).collect()),
        bring: vec![t("comprobante-dpi"), t("comprobante-hoja"), t("comprobante-resultados"), t("comprobante-lengua")],
    })
}
