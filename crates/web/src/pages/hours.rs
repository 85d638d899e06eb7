//! The hours of a facility's agenda: what is open, opening more with a look before, and blocking or
//! freeing a day with its reason.

use std::collections::BTreeMap;

use access::Role;
use askama::Template;
use axum::extract::{Path, Query};
use jiff::civil::{Date, Time, Weekday};
use jiff::{Timestamp, ToSpan};
use network::opening::{self, MOST, Opening, Planned, Spot};
use network::{Directory, Hours, Service};
use serde::Deserialize;

use crate::form::Form;
use crate::format::{date, day_in_words, hour, local, weekday};
use crate::gate::{Posted, Visit, done, mend, percent, show};
use crate::pages::facility::modality;
use crate::pages::person::Head;
use crate::problem::{Answer, Problem};
use crate::sheet::{Group, Press, Sheet};
use crate::shell::{Done, Shell};
use crate::text::t;
use crate::ui::{Chip, Chips, Empty, Note, Pages, Tone};

/// Who keeps the hours of a facility.
pub const KEEPERS: &[Role] = &[Role::Clerk, Role::Director];
/// Days on a page of the list.
const DAYS: i64 = 28;
/// Hours are opened for so many days at once.
const LONGEST_DAYS: i64 = 92;
const MODALITIES: [&str; 3] = ["presencial", "jornada", "teleconsulta"];
const WEEK: [(&str, Weekday); 7] = [
    ("lun", Weekday::Monday),
    ("mar", Weekday::Tuesday),
    ("mie", Weekday::Wednesday),
    ("jue", Weekday::Thursday),
    ("vie", Weekday::Friday),
    ("sab", Weekday::Saturday),
    ("dom", Weekday::Sunday),
];

/// Which service, from which day or on which.
#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    servicio: String,
    #[serde(default)]
    desde: String,
    #[serde(default)]
    dia: String,
}

struct Row {
    day: String,
    hours: String,
    free: usize,
    booked: usize,
    blocked: usize,
    why: String,
    href: String,
}

#[derive(Template)]
#[template(path = "pages/horarios.html")]
struct HoursPage {
    shell: Shell,
    place: String,
    services: Chips,
    open: String,
    rows: Vec<Row>,
    pages: Pages,
    empty: Empty,
}

fn list_at(service: &str, from: &str) -> String {
    format!("/agenda/horarios?servicio={}&desde={}", percent(service), percent(from))
}

/// The services of the caller's own facility, and its name.
async fn offered(visit: &Visit) -> Result<(String, Vec<Service>), Problem> {
    let cx = visit.cx()?;
    let here = cx.facility.as_ref().ok_or(Problem::Forbidden)?;
    let found = visit.state.network().await?.with(|directory: &Directory| {
        let page = directory.page(&here.id, cx.now);
        let services = page.map(|page| page.services).unwrap_or_default();
        let active = services.into_iter().filter(|one| one.active);
        active.filter_map(|one| directory.service(&one.id)).collect()
    });
    Ok((here.name.clone(), found))
}

/// `GET /agenda/horarios`
pub async fn show_hours(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let cx = visit.cx()?;
    let (place, services) = offered(&visit).await?;
    let chosen = services.iter().find(|one| one.id == asked.servicio).or(services.first());
    let from = identity::parse_date(&asked.desde).unwrap_or_else(|| local(cx.now).date());
    let until = from.saturating_add((DAYS - 1).days());
    let id = chosen.map_or("", |one| one.id.as_str());
    let spots = match chosen {
        Some(one) => opening::spots(&visit.state.access, cx, &one.id, from, until).await?,
        None => Vec::new(),
    };
    let chip = |one: &Service| Chip {
        href: list_at(&one.id, ""),
        text: one.specialty_name().to_owned(),
        current: one.id == id,
    };
    let to = |days: i64| list_at(id, &date(from.saturating_add(days.days())));
    let empty = if services.is_empty() {
        Empty::quiet(t("horarios-sin-servicios"), t("horarios-sin-servicios-que"))
    } else {
        Empty::quiet(t("horarios-nada-titulo"), t("horarios-nada"))
    };
    show(&HoursPage {
        shell: visit.shell(t("horarios-titulo")).back("/agenda", t("agenda-volver")),
        place,
        services: Chips { label: t("agenda-servicio").into(), chips: services.iter().map(chip).collect() },
        open: if id.is_empty() { String::new() } else { format!("/agenda/horarios/nuevo?servicio={}", percent(id)) },
        rows: days(&spots).into_iter().map(|(day, spots)| row(id, day, &spots, cx.now)).collect(),
        pages: Pages {
            shown: t("horarios-mostrados").with("desde", date(from)).with("hasta", date(until)).into(),
            previous: Some(to(-DAYS)),
            next: Some(to(DAYS)),
        },
        empty,
    })
}

