//! The table of the state machine: every move from every state, allowed ones listed.

use super::*;
use crate::referral::moves::MoveKind as K;
use Phase as P;

fn clock() -> Timestamp {
    "2026-11-20T14:00:00Z".parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T14:00:00Z".parse().unwrap()
}

fn wait(missed: u32) -> Wait {
    Wait { priority: Priority::P2, clock: clock(), missed }
}

fn text(words: &str) -> String {
    words.to_owned()
}

pub(crate) fn state(phase: Phase) -> State {
    let clock = clock();
    let (encounter, physician, composition) = (text("e1"), text("Dra. Rojas"), text("c1"));
    match phase {
        P::Draft => State::Draft,
        P::Discarded => State::Discarded,
        P::Sent => State::Sent { clock },
        P::UnderReview => State::UnderReview { clock },
        P::Returned => State::Returned { clock, reason: text("falta-prueba") },
        P::Redirected => State::Redirected { clock, reason: text("otro-servicio") },
        P::Advised => State::Advised { clock },
        P::Accepted => State::Accepted { clock },
        P::Waiting => State::Waiting(wait(0)),
        P::Proposed => State::Proposed { wait: wait(0), appointment: text("a1") },
        P::Booked => State::Booked { wait: wait(0), appointment: text("a0") },
        P::Missed => State::Missed(wait(1)),
        P::Suspended => State::Suspended { wait: wait(0), reason: text("viaje") },
        P::Attended => State::Attended { encounter },
        P::InControl => State::InControl { encounter },
        P::Hospitalised => State::Hospitalised { encounter },
        P::Delivered => State::Delivered { composition },
        P::Acknowledged => State::Acknowledged { composition: Some(composition) },
        P::Plan => State::Plan { composition: Some(composition), tasks: vec![text("t1")] },
        P::Closed => State::Closed { composition: Some(composition) },
        P::ExitProposed => State::ExitProposed {
            reason: ExitReason::Death,
            evidence: text("certificado"),
            by: text("Practitioner/a"),
            back: Back::Waiting(wait(0)),
        },
        P::Exited => State::Exited { reason: ExitReason::Recovered, evidence: None, back: Back::Waiting(wait(0)) },
        P::TransferRequested => State::TransferRequested { clock },
        P::BedSought => State::BedSought { clock },
        P::TransferAccepted => State::TransferAccepted { clock, physician },
        P::InTransit => State::InTransit { clock, physician },
        P::Received => State::Received { clock, physician },
    }
}

pub(crate) fn step(kind: K) -> Move {
    let reason = text("motivo");
    match kind {
        K::Send => Move::Send,
        K::Discard => Move::Discard,
        K::Receive => Move::Receive,
        K::Return => Move::Return { reason },
        K::Complete => Move::Complete,
        K::Redirect => Move::Redirect { reason },
        K::Advise => Move::Advise,
        K::Reject => Move::Reject,
        K::Accept => Move::Accept { priority: Some(Priority::P2) },
        K::Prioritise => Move::Prioritise { priority: Priority::P2 },
        K::Propose => Move::Propose { appointment: text("a1") },
        K::Book => Move::Book { appointment: text("a1") },
        K::DeclineProposal => Move::DeclineProposal,
        K::Reschedule => Move::Reschedule { appointment: text("a1") },
        K::CancelByProvider => Move::CancelByProvider,
        K::CancelByPatient => Move::CancelByPatient,
        K::NoShow => Move::NoShow,
        K::Relist => Move::Relist,
        K::Suspend => Move::Suspend { reason },
        K::Resume => Move::Resume,
        K::Attend => Move::Attend { encounter: text("e1") },
        K::KeepInControl => Move::KeepInControl,
        K::Admit => Move::Admit,
        K::CounterRefer => Move::CounterRefer { composition: text("c1") },
        K::Acknowledge => Move::Acknowledge { tasks: vec![text("t1")] },
        K::Close => Move::Close,
        K::Exit => Move::Exit { reason: ExitReason::Recovered },
        K::ProposeExit => {
            Move::ProposeExit { reason: ExitReason::Death, evidence: text("acta"), by: text("Practitioner/a") }
        }
        K::ConfirmExit => Move::ConfirmExit { by: text("Practitioner/b") },
        K::RefuseExit => Move::RefuseExit,
        K::Reopen => Move::Reopen,
        K::RequestTransfer => Move::RequestTransfer,
        K::SeekBed => Move::SeekBed,
        K::AcceptTransfer => Move::AcceptTransfer { physician: text("Dra. Rojas") },
        K::Depart => Move::Depart,
        K::Arrive => Move::Arrive,
    }
}

