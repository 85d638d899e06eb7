//! Accounts: who a person or machine is when it knocks. Passwords, codes, sessions and tokens are
//! private records of the store, never FHIR; who the person is and what they are where is in
//! Practitioner and PractitionerRole.
//!
//! Invariants: nothing secret is kept as it is (argon2id for what people choose, SHA-256 for what
//! the program draws); a failed login tells nothing about why; an ended, disabled or reset account
//! has no session left.

mod credential;
mod login;
mod manage;
mod phone;
mod roles;
mod secret;
mod session;
mod territory;
mod token;

pub use login::{Entry, Login};
pub use manage::{Created, NewUser, UserInfo, is_user_name};
pub use phone::Held;
pub use session::{Opened, SessionInfo};
pub use token::{NewToken, TokenInfo};

pub(crate) use credential::{Account, RoleAt};

use std::sync::Arc;

use store::{Change, Commit, Expect, Key, PrivateWrite, Write};

use crate::{Access, AccessError, Cx, Facility, Role, trail};

/// What has to happen before a session is good for anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pending {
    /// A new password must be chosen ([`Accounts::change_password`]).
    Password,
    /// The role needs a second factor that is not set up ([`Accounts::start_totp`]).
    Totp,
    /// The session was locked on a shared phone ([`Accounts::unlock`]).
    Unlock,
}

/// One role at one facility that a person may act in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChoice {
    /// Id of the PractitionerRole.
    pub id: String,
    /// The role.
    pub role: Role,
    /// The facility.
    pub facility: Facility,
    /// Version of the PractitionerRole; 0 = not written yet.
    pub version: u64,
}

/// The accounts of a store, through its gate.
#[derive(Clone, Copy)]
pub struct Accounts<'a> {
    pub(crate) access: &'a Access,
}

impl Access {
    /// Accounts, sessions and tokens.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts { access: self }
    }
}

impl Accounts<'_> {
    /// Writes private records only.
    pub(crate) async fn keep(&self, author: &str, private: Vec<PrivateWrite>) -> Result<(), AccessError> {
        let commit = Commit { author: author.to_owned(), private, ..Commit::default() };
        self.access.store.commit(commit).await?;
        Ok(())
    }

    /// Writes private records and, with them, the AuditEvent that tells the auditor of `institution`
    /// who did what to whose account or token.
    pub(crate) async fn keep_told(
        &self,
        cx: &Cx,
        (name, institution): (&'static str, &str),
        whose: fhir::Value,
        private: Vec<PrivateWrite>,
    ) -> Result<(), AccessError> {
        let cx = Cx { institution: institution.to_owned(), ..cx.clone() };
        let event = trail::of_account(&cx, name, whose);
        let write = Write::Put(Arc::from(event.to_bytes()));
        let key = Key::new("AuditEvent", self.access.store.entropy().id());
        let changes = vec![Change { key, expect: Expect::Absent, write }];
        let commit = Commit { author: cx.actor.label(), changes, private, ..Commit::default() };
        self.access.store.commit(commit).await?;
        Ok(())
    }

    fn now(&self) -> jiff::Timestamp {
        self.access.store.clock().now()
    }
}

/// A refusal with a sentence for whoever asked.
pub(crate) fn rule(say: &str) -> AccessError {
    AccessError::Rule(vec![fhir::outcome::Issue::general("business-rule", say)])
}

/// Whether a role needs the second factor wherever it is.
pub fn needs_totp(role: Role) -> bool {
    matches!(role, Role::Administrator | Role::Auditor | Role::Adviser)
}

/// Whether the caller answers for these roles of somebody: an administrator for the institution,
/// district supervision for the posts of the territory.
pub(crate) fn manages(cx: &Cx, roles: &[RoleAt]) -> bool {
    if cx.is_system() {
        return true;
    }
    let institution = roles.iter().all(|one| one.facility.institution == cx.institution);
    match cx.role {
        Role::Administrator => institution,
        Role::Supervisor => {
            let own = cx.facility.as_ref().map(|own| own.territory.as_slice()).unwrap_or_default();
            let post = |role| {
                matches!(
                    role,
                    Role::Nurse
                        | Role::Doctor
                        | Role::CommunityWorker
                        | Role::SocialWorker
                        | Role::Interpreter
                        | Role::Clerk
                )
            };
            institution && !roles.is_empty() && roles.iter().all(|one| post(one.role) && own.contains(&one.facility.id))
        }
        _ => false,
    }
}
