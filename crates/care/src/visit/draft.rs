//! A visit that is not signed yet, as its form was typed; and of one that was, which it became: a
//! second window that still shows the sheet is told so.

use access::{Access, Cx};
use store::PrivateWrite;

use crate::CareError;
use crate::typed::{Sheet, still};

pub use crate::typed::Kept;

const VISIT: Sheet = Sheet { kind: "visit-draft", save: "save-visit-draft" };

/// Notes what was signed, if the sheet still is what it was at that version.
pub(super) fn signing(cx: &Cx, patient: &str, version: Option<u64>, encounter: &str) -> PrivateWrite {
    VISIT.signing(cx, patient, still(version), encounter)
}

/// Keeps the form as typed, names and values, over that version of the sheet.
///
/// # Errors
/// `Conflict` when it was kept or signed since; the gate's.
pub async fn save(
    access: &Access,
    cx: &Cx,
    patient: &str,
    typed: &[(String, String)],
    version: u64,
) -> Result<(), CareError> {
    VISIT.save((access, cx), patient, still(Some(version)), typed).await
}

/// The sheet as it was kept last.
///
/// # Errors
/// The store's.
pub async fn load(access: &Access, cx: &Cx, patient: &str) -> Result<Kept, CareError> {
    VISIT.load(access, cx, patient).await
}
