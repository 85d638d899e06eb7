//! Places that can be booked: what is free where, and how a Slot and an Appointment are written.

use std::collections::BTreeMap;

use access::{Access, Cx, system};
use fhir::search::Query;
use fhir::{Value, json};
use jiff::Timestamp;
use store::{Key, StoreError};

use crate::CareError;
use crate::referral::pair::{self, Named, Referral};
use crate::referral::task::replace;
use crate::resource::{code_in, id_of, mark, named, reference, synthetic};

/// More services or schedules than this no facility has.
const MANY: usize = 500;

/// A Slot that is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Id of the Slot.
    pub id: String,
    /// Its Schedule.
    pub schedule: String,
    /// The HealthcareService that the Schedule is of.
    pub offer: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// How it attends (`presencial`, …), where its schedule's keeper said so.
    pub modality: Option<String>,
    /// Words about it (who, where), as the schedule's keeper wrote them.
    pub comment: String,
}

/// Runs a search written as in a URL.
pub(crate) async fn find(
    access: &Access,
    cx: &Cx,
    resource_type: &str,
    pairs: &[(&str, String)],
) -> Result<store::SearchPage, CareError> {
    let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let query = Query::parse(&[resource_type], &pairs)
        .map_err(|_| StoreError::Search("a search of the program itself is not understood"))?;
    Ok(access.search(cx, &query).await?)
}

pub(crate) fn joined<'a>(kind: &str, ids: impl IntoIterator<Item = &'a String>) -> String {
    ids.into_iter().map(|id| format!("{kind}/{id}")).collect::<Vec<_>>().join(",")
}

/// The next free places of a service at a facility, soonest first.
///
/// # Errors
/// The gate's.
pub async fn free_places(
    access: &Access,
    cx: &Cx,
    facility: &str,
    service: &str,
    count: usize,
) -> Result<Vec<Place>, CareError> {
    let wanted = Wanted { facility, service, from: cx.now, count };
    places_from(access, cx, wanted).await
}

/// Which places are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// At this facility.
    pub facility: &'a str,
    /// Of this service (code).
    pub service: &'a str,
    /// Beginning then or later.
    pub from: Timestamp,
    /// At most so many.
    pub count: usize,
}

/// As [`free_places`], from a time on.
///
/// # Errors
/// The gate's.
pub async fn places_from(access: &Access, cx: &Cx, wanted: Wanted<'_>) -> Result<Vec<Place>, CareError> {
    let Wanted { facility, service, from, count } = wanted;
    let offers = schedules(access, cx, facility, Some(service)).await?;
    if offers.is_empty() {
        return Ok(Vec::new());
    }
    let free = [
        ("schedule", joined("Schedule", offers.keys())),
        ("status", "free".to_owned()),
        ("start", format!("ge{from}")),
        ("_sort", "start".to_owned()),
        ("_count", count.to_string()),
    ];
    let page = find(access, cx, "Slot", &free).await?;
    Ok(page.matches.iter().filter_map(|one| place(&one.value(), &offers)).collect())
}

/// What a Schedule is of.
#[derive(Clone, Debug)]
pub(crate) struct Agenda {
    /// Id of its HealthcareService.
    pub(crate) offer: String,
    /// Who attends in it, where it names one.
    pub(crate) who: Option<Named>,
}

/// The Schedules of a facility's services (of one, or of all).
pub(crate) async fn schedules(
    access: &Access,
    cx: &Cx,
    facility: &str,
    service: Option<&str>,
) -> Result<BTreeMap<String, Agenda>, CareError> {
    let mut offered = vec![("organization", format!("Organization/{facility}")), ("_count", MANY.to_string())];
    offered.extend(service.map(|code| ("specialty", format!("{}|{code}", system::SPECIALTY))));
    let offers = find(access, cx, "HealthcareService", &offered).await?;
    let offers: Vec<String> = offers.matches.into_iter().map(|one| one.key.id).collect();
    if offers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let of_these = [("actor", joined("HealthcareService", &offers)), ("_count", MANY.to_string())];
    let found = find(access, cx, "Schedule", &of_these).await?;
    let schedule = |one: &store::Stored| {
        let value = one.value();
        let offer = value.items("actor").iter().find_map(|actor| id_of(Some(actor), "HealthcareService"));
        let mut who = value.items("actor").iter().map(|actor| pair::named(Some(actor), "Practitioner"));
        (one.key.id.clone(), Agenda { offer: offer.unwrap_or_default(), who: who.find(Named::is_told) })
    };
    Ok(found.matches.iter().map(schedule).collect())
}