/// From where, by which move, to where. Exits and transfers, which many states share, are below.
const ALLOWED: &[(Phase, K, Phase)] = &[
    (P::Draft, K::Send, P::Sent),
    (P::Draft, K::Discard, P::Discarded),
    (P::Sent, K::Receive, P::UnderReview),
    (P::Redirected, K::Receive, P::UnderReview),
    (P::Returned, K::Complete, P::UnderReview),
    (P::UnderReview, K::Return, P::Returned),
    (P::UnderReview, K::Redirect, P::Redirected),
    (P::UnderReview, K::Advise, P::Advised),
    (P::UnderReview, K::Reject, P::Exited),
    (P::UnderReview, K::Accept, P::Waiting),
    (P::Accepted, K::Prioritise, P::Waiting),
    (P::Waiting, K::Propose, P::Proposed),
    (P::Waiting, K::Book, P::Booked),
    (P::Waiting, K::Suspend, P::Suspended),
    (P::Proposed, K::Book, P::Booked),
    (P::Proposed, K::DeclineProposal, P::Waiting),
    (P::Proposed, K::CancelByProvider, P::Waiting),
    (P::Booked, K::Reschedule, P::Booked),
    (P::Booked, K::CancelByProvider, P::Waiting),
    (P::Booked, K::CancelByPatient, P::Waiting),
    (P::Booked, K::NoShow, P::Missed),
    (P::Booked, K::Attend, P::Attended),
    (P::Missed, K::Book, P::Booked),
    (P::Missed, K::Relist, P::Waiting),
    (P::Missed, K::Suspend, P::Suspended),
    (P::Suspended, K::Resume, P::Waiting),
    (P::Attended, K::KeepInControl, P::InControl),
    (P::Attended, K::Admit, P::Hospitalised),
    (P::Attended, K::CounterRefer, P::Delivered),
    (P::InControl, K::Admit, P::Hospitalised),
    (P::InControl, K::CounterRefer, P::Delivered),
    (P::Hospitalised, K::KeepInControl, P::InControl),
    (P::Hospitalised, K::CounterRefer, P::Delivered),
    (P::Delivered, K::Acknowledge, P::Plan),
    (P::Advised, K::Acknowledge, P::Plan),
    (P::Acknowledged, K::Close, P::Closed),
    (P::Plan, K::Close, P::Closed),
    (P::Acknowledged, K::CounterRefer, P::Delivered),
    (P::Plan, K::CounterRefer, P::Delivered),
    (P::Closed, K::Reopen, P::Delivered),
    (P::Exited, K::Reopen, P::Waiting),
    (P::ExitProposed, K::ConfirmExit, P::Exited),
    (P::ExitProposed, K::RefuseExit, P::Waiting),
    (P::TransferRequested, K::SeekBed, P::BedSought),
    (P::BedSought, K::SeekBed, P::BedSought),
    (P::TransferRequested, K::AcceptTransfer, P::TransferAccepted),
    (P::BedSought, K::AcceptTransfer, P::TransferAccepted),
    (P::TransferAccepted, K::Depart, P::InTransit),
    (P::InTransit, K::Arrive, P::Received),
    (P::Received, K::Attend, P::Attended),
];

const NO_EXIT: &[Phase] = &[P::Draft, P::Discarded, P::Closed, P::ExitProposed, P::Exited];
const BEFORE_ATTENDANCE: &[Phase] = &[
    P::Draft,
    P::Sent,
    P::UnderReview,
    P::Returned,
    P::Redirected,
    P::Advised,
    P::Accepted,
    P::Waiting,
    P::Proposed,
    P::Booked,
    P::Missed,
    P::Suspended,
];

