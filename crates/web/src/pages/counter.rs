//! The specialist's answer: the visit begins, what was found is written down with instructions for
//! the post line by line, reviewed and signed; and how it reads for everybody who may see it. What
//! is typed stays on the server until it is signed.

use access::Role;
use axum::extract::{Path, Query};
use care::govern::Breach;
use care::icd10::Codes;
use care::print::PrintedAnswer;
use care::referral::Referral;
use care::referral::answer::{CounterReferral, Line, LineKind, counter_refer, load_draft, save_draft};
use care::referral::attend::{admit, attend, keep_in_control};
use care::referral::moves::Move;
use care::referral::state::State;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use store::Key;

use crate::diagnosis;
use crate::form::{Field, Form};
use crate::format::{date_time, local};
use crate::gate::{Posted, Visit, done, mend, show};
use crate::pages::act::early;
use crate::pages::queue;
use crate::pages::refer::{diagnoses_of, head_of, moved, told, unchanged};
use crate::pages::referral::signs_note;
use crate::problem::{Answer, Problem};
use crate::read::when;
use crate::sheet::{Group, Press, Sheet, mend_with};
use crate::shell::{Done, role_name};
use crate::text::{Text, t};
use crate::ui::{Facts, Note, Tone};

/// Who attends and answers: the roles to which care allows it.
pub const ANSWERERS: &[Role] = &[Role::Doctor, Role::Specialist];
const TEXT: usize = 4000;
const SHORT: usize = 500;
/// Nobody plans farther ahead.
const FARTHEST_YEARS: i64 = 10;
const DIAGNOSES: usize = 3;
/// Fields of one instruction: what, of which kind, who, by when.
const ROWS: [[&str; 4]; 8] = [
    ["ind1", "ind1-tipo", "ind1-quien", "ind1-fecha"],
    ["ind2", "ind2-tipo", "ind2-quien", "ind2-fecha"],
    ["ind3", "ind3-tipo", "ind3-quien", "ind3-fecha"],
    ["ind4", "ind4-tipo", "ind4-quien", "ind4-fecha"],
    ["ind5", "ind5-tipo", "ind5-quien", "ind5-fecha"],
    ["ind6", "ind6-tipo", "ind6-quien", "ind6-fecha"],
    ["ind7", "ind7-tipo", "ind7-quien", "ind7-fecha"],
    ["ind8", "ind8-tipo", "ind8-quien", "ind8-fecha"],
];
/// The other fields of the answer.
const FIELDS: [&str; 6] = ["hallazgos", "tratamiento", "alarma", "sigue", "control", "alta"];
/// How care's fields are called here.
const THEIRS: [(&str, &str); 3] = [("findings", "hallazgos"), ("diagnoses", "dx1"), ("lines", "ind1")];
/// Who can be asked to do something at the post.
const AT_POST: [Role; 4] = [Role::Nurse, Role::Doctor, Role::CommunityWorker, Role::SocialWorker];

/// Which step is asked for.
#[derive(Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    paso: String,
}

fn path(referral: &Referral) -> String {
    format!("/referencias/{}/contrarreferir", referral.id())
}

/// Whether the visit is still to begin; refuses who may neither begin it nor answer.
fn to_begin(visit: &Visit, referral: &Referral) -> Result<bool, Problem> {
    let begins = match referral.state {
        State::Booked { .. } | State::Received { .. } => true,
        State::Attended { .. }
        | State::InControl { .. }
        | State::Hospitalised { .. }
        | State::Acknowledged { .. }
        | State::Plan { .. } => false,
        _ => return Err(moved(visit, referral)?),
    };
    let step = if begins {
        Move::Attend { encounter: String::new() }
    } else {
        Move::CounterRefer { composition: String::new() }
    };
    let cx = visit.cx()?;
    match step.kind() {
        _ if referral.allows(cx, &step) => Ok(begins),
        kind if referral.may(cx, kind) && early(referral, cx, kind).is_some() => Err(Problem::Rule(Breach::TooEarly)),
        _ => Err(Problem::Forbidden),
    }
}

