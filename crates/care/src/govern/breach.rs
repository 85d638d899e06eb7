//! Which rule a refused write broke, for whoever has to say it to people in their own words. The
//! issues themselves are for machines: a place in a resource, a sentence in English, and the code of
//! the rule, by which alone it is known again: the sentence may change.

use access::system;
use fhir::outcome::Issue;

use crate::CareError;
use crate::referral::state::TOO_EARLY;

/// A rule that was broken, as far as a person can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A danger sign is ticked, or nobody asked for them: the urgent transfer comes first.
    DangerSigns,
    /// A follow-up of the plan is neither done nor given up.
    OpenFollowUp,
    /// The post's objection waits for the destination's answer.
    Unheard,
    /// The role, or where it stands, is not one that does this.
    NotYours,
    /// The destination is another institution's, and no agreement in force lets it see the referral.
    Unshared,
    /// The appointment's day or hour has not come.
    TooEarly,
    /// The appointment or its place is not as the write says.
    Appointment,
    /// The referral can't go from its state to that one.
    Move,
    /// Another rule.
    Other,
}

impl Breach {
    const ALL: [Self; 9] = [
        Self::DangerSigns,
        Self::OpenFollowUp,
        Self::Unheard,
        Self::NotYours,
        Self::Unshared,
        Self::TooEarly,
        Self::Appointment,
        Self::Move,
        Self::Other,
    ];

    /// Its code ([`system::RULE`]), which machines read too.
    pub fn code(self) -> &'static str {
        match self {
            Self::DangerSigns => "senales",
            Self::OpenFollowUp => "tarea-abierta",
            Self::Unheard => "objecion",
            Self::NotYours => "funcion",
            Self::Unshared => "sin-acuerdo",
            Self::TooEarly => "temprano",
            Self::Appointment => "cita",
            Self::Move => "paso",
            Self::Other => "otra",
        }
    }

    /// The refusal by this rule.
    pub(crate) fn told(self, place: &str, problem: impl Into<String>) -> Issue {
        Issue::error("business-rule", place, problem).detailed(system::RULE, self.code())
    }

    /// The rule that most refusals at this place are by.
    pub(crate) fn at(place: &str) -> Self {
        match place {
            "ServiceRequest.orderDetail" => Self::DangerSigns,
            "Task.businessStatus" | "Task.owner" | "Task.status" => Self::Move,
            place if place.starts_with("Appointment") || place.starts_with("Slot") => Self::Appointment,
            "Task.input" => Self::Appointment,
            _ => Self::Other,
        }
    }

    /// The rule behind a refusal of the gate: its first issue tells.
    pub fn of(issues: &[Issue]) -> Self {
        let told = issues.first().and_then(|issue| issue.details).filter(|details| details.0 == system::RULE);
        told.and_then(|(_, code)| Self::ALL.into_iter().find(|one| one.code() == code)).unwrap_or(Self::Other)
    }

    /// The rule behind an error of care, where it is one.
    pub fn behind(error: &CareError) -> Option<Self> {
        match error {
            CareError::Access(access::AccessError::Rule(issues)) => Some(Self::of(issues)),
            CareError::Transition(refused) if refused.why == TOO_EARLY => Some(Self::TooEarly),
            CareError::UrgentFirst { .. } => Some(Self::DangerSigns),
            _ => None,
        }
    }
}