fn days(spots: &[Spot]) -> BTreeMap<Date, Vec<&Spot>> {
    let mut days: BTreeMap<Date, Vec<&Spot>> = BTreeMap::new();
    for spot in spots {
        days.entry(local(spot.start).date()).or_default().push(spot);
    }
    days
}

/// How many are free, taken, blocked; what is over is neither free nor to be freed.
fn counts(spots: &[&Spot], now: Timestamp) -> (usize, usize, usize) {
    let of = |wanted: &[&str], from: Timestamp| {
        spots.iter().filter(|spot| wanted.contains(&spot.status.as_str()) && spot.end > from).count()
    };
    (of(&["free"], now), of(&["busy", "busy-tentative"], Timestamp::MIN), of(&["busy-unavailable"], now))
}

fn row(service: &str, day: Date, spots: &[&Spot], now: Timestamp) -> Row {
    let (free, booked, blocked) = counts(spots, now);
    let first = spots.iter().map(|spot| spot.start).min().unwrap_or_default();
    let last = spots.iter().map(|spot| spot.end).max().unwrap_or_default();
    let said = |spot: &&&Spot| spot.status == "busy-unavailable" && !spot.comment.is_empty();
    let why = spots.iter().find(said).map(|spot| spot.comment.clone());
    Row {
        day: format!("{} · {}", day_in_words(day), date(day)),
        hours: t("agenda-horas").with("de", hour(first)).with("a", hour(last)).into(),
        free,
        booked,
        blocked,
        why: why.unwrap_or_default(),
        href: format!("/agenda/horarios/{service}/dia?dia={}", percent(&date(day))),
    }
}

fn head(place: &str, about: &str) -> Head {
    Head { name: place.to_owned(), about: about.to_owned(), synthetic: false }
}

/// `GET /agenda/horarios/nuevo`
pub async fn show_opening(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (place, services) = offered(&visit).await?;
    let mut form = Form::default();
    let chosen = services.iter().find(|one| one.id == asked.servicio);
    form.set("servicio", &asked.servicio);
    form.set("minutos", chosen.map(|one| one.minutes).filter(|minutes| *minutes > 0).unwrap_or(20));
    show(&opening_page(&visit, &place, &services, form)?)
}

/// `POST /agenda/horarios/nuevo`
pub async fn take_opening(visit: Visit, Posted(mut form): Posted) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let (place, services) = offered(&visit).await?;
    let Some(asked) = read(&mut form, &services, cx.now) else {
        return mend(&opening_page(&visit, &place, &services, form)?);
    };
    let planned = opening::plan(access, cx, &asked).await?;
    let fresh = planned.fresh.len();
    let opens = form.get("boton") == "abrir";
    if opens && form.get("visto") == fresh.to_string() && (1..=MOST).contains(&fresh) {
        let opened = opening::open(access, cx, &asked).await?;
        let to = list_at(&asked.service.id, &date(asked.from));
        return done(&visit, &to, Done::PlacesOpened(opened));
    }
    if fresh > MOST {
        form.error("hasta", t("horarios-muchos").with("n", MOST));
        return mend(&opening_page(&visit, &place, &services, form)?);
    }
    let mut page = opening_page(&visit, &place, &services, form)?;
    page.hidden = vec![("visto", fresh.to_string())];
    page.groups.push(preview(&planned));
    if fresh > 0 {
        page.buttons.insert(0, Press::new("abrir", t("horarios-abrir").with("n", fresh)));
    }
    if opens {
        page.notes.push(Note::new(Tone::Warn, t("horarios-otros"), t("horarios-otros-que")));
    }
    show(&page)
}

