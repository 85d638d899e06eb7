//! A visit that is not signed yet, as its form was typed.

use access::{Access, Cx};
use jiff::Timestamp;
use store::PrivateWrite;

use crate::CareError;
use crate::typed::Sheet;

const VISIT: Sheet = Sheet { kind: "visit-draft", save: "save-visit-draft" };

pub(super) fn clearing(cx: &Cx, patient: &str) -> PrivateWrite {
    VISIT.clearing(cx, patient)
}

/// Keeps the form as typed: names and values.
///
/// # Errors
/// The gate's.
pub async fn save(access: &Access, cx: &Cx, patient: &str, typed: &[(String, String)]) -> Result<(), CareError> {
    VISIT.save(access, cx, patient, typed).await
}

/// When the draft was kept last, if there is one.
///
/// # Errors
/// The store's.
pub async fn kept_at(access: &Access, cx: &Cx, patient: &str) -> Result<Option<Timestamp>, CareError> {
    VISIT.kept_at(access, cx, patient).await
}

/// The form as it was typed last; empty when there is none.
///
/// # Errors
/// The store's.
pub async fn load(access: &Access, cx: &Cx, patient: &str) -> Result<Vec<(String, String)>, CareError> {
    VISIT.load(access, cx, patient).await
}
