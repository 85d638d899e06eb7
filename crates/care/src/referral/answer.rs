//! The counter-referral and its acknowledgement, line by line.

use access::{Access, Cx, Label, Role, system};
use fhir::{Value, json};
use store::{Change, Key};

use crate::codes::codes;
use crate::referral::advance::Advance;
use crate::referral::moves::Move;
use crate::referral::pair::Referral;
use crate::referral::place;
use crate::referral::state::State;
use crate::referral::task::KIND_FOLLOW_UP;
use crate::resource::{code_in, concept, mark, named, protect, put, reference, synthetic, text};
use crate::typed::{Sheet, still};
use crate::{CareError, Problem};

const ANSWER: Sheet = Sheet { kind: "answer-draft", save: "save-answer-draft" };

codes! {
    /// What a line of the plan asks for.
    LineKind {
        Control = "control", "Control en el puesto";
        Test = "examen", "Examen";
        Medicine = "medicamento", "Medicamento";
        Visit = "visita", "Visita a la casa";
        Return = "proxima-cita", "Próxima cita con el especialista";
    }
}

/// One instruction for the post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What kind.
    pub kind: LineKind,
    /// What to do.
    pub words: String,
    /// By when (`YYYY-MM-DD`), if said.
    pub due: Option<String>,
    /// Who at the post, if said.
    pub who: Option<Role>,
}

/// A specialist's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CounterReferral {
    /// What was found and done.
    pub findings: String,
    /// Diagnoses: ICD-10 code (or empty) and words.
    pub diagnoses: Vec<(String, String)>,
    /// Treatment given and medicines.
    pub treatment: String,
    /// What the first level does.
    pub lines: Vec<Line>,
    /// When to come back at once.
    pub red_flags: String,
    /// What comes next with the specialist: a control, or the discharge.
    pub next: String,
}

/// The post's answer to one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineAnswer {
    /// We can; it becomes a follow-up.
    Accepted,
    /// We can't, and why.
    Objected(String),
}

/// Keeps an answer that is not signed yet, as its form was typed.
///
/// # Errors
/// The gate's.
pub async fn save_draft(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    typed: &[(String, String)],
) -> Result<(), CareError> {
    ANSWER.save((access, cx), referral.id(), still(None), typed).await
}

/// The answer as it was typed last; empty when there is none.
///
/// # Errors
/// The store's.
pub async fn load_draft(access: &Access, cx: &Cx, referral: &Referral) -> Result<Vec<(String, String)>, CareError> {
    Ok(ANSWER.load(access, cx, referral.id()).await?.typed)
}

/// Delivers the answer; the destination's visit is finished with it.
///
/// # Errors
/// `Form` for an answer without findings or diagnosis; `Transition`; the gate's.
pub async fn counter_refer(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    answer: &CounterReferral,
) -> Result<Referral, CareError> {
    let missing = [
        (text(&answer.findings).is_none(), Problem::new("findings", "findings-missing")),
        (answer.diagnoses.is_empty(), Problem::new("diagnoses", "diagnosis-missing")),
        (answer.lines.iter().any(|line| text(&line.words).is_none()), Problem::new("lines", "line-empty")),
        (answer.lines.len() > MOST_LINES, Problem::new("lines", "lines-many")),
        (
            answer
                .lines
                .iter()
                .filter_map(|line| line.due.as_deref())
                .any(|due| due.parse::<jiff::civil::Date>().is_err()),
            Problem::new("lines", "date-invalid"),
        ),
    ];
    let problems: Vec<Problem> = missing.into_iter().filter(|(bad, _)| *bad).map(|(_, problem)| problem).collect();
    if !problems.is_empty() {
        return Err(CareError::Form(problems));
    }
    let id = access.store().entropy().id();
    let mut composition = composition(cx, referral, &id, answer);
    mark(&mut composition, synthetic(&referral.task));
    protect(&mut composition, &implied(access, cx, referral, answer).await);
    let mut changes = vec![put(&composition, None)];
    if let Some(encounter) = referral.encounter() {
        let mut visit = place::read(access, cx, "Encounter", &encounter).await?;
        if visit.value.text_at(&["status"]) == Some("in-progress") {
            visit.value.set("status", "finished");
            let start = visit.value.text_at(&["period", "start"]).map(str::to_owned);
            visit.value.set("period", json!({ "start": start, "end": cx.now.to_string() }));
            changes.push(put(&visit.value, Some(visit.version)));
        }
    }
    let step = Move::CounterRefer { composition: id };
    let clearing = ANSWER.clearing(cx, referral.id());
    Advance::new(referral, step).with(changes).private(clearing).commit(access, cx).await
}

