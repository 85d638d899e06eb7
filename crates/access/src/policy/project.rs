//! From one resource to its access facts. Each resource speaks for itself alone, so that a rebuild
//! gives what live writing gave.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use fhir::Value;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use store::{Facts, Projector, Reason, Share};

use super::Sharing;
use super::bits::{LABELLED, Label, MIXED, class, reason};
use super::roles::is_directory;
use super::sensitive::POLICY;
use crate::system;

/// A label that this program does not know, or `R`/`V` confidentiality: treating team only.
const RESTRICTED: u32 = 1 << 30;

/// The access facts of Tejido's resources.
#[derive(Clone, Copy, Debug, Default)]
pub struct TejidoProjector;

impl Projector for TejidoProjector {
    fn project(&self, resource: &Value) -> Facts {
        let resource_type = resource.resource_type().unwrap_or_default();
        let directory = is_directory(resource_type);
        let (patient, several) = about(resource, resource_type, directory);
        let mixed = several || (patient.is_none() && speaks_of_somebody(resource, resource_type, directory));
        let mut facts = Facts {
            // A resource of the record that nobody keeps is nobody's to see.
            custodian: (!directory || patient.is_some()).then(|| custodian(resource).unwrap_or_default().to_owned()),
            labels: labels(resource) | if mixed { MIXED } else { 0 },
            patient,
            ..Facts::default()
        };
        if let Some(patient) = facts.patient.clone() {
            let keeper = facts.custodian.clone().unwrap_or_default();
            let shift = if facts.labels == 0 { 0 } else { LABELLED };
            let mut grant = Grant { patient, keeper, shift, facts: &mut facts };
            match resource_type {
                "Patient" => grant.registered(resource),
                "Encounter" => grant.encounter(resource),
                "EpisodeOfCare" => grant.episode(resource),
                "Appointment" if claims(resource, system::PROFILE_APPOINTMENT) => grant.appointment(resource),
                "Task" if is_referral(resource) => grant.referral(resource),
                _ => {}
            }
        }
        facts.reasons.sort();
        facts.reasons.dedup();
        facts.shares.sort();
        facts.shares.dedup();
        facts
    }

    fn version(&self) -> u32 {
        4
    }
}

/// The custodian that a resource names.
pub fn custodian(resource: &Value) -> Option<&str> {
    security(resource).find_map(|(system, code)| (system == system::CUSTODIAN).then_some(code))
}

/// The institution that a facility (Organization) belongs to.
pub fn institution(organization: &Value) -> Option<&str> {
    let mut all = organization.items("extension").iter();
    let said = all.find(|one| one.text_at(&["url"]) == Some(system::EXT_INSTITUTION));
    said.and_then(|one| one.text_at(&["valueCode"])).or_else(|| custodian(organization))
}

/// The sensitivity bits that a resource names.
pub(crate) fn labels(resource: &Value) -> u32 {
    security(resource).fold(0, |bits, coding| {
        bits | match coding {
            (system::SENSITIVITY, code) => {
                Label::ALL.into_iter().find(|label| label.code() == code).map_or(RESTRICTED, Label::bit)
            }
            ("http://terminology.hl7.org/CodeSystem/v3-ActCode", code) => match code {
                "HIV" => Label::Hiv.bit(),
                "SDV" | "DVD" => Label::Violence.bit(),
                "PSY" | "MH" => Label::MentalHealth.bit(),
                "ETH" | "ETHUD" | "OPIOIDUD" | "SUD" => Label::Substances.bit(),
                "SEX" | "STD" => Label::AdolescentSexualHealth.bit(),
                // The codes of ActCode that a security label may carry and that name no class of ours.
                _ => RESTRICTED,
            },
            ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R" | "V") => RESTRICTED,
            _ => 0,
        }
    })
}

/// The codings of `meta.security` that make a resource sensitive.
pub(crate) fn label_codings(resource: &Value) -> Vec<Value> {
    let codings = resource.get("meta").map(|meta| meta.items("security")).unwrap_or_default();
    let alone = |coding: &&Value| labels(&fhir::json!({ "meta": { "security": [(*coding).clone()] } })) != 0;
    codings.iter().filter(alone).cloned().collect()
}

fn security(resource: &Value) -> impl Iterator<Item = (&str, &str)> {
    let codings = resource.get("meta").map(|meta| meta.items("security")).unwrap_or_default();
    codings.iter().filter_map(|coding| Some((coding.text_at(&["system"])?, coding.text_at(&["code"])?)))
}

