//! The state machine of a referral, pure: no clock, no store, no resources.
//!
//! States follow the Chilean list (SIGTEv2-IG) with Guatemala's urgent transfer, the closed
//! circuit and the two-person exit. A variant carries only what is true in that state. Every move
//! gives the next state or [`InvalidTransition`]; nothing is silently ignored. Invariants: a
//! provider's cancellation keeps the clock; an urgent transfer opens from every state before
//! attendance; nobody leaves for missing before the second time and without a person's decision;
//! exits by death or because the person can't be found need evidence and a second person.

use jiff::Timestamp;

use crate::codes::codes;
use crate::referral::moves::{Move, MoveKind};

codes! {
    /// Which state, without its data (`Task.businessStatus`).
    Phase {
        Draft = "borrador", "Borrador";
        Discarded = "descartada", "Descartada";
        Sent = "enviada", "Enviada, a la espera del destino";
        UnderReview = "en-revision", "En revisión";
        Returned = "devuelta", "Devuelta para completar";
        Redirected = "redirigida", "Redirigida a otro lugar";
        Advised = "asesorada", "Asesorada sin visita";
        Accepted = "aceptada", "Aceptada, a la espera de prioridad";
        Waiting = "en-lista", "En lista de espera";
        Proposed = "propuesta", "Cita propuesta, sin confirmar";
        Booked = "citada", "Con cita";
        Missed = "no-asistio", "No asistió";
        Suspended = "suspendida", "Suspendida a pedido de la persona";
        Attended = "atendida", "Atendida, falta la contrarreferencia";
        InControl = "en-control", "En control con especialista";
        Hospitalised = "hospitalizada", "Hospitalizada";
        Delivered = "contrarreferida", "Contrarreferencia recibida";
        Acknowledged = "acusada", "Contrarreferencia con acuse de recibo";
        Plan = "plan-en-curso", "Plan en curso";
        Closed = "circuito-cerrado", "Circuito cerrado";
        ExitProposed = "salida-propuesta", "Salida propuesta, falta la segunda persona";
        Exited = "salida", "Fuera de la lista";
        TransferRequested = "traslado-solicitado", "Traslado urgente solicitado";
        BedSought = "buscando-cama", "Buscando cama";
        TransferAccepted = "traslado-aceptado", "Traslado aceptado por un médico";
        InTransit = "en-traslado", "En traslado";
        Received = "recibida", "Recibida en el destino";
    }
}

codes! {
    /// How soon. Urgent transfers have none: they are always first.
    Priority {
        P1 = "asap", "P1, inmediata";
        P2 = "urgent", "P2, alta";
        P3 = "routine", "P3, habitual";
    }
}

codes! {
    /// Why a referral leaves the list before it is attended and answered (SIGTEv2 closure reasons).
    ExitReason {
        Guarantee = "ges", "Garantía cumplida en otro programa";
        Attended = "atencion-realizada", "Atención realizada";
        Procedure = "procedimiento-ejecutado", "Procedimiento ejecutado";
        OutsideSystem = "extrasistema", "Atendida fuera del sistema";
        NotBeneficiary = "no-beneficiario", "No es beneficiaria";
        Refused = "renuncia", "La persona renuncia";
        Recovered = "recuperacion-espontanea", "Se recuperó";
        NoShow = "inasistencia", "No asistió dos veces";
        Death = "fallecimiento", "Fallecimiento";
        Duplicate = "duplicada", "Duplicada";
        Unreachable = "contacto-no-corresponde", "No se encuentra a la persona";
        Transferred = "traslado-coordinado", "Traslado coordinado";
        NotPertinent = "no-pertinencia", "No es pertinente";
        TypingError = "error-de-digitacion", "Error de digitación";
        Resolved = "resolutividad", "Resuelta en el primer nivel";
        Telemedicine = "telemedicina", "Resuelta por telemedicina";
        ClinicalChange = "cambio-clinico", "Cambio clínico";
        DigitalHospital = "hospital-digital", "Resuelta por consulta a distancia";
    }
}

impl ExitReason {
    /// Whether evidence and a second person are needed.
    pub fn needs_second_person(self) -> bool {
        matches!(self, Self::Death | Self::Unreachable)
    }
}

