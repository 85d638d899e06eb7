//! A referral's moves in words for people: what happened, what follows, and the thread of them.

use care::referral::Referral;
use care::referral::moves::MoveKind;
use care::referral::notice::Notice;
use care::referral::overrule::OVERRULE;
use care::referral::state::Phase;
use care::referral::worklist::Step;
use jiff::Timestamp;

use crate::format::date_time;
use crate::pages::act;
use crate::pages::queue::{clock, waits};
use crate::text::{Text, t};
use crate::ui::{Event, Knot};

/// What a move is called once it is made.
pub fn past(kind: MoveKind) -> Text {
    match kind {
        MoveKind::Send => t("paso-enviada"),
        MoveKind::Discard => t("paso-descartada"),
        MoveKind::Receive => t("paso-recibida"),
        MoveKind::Return => t("paso-devuelta"),
        MoveKind::Complete => t("paso-completada"),
        MoveKind::Redirect => t("paso-redirigida"),
        MoveKind::Advise => t("paso-asesorada"),
        MoveKind::Reject => t("paso-rechazada"),
        MoveKind::Accept => t("paso-aceptada"),
        MoveKind::Prioritise => t("paso-priorizada"),
        MoveKind::Propose => t("paso-propuesta"),
        MoveKind::Book => t("paso-citada"),
        MoveKind::DeclineProposal => t("paso-no-aceptada"),
        MoveKind::Reschedule => t("paso-recitada"),
        MoveKind::CancelByProvider => t("paso-cancelada-servicio"),
        MoveKind::CancelByPatient => t("paso-cancelada-persona"),
        MoveKind::NoShow => t("paso-no-asistio"),
        MoveKind::Relist => t("paso-en-lista"),
        MoveKind::Suspend => t("paso-suspendida"),
        MoveKind::Resume => t("paso-reanudada"),
        MoveKind::Attend => t("paso-atendida"),
        MoveKind::KeepInControl => t("paso-en-control"),
        MoveKind::Admit => t("paso-hospitalizada"),
        MoveKind::CounterRefer => t("paso-contrarreferida"),
        MoveKind::Acknowledge => t("paso-acusada"),
        MoveKind::Close => t("paso-cerrada"),
        MoveKind::Exit => t("paso-salida"),
        MoveKind::ProposeExit => t("paso-salida-propuesta"),
        MoveKind::ConfirmExit => t("paso-salida-confirmada"),
        MoveKind::RefuseExit => t("paso-salida-no-confirmada"),
        MoveKind::Reopen => t("paso-reabierta"),
        MoveKind::RequestTransfer => t("paso-traslado"),
        MoveKind::SeekBed => t("paso-buscando-cama"),
        MoveKind::AcceptTransfer => t("paso-traslado-aceptado"),
        MoveKind::Depart => t("paso-salio"),
        MoveKind::Arrive => t("paso-llego"),
    }
}

/// What was just done, and what follows.
pub fn done(kind: MoveKind) -> Text {
    let follows = match kind {
        MoveKind::ProposeExit => t("sigue-salida-propuesta"),
        kind => act::of(kind).map_or_else(|| t("sigue-anotado"), |act| (act.follows)()),
    };
    t("hecho-movida").with("paso", past(kind)).with("sigue", follows)
}

/// The thread of a referral, newest last: who did what, when, where, in which words; and, while
/// something is open, where it waits.
pub fn thread(referral: &Referral, steps: Vec<Step>, now: Timestamp) -> Vec<Event> {
    let mut events: Vec<Event> = steps.into_iter().map(event).collect();
    match referral.where_it_waits() {
        Some(waiting) => events.push(Event {
            knot: Knot::Waits,
            when_where: waits(&waiting, now),
            heading: referral.state.phase().label().to_owned(),
            lines: referral.due().map(|_| clock(referral, now).text).into_iter().collect(),
            tag: None,
            link: None,
        }),
        None if referral.state.phase() == Phase::Closed => {
            events.iter_mut().next_back().into_iter().for_each(|last| last.knot = Knot::Closed);
        }
        None => {}
    }
    events
}

/// What was done without moving it, or by a program that calls its acts otherwise.
fn noted(code: &str) -> String {
    match Notice::from_code(code) {
        Some(notice) => notice.label().to_owned(),
        None if code == OVERRULE => t("paso-sin-urgencia").into(),
        None => t("paso-anotado").into(),
    }
}

/// One step: what, by whom, when and where, in which words, and where it went before.
pub fn event(step: Step) -> Event {
    let heading = step.act.map_or_else(|| noted(&step.code), |act| past(act).into());
    let before = (!step.before.is_empty()).then(|| t("traslado-antes").with("donde", &step.before).into());
    let parts = [date_time(step.when), step.who, step.place.name];
    Event {
        knot: Knot::Done,
        when_where: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "),
        heading,
        lines: step.why.lines().map(str::to_owned).chain(before).collect(),
        tag: None,
        link: None,
    }
}
