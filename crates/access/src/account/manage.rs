//! Making, resetting and ending accounts: administrators for their institution, district
//! supervision for the posts of its territory. Work stays with facility and role: an account with
//! open work does not end before it is handed over.

use std::sync::Arc;

use fhir::Value;
use fhir::search::{Condition, Filter, Modifier, Query, registry};
use store::{Change, Expect, Key, PrivateExpect, PrivateWrite, Stored, Write};

use super::credential::{normal, parse};
use super::session::{check_password, ended};
use super::{Account, Accounts, RoleAt, manages, rule, secret, territory};
use crate::gate::in_hours;
use crate::{AccessError, Act, Cx, Role, system};

const INVITATION: &str = "invitation";
/// How long an invitation is good (policy).
const INVITATION_HOURS: i64 = 24 * 7;

/// An account to make.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// User name.
    pub user: String,
    /// The person's name.
    pub name: String,
    /// Id of their Practitioner; made new when there is none.
    pub practitioner: Option<String>,
    /// Role and id of the facility's Organization.
    pub roles: Vec<(Role, String)>,
    /// For coordinators and supervisors: facilities they answer for besides their own.
    pub territory: Vec<String>,
    /// The password; without one an invitation is made.
    pub password: Option<String>,
    /// Whether it must be changed at the first login.
    pub must_change: bool,
    /// A confirmed TOTP secret in base 32 (demonstration and tests).
    pub totp: Option<String>,
}

/// A made account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Id of the Practitioner.
    pub practitioner: String,
    /// Ids of the PractitionerRoles, in the order asked.
    pub roles: Vec<String>,
    /// The invitation's secret, shown once, when no password was given.
    pub invitation: Option<String>,
}

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfo {
    /// User name.
    pub user: String,
    /// The person's name.
    pub name: String,
    /// Id of the Practitioner.
    pub practitioner: String,
    /// What they may act as.
    pub roles: Vec<RoleAt>,
    /// Whether they can't log in.
    pub disabled: bool,
    /// Whether the second factor is set up.
    pub totp: bool,
}