/// A place on the waiting list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How soon.
    pub priority: Priority,
    /// From when the wait counts: the sending; what the person causes starts it anew, what the
    /// provider causes never does.
    pub clock: Timestamp,
    /// How many appointments were missed.
    pub missed: u32,
}

/// Where a suspended or ended referral goes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// To the review.
    Review {
        /// From when the wait counts.
        clock: Timestamp,
    },
    /// To the waiting list.
    Waiting(Wait),
    /// To the urgent transfer's start.
    Transfer {
        /// From when the transfer counts.
        clock: Timestamp,
    },
    /// To the specialist, who has to answer.
    Attended {
        /// Id of the Encounter.
        encounter: String,
    },
    /// To the post, which has to acknowledge.
    Answer {
        /// Id of the Composition.
        composition: String,
    },
}

/// The state of a referral.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "Phase names the states; fields are described once in Wait and Back")]
pub enum State {
    Draft,
    Discarded,
    Sent { clock: Timestamp },
    UnderReview { clock: Timestamp },
    Returned { clock: Timestamp, reason: String },
    Redirected { clock: Timestamp, reason: String },
    Advised { clock: Timestamp },
    Accepted { clock: Timestamp },
    Waiting(Wait),
    Proposed { wait: Wait, appointment: String },
    Booked { wait: Wait, appointment: String },
    Missed(Wait),
    Suspended { wait: Wait, reason: String },
    Attended { encounter: String },
    InControl { encounter: String },
    Hospitalised { encounter: String },
    Delivered { composition: String },
    Acknowledged { composition: Option<String> },
    Plan { composition: Option<String>, tasks: Vec<String> },
    Closed { composition: Option<String> },
    ExitProposed { reason: ExitReason, evidence: String, by: String, back: Back },
    Exited { reason: ExitReason, evidence: Option<String>, back: Back },
    TransferRequested { clock: Timestamp },
    BedSought { clock: Timestamp },
    TransferAccepted { clock: Timestamp, physician: String },
    InTransit { clock: Timestamp, physician: String },
    Received { clock: Timestamp, physician: String },
}

/// A move that is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not possible from {}: {why}", .step.code(), .from.code())]
pub struct InvalidTransition {
    /// From where.
    pub from: Phase,
    /// What was tried.
    pub step: MoveKind,
    /// Why not.
    pub why: &'static str,
}

/// The refusal that names no finer reason.
pub(crate) const NOT_HERE: &str = "the state does not allow it";
/// The refusal of what is attended on a day before its appointment, or missed before it is over.
pub(crate) const TOO_EARLY: &str = "the time of the appointment has not come";

impl State {
    /// Which state, without its data.
    pub fn phase(&self) -> Phase {
        match self {
            Self::Draft => Phase::Draft,
            Self::Discarded => Phase::Discarded,
            Self::Sent { .. } => Phase::Sent,
            Self::UnderReview { .. } => Phase::UnderReview,
            Self::Returned { .. } => Phase::Returned,
            Self::Redirected { .. } => Phase::Redirected,
            Self::Advised { .. } => Phase::Advised,
            Self::Accepted { .. } => Phase::Accepted,
            Self::Waiting(_) => Phase::Waiting,
            Self::Proposed { .. } => Phase::Proposed,
            Self::Booked { .. } => Phase::Booked,
            Self::Missed(_) => Phase::Missed,
            Self::Suspended { .. } => Phase::Suspended,
            Self::Attended { .. } => Phase::Attended,
            Self::InControl { .. } => Phase::InControl,
            Self::Hospitalised { .. } => Phase::Hospitalised,
            Self::Delivered { .. } => Phase::Delivered,
            Self::Acknowledged { .. } => Phase::Acknowledged,
            Self::Plan { .. } => Phase::Plan,
            Self::Closed { .. } => Phase::Closed,
            Self::ExitProposed { .. } => Phase::ExitProposed,
            Self::Exited { .. } => Phase::Exited,
            Self::TransferRequested { .. } => Phase::TransferRequested,
            Self::BedSought { .. } => Phase::BedSought,
            Self::TransferAccepted { .. } => Phase::TransferAccepted,
            Self::InTransit { .. } => Phase::InTransit,
            Self::Received { .. } => Phase::Received,
        }
    }

