//! When an appointment does not happen: cancelled by the provider or the person, missed, suspended.

use access::{Access, Cx};
use store::Change;

use crate::CareError;
use crate::referral::advance::Advance;
use crate::referral::moves::Move;
use crate::referral::pair::Referral;
use crate::referral::place;
use crate::resource::{id_of, put};

/// The service can't keep the appointment: back to the list with its original clock. The place is
/// not offered again: who attends is not there.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn cancel_by_provider(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    why: &str,
) -> Result<Referral, CareError> {
    let letting = release(access, cx, referral, ["cancelled", "busy-unavailable"]).await?;
    Advance::new(referral, Move::CancelByProvider).note(why).with(letting).commit(access, cx).await
}

/// The person gives the place back: to the list, the clock starts anew.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn cancel_by_patient(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    why: &str,
) -> Result<Referral, CareError> {
    let letting = letting_go(access, cx, referral, "cancelled").await?;
    Advance::new(referral, Move::CancelByPatient).note(why).with(letting).commit(access, cx).await
}

/// The person did not come: the post looks for them.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn no_show(access: &Access, cx: &Cx, referral: &Referral, why: &str) -> Result<Referral, CareError> {
    let letting = letting_go(access, cx, referral, "noshow").await?;
    Advance::new(referral, Move::NoShow).note(why).with(letting).commit(access, cx).await
}

/// Found again after a missed appointment: back to the list.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn relist(access: &Access, cx: &Cx, referral: &Referral, found: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::Relist).note(found).commit(access, cx).await
}

/// The person asks to wait.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn suspend(access: &Access, cx: &Cx, referral: &Referral, why: &str) -> Result<Referral, CareError> {
    let step = Move::Suspend { reason: "a-pedido".to_owned() };
    Advance::new(referral, step).note(why).commit(access, cx).await
}

/// The person is ready again.
///
/// # Errors
/// `Transition`; the gate's.
pub async fn resume(access: &Access, cx: &Cx, referral: &Referral, why: &str) -> Result<Referral, CareError> {
    Advance::new(referral, Move::Resume).note(why).commit(access, cx).await
}

/// The held Appointment in its last status; cancelled, it lets its Slots go, free for others.
pub(crate) async fn letting_go(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    status: &str,
) -> Result<Vec<Change>, CareError> {
    release(access, cx, referral, [status, "free"]).await
}

/// As [`letting_go`], with the status that the Slots get.
async fn release(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    [status, place_status]: [&str; 2],
) -> Result<Vec<Change>, CareError> {
    let Some(id) = referral.state.appointment() else { return Ok(Vec::new()) };
    let held = place::read(access, cx, "Appointment", id).await?;
    let mut appointment = held.value;
    appointment.set("status", status);
    let mut changes = vec![put(&appointment, Some(held.version))];
    if status == "cancelled" {
        for slot in appointment.items("slot").iter().filter_map(|one| id_of(Some(one), "Slot")) {
            let slot = place::read(access, cx, "Slot", &slot).await?;
            let mut released = place::hold(&slot.value, None);
            released.set("status", place_status);
            changes.push(put(&released, Some(slot.version)));
        }
    }
    Ok(changes)
}
