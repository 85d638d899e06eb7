//! Booking: Appointment, Slot and Task in one commit. Of two who want the same place one gets it,
//! the other is told what is free.

use access::{Access, AccessError, Cx};
use fhir::Value;
use jiff::Timestamp;
use store::{Change, PrivateExpect, PrivateWrite, StoreError};

use crate::CareError;
use crate::referral::advance::Advance;
use crate::referral::moves::Move;
use crate::referral::pair::Referral;
use crate::referral::place::{self, Held, Hold};
use crate::referral::state::{InvalidTransition, NOT_HERE, State};
use crate::resource::{id_of, put};

/// Kind of the private record that makes a repeated submit harmless.
pub const ONCE: &str = "once";

/// Gives the person this place.
///
/// # Errors
/// `Taken` with other places when somebody was faster; `Transition`; the gate's.
pub async fn book(access: &Access, cx: &Cx, referral: &Referral, slot: &str) -> Result<Referral, CareError> {
    book_once(access, cx, referral, slot, None).await
}

/// As [`book`]; a second submit with the same key changes nothing and gives what the first gave.
///
/// # Errors
/// As for [`book`].
pub async fn book_once(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    slot: &str,
    once: Option<&str>,
) -> Result<Referral, CareError> {
    if let Some(key) = once
        && access.store().private(ONCE, &once_key(cx, key)).await?.is_some()
    {
        return Referral::load(access, cx, referral.id()).await;
    }
    let id = access.store().entropy().id();
    let held = free(access, cx, referral, slot).await?;
    let step = Move::Book { appointment: id.clone() };
    let mut advance =
        Advance::new(referral, step).due(end(&held.value)).with(taking(referral, &id, &held, Hold::Booked, cx));
    if let Some(key) = once {
        advance = advance.private(once_write(cx, key));
    }
    lost_race(access, cx, referral, advance.commit(access, cx).await).await
}

/// Moves the appointment to another place and says why; the old place is free again.
///
/// # Errors
/// As for [`book`].
pub async fn reschedule(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    slot: &str,
    why: &str,
) -> Result<Referral, CareError> {
    let id = access.store().entropy().id();
    let held = free(access, cx, referral, slot).await?;
    let step = Move::Reschedule { appointment: id.clone() };
    let letting = super::cancel::letting_go(access, cx, referral, "cancelled").await?;
    let taking = taking(referral, &id, &held, Hold::Booked, cx);
    let advance = Advance::new(referral, step).note(why).due(end(&held.value)).with(letting).with(taking);
    lost_race(access, cx, referral, advance.commit(access, cx).await).await
}

/// Offers the person this place; nobody else gets it until they answer.
///
/// # Errors
/// As for [`book`].
pub async fn propose(access: &Access, cx: &Cx, referral: &Referral, slot: &str) -> Result<Referral, CareError> {
    let id = access.store().entropy().id();
    let held = free(access, cx, referral, slot).await?;
    let step = Move::Propose { appointment: id.clone() };
    let advance = Advance::new(referral, step).with(taking(referral, &id, &held, Hold::Proposed, cx));
    lost_race(access, cx, referral, advance.commit(access, cx).await).await
}

/// The person takes the proposed place.
///
/// # Errors
/// `Transition` when nothing is proposed; `Taken` with other places when it is over; the gate's.
pub async fn confirm_proposal(access: &Access, cx: &Cx, referral: &Referral) -> Result<Referral, CareError> {
    let step = Move::Book { appointment: referral.state.appointment().unwrap_or_default().to_owned() };
    let State::Proposed { appointment, .. } = &referral.state else {
        return Err(InvalidTransition { from: referral.state.phase(), step: step.kind(), why: NOT_HERE }.into());
    };
    let held = place::read(access, cx, "Appointment", appointment).await?;
    if !to_come(&held.value, cx) {
        return Err(taken(access, cx, referral).await);
    }
    let mut changes = vec![put(&place::confirmed(&held.value), Some(held.version))];
    for slot in held.value.items("slot").iter().filter_map(|one| id_of(Some(one), "Slot")) {
        let slot = place::read(access, cx, "Slot", &slot).await?;
        changes.push(put(&place::hold(&slot.value, Some((appointment, Hold::Booked))), Some(slot.version)));
    }
    Advance::new(referral, step).due(end(&held.value)).with(changes).commit(access, cx).await
}

/// The person can't take the proposed place: back to the list with its clock, the place is free again.
///
/// # Errors
/// `Transition` when nothing is proposed; the gate's.
pub async fn decline_proposal(access: &Access, cx: &Cx, referral: &Referral, why: &str) -> Result<Referral, CareError> {
    let letting = super::cancel::letting_go(access, cx, referral, "cancelled").await?;
    Advance::new(referral, Move::DeclineProposal).note(why).with(letting).commit(access, cx).await
}

async fn free(access: &Access, cx: &Cx, referral: &Referral, slot: &str) -> Result<Held, CareError> {
    let held = place::read(access, cx, "Slot", slot).await?;
    let offered = place::schedules(access, cx, &referral.destination().id, Some(&referral.service().id)).await?;
    let here = id_of(held.value.get("schedule"), "Schedule").is_some_and(|id| offered.contains_key(&id));
    if held.value.text_at(&["status"]) == Some("free") && here && to_come(&held.value, cx) {
        return Ok(held);
    }
    Err(taken(access, cx, referral).await)
}

/// Whether a Slot or Appointment is not over.
fn to_come(held: &Value, cx: &Cx) -> bool {
    end(held).and_then(|end| end.parse::<Timestamp>().ok()).is_some_and(|end| end > cx.now)
}

/// When a Slot or Appointment ends.
fn end(held: &Value) -> Option<String> {
    held.text_at(&["end"]).map(str::to_owned)
}

fn taking(referral: &Referral, id: &str, slot: &Held, hold: Hold, cx: &Cx) -> [Change; 2] {
    let appointment = place::appointment(referral, id, &slot.value, hold, cx);
    [put(&appointment, None), put(&place::hold(&slot.value, Some((id, hold))), Some(slot.version))]
}

async fn taken(access: &Access, cx: &Cx, referral: &Referral) -> CareError {
    let (facility, service) = (referral.destination().id, referral.service().id);
    match place::free_places(access, cx, &facility, &service, 5).await {
        Ok(options) => CareError::Taken { options },
        Err(error) => error,
    }
}

/// Tells a lost race for a Slot from other refusals.
async fn lost_race(
    access: &Access,
    cx: &Cx,
    referral: &Referral,
    answer: Result<Referral, CareError>,
) -> Result<Referral, CareError> {
    match answer {
        Err(CareError::Access(AccessError::Store(StoreError::Stale { key, .. }))) if key.resource_type == "Slot" => {
            Err(taken(access, cx, referral).await)
        }
        // The gate may have read the Slot anew and let the governor say that it is held.
        Err(CareError::Access(AccessError::Rule(issues)))
            if issues.iter().any(|issue| issue.expression.as_deref() == Some("Slot.extension")) =>
        {
            Err(taken(access, cx, referral).await)
        }
        other => other,
    }
}

fn once_key(cx: &Cx, key: &str) -> String {
    format!("{}/{key}", cx.actor.label())
}

fn once_write(cx: &Cx, key: &str) -> PrivateWrite {
    let expires = cx.now.as_microsecond().saturating_add(24 * 3600 * 1_000_000);
    PrivateWrite {
        kind: ONCE,
        key: once_key(cx, key),
        expect: PrivateExpect::Absent,
        value: Some(Vec::new()),
        owner: None,
        expires: Some(expires),
    }
}
