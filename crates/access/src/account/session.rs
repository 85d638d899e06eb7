//! Sessions: a secret in a cookie, its digest in the store.

use fhir::Value;
use jiff::Timestamp;
use store::{Private, PrivateExpect, PrivateWrite, StoreError};

use super::credential::{acting, parse};
use super::login::{number, several, strong_enough, use_code};
use super::{Account, Accounts, Pending, RoleChoice, rule, secret};
use crate::gate::in_hours;
use crate::{AccessError, Actor, Cx, Facility, Role};

const SESSION: &str = "session";
/// A session ends after so many hours without a request (policy).
const IDLE_HOURS: i64 = 2;
/// A session ends after so many hours whatever happens: a shift (policy).
const LONGEST_HOURS: i64 = 12;
/// "Last seen" is written at most so often, seconds.
const SEEN_S: i64 = 60;
/// The shortest password, letters (NIST SP 800-63B asks for 8 and no rules of composition).
const PASSWORD_MIN: usize = 10;

/// A new or listed session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The secret for the cookie; empty in lists.
    pub secret: String,
    /// Its id, for revoking.
    pub id: String,
    /// The user name.
    pub user: String,
    /// In which role.
    pub choice: RoleChoice,
    /// What has to happen first.
    pub pending: Option<Pending>,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used (within a minute).
    pub seen: Timestamp,
    /// From which address.
    pub address: Option<String>,
}

/// A session in use.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Who asks.
    pub cx: Cx,
    /// The user name.
    pub user: String,
    /// The CSRF token of this session, for forms.
    pub csrf: String,
    /// In which role, at which facility.
    pub choice: RoleChoice,
}

pub(super) struct NewSession<'a> {
    pub(super) account: &'a Account,
    pub(super) choice: &'a RoleChoice,
    pub(super) pending: Option<Pending>,
    pub(super) strong: bool,
    pub(super) address: Option<String>,
}

/// A session as kept.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) info: SessionInfo,
    pub(super) practitioner: String,
    pub(super) name: String,
    /// The second factor was shown.
    strong: bool,
    /// How many wrong PINs were typed since it was opened last.
    pub(super) wrong_pins: u32,
    /// The record's version when it was read; a session that ended meanwhile is not written again.
    version: u64,
}