    /// The next state.
    ///
    /// # Errors
    /// When this state does not allow the move.
    pub fn apply(&self, step: &Move, at: Timestamp) -> Result<Self, InvalidTransition> {
        let refuse = |why| InvalidTransition { from: self.phase(), step: step.kind(), why };
        match step.kind() {
            MoveKind::Send
            | MoveKind::Discard
            | MoveKind::Receive
            | MoveKind::Return
            | MoveKind::Complete
            | MoveKind::Redirect
            | MoveKind::Advise
            | MoveKind::Reject
            | MoveKind::Accept
            | MoveKind::Prioritise => self.review(step, at),
            MoveKind::Attend
            | MoveKind::KeepInControl
            | MoveKind::Admit
            | MoveKind::CounterRefer
            | MoveKind::Acknowledge
            | MoveKind::Close => self.answer(step),
            MoveKind::Exit
            | MoveKind::ProposeExit
            | MoveKind::ConfirmExit
            | MoveKind::RefuseExit
            | MoveKind::Reopen => self.leave(step),
            MoveKind::RequestTransfer
            | MoveKind::SeekBed
            | MoveKind::AcceptTransfer
            | MoveKind::Depart
            | MoveKind::Arrive => self.transfer(step, at),
            _ => self.list(step, at),
        }
        .map_err(refuse)
    }