/// What the diagnoses of the answer imply: they are told in words, where the gate finds no codes.
async fn implied(access: &Access, cx: &Cx, referral: &Referral, answer: &CounterReferral) -> Vec<Label> {
    let person = access.read(cx, &Key::new("Patient", referral.patient().id)).await.ok().map(|one| one.value());
    let birth = person.as_ref().and_then(|person| person.text_at(&["birthDate"])).unwrap_or_default();
    let codes: Vec<&str> = answer.diagnoses.iter().map(|(code, _)| code.as_str()).collect();
    Label::implied(&codes, "", birth, crate::print::local(cx.now).date())
}

fn composition(cx: &Cx, referral: &Referral, id: &str, answer: &CounterReferral) -> Value {
    let (patient, place) = (referral.patient(), referral.destination());
    let author = match &cx.actor {
        access::Actor::Practitioner(id) => named("Practitioner", id, &cx.name),
        _ => named("Organization", &place.id, &place.name),
    };
    let diagnosis = |(code, words): &(String, String)| match text(code) {
        Some(code) => format!("{words} ({code})"),
        None => words.clone(),
    };
    let diagnoses = answer.diagnoses.iter().map(diagnosis).collect::<Vec<_>>().join("; ");
    let mut sections = vec![
        section("hallazgos", "Hallazgos y lo que se hizo", &answer.findings),
        section("diagnostico", "Diagnóstico", &diagnoses),
    ];
    if text(&answer.treatment).is_some() {
        sections.push(section("tratamiento", "Tratamiento", &answer.treatment));
    }
    if text(&answer.red_flags).is_some() {
        sections.push(section("alarma", "Cuándo volver de inmediato", &answer.red_flags));
    }
    if text(&answer.next).is_some() {
        sections.push(section("sigue", "Cómo sigue con especialista", &answer.next));
    }
    if !answer.lines.is_empty() {
        let lines: Vec<Value> = answer.lines.iter().map(line_section).collect();
        sections.push(json!({ "title": "Indicaciones para el puesto",
            "code": concept(system::SECTION, "indicaciones", "Indicaciones"), "section": lines }));
    }
    json!({ "resourceType": "Composition", "id": id, "status": "final",
        "type": { "coding": [{ "system": "http://loinc.org", "code": "11488-4", "display": "Consult note" }],
            "text": "Contrarreferencia" },
        "subject": named("Patient", &patient.id, &patient.name),
        "encounter": referral.encounter().map(|id| reference("Encounter", &id)),
        "date": cx.now.to_string(), "author": [author], "title": "Contrarreferencia",
        "custodian": named("Organization", &place.id, &place.name), "section": sections })
}

/// Extension on a section of the plan: by when.
const EXT_DUE: &str = "urn:tejido:ext:plazo";
/// Extension on a section of the plan: the role that does it.
const EXT_WHO: &str = "urn:tejido:ext:quien";

fn line_section(line: &Line) -> Value {
    let words = match &line.due {
        Some(due) => {
            let day = due.parse::<jiff::civil::Date>();
            let day = day.map_or_else(|_| due.clone(), |day| day.strftime("%d/%m/%Y").to_string());
            format!("{} (antes del {day})", line.words)
        }
        None => line.words.clone(),
    };
    let mut part = section(line.kind.code(), &line.words, &words);
    part.set("code", concept(system::PLAN_LINE, line.kind.code(), line.kind.label()));
    let due = line.due.as_ref().map(|due| json!({ "url": EXT_DUE, "valueDate": due }));
    let who = line.who.map(|who| json!({ "url": EXT_WHO, "valueCode": who.code() }));
    let extensions: Vec<Value> = due.into_iter().chain(who).collect();
    if !extensions.is_empty() {
        part.set("extension", extensions);
    }
    part
}

pub(crate) fn section(code: &str, title: &str, words: &str) -> Value {
    let escaped = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({ "title": title, "code": concept(system::SECTION, code, ""), "text": { "status": "generated",
        "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{escaped}</p></div>") } })
}

/// More lines than these a post is not asked to answer one by one.
const MOST_LINES: usize = 12;

/// The lines of a counter-referral, in order; a machine may have written more than a post answers:
/// the last then holds the words of all that follow.
pub fn lines(composition: &Value) -> Vec<Line> {
    let mut lines = all_lines(composition);
    if lines.len() > MOST_LINES {
        let rest = lines.split_off(MOST_LINES - 1);
        let words = rest.iter().map(|line| line.words.as_str()).collect::<Vec<_>>().join("; ");
        let due = rest.iter().filter_map(|line| line.due.clone()).min();
        lines.extend(rest.into_iter().next().map(|first| Line { words, due, ..first }));
    }
    lines
}

