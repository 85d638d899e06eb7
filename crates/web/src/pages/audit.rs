//! The auditor's page over the audit chain, and who looked at one person's record. Both tell who,
//! where, when, what and why; neither shows anything of anybody's health.

use std::collections::{BTreeMap, BTreeSet};

use access::{AuditPage, Cx, Role, system};
use askama::Template;
use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::IntoResponse;
use fhir::Value;
use fhir::zone::midnight;
use identity::Cui;
use jiff::{SignedDuration, Timestamp, ToSpan};
use network::Format;
use store::{AuditAction, AuditQuery, Key};

use crate::form::{Field, Form};
use crate::format::{date_time, hour};
use crate::gate::{Visit, show};
use crate::pages::network::address;
use crate::problem::{Answer, Problem};
use crate::read::{coded, list, when};
use crate::shell::Shell;
use crate::text::{Text, t};
use crate::ui::{Chip, Chips, Empty};

/// Rows of one page.
const ROWS: usize = 50;
const FIELDS: [&str; 5] = ["persona", "quien", "accion", "desde", "hasta"];

/// Who reads the audit chain.
pub const READERS: &[Role] = &[Role::Auditor];

/// One look.
struct Row {
    when: String,
    who: String,
    place: String,
    what: String,
    /// Id of the one person, and the name where the reader's institution keeps it.
    person: Option<(String, String)>,
    many: usize,
    reason: String,
}

#[derive(Template)]
#[template(path = "pages/auditoria.html")]
struct ChainPage {
    shell: Shell,
    form: Form,
    chips: Chips,
    filters: Vec<Field>,
    rows: Vec<Row>,
    next: Option<String>,
    none: Option<Empty>,
}

/// `GET /auditoria`; without a question it shows what was opened with a written reason.
pub async fn show_chain(visit: Visit, Query(pairs): Query<Vec<(String, String)>>) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let mut form = Form::new(pairs);
    if form.pairs().is_empty() {
        form.set("accion", AuditAction::BreakGlass.name());
    }
    let query = question(&visit, &mut form).await?;
    let page = if form.ok() { access.audit_events(cx, &query).await? } else { AuditPage::default() };
    let mut rows = rows(&visit, &page).await?;
    name_people(&visit, &mut rows).await?;
    let next = page.next.map(|seq| {
        let sign = if FIELDS.iter().all(|field| form.get(field).is_empty()) { '?' } else { '&' };
        format!("{}{sign}antes={seq}", address("/auditoria", &form, &FIELDS, None))
    });
    show(&ChainPage {
        shell: visit.shell(t("aud-titulo")),
        chips: chips(&form),
        filters: filters(&form),
        none: (rows.is_empty() && form.ok()).then(|| Empty::quiet(t("aud-nada-titulo"), t("aud-nada"))),
        form,
        rows,
        next,
    })
}

async fn question(visit: &Visit, form: &mut Form) -> Result<AuditQuery, Problem> {
    let (from, until) = (form.date("desde"), form.date("hasta"));
    let mut query = AuditQuery {
        action: AuditAction::from_name(form.get("accion")),
        from: from.and_then(midnight),
        until: until.and_then(|day| day.checked_add(1.day()).ok()).and_then(midnight),
        after_seq: form.get("antes").parse().ok(),
        limit: ROWS,
        ..AuditQuery::default()
    };
    let person = form.get("persona").to_owned();
    if !person.is_empty() {
        query.patient = person_of(visit, &person).await?;
        if query.patient.is_none() {
            form.error("persona", t("aud-persona-no"));
        }
    }
    let name = form.get("quien").to_owned();
    if !name.is_empty() {
        let found = staff_named(visit, &name).await?;
        match found.as_slice() {
            [] => form.error("quien", t("aud-quien-no")),
            [id] => query.actor = Some(format!("Practitioner/{id}")),
            _ => form.error("quien", t("aud-quien-varios")),
        }
    }
    Ok(query)
}

/// The chain names people by their ids alone; the program looks their names up, for whoever may
/// read the chain.
fn program(cx: &Cx) -> Cx {
    Cx { request: cx.request.clone(), ..Cx::system(cx.now, "") }
}

