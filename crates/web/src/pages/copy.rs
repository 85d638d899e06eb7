//! The person's own copy of their record: to be printed, and as a FHIR Bundle. What the caller may
//! not see is not in it; each copy is written down as taken out.

use askama::Template;
use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use fhir::search::Query;
use fhir::{Value, json};
use identity::Registration;
use network::Directory;
use store::{AuditAction, Key};

use crate::demography;
use crate::format::date_time;
use crate::gate::{Visit, show};
use crate::pages::person::{Head, opened, story_of};
use crate::problem::{Answer, Problem};
use crate::shell::Shell;
use crate::text::t;
use crate::timeline::{Shown, events};
use crate::ui::{Facts, Thread};

/// The types of a record that a copy holds besides the Patient.
const TYPES: [&str; 15] = [
    "AllergyIntolerance",
    "Appointment",
    "Composition",
    "Condition",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "Immunization",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Procedure",
    "Provenance",
    "ServiceRequest",
    "Task",
];

#[derive(Template)]
#[template(path = "pages/copia.html")]
struct CopyPage {
    shell: Shell,
    id: String,
    head: Head,
    made: String,
    facts: Facts,
    thread: Thread,
}

/// `GET /personas/{id}/copia`
pub async fn show_copy(visit: Visit, Path(id): Path<String>) -> Answer {
    opened(&visit, &id).await?;
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let patient = access.read(cx, &Key::new("Patient", &id)).await?.value();
    access.note(cx, AuditAction::Print, &id, &format!("Patient/{id}")).await?;
    let story = story_of(&visit, &id).await?;
    let form = Registration::of(&patient);
    let network = visit.state.network().await?;
    let facts = network.with(|directory: &Directory| {
        let said = demography::told(&form).into_iter().filter(|(_, _, value)| !value.is_empty());
        said.map(|(name, label, value)| (label.into(), demography::in_words(directory, name, value))).collect()
    });
    show(&CopyPage {
        shell: visit.shell(t("copia-titulo")).back(format!("/personas/{id}"), t("volver-persona")),
        head: Head::of(&patient, cx.now),
        made: t("copia-hecha")
            .with("cuando", date_time(cx.now))
            .with("quien", &cx.name)
            .with("donde", cx.facility.as_ref().map_or(cx.institution.as_str(), |one| one.name.as_str()))
            .into(),
        facts: Facts(facts),
        thread: Thread(events(&story, Shown::All)),
        id,
    })
}

/// `GET /personas/{id}/copia.json`
pub async fn as_bundle(visit: Visit, Path(id): Path<String>) -> Answer {
    opened(&visit, &id).await?;
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let patient = access.read(cx, &Key::new("Patient", &id)).await?.value();
    access.note(cx, AuditAction::Export, &id, &format!("Patient/{id}")).await?;
    let mut found = vec![patient];
    for kind in TYPES {
        found.extend(all(&visit, kind, &id).await?);
    }
    let entry = |one: Value| json!({ "fullUrl": format!("urn:tejido:{}/{}", one.resource_type().unwrap_or_default(), one.id().unwrap_or_default()), "resource": one });
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "timestamp": cx.now.to_string(),
        "entry": found.into_iter().map(entry).collect::<Vec<_>>() });
    let headers = [
        (header::CONTENT_TYPE, "application/fhir+json; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"copia-historia.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bundle.to_bytes()).into_response())
}

/// Everything of one type in this person's record, page by page.
async fn all(visit: &Visit, kind: &str, id: &str) -> Result<Vec<Value>, Problem> {
    let pairs = [("patient".to_owned(), id.to_owned()), ("_count".to_owned(), "500".to_owned())];
    let mut query = Query::parse(&[kind], &pairs).map_err(|error| {
        tracing::error!(%error, "a copy asked a search that does not exist");
        Problem::Fault
    })?;
    let mut found = Vec::new();
    loop {
        let page = visit.state.access.search(visit.cx()?, &query).await?;
        found.extend(page.matches.iter().map(store::Stored::value));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(found);
        }
    }
}