impl Accounts<'_> {
    /// Makes an account with its Practitioner and PractitionerRoles.
    ///
    /// # Errors
    /// `Forbidden` for whoever does not answer for these roles; `Rule` for a bad name or password;
    /// `Conflict` when the user name is taken.
    pub async fn create_user(&self, cx: &Cx, new: NewUser) -> Result<Created, AccessError> {
        let user = normal(&new.user);
        if !is_user_name(&user) {
            return Err(rule("a user name has 3 to 64 letters, digits, dots or hyphens"));
        }
        if let Some(password) = &new.password {
            check_password(&user, password)?;
        }
        let roles = self.roles_at(&new).await?;
        if roles.is_empty() || !manages(cx, &roles) {
            return Err(self.forbidden(cx, "create this account", &user).await);
        }
        let entropy = self.access.store.entropy();
        let practitioner = new.practitioner.clone().unwrap_or_else(|| entropy.id());
        let institution = roles[0].facility.institution.clone();
        let mut changes = Vec::new();
        if new.practitioner.is_none() {
            changes.push(create("Practitioner", &practitioner, &person(&new.name, &institution)));
        }
        for at in &roles {
            changes.push(create("PractitionerRole", &at.id, &role_of((&practitioner, &new.name), &new.territory, at)));
        }
        let password = match &new.password {
            Some(password) => Some(secret::hash(entropy, password).await?),
            None => None,
        };
        let account = Account {
            user: user.clone(),
            practitioner: practitioner.clone(),
            name: new.name.clone(),
            roles: roles.iter().map(|at| at.id.clone()).collect(),
            institution,
            password,
            must_change: new.must_change,
            totp_on: new.totp.is_some(),
            totp: new.totp.clone(),
            ..Account::default()
        };
        let mut private = vec![account.write()];
        let invitation = new.password.is_none().then(|| secret::draw(&**entropy));
        private.extend(invitation.as_ref().map(|text| self.invited(text, &user)));
        // The auditor of the account's institution is to see it, whoever makes it.
        let cx = Cx { institution: account.institution.clone(), ..cx.clone() };
        self.access.commit(&cx, Act { name: "create-account", changes, private, ..Act::default() }).await?;
        Ok(Created { practitioner, roles: account.roles, invitation })
    }

    /// Sets the first password by an invitation; it works once.
    ///
    /// # Errors
    /// `Unauthenticated` when it is used up, ended or unknown; `Rule` for the password.
    pub async fn accept_invitation(&self, text: &str, password: &str) -> Result<(), AccessError> {
        let record = self.access.store.private(INVITATION, &secret::digest(text)).await?;
        let now = self.now().as_microsecond();
        let record = record.filter(|record| record.expires.is_none_or(|end| end > now));
        let record = record.ok_or(AccessError::Unauthenticated)?;
        let user = parse(&record.value)?.text_at(&["user"]).unwrap_or_default().to_owned();
        // An account that has a password changes it with that password only.
        let open = |account: &Account| !account.disabled && account.password.is_none();
        let mut account = self.account(&user).await?.filter(open).ok_or(AccessError::Unauthenticated)?;
        check_password(&user, password)?;
        account.password = Some(secret::hash(self.access.store.entropy(), password).await?);
        account.must_change = false;
        let used = PrivateWrite {
            kind: INVITATION,
            key: record.key,
            expect: PrivateExpect::Version(record.version),
            value: None,
            owner: None,
            expires: None,
        };
        let mut private = self.ended_entries(&user).await?;
        private.retain(|write| write.key != used.key);
        private.extend([account.write(), used]);
        self.keep(&format!("Practitioner/{}", account.practitioner), private).await
    }

    /// Takes the password, PIN, second factor and sessions away and gives a new invitation.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`.
    pub async fn reset(&self, cx: &Cx, user: &str) -> Result<String, AccessError> {
        let mut account = self.managed(cx, user, "reset").await?;
        let text = secret::draw(&**self.access.store.entropy());
        account.password = None;
        account.pin = None;
        account.totp = None;
        account.totp_on = false;
        account.recovery.clear();
        let mut private = self.ended_entries(&account.user).await?;
        private.extend([account.write(), self.invited(&text, &account.user), super::login::unlocked(user)]);
        self.keep_told(cx, ("reset-account", &account.institution), account.person(), private).await?;
        self.end_sessions(&account.user).await?;
        Ok(text)
    }

    /// Sets a password for somebody (command line); it must be changed at the next login.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`; `Rule`.
    pub async fn set_password(&self, cx: &Cx, user: &str, password: &str) -> Result<(), AccessError> {
        let mut account = self.managed(cx, user, "reset").await?;
        check_password(&account.user, password)?;
        account.password = Some(secret::hash(self.access.store.entropy(), password).await?);
        account.must_change = true;
        let mut private = self.ended_entries(&account.user).await?;
        private.extend([account.write(), super::login::unlocked(user)]);
        self.keep_told(cx, ("set-password", &account.institution), account.person(), private).await?;
        self.end_sessions(&account.user).await
    }

    /// Closes or opens an account without ending it; closing ends its sessions. Open Tasks
    /// of a role go to its facility, the person's own to that of their first role: nothing waits for
    /// who can't come.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`.
    pub async fn set_disabled(&self, cx: &Cx, user: &str, disabled: bool) -> Result<(), AccessError> {
        let mut account = self.managed(cx, user, "disable").await?;
        let choices = if disabled { self.choices(&account).await? } else { Vec::new() };
        if let Some(first) = choices.first() {
            let mut rest = self.open_tasks(&account).await?;
            for choice in &choices {
                let own = format!("PractitionerRole/{}", choice.id);
                let of_role = |task: &Stored| task.value().text_at(&["owner", "reference"]) == Some(own.as_str());
                let (tasks, others) = rest.into_iter().partition(of_role);
                self.give(cx, &account, tasks, &choice.facility).await?;
                rest = others;
            }
            self.give(cx, &account, rest, &first.facility).await?;
        }
        account.disabled = disabled;
        let mut private = if disabled { self.ended_entries(&account.user).await? } else { Vec::new() };
        private.push(account.write());
        let name = if disabled { "disable-account" } else { "enable-account" };
        self.keep_told(cx, (name, &account.institution), account.person(), private).await?;
        if disabled { self.end_sessions(&account.user).await } else { Ok(()) }
    }

    /// Ends an account: disabled for good, its PractitionerRoles inactive, its sessions ended.
    ///
    /// # Errors
    /// `Rule` while open work is the person's own ([`Accounts::open_work`]); `NotFound`; `Forbidden`.
    pub async fn end_user(&self, cx: &Cx, user: &str) -> Result<(), AccessError> {
        let mut account = self.managed(cx, user, "end").await?;
        let open = self.open_tasks(&account).await?.len();
        if open > 0 {
            return Err(rule(&format!("{open} open tasks have to be handed over first")));
        }
        let keys: Vec<Key> = account.roles.iter().map(|id| Key::new("PractitionerRole", id)).collect();
        let mut changes = Vec::new();
        for stored in self.access.store.read_many(&keys, &store::Visibility::All).await? {
            let mut value = stored.value();
            // An ending that broke off, or whose answer was lost, is finished: what ended stays as it is.
            if value.get("active").and_then(Value::as_bool) == Some(false) {
                continue;
            }
            value.set("active", false);
            let write = Write::Put(Arc::from(value.to_bytes()));
            changes.push(Change { key: stored.key, expect: Expect::Version(stored.version), write });
        }
        account.disabled = true;
        let mut private = self.ended_entries(&account.user).await?;
        private.push(account.write());
        // The auditor of the account's institution is to see it, whoever ends it.
        let cx = Cx { institution: account.institution.clone(), ..cx.clone() };
        self.access.commit(&cx, Act { name: "end-account", changes, private, ..Act::default() }).await?;
        self.end_sessions(&account.user).await
    }

    /// The open Tasks that are a person's own, which must be handed to a facility before they leave.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`.
    pub async fn open_work(&self, cx: &Cx, user: &str) -> Result<Vec<Stored>, AccessError> {
        self.open_tasks(&self.managed(cx, user, "hand over").await?).await
    }

    /// Hands the person's open Tasks to a facility.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`; what a governor says about a governed Task.
    pub async fn hand_over(&self, cx: &Cx, user: &str, facility: &str) -> Result<usize, AccessError> {
        let account = self.managed(cx, user, "hand over").await?;
        let to = self.facility(facility).await?.filter(|to| to.institution == account.institution);
        let to = to.ok_or_else(|| AccessError::NotFound { what: format!("Organization/{facility}") })?;
        let tasks = self.open_tasks(&account).await?;
        self.give(cx, &account, tasks, &to).await
    }

    /// The accounts that the caller answers for, by user name.
    ///
    /// # Errors
    /// `Forbidden` for roles that answer for none.
    pub async fn users(&self, cx: &Cx) -> Result<Vec<UserInfo>, AccessError> {
        if !cx.is_system() && !matches!(cx.role, Role::Administrator | Role::Supervisor) {
            return Err(self.forbidden(cx, "list accounts", "accounts").await);
        }
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.page_of_accounts(after.as_deref()).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some(last.user.clone());
            for account in page {
                let roles = self.choices(&account).await?;
                let own = account.institution == cx.institution || cx.is_system();
                if own && manages(cx, &roles) {
                    let Account { user, name, practitioner, disabled, totp_on, .. } = account;
                    found.push(UserInfo { user, name, practitioner, roles, disabled, totp: totp_on });
                }
            }
        }
    }

    pub(super) async fn managed(&self, cx: &Cx, user: &str, act: &str) -> Result<Account, AccessError> {
        let account = self.account(user).await?;
        let Some(account) = account else { return Err(AccessError::NotFound { what: "account".to_owned() }) };
        let own = cx.is_system() || account.institution == cx.institution;
        match own && manages(cx, &self.choices(&account).await?) {
            true => Ok(account),
            false => Err(self.forbidden(cx, &format!("{act} this account"), user).await),
        }
    }

    async fn roles_at(&self, new: &NewUser) -> Result<Vec<RoleAt>, AccessError> {
        let mut roles = Vec::new();
        for (role, facility) in &new.roles {
            let found = self.facility(facility).await?;
            let facility = found.ok_or_else(|| AccessError::NotFound { what: format!("Organization/{facility}") })?;
            roles.push(RoleAt { id: self.access.store.entropy().id(), role: *role, facility, version: 0 });
        }
        Ok(roles)
    }

    pub(super) async fn open_tasks(&self, account: &Account) -> Result<Vec<Stored>, AccessError> {
        const OPEN: [&str; 8] =
            ["draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold", "rejected"];
        let (Some(owner), Some(status)) = (registry().get("Task", "owner"), registry().get("Task", "status")) else {
            return Ok(Vec::new());
        };
        let reference = |resource_type: &str, id: &String| Condition::Reference {
            resource_type: Some(resource_type.to_owned()),
            id: Some(id.clone()),
            url: None,
        };
        let roles = account.roles.iter().map(|id| reference("PractitionerRole", id));
        let owners = std::iter::once(reference("Practitioner", &account.practitioner)).chain(roles).collect();
        let states = OPEN.map(|code| Condition::Token { system: None, code: Some(code.to_owned()) }).into();
        let query = Query {
            types: vec!["Task".to_owned()],
            filters: vec![
                Filter::Param { param: owner, modifier: Modifier::None, any: owners },
                Filter::Param { param: status, modifier: Modifier::None, any: states },
            ],
            count: Some(1000),
            ..Query::default()
        };
        Ok(self.access.store.search(&query, &store::Visibility::All).await?.matches)
    }

    pub(super) async fn forbidden(&self, cx: &Cx, act: &str, target: &str) -> AccessError {
        let error = AccessError::Forbidden { role: cx.role.code(), act: act.to_owned() };
        self.access.refused(cx, error, target).await
    }

    /// The writes that end every way in that somebody holds: sessions and invitations.
    async fn ended_entries(&self, user: &str) -> Result<Vec<PrivateWrite>, AccessError> {
        let sessions = self.sessions(user).await?;
        let invitations = self.access.store.private_by_owner(INVITATION, user).await?;
        let forgotten = invitations.into_iter().map(|record| PrivateWrite {
            kind: INVITATION,
            key: record.key,
            expect: PrivateExpect::Any,
            value: None,
            owner: None,
            expires: None,
        });
        Ok(sessions.iter().map(|info| ended(&info.id)).chain(forgotten).collect())
    }

    /// Ends the sessions that began while the account was being closed. A login that comes later
    /// sees the account as it is now.
    async fn end_sessions(&self, user: &str) -> Result<(), AccessError> {
        let late: Vec<PrivateWrite> = self.sessions(user).await?.iter().map(|info| ended(&info.id)).collect();
        if late.is_empty() { Ok(()) } else { self.keep("system", late).await }
    }

    fn invited(&self, text: &str, user: &str) -> PrivateWrite {
        PrivateWrite {
            kind: INVITATION,
            key: secret::digest(text),
            expect: PrivateExpect::Absent,
            value: Some(fhir::json!({ "user": user }).to_bytes()),
            owner: Some(user.to_owned()),
            expires: Some(in_hours(self.now(), INVITATION_HOURS)),
        }
    }
}

