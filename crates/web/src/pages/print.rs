//! A referral and its counter-referral on paper, A5 or letter. The QR holds where the random public
//! code leads, and nothing else: nothing clinical, nothing of the person.

use askama::Template;
use axum::extract::{Path, Query};
use care::print::{PrintedAnswer, PrintedReferral};
use care::referral::Referral;
use care::referral::state::Phase;
use serde::Deserialize;
use store::{AuditAction, Key};

use crate::gate::{Visit, show};
use crate::pages::person::{self, Head};
use crate::pages::referral::key;
use crate::problem::{Answer, Problem};
use crate::read::{struck, when};
use crate::sensitive;
use crate::shell::Shell;
use crate::text::{Text, t};
use crate::timeline::dated;

/// On which paper.
#[derive(Deserialize)]
pub struct Asked {
    hoja: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/imprimir.html")]
struct Paper {
    shell: Shell,
    heading: Text,
    number: String,
    code: String,
    qr: String,
    urgent: bool,
    letter: bool,
    /// This page, for the other paper.
    path: String,
    person: String,
    synthetic: bool,
    facts: Vec<(String, String)>,
    sections: Vec<(String, Vec<String>)>,
    sign: String,
    /// That it is confidential, and why.
    secret: Option<String>,
}

/// `GET /referencias/{id}/imprimir`
pub async fn print_referral(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = Referral::load(access, cx, &id).await?;
    if referral.state.phase() == Phase::Draft {
        return Err(Problem::NotFound);
    }
    noted(&visit, &referral).await?;
    let booked: Vec<Key> = referral.state.appointment().map(|one| Key::new("Appointment", one)).into_iter().collect();
    let booked = access.read_many(cx, &booked).await?.first().map(store::Stored::value);
    let told = PrintedReferral::new(&referral, booked.as_ref());
    let signs = match &told.signs {
        Some(signs) if !signs.is_empty() => signs.iter().map(|sign| (*sign).to_owned()).collect(),
        Some(_) => vec![t("papel-sin-senales").into()],
        None => vec![t("papel-no-preguntadas").into()],
    };
    let results: Vec<Key> = referral.request.items("supportingInfo").iter().filter_map(key).collect();
    let results = access.read_many(cx, &results).await?;
    let results = results.iter().map(store::Stored::value).filter(|one| !struck(one)).filter_map(|one| dated(&one));
    let sections: [(Text, Vec<String>); 5] = [
        (t("papel-senales"), signs),
        (t("papel-motivo"), vec![told.reason]),
        (t("papel-diagnosticos"), told.diagnoses),
        (t("papel-hecho"), vec![told.done]),
        (t("referencia-resultados"), results.collect()),
    ];
    let facts = vec![
        (t("papel-de"), told.origin),
        (t("papel-a"), told.destination),
        (t("papel-servicio"), told.service),
        (t("papel-prioridad"), told.priority.label().to_owned()),
        (t("papel-enviada"), told.sent),
        (t("papel-cita"), told.appointment.unwrap_or_default()),
    ];
    show(&Paper {
        urgent: told.urgent,
        sign: told.requester,
        sections: sections.into_iter().map(|(title, lines)| (title.into(), lines)).collect(),
        ..paper(&visit, &referral, t("papel-referencia"), (facts, asked)).await?
    })
}

/// `GET /referencias/{id}/contrarreferencia/imprimir`
pub async fn print_answer(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let referral = Referral::load(access, cx, &id).await?;
    let answer = referral.composition().ok_or(Problem::NotFound)?;
    let composition = access.read(cx, &Key::new("Composition", answer)).await?.value();
    noted(&visit, &referral).await?;
    let told = PrintedAnswer::new(&referral, &composition);
    let line = |line: care::referral::answer::Line| {
        let due = line.due.map(|due| t("papel-antes-de").with("fecha", when(&due)).to_string()).unwrap_or_default();
        format!("{}: {} {due}", line.kind.label(), line.words).trim_end().to_owned()
    };
    let mut sections: Vec<(String, Vec<String>)> =
        told.sections.into_iter().map(|(title, words)| (title, vec![words])).collect();
    sections.push((t("papel-indicaciones").into(), told.lines.into_iter().map(line).collect()));
    let facts = vec![(t("papel-de"), told.from), (t("papel-a"), told.to), (t("papel-fecha"), told.date)];
    let secret = sensitive::mark([&referral.task, &referral.request, &composition]);
    show(&Paper {
        sign: told.author,
        sections,
        secret,
        ..paper(&visit, &referral, t("papel-contrarreferencia"), (facts, asked)).await?
    })
}

async fn noted(visit: &Visit, referral: &Referral) -> Result<(), Problem> {
    let target = format!("ServiceRequest/{}", referral.request.id().unwrap_or_default());
    Ok(visit.state.access.note(visit.cx()?, AuditAction::Print, &referral.patient().id, &target).await?)
}

/// What both papers have.
async fn paper(
    visit: &Visit,
    referral: &Referral,
    heading: Text,
    (facts, asked): (Vec<(Text, String)>, Asked),
) -> Result<Paper, Problem> {
    let cx = visit.cx()?;
    let patient = visit.state.access.read_many(cx, &[Key::new("Patient", referral.patient().id)]).await?;
    let head = patient.first().map(|one| Head::of(&one.value(), cx.now));
    let who = match patient.first() {
        Some(one) => person::told_by(visit, &one.value()).await?,
        None => Vec::new(),
    };
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_string(), value));
    let code = referral.public_code();
    let (name, synthetic) = (referral.patient().name, crate::read::is_synthetic(&referral.task));
    let person = head.as_ref().map_or(name, |head| format!("{} · {}", head.name, head.about));
    Ok(Paper {
        shell: visit.shell(heading.clone()).back(format!("/referencias/{}", referral.id()), t("volver-referencia")),
        heading,
        number: referral.number().to_owned(),
        code: code.to_owned(),
        qr: crate::qr::svg(&format!("{}/r/{code}", visit.site)),
        urgent: false,
        letter: asked.hoja.as_deref() == Some("carta"),
        path: visit.path.clone(),
        person,
        synthetic: synthetic || head.is_some_and(|head| head.synthetic),
        facts: who.into_iter().chain(facts).collect(),
        sections: Vec::new(),
        sign: String::new(),
        secret: sensitive::mark([&referral.task, &referral.request]),
    })
}
