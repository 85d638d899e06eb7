//! What can be done with a referral, by whom, and which move lies between two states.

use access::Role;
use jiff::Timestamp;

use crate::codes::codes;
use crate::referral::state::{ExitReason, NOT_HERE, Priority, State};

codes! {
    /// A move without its data; the code is the act's name in the audit.
    MoveKind {
        Send = "send", "Enviar";
        Discard = "discard", "Descartar";
        Receive = "receive", "Tomar para revisar";
        Return = "return", "Devolver";
        Complete = "complete", "Completar y reenviar";
        Redirect = "redirect", "Redirigir";
        Advise = "advise", "Asesorar";
        Reject = "reject", "Rechazar";
        Accept = "accept", "Aceptar";
        Prioritise = "prioritise", "Priorizar";
        Propose = "propose", "Proponer cita";
        Book = "book", "Dar cita";
        DeclineProposal = "decline-proposal", "No aceptar la cita propuesta";
        Reschedule = "reschedule", "Cambiar la cita";
        CancelByProvider = "cancel-by-provider", "Cancelar por el servicio";
        CancelByPatient = "cancel-by-patient", "Cancelar a pedido de la persona";
        NoShow = "no-show", "Anotar que no asistió";
        Relist = "relist", "Volver a la lista";
        Suspend = "suspend", "Suspender";
        Resume = "resume", "Reanudar";
        Attend = "attend", "Atender";
        KeepInControl = "keep-in-control", "Dejar en control";
        Admit = "admit", "Hospitalizar";
        CounterRefer = "counter-refer", "Contrarreferir";
        Acknowledge = "acknowledge", "Acusar";
        Close = "close", "Cerrar";
        Exit = "exit", "Sacar de la lista";
        ProposeExit = "propose-exit", "Proponer salida";
        ConfirmExit = "confirm-exit", "Confirmar salida";
        RefuseExit = "refuse-exit", "No confirmar la salida";
        Reopen = "reopen", "Reabrir";
        RequestTransfer = "request-transfer", "Pedir traslado urgente";
        SeekBed = "seek-bed", "Buscar cama";
        AcceptTransfer = "accept-transfer", "Aceptar el traslado";
        Depart = "depart", "Salir en traslado";
        Arrive = "arrive", "Recibir";
    }
}

/// A move with what it needs to be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "MoveKind describes the moves")]
pub enum Move {
    Send,
    Discard,
    Receive,
    Return { reason: String },
    Complete,
    Redirect { reason: String },
    Advise,
    Reject,
    Accept { priority: Option<Priority> },
    Prioritise { priority: Priority },
    Propose { appointment: String },
    Book { appointment: String },
    DeclineProposal,
    Reschedule { appointment: String },
    CancelByProvider,
    CancelByPatient,
    NoShow,
    Relist,
    Suspend { reason: String },
    Resume,
    Attend { encounter: String },
    KeepInControl,
    Admit,
    CounterRefer { composition: String },
    Acknowledge { tasks: Vec<String> },
    Close,
    Exit { reason: ExitReason },
    ProposeExit { reason: ExitReason, evidence: String, by: String },
    ConfirmExit { by: String },
    RefuseExit,
    Reopen,
    RequestTransfer,
    SeekBed,
    AcceptTransfer { physician: String },
    Depart,
    Arrive,
}

/// Where somebody has to stand to make a move or has work waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The facility that refers and follows up.
    Origin,
    /// The facility that attends.
    Destination,
    /// Whoever coordinates the territory of either, or the destination itself.
    Network,
    /// Any of them.
    Either,
}