impl Accounts<'_> {
    pub(super) fn new_session(&self, new: NewSession<'_>) -> (SessionInfo, PrivateWrite) {
        let text = secret::draw(&**self.access.store.entropy());
        let now = self.now();
        let info = SessionInfo {
            id: secret::digest(&text),
            secret: text,
            user: new.account.user.clone(),
            choice: new.choice.clone(),
            pending: new.pending,
            created: now,
            seen: now,
            address: new.address,
        };
        let kept = Kept {
            info: info.clone(),
            practitioner: new.account.practitioner.clone(),
            name: new.account.name.clone(),
            strong: new.strong,
            wrong_pins: 0,
            version: 0,
        };
        (info, kept.write())
    }

    /// Who a cookie's secret belongs to.
    ///
    /// # Errors
    /// `Unauthenticated` when there is no such session (any more); `Pending` when something has to
    /// happen first.
    pub async fn session(&self, text: &str, request: &str, address: Option<String>) -> Result<Opened, AccessError> {
        let kept = self.kept(text).await?;
        if let Some(pending) = kept.info.pending {
            return Err(AccessError::Pending(pending));
        }
        let now = self.now();
        if now.as_second() - kept.info.seen.as_second() >= SEEN_S {
            let mut again = kept.clone();
            again.info.seen = now;
            match self.access.store.private_relaxed(again.write()).await {
                // Another request of the same session was quicker, or the session has just ended.
                Ok(()) | Err(StoreError::PrivateConflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let cx = Cx {
            actor: Actor::Practitioner(kept.practitioner.clone()),
            name: kept.name.clone(),
            address,
            session: kept.info.id.clone(),
            ..Cx::system(now, request)
        };
        // As it is now: a territory that was changed, or a role that ended, holds from this request on.
        let choice =
            self.choice(&kept.practitioner, &kept.info.choice.id).await?.ok_or(AccessError::Unauthenticated)?;
        Ok(Opened { cx: acting(cx, &choice), user: kept.info.user, csrf: csrf(text), choice })
    }

    /// The session of a secret, whatever is pending: for the pages that settle it.
    ///
    /// # Errors
    /// `Unauthenticated`.
    pub async fn pending_session(&self, text: &str) -> Result<SessionInfo, AccessError> {
        Ok(self.kept(text).await?.info)
    }

    /// Whether a form's CSRF token belongs to the session.
    pub fn csrf_is_good(&self, text: &str, token: &str) -> bool {
        secret::same(&csrf(text), token)
    }

    /// The CSRF token of a session.
    pub fn csrf(&self, text: &str) -> String {
        csrf(text)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store's.
    pub async fn logout(&self, text: &str) -> Result<(), AccessError> {
        self.keep("system", vec![ended(&secret::digest(text))]).await
    }

    /// The live sessions of the person, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn sessions(&self, user: &str) -> Result<Vec<SessionInfo>, AccessError> {
        let records = self.access.store.private_by_owner(SESSION, &super::credential::normal(user)).await?;
        let mut found: Vec<_> = records.iter().filter_map(|record| Some(Kept::read(record).ok()?.info)).collect();
        found.sort_by_key(|info| std::cmp::Reverse(info.created));
        Ok(found)
    }

    /// Ends one of the person's own sessions.
    ///
    /// # Errors
    /// `NotFound` when it is not one of theirs.
    pub async fn revoke_session(&self, user: &str, id: &str) -> Result<(), AccessError> {
        if !self.sessions(user).await?.iter().any(|info| info.id == id) {
            return Err(AccessError::NotFound { what: "session".to_owned() });
        }
        self.keep("system", vec![ended(id)]).await
    }

    /// What the person may act as.
    ///
    /// # Errors
    /// `Unauthenticated`.
    pub async fn role_choices(&self, text: &str) -> Result<Vec<RoleChoice>, AccessError> {
        self.choices(&self.account_of(&self.kept(text).await?).await?).await
    }

    /// Acts in another of the person's roles from now on.
    ///
    /// # Errors
    /// `NotFound` for a role that is not theirs; `Pending` when it needs the second factor.
    pub async fn switch_role(&self, text: &str, role: &str) -> Result<(), AccessError> {
        let mut kept = self.kept(text).await?;
        let account = self.account_of(&kept).await?;
        let choices = self.choices(&account).await?;
        let weak = !kept.strong && several(&choices);
        let Some(choice) = choices.into_iter().find(|choice| choice.id == role) else {
            return Err(AccessError::NotFound { what: format!("PractitionerRole/{role}") });
        };
        if weak || !strong_enough(choice.role, kept.strong) {
            return Err(AccessError::Pending(Pending::Totp));
        }
        kept.info.choice = choice;
        self.keep(&format!("Practitioner/{}", kept.practitioner), vec![kept.write()]).await
    }

    /// Chooses a new password; the other sessions end.
    ///
    /// # Errors
    /// `Unauthenticated` for a wrong old one, `Rule` for a new one that is too short or known.
    pub async fn change_password(&self, text: &str, old: &str, new: &str) -> Result<(), AccessError> {
        let mut kept = self.kept(text).await?;
        let mut account = self.proved(&kept, old).await?;
        check_password(&account.user, new)?;
        if old == new {
            return Err(rule("the new password is the old one"));
        }
        account.password = Some(secret::hash(self.access.store.entropy(), new).await?);
        account.must_change = false;
        if kept.info.pending == Some(Pending::Password) {
            let weak = !strong_enough(kept.info.choice.role, kept.strong);
            kept.info.pending = weak.then_some(Pending::Totp);
        }
        let mut private = vec![account.write(), kept.write()];
        let others = self.sessions(&account.user).await?;
        private.extend(others.iter().filter(|info| info.id != kept.info.id).map(|info| ended(&info.id)));
        self.keep(&format!("Practitioner/{}", kept.practitioner), private).await
    }

    /// Begins the second factor: the secret in base 32, to type or to draw as a QR
    /// (`otpauth://totp/Tejido:USER?secret=…&issuer=Tejido`).
    ///
    /// # Errors
    /// `Unauthenticated`; `Pending` while locked or before a forced new password; `Rule` when it is
    /// set up already.
    pub async fn start_totp(&self, text: &str) -> Result<String, AccessError> {
        let kept = self.settled(text).await?;
        let mut account = self.account_of(&kept).await?;
        if account.totp_on {
            return Err(rule("the second factor is set up already"));
        }
        let fresh = secret::totp_secret(&**self.access.store.entropy());
        account.totp = Some(fresh.clone());
        self.keep(&format!("Practitioner/{}", kept.practitioner), vec![account.write()]).await?;
        Ok(fresh)
    }

    /// Confirms the second factor with a code; gives eight recovery codes, shown once.
    ///
    /// # Errors
    /// `Unauthenticated` for a wrong code; `Pending` as for [`Accounts::start_totp`].
    pub async fn confirm_totp(&self, text: &str, code: &str) -> Result<Vec<String>, AccessError> {
        let mut kept = self.settled(text).await?;
        self.check_lock(&kept.info.user).await?;
        let mut account = self.account_of(&kept).await?;
        account.recovery.clear();
        self.try_password(&kept.info.user)?;
        if account.totp_on || !use_code(&mut account, code, self.now().as_second()) {
            self.count_failure(&kept.info.user).await?;
            return Err(AccessError::Unauthenticated);
        }
        self.password_was_right(&kept.info.user);
        account.totp_on = true;
        let codes: Vec<String> = (0..8).map(|_| secret::recovery_code(&**self.access.store.entropy())).collect();
        account.recovery = codes.iter().map(|code| secret::digest(code)).collect();
        kept.strong = true;
        if kept.info.pending == Some(Pending::Totp) {
            kept.info.pending = None;
        }
        self.keep(&format!("Practitioner/{}", kept.practitioner), vec![account.write(), kept.write()]).await?;
        Ok(codes)
    }

    pub(super) async fn kept(&self, text: &str) -> Result<Kept, AccessError> {
        let record = self.access.store.private(SESSION, &secret::digest(text)).await?;
        let now = self.now().as_microsecond();
        let live = record.filter(|record| record.expires.is_none_or(|end| end > now));
        Kept::read(&live.ok_or(AccessError::Unauthenticated)?)
    }

    /// The session of somebody who has shown that it is them: whoever picks up a locked phone must
    /// not bind a second factor of their own.
    async fn settled(&self, text: &str) -> Result<Kept, AccessError> {
        let kept = self.kept(text).await?;
        match kept.info.pending {
            Some(pending @ (Pending::Unlock | Pending::Password)) => Err(AccessError::Pending(pending)),
            _ => Ok(kept),
        }
    }

    pub(super) async fn account_of(&self, kept: &Kept) -> Result<Account, AccessError> {
        let account = self.account(&kept.info.user).await?;
        account.filter(|account| !account.disabled).ok_or(AccessError::Unauthenticated)
    }

    /// The account, when the password is right.
    pub(super) async fn proved(&self, kept: &Kept, password: &str) -> Result<Account, AccessError> {
        self.check_lock(&kept.info.user).await?;
        let account = self.account_of(kept).await?;
        self.try_password(&kept.info.user)?;
        if secret::verify(account.password.clone(), password).await {
            self.password_was_right(&kept.info.user);
            return Ok(account);
        }
        self.count_failure(&kept.info.user).await?;
        Err(AccessError::Unauthenticated)
    }
}

/// A password that people choose.
pub(super) fn check_password(user: &str, password: &str) -> Result<(), AccessError> {
    const KNOWN: [&str; 8] = [
        "1234567890",
        "0123456789",
        "contraseña",
        "contrasena",
        "guatemala1",
        "password12",
        "qwertyuiop",
        "tejido1234",
    ];
    let plain = password.trim().to_lowercase();
    if password.chars().count() < PASSWORD_MIN || password.len() > 256 {
        return Err(rule("a password has 10 letters or more"));
    }
    if plain.contains(user) || KNOWN.contains(&plain.as_str()) {
        return Err(rule("that password is too easy to guess"));
    }
    Ok(())
}

/// The write that ends a session.
pub(super) fn ended(id: &str) -> PrivateWrite {
    PrivateWrite {
        kind: SESSION,
        key: id.to_owned(),
        expect: PrivateExpect::Any,
        value: None,
        owner: None,
        expires: None,
    }
}

/// Derived from the secret, which a stranger's page does not have.
fn csrf(text: &str) -> String {
    secret::digest(&format!("csrf/{text}"))
}

impl Kept {
    pub(super) fn write(&self) -> PrivateWrite {
        let SessionInfo { choice, pending, created, seen, address, user, id, .. } = &self.info;
        let value = fhir::json!({
            "practitioner": &self.practitioner,
            "name": &self.name,
            "strong": self.strong,
            "wrongPins": self.wrong_pins,
            "role": &choice.id,
            "code": choice.role.code(),
            "facility": &choice.facility.id,
            "facilityName": &choice.facility.name,
            "institution": &choice.facility.institution,
            "territory": choice.facility.territory.clone(),
            "pending": pending.map(|pending| match pending {
                Pending::Password => "password",
                Pending::Totp => "totp",
                Pending::Unlock => "unlock",
            }),
            "created": created.as_microsecond(),
            "seen": seen.as_microsecond(),
            "address": address.as_deref(),
        });
        // A locked one waits for its owner until the shift ends: nobody is in.
        let idle = if *pending == Some(Pending::Unlock) { LONGEST_HOURS } else { IDLE_HOURS };
        let idle = in_hours(*seen, idle);
        PrivateWrite {
            kind: SESSION,
            key: id.clone(),
            expect: if self.version == 0 { PrivateExpect::Absent } else { PrivateExpect::Version(self.version) },
            value: Some(value.to_bytes()),
            owner: Some(user.clone()),
            expires: Some(idle.min(in_hours(*created, LONGEST_HOURS))),
        }
    }

    fn read(record: &Private) -> Result<Self, AccessError> {
        let value = parse(&record.value)?;
        let text = |name: &str| value.text_at(&[name]).unwrap_or_default().to_owned();
        let time = |name: &str| Timestamp::from_microsecond(number(&value, name)).unwrap_or_default();
        let territory = value.items("territory").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let role = Role::from_code(&text("code")).ok_or(AccessError::Unauthenticated)?;
        Ok(Self {
            info: SessionInfo {
                secret: String::new(),
                id: record.key.clone(),
                user: record.owner.clone().unwrap_or_default(),
                choice: RoleChoice {
                    version: 1,
                    id: text("role"),
                    role,
                    facility: Facility {
                        id: text("facility"),
                        name: text("facilityName"),
                        institution: text("institution"),
                        territory,
                    },
                },
                pending: match text("pending").as_str() {
                    "password" => Some(Pending::Password),
                    "totp" => Some(Pending::Totp),
                    "unlock" => Some(Pending::Unlock),
                    _ => None,
                },
                created: time("created"),
                seen: time("seen"),
                address: value.text_at(&["address"]).map(str::to_owned),
            },
            practitioner: text("practitioner"),
            name: text("name"),
            strong: value.get("strong").and_then(Value::as_bool).unwrap_or(false),
            wrong_pins: u32::try_from(number(&value, "wrongPins")).unwrap_or(u32::MAX),
            version: record.version,
        })
    }
}
