//! `POST [type]/$validate` (R4 §Resource-validate): the structural check that every write passes,
//! without the write. Profiles are not known here, and asking for one is refused rather than waved through.

use fhir::Value;
use fhir::outcome::operation_outcome;

use crate::address::TypeName;
use crate::answer::Answer;
use crate::body::Sent;
use crate::call::Call;
use crate::error::ApiError;

/// `POST [type]/$validate`, with the resource itself or as `resource` of Parameters.
pub async fn validate(call: Call, TypeName(kind): TypeName, sent: Sent) -> Result<Answer, ApiError> {
    let wrapped = sent.value.resource_type() == Some("Parameters") && kind != "Parameters";
    let given = if wrapped { sent.value.items("parameter") } else { &[] };
    let parameter = |wanted: &str| given.iter().find(|item| item.text_at(&["name"]) == Some(wanted));
    let asked = |name: &str| call.params.iter().any(|(given, _)| given == name) || parameter(name).is_some();
    if asked("profile") {
        return Err(ApiError::NotSupported("$validate checks R4's base definitions; it knows no profiles".to_owned()));
    }
    let resource =
        if wrapped { parameter("resource").and_then(|item| item.get("resource")) } else { Some(&sent.value) };
    let Some(resource) = resource else {
        return Err(ApiError::invalid("required", "Parameters.parameter", "a parameter named resource is needed"));
    };
    let issues = match resource.get("resourceType").and_then(Value::as_str) {
        Some(found) if found == kind => fhir::validate(resource),
        _ => {
            return Err(Sent::from_value(resource.clone())
                .check_type(&kind)
                .err()
                .unwrap_or(ApiError::Invalid(vec![])));
        }
    };
    Ok(Answer::ok(operation_outcome(&issues).to_bytes()))
}