/// The patient that a resource is about.
pub(crate) fn patient_of(resource: &Value) -> Option<String> {
    let resource_type = resource.resource_type()?;
    about(resource, resource_type, is_directory(resource_type)).0
}

/// Every patient that a resource points to anywhere.
fn references_to_patients(resource: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(resource, &mut |reference| {
        if let Some(id) = target(reference, "Patient") {
            found.insert(id.to_owned());
        }
    });
    found
}

/// Whom a resource is about, and whether it is about several people without belonging to one: by
/// the Patient compartment (R4 §2.31), else by any reference to a Patient at all.
fn about(resource: &Value, resource_type: &str, directory: bool) -> (Option<String>, bool) {
    if resource_type == "Patient" {
        return (resource.id().map(str::to_owned), false);
    }
    for path in compartment_paths().get(resource_type).map(Vec::as_slice).unwrap_or_default() {
        let mut found = None;
        follow(resource, path, &mut |reference| {
            if found.is_none() {
                found = target(reference, "Patient").map(str::to_owned);
            }
        });
        if found.is_some() {
            return (found, false);
        }
    }
    if directory {
        return (None, false);
    }
    let all = references_to_patients(resource);
    let mixed = all.len() > 1;
    (all.into_iter().next(), mixed)
}

/// Whether a resource that names nobody by a literal reference may still speak of somebody: a type of
/// the Patient compartment, a Binary, or one whose owner is named in another way (a Task's `for` by
/// number). Agreements between institutions are about nobody.
fn speaks_of_somebody(resource: &Value, resource_type: &str, directory: bool) -> bool {
    match resource_type {
        _ if directory => false,
        "Task" => resource.get("for").is_some(),
        "Device" => resource.get("patient").is_some(),
        "Binary" => true,
        "Consent" => !Sharing::is_agreement(resource),
        _ => compartment_paths().contains_key(resource_type),
    }
}

/// For each type, the paths of the references that tie it to a patient, the owner's first.
fn compartment_paths() -> &'static HashMap<&'static str, Vec<Vec<&'static str>>> {
    static PATHS: OnceLock<HashMap<&'static str, Vec<Vec<&'static str>>>> = OnceLock::new();
    PATHS.get_or_init(|| {
        let mut paths: HashMap<&'static str, Vec<Vec<&'static str>>> = HashMap::new();
        let compartment = fhir::schema::r4().compartment("Patient").expect("R4 defines the Patient compartment");
        for (&resource_type, codes) in &compartment.members {
            let mine = paths.entry(resource_type).or_default();
            for code in codes {
                let parameters = fhir::schema::r4().search_parameters().iter();
                for parameter in parameters.filter(|one| one.code == *code && one.base.contains(&resource_type)) {
                    mine.extend(paths_of(parameter.expression.unwrap_or_default(), resource_type));
                }
            }
            let owner = |path: &Vec<&str>| !matches!(path[0], "subject" | "patient" | "beneficiary" | "individual");
            mine.sort_by_key(owner);
        }
        // R4's compartment leaves these out though they are about a person.
        paths.insert("Task", vec![vec!["for"]]);
        paths.insert("Device", vec![vec!["patient"]]);
        paths
    })
}

/// The parts of `A.b | B.c.where(resolve() is Patient)` for one type. All expressions of the
/// Patient compartment have this form; a test says so.
fn paths_of(expression: &'static str, resource_type: &str) -> Vec<Vec<&'static str>> {
    let parts = expression.split('|').map(str::trim);
    let mine = parts.filter_map(|part| part.strip_prefix(resource_type)?.strip_prefix('.'));
    mine.map(|path| path.split(".where(").next().unwrap_or_default().split('.').collect()).collect()
}

/// Calls `on` with each reference at the end of the path.
fn follow<'a>(value: &'a Value, path: &[&str], on: &mut impl FnMut(&'a str)) {
    match path {
        [] => on(value.text_at(&["reference"]).unwrap_or_default()),
        [name, rest @ ..] => value.items(name).iter().for_each(|item| follow(item, rest, on)),
    }
}

/// Calls `on` with each reference anywhere inside.
fn walk<'a>(value: &'a Value, on: &mut impl FnMut(&'a str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, on)),
        Value::Object(object) => object.iter().for_each(|(name, value)| match value {
            Value::String(text) if name == "reference" => on(text),
            _ => walk(value, on),
        }),
        _ => {}
    }
}

