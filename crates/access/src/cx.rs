//! The caller of a request: who, in which role, at which facility, when, and by which request.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{Scopes, policy};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person with an account: the id of their Practitioner.
    Practitioner(String),
    /// A machine with a token: the token's public id.
    Token(String),
    /// The program itself: jobs, command line, seeding.
    System,
}

impl Actor {
    /// `Practitioner/x`, `token:x` or `system`: the author in the log and the audit chain.
    pub fn label(&self) -> String {
        match self {
            Self::Practitioner(id) => format!("Practitioner/{id}"),
            Self::Token(id) => format!("token:{id}"),
            Self::System => "system".to_owned(),
        }
    }
}

/// Role at a facility (`PractitionerRole.code`, system [`crate::system::ROLE`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Auxiliar or enfermería.
    Nurse,
    /// Médico.
    Doctor,
    /// Especialista.
    Specialist,
    /// Enlace comunitario.
    CommunityWorker,
    /// Trabajo social.
    SocialWorker,
    /// Intérprete.
    Interpreter,
    /// Gestor de red: triages referrals.
    Coordinator,
    /// Supervisión de distrito.
    Supervisor,
    /// Dirección.
    Director,
    /// Citas: hospital clerk.
    Clerk,
    /// Administrador.
    Administrator,
    /// Auditor.
    Auditor,
    /// Asesoría: advisers and programme staff, who see aggregates only.
    Adviser,
    /// Sistema: machine clients.
    System,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 14] = [
        Self::Nurse,
        Self::Doctor,
        Self::Specialist,
        Self::CommunityWorker,
        Self::SocialWorker,
        Self::Interpreter,
        Self::Coordinator,
        Self::Supervisor,
        Self::Director,
        Self::Clerk,
        Self::Administrator,
        Self::Auditor,
        Self::Adviser,
        Self::System,
    ];

    /// The code as stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Nurse => "enfermeria",
            Self::Doctor => "medico",
            Self::Specialist => "especialista",
            Self::CommunityWorker => "enlace-comunitario",
            Self::SocialWorker => "trabajo-social",
            Self::Interpreter => "interprete",
            Self::Coordinator => "gestor-red",
            Self::Supervisor => "supervision-distrito",
            Self::Director => "direccion",
            Self::Clerk => "citas",
            Self::Administrator => "administrador",
            Self::Auditor => "auditor",
            Self::Adviser => "asesoria",
            Self::System => "sistema",
        }
    }

    /// Whether the role answers for a territory, more than its own facility.
    pub fn has_territory(self) -> bool {
        matches!(self, Self::Coordinator | Self::Supervisor)
    }

    /// The role of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// The facility that a caller acts for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Facility {
    /// Id of its Organization.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Institution code: `MSPAS`, `IGSS`, …
    pub institution: String,
    /// Facilities whose territory a coordinator or supervisor answers for (ids of Organizations,
    /// its own included).
    pub territory: Vec<String>,
}

/// The context of one request.
#[derive(Clone, Debug)]
pub struct Cx {
    /// Who.
    pub actor: Actor,
    /// The person's display name, or the token's label.
    pub name: String,
    /// In which role.
    pub role: Role,
    /// For which facility; machines and auditors may have none.
    pub facility: Option<Facility>,
    /// Institution code; empty only for the system itself.
    pub institution: String,
    /// When.
    pub now: Timestamp,
    /// Request id, for logs and audit.
    pub request: String,
    /// Network address, for audit.
    pub address: Option<String>,
    /// Session id (or token id) that a grant such as break-glass is tied to.
    pub session: String,
    /// What a token may touch; `None` for people and the program itself.
    pub scopes: Option<Arc<Scopes>>,
}

impl Cx {
    /// The program itself, which sees and may do everything: jobs, command line, seeding.
    pub fn system(now: Timestamp, request: impl Into<String>) -> Self {
        Self {
            actor: Actor::System,
            name: "Tejido".to_owned(),
            role: Role::System,
            facility: None,
            institution: String::new(),
            now,
            request: request.into(),
            address: None,
            session: String::new(),
            scopes: None,
        }
    }

    /// Whether the caller may put a resource under an id of its own choice: the program, and machines
    /// that serve a whole institution. For anybody else the answer would tell whether it is taken.
    pub fn chooses_ids(&self) -> bool {
        self.is_system() || policy::institution_wide(self)
    }

    /// Whether this is the program itself.
    pub fn is_system(&self) -> bool {
        self.actor == Actor::System
    }
}