/// What would be opened, day by day.
fn preview(planned: &Planned) -> Group {
    let mut days: BTreeMap<Date, Vec<Timestamp>> = BTreeMap::new();
    for slot in &planned.fresh {
        if let Some(start) = slot.text_at(&["start"]).and_then(|start| start.parse::<Timestamp>().ok()) {
            days.entry(local(start).date()).or_default().push(start);
        }
    }
    let line = |(day, starts): (&Date, &Vec<Timestamp>)| {
        let (first, last) = (starts.first().copied().unwrap_or_default(), starts.last().copied().unwrap_or_default());
        t("horarios-dia-lugares")
            .with("dia", format!("{} {}", day_in_words(*day), day.year()))
            .with("n", starts.len())
            .with("de", hour(first))
            .with("a", hour(last))
            .to_string()
    };
    let there = (planned.there > 0).then(|| t("horarios-ya-estan").with("n", planned.there).to_string());
    let total = t("horarios-total").with("n", planned.fresh.len()).with("dias", days.len()).to_string();
    Group::new(t("horarios-vista")).lines([total]).lines(there).lines(days.iter().map(line))
}

fn time(form: &mut Form, name: &'static str) -> Option<Time> {
    let typed = form.get(name).to_owned();
    let parts = typed.split_once(':').and_then(|(h, m)| Some((h.parse().ok()?, m.parse().ok()?)));
    let time = parts.and_then(|(h, m)| Time::new(h, m, 0, 0).ok());
    if time.is_none() {
        form.error(name, t("horarios-hora-mal"));
    }
    time
}

fn range(form: &mut Form, today: Date) -> Option<(Date, Date)> {
    let (from, until) = (form.date("desde"), form.date("hasta"));
    for (name, day) in [("desde", from), ("hasta", until)] {
        match day {
            Some(day) if day < today => form.error(name, t("contra-fecha-pasada")),
            Some(_) => {}
            None => form.error(name, t("horarios-fecha-falta")),
        }
    }
    let (from, until) = (from?, until?);
    if until < from || i64::from((until - from).get_days()) > LONGEST_DAYS {
        form.error("hasta", t("horarios-largo").with("n", LONGEST_DAYS));
    }
    Some((from, until))
}

/// What was asked to be opened; notes what is wrong.
fn read(form: &mut Form, services: &[Service], now: Timestamp) -> Option<Opening> {
    let service = services.iter().find(|one| one.id == form.get("servicio"));
    if service.is_none() {
        form.error("servicio", t("mal-servicio"));
    }
    let days: Vec<Weekday> = WEEK.iter().filter(|(code, _)| form.has("dia", code)).map(|(_, day)| *day).collect();
    if days.is_empty() {
        form.error("dia", t("horarios-dias-falta"));
    }
    let (from, until) = (time(form, "de"), time(form, "a"));
    if matches!((from, until), (Some(from), Some(until)) if until <= from) {
        form.error("a", t("horarios-al-reves"));
    }
    let minutes = form.get("minutos").parse::<u16>().ok().filter(|minutes| (5..=240).contains(minutes));
    if minutes.is_none() {
        form.error("minutos", t("horarios-minutos-mal"));
    }
    let dates = range(form, local(now).date());
    let modality = MODALITIES.into_iter().find(|code| *code == form.get("modalidad"));
    if modality.is_none() {
        form.error("modalidad", t("horarios-modalidad-falta"));
    }
    if !form.ok() {
        return None;
    }
    let hours = vec![Hours { days, from: from?, until: until? }];
    let service = Service { hours, minutes: minutes?, ..service?.clone() };
    let (from, until) = dates?;
    Some(Opening { service, from, until, modality: modality?.to_owned() })
}

