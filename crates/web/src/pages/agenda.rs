//! The day or the week of those who attend and of those who give appointments, at their own facility:
//! who comes when, to whom, for what, and what was done.

use access::Role;
use askama::Template;
use axum::extract::Query;
use care::referral::moves::Move;
use care::referral::worklist::{self, AgendaEntry};
use care::service::Service;
use fhir::search::fold;
use jiff::ToSpan;
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
use crate::ui::{Chip, Chips, Empty, Note, Pages, Priority, Tag, Tone};

/// Who has an agenda.
pub const HOLDERS: &[Role] = &[Role::Specialist, Role::Doctor, Role::Clerk];

/// Which days, and what of them.
#[derive(Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    dia: String,
    /// Of a day or of a week.
    #[serde(default)]
    vista: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    servicio: String,
    #[serde(default)]
    especialista: String,
    #[serde(default)]
    estado: String,
    #[serde(default)]
    pagina: String,
    /// Everything on one page, for paper.
    #[serde(default)]
    entera: String,
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
    who: String,
    reason: String,
    origin: String,
    state: Tag,
    /// What can be done now: where, and its name.
    acts: Vec<(String, Text)>,
}

/// The appointments of one day; the day is said where there are more.
struct Day {
    heading: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "pages/agenda.html")]
struct AgendaPage {
    shell: Shell,
    span: String,
    count: Text,
    views: Chips,
    ways: Chips,
    view: String,
    form: Form,
    services: Vec<(String, String)>,
    staff: Vec<(String, String)>,
    states: Vec<(String, String)>,
    /// The filters, for paper.
    said: String,
    /// What is not in it: cut off, or out of sight.
    missing: Vec<Note>,
    keeps: bool,
    days: Vec<Day>,
    pages: Pages,
    /// The whole list on one page.
    whole: Option<String>,
    empty: Empty,
}

/// What the address says for a week.
const WEEK: &str = "semana";
/// What the address says for everything on one page.
const WHOLE: &str = "si";

impl Asked {
    fn address(&self, day: &str) -> String {
        let pairs = [
            ("dia", day),
            ("vista", &self.vista),
            ("q", &self.q),
            ("servicio", &self.servicio),
            ("especialista", &self.especialista),
            ("estado", &self.estado),
            ("pagina", &self.pagina),
            ("entera", &self.entera),
        ];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", percent(value))).collect();
        if query.is_empty() { "/agenda".into() } else { format!("/agenda?{}", query.join("&")) }
    }

    /// The same question of the first page.
    fn first(&self) -> Self {
        Self { pagina: String::new(), entera: String::new(), ..self.clone() }
    }

    fn keeps(&self, one: &AgendaEntry) -> bool {
        let text = fold(&format!("{} {}", one.referral.patient().name, one.referral.number()));
        let words: String = self.q.chars().take(120).collect();
        (self.servicio.is_empty() || self.servicio == one.referral.service().id)
            && (self.especialista.is_empty() || one.who.as_ref().is_some_and(|who| who.id == self.especialista))
            && (self.estado.is_empty() || self.estado == group_of(&one.status))
            && fold(&words).split_whitespace().all(|word| text.contains(word))
    }

    /// The days of the view around that one.
    fn days(&self, day: Date) -> (Date, Date) {
        if self.vista != WEEK {
            return (day, day);
        }
        let monday = day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days());
        (monday, monday.saturating_add(6.days()))
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
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let today = local(cx.now).date();
    let mut form = Form::default();
    for (name, value) in [
        ("dia", &asked.dia),
        ("q", &asked.q),
        ("servicio", &asked.servicio),
        ("especialista", &asked.especialista),
        ("estado", &asked.estado),
    ] {
        form.set(name, value);
    }
    let day = form.date("dia").unwrap_or(today);
    if asked.dia.is_empty() {
        form.set("dia", date(day));
    }
    let span = asked.days(day);
    let (entries, cut) = worklist::agenda(access, cx, span).await?;
    let kept: Vec<&AgendaEntry> = entries.iter().filter(|one| asked.keeps(one)).collect();
    let cut = cut.then(|| Note::new(Tone::Warn, t("agenda-corte").with("n", entries.len()), ""));
    let attended = kept.iter().filter(|one| one.status == "fulfilled").count();
    let (shown, pages) = paged(&asked, day, &kept);
    let (services, staff, states) = (services(), staff(&entries), states_to_choose());
    let filters = [("servicio", &services), ("especialista", &staff), ("estado", &states)];
    let said = filters.into_iter().filter_map(|(name, options)| form.said(name, options));
    let words = Some(asked.q.trim().to_owned()).filter(|words| !words.is_empty());
    let many = pages.previous.is_some() || pages.next.is_some();
    show(&AgendaPage {
        shell: visit.shell(t("agenda-titulo")),
        span: span_in_words(span),
        count: t("agenda-cuantas").with("n", kept.len()).with("atendidas", attended),
        views: views(&asked, day),
        ways: ways(&asked, span, today),
        view: asked.vista.clone(),
        said: words.into_iter().chain(said).collect::<Vec<_>>().join(" · "),
        form,
        services,
        staff,
        states,
        missing: agreements::gone(&visit).await?.into_iter().chain(cut).collect(),
        keeps: KEEPERS.contains(&cx.role),
        days: by_day(&visit, shown, span),
        whole: many.then(|| Asked { entera: WHOLE.to_owned(), ..asked.first() }.address(&date(day))),
        pages,
        empty: match entries.len() {
            0 => nothing(&asked, span, worklist::next_day(access, cx, span.1).await?),
            _ => filtered(&asked, day),
        },
    })
}