/// `GET /referencias/{id}/contrarreferir`
pub async fn show_counter(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    Query(queue): Query<queue::Asked>,
) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = Referral::load(access, cx, &id).await?;
    let mut form = Form::default();
    form.set("cola", queue.onward());
    if to_begin(&visit, &referral)? {
        return show(&begin_page(&visit, &referral, form).await?);
    }
    let typed = load_draft(access, cx, &referral).await?;
    let kept = !typed.is_empty();
    form = Form::new([form.pairs(), typed.as_slice()].concat());
    if !kept {
        diagnosis::fill(&mut form, &diagnoses_of(&referral.request), &visit.state.codes().await?);
    }
    if asked.paso == "revisar" {
        let answer = read(&mut form, &referral, &visit.state.codes().await?, cx.now);
        return if form.ok() {
            show(&review_page(&visit, &referral, form, &answer).await?)
        } else {
            show(&write_page(&visit, &referral, form).await?)
        };
    }
    let mut page = write_page(&visit, &referral, form).await?;
    if kept {
        page.notes.push(Note::new(Tone::Info, t("contra-borrador"), t("contra-borrador-sigue")));
    }
    show(&page)
}

/// `POST /referencias/{id}/contrarreferir`
pub async fn take_counter(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = Referral::load(access, cx, &id).await?;
    let begins = to_begin(&visit, &referral)?;
    let along = queue::Asked::along(form.get("cola")).onward();
    let here = format!("{}{along}", path(&referral));
    if begins {
        unchanged(&visit, &form, &referral)?;
        attend(access, cx, &referral).await?;
        return done(&visit, &here, Done::VisitBegun);
    }
    let ours = |name: &str| !name.starts_with('_') && !matches!(name, "boton" | "version" | "cola");
    let typed = form.pairs().iter().filter(|(name, value)| ours(name) && !value.is_empty()).cloned();
    save_draft(access, cx, &referral, &typed.collect::<Vec<_>>()).await?;
    unchanged(&visit, &form, &referral)?;
    match form.get("boton") {
        "control" | "ingresar" => return other_way(&visit, &referral, form).await,
        "revisar" | "firmar" => {}
        _ => return done(&visit, &here, Done::DraftKept),
    }
    let answer = read(&mut form, &referral, &visit.state.codes().await?, cx.now);
    if !form.ok() {
        return mend(&write_page(&visit, &referral, form).await?);
    }
    if form.get("boton") == "revisar" {
        let step = if along.is_empty() { "?" } else { "&" };
        return done(&visit, &format!("{here}{step}paso=revisar"), Done::DraftKept);
    }
    match counter_refer(access, cx, &referral, &answer).await {
        Ok(_) => done(&visit, &format!("/referencias/{id}/contrarreferencia{along}"), Done::CounterReferred),
        Err(error) => {
            mend_with(&mut form, error, &THEIRS)?;
            mend(&write_page(&visit, &referral, form).await?)
        }
    }
}

/// Not answered yet: kept in control, or admitted.
async fn other_way(visit: &Visit, referral: &Referral, mut form: Form) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let why = form.required("aparte", SHORT, t("contra-aparte-falta"));
    if !form.ok() {
        return mend(&write_page(visit, referral, form).await?);
    }
    let what = if form.get("boton") == "control" {
        keep_in_control(access, cx, referral, &why).await?;
        Done::KeptInControl
    } else {
        admit(access, cx, referral, &why).await?;
        Done::Admitted
    };
    let along = queue::Asked::along(form.get("cola")).onward();
    done(visit, &format!("{}{along}", path(referral)), what)
}