/// The id in `Type/id`, with or without a base before it and a version behind it.
fn target<'a>(reference: &'a str, resource_type: &str) -> Option<&'a str> {
    split(reference).filter(|(found, _)| *found == resource_type).map(|(_, id)| id)
}

/// Type and id of a literal reference.
pub(crate) fn split(reference: &str) -> Option<(&str, &str)> {
    let whole = reference.split("/_history/").next().unwrap_or_default();
    let (before, id) = whole.rsplit_once('/')?;
    let resource_type = before.rsplit('/').next().unwrap_or_default();
    (fhir::is_id(id) && fhir::schema::r4().is_resource(resource_type)).then_some((resource_type, id))
}

/// The period that a FHIR date, dateTime or instant covers, microseconds, half open; without a zone
/// it is Guatemala's.
pub(crate) fn instant(text: &str) -> Option<(i64, i64)> {
    if text.contains('T') {
        let start = text.parse::<Timestamp>().ok()?.as_microsecond();
        return Some((start, start.saturating_add(1)));
    }
    let (year, month, day) = fhir::date(text)?;
    let first = Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok()?;
    let after = match (month, day) {
        (_, Some(_)) => first.tomorrow(),
        (Some(_), None) => first.last_of_month().tomorrow(),
        (None, None) => first.last_of_year().tomorrow(),
    };
    let micros = |date: Date| fhir::zone::midnight(date).map(Timestamp::as_microsecond);
    Some((micros(first)?, after.ok().and_then(micros).unwrap_or(i64::MAX)))
}

fn after_days(micros: i64, days: i64) -> i64 {
    micros.saturating_add(i64::try_from(SignedDuration::from_hours(24 * days).as_micros()).unwrap_or(i64::MAX))
}

/// Whether a resource says that it follows a profile.
pub(crate) fn claims(resource: &Value, profile: &str) -> bool {
    let profiles = resource.get("meta").map(|meta| meta.items("profile")).unwrap_or_default();
    profiles.iter().any(|one| one.as_str() == Some(profile))
}

/// Whether a Task is a referral that `care` governs: only such a Task opens or shows anything.
fn is_referral(task: &Value) -> bool {
    let kind = |coding: &Value| {
        coding.text_at(&["system"]) == Some(system::TASK_KIND) && coding.text_at(&["code"]) == Some("referencia")
    };
    claims(task, system::PROFILE_REFERRAL_TASK)
        && task.get("code").is_some_and(|code| code.items("coding").iter().any(kind))
}

/// The Organizations that a member or a facility extension names.
fn facilities<'a>(resource: &'a Value, members: &[&str]) -> BTreeSet<&'a str> {
    let named = members.iter().flat_map(|name| resource.items(name));
    let extended = extensions(resource, system::EXT_FACILITY);
    named.chain(extended).filter_map(|one| target(one.text_at(&["reference"])?, "Organization")).collect()
}

fn extensions<'a>(resource: &'a Value, url: &'static str) -> impl Iterator<Item = &'a Value> {
    let all = resource.items("extension").iter();
    all.filter(move |one| one.text_at(&["url"]) == Some(url)).filter_map(|one| one.get("valueReference"))
}

/// Adds what a resource gives to its facts.
struct Grant<'a> {
    patient: String,
    keeper: String,
    /// How far up the bits of a labelled source lie.
    shift: u32,
    facts: &'a mut Facts,
}

