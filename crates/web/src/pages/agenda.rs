//! The day of those who attend and of those who give appointments, at their own facility: who comes
//! when, for what, and what was done.

use access::Role;
use askama::Template;
use axum::extract::Query;
use care::referral::moves::Move;
use care::referral::worklist::{self, AgendaEntry};
use care::service::Service;
use jiff::civil::Date;
use serde::Deserialize;

use crate::form::Form;
use crate::format::{date, day_in_words, full_date_in_words, hour, local};
use crate::gate::{Visit, percent, show};
use crate::pages::agreements;
use crate::pages::hours::KEEPERS;
use crate::pages::queue::priority;
use crate::problem::Answer;
use crate::read::is_synthetic;
use crate::shell::Shell;
use crate::text::{Text, t};
use crate::ui::{Chip, Chips, Empty, Note, Priority, Tag, Tone};

/// Who has an agenda.
pub const HOLDERS: &[Role] = &[Role::Specialist, Role::Doctor, Role::Clerk];

/// Which day, and what of it.
#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    dia: String,
    #[serde(default)]
    servicio: String,
    #[serde(default)]
    estado: String,
}

struct Row {
    id: String,
    hours: String,
    name: String,
    synthetic: bool,
    number: String,
    priority: Priority,
    danger: bool,
    service: String,
    reason: String,
    origin: String,
    state: Tag,
    /// What can be done now: where, and its name.
    acts: Vec<(String, Text)>,
}

#[derive(Template)]
#[template(path = "pages/agenda.html")]
struct AgendaPage {
    shell: Shell,
    day: Text,
    count: Text,
    days: Chips,
    form: Form,
    services: Vec<(String, String)>,
    states: Vec<(String, String)>,
    /// The filters, for paper.
    said: String,
    /// What is not in it: cut off, or out of sight.
    missing: Vec<Note>,
    keeps: bool,
    rows: Vec<Row>,
    empty: Empty,
}

impl Asked {
    fn address(&self, day: &str) -> String {
        let pairs = [("dia", day), ("servicio", &self.servicio), ("estado", &self.estado)];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", percent(value))).collect();
        if query.is_empty() { "/agenda".into() } else { format!("/agenda?{}", query.join("&")) }
    }

    fn keeps(&self, one: &AgendaEntry) -> bool {
        (self.servicio.is_empty() || self.servicio == one.referral.service().id)
            && (self.estado.is_empty() || self.estado == group_of(&one.status))
    }
}

/// `Appointment.status` as people sort a day: expected, attended, absent, proposed.
fn group_of(status: &str) -> &'static str {
    match status {
        "fulfilled" => "atendida",
        "noshow" => "no-asistio",
        "proposed" | "pending" => "propuesta",
        _ => "espera",
    }
}