/// What was typed, as care takes it.
fn read(form: &mut Form, referral: &Referral, codes: &Codes, now: Timestamp) -> CounterReferral {
    let findings = form.required("hallazgos", TEXT, t("contra-hallazgos-falta"));
    let diagnoses = diagnosis::read(form, DIAGNOSES, codes);
    if diagnoses.is_empty() {
        form.error("dx1", t("mal-diagnostico"));
    }
    let treatment = form.optional("tratamiento", TEXT);
    let mut lines: Vec<Line> = ROWS.iter().filter_map(|row| read_line(form, row, now)).collect();
    // Nothing that was typed is left out unseen, also where another way was chosen.
    let (due, discharge) = (coming(form, "control", now), form.optional("alta", SHORT));
    form.optional("aparte", SHORT);
    let next = match form.get("sigue") {
        "control" => {
            if due.is_none() {
                form.error("control", t("contra-control-falta"));
            }
            let service = referral.service().name;
            let words = t("contra-vuelve").with("servicio", &service).to_string();
            lines.push(Line { kind: LineKind::Return, words, due: due.clone(), who: None });
            t("contra-control-el").with("fecha", due.as_deref().map(when).unwrap_or_default()).to_string()
        }
        "alta" => {
            if discharge.is_empty() {
                t("contra-alta").into()
            } else {
                format!("{}. {discharge}", t("contra-alta"))
            }
        }
        _ => {
            form.error("sigue", t("contra-sigue-falta"));
            String::new()
        }
    };
    CounterReferral { findings, diagnoses, treatment, lines, red_flags: form.optional("alarma", TEXT), next }
}

/// A day that is not past, as the record keeps it.
fn coming(form: &mut Form, name: &'static str, now: Timestamp) -> Option<String> {
    let day = form.date(name)?;
    let today = local(now).date();
    if day < today {
        form.error(name, t("contra-fecha-pasada"));
    } else if day > today.saturating_add(FARTHEST_YEARS.years()) {
        form.error(name, t("contra-fecha-lejana").with("n", FARTHEST_YEARS));
    }
    Some(day.to_string())
}