/// Whose record: by CUI, or by the record's own id. A CUI of nobody here is answered like one at
/// which nobody looked: the chain tells nothing of whom another institution keeps.
async fn person_of(visit: &Visit, typed: &str) -> Result<Option<String>, Problem> {
    let Ok(cui) = Cui::parse(typed) else {
        let plain =
            typed.len() <= 64 && typed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        return Ok(plain.then(|| typed.to_owned()));
    };
    let asked = format!("{}|{}", system::CUI, cui.digits());
    let found = list(&visit.state.access, &program(visit.cx()?), "Patient", &[("identifier", &asked)]).await?;
    Ok(Some(found.first().and_then(Value::id).unwrap_or(cui.digits()).to_owned()))
}

/// The staff of the caller's institution with these words in their names.
async fn staff_named(visit: &Visit, name: &str) -> Result<Vec<String>, Problem> {
    let cx = visit.cx()?;
    let words: Vec<String> = name
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(6)
        .map(str::to_owned)
        .collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let pairs: Vec<(&str, &str)> = words.iter().map(|word| ("name:contains", word.as_str())).collect();
    let found = list(&visit.state.access, &program(cx), "Practitioner", &pairs).await?;
    let own = |one: &&Value| {
        let labels = one.get("meta").map(|meta| meta.items("security")).unwrap_or_default();
        coded(labels, system::CUSTODIAN) == Some(cx.institution.as_str())
    };
    Ok(found.iter().filter(own).filter_map(Value::id).map(str::to_owned).collect())
}

fn chips(form: &Form) -> Chips {
    let plain = FIELDS.iter().all(|field| *field == "accion" || form.get(field).is_empty());
    let chip = |action: &str, words: Text| Chip {
        href: format!("/auditoria?accion={action}"),
        text: words.into(),
        current: plain && form.get("accion") == action,
    };
    Chips {
        label: t("aud-vistas").into(),
        chips: vec![
            chip(AuditAction::BreakGlass.name(), t("aud-vista-razon")),
            chip(AuditAction::Denied.name(), t("aud-vista-rechazos")),
            chip(AuditAction::LoginFailed.name(), t("aud-vista-entradas")),
            chip("", t("aud-vista-todo")),
        ],
    }
}

fn filters(form: &Form) -> Vec<Field> {
    let all = std::iter::once((String::new(), t("aud-toda-accion").to_string()));
    let actions = AuditAction::ALL.into_iter().map(|one| (one.name().to_owned(), action_name(one).to_string()));
    vec![
        form.line("persona", t("aud-persona")),
        form.line("quien", t("aud-quien")),
        form.select("accion", t("aud-accion"), &all.chain(actions).collect::<Vec<_>>()),
        form.day("desde", t("aud-desde")),
        form.day("hasta", t("aud-hasta")),
    ]
}

fn action_name(action: AuditAction) -> Text {
    match action {
        AuditAction::Read => t("accion-read"),
        AuditAction::Search => t("accion-search"),
        AuditAction::Index => t("accion-index"),
        AuditAction::BreakGlass => t("accion-break-glass"),
        AuditAction::Export => t("accion-export"),
        AuditAction::Login => t("accion-login"),
        AuditAction::LoginFailed => t("accion-login-failed"),
        AuditAction::Denied => t("accion-denied"),
        AuditAction::Print => t("accion-print"),
    }
}

/// The action of an entry, from the codes of its AuditEvent.
fn action_of(event: &Value) -> AuditAction {
    let code = event.items("subtype").first().and_then(|one| one.text_at(&["code"])).unwrap_or_default();
    let failed = event.text_at(&["outcome"]) == Some("4");
    match code {
        "search-type" => AuditAction::Search,
        "index" => AuditAction::Index,
        "110127" => AuditAction::BreakGlass,
        "export" => AuditAction::Export,
        "print" => AuditAction::Print,
        "110122" if failed => AuditAction::LoginFailed,
        "110122" => AuditAction::Login,
        "denied" => AuditAction::Denied,
        _ => AuditAction::Read,
    }
}

/// A ground's code as a sentence; a person's own words as they are.
fn reason(text: &str) -> String {
    let words = match text {
        "atencion" => t("base-atencion"),
        "referencia" => t("base-referencia"),
        "adscripcion" => t("base-adscripcion"),
        "cita" => t("base-cita"),
        "seguimiento" => t("base-seguimiento"),
        "emergencia" => t("base-emergencia"),
        "institucion" => t("base-institucion"),
        own => return own.to_owned(),
    };
    words.into()
}

fn actor(event: &Value) -> Option<&Value> {
    event.items("agent").first()
}

fn place(event: &Value) -> Option<&str> {
    actor(event)?.text_at(&["location", "identifier", "value"])
}