impl Grant<'_> {
    fn reason(&mut self, grantee: &str, kind: u32, from: i64, until: i64) {
        let patient = self.patient.clone();
        let (grantee, kind) = (super::grantee(&self.keeper, grantee), kind << self.shift);
        self.facts.reasons.push(Reason { patient, grantee, kind, from, until });
    }

    fn registered(&mut self, patient: &Value) {
        let posts = extensions(patient, system::EXT_ASSIGNED_POST);
        let own = posts.filter_map(|post| target(post.text_at(&["reference"])?, "Organization"));
        let keepers = facilities(patient, &["managingOrganization", "generalPractitioner"]);
        for facility in own.chain(keepers).collect::<BTreeSet<_>>() {
            self.reason(facility, reason::REGISTERED, i64::MIN, i64::MAX);
        }
    }

    fn encounter(&mut self, encounter: &Value) {
        if matches!(encounter.text_at(&["status"]), Some("planned" | "cancelled" | "entered-in-error")) {
            return;
        }
        let from = encounter.text_at(&["period", "start"]).and_then(instant).map_or(i64::MIN, |range| range.0);
        for facility in facilities(encounter, &["serviceProvider"]) {
            self.reason(facility, reason::ENCOUNTER, from, i64::MAX);
        }
    }

    fn episode(&mut self, episode: &Value) {
        if matches!(episode.text_at(&["status"]), Some("planned" | "cancelled" | "entered-in-error")) {
            return;
        }
        let end = episode.text_at(&["period", "end"]).and_then(instant);
        let until = end.map_or(i64::MAX, |range| after_days(range.1, POLICY.shared_days));
        for facility in facilities(episode, &["managingOrganization"]) {
            self.reason(facility, reason::EPISODE, i64::MIN, until);
        }
    }

    fn appointment(&mut self, appointment: &Value) {
        if matches!(appointment.text_at(&["status"]), Some("proposed" | "cancelled" | "entered-in-error")) {
            return;
        }
        let end = ["end", "start"].iter().find_map(|name| appointment.text_at(&[name])).and_then(instant);
        let until = end.map_or(i64::MAX, |range| after_days(range.1, POLICY.shared_days));
        for facility in facilities(appointment, &[]) {
            self.reason(facility, reason::APPOINTMENT, i64::MIN, until);
        }
    }

    /// A referral: a reason for both facilities (it opens their own institution's records only,
    /// see [`super::visibility`]), and single resources shown to both.
    fn referral(&mut self, task: &Value) {
        let status = task.text_at(&["status"]).unwrap_or_default();
        let from = task.text_at(&["authoredOn"]).and_then(instant).map_or(i64::MIN, |range| range.0);
        if status == "entered-in-error" {
            return;
        }
        // A draft, also one discarded before it was sent, is the writer's alone.
        if status == "draft" || task.text_at(&["businessStatus", "coding", "code"]) == Some("descartada") {
            for facility in facilities(task, &["requester"]) {
                self.reason(facility, reason::DRAFT, from, i64::MAX);
            }
            return;
        }
        let until = match status {
            "completed" | "cancelled" | "rejected" | "failed" => {
                let closed = task.text_at(&["lastModified"]);
                after_days(closed.and_then(instant).map_or(from, |range| range.1), POLICY.shared_days)
            }
            _ => i64::MAX,
        };
        let patient = self.patient.clone();
        let shown = shown(task, &patient);
        for facility in facilities(task, &["requester", "owner"]) {
            self.reason(facility, reason::REFERRAL, from, until);
            self.facts.shares.extend(shown.iter().map(|(target_type, target_id, class)| Share {
                target_type: (*target_type).to_owned(),
                target_id: (*target_id).to_owned(),
                grantee: super::grantee(&self.keeper, facility),
                class: *class << self.shift,
                from,
                until,
            }));
        }
    }
}