impl Move {
    /// Which move, without its data.
    pub fn kind(&self) -> MoveKind {
        match self {
            Self::Send => MoveKind::Send,
            Self::Discard => MoveKind::Discard,
            Self::Receive => MoveKind::Receive,
            Self::Return { .. } => MoveKind::Return,
            Self::Complete => MoveKind::Complete,
            Self::Redirect { .. } => MoveKind::Redirect,
            Self::Advise => MoveKind::Advise,
            Self::Reject => MoveKind::Reject,
            Self::Accept { .. } => MoveKind::Accept,
            Self::Prioritise { .. } => MoveKind::Prioritise,
            Self::Propose { .. } => MoveKind::Propose,
            Self::Book { .. } => MoveKind::Book,
            Self::DeclineProposal => MoveKind::DeclineProposal,
            Self::Reschedule { .. } => MoveKind::Reschedule,
            Self::CancelByProvider => MoveKind::CancelByProvider,
            Self::CancelByPatient => MoveKind::CancelByPatient,
            Self::NoShow => MoveKind::NoShow,
            Self::Relist => MoveKind::Relist,
            Self::Suspend { .. } => MoveKind::Suspend,
            Self::Resume => MoveKind::Resume,
            Self::Attend { .. } => MoveKind::Attend,
            Self::KeepInControl => MoveKind::KeepInControl,
            Self::Admit => MoveKind::Admit,
            Self::CounterRefer { .. } => MoveKind::CounterRefer,
            Self::Acknowledge { .. } => MoveKind::Acknowledge,
            Self::Close => MoveKind::Close,
            Self::Exit { .. } => MoveKind::Exit,
            Self::ProposeExit { .. } => MoveKind::ProposeExit,
            Self::ConfirmExit { .. } => MoveKind::ConfirmExit,
            Self::RefuseExit => MoveKind::RefuseExit,
            Self::Reopen => MoveKind::Reopen,
            Self::RequestTransfer => MoveKind::RequestTransfer,
            Self::SeekBed => MoveKind::SeekBed,
            Self::AcceptTransfer { .. } => MoveKind::AcceptTransfer,
            Self::Depart => MoveKind::Depart,
            Self::Arrive => MoveKind::Arrive,
        }
    }

    /// The moves that lead from one state to the other (a cancellation may be either's); `by` is
    /// the author of the write. A restarted clock lies between the old one and now.
    ///
    /// # Errors
    /// Why no move leads there, told for the move that comes nearest.
    pub fn between(before: &State, after: &State, by: &str, now: Timestamp) -> Result<Vec<Self>, &'static str> {
        let mut nearest = "no move leads from the one state to the other";
        let in_range = |clock: &Timestamp| *clock <= now && before.clock().is_none_or(|old| old <= *clock);
        let at = after.clock().filter(in_range).unwrap_or(now);
        let mut found = Vec::new();
        for step in Self::leading_to(after, by) {
            match before.apply(&step, at) {
                Ok(next) if next == *after => found.push(step),
                Ok(next) if next.phase() == after.phase() => {
                    nearest = "what the state carries (clock, priority, count, evidence) is not what the move gives";
                }
                Ok(_) => {}
                Err(error) if error.why != NOT_HERE => nearest = error.why,
                Err(_) => {}
            }
        }
        if found.is_empty() { Err(nearest) } else { Ok(found) }
    }

    /// Every move that may lead to the state, with the data that the state shows.
    fn leading_to(after: &State, by: &str) -> Vec<Self> {
        match after.clone() {
            State::Draft => vec![],
            State::Discarded => vec![Self::Discard],
            State::Sent { .. } => vec![Self::Send],
            State::UnderReview { .. } => vec![Self::Receive, Self::Complete, Self::Reopen, Self::RefuseExit],
            State::Returned { reason, .. } => vec![Self::Return { reason }],
            State::Redirected { reason, .. } => vec![Self::Redirect { reason }],
            State::Advised { .. } => vec![Self::Advise],
            State::Accepted { .. } => vec![Self::Accept { priority: None }],
            State::Waiting(wait) => vec![
                Self::Accept { priority: Some(wait.priority) },
                Self::Prioritise { priority: wait.priority },
                Self::DeclineProposal,
                Self::CancelByProvider,
                Self::CancelByPatient,
                Self::Relist,
                Self::Resume,
                Self::Reopen,
                Self::RefuseExit,
            ],
            State::Proposed { appointment, .. } => vec![Self::Propose { appointment }],
            State::Booked { appointment, .. } => {
                vec![Self::Book { appointment: appointment.clone() }, Self::Reschedule { appointment }]
            }
            State::Missed(_) => vec![Self::NoShow],
            State::Suspended { reason, .. } => vec![Self::Suspend { reason }],
            State::Attended { encounter } => vec![Self::Attend { encounter }, Self::Reopen, Self::RefuseExit],
            State::InControl { .. } => vec![Self::KeepInControl],
            State::Hospitalised { .. } => vec![Self::Admit],
            State::Delivered { composition } => {
                vec![Self::CounterRefer { composition }, Self::Reopen, Self::RefuseExit]
            }
            State::Acknowledged { .. } => vec![Self::Acknowledge { tasks: vec![] }],
            State::Plan { tasks, .. } => vec![Self::Acknowledge { tasks }],
            State::Closed { .. } => vec![Self::Close],
            State::ExitProposed { reason, evidence, by: proposer, .. } if proposer == by => {
                vec![Self::ProposeExit { reason, evidence, by: proposer }]
            }
            State::ExitProposed { .. } => vec![],
            State::Exited { reason, .. } => {
                vec![Self::ConfirmExit { by: by.to_owned() }, Self::Reject, Self::Exit { reason }]
            }
            State::TransferRequested { .. } => vec![Self::RequestTransfer, Self::Reopen, Self::RefuseExit],
            State::BedSought { .. } => vec![Self::SeekBed],
            State::TransferAccepted { physician, .. } => vec![Self::AcceptTransfer { physician }],
            State::InTransit { .. } => vec![Self::Depart],
            State::Received { .. } => vec![Self::Arrive],
        }
    }
}

