//! A facility's page: what is known of it, and in plain words what is not.

use askama::Template;
use axum::extract::Path;
use jiff::{SignedDuration, Timestamp};
use network::{Directory, Facility, Place, Service};

use crate::format::{date_time, number};
use crate::gate::{Visit, show};
use crate::pages::{facility_edit, service_edit};
use crate::problem::{Answer, Problem};
use crate::shell::Shell;
use crate::text::{Text, t};
use crate::ui::{Facts, Note, Tone};

/// So many places of those served are named.
const PLACES: usize = 40;
/// Days in which free places are counted.
const DAYS: i64 = 30;
/// More free places than this are not counted.
const MOST: usize = 1000;

struct Offering {
    id: String,
    name: String,
    how: String,
    free: String,
    first: String,
    synthetic: bool,
}

struct Onward {
    service: String,
    id: String,
    name: String,
    synthetic: bool,
    distance: String,
    first: String,
}

#[derive(Template)]
#[template(path = "pages/establecimiento.html")]
struct FacilityPage {
    shell: Shell,
    name: String,
    synthetic: bool,
    notes: Vec<Note>,
    facts: Facts,
    offers: Vec<Offering>,
    serves: Vec<String>,
    more: String,
    onward: Vec<Onward>,
    managers: Vec<(Option<String>, String)>,
    children: Vec<(String, String, bool)>,
    /// Where the caller mends it, and where what it offers.
    edit: Option<String>,
    services: Option<String>,
}

/// `GET /red/{id}`
pub async fn show_facility(visit: Visit, Path(id): Path<String>) -> Answer {
    let now = visit.cx()?.now;
    let live = visit.state.network().await?;
    let page = live.with(|directory| facility_page(&visit, directory, &id, now)).ok_or(Problem::NotFound)?;
    show(&page)
}

fn facility_page(visit: &Visit, directory: &Directory, id: &str, now: Timestamp) -> Option<FacilityPage> {
    let page = directory.page(id, now)?;
    let facility = page.facility;
    let serves: Vec<String> = page.serves.iter().map(|place| place_text(place)).collect();
    let managers = page
        .managers
        .iter()
        .map(|(id, name)| (directory.facility(id).map(|one| format!("/red/{}", one.id())), (*name).to_owned()));
    let onward = page.refers_to.iter().map(|offer| Onward {
        service: offer.service.specialty_name().to_owned(),
        id: offer.facility.id(),
        name: offer.facility.name.clone(),
        synthetic: offer.facility.synthetic,
        distance: offer.distance.text(),
        first: offer.next_free.map_or_else(|| t("est-ninguno-libre").to_string(), date_time),
    });
    let children = directory.children(id);
    let cx = visit.cx().ok()?;
    let mends = facility_edit::EDITORS.contains(&cx.role) && facility.institution == cx.institution;
    Some(FacilityPage {
        shell: visit.shell(t("est-titulo")).back("/red", t("est-volver")),
        name: facility.name.clone(),
        synthetic: facility.synthetic,
        notes: notes(facility),
        facts: facts(facility, &page.within),
        offers: page.services.iter().map(|service| offering(directory, service, now)).collect(),
        more: more_than(PLACES, serves.len()),
        serves: serves.into_iter().take(PLACES).collect(),
        onward: onward.collect(),
        managers: managers.filter(|(_, name)| !name.is_empty()).collect(),
        edit: mends.then(|| format!("/red/{id}/editar")),
        services: service_edit::may_edit(cx, facility).then(|| format!("/red/{id}/servicios")),
        children: children.iter().map(|one| (one.id(), one.name.clone(), one.synthetic)).collect(),
    })
}

fn more_than(shown: usize, all: usize) -> String {
    if all > shown { t("est-lugares-mas").with("n", all - shown).into() } else { String::new() }
}

fn notes(facility: &Facility) -> Vec<Note> {
    let mut notes = Vec::new();
    if !facility.active {
        notes.push(Note::new(Tone::Stop, t("est-cerrado"), t("est-cerrado-que")));
    }
    if !facility.verified && !facility.synthetic {
        notes.push(Note::new(Tone::Warn, t("est-sin-verificar"), t("est-sin-verificar-que")));
    }
    notes
}

/// Where a facility stands: the places around it, from the smallest up.
pub fn within<'a>(directory: &'a Directory, facility: &Facility) -> Vec<&'a Place> {
    directory.page(&facility.id(), Timestamp::UNIX_EPOCH).map(|page| page.within).unwrap_or_default()
}

/// What is known of a facility.
pub fn facts(facility: &Facility, within: &[&Place]) -> Facts {
    let or = |known: &str, unknown: Text| if known.is_empty() { unknown.to_string() } else { known.to_owned() };
    let places: Vec<&str> = within.iter().map(|place| place.name.as_str()).collect();
    let level = Some(facility.level()).filter(|level| *level > 0).map(|level| level.to_string()).unwrap_or_default();
    let point = facility.position.map(|point| format!("{:.4}, {:.4}", point.lat, point.lon)).unwrap_or_default();
    let rows = [
        (t("est-tipo"), or(facility.type_name(), t("est-no-tipo"))),
        (t("est-institucion"), or(&facility.institution, t("red-no-se-conoce"))),
        (t("est-nivel"), or(&level, t("est-no-nivel"))),
        (t("est-donde"), or(&places.join(", "), t("est-no-lugar"))),
        (t("est-direccion"), or(&facility.address, t("est-no-direccion"))),
        (t("est-telefono"), or(&facility.phone, t("est-no-telefono"))),
        (t("est-coordenadas"), or(&point, t("est-no-coordenadas"))),
        (t("est-codigo"), facility.code.clone()),
    ];
    Facts(rows.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

fn offering(directory: &Directory, service: &Service, now: Timestamp) -> Offering {
    let end = now + SignedDuration::from_hours(24 * DAYS);
    let free = directory.free_slots(&service.id, now, MOST);
    let soon = free.iter().filter(|(_, start)| *start < end).count();
    let agenda = directory.service(&service.id).is_some_and(|one| one.minutes > 0);
    let how: Vec<String> = service.modalities.iter().map(|code| modality(code)).collect();
    let count = match (service.active, agenda, soon) {
        (false, ..) => t("est-inactivo").to_string(),
        (_, false, 0) => t("est-sin-agenda").to_string(),
        _ => number(f64::from(u32::try_from(soon).unwrap_or(u32::MAX))),
    };
    Offering {
        id: service.id.clone(),
        name: service.specialty_name().to_owned(),
        how: if how.is_empty() { t("est-sin-modalidad").into() } else { how.join(", ") },
        free: count,
        first: free.first().map(|(_, start)| date_time(*start)).unwrap_or_default(),
        synthetic: service.synthetic,
    }
}

/// How a service attends, in words.
pub fn modality(code: &str) -> String {
    match code {
        "presencial" => t("est-modalidad-presencial").into(),
        "jornada" => t("est-modalidad-jornada").into(),
        "teleconsulta" => t("est-modalidad-tele").into(),
        other => other.to_owned(),
    }
}

fn place_text(place: &Place) -> String {
    let people = place.population.map(|n| t("est-personas").with("n", n).to_string());
    let parts = [Some(format!("{} {}", place.level.label(), place.name)), people];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
