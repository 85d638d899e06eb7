//! Logging in. Whatever is wrong, the answer and the time are the same; lock-out grows, and holds
//! for unknown names too.

use std::collections::BTreeSet;

use fhir::Value;
use store::{AuditAction, AuditRecord, PrivateExpect, PrivateWrite};

use super::credential::{normal, parse};
use super::session::{NewSession, SessionInfo, ended};
use super::{Account, Accounts, Pending, RoleChoice, needs_totp, secret};
use crate::gate::in_hours;
use crate::limit::{Rate, network};
use crate::{AccessError, Role};

const LOCK: &str = "lock";
/// Wrong tries before the first lock.
const FREE_TRIES: u32 = 5;
/// The first lock, seconds; each further wrong try doubles it, up to an hour.
const FIRST_LOCK_S: u64 = 30;

/// What somebody types to get in.
#[derive(Clone, Default)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// A TOTP or recovery code.
    pub code: Option<String>,
    /// Id of the PractitionerRole to act in; the only one if there is one.
    pub role: Option<String>,
    /// Network address.
    pub address: Option<String>,
    /// Request id.
    pub request: String,
}

/// The answer to a right password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// In.
    In(Box<SessionInfo>),
    /// A code of the second factor is asked for.
    CodeNeeded,
    /// Several roles: one is to be chosen (ask again with [`Login::role`]).
    Choose(Vec<RoleChoice>),
}

impl Accounts<'_> {
    /// Lets somebody in.
    ///
    /// # Errors
    /// `Unauthenticated` for anything that is wrong; `TooMany` with the wait when locked.
    pub async fn login(&self, login: Login) -> Result<Entry, AccessError> {
        let now = self.now();
        let network = network(login.address.as_deref().unwrap_or_default());
        self.access.limits.take("login", &network, Rate::LOGIN, now)?;
        self.check_lock(&login.user).await?;
        self.try_password(&login.user)?;
        let account = self.account(&login.user).await?;
        let kept = account.as_ref().and_then(|account| account.password.clone());
        let right = secret::verify(kept, &login.password).await;
        let Some(mut account) = account.filter(|account| right && !account.disabled) else {
            return Err(self.failed(&login).await);
        };
        let choices = self.choices(&account).await?;
        let mut strong = false;
        if account.totp_on {
            let Some(code) = login.code.as_deref().filter(|code| !code.trim().is_empty()) else {
                self.password_was_right(&login.user);
                return Ok(Entry::CodeNeeded);
            };
            if !use_code(&mut account, code, now.as_second()) {
                return Err(self.failed(&login).await);
            }
            strong = true;
        }
        let chosen = match &login.role {
            Some(id) => choices.iter().find(|choice| choice.id == *id),
            None if choices.len() == 1 => choices.first(),
            None => None,
        };
        let Some(chosen) = chosen else {
            if choices.is_empty() {
                return Err(self.failed(&login).await);
            }
            self.password_was_right(&login.user);
            return Ok(Entry::Choose(choices));
        };
        self.password_was_right(&login.user);
        let pending = match () {
            () if account.must_change => Some(Pending::Password),
            () if !strong && (needs_totp(chosen.role) || several(&choices)) => Some(Pending::Totp),
            () => None,
        };
        let actor = format!("Practitioner/{}", account.practitioner);
        self.login_record(&login, Some(&account), (AuditAction::Login, Some(chosen))).await?;
        let mut private = vec![unlocked(&login.user)];
        if strong {
            private.push(account.write());
        }
        let session = NewSession { account: &account, choice: chosen, pending, strong, address: login.address.clone() };
        let (info, write) = self.new_session(session);
        private.push(write);
        self.keep(&actor, private).await?;
        // Closed or reset while the password was verified: whoever did it may not have seen this session.
        let stands = self.account(&login.user).await?;
        if stands.is_none_or(|stands| stands.disabled || stands.password != account.password) {
            self.keep("system", vec![ended(&info.id)]).await?;
            return Err(AccessError::Unauthenticated);
        }
        Ok(Entry::In(Box::new(info)))
    }

    /// Counts a try before it is verified: many at once would all pass the lock-out, which is
    /// counted afterwards.
    pub(super) fn try_password(&self, user: &str) -> Result<(), AccessError> {
        self.access.limits.take("password", &normal(user), Rate::PASSWORD, self.now())
    }

    /// The try was right and does not count.
    pub(super) fn password_was_right(&self, user: &str) {
        self.access.limits.give_back("password", &normal(user), Rate::PASSWORD);
    }

    /// Whether the name is locked just now.
    pub(super) async fn check_lock(&self, user: &str) -> Result<(), AccessError> {
        let Some(record) = self.access.store.private(LOCK, &secret::digest(&normal(user))).await? else {
            return Ok(());
        };
        let until = number(&parse(&record.value)?, "until");
        let left = until - self.now().as_second();
        match u64::try_from(left) {
            Ok(seconds) if seconds > 0 => Err(AccessError::TooMany { seconds }),
            _ => Ok(()),
        }
    }

    /// Counts a wrong try and writes it down.
    async fn failed(&self, login: &Login) -> AccessError {
        let counted = self.count_failure(&login.user).await;
        let account = self.account(&login.user).await.ok().flatten();
        let written = self.login_record(login, account.as_ref(), (AuditAction::LoginFailed, None)).await;
        counted.and(written).err().unwrap_or(AccessError::Unauthenticated)
    }

    /// One more wrong try for this name, known or not.
    pub(super) async fn count_failure(&self, user: &str) -> Result<(), AccessError> {
        let key = secret::digest(&normal(user));
        let before = match self.access.store.private(LOCK, &key).await? {
            Some(record) => number(&parse(&record.value)?, "failed"),
            None => 0,
        };
        let failed = u32::try_from(before).unwrap_or(0).saturating_add(1);
        let now = self.now();
        let lock_s = match failed.checked_sub(FREE_TRIES) {
            Some(over) => (FIRST_LOCK_S << over.min(7)).min(3600),
            None => 0,
        };
        let until = now.as_second() + i64::try_from(lock_s).unwrap_or(3600);
        let value = fhir::json!({ "failed": failed, "until": until });
        let write = PrivateWrite {
            kind: LOCK,
            key,
            expect: PrivateExpect::Any,
            value: Some(value.to_bytes()),
            owner: None,
            expires: Some(in_hours(now, 24)),
        };
        self.keep("system", vec![write]).await
    }

    async fn login_record(
        &self,
        login: &Login,
        account: Option<&Account>,
        (action, choice): (AuditAction, Option<&RoleChoice>),
    ) -> Result<(), AccessError> {
        let record = AuditRecord {
            time: self.now(),
            // A name that is not known may be a password typed in the wrong field.
            actor: account.map_or("unknown".to_owned(), |account| format!("Practitioner/{}", account.practitioner)),
            facility: account.map(|account| {
                let facility = choice.map_or("", |choice| choice.facility.id.as_str());
                format!("{}/{facility}", account.institution)
            }),
            action,
            patients: Vec::new(),
            target: choice.map(|choice| format!("PractitionerRole/{}", choice.id)),
            query: None,
            reason: None,
            request: login.request.clone(),
            address: login.address.clone(),
        };
        Ok(self.access.store.audit(record).await?)
    }
}