/// Whether a user name can be given: 3 to 64 letters, digits and `.-_@`.
pub fn is_user_name(user: &str) -> bool {
    let letters = |letter: char| letter.is_alphanumeric() || ".-_@".contains(letter);
    (3..=64).contains(&user.chars().count()) && user.chars().all(letters)
}

pub(super) fn create(resource_type: &str, id: &str, value: &Value) -> Change {
    let write = Write::Put(Arc::from(value.to_bytes()));
    Change { key: Key::new(resource_type, id), expect: Expect::Absent, write }
}

fn person(name: &str, institution: &str) -> Value {
    fhir::json!({
        "resourceType": "Practitioner",
        "meta": { "security": [{ "system": system::CUSTODIAN, "code": institution }] },
        "active": true,
        "name": [{ "text": name }],
    })
}

/// The PractitionerRole of a person (id and name) in a role that answers for these facilities besides
/// its own.
pub(super) fn role_of((practitioner, name): (&str, &str), territory: &[String], at: &RoleAt) -> Value {
    let answers = at.role.has_territory() && !territory.is_empty();
    let territory = territory::extensions(territory);
    fhir::json!({
        "resourceType": "PractitionerRole",
        "meta": { "security": [{ "system": system::CUSTODIAN, "code": &at.facility.institution }] },
        "extension": answers.then_some(territory),
        "active": true,
        "practitioner": { "reference": format!("Practitioner/{practitioner}"), "display": name },
        "organization": { "reference": format!("Organization/{}", at.facility.id), "display": &at.facility.name },
        "code": [{ "coding": [{ "system": system::ROLE, "code": at.role.code() }] }],
    })
}
