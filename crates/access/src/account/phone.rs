//! One phone for several people: each one's session is locked while another works, and opened again
//! by its owner's PIN. A PIN is short, so it opens only what a password began on the same phone,
//! fails three times at most, and never serves roles that need the second factor.

use super::credential::Account;
use super::login::several;
use super::{Accounts, Pending, SessionInfo, needs_totp, rule, secret};
use crate::AccessError;

/// So many wrong PINs, and only the password opens (policy).
const PIN_TRIES: u32 = 3;

/// A session of a shared phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The session.
    pub info: SessionInfo,
    /// Its owner's name.
    pub name: String,
    /// Whether a PIN opens it; else the password does.
    pub by_pin: bool,
}

impl Accounts<'_> {
    /// The session of a secret, open or locked, for the list on a shared phone; `None` when it has
    /// ended.
    ///
    /// # Errors
    /// The store's.
    pub async fn held(&self, text: &str) -> Result<Option<Held>, AccessError> {
        let kept = match self.kept(text).await {
            Err(AccessError::Unauthenticated) => return Ok(None),
            kept => kept?,
        };
        let Some(account) = self.account(&kept.info.user).await?.filter(|account| !account.disabled) else {
            return Ok(None);
        };
        let by_pin = account.pin.is_some() && kept.wrong_pins < PIN_TRIES && self.suits_pin(&account).await?;
        Ok(Some(Held { name: kept.name, info: kept.info, by_pin }))
    }

    /// Locks a session when a shared phone changes hands; [`Accounts::unlock`] opens it again.
    ///
    /// # Errors
    /// `Unauthenticated`, `Pending` when something else is pending.
    pub async fn lock(&self, text: &str) -> Result<(), AccessError> {
        let mut kept = self.kept(text).await?;
        match kept.info.pending {
            None => kept.info.pending = Some(Pending::Unlock),
            Some(Pending::Unlock) => return Ok(()),
            Some(other) => return Err(AccessError::Pending(other)),
        }
        self.keep("system", vec![kept.write()]).await
    }

    /// Opens a locked session with the PIN or the password. Wrong tries count for the lock-out, and
    /// wrong PINs for this session, before they are verified.
    ///
    /// # Errors
    /// `Unauthenticated` when it is wrong; `TooMany`.
    pub async fn unlock(&self, text: &str, word: &str) -> Result<(), AccessError> {
        let mut kept = self.kept(text).await?;
        self.check_lock(&kept.info.user).await?;
        let account = self.account_of(&kept).await?;
        self.try_password(&kept.info.user)?;
        let right = if !is_pin(word) {
            secret::verify(account.password.clone(), word).await
        } else if account.pin.is_some() && kept.wrong_pins < PIN_TRIES && self.suits_pin(&account).await? {
            kept.wrong_pins += 1;
            self.keep("system", vec![kept.write()]).await?;
            kept = self.kept(text).await?;
            secret::verify(account.pin.clone(), word).await
        } else {
            false
        };
        if !right {
            self.count_failure(&kept.info.user).await?;
            return Err(AccessError::Unauthenticated);
        }
        self.password_was_right(&kept.info.user);
        if kept.info.pending == Some(Pending::Unlock) {
            kept.info.pending = None;
        }
        (kept.wrong_pins, kept.info.seen) = (0, self.now());
        self.keep("system", vec![kept.write(), super::login::unlocked(&kept.info.user)]).await
    }

    /// Sets the PIN (4 to 8 digits) for the fast switch.
    ///
    /// # Errors
    /// `Rule` for another form, for digits that anybody would try first, and for a role that needs
    /// the second factor; `Unauthenticated` for a wrong password.
    pub async fn set_pin(&self, text: &str, password: &str, pin: &str) -> Result<(), AccessError> {
        if !is_pin(pin) {
            return Err(rule("a PIN has 4 to 8 digits"));
        }
        let steps = |by: u8| pin.as_bytes().windows(2).all(|pair| pair[1] == pair[0].wrapping_add(by));
        if steps(0) || steps(1) || steps(u8::MAX) {
            return Err(rule("that PIN is too easy to guess"));
        }
        let kept = self.kept(text).await?;
        if !self.has_pin(text).await? {
            return Err(rule("who needs the second factor in any role has no PIN"));
        }
        let mut account = self.proved(&kept, password).await?;
        account.pin = Some(secret::hash(self.access.store.entropy(), pin).await?);
        self.keep(&format!("Practitioner/{}", kept.practitioner), vec![account.write()]).await
    }

    /// Whether the person of a session may have a PIN.
    ///
    /// # Errors
    /// `Unauthenticated`; the store's.
    pub async fn has_pin(&self, text: &str) -> Result<bool, AccessError> {
        self.suits_pin(&self.account_of(&self.kept(text).await?).await?).await
    }

    /// Nobody who needs the second factor in any of their roles, or because they have several
    /// institutions: from one role a session goes to the others.
    async fn suits_pin(&self, account: &Account) -> Result<bool, AccessError> {
        let choices = self.choices(account).await?;
        Ok(!several(&choices) && !choices.iter().any(|one| needs_totp(one.role)))
    }
}

fn is_pin(word: &str) -> bool {
    (4..=8).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}
