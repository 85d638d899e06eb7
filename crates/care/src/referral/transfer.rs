//! The urgent transfer. It opens from every state before attendance and waits for no review.

use access::{Access, Cx};

use crate::referral::advance::Advance;
use crate::referral::cancel::letting_go;
use crate::referral::moves::Move;
use crate::referral::pair::Referral;
use crate::resource::text;
use crate::{CareError, Problem};

/// Asks for an urgent transfer, from a draft or from any referral that is not attended yet.
///
/// # Errors
/// `Form` without a destination; `Transition`; the gate's.
pub async fn request_transfer(access: &Access, cx: &Cx, referral: &Referral, why: &str) -> Result<Referral, CareError> {
    if referral.destination().id.is_empty() {
        return Err(CareError::Form(vec![Problem::new("destination", "destination-missing")]));
    }
    let letting = letting_go(access, cx, referral, "cancelled").await?;
    Advance::new(referral, Move::RequestTransfer).note(why).with(letting).commit(access, cx).await
}

/// A bed is being sought.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn seek_bed(access: &Access, cx: &Cx, referral: &Referral, words: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::SeekBed).note(words).commit(access, cx).await
}

/// A physician accepts, by name.
///
/// # Errors
/// `Form` without a name; `Transition`; the gate's.
pub async fn accept_transfer(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    physician: &str,
) -> Result<Referral, CareError> {
    let Some(name) = text(physician) else {
        return Err(CareError::Form(vec![Problem::new("physician", "physician-missing")]));
    };
    Advance::new(referral, Move::AcceptTransfer { physician: name.to_owned() }).commit(access, cx).await
}

/// The vehicle leaves.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn depart(access: &Access, cx: &Cx, referral: &Referral, vehicle: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::Depart).note(vehicle).commit(access, cx).await
}

/// The destination receives the person; [`super::attend::attend`] follows.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn arrive(access: &Access, cx: &Cx, referral: &Referral, words: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::Arrive).note(words).commit(access, cx).await
}
