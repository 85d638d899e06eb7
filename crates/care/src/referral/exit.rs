//! Leaving the list by the closed list of reasons, and coming back.

use access::{Access, Cx};

use crate::referral::advance::Advance;
use crate::referral::cancel::letting_go;
use crate::referral::moves::Move;
use crate::referral::pair::Referral;
use crate::referral::state::ExitReason;
use crate::resource::text;
use crate::{CareError, Problem};

/// Takes a referral off the list. Death and not found are only proposed: a second person confirms.
///
/// # Errors
/// `Form` without words; `Transition`; the gate's.
pub async fn exit(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    reason: ExitReason,
    evidence: &str,
) -> Result<Referral, CareError> {
    if text(evidence).is_none() {
        return Err(CareError::Form(vec![Problem::new("evidence", "evidence-missing")]));
    }
    let step = if reason.needs_second_person() {
        Move::ProposeExit { reason, evidence: evidence.trim().to_owned(), by: cx.actor.label() }
    } else {
        Move::Exit { reason }
    };
    let letting = letting_go(access, cx, referral, "cancelled").await?;
    Advance::new(referral, step).note(evidence).with(letting).commit(access, cx).await
}

/// The second person confirms the exit.
///
/// # Errors
/// `Transition`, also when it is the same person; the gate's.
pub async fn confirm_exit(access: &Access, cx: &Cx, referral: &Referral, words: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::ConfirmExit { by: cx.actor.label() }).note(words).commit(access, cx).await
}

/// The second person does not confirm: back to where it was.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn refuse_exit(access: &Access, cx: &Cx, referral: &Referral, words: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::RefuseExit).note(words).commit(access, cx).await
}

/// Reopens what was ended or closed.
///
/// # Errors
/// `Form` without a reason; `Transition`; the gate's.
pub async fn reopen(access: &Access, cx: &Cx, referral: &Referral, why: &str) -> Result<Referral, CareError> {
    if text(why).is_none() {
        return Err(CareError::Form(vec![Problem::new("reason", "reason-missing")]));
    }
    Advance::new(referral, Move::Reopen).note(why).commit(access, cx).await
}
