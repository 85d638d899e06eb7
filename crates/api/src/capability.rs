//! `GET [base]/metadata` (R4 §3.1.0.9): made from the tables that the code itself works by, so
//! that it says what is done and nothing else.

use std::sync::OnceLock;

use fhir::search::{ParamType, SearchParam, registry};
use fhir::{Value, json, schema};

use crate::answer::Answer;
use crate::call::Open;
use crate::error::ApiError;

/// The day on which the statement's content last changed, other than by the tables.
const DATE: &str = "2026-11-25";

/// Types that are only ever added to (issue §3): no update, patch or deletion.
pub const APPEND_ONLY: [&str; 2] = ["AuditEvent", "Provenance"];

const HOW: &str = "JSON only. Parameters that are not listed are refused with 400; with Prefer: handling=lenient they \
    are left out and named in an entry of search.mode outcome. What can't be parsed or breaks R4's structure is 400, \
    what breaks a rule of the house is 422. Deleting what was never there is 404, as for what the caller may not see. \
    Conditional updates, patches and deletions need criteria and act on one match; a patch that matches none is 404. \
    Quantities are compared in the unit in which they are written: units are not converted. Text of more than 400 \
    bytes is searched, also with :contains, by its first 335. A chain without a type is followed where only one type \
    that the reference may point to has the parameter; else it is refused, naming them. \
    Chains and _has go one step. Pages follow an opaque cursor in the next link, and are stable. AuditEvent and \
    Provenance are append-only. Resources that a referral governs change by legal moves only. \
    PUT makes a resource only for a machine that serves a whole institution; choose random ids: of one that is taken \
    by what the machine may not see, 404 tells that it is taken. For anybody else 404 tells nothing.";

const SECURITY: &str = "Every interaction but this one needs a bearer token (Authorization: Bearer …), made by an \
    administrator with `tejido token create`. What the caller may not see is answered as what is not there, and every \
    read of a person's data is recorded.";

/// What of a governed type surprises whoever writes it.
fn governed(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Task" => {
            "Of a referral: authoredOn is the time of the sending (five minutes at most from the server's, never before \
             the draft's last version), and lastModified that of each move: what is shared with another institution, \
             and until when, counts from them. 422 otherwise."
        }
        "Appointment" => {
            "Of a referral: arrived, checked-in and fulfilled are refused with 422 before the day of the appointment \
             (America/Guatemala), noshow before its end. It moves with the referral's Task and its Slots, in one \
             transaction."
        }
        _ => return None,
    })
}

/// `GET [base]/metadata`, open to everybody.
pub async fn metadata(open: Open) -> Result<Answer, ApiError> {
    statement(&open.base, &open.params)
}

/// The statement of the API at that address.
///
/// # Errors
/// `Malformed` for parameters that it does not have.
pub fn statement(base: &str, params: &[(String, String)]) -> Result<Answer, ApiError> {
    static REST: OnceLock<Value> = OnceLock::new();
    if let Some((name, _)) = params.iter().find(|(name, _)| name != "mode" && name != "_summary") {
        return Err(ApiError::malformed(name, "metadata takes no parameters"));
    }
    let statement = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "publisher": "Tejido",
        "kind": "instance",
        "software": { "name": "Tejido", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": "Tejido: the record of a health-service network", "url": base },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "patchFormat": ["application/json-patch+json"],
        "rest": [REST.get_or_init(rest)],
    });
    Ok(Answer::ok(statement.to_bytes()))
}

fn rest() -> Value {
    let interactions = ["transaction", "batch", "search-system", "history-system"];
    json!({
        "mode": "server",
        "documentation": HOW,
        "security": { "cors": false, "description": SECURITY },
        "resource": schema::r4().resource_types().iter().map(|kind| resource(kind)).collect::<Vec<_>>(),
        "interaction": codes(&interactions),
        "searchParam": registry().of_type("Resource").map(param).collect::<Vec<_>>(),
    })
}

fn resource(kind: &str) -> Value {
    let append_only = APPEND_ONLY.contains(&kind);
    // The gate alone writes what was done (issue §4).
    let made = kind != "AuditEvent";
    let mut interactions = vec!["read", "vread"];
    interactions.extend(made.then_some("create"));
    interactions.extend(["history-instance", "history-type", "search-type"]);
    if !append_only {
        interactions.extend(["update", "patch", "delete"]);
    }
    json!({
        "type": kind,
        "documentation": governed(kind),
        "interaction": codes(&interactions),
        "versioning": "versioned",
        "readHistory": true,
        "updateCreate": !append_only,
        "conditionalCreate": made,
        "conditionalRead": "full-support",
        "conditionalUpdate": !append_only,
        "conditionalDelete": if append_only { "not-supported" } else { "single" },
        "searchInclude": includes(kind),
        "searchRevInclude": reverse_includes(kind),
        "searchParam": registry().of_type(kind).map(param).collect::<Vec<_>>(),
        "operation": operations(kind),
    })
}

fn operations(kind: &str) -> Vec<Value> {
    let mut list = vec![json!({
        "name": "validate",
        "definition": "http://hl7.org/fhir/OperationDefinition/Resource-validate",
    })];
    if kind == "Patient" {
        let how =
            "Masked Patients, for whoever registers people: by name, birth date, sex, municipality or identifier.";
        list.push(json!({ "name": "index", "definition": "urn:tejido:operation:index", "documentation": how }));
    }
    list
}

fn codes(list: &[&str]) -> Vec<Value> {
    list.iter().map(|code| json!({ "code": *code })).collect()
}

fn param(param: &SearchParam) -> Value {
    json!({ "name": param.code, "definition": param.url, "type": kind(param.kind) })
}

fn kind(kind: ParamType) -> &'static str {
    match kind {
        ParamType::Number => "number",
        ParamType::Date => "date",
        ParamType::String => "string",
        ParamType::Token => "token",
        ParamType::Reference => "reference",
        ParamType::Composite => "composite",
        ParamType::Quantity => "quantity",
        ParamType::Uri => "uri",
        ParamType::Special => "special",
    }
}

fn references(kind: &str) -> impl Iterator<Item = &'static SearchParam> {
    registry().of_type(kind).filter(|param| param.kind == ParamType::Reference && param.resource_type != "Resource")
}

/// Absent where there is none: an empty array says nothing.
fn some(list: Vec<String>) -> Option<Vec<String>> {
    Some(list).filter(|list| !list.is_empty())
}

fn includes(kind: &str) -> Option<Vec<String>> {
    some(references(kind).map(|param| format!("{kind}:{}", param.code)).collect())
}

fn reverse_includes(kind: &str) -> Option<Vec<String>> {
    let sources = schema::r4().resource_types().iter();
    let pointing = sources.flat_map(|source| references(source).map(move |param| (source, param)));
    let here = pointing.filter(|(_, param)| param.targets.is_empty() || param.targets.contains(&kind));
    some(here.map(|(source, param)| format!("{source}:{}", param.code)).collect())
}
