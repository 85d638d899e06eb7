//! The trail of writes: AuditEvent (IHE BALP: Create, Update, Delete) and Provenance, committed
//! with what they tell of; and the audit chain of reads, shown in the same form.

use fhir::Value;
use store::{AuditAction, AuditRecord, Method};

use crate::write::Draft;
use crate::{Act, Actor, Cx, policy, system};

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const EVENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ENTITY_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const PURPOSE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

/// AuditEvent and Provenance of one act.
pub(crate) fn of_act(cx: &Cx, act: &Act, drafts: &[Draft]) -> Vec<Value> {
    let mut events = Vec::new();
    let institution = if act.told.is_empty() { &cx.institution } else { &act.told };
    let cx = &Cx { institution: institution.clone(), ..cx.clone() };
    if !drafts.is_empty() {
        events.push(audit_event(cx, act.name, drafts));
    }
    // One Provenance for each person, so that it lies in that person's record alone.
    let mut patients: Vec<String> = drafts.iter().filter_map(Draft::patient).collect();
    patients.sort();
    patients.dedup();
    if let Actor::Practitioner(id) = &cx.actor {
        events.extend(patients.iter().filter_map(|patient| provenance(cx, id, act, (patient, drafts))));
    }
    events
}

/// AuditEvent of what was done to an account or token: private records, so there is no change of a
/// resource to tell of, but whose way in it was.
pub(crate) fn of_account(cx: &Cx, name: &str, whose: Value) -> Value {
    let mut event = audit_event(cx, name, &[]);
    let mut entities = event.items("entity").to_vec();
    entities
        .insert(0, fhir::json!({ "what": whose, "type": coding(ENTITY_TYPE, "2"), "role": coding(ENTITY_ROLE, "11") }));
    event.set("entity", entities);
    event
}

fn audit_event(cx: &Cx, name: &str, drafts: &[Draft]) -> Value {
    let (action, interaction) = match drafts {
        [] => ("U", "update"),
        [only] => match only.method {
            Method::Create => ("C", "create"),
            Method::Update => ("U", "update"),
            Method::Delete => ("D", "delete"),
        },
        _ => ("E", "transaction"),
    };
    let mut subtypes = vec![coding(INTERACTION, interaction)];
    if !name.is_empty() && name != interaction {
        subtypes.push(coding(system::ACT, name));
    }
    let mut entities: Vec<Value> = drafts
        .iter()
        .map(|draft| {
            let role = coding(ENTITY_ROLE, "4");
            let what = format!("{}/_history/{}", draft.key, draft.version());
            fhir::json!({ "what": { "reference": what }, "type": coding(ENTITY_TYPE, "2"), "role": role })
        })
        .collect();
    let mut patients: Vec<String> = drafts.iter().filter_map(Draft::patient).collect();
    patients.sort();
    patients.dedup();
    entities.extend(patients.iter().map(|patient| person(patient)));
    entities.push(request(&cx.request));
    fhir::json!({
        "resourceType": "AuditEvent",
        "meta": { "security": custodian(&cx.institution) },
        "type": coding(EVENT_TYPE, "rest"),
        "subtype": subtypes,
        "action": action,
        "recorded": cx.now.to_string(),
        "outcome": "0",
        "agent": [agent(&cx.actor.label(), &cx.name, cx.address.as_deref()), ourselves()],
        "source": source(),
        "entity": entities,
    })
}

