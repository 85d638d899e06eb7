//! Sending a referral, and sending it again after it was returned. Danger signs come first.

use access::{Access, Cx};

use crate::danger::{self, Decision};
use crate::referral::advance::Advance;
use crate::referral::draft::{Draft, request};
use crate::referral::moves::Move;
use crate::referral::pair::Referral;
use crate::resource::text;
use crate::{CareError, Problem};

/// Sends a complete draft.
///
/// # Errors
/// `Form` for what is missing; `UrgentFirst` when a danger sign is ticked; `Transition`; the gate's.
pub async fn send(access: &Access, cx: &Cx, referral: &Referral) -> Result<Referral, CareError> {
    check(referral)?;
    Advance::new(referral, Move::Send).commit(access, cx).await
}

/// Completes a returned referral and sends it back to the review.
///
/// # Errors
/// As for [`send`].
pub async fn complete(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    draft: &Draft,
    note: &str,
) -> Result<Referral, CareError> {
    let draft = Draft { patient: referral.patient(), destination: referral.destination(), ..draft.clone() };
    let mut completed = referral.clone();
    completed.request = request(cx, &draft, referral.request.clone());
    check(&completed)?;
    Advance::new(referral, Move::Complete).request(completed.request).note(note).commit(access, cx).await
}

/// Whether it may be sent; the judge asks it too.
pub(crate) fn check(referral: &Referral) -> Result<(), CareError> {
    let mut problems = Vec::new();
    let mut need = |missing: bool, field: &str, key: &'static str| {
        if missing {
            problems.push(Problem::new(field, key));
        }
    };
    let signs = referral.signs();
    need(signs.is_none(), "signs", "signs-missing");
    need(referral.service().id.is_empty(), "service", "service-missing");
    need(text(referral.reason()).is_none(), "reason", "reason-missing");
    need(referral.destination().id.is_empty(), "destination", "destination-missing");
    if let Decision::UrgentTransfer { signs } = danger::decide(&signs.unwrap_or_default(), &[]) {
        return Err(CareError::UrgentFirst { signs });
    }
    if problems.is_empty() { Ok(()) } else { Err(CareError::Form(problems)) }
}