async fn rows(visit: &Visit, page: &AuditPage) -> Result<Vec<Row>, Problem> {
    let names = names(visit, &page.events).await?;
    let row = |event: &Value| {
        let who = actor(event).and_then(|agent| agent.text_at(&["who", "reference"]));
        let label = actor(event).and_then(|agent| agent.text_at(&["who", "identifier", "value"])).unwrap_or_default();
        let who = match who {
            Some(reference) => names.get(reference).cloned().unwrap_or_else(|| t("aud-sin-nombre").into()),
            None if label == "system" => t("aud-programa").into(),
            None if label.starts_with("token:") => t("aud-maquina").into(),
            None => label.to_owned(),
        };
        let people: Vec<&str> = event
            .items("entity")
            .iter()
            .filter_map(|entity| entity.text_at(&["what", "reference"])?.strip_prefix("Patient/"))
            .filter(|id| !id.contains('/'))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        Row {
            when: event.text_at(&["recorded"]).map(when).unwrap_or_default(),
            who,
            place: place(event).and_then(|id| names.get(&format!("Organization/{id}"))).cloned().unwrap_or_default(),
            what: action_name(action_of(event)).into(),
            person: if let [only] = people.as_slice() { Some(((*only).to_owned(), String::new())) } else { None },
            many: people.len(),
            reason: event.text_at(&["outcomeDesc"]).map(reason).unwrap_or_default(),
        }
    };
    Ok(page.events.iter().map(row).collect())
}

/// Puts the name beside the id of whoever the reader's institution keeps.
async fn name_people(visit: &Visit, rows: &mut [Row]) -> Result<(), Problem> {
    let ids: BTreeSet<&str> = rows.iter().filter_map(|row| Some(row.person.as_ref()?.0.as_str())).collect();
    let found = visit.state.access.audited_people(visit.cx()?, &ids).await?;
    let name = |one: &store::Stored| Some((one.key.id.clone(), identity::PersonName::of(&one.value())?.printed()));
    let names: BTreeMap<String, String> = found.iter().filter_map(name).collect();
    for (id, name) in rows.iter_mut().filter_map(|row| row.person.as_mut()) {
        *name = names.get(id).cloned().unwrap_or_default();
    }
    Ok(())
}

/// The names of who acted and where, by reference.
async fn names(visit: &Visit, events: &[Value]) -> Result<BTreeMap<String, String>, Problem> {
    let people =
        events.iter().filter_map(|event| actor(event)?.text_at(&["who", "reference"])?.strip_prefix("Practitioner/"));
    let places = events.iter().filter_map(place);
    let keys: BTreeSet<(&str, &str)> =
        people.map(|id| ("Practitioner", id)).chain(places.map(|id| ("Organization", id))).collect();
    let keys: Vec<Key> = keys.into_iter().map(|(kind, id)| Key::new(kind, id)).collect();
    let found = visit.state.access.read_many(&program(visit.cx()?), &keys).await?;
    let name = |stored: &store::Stored| {
        let value = stored.value();
        let person = value.items("name").first();
        let text = value.text_at(&["name"]).or_else(|| person?.text_at(&["text"])).map(str::to_owned);
        let whole = || identity::PersonName::of(&value).map(|name| name.printed());
        Some((stored.key.to_string(), text.or_else(whole)?))
    };
    Ok(found.iter().filter_map(name).collect())
}

/// What one reader did with a record without a longer pause: one opening of it.
struct Opening {
    /// Who exactly, where, and by which reason.
    of: (String, String, String),
    first: Timestamp,
    last: Timestamp,
    who: String,
    /// What was done, each once, in its order.
    what: Vec<String>,
}

/// A longer pause begins another opening.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// Openings of one page.
const OPENINGS: usize = 25;

impl Opening {
    fn place(&self) -> &str {
        &self.of.1
    }

    fn reason(&self) -> &str {
        &self.of.2
    }

    fn what(&self) -> String {
        self.what.join(". ")
    }

    /// `24/11/2026, 8:00`, or `24/11/2026, 8:00 a 8:06`.
    fn when(&self) -> String {
        let (from, until) = (date_time(self.first), hour(self.last));
        if hour(self.first) == until {
            from
        } else {
            t("vio-desde-hasta").with("desde", from).with("hasta", until).into()
        }
    }
}

