//! A person's page: who they are, what to mind, and one timeline; and the page that asks for a
//! written reason when the caller has no other.

use access::{AccessError, Role, system};
use askama::Template;
use axum::extract::{Path, Query};
use fhir::Value;
use identity::name::fold;
use identity::{PersonCard, PersonName, Registration};
use network::Directory;
use serde::Deserialize;
use store::Key;

use crate::demography;
use crate::form::Form;
use crate::gate::{Posted, Visit, done, mend, percent, show};
use crate::pages::find::SEEKERS;
use crate::problem::{Answer, Problem};
use crate::read::{identifier, is_active, is_synthetic, list, struck, when, whole, words};
use crate::shell::{Done, Shell};
use crate::text::{Text, t};
use crate::timeline::{self, Shown, Story, told};
use crate::ui::{Chip, Chips, Facts, Note, Thread, Tone};

/// Who a page is about, as its head shows it.
pub struct Head {
    /// The whole name.
    pub name: String,
    /// `34 años · mujer · nació el 12/03/1992`.
    pub about: String,
    /// Whether the person is invented.
    pub synthetic: bool,
}

impl Head {
    /// From the Patient, as of this moment.
    pub fn of(patient: &Value, now: jiff::Timestamp) -> Self {
        let birth = patient.text_at(&["birthDate"]).unwrap_or_default();
        let age = identity::age_text(birth, identity::today(now));
        let sex = match patient.text_at(&["gender"]) {
            Some("female") => t("sexo-mujer").to_string(),
            Some("male") => t("sexo-hombre").to_string(),
            _ => String::new(),
        };
        let born = if birth.is_empty() { String::new() } else { t("nacio-el").with("fecha", when(birth)).into() };
        let about: Vec<String> =
            [age.unwrap_or_default(), sex, born].into_iter().filter(|part| !part.is_empty()).collect();
        let name = PersonName::of(patient).map_or_else(|| t("sin-nombre").into(), |name| name.printed());
        Self { name, about: about.join(" · "), synthetic: is_synthetic(patient) }
    }

    /// From the card that the index gives.
    pub fn of_card(card: &PersonCard) -> Self {
        let sex = match card.sex.as_str() {
            "female" => t("sexo-mujer").to_string(),
            "male" => t("sexo-hombre").to_string(),
            _ => String::new(),
        };
        let born = match card.birth_date.as_str() {
            "" => String::new(),
            date => t("nacio-el").with("fecha", date).into(),
        };
        let about: Vec<String> = [card.age.clone(), sex, born].into_iter().filter(|part| !part.is_empty()).collect();
        let name = if card.name.is_empty() { t("sin-nombre").into() } else { card.name.clone() };
        Self { name, about: about.join(" · "), synthetic: card.synthetic }
    }
}

#[derive(Template)]
#[template(path = "pages/persona.html")]
struct PersonPage {
    shell: Shell,
    id: String,
    head: Head,
    alerts: Vec<Note>,
    facts: Facts,
    chips: Chips,
    thread: Thread,
    /// Where the older events are, and the newest.
    ways: Vec<(String, Text)>,
    medicines: Vec<String>,
    problems: Vec<String>,
    recent: Vec<String>,
    /// Whether the caller attends and refers.
    attends: bool,
    /// Whether the caller registers and corrects.
    registers: bool,
}

/// What of the timeline is asked for.
#[derive(Deserialize)]
pub struct Asked {
    ver: Option<String>,
    antes: Option<String>,
}

/// `GET /personas/{id}`
pub async fn show_person(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    opened(&visit, &id).await?;
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let patient = access.read(cx, &Key::new("Patient", &id)).await?.value();
    let about = [("patient", id.as_str())];
    let (shown, before) = (asked.ver.unwrap_or_default(), asked.antes.unwrap_or_default());
    let code = Shown::from_code(&shown);
    let story = story_of(&visit, &id, (code, &before)).await?;
    let allergies = list(access, cx, "AllergyIntolerance", &about).await?;
    let medicines = list(access, cx, "MedicationStatement", &about).await?;
    let (problems, recent) = timeline::diagnoses(&story.conditions);
    let (events, older) = timeline::page(&story, code, &before);
    show(&PersonPage {
        shell: visit.shell(t("persona-titulo")).back("/personas", t("volver-personas")),
        id: id.clone(),
        attends: matches!(cx.role, Role::Nurse | Role::Doctor),
        registers: SEEKERS.contains(&cx.role),
        head: Head::of(&patient, cx.now),
        alerts: allergies.iter().filter(|one| is_active(one)).map(alert).chain(doubt(&patient)).collect(),
        facts: facts(&visit, &patient).await?,
        chips: chips(&id, code),
        thread: Thread(events),
        ways: ways(&id, &shown, (&before, older)),
        medicines: told(&timeline::medicines(&medicines)),
        recent: recent.into_iter().map(|(at, words)| format!("{}: {words}", when(&at))).collect(),
        problems: told(&problems),
    })
}

