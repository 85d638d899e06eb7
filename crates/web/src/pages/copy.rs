//! The person's own copy of their record: to be printed, and as a FHIR Bundle. What the caller may
//! not see is not in it; each copy is written down as taken out.

use askama::Template;
use axum::extract::Path;
use axum::http::header;
use axum::response::IntoResponse;
use fhir::{Value, json};
use identity::Registration;
use network::Directory;
use store::{AuditAction, Key};

use crate::demography;
use crate::format::date_time;
use crate::gate::{Visit, show};
use crate::pages::person::{Head, opened, outline};
use crate::problem::{Answer, Problem};
use crate::read::{list, whole};
use crate::shell::Shell;
use crate::text::t;
use crate::timeline::{self, Known, Shown, Story, events, told};
use crate::ui::{Facts, Thread};

/// The types of a record that a copy holds besides the Patient.
const TYPES: [&str; 16] = [
    "AllergyIntolerance",
    "Appointment",
    "Composition",
    "Condition",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "Immunization",
    "MedicationDispense",
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
    /// Allergies, medicines, problems.
    known: Facts,
    thread: Thread,
}

/// `GET /personas/{id}/copia`
pub async fn show_copy(visit: Visit, Path(id): Path<String>) -> Answer {
    opened(&visit, &id).await?;
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let patient = access.read(cx, &Key::new("Patient", &id)).await?.value();
    access.note(cx, AuditAction::Print, &id, &format!("Patient/{id}")).await?;
    let story = story(&visit, &id).await?;
    let known = known(&visit, &id, &story).await?;
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
        known,
        thread: Thread(events(&story, Shown::All)),
        id,
    })
}

/// The whole history: struck visits are told as struck, nothing of them is.
async fn story(visit: &Visit, id: &str) -> Result<Story, Problem> {
    let (access, cx, of) = (&visit.state.access, visit.cx()?, [("patient", id)]);
    Ok(Story {
        reasons: whole(access, cx, "Provenance", &of).await?,
        observations: list(access, cx, "Observation", &of).await?,
        ..outline(visit, id).await?
    })
}

/// What holds at every visit.
async fn known(visit: &Visit, id: &str, story: &Story) -> Result<Facts, Problem> {
    // A visit that was moved is another person's: what was entered in error is not told.
    let (access, cx, of) = (&visit.state.access, visit.cx()?, [("patient", id)]);
    let allergies = list(access, cx, "AllergyIntolerance", &of).await?;
    let allergies = timeline::allergies(&allergies);
    let medicines = timeline::medicines(&list(access, cx, "MedicationStatement", &of).await?);
    let (problems, _) = timeline::diagnoses(&story.conditions);
    let rows = [(t("atender-alergias"), allergies), (t("medicamentos"), medicines), (t("persona-problemas"), problems)];
    let row = |(label, list): (crate::text::Text, Vec<Known>)| {
        (label.into(), if list.is_empty() { t("ninguno-anotado").into() } else { told(&list).join(". ") })
    };
    Ok(Facts(Vec::from(rows.map(row))))
}

/// `GET /personas/{id}/copia.json`
pub async fn as_bundle(visit: Visit, Path(id): Path<String>) -> Answer {
    opened(&visit, &id).await?;
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let patient = access.read(cx, &Key::new("Patient", &id)).await?.value();
    access.note(cx, AuditAction::Export, &id, &format!("Patient/{id}")).await?;
    let mut found = vec![patient];
    for kind in TYPES {
        found.extend(list(access, cx, kind, &[("patient", id.as_str())]).await?);
    }
    // Absolute, so that the references between them resolve (R4, Bundle: resolving references).
    let base = format!("{}/fhir", visit.site);
    let entry = |one: Value| {
        let (kind, id) = (one.resource_type().unwrap_or_default(), one.id().unwrap_or_default());
        json!({ "fullUrl": format!("{base}/{kind}/{id}"), "resource": one })
    };
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "timestamp": cx.now.to_string(),
        "entry": found.into_iter().map(entry).collect::<Vec<_>>() });
    let headers = [
        (header::CONTENT_TYPE, "application/fhir+json; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"copia-historia.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bundle.to_bytes()).into_response())
}