fn place(slot: &Value, offers: &BTreeMap<String, Agenda>) -> Option<Place> {
    let time = |name: &str| slot.text_at(&[name])?.parse().ok();
    let schedule = id_of(slot.get("schedule"), "Schedule")?;
    Some(Place {
        id: slot.id()?.to_owned(),
        offer: offers.get(&schedule).map(|one| one.offer.clone()).unwrap_or_default(),
        schedule,
        modality: slot
            .items("serviceCategory")
            .iter()
            .find_map(|one| code_in(Some(one), system::MODALITY))
            .map(str::to_owned),
        start: time("start")?,
        end: time("end")?,
        comment: slot.text_at(&["comment"]).unwrap_or_default().to_owned(),
    })
}

/// A Slot at the version that was read.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) value: Value,
    pub(crate) version: u64,
}

/// Reads a resource to change it.
pub(crate) async fn read(access: &Access, cx: &Cx, kind: &str, id: &str) -> Result<Held, CareError> {
    let stored = access.read(cx, &Key::new(kind, id)).await?;
    Ok(Held { value: stored.value(), version: stored.version })
}

/// How firmly an Appointment takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Nobody has confirmed it yet.
    Proposed,
    /// It is given.
    Booked,
}

impl Hold {
    /// `Appointment.status`, `Slot.status` and the person's `participant.status`.
    fn statuses(self) -> [&'static str; 3] {
        match self {
            Self::Proposed => ["proposed", "busy-tentative", "needs-action"],
            Self::Booked => ["booked", "busy", "accepted"],
        }
    }
}

/// The Slot held by an Appointment, or free again.
pub(crate) fn hold(slot: &Value, appointment: Option<(&str, Hold)>) -> Value {
    let mut slot = slot.clone();
    let mut others: Vec<Value> = slot
        .items("extension")
        .iter()
        .filter(|one| one.text_at(&["url"]) != Some(system::EXT_HOLDER))
        .cloned()
        .collect();
    if let Some((id, _)) = appointment {
        others.push(json!({ "url": system::EXT_HOLDER, "valueReference": reference("Appointment", id) }));
    }
    slot.set("status", appointment.map_or("free", |(_, hold)| hold.statuses()[1]));
    replace(&mut slot, "extension", (!others.is_empty()).then_some(Value::Array(others)));
    slot
}

/// The Appointment of a referral at a Slot, taken so firmly.
pub(crate) fn appointment(referral: &Referral, id: &str, slot: &Value, hold: Hold, cx: &Cx) -> Value {
    let [status, _, answer] = hold.statuses();
    let (patient, destination) = (referral.patient(), referral.destination());
    let service = referral.service();
    let facility = json!({ "url": system::EXT_FACILITY, "valueReference": named("Organization", &destination.id, &destination.name) });
    let mut made = json!({ "resourceType": "Appointment", "id": id, "meta": { "profile": [system::PROFILE_APPOINTMENT] },
        "extension": [facility], "status": status,
        "serviceType": [crate::resource::concept(system::SPECIALTY, &service.id, &service.name)],
        "start": slot.get("start"), "end": slot.get("end"), "created": cx.now.to_string(),
        "slot": [reference("Slot", slot.id().unwrap_or_default())],
        "basedOn": [reference("ServiceRequest", referral.request.id().unwrap_or_default())],
        "supportingInformation": [reference("Task", referral.id())],
        "participant": [{ "actor": named("Patient", &patient.id, &patient.name), "status": answer },
            { "actor": named("Location", &destination.id, &destination.name), "status": "accepted" }] });
    mark(&mut made, synthetic(&referral.task));
    made
}

/// A proposed Appointment, confirmed.
pub(crate) fn confirmed(appointment: &Value) -> Value {
    let [status, _, answer] = Hold::Booked.statuses();
    let mut appointment = appointment.clone();
    appointment.set("status", status);
    let mut people = appointment.items("participant").to_vec();
    people.iter_mut().for_each(|one| one.set("status", answer));
    appointment.set("participant", people);
    appointment
}