/// What one person did to the record of one patient. Appointments of other people, definitions and
/// the trail itself have none.
fn provenance(cx: &Cx, author: &str, act: &Act, (patient, drafts): (&String, &[Draft])) -> Option<Value> {
    let mine: Vec<&Draft> = drafts
        .iter()
        .filter(|draft| {
            !matches!(draft.key.resource_type.as_str(), "AuditEvent" | "Provenance")
                && draft.method != Method::Delete
                && draft.patient().as_ref() == Some(patient)
        })
        .collect();
    // It is as sensitive as what it tells of.
    let mut security = custodian(&cx.institution).unwrap_or_default();
    for label in mine.iter().filter_map(|draft| draft.new.as_ref()).flat_map(policy::label_codings) {
        if !security.contains(&label) {
            security.push(label);
        }
    }
    let mut targets: Vec<Value> = mine
        .iter()
        .map(|draft| fhir::json!({ "reference": format!("{}/_history/{}", draft.key, draft.version()) }))
        .collect();
    if targets.is_empty() {
        return None;
    }
    targets.push(fhir::json!({ "reference": format!("Patient/{patient}") }));
    let facility = cx.facility.as_ref();
    Some(fhir::json!({
        "resourceType": "Provenance",
        "meta": (!security.is_empty()).then(|| fhir::json!({ "security": security })),
        "target": targets,
        "recorded": cx.now.to_string(),
        "reason": (!act.reason.is_empty()).then(|| vec![fhir::json!({ "text": act.reason.as_str() })]),
        "activity": { "coding": [{
            "system": system::ACT, "code": if act.name.is_empty() { "write" } else { act.name } }] },
        "agent": [{
            "type": { "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "author" }] },
            "role": [{ "coding": [{ "system": system::ROLE, "code": cx.role.code() }] }],
            "who": { "reference": format!("Practitioner/{author}"), "display": &cx.name },
            "onBehalfOf": facility.map(|facility| fhir::json!({
                "reference": format!("Organization/{}", facility.id), "display": &facility.name })),
        }],
    }))
}

/// One entry of the audit chain of reads as an AuditEvent. Its id is its number in the chain.
pub(crate) fn of_record(seq: u64, record: &AuditRecord) -> Value {
    let (kind, subtype, action) = kinds(record.action);
    let failed = matches!(record.action, AuditAction::LoginFailed | AuditAction::Denied);
    let mut entities: Vec<Value> = record.patients.iter().map(|patient| person(patient)).collect();
    if let Some(target) = &record.target {
        let literal = target.contains('/') && !target.contains(' ');
        let what = match literal {
            true => fhir::json!({ "reference": target }),
            false => fhir::json!({ "display": target }),
        };
        entities
            .push(fhir::json!({ "what": what, "type": coding(ENTITY_TYPE, "2"), "role": coding(ENTITY_ROLE, "4") }));
    }
    if let Some(query) = &record.query {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode(query);
        entities.push(fhir::json!({ "type": coding(ENTITY_TYPE, "2"), "role": coding(ENTITY_ROLE, "24"),
            "description": query, "query": encoded }));
    }
    entities.push(request(&record.request));
    let purpose = (record.action == AuditAction::BreakGlass)
        .then(|| vec![fhir::json!({ "coding": [{ "system": PURPOSE, "code": "ETREAT" }] })]);
    let (institution, facility) = record.facility.as_deref().and_then(|text| text.split_once('/')).unwrap_or_default();
    let mut who = agent(&record.actor, "", record.address.as_deref());
    if !facility.is_empty() {
        who.set("location", fhir::json!({ "identifier": { "system": system::FACILITY_ID, "value": facility } }));
    }
    fhir::json!({
        "resourceType": "AuditEvent",
        "id": format!("lectura-{seq}"),
        "meta": { "security": custodian(institution) },
        "type": kind,
        "subtype": [subtype],
        "action": action,
        "recorded": record.time.to_string(),
        "outcome": if failed { "4" } else { "0" },
        "outcomeDesc": record.reason.as_deref(),
        "purposeOfEvent": purpose,
        "agent": [who, ourselves()],
        "source": source(),
        "entity": entities,
    })
}

/// Type, subtype and action of a look.
fn kinds(action: AuditAction) -> (Value, Value, &'static str) {
    let rest = coding(EVENT_TYPE, "rest");
    match action {
        AuditAction::Read => (rest, coding(INTERACTION, "read"), "R"),
        AuditAction::Search => (rest, coding(INTERACTION, "search-type"), "E"),
        AuditAction::Index => (rest, coding(system::ACT, "index"), "E"),
        AuditAction::BreakGlass => (coding(DCM, "110113"), coding(DCM, "110127"), "E"),
        AuditAction::Export => (coding(DCM, "110106"), coding(system::ACT, "export"), "R"),
        AuditAction::Print => (coding(DCM, "110106"), coding(system::ACT, "print"), "R"),
        AuditAction::Login => (coding(DCM, "110114"), coding(DCM, "110122"), "E"),
        AuditAction::LoginFailed => (coding(DCM, "110114"), coding(DCM, "110122"), "E"),
        AuditAction::Denied => (coding(DCM, "110113"), coding(system::ACT, "denied"), "E"),
    }
}

fn coding(system: &str, code: &str) -> Value {
    fhir::json!({ "system": system, "code": code })
}

fn custodian(institution: &str) -> Option<Vec<Value>> {
    (!institution.is_empty()).then(|| vec![coding(system::CUSTODIAN, institution)])
}

/// Who did it (DICOM source role). A token or the program has no resource: its label is an identifier.
fn agent(label: &str, name: &str, address: Option<&str>) -> Value {
    let mut who = match label.starts_with("Practitioner/") {
        true => fhir::json!({ "reference": label }),
        false => fhir::json!({ "identifier": { "value": label } }),
    };
    if !name.is_empty() {
        who.set("display", name);
    }
    fhir::json!({
        "type": { "coding": [{ "system": DCM, "code": "110153", "display": "Source Role ID" }] },
        "who": who,
        "requestor": true,
        "network": address.map(|address| fhir::json!({ "address": address, "type": "2" })),
    })
}

fn ourselves() -> Value {
    fhir::json!({
        "type": { "coding": [{ "system": DCM, "code": "110152", "display": "Destination Role ID" }] },
        "who": { "display": "Tejido" },
        "requestor": false,
    })
}

fn source() -> Value {
    fhir::json!({ "observer": { "display": "Tejido" } })
}

fn person(patient: &str) -> Value {
    fhir::json!({
        "what": { "reference": format!("Patient/{patient}") },
        "type": coding(ENTITY_TYPE, "1"),
        "role": coding(ENTITY_ROLE, "1"),
    })
}

fn request(id: &str) -> Value {
    fhir::json!({
        "what": { "identifier": { "value": if id.is_empty() { "-" } else { id } } },
        "type": coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId"),
    })
}