/// The entries, newest first, gathered into at most so many openings; and how many entries that took.
async fn openings(visit: &Visit, page: &AuditPage, enough: usize) -> Result<(Vec<Opening>, usize), Problem> {
    let mut found: Vec<Opening> = Vec::new();
    for (taken, (event, row)) in page.events.iter().zip(rows(visit, page).await?).enumerate() {
        let Some(at) = event.text_at(&["recorded"]).and_then(|at| at.parse::<Timestamp>().ok()) else { continue };
        let agent = actor(event).and_then(|agent| agent.get("who")).map(Value::to_string).unwrap_or_default();
        let of = (agent, row.place, row.reason);
        // A step without a reason of its own belongs to the opening that gave one.
        let reasons = |one: &Opening| one.of.2 == of.2 || one.of.2.is_empty() || of.2.is_empty();
        let reader = |one: &Opening| (&one.of.0, &one.of.1) == (&of.0, &of.1);
        let same = |one: &&mut Opening| reader(one) && reasons(one) && one.first.duration_since(at) <= PAUSE;
        let full = found.len() == enough;
        match found.iter_mut().rev().find(same) {
            Some(opening) => {
                opening.first = at;
                opening.of.2 = if opening.of.2.is_empty() { of.2 } else { std::mem::take(&mut opening.of.2) };
                opening.what.retain(|what| *what != row.what);
                opening.what.insert(0, row.what);
            }
            None if full => return Ok((found, taken)),
            None => found.push(Opening { of, first: at, last: at, who: row.who, what: vec![row.what] }),
        }
    }
    Ok((found, page.events.len()))
}

/// The number in the chain of an entry.
fn number_of(event: &Value) -> Option<u64> {
    event.id()?.rsplit('-').next()?.parse().ok()
}

/// So many openings of a record, or all, from that entry of the chain on; and where the older ones begin.
async fn looked(
    visit: &Visit,
    id: &str,
    mut after: Option<u64>,
    enough: usize,
) -> Result<(Vec<Opening>, Option<u64>), Problem> {
    let mut whole = AuditPage::default();
    loop {
        let page = visit.state.access.who_looked(visit.cx()?, id, after).await?;
        whole.events.extend(page.events);
        after = page.next;
        // All of them are gathered once, at the end.
        if enough == usize::MAX && after.is_some() {
            continue;
        }
        let (found, taken) = openings(visit, &whole, enough).await?;
        if let Some(last) = whole.events.get(..taken).filter(|_| taken < whole.events.len()).and_then(<[Value]>::last) {
            return Ok((found, number_of(last)));
        }
        if after.is_none() {
            return Ok((found, None));
        }
    }
}

#[derive(Template)]
#[template(path = "pages/quien-vio.html")]
struct LookedPage {
    shell: Shell,
    rows: Vec<Opening>,
    /// The same as a table.
    csv: String,
    /// The way to the newest, from an older page.
    newest: Option<String>,
    next: Option<String>,
    none: Option<Empty>,
}

/// `GET /personas/{id}/quien-vio`
pub async fn show_looked(visit: Visit, Path(id): Path<String>, Query(pairs): Query<Vec<(String, String)>>) -> Answer {
    let after = Form::new(pairs).get("antes").parse().ok();
    let (rows, next) = looked(&visit, &id, after, OPENINGS).await?;
    let here = format!("/personas/{id}/quien-vio");
    show(&LookedPage {
        shell: visit.shell(t("vio-titulo")).back(format!("/personas/{id}"), t("vio-volver")),
        none: rows.is_empty().then(|| Empty::quiet(t("vio-nadie-titulo"), t("vio-nadie"))),
        rows,
        csv: format!("{here}.csv"),
        newest: after.map(|_| here.clone()),
        next: next.map(|seq| format!("{here}?antes={seq}")),
    })
}

/// `GET /personas/{id}/quien-vio.csv`: every opening, for the person's copy.
pub async fn looked_as_csv(visit: Visit, Path(id): Path<String>) -> Answer {
    let (found, _) = looked(&visit, &id, None, usize::MAX).await?;
    visit.state.access.note(visit.cx()?, AuditAction::Export, &id, &format!("Patient/{id}")).await?;
    let titles =
        [t("vio-primera"), t("vio-ultima"), t("aud-quien-hizo"), t("aud-donde"), t("aud-que-hizo"), t("aud-razon")];
    let row = |one: &Opening| {
        let [place, reason] = [one.place(), one.reason()].map(str::to_owned);
        vec![date_time(one.first), date_time(one.last), one.who.clone(), place, one.what(), reason]
    };
    let rows = std::iter::once(titles.map(String::from).to_vec()).chain(found.iter().map(row));
    let bytes = network::write_sheet(rows, Format::Csv).map_err(|error| Problem::from(error.kind()))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"quien-vio.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes).into_response())
}