impl MoveKind {
    /// On which side one has to stand.
    pub fn side(self) -> Side {
        match self {
            Self::Send | Self::Discard | Self::Complete | Self::Acknowledge | Self::RequestTransfer => Side::Origin,
            Self::Receive
            | Self::Return
            | Self::Redirect
            | Self::Advise
            | Self::Reject
            | Self::Accept
            | Self::Prioritise
            | Self::SeekBed
            | Self::AcceptTransfer => Side::Network,
            Self::NoShow
            | Self::CancelByProvider
            | Self::Attend
            | Self::KeepInControl
            | Self::Admit
            | Self::CounterRefer
            | Self::Arrive => Side::Destination,
            _ => Side::Either,
        }
    }

    /// Whether the role may make it, standing on the right side. `sistema` may make all of them:
    /// a machine speaks for people whom its own system has checked.
    pub fn may(self, role: Role) -> bool {
        let clinician = matches!(role, Role::Nurse | Role::Doctor | Role::Specialist);
        let physician = matches!(role, Role::Doctor | Role::Specialist);
        let desk = matches!(role, Role::Clerk | Role::Coordinator);
        role == Role::System
            || match self {
                Self::Send | Self::Discard | Self::Complete | Self::Acknowledge => clinician,
                Self::RequestTransfer | Self::Depart => clinician || role == Role::Coordinator,
                Self::Receive
                | Self::Return
                | Self::Redirect
                | Self::Advise
                | Self::Reject
                | Self::Accept
                | Self::Prioritise
                | Self::SeekBed => physician || role == Role::Coordinator,
                Self::AcceptTransfer | Self::Attend | Self::KeepInControl | Self::Admit | Self::CounterRefer => {
                    physician || (self == Self::AcceptTransfer && role == Role::Coordinator)
                }
                // Whoever may finish the last follow-up of a plan.
                Self::Close => {
                    clinician || matches!(role, Role::Coordinator | Role::CommunityWorker | Role::SocialWorker)
                }
                Self::Exit | Self::ProposeExit | Self::ConfirmExit | Self::RefuseExit | Self::Reopen => {
                    clinician || desk || matches!(role, Role::SocialWorker | Role::Supervisor)
                }
                Self::Arrive => clinician || desk,
                Self::Propose
                | Self::Book
                | Self::DeclineProposal
                | Self::Reschedule
                | Self::CancelByProvider
                | Self::CancelByPatient
                | Self::NoShow
                | Self::Relist
                | Self::Suspend
                | Self::Resume => clinician || desk || matches!(role, Role::SocialWorker | Role::CommunityWorker),
            }
    }
}