fn states() -> [(&'static str, Text, Tone); 4] {
    [
        ("espera", t("agenda-espera"), Tone::Info),
        ("atendida", t("agenda-atendida"), Tone::Good),
        ("no-asistio", t("agenda-no-asistio"), Tone::Stop),
        ("propuesta", t("agenda-propuesta"), Tone::Warn),
    ]
}

fn state_tag(status: &str) -> Tag {
    let group = group_of(status);
    let found = states().into_iter().find(|(code, ..)| *code == group);
    found.map_or_else(|| Tag::new(Tone::Plain, status), |(_, words, tone)| Tag::new(tone, words))
}

/// `GET /agenda`
pub async fn show_agenda(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let cx = visit.cx()?;
    let today = local(cx.now).date();
    let mut form = Form::default();
    for (name, value) in [("dia", &asked.dia), ("servicio", &asked.servicio), ("estado", &asked.estado)] {
        form.set(name, value);
    }
    let day = form.date("dia").unwrap_or(today);
    if asked.dia.is_empty() {
        form.set("dia", date(day));
    }
    let entries = worklist::agenda(&visit.state.access, cx, day).await?;
    let all = entries.len();
    let cut = (all == worklist::MOST).then(|| Note::new(Tone::Warn, t("agenda-corte").with("n", all), ""));
    let rows: Vec<Row> = entries.iter().filter(|one| asked.keeps(one)).map(|one| row(&visit, one)).collect();
    let done = entries.iter().filter(|one| one.status == "fulfilled").count();
    let services = Service::all().iter().map(|one| (one.code.to_owned(), one.name.to_owned()));
    let every = |words: Text| std::iter::once((String::new(), words.to_string()));
    let services: Vec<(String, String)> = every(t("agenda-todos")).chain(services).collect();
    let states = states().into_iter().map(|(code, words, _)| (code.to_owned(), words.to_string()));
    let states: Vec<(String, String)> = every(t("agenda-todos")).chain(states).collect();
    show(&AgendaPage {
        shell: visit.shell(t("agenda-titulo")),
        day: full_date_in_words(day),
        count: t("agenda-cuantas").with("n", all).with("atendidas", done),
        days: days(&asked, day, today),
        said: said([form.said("servicio", &services), form.said("estado", &states)]),
        form,
        services,
        states,
        missing: agreements::gone(&visit).await?.into_iter().chain(cut).collect(),
        keeps: KEEPERS.contains(&cx.role),
        rows,
        empty: match all {
            0 => no_day(&asked, day, worklist::next_day(&visit.state.access, cx, day).await?),
            _ => filtered(day),
        },
    })
}

fn days(asked: &Asked, day: Date, today: Date) -> Chips {
    let chip = |to: Option<Date>, words: Text, current: bool| {
        let to = to.filter(|to| *to != today).map(date).unwrap_or_default();
        Chip { href: asked.address(&to), text: words.into(), current }
    };
    Chips {
        label: t("agenda-dias").into(),
        chips: vec![
            chip(day.yesterday().ok(), t("agenda-anterior"), false),
            chip(Some(today), t("agenda-hoy"), day == today),
            chip(day.tomorrow().ok(), t("agenda-siguiente"), false),
        ],
    }
}

fn said(filters: [Option<String>; 2]) -> String {
    filters.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Nothing of the day is what was asked for.
fn filtered(day: Date) -> Empty {
    let bare = Asked::default().address(&date(day));
    let act = Some((bare, t("agenda-quitar-filtros").into()));
    Empty { act, ..Empty::quiet(t("agenda-nada-titulo"), t("agenda-nada-filtros")) }
}

/// Nothing on the day: the next one that has something, or back to today.
fn no_day(asked: &Asked, day: Date, next: Option<Date>) -> Empty {
    let on = next.map(|next| (asked.address(&date(next)), t("agenda-ver-dia").with("dia", day_in_words(next)).into()));
    let today = || (!asked.dia.is_empty()).then(|| ("/agenda".to_owned(), t("agenda-ver-hoy").into()));
    let why = if next.is_some() { t("agenda-nada") } else { t("agenda-nada-mas") };
    Empty { act: on.or_else(today), ..Empty::quiet(t("agenda-nada-titulo"), why.with("dia", day_in_words(day))) }
}

fn row(visit: &Visit, entry: &AgendaEntry) -> Row {
    let referral = &entry.referral;
    Row {
        id: referral.id().to_owned(),
        hours: t("agenda-horas").with("de", hour(entry.start)).with("a", hour(entry.end)).into(),
        name: referral.patient().name,
        synthetic: is_synthetic(&referral.task),
        number: referral.number().to_owned(),
        priority: priority(referral),
        danger: referral.signs().is_some_and(|signs| !signs.is_empty()),
        service: referral.service().name,
        reason: referral.reason().to_owned(),
        origin: referral.origin().name,
        state: state_tag(&entry.status),
        acts: acts(visit, entry),
    }
}

/// What the caller can do about an appointment now.
fn acts(visit: &Visit, entry: &AgendaEntry) -> Vec<(String, Text)> {
    let (Ok(cx), referral) = (visit.cx(), &entry.referral) else { return Vec::new() };
    let id = referral.id();
    let mut acts = Vec::new();
    let held = referral.state.appointment() == Some(&entry.appointment);
    let today = local(entry.start).date() <= local(cx.now).date();
    let attends = Move::Attend { encounter: String::new() };
    let answers = Move::CounterRefer { composition: String::new() };
    if held && today && referral.allows(cx, &attends) {
        acts.push((format!("/referencias/{id}/contrarreferir"), t("agenda-atender")));
    }
    if entry.status == "fulfilled" && referral.allows(cx, &answers) {
        acts.push((format!("/referencias/{id}/contrarreferir"), t("agenda-contrarreferir")));
    }
    if held && entry.end <= cx.now && referral.allows(cx, &Move::NoShow) {
        acts.push((format!("/referencias/{id}/no-asistio"), t("agenda-anotar-falta")));
    }
    if held && entry.start > cx.now && referral.allows(cx, &Move::Reschedule { appointment: String::new() }) {
        acts.push((format!("/referencias/{id}/cita"), t("agenda-cambiar")));
    }
    acts
}
