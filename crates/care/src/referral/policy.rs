//! Clocks and worklists as policy: by when each state should move on, and on whom it waits.
//!
//! The periods are a proposal (referral research §2.1) until an authority signs them.

use access::Role;
use jiff::{SignedDuration, Timestamp};

use crate::referral::moves::Side;
use crate::referral::state::{Phase, Priority, State};

const HOUR: i64 = 1;
const DAY: i64 = 24;

/// By when the state should be left; `None` where nothing is due (or an appointment's time says it).
pub fn due(state: &State, requested: Priority, since: Timestamp) -> Option<Timestamp> {
    let clock = state.clock().unwrap_or(since);
    let (from, hours) = match state.phase() {
        Phase::Draft => (since, 72 * HOUR),
        Phase::Sent | Phase::Redirected | Phase::Accepted => (since, DAY),
        Phase::UnderReview => (since, review_hours(requested)),
        Phase::Returned => (since, 5 * DAY),
        Phase::Waiting | Phase::Proposed | Phase::Suspended => (clock, guarantee_hours(state, requested)),
        Phase::Missed | Phase::Attended => (since, 3 * DAY),
        Phase::InControl | Phase::Hospitalised => (since, 30 * DAY),
        Phase::Advised | Phase::Delivered | Phase::Acknowledged => (since, 7 * DAY),
        Phase::ExitProposed => (since, 2 * DAY),
        Phase::TransferRequested | Phase::BedSought | Phase::TransferAccepted => (clock, HOUR),
        Phase::InTransit | Phase::Received => (since, 4 * HOUR),
        Phase::Booked | Phase::Plan | Phase::Discarded | Phase::Closed | Phase::Exited => return None,
    };
    from.checked_add(SignedDuration::from_hours(hours)).ok()
}

fn review_hours(priority: Priority) -> i64 {
    match priority {
        Priority::P1 => 0,
        Priority::P2 => 2 * DAY,
        Priority::P3 => 5 * DAY,
    }
}

fn guarantee_hours(state: &State, requested: Priority) -> i64 {
    let priority = match state {
        State::Waiting(wait) | State::Proposed { wait, .. } | State::Suspended { wait, .. } => wait.priority,
        _ => requested,
    };
    match priority {
        Priority::P1 => 3 * DAY,
        Priority::P2 => 30 * DAY,
        Priority::P3 => 90 * DAY,
    }
}

/// Who has to act next: on which side, in which role; an objection of the post waits for an answer
/// from who wrote the plan. `None` when nothing is open.
pub fn waits_on(phase: Phase, objected: bool) -> Option<(Side, Role)> {
    Some(match phase {
        Phase::Acknowledged | Phase::Plan if objected => (Side::Destination, Role::Specialist),
        Phase::Draft
        | Phase::Returned
        | Phase::Advised
        | Phase::Missed
        | Phase::Delivered
        | Phase::Acknowledged
        | Phase::Plan
        | Phase::TransferAccepted => (Side::Origin, Role::Nurse),
        Phase::Sent
        | Phase::Redirected
        | Phase::UnderReview
        | Phase::Accepted
        | Phase::ExitProposed
        | Phase::TransferRequested
        | Phase::BedSought => (Side::Network, Role::Coordinator),
        Phase::Waiting | Phase::Proposed => (Side::Destination, Role::Clerk),
        Phase::Suspended => (Side::Origin, Role::SocialWorker),
        Phase::Booked | Phase::Attended | Phase::InControl | Phase::Hospitalised | Phase::Received => {
            (Side::Destination, Role::Specialist)
        }
        Phase::InTransit => (Side::Destination, Role::Doctor),
        Phase::Discarded | Phase::Closed | Phase::Exited => return None,
    })
}