/// Takes a TOTP code (once only) or a recovery code (which is then used up).
pub(super) fn use_code(account: &mut Account, code: &str, second: i64) -> bool {
    let step = account.totp.as_deref().and_then(|kept| secret::totp_step(kept, code, second, account.totp_step));
    if let Some(step) = step {
        account.totp_step = step;
        return true;
    }
    let digest = secret::digest(&code.trim().to_lowercase());
    match account.recovery.iter().position(|kept| secret::same(kept, &digest)) {
        Some(at) => {
            account.recovery.remove(at);
            true
        }
        None => false,
    }
}

/// The write that forgets wrong tries.
pub(super) fn unlocked(user: &str) -> PrivateWrite {
    PrivateWrite {
        kind: LOCK,
        key: secret::digest(&normal(user)),
        expect: PrivateExpect::Any,
        value: None,
        owner: None,
        expires: None,
    }
}

pub(super) fn number(value: &Value, name: &str) -> i64 {
    value.get(name).and_then(Value::as_number).and_then(|number| number.as_i64()).unwrap_or(0)
}

/// Whether somebody works in more than one institution.
pub(super) fn several(choices: &[RoleChoice]) -> bool {
    choices.iter().map(|one| &one.facility.institution).collect::<BTreeSet<_>>().len() > 1
}

/// Whether the role may be taken with this session.
pub(super) fn strong_enough(role: Role, strong: bool) -> bool {
    strong || !needs_totp(role)
}