fn all_lines(composition: &Value) -> Vec<Line> {
    let plan = composition
        .items("section")
        .iter()
        .filter(|one| code_in(one.get("code"), system::SECTION) == Some("indicaciones"));
    let told = |part: &Value, url: &str, value: &str| {
        let found = part.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(url));
        found.and_then(|one| one.text_at(&[value])).map(str::to_owned)
    };
    let line = |part: &Value| {
        Some(Line {
            kind: LineKind::from_code(code_in(part.get("code"), system::PLAN_LINE)?)?,
            words: part.text_at(&["title"])?.to_owned(),
            due: told(part, EXT_DUE, "valueDate"),
            who: told(part, EXT_WHO, "valueCode").and_then(|code| Role::from_code(&code)),
        })
    };
    plan.flat_map(|section| section.items("section")).filter_map(line).collect()
}

/// The text sections of a counter-referral: title and words.
pub fn sections(composition: &Value) -> Vec<(String, String)> {
    let told = |part: &Value| {
        let div = part.text_at(&["text", "div"])?;
        let inner = div.split_once("<p>")?.1.split("</p>").next()?;
        let words = inner.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        Some((part.text_at(&["title"])?.to_owned(), words))
    };
    composition.items("section").iter().filter_map(told).collect()
}

/// Acknowledges each line: accepted ones become follow-ups, objections wait for an answer from who
/// wrote the plan. With neither there is nothing to do and the circuit closes.
///
/// # Errors
/// `Form` when a line has no answer or an objection no reason; `Transition`; the gate's.
pub async fn acknowledge(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    answers: &[LineAnswer],
) -> Result<Referral, CareError> {
    let lines = match &referral.state {
        State::Delivered { composition } => {
            lines(&access.read(cx, &Key::new("Composition", composition.as_str())).await?.value())
        }
        _ => Vec::new(),
    };
    if answers.len() != lines.len() {
        return Err(CareError::Form(vec![Problem::new("lines", "every-line")]));
    }
    let silent = |answer: &LineAnswer| matches!(answer, LineAnswer::Objected(why) if text(why).is_none());
    if let Some(at) = answers.iter().position(silent) {
        return Err(CareError::Form(vec![Problem::new(format!("line-{at}"), "objection-reason")]));
    }
    let (mut tasks, mut changes, mut objections) = (Vec::new(), Vec::<Change>::new(), Vec::new());
    for (line, answer) in lines.iter().zip(answers) {
        match answer {
            LineAnswer::Accepted => {
                let id = access.store().entropy().id();
                let mut task = follow_up_task(cx, referral, &id, line);
                mark(&mut task, synthetic(&referral.task));
                changes.push(put(&task, None));
                tasks.push(id);
            }
            LineAnswer::Objected(why) => objections.push(format!("No podemos: {} ({why})", line.words)),
        }
    }
    let due = lines.iter().zip(answers).filter(|(_, answer)| **answer == LineAnswer::Accepted);
    let due = due.filter_map(|(line, _)| line.due.clone()).min();
    let nothing_to_do = tasks.is_empty() && objections.is_empty();
    let advance = Advance::new(referral, Move::Acknowledge { tasks }).note(&objections.join("\n"));
    let next = advance.objections(objections).due(due).with(changes).commit(access, cx).await?;
    if !nothing_to_do {
        return Ok(next);
    }
    // The acknowledgement stands: what hinders the closing leaves it acknowledged, to be closed from its list.
    Ok(Advance::new(&next, Move::Close).commit(access, cx).await.unwrap_or(next))
}

fn follow_up_task(cx: &Cx, referral: &Referral, id: &str, line: &Line) -> Value {
    let (patient, origin) = (referral.patient(), referral.origin());
    let due = line.due.as_ref().map(|due| json!({ "period": { "end": due } }));
    let who = line.who.map(|who| vec![concept(system::ROLE, who.code(), "")]);
    json!({ "resourceType": "Task", "id": id, "meta": { "profile": [system::PROFILE_REFERRAL_TASK] },
        "basedOn": [reference("ServiceRequest", referral.request.id().unwrap_or_default())],
        "partOf": [reference("Task", referral.id())], "status": "accepted", "intent": "plan",
        "code": concept(system::TASK_KIND, KIND_FOLLOW_UP, "Seguimiento"), "description": &line.words,
        "for": named("Patient", &patient.id, &patient.name), "authoredOn": cx.now.to_string(),
        "lastModified": cx.now.to_string(), "owner": named("Organization", &origin.id, &origin.name),
        "reasonCode": concept(system::PLAN_LINE, line.kind.code(), line.kind.label()), "restriction": due,
        "performerType": who })
}