fn expected(from: Phase, kind: K) -> Option<Phase> {
    match kind {
        K::Exit => (!NO_EXIT.contains(&from)).then_some(P::Exited),
        K::ProposeExit => (!NO_EXIT.contains(&from)).then_some(P::ExitProposed),
        K::RequestTransfer => BEFORE_ATTENDANCE.contains(&from).then_some(P::TransferRequested),
        _ => ALLOWED.iter().find(|(f, k, _)| (*f, *k) == (from, kind)).map(|row| row.2),
    }
}

#[test]
fn every_move_from_every_state() {
    for &from in Phase::ALL {
        for &kind in K::ALL {
            let got = state(from).apply(&step(kind), now());
            match expected(from, kind) {
                Some(to) => assert_eq!(got.map(|next| next.phase()), Ok(to), "{from:?} {kind:?}"),
                None => {
                    let error = got.expect_err(&format!("{from:?} {kind:?}"));
                    assert_eq!((error.from, error.step), (from, kind));
                }
            }
        }
    }
}

#[test]
fn every_allowed_move_is_found_between_its_states() {
    for &from in Phase::ALL {
        for &kind in K::ALL.iter().filter(|kind| expected(from, **kind).is_some()) {
            let by = if kind == K::ConfirmExit { "Practitioner/b" } else { "Practitioner/a" };
            let before = state(from);
            let after = before.apply(&step(kind), now()).unwrap();
            let found = Move::between(&before, &after, by, now()).unwrap();
            assert!(found.iter().any(|one| one.kind() == kind), "{from:?} {kind:?} {found:?}");
        }
    }
}

#[test]
fn the_provider_keeps_the_clock_and_the_person_restarts_it() {
    let booked = state(P::Booked);
    let kept = booked.apply(&Move::CancelByProvider, now()).unwrap();
    assert_eq!(kept.clock(), Some(clock()));
    let restarted = booked.apply(&Move::CancelByPatient, now()).unwrap();
    assert_eq!(restarted.clock(), Some(now()));
    let moved = State::Waiting(Wait { clock: clock() - jiff::SignedDuration::from_hours(1), ..wait(0) });
    assert!(Move::between(&booked, &moved, "x", now()).is_err(), "nobody sets the clock back");
}

#[test]
fn nobody_leaves_for_missing_once_and_nobody_is_booked_after_twice_without_a_decision() {
    let exit = Move::Exit { reason: ExitReason::NoShow };
    assert!(State::Missed(wait(1)).apply(&exit, now()).is_err());
    let second = State::Booked { wait: wait(1), appointment: text("a") }.apply(&Move::NoShow, now()).unwrap();
    assert!(matches!(&second, State::Missed(wait) if wait.missed == 2));
    assert!(second.apply(&step(K::Book), now()).is_err());
    assert_eq!(second.apply(&step(K::Relist), now()).unwrap().phase(), P::Waiting);
    let out = second.apply(&exit, now()).unwrap();
    assert_eq!(out.apply(&Move::Reopen, now()).unwrap().phase(), P::Waiting);
}

#[test]
fn death_and_unreachable_need_evidence_and_a_second_person() {
    for reason in [ExitReason::Death, ExitReason::Unreachable] {
        assert!(state(P::Waiting).apply(&Move::Exit { reason }, now()).is_err());
        let by = text("Practitioner/a");
        let bare = Move::ProposeExit { reason, evidence: text(" "), by: by.clone() };
        assert!(state(P::Waiting).apply(&bare, now()).is_err());
        let proposed = state(P::Waiting)
            .apply(&Move::ProposeExit { reason, evidence: text("acta"), by: by.clone() }, now())
            .unwrap();
        assert!(proposed.apply(&Move::ConfirmExit { by }, now()).is_err());
        let out = proposed.apply(&Move::ConfirmExit { by: text("Practitioner/b") }, now()).unwrap();
        assert_eq!(out.apply(&Move::Reopen, now()).unwrap(), state(P::Waiting));
    }
}

#[test]
fn an_answer_without_lines_needs_no_tasks() {
    let acknowledged = state(P::Delivered).apply(&Move::Acknowledge { tasks: vec![] }, now()).unwrap();
    assert_eq!(acknowledged.phase(), P::Acknowledged);
    assert_eq!(acknowledged.apply(&Move::Close, now()).unwrap().phase(), P::Closed);
}