/// Opens a record, or leads to the page that asks for a reason.
pub async fn opened(visit: &Visit, id: &str) -> Result<(), Problem> {
    match visit.state.access.open_record(visit.cx()?, id).await {
        Err(AccessError::ReasonNeeded { .. }) => Err(Problem::Again(format!("/personas/{id}/razon"))),
        opened => opened.map(|_| ()).map_err(Problem::from),
    }
}

/// What a page of an open record's timeline is made of: every event, and of its own visits what was
/// measured and why they were struck.
async fn story_of(visit: &Visit, id: &str, (shown, before): (Shown, &str)) -> Result<Story, Problem> {
    let story = outline(visit, id).await?;
    let visits: Vec<Value> = timeline::visits(&story, shown, before).into_iter().cloned().collect();
    let named: Vec<String> = visits.iter().filter_map(|one| Some(format!("Encounter/{}", one.id()?))).collect();
    let observations = match named.as_slice() {
        [] => Vec::new(),
        _ => list(&visit.state.access, visit.cx()?, "Observation", &[("encounter", &named.join(","))]).await?,
    };
    Ok(Story { reasons: reasons(visit, &visits).await?, observations, ..story })
}

/// Every event of a record, without what was measured.
pub async fn outline(visit: &Visit, id: &str) -> Result<Story, Problem> {
    let (access, cx, of) = (&visit.state.access, visit.cx()?, [("patient", id)]);
    let answers = [("patient", id), ("type", "http://loinc.org|11488-4")];
    let mut treatments = list(access, cx, "MedicationRequest", &of).await?;
    treatments.extend(list(access, cx, "MedicationDispense", &of).await?);
    Ok(Story {
        encounters: whole(access, cx, "Encounter", &of).await?,
        conditions: list(access, cx, "Condition", &of).await?,
        requests: list(access, cx, "ServiceRequest", &of).await?,
        tasks: list(access, cx, "Task", &of).await?,
        appointments: list(access, cx, "Appointment", &of).await?,
        answers: list(access, cx, "Composition", &answers).await?,
        treatments,
        ..Story::default()
    })
}

/// Why visits were struck: the Provenances that name them.
pub async fn reasons(visit: &Visit, encounters: &[Value]) -> Result<Vec<Value>, Problem> {
    let of = |one: &Value| Some(format!("Encounter/{}", one.id()?));
    let targets: Vec<String> = encounters.iter().filter(|one| struck(one)).filter_map(of).collect();
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    list(&visit.state.access, visit.cx()?, "Provenance", &[("target", &targets.join(","))]).await
}

fn alert(allergy: &Value) -> Note {
    let severe = allergy.text_at(&["criticality"]) == Some("high");
    let to = words(allergy.get("code"));
    let strong = if severe { t("alergia-grave").with("a", to) } else { t("alergia").with("a", to) };
    Note::new(if severe { Tone::Stop } else { Tone::Warn }, strong, "")
}

/// Who somebody lives with: names of the household's members whom the caller may see.
async fn household(visit: &Visit, id: &str) -> Result<String, Problem> {
    let (access, cx) = (&visit.state.access, visit.cx()?);
    let home = format!("{}|hogar", system::KIND);
    let groups = list(access, cx, "Group", &[("member", &format!("Patient/{id}")), ("code", &home)]).await?;
    let members = groups.iter().flat_map(|group| group.items("member"));
    let mut keys: Vec<Key> = members
        .filter(|one| one.get("inactive").and_then(Value::as_bool) != Some(true))
        .filter_map(|one| one.text_at(&["entity", "reference"])?.strip_prefix("Patient/"))
        .filter(|other| *other != id)
        .map(|other| Key::new("Patient", other))
        .collect();
    keys.sort();
    keys.dedup();
    let found: Vec<Value> = access.read_many(cx, &keys).await?.iter().map(store::Stored::value).collect();
    let names = found.iter().filter_map(PersonName::of).map(|name| name.printed());
    Ok(names.collect::<Vec<_>>().join(", "))
}

/// That the CUI is in doubt, and why.
fn doubt(patient: &Value) -> Option<Note> {
    let why = Registration::of(patient).cui_doubt;
    (!why.is_empty()).then(|| Note::new(Tone::Warn, t("duda-cui"), why))
}

/// Who somebody is beyond the name: numbers, language, where they live and with whom.
async fn facts(visit: &Visit, patient: &Value) -> Result<Facts, Problem> {
    let household = household(visit, patient.id().unwrap_or_default()).await?;
    let lives_with = Some((t("dato-hogar").into(), household)).filter(|(_, names)| !names.is_empty());
    Ok(Facts(told_by(visit, patient).await?.into_iter().chain(lives_with).collect()))
}