fn opening_page(visit: &Visit, place: &str, services: &[Service], form: Form) -> Result<Sheet, Problem> {
    let mut page = Sheet::new(visit, t("horarios-nuevo"), head(place, ""), "/agenda/horarios/nuevo".into());
    page.shell = page.shell.back(list_at(form.get("servicio"), ""), t("horarios-volver"));
    let pick = std::iter::once((String::new(), t("referir-elija-servicio").to_string()));
    let named = services.iter().map(|one| (one.id.clone(), one.specialty_name().to_owned()));
    let options: Vec<(String, String)> = pick.chain(named).collect();
    let week: Vec<(String, String)> =
        WEEK.iter().map(|(code, day)| ((*code).to_owned(), weekday(*day).to_string())).collect();
    let ways: Vec<(String, String)> = MODALITIES.iter().map(|code| ((*code).to_owned(), modality(code))).collect();
    page.groups = vec![
        Group::new(t("horarios-que")).fields([
            form.select("servicio", t("agenda-servicio"), &options),
            form.radios("modalidad", t("cita-como"), &ways),
        ]),
        Group::new(t("horarios-cuando")).hint(t("horarios-cuando-ayuda")).fields([
            form.checks("dia", t("horarios-dias"), &week),
            form.line("de", t("horarios-de")).hint(t("horarios-hora-ayuda")).size("in-s"),
            form.line("a", t("horarios-a")).size("in-s"),
            form.line("minutos", t("horarios-minutos")).numeric().size("in-s"),
            form.day("desde", t("cita-desde")),
            form.day("hasta", t("horarios-hasta")),
        ]),
    ];
    page.buttons = vec![Press::new("ver", t("horarios-ver"))];
    page.form = form;
    Ok(page)
}

/// The service and the day that a page is about.
async fn one_day(visit: &Visit, service: &str, day: &str) -> Result<(String, Service, Date), Problem> {
    let (place, services) = offered(visit).await?;
    let service = services.into_iter().find(|one| one.id == service).ok_or(Problem::NotFound)?;
    let day = identity::parse_date(day).ok_or(Problem::NotFound)?;
    Ok((place, service, day))
}

/// `GET /agenda/horarios/{id}/dia`
pub async fn show_day(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    show(&day_page(&visit, &id, &asked.dia, Form::default()).await?)
}

/// `POST /agenda/horarios/{id}/dia`
pub async fn take_day(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let day = form.get("dia").to_owned();
    let (_, service, day) = one_day(&visit, &id, &day).await?;
    let what = if form.get("boton") == "abrir" {
        Done::DayFreed(opening::unblock(access, cx, &service.id, day).await?)
    } else {
        let why = form.required("motivo", 200, t("horarios-motivo-falta"));
        if !form.ok() {
            return mend(&day_page(&visit, &service.id, &date(day), form).await?);
        }
        Done::DayBlocked(opening::block(access, cx, &service.id, day, &why).await?)
    };
    done(&visit, &list_at(&service.id, &date(day)), what)
}

async fn day_page(visit: &Visit, service: &str, day: &str, form: Form) -> Result<Sheet, Problem> {
    let (place, service, day) = one_day(visit, service, day).await?;
    let spots = opening::spots(&visit.state.access, visit.cx()?, &service.id, day, day).await?;
    let (free, booked, blocked) = counts(&spots.iter().collect::<Vec<_>>(), visit.cx()?.now);
    let about = format!("{} · {}", service.specialty_name(), date(day));
    let mut page = Sheet::new(
        visit,
        t("horarios-dia-titulo"),
        head(&place, &about),
        format!("/agenda/horarios/{}/dia", service.id),
    );
    page.shell = page.shell.back(list_at(&service.id, &date(day)), t("horarios-volver"));
    page.hidden = vec![("dia", date(day))];
    let told = t("horarios-dia-hay").with("libres", free).with("citas", booked).with("cerrados", blocked);
    page.groups = vec![Group::new(t("traslado-ahora")).lines([told.to_string()])];
    if booked > 0 {
        page.notes.push(Note::new(Tone::Warn, t("horarios-con-citas"), t("horarios-con-citas-que")));
        page.away.push((format!("/agenda?dia={}", percent(&date(day))), t("horarios-ver-citas")));
    }
    if free > 0 {
        page.groups.push(
            Group::new(t("horarios-cerrar-titulo"))
                .fields([form.line("motivo", t("horarios-motivo")).hint(t("horarios-motivo-ayuda"))]),
        );
        page.buttons.push(Press { danger: true, ..Press::new("cerrar", t("horarios-cerrar").with("n", free)) });
    }
    if blocked > 0 {
        page.buttons.push(Press::new("abrir", t("horarios-reabrir").with("n", blocked)));
    }
    page.form = form;
    Ok(page)
}