/// The rows of the page that was asked for, and the way to the others.
fn paged<'a>(asked: &Asked, day: Date, kept: &'a [&'a AgendaEntry]) -> (&'a [&'a AgendaEntry], Pages) {
    let size = if asked.entera == WHOLE { kept.len().max(1) } else { worklist::PAGE };
    let count = kept.len().div_ceil(size).max(1);
    let number = asked.pagina.parse().unwrap_or(1).clamp(1, count);
    let (from, to) = ((number - 1) * size, (number * size).min(kept.len()));
    let at = |page: usize| {
        let pagina = if page > 1 { page.to_string() } else { String::new() };
        Asked { pagina, ..asked.first() }.address(&date(day))
    };
    let words = t("agenda-mostradas").with("desde", (from + 1).min(to)).with("hasta", to).with("total", kept.len());
    let pages = Pages {
        shown: words.into(),
        previous: (number > 1).then(|| at(number - 1)),
        next: (number < count).then(|| at(number + 1)),
    };
    (&kept[from..to], pages)
}

/// The rows day by day; of a single day nobody needs its name again.
fn by_day(visit: &Visit, shown: &[&AgendaEntry], (first, last): (Date, Date)) -> Vec<Day> {
    let same = |a: &&AgendaEntry, b: &&AgendaEntry| local(a.start).date() == local(b.start).date();
    let day = |entries: &[&AgendaEntry]| {
        let named = entries.first().filter(|_| first != last).map(|one| full_date_in_words(local(one.start).date()));
        Day {
            heading: named.map(String::from).unwrap_or_default(),
            rows: entries.iter().map(|one| row(visit, one)).collect(),
        }
    };
    shown.chunk_by(same).map(day).collect()
}

fn every(words: Text) -> Vec<(String, String)> {
    vec![(String::new(), words.into())]
}

fn services() -> Vec<(String, String)> {
    let services = Service::all().iter().map(|one| (one.code.to_owned(), one.name.to_owned()));
    every(t("agenda-todos")).into_iter().chain(services).collect()
}

fn states_to_choose() -> Vec<(String, String)> {
    let states = states().into_iter().map(|(code, words, _)| (code.to_owned(), words.to_string()));
    every(t("agenda-todos")).into_iter().chain(states).collect()
}

/// Who attends in these appointments, by name.
fn staff(entries: &[AgendaEntry]) -> Vec<(String, String)> {
    let mut staff: Vec<(String, String)> =
        entries.iter().filter_map(|one| one.who.as_ref()).map(|who| (who.id.clone(), who.name.clone())).collect();
    staff.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    staff.dedup_by(|a, b| a.0 == b.0);
    every(t("agenda-todos")).into_iter().chain(staff).collect()
}

fn span_in_words((first, last): (Date, Date)) -> String {
    if first == last {
        return full_date_in_words(first).into();
    }
    t("agenda-semana-del").with("desde", day_in_words(first)).with("hasta", full_date_in_words(last)).into()
}

fn views(asked: &Asked, day: Date) -> Chips {
    let chip = |view: &str, words: Text| Chip {
        href: Asked { vista: view.to_owned(), ..asked.first() }.address(&date(day)),
        text: words.into(),
        current: asked.vista == view,
    };
    let chips = vec![chip("", t("agenda-por-dia")), chip(WEEK, t("agenda-por-semana"))];
    Chips { label: t("agenda-vista").into(), chips }
}

/// The days before, today, and the days after.
fn ways(asked: &Asked, (first, last): (Date, Date), today: Date) -> Chips {
    let week = asked.vista == WEEK;
    let chip = |to: Option<Date>, words: Text, current: bool| {
        let to = to.filter(|to| *to != today).map(date).unwrap_or_default();
        Chip { href: asked.first().address(&to), text: words.into(), current }
    };
    let [before, now, after] = match week {
        true => [t("agenda-semana-anterior"), t("agenda-esta-semana"), t("agenda-semana-siguiente")],
        false => [t("agenda-anterior"), t("agenda-hoy"), t("agenda-siguiente")],
    };
    Chips {
        label: t("agenda-dias").into(),
        chips: vec![
            chip(first.yesterday().ok(), before, false),
            chip(Some(today), now, (first..=last).contains(&today)),
            chip(last.tomorrow().ok(), after, false),
        ],
    }
}

/// Nothing of these days is what was asked for.
fn filtered(asked: &Asked, day: Date) -> Empty {
    let bare = Asked { vista: asked.vista.clone(), ..Asked::default() }.address(&date(day));
    let act = Some((bare, t("agenda-quitar-filtros").into()));
    Empty { act, ..Empty::quiet(t("agenda-nada-titulo"), t("agenda-nada-filtros")) }
}

/// Nothing on these days: the next one that has something, or back to today.
fn nothing(asked: &Asked, (first, last): (Date, Date), next: Option<Date>) -> Empty {
    let there = |next: Date| asked.first().address(&date(next));
    let on = next.map(|next| (there(next), t("agenda-ver-dia").with("dia", day_in_words(next)).into()));
    let today = || (!asked.dia.is_empty()).then(|| ("/agenda".to_owned(), t("agenda-ver-hoy").into()));
    let why = match (first == last, next.is_some()) {
        (true, true) => t("agenda-nada"),
        (true, false) => t("agenda-nada-mas"),
        (false, true) => t("agenda-nada-semana"),
        (false, false) => t("agenda-nada-semana-mas"),
    };
    Empty { act: on.or_else(today), ..Empty::quiet(t("agenda-nada-titulo"), why.with("dia", day_in_words(first))) }
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
        who: entry.who.as_ref().map(|who| who.name.clone()).unwrap_or_default(),
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