/// What the Patient alone tells of who somebody is, for paper too: with whom they live is nobody's
/// business on the way.
pub async fn told_by(visit: &Visit, patient: &Value) -> Result<Vec<(String, String)>, Problem> {
    let said = Registration::of(patient);
    let [community, post, pueblo] = visit.state.network().await?.with(|directory: &Directory| {
        [("community", &said.community), ("post", &said.post), ("pueblo", &said.pueblo)]
            .map(|(name, value)| demography::in_words(directory, name, value))
    });
    let language = patient.items("communication").first();
    let language = language.map(|one| demography::language(&words(one.get("language"))));
    // Whoever sent the record may know the place by its name alone.
    let municipality = match said.municipality.as_str() {
        "" => said.municipality_name,
        code => demography::municipality(code),
    };
    let own = |of: &str| identifier(patient, of).unwrap_or_default().to_owned();
    let last = |text: String, cut: char| text.rsplit(cut).next().unwrap_or_default().to_owned();
    let passport = own(system::PASSPORT);
    let passport = passport.split_once(':').map(|(land, number)| format!("{number} ({land})")).unwrap_or(passport);
    let newborn = match said.mother_cui.as_str() {
        "" => String::new(),
        mother => t("dato-recien-nacido-de").with("cui", mother).with("orden", said.birth_order).into(),
    };
    let cui = if said.cui_doubt.is_empty() { own(system::CUI) } else { t("dato-en-duda").with("cui", said.cui).into() };
    let rows = [
        (t("dato-cui"), cui),
        (t("dato-recien-nacido"), newborn),
        (t("dato-pasaporte"), passport),
        (t("dem-doc-extranjero"), own(system::FOREIGN_ID)),
        (t("dem-igss"), own(system::IGSS_NUMBER)),
        (t("dem-nit"), own(system::NIT)),
        (t("dato-expediente"), last(own(system::FILE_NUMBER), '/')),
        (t("dato-idioma"), language.unwrap_or_default()),
        (t("dato-vive"), home(&said.address, community, &municipality)),
        (t("dem-puesto"), post),
        (t("dem-pueblo"), pueblo),
        (t("dato-telefono"), said.phone),
    ];
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(rows.map(|(name, value)| (name.to_string(), value)).collect())
}

/// From one page of the timeline to the next, and back to the newest.
fn ways(id: &str, shown: &str, (before, older): (&str, Option<String>)) -> Vec<(String, Text)> {
    let shown = percent(shown);
    let older = older.map(|at| (format!("/personas/{id}?ver={shown}&antes={}", percent(&at)), t("historia-antiguo")));
    let newest = (!before.is_empty()).then(|| (format!("/personas/{id}?ver={shown}"), t("historia-reciente")));
    older.into_iter().chain(newest).collect()
}

/// Where somebody lives, from the door to the department; what the address says is said once.
fn home(address: &str, community: String, municipality: &str) -> String {
    let apart = |part: &String| !fold(address).contains(&fold(part));
    let rest = [Some(community).filter(apart), Some(municipality.to_owned())];
    let parts = [address.to_owned()].into_iter().chain(rest.into_iter().flatten());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn chips(id: &str, shown: Shown) -> Chips {
    let of = [
        ("", t("ver-todo"), Shown::All),
        ("?ver=consultas", t("ver-consultas"), Shown::Visits),
        ("?ver=tratamientos", t("ver-tratamientos"), Shown::Treatments),
        ("?ver=referencias", t("ver-referencias"), Shown::Referrals),
        ("?ver=citas", t("ver-citas"), Shown::Appointments),
        ("?ver=tareas", t("ver-tareas"), Shown::Tasks),
    ];
    let chip = |(query, text, which)| Chip {
        href: format!("/personas/{id}{query}"),
        text: Text::into(text),
        current: which == shown,
    };
    Chips { label: t("filtrar-historia").into(), chips: of.into_iter().map(chip).collect() }
}

#[derive(Template)]
#[template(path = "pages/razon.html")]
struct ReasonPage {
    shell: Shell,
    form: Form,
    head: Head,
    id: String,
}

/// The page that asks for the reason, with what was typed.
async fn reason_page(visit: &Visit, id: &str, form: Form) -> Result<ReasonPage, Problem> {
    let cx = visit.cx()?;
    let patient = visit.state.access.read(cx, &Key::new("Patient", id)).await?.value();
    let shell = visit.shell(t("razon-titulo")).back("/personas", t("volver-personas"));
    Ok(ReasonPage { shell, form, head: Head::of(&patient, cx.now), id: id.to_owned() })
}

/// `GET /personas/{id}/razon`
pub async fn show_reason(visit: Visit, Path(id): Path<String>) -> Answer {
    show(&reason_page(&visit, &id, Form::default()).await?)
}

/// `POST /personas/{id}/razon`
pub async fn give_reason(visit: Visit, Path(id): Path<String>, Posted(mut form): Posted) -> Answer {
    let reason = form.required("razon", 1000, t("razon-falta"));
    if form.ok() {
        match visit.state.access.break_glass(visit.cx()?, &id, &reason).await {
            Ok(()) => return done(&visit, &format!("/personas/{id}"), Done::RecordOpened),
            Err(AccessError::Rule(_)) => form.error("razon", t("razon-corta")),
            Err(error) => return Err(error.into()),
        }
    }
    mend(&reason_page(&visit, &id, form).await?)
}