    /// Writing and reviewing.
    fn review(&self, step: &Move, at: Timestamp) -> Result<Self, &'static str> {
        Ok(match (self, step) {
            (Self::Draft, Move::Send) => Self::Sent { clock: at },
            (Self::Draft, Move::Discard) => Self::Discarded,
            (Self::Sent { clock } | Self::Redirected { clock, .. }, Move::Receive)
            | (Self::Returned { clock, .. }, Move::Complete) => Self::UnderReview { clock: *clock },
            (Self::UnderReview { clock }, Move::Return { reason }) => {
                Self::Returned { clock: *clock, reason: reason.clone() }
            }
            (Self::UnderReview { clock }, Move::Redirect { reason }) => {
                Self::Redirected { clock: *clock, reason: reason.clone() }
            }
            (Self::UnderReview { clock }, Move::Advise) => Self::Advised { clock: *clock },
            (Self::UnderReview { clock }, Move::Reject) => {
                Self::Exited { reason: ExitReason::NotPertinent, evidence: None, back: Back::Review { clock: *clock } }
            }
            (Self::UnderReview { clock }, Move::Accept { priority: None }) => Self::Accepted { clock: *clock },
            (Self::UnderReview { clock }, Move::Accept { priority: Some(priority) })
            | (Self::Accepted { clock }, Move::Prioritise { priority }) => {
                Self::Waiting(Wait { priority: *priority, clock: *clock, missed: 0 })
            }
            _ => return Err(NOT_HERE),
        })
    }

    /// Waiting and appointments.
    fn list(&self, step: &Move, at: Timestamp) -> Result<Self, &'static str> {
        let restart = |wait: &Wait| Wait { clock: at, ..wait.clone() };
        Ok(match (self, step) {
            (Self::Waiting(wait), Move::Propose { appointment }) => {
                Self::Proposed { wait: wait.clone(), appointment: appointment.clone() }
            }
            (Self::Missed(wait), Move::Book { .. }) if wait.missed >= 2 => {
                return Err("after the second missed appointment a person decides first");
            }
            (Self::Waiting(wait) | Self::Missed(wait), Move::Book { appointment }) => {
                Self::Booked { wait: wait.clone(), appointment: appointment.clone() }
            }
            (Self::Proposed { wait, appointment: proposed }, Move::Book { appointment }) => {
                if proposed != appointment {
                    return Err("only the proposed appointment can be confirmed");
                }
                Self::Booked { wait: wait.clone(), appointment: appointment.clone() }
            }
            (Self::Booked { appointment: held, .. }, Move::Reschedule { appointment }) if held == appointment => {
                return Err("the new appointment is the old one");
            }
            (Self::Booked { wait, .. }, Move::Reschedule { appointment }) => {
                Self::Booked { wait: wait.clone(), appointment: appointment.clone() }
            }
            (Self::Proposed { wait, .. }, Move::DeclineProposal)
            | (Self::Booked { wait, .. } | Self::Proposed { wait, .. }, Move::CancelByProvider)
            | (Self::Missed(wait), Move::Relist)
            | (Self::Suspended { wait, .. }, Move::Resume) => Self::Waiting(wait.clone()),
            (Self::Booked { wait, .. }, Move::CancelByPatient) => Self::Waiting(restart(wait)),
            (Self::Booked { wait, .. }, Move::NoShow) => {
                Self::Missed(Wait { missed: wait.missed + 1, ..restart(wait) })
            }
            (Self::Waiting(wait) | Self::Missed(wait), Move::Suspend { reason }) => {
                Self::Suspended { wait: wait.clone(), reason: reason.clone() }
            }
            _ => return Err(NOT_HERE),
        })
    }

    /// Attendance, answer and closing.
    fn answer(&self, step: &Move) -> Result<Self, &'static str> {
        Ok(match (self, step) {
            (Self::Booked { .. } | Self::Received { .. }, Move::Attend { encounter }) => {
                Self::Attended { encounter: encounter.clone() }
            }
            (Self::Attended { encounter } | Self::Hospitalised { encounter }, Move::KeepInControl) => {
                Self::InControl { encounter: encounter.clone() }
            }
            (Self::Attended { encounter } | Self::InControl { encounter }, Move::Admit) => {
                Self::Hospitalised { encounter: encounter.clone() }
            }
            (
                Self::Attended { .. }
                | Self::InControl { .. }
                | Self::Hospitalised { .. }
                | Self::Acknowledged { composition: Some(_) }
                | Self::Plan { composition: Some(_), .. },
                Move::CounterRefer { composition },
            ) => Self::Delivered { composition: composition.clone() },
            (Self::Delivered { composition }, Move::Acknowledge { tasks }) => {
                Self::acknowledged(Some(composition.clone()), tasks)
            }
            (Self::Advised { .. }, Move::Acknowledge { tasks }) => Self::acknowledged(None, tasks),
            (Self::Acknowledged { composition } | Self::Plan { composition, .. }, Move::Close) => {
                Self::Closed { composition: composition.clone() }
            }
            _ => return Err(NOT_HERE),
        })
    }

    fn acknowledged(composition: Option<String>, tasks: &[String]) -> Self {
        match tasks {
            [] => Self::Acknowledged { composition },
            tasks => Self::Plan { composition, tasks: tasks.to_vec() },
        }
    }

    /// Leaving the list and coming back.
    fn leave(&self, step: &Move) -> Result<Self, &'static str> {
        Ok(match (self, step) {
            (Self::ExitProposed { by, .. }, Move::ConfirmExit { by: second }) if by == second => {
                return Err("the second person must be another one");
            }
            (Self::ExitProposed { reason, evidence, back, .. }, Move::ConfirmExit { .. }) => {
                Self::Exited { reason: *reason, evidence: Some(evidence.clone()), back: back.clone() }
            }
            (Self::ExitProposed { back, .. }, Move::RefuseExit) | (Self::Exited { back, .. }, Move::Reopen) => {
                back.state()
            }
            (Self::Closed { composition: Some(composition) }, Move::Reopen) => {
                Self::Delivered { composition: composition.clone() }
            }
            (_, Move::Exit { reason }) if reason.needs_second_person() => {
                return Err("this reason needs evidence and a second person");
            }
            (Self::Missed(wait), Move::Exit { reason: ExitReason::NoShow }) if wait.missed >= 2 => {
                Self::Exited { reason: ExitReason::NoShow, evidence: None, back: Back::Waiting(wait.clone()) }
            }
            (_, Move::Exit { reason: ExitReason::NoShow }) => {
                return Err("only a second missed appointment is a reason to leave");
            }
            (_, Move::Exit { reason }) => {
                Self::Exited { reason: *reason, evidence: None, back: self.back().ok_or(NOT_HERE)? }
            }
            (_, Move::ProposeExit { reason, .. }) if !reason.needs_second_person() => {
                return Err("this reason needs no second person");
            }
            (_, Move::ProposeExit { evidence, .. }) if evidence.trim().is_empty() => {
                return Err("evidence is missing");
            }
            (_, Move::ProposeExit { reason, evidence, by }) => Self::ExitProposed {
                reason: *reason,
                evidence: evidence.clone(),
                by: by.clone(),
                back: self.back().ok_or(NOT_HERE)?,
            },
            _ => return Err(NOT_HERE),
        })
    }

    /// The urgent branch. It opens from every state before attendance: triage never blocks it.
    fn transfer(&self, step: &Move, at: Timestamp) -> Result<Self, &'static str> {
        Ok(match (self, step) {
            (
                Self::Draft
                | Self::Sent { .. }
                | Self::UnderReview { .. }
                | Self::Returned { .. }
                | Self::Redirected { .. }
                | Self::Advised { .. }
                | Self::Accepted { .. }
                | Self::Waiting(_)
                | Self::Proposed { .. }
                | Self::Booked { .. }
                | Self::Missed(_)
                | Self::Suspended { .. },
                Move::RequestTransfer,
            ) => Self::TransferRequested { clock: at },
            (Self::TransferRequested { clock } | Self::BedSought { clock }, Move::SeekBed) => {
                Self::BedSought { clock: *clock }
            }
            (Self::TransferRequested { .. } | Self::BedSought { .. }, Move::AcceptTransfer { physician })
                if physician.trim().is_empty() =>
            {
                return Err("a physician accepts by name");
            }
            (Self::TransferRequested { clock } | Self::BedSought { clock }, Move::AcceptTransfer { physician }) => {
                Self::TransferAccepted { clock: *clock, physician: physician.clone() }
            }
            (Self::TransferAccepted { clock, physician }, Move::Depart) => {
                Self::InTransit { clock: *clock, physician: physician.clone() }
            }
            (Self::InTransit { clock, physician }, Move::Arrive) => {
                Self::Received { clock: *clock, physician: physician.clone() }
            }
            _ => return Err(NOT_HERE),
        })
    }

    /// Where it comes back to if it leaves now; `None` where it can't leave.
    fn back(&self) -> Option<Back> {
        Some(match self {
            Self::Sent { clock }
            | Self::UnderReview { clock }
            | Self::Returned { clock, .. }
            | Self::Redirected { clock, .. }
            | Self::Advised { clock }
            | Self::Accepted { clock } => Back::Review { clock: *clock },
            Self::Waiting(wait)
            | Self::Proposed { wait, .. }
            | Self::Booked { wait, .. }
            | Self::Missed(wait)
            | Self::Suspended { wait, .. } => Back::Waiting(wait.clone()),
            Self::TransferRequested { clock }
            | Self::BedSought { clock }
            | Self::TransferAccepted { clock, .. }
            | Self::InTransit { clock, .. }
            | Self::Received { clock, .. } => Back::Transfer { clock: *clock },
            Self::Attended { encounter } | Self::InControl { encounter } | Self::Hospitalised { encounter } => {
                Back::Attended { encounter: encounter.clone() }
            }
            Self::Delivered { composition } => Back::Answer { composition: composition.clone() },
            Self::Acknowledged { composition: Some(composition) }
            | Self::Plan { composition: Some(composition), .. } => Back::Answer { composition: composition.clone() },
            _ => return None,
        })
    }

    /// The appointment that this state holds.
    pub fn appointment(&self) -> Option<&str> {
        match self {
            Self::Proposed { appointment, .. } | Self::Booked { appointment, .. } => Some(appointment),
            _ => None,
        }
    }

    /// From when the wait counts, where that is part of the state.
    pub fn clock(&self) -> Option<Timestamp> {
        match self {
            Self::ExitProposed { back, .. } | Self::Exited { back, .. } => back.state().clock(),
            Self::Waiting(wait)
            | Self::Proposed { wait, .. }
            | Self::Booked { wait, .. }
            | Self::Missed(wait)
            | Self::Suspended { wait, .. } => Some(wait.clock),
            Self::TransferRequested { clock }
            | Self::BedSought { clock }
            | Self::TransferAccepted { clock, .. }
            | Self::InTransit { clock, .. }
            | Self::Received { clock, .. } => Some(*clock),
            Self::Draft | Self::Discarded => None,
            _ => match self.back() {
                Some(Back::Review { clock }) => Some(clock),
                _ => None,
            },
        }
    }
}

impl Back {
    /// The state it leads to.
    pub fn state(&self) -> State {
        match self.clone() {
            Self::Review { clock } => State::UnderReview { clock },
            Self::Waiting(wait) => State::Waiting(wait),
            Self::Transfer { clock } => State::TransferRequested { clock },
            Self::Attended { encounter } => State::Attended { encounter },
            Self::Answer { composition } => State::Delivered { composition },
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