fn read_line(form: &mut Form, [what, kind, who, due]: &[&'static str; 4], now: Timestamp) -> Option<Line> {
    let words = form.optional(what, SHORT);
    let day = coming(form, due, now);
    let who = AT_POST.into_iter().find(|role| role.code() == form.get(who));
    if words.is_empty() {
        if day.is_some() || who.is_some() {
            form.error(what, t("contra-indicacion-falta"));
        }
        return None;
    }
    Some(Line { kind: LineKind::from_code(form.get(kind)).unwrap_or(LineKind::Control), words, due: day, who })
}

async fn base(visit: &Visit, referral: &Referral, form: Form, heading: Text) -> Result<Sheet, Problem> {
    let cx = visit.cx()?;
    let mut page = Sheet::new(visit, heading, head_of(referral), path(referral));
    page.shell = page.shell.back("/agenda", t("agenda-volver"));
    page.hidden = vec![("version", referral.task_version.to_string())];
    page.walk(visit, &queue::Asked::along(form.get("cola")), referral.id()).await?;
    page.form = form;
    page.notes.extend(signs_note(referral));
    let diagnoses: Vec<String> = diagnoses_of(&referral.request).into_iter().map(|(_, words)| words).collect();
    let asked = [
        (t("contra-de"), referral.origin().name),
        (t("referir-motivo"), referral.reason().to_owned()),
        (t("atender-diagnostico"), diagnoses.join(". ")),
        (t("referir-hecho"), referral.done().to_owned()),
    ];
    let asked = asked.into_iter().filter(|(_, words)| !words.is_empty());
    page.aside = vec![(t("contra-pide"), Facts(asked.map(|(name, words)| (name.to_string(), words)).collect()))];
    page.groups = vec![Group::new(t("traslado-ahora")).lines(told(referral, cx.now))];
    page.away = vec![(format!("/personas/{}", referral.patient().id), t("contra-historia"))];
    Ok(page)
}

async fn begin_page(visit: &Visit, referral: &Referral, form: Form) -> Result<Sheet, Problem> {
    let cx = visit.cx()?;
    let mut page = base(visit, referral, form, t("contra-empezar-titulo")).await?;
    if let Some(id) = referral.state.appointment() {
        let held = visit.state.access.read(cx, &Key::new("Appointment", id)).await?.value();
        let start: Option<Timestamp> = held.text_at(&["start"]).and_then(|start| start.parse().ok());
        page.notes.extend(start.map(|start| Note::new(Tone::Info, t("cita-ahora"), date_time(start))));
    }
    page.groups.push(Group::new(t("contra-empezar-que")).lines([t("contra-empezar-explica").to_string()]));
    page.buttons = vec![Press::new("empezar", t("contra-empezar"))];
    Ok(page)
}

async fn write_page(visit: &Visit, referral: &Referral, form: Form) -> Result<Sheet, Problem> {
    let codes = visit.state.codes().await?;
    let mut page = base(visit, referral, form.clone(), t("contra-titulo")).await?;
    page.steps = vec![t("contra-paso-escribir"), t("contra-paso-revisar")];
    page.groups.push(
        Group::new(t("contra-encontro"))
            .fields([form.area("hallazgos", t("contra-hallazgos")).hint(t("contra-hallazgos-ayuda"))]),
    );
    page.groups.push(Group::new(t("atender-diagnostico")).fields(diagnosis::fields(&form, DIAGNOSES, &codes)));
    page.groups.push(
        Group::new(t("atender-tratamiento"))
            .fields([form.area("tratamiento", t("contra-tratamiento")).hint(t("contra-tratamiento-ayuda"))]),
    );
    let filled = ROWS.iter().rposition(|row| row.iter().any(|name| !form.get(name).is_empty())).map_or(0, |at| at + 1);
    let rows = (filled + 1).clamp(2, ROWS.len());
    let mut plan = Group::new(t("contra-indicaciones")).hint(t("contra-indicaciones-ayuda"));
    plan.fields = ROWS.iter().take(rows).enumerate().flat_map(|(at, row)| line_fields(&form, at + 1, row)).collect();
    plan.press = (rows < ROWS.len()).then(|| Press::new("mas", t("contra-otra")));
    page.groups.push(plan);
    let ways = [("control".to_owned(), t("contra-a-control").into()), ("alta".to_owned(), t("contra-a-alta").into())];
    page.groups.push(Group::new(t("contra-sigue")).fields([
        form.radios("sigue", t("contra-sigue-campo"), &ways),
        form.day("control", t("contra-control")).hint(t("atender-fecha-ayuda")),
        form.line("alta", t("contra-alta-palabras")),
        form.area("alarma", t("contra-alarma")).hint(t("contra-alarma-ayuda")),
    ]));
    let mut apart = Group::new(t("contra-aparte")).hint(t("contra-aparte-ayuda"));
    apart.fields = vec![form.line("aparte", t("contra-aparte-campo"))];
    let cx = visit.cx()?;
    page.buttons = vec![Press::new("revisar", t("contra-revisar")), Press::new("guardar", t("guardar-borrador"))];
    let before = page.buttons.len();
    if referral.allows(cx, &Move::KeepInControl) {
        page.buttons.push(Press::new("control", t("contra-dejar-control")));
    }
    if referral.allows(cx, &Move::Admit) {
        page.buttons.push(Press::new("ingresar", t("contra-ingresar")));
    }
    if page.buttons.len() > before {
        page.groups.push(apart);
    }
    Ok(page)
}

fn line_fields(form: &Form, n: usize, [what, kind, who, due]: &[&'static str; 4]) -> [Field; 4] {
    let kinds = LineKind::ALL.iter().filter(|one| **one != LineKind::Return);
    let kinds: Vec<(String, String)> = kinds.map(|one| (one.code().to_owned(), one.label().to_owned())).collect();
    let anybody = (String::new(), t("contra-quien-sea").to_string());
    let people = AT_POST.iter().map(|role| (role.code().to_owned(), role_name(*role).to_string()));
    let people: Vec<(String, String)> = std::iter::once(anybody).chain(people).collect();
    [
        form.line(what, t("contra-indicacion").with("n", n)),
        form.select(kind, t("contra-tipo").with("n", n), &kinds),
        form.select(who, t("contra-quien").with("n", n), &people),
        form.day(due, t("contra-fecha").with("n", n)),
    ]
}

async fn review_page(
    visit: &Visit,
    referral: &Referral,
    form: Form,
    answer: &CounterReferral,
) -> Result<Sheet, Problem> {
    let along = queue::Asked::along(form.get("cola")).onward();
    let mut page = base(visit, referral, form.clone(), t("contra-revisar-titulo")).await?;
    page.steps = vec![t("contra-paso-escribir"), t("contra-paso-revisar")];
    page.at = 1;
    page.notes.push(Note::new(Tone::Warn, t("contra-revise"), t("contra-revise-que")));
    let rows = diagnosis::ROWS.iter().flat_map(|(words, code)| [*words, *code]).chain(ROWS.iter().flatten().copied());
    let names = rows.chain(FIELDS).filter(|name| !form.get(name).is_empty());
    page.hidden.extend(names.map(|name| (name, form.raw(name).to_owned())));
    let coded = |(code, words): &(String, String)| match code.as_str() {
        "" => t("contra-sin-codigo").with("palabras", words).to_string(),
        code => format!("{words} ({code})"),
    };
    let parts = [
        (t("contra-hallazgos"), answer.findings.clone()),
        (t("atender-diagnostico"), answer.diagnoses.iter().map(coded).collect::<Vec<_>>().join("; ")),
        (t("atender-tratamiento"), answer.treatment.clone()),
        (t("contra-alarma"), answer.red_flags.clone()),
        (t("contra-sigue"), answer.next.clone()),
    ];
    let parts = parts.into_iter().filter(|(_, words)| !words.is_empty());
    page.groups.extend(parts.map(|(heading, words)| Group::new(heading).lines(words.lines().map(str::to_owned))));
    page.groups.push(instructions(&answer.lines));
    page.buttons = vec![Press::new("firmar", t("contra-firmar"))];
    page.away.insert(0, (format!("{}{along}", path(referral)), t("contra-corregir")));
    Ok(page)
}

/// The plan as the post reads it.
fn instructions(lines: &[Line]) -> Group {
    let group = Group::new(t("contra-indicaciones"));
    if lines.is_empty() {
        return group.lines([t("contra-sin-indicaciones").to_string()]);
    }
    group.lines(lines.iter().map(line_words))
}

/// `Examen: hemoglobina · Enfermería · antes del 09/12/2026`.
pub fn line_words(line: &Line) -> String {
    let first = t("contra-linea").with("tipo", line.kind.label()).with("palabras", &line.words);
    std::iter::once(first.to_string()).chain(asked_of(line.who, line.due.as_deref())).collect::<Vec<_>>().join(" · ")
}

/// Who does a line of the plan, and by when, as far as the specialist said.
pub fn asked_of(who: Option<Role>, due: Option<&str>) -> Vec<String> {
    let who = who.map(|who| role_name(who).to_string());
    let due = due.map(|due| t("inicio-antes-de").with("fecha", when(due)).to_string());
    who.into_iter().chain(due).collect()
}

/// `GET /referencias/{id}/contrarreferencia`
pub async fn show_answer(visit: Visit, Path(id): Path<String>, Query(queue): Query<queue::Asked>) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = Referral::load(access, cx, &id).await?;
    let composition = referral.composition().ok_or(Problem::NotFound)?;
    let stored = access.read(cx, &Key::new("Composition", composition)).await?.value();
    let paper = PrintedAnswer::new(&referral, &stored);
    let mut page = Sheet::new(&visit, t("respuesta-titulo"), head_of(&referral), String::new());
    let whole = format!("/referencias/{id}{}", queue.onward());
    page.shell = page.shell.back(whole.clone(), t("volver-referencia"));
    page.walk(&visit, &queue, &id).await?;
    page.notes = signs_note(&referral).into_iter().collect();
    let facts = [
        (t("respuesta-de"), paper.from),
        (t("respuesta-quien"), paper.author),
        (t("respuesta-cuando"), paper.date),
        (t("respuesta-para"), paper.to),
        (t("respuesta-servicio"), referral.service().name),
    ];
    let facts = facts.into_iter().filter(|(_, words)| !words.is_empty());
    page.aside = vec![(t("respuesta-datos"), Facts(facts.map(|(name, words)| (name.to_string(), words)).collect()))];
    let part = |(heading, words): (String, String)| {
        Group { heading, ..Group::default() }.lines(words.lines().map(str::to_owned))
    };
    page.groups = paper.sections.into_iter().map(part).collect();
    page.groups.push(instructions(&paper.lines));
    page.groups.push(Group::new(t("traslado-ahora")).lines(told(&referral, cx.now)));
    if referral.allows(cx, &Move::Acknowledge { tasks: Vec::new() }) {
        page.away.push((format!("/referencias/{id}/acusar"), t("respuesta-acusar")));
    }
    page.away.push((whole, t("volver-referencia")));
    show(&page)
}