/// What a referral shows: itself, what it asks for, what is enclosed, what came back, and who it is.
fn shown<'a>(task: &'a Value, patient: &'a str) -> BTreeSet<(&'a str, &'a str, u32)> {
    let mut found = BTreeSet::new();
    found.insert(("Task", task.id().unwrap_or_default(), class::REFERRAL));
    found.insert(("Patient", patient, class::INDEX));
    let mut add = |reference: Option<&'a str>, rest: u32| {
        if let Some((resource_type, id)) = reference.and_then(split) {
            let class = match resource_type {
                // The record itself is never shown by a referral.
                "Patient" => return,
                "ServiceRequest" | "Task" | "Appointment" | "Communication" | "QuestionnaireResponse" => {
                    class::REFERRAL
                }
                "DiagnosticReport" | "Observation" | "ImagingStudy" | "Media" | "Specimen"
                    if rest == class::SUMMARY =>
                {
                    class::RESULT
                }
                _ => rest,
            };
            found.insert((resource_type, id, class));
        }
    };
    add(task.text_at(&["focus", "reference"]), class::REFERRAL);
    // Who moved it and why is part of the referral.
    for moved in task.items("relevantHistory") {
        add(moved.text_at(&["reference"]), class::REFERRAL);
    }
    for input in task.items("input") {
        add(input.text_at(&["valueReference", "reference"]), class::SUMMARY);
    }
    for output in task.items("output") {
        add(output.text_at(&["valueReference", "reference"]), class::COUNTER_REFERRAL);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(value: Value) -> Facts {
        TejidoProjector.project(&value)
    }

    #[test]
    fn every_compartment_expression_is_a_plain_path() {
        for (resource_type, paths) in compartment_paths() {
            assert!(!paths.is_empty(), "{resource_type}");
            for part in paths.iter().flatten() {
                assert!(part.bytes().all(|byte| byte.is_ascii_alphabetic()), "{resource_type}: {paths:?}");
            }
        }
    }

    #[test]
    fn a_resource_says_whom_it_is_about_and_who_keeps_it() {
        let security = fhir::json!([{ "system": system::CUSTODIAN, "code": "MSPAS" },
            { "system": system::SENSITIVITY, "code": "vih" }]);
        let condition = project(fhir::json!({ "resourceType": "Condition", "id": "c",
            "meta": { "security": security }, "subject": { "reference": "Patient/p" },
            "asserter": { "reference": "Patient/other" } }));
        assert_eq!(condition.patient.as_deref(), Some("p"));
        assert_eq!(condition.custodian.as_deref(), Some("MSPAS"));
        assert_eq!(condition.labels, Label::Hiv.bit());
        let absolute = "https://elsewhere.gt/fhir/Patient/p/_history/3";
        let task = project(fhir::json!({ "resourceType": "Task", "id": "t", "for": { "reference": absolute } }));
        assert_eq!(task.patient.as_deref(), Some("p"));
        assert_eq!(task.custodian.as_deref(), Some(""), "unstamped: nobody's, never everybody's");
        let post = project(fhir::json!({ "resourceType": "Organization", "id": "o", "meta": { "security": [
            { "system": system::CUSTODIAN, "code": "IGSS" }] } }));
        assert_eq!((post.custodian, post.patient), (None, None));
        let bundle = project(fhir::json!({ "resourceType": "Bundle", "id": "b", "entry": [
            { "resource": { "resourceType": "Flag", "subject": { "reference": "Patient/a" } } },
            { "resource": { "resourceType": "Flag", "subject": { "reference": "Patient/b" } } }] }));
        assert_eq!(bundle.labels, MIXED);
    }

    fn referral(status: &str) -> Value {
        fhir::json!({ "resourceType": "Task", "id": "t",
            "meta": { "profile": [system::PROFILE_REFERRAL_TASK] }, "status": status, "intent": "order",
            "code": { "coding": [{ "system": system::TASK_KIND, "code": "referencia" }] },
            "for": { "reference": "Patient/p" }, "focus": { "reference": "ServiceRequest/s" },
            "authoredOn": "2026-08-01T10:00:00-06:00", "lastModified": "2026-08-10T10:00:00-06:00",
            "requester": { "reference": "Organization/post" }, "owner": { "reference": "Organization/hospital" },
            "input": [{ "type": { "text": "resultado" }, "valueReference": { "reference": "Observation/o" } }],
            "output": [{ "type": { "text": "contrarreferencia" }, "valueReference": { "reference": "Composition/c" } }] })
    }

    #[test]
    fn a_referral_shows_its_content_from_sending_until_ninety_days_after_closure() {
        let draft = project(referral("draft"));
        assert!(draft.shares.is_empty());
        assert_eq!(draft.reasons.iter().map(|one| one.grantee.as_str()).collect::<Vec<_>>(), ["/post"]);
        let live = project(referral("in-progress"));
        let to_hospital: Vec<_> = live.shares.iter().filter(|share| share.grantee == "/hospital").collect();
        let shown: Vec<_> = to_hospital.iter().map(|share| (share.target_type.as_str(), share.class)).collect();
        assert_eq!(
            shown,
            [
                ("Composition", class::COUNTER_REFERRAL),
                ("Observation", class::RESULT),
                ("Patient", class::INDEX),
                ("ServiceRequest", class::REFERRAL),
                ("Task", class::REFERRAL)
            ]
        );
        assert!(live.shares.iter().all(|share| share.until == i64::MAX));
        let closed = project(referral("completed"));
        let end = instant("2026-11-08T10:00:00-06:00").unwrap().1;
        assert!(closed.shares.iter().all(|share| share.until == end), "90 days");
        assert!(project(referral("entered-in-error")).shares.is_empty());
        let mut plain = referral("in-progress");
        plain.set("meta", fhir::json!({}));
        assert_eq!(project(plain).shares, [], "a Task that nobody governs shows nothing");
    }

    #[test]
    fn partial_dates_are_whole_periods_in_guatemala() {
        let micros = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        assert_eq!(instant("2026-11"), Some((micros("2026-11-01T06:00:00Z"), micros("2026-12-01T06:00:00Z"))));
        assert_eq!(instant("2026"), Some((micros("2026-01-01T06:00:00Z"), micros("2027-01-01T06:00:00Z"))));
        assert_eq!(instant("2026-02-30"), None);
    }
}
