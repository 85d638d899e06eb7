//! Which rule a refused write broke, for whoever has to say it to people in their own words. The
//! issues themselves are for machines: a place in a resource and a sentence in English.

use fhir::outcome::Issue;

use crate::CareError;
use crate::referral::state::TOO_EARLY;

/// Said when a plan is closed or amended before all of it is done or given up.
pub(super) const OPEN: &str = "of the plan is still open";
/// Said when the post closes over its own objection.
pub(super) const UNHEARD: &str = "what the post could not do waits for the destination's answer (or its coordinator's)";
/// Said of a role or place that makes no such move.
pub(super) const NOT_YOURS: &str = "at this place";

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
    /// The rule behind a refusal of the gate: its first issue tells.
    pub fn of(issues: &[Issue]) -> Self {
        let Some(issue) = issues.first() else { return Self::Other };
        let place = issue.expression.as_deref().unwrap_or_default();
        let said = |words: &str| issue.diagnostics.contains(words);
        match place {
            _ if said(TOO_EARLY) => Self::TooEarly,
            _ if said(OPEN) => Self::OpenFollowUp,
            _ if said(UNHEARD) => Self::Unheard,
            _ if said(NOT_YOURS) => Self::NotYours,
            "ServiceRequest.orderDetail" => Self::DangerSigns,
            "Task.businessStatus" | "Task.owner" | "Task.status" => Self::Move,
            place if place.starts_with("Appointment") || place.starts_with("Slot") => Self::Appointment,
            "Task.input" => Self::Appointment,
            _ => Self::Other,
        }
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
