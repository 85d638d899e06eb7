//! The bits of reasons, shares and labels. Stored in index rows: a number is never given a new
//! meaning (raise [`super::TejidoProjector`]'s version when a rule changes).

use crate::system;

/// Reasons to see a record ([`store::Reason::kind`]).
pub(crate) mod reason {
    /// An encounter at the facility.
    pub(crate) const ENCOUNTER: u32 = 1;
    /// A referral from or to the facility.
    pub(crate) const REFERRAL: u32 = 1 << 1;
    /// The person is registered at the facility, or assigned to it.
    pub(crate) const REGISTERED: u32 = 1 << 2;
    /// An appointment at the facility.
    pub(crate) const APPOINTMENT: u32 = 1 << 3;
    /// An episode of care that the facility manages.
    pub(crate) const EPISODE: u32 = 1 << 4;
    /// A referral not sent yet: for the institution that keeps it only, because no other sees it.
    pub(crate) const DRAFT: u32 = 1 << 5;
    /// Any of them.
    pub(crate) const ANY: u32 = COMMON | EPISODE;
    /// Those whose source every role that opens a record reads itself.
    pub(crate) const COMMON: u32 = ENCOUNTER | REFERRAL | DRAFT | REGISTERED | APPOINTMENT;
    /// Those that make a facility part of the treating team.
    pub(crate) const TREATING: u32 = ENCOUNTER | REFERRAL | DRAFT | EPISODE;
}

/// What a referral shows ([`store::Share::class`]).
pub(crate) mod class {
    /// The Task and the ServiceRequest.
    pub(crate) const REFERRAL: u32 = 1;
    /// Results enclosed.
    pub(crate) const RESULT: u32 = 1 << 1;
    /// Summary and documents enclosed.
    pub(crate) const SUMMARY: u32 = 1 << 2;
    /// What comes back.
    pub(crate) const COUNTER_REFERRAL: u32 = 1 << 3;
    /// The person's index form (masked), never the record.
    pub(crate) const INDEX: u32 = 1 << 4;
    /// All that is read as it is stored.
    pub(crate) const CONTENT: u32 = REFERRAL | RESULT | SUMMARY | COUNTER_REFERRAL;

    /// The class of a code of [`crate::system::SHARED_CLASS`].
    pub(crate) fn of_code(code: &str) -> u32 {
        match code {
            "referencia" => REFERRAL,
            "resultado" => RESULT,
            "resumen" => SUMMARY,
            "contrarreferencia" => COUNTER_REFERRAL,
            "indice" => INDEX,
            _ => 0,
        }
    }
}

/// Reasons and shares that rest on a labelled resource have their bits this far up: only who sees
/// every label may act on them, or the record opened would tell of the resource that is hidden.
pub(crate) const LABELLED: u32 = 8;

/// A resource about several people that no one of them owns, or about somebody whom no reference
/// names; seen only by callers who see the whole institution.
pub(crate) const MIXED: u32 = 1 << 31;

/// Sensitivity classes (`meta.security`, system [`system::SENSITIVITY`]); what implies each and who
/// sees it is policy data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// `vih`
    Hiv,
    /// `violencia`: sexual or domestic.
    Violence,
    /// `salud-mental`
    MentalHealth,
    /// `sustancias`
    Substances,
    /// `adolescente-ssr`: adolescent sexual and reproductive health.
    AdolescentSexualHealth,
}

impl Label {
    /// Every class.
    pub const ALL: [Self; 5] =
        [Self::Hiv, Self::Violence, Self::MentalHealth, Self::Substances, Self::AdolescentSexualHealth];

    /// The code as stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Hiv => "vih",
            Self::Violence => "violencia",
            Self::MentalHealth => "salud-mental",
            Self::Substances => "sustancias",
            Self::AdolescentSexualHealth => "adolescente-ssr",
        }
    }

    /// Its bit in [`store::Facts::labels`].
    pub(crate) fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Its Coding in our own system.
    pub fn coding(self) -> fhir::Value {
        fhir::json!({ "system": system::SENSITIVITY, "code": self.code() })
    }
}

/// By which ground a caller sees a person's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ground {
    /// The facility attends or attended the person.
    Encounter,
    /// A referral from or to the facility.
    Referral,
    /// Registered at or assigned to the facility.
    Registered,
    /// An appointment at the facility.
    Appointment,
    /// An episode of care.
    Episode,
    /// A written reason of the caller's own.
    BreakGlass,
    /// The program itself, or a machine that serves the whole institution.
    Institution,
}

impl Ground {
    /// The code, for audit (system [`system::GROUND`]).
    pub fn code(self) -> &'static str {
        match self {
            Self::Encounter => "atencion",
            Self::Referral => "referencia",
            Self::Registered => "adscripcion",
            Self::Appointment => "cita",
            Self::Episode => "seguimiento",
            Self::BreakGlass => "emergencia",
            Self::Institution => "institucion",
        }
    }

    /// The grounds that rest on a reason row, with their bits, strongest first.
    pub(crate) const BY_REASON: [(Self, u32); 5] = [
        (Self::Encounter, reason::ENCOUNTER),
        (Self::Referral, reason::REFERRAL | reason::DRAFT),
        (Self::Episode, reason::EPISODE),
        (Self::Appointment, reason::APPOINTMENT),
        (Self::Registered, reason::REGISTERED),
    ];
}
