//! `$validate` (R4 §Resource-validate): the structural check that every write passes, without the write.
//! Profiles are not known here, and asking for one is refused rather than waved through.

use fhir::Value;
use fhir::outcome::{Issue, operation_outcome};
use store::Key;

use crate::address::{Instance, TypeName};
use crate::answer::Answer;
use crate::body::Sent;
use crate::call::Call;
use crate::capability::APPEND_ONLY;
use crate::error::ApiError;

/// What is asked.
struct Asked {
    resource: Option<Value>,
    /// `mode`: `delete` asks about no resource.
    deletes: bool,
}

/// `POST [type]/$validate`, with the resource itself or as `resource` of Parameters.
pub async fn validate(call: Call, TypeName(kind): TypeName, sent: Sent) -> Result<Answer, ApiError> {
    let resource = asked(&call, &kind, sent)?.resource;
    let missing = || ApiError::invalid("required", "Parameters.parameter", "a parameter named resource is needed");
    told(&checked(&kind, &resource.ok_or_else(missing)?)?)
}

/// `POST [type]/[id]/$validate`: a resource as the next version of that one, or with `mode=delete` its
/// deletion; without a resource what is stored.
pub async fn instance(call: Call, Instance(key): Instance, sent: Sent) -> Result<Answer, ApiError> {
    let asked = asked(&call, &key.resource_type, sent)?;
    let Some(resource) = asked.resource.filter(|_| !asked.deletes) else {
        return of_stored(&call, &key, asked.deletes).await;
    };
    let issues = checked(&key.resource_type, &resource)?;
    Sent::from_value(resource).check_id(&key.id)?;
    told(&issues)
}

/// `GET [type]/[id]/$validate`: what is stored.
pub async fn stored(call: Call, Instance(key): Instance) -> Result<Answer, ApiError> {
    of_stored(&call, &key, mode(&call, None)?).await
}

async fn of_stored(call: &Call, key: &Key, deletes: bool) -> Result<Answer, ApiError> {
    let stored = call.api.access.read(&call.cx, key).await?;
    let kind = key.resource_type.as_str();
    match deletes && APPEND_ONLY.contains(&kind) {
        true => told(&[Issue::error("business-rule", kind, format!("{kind} is never deleted"))]),
        false => told(&if deletes { Vec::new() } else { fhir::validate(&stored.value()) }),
    }
}

fn told(issues: &[Issue]) -> Result<Answer, ApiError> {
    Ok(Answer::ok(operation_outcome(issues).to_bytes()))
}

fn asked(call: &Call, kind: &str, sent: Sent) -> Result<Asked, ApiError> {
    let wrapped = sent.value.resource_type() == Some("Parameters") && kind != "Parameters";
    let given = if wrapped { sent.value.items("parameter") } else { &[] };
    let parameter = |wanted: &str| given.iter().find(|item| item.text_at(&["name"]) == Some(wanted));
    if call.params.iter().any(|(given, _)| given == "profile") || parameter("profile").is_some() {
        let what = "$validate checks R4's base definitions; it knows no profiles";
        return Err(ApiError::NotSupported { place: "profile", what });
    }
    let inside = parameter("mode").and_then(|item| item.text_at(&["valueCode"]));
    let deletes = mode(call, inside)?;
    let resource = match wrapped {
        true => parameter("resource").and_then(|item| item.get("resource")).cloned(),
        false => Some(sent.value),
    };
    Ok(Asked { resource, deletes })
}

/// Whether a deletion is asked about.
fn mode(call: &Call, inside: Option<&str>) -> Result<bool, ApiError> {
    let outside = call.params.iter().find(|(name, _)| name == "mode").map(|(_, value)| value.as_str());
    match inside.or(outside) {
        Some("delete") => Ok(true),
        None | Some("create" | "update") => Ok(false),
        Some(_) => {
            let what = "mode is create, update or delete; profiles are not known here";
            Err(ApiError::NotSupported { place: "mode", what })
        }
    }
}

/// What is wrong with a resource of that type.
fn checked(kind: &str, resource: &Value) -> Result<Vec<Issue>, ApiError> {
    match resource.get("resourceType").and_then(Value::as_str) {
        Some(found) if found == kind => Ok(fhir::validate(resource)),
        _ => Err(Sent::from_value(resource.clone()).check_type(kind).err().unwrap_or(ApiError::Invalid(vec![]))),
    }
}
