//! The access facts of a resource and the condition that says who may see it.
//!
//! `access` computes the facts (through [`Projector`]) and the conditions; here they are rows and
//! SQL. A condition is part of every query, never a filter on its answer.

/// Computes the access facts of ONE resource from that resource alone, so that a rebuild gives
/// what live writing gave.
pub trait Projector: Send + Sync {
    /// The facts of this resource.
    fn project(&self, resource: &fhir::Value) -> Facts;
    /// Changes when the same resource would give other facts; the store then rebuilds them.
    fn version(&self) -> u32;
}

/// The access facts of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Institution code (`MSPAS`, `IGSS`); `None` = shared (directory, definitions).
    pub custodian: Option<String>,
    /// The patient it is about (a Patient: its own id); `None` = not about a person.
    pub patient: Option<String>,
    /// Bit mask of sensitivity classes.
    pub labels: u32,
    /// Reasons that this resource gives somebody to see its patient's record.
    pub reasons: Vec<Reason>,
    /// Single resources that this resource shows to somebody.
    pub shares: Vec<Share>,
}

/// A reason to see a patient's record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// Whose record.
    pub patient: String,
    /// Who has it: a facility id, or `org:IGSS`.
    pub grantee: String,
    /// One bit, defined by `access`: attends, referral, encounter, territory, …
    pub kind: u32,
    /// From when, microseconds.
    pub from: i64,
    /// Until when, microseconds, exclusive.
    pub until: i64,
}

/// One resource shown to somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// Type of the resource shown.
    pub target_type: String,
    /// Its id.
    pub target_id: String,
    /// To whom.
    pub grantee: String,
    /// One bit, defined by `access`.
    pub class: u32,
    /// From when, microseconds.
    pub from: i64,
    /// Until when, microseconds, exclusive.
    pub until: i64,
}

/// Which rows may be seen; compiled into every query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Every row.
    All,
    /// No row.
    None,
    /// All of these hold (no part: every row).
    And(Vec<Visibility>),
    /// One of these holds (no part: no row).
    Or(Vec<Visibility>),
    /// It does not hold.
    Not(Box<Visibility>),
    /// The resource type is one of these.
    TypeIn(Vec<String>),
    /// Not about a person.
    NoPatient,
    /// This custodian; a row without one does not match.
    Custodian(String),
    /// No custodian.
    NoCustodian,
    /// No label outside this mask.
    LabelsWithin(u32),
    /// About one of these patients.
    PatientIs(Vec<String>),
    /// This very resource (type, id).
    Key(String, String),
    /// A reason row for this row's patient.
    PatientReason {
        /// Any of these has it.
        grantees: Vec<String>,
        /// Any of these bits.
        kinds: u32,
        /// In force then, microseconds.
        at: i64,
    },
    /// A share row for this very resource; of its versions only those that stood when the share was
    /// written, or came later.
    Shared {
        /// With any of these.
        grantees: Vec<String>,
        /// Any of these bits.
        classes: u32,
        /// In force then, microseconds.
        at: i64,
    },
}
