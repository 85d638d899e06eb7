//! The account as a private record.

use fhir::Value;
use store::{Key, Private, PrivateExpect, PrivateWrite, StoreError, Stored};
use unicode_normalization::UnicodeNormalization;

use super::{Accounts, RoleChoice, territory};
use crate::{AccessError, Cx, Facility, Role, policy, system};

pub(super) const ACCOUNT: &str = "account";

/// An account, as kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// Normalised user name: the record's key.
    pub(crate) user: String,
    pub(crate) practitioner: String,
    pub(crate) name: String,
    /// Ids of the PractitionerRoles.
    pub(crate) roles: Vec<String>,
    pub(crate) institution: String,
    pub(crate) password: Option<String>,
    pub(crate) pin: Option<String>,
    pub(crate) must_change: bool,
    pub(crate) disabled: bool,
    pub(crate) totp: Option<String>,
    /// The secret was confirmed by a code.
    pub(crate) totp_on: bool,
    /// The last step used.
    pub(crate) totp_step: u64,
    /// Digests of the recovery codes left.
    pub(crate) recovery: Vec<String>,
    /// The record's version when it was read.
    pub(super) version: u64,
}

/// A role at a facility, as the account's PractitionerRole says.
pub(crate) type RoleAt = RoleChoice;

/// User names are compared without case and in one Unicode form.
pub(super) fn normal(user: &str) -> String {
    user.trim().to_lowercase().nfc().filter(|letter| !letter.is_control()).collect()
}

impl Account {
    /// The write that keeps it; against a race, held to the version that was read.
    pub(super) fn write(&self) -> PrivateWrite {
        PrivateWrite {
            kind: ACCOUNT,
            key: self.user.clone(),
            expect: if self.version == 0 { PrivateExpect::Absent } else { PrivateExpect::Version(self.version) },
            value: Some(self.to_value().to_bytes()),
            owner: Some(self.institution.clone()),
            expires: None,
        }
    }

    /// Whose it is, for the trail.
    pub(super) fn person(&self) -> Value {
        fhir::json!({ "reference": format!("Practitioner/{}", self.practitioner), "display": &self.name })
    }

    fn to_value(&self) -> Value {
        fhir::json!({
            "practitioner": &self.practitioner,
            "name": &self.name,
            "roles": self.roles.clone(),
            "institution": &self.institution,
            "password": self.password.as_deref(),
            "pin": self.pin.as_deref(),
            "mustChange": self.must_change,
            "disabled": self.disabled,
            "totp": self.totp.as_deref(),
            "totpOn": self.totp_on,
            "totpStep": self.totp_step,
            "recovery": self.recovery.clone(),
        })
    }

    fn read(record: &Private) -> Result<Self, AccessError> {
        let value = parse(&record.value)?;
        let text = |name: &str| value.text_at(&[name]).unwrap_or_default().to_owned();
        let maybe = |name: &str| value.text_at(&[name]).map(str::to_owned);
        let flag = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
        let texts = |name: &str| value.items(name).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let step = value.get("totpStep").and_then(Value::as_number).and_then(|number| number.as_i64());
        Ok(Self {
            user: record.key.clone(),
            practitioner: text("practitioner"),
            name: text("name"),
            roles: texts("roles"),
            institution: text("institution"),
            password: maybe("password"),
            pin: maybe("pin"),
            must_change: flag("mustChange"),
            disabled: flag("disabled"),
            totp: maybe("totp"),
            totp_on: flag("totpOn"),
            totp_step: step.and_then(|step| u64::try_from(step).ok()).unwrap_or(0),
            recovery: texts("recovery"),
            version: record.version,
        })
    }
}

/// The content of a private record.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, AccessError> {
    fhir::json::parse(bytes).map_err(|_| StoreError::Damaged("a private record can't be read").into())
}

impl Accounts<'_> {
    pub(super) async fn account(&self, user: &str) -> Result<Option<Account>, AccessError> {
        let record = self.access.store.private(ACCOUNT, &normal(user)).await?;
        record.as_ref().map(Account::read).transpose()
    }

    pub(super) async fn page_of_accounts(&self, after: Option<&str>) -> Result<Vec<Account>, AccessError> {
        let records = self.access.store.private_all(ACCOUNT, after, 200).await?;
        records.iter().map(Account::read).collect()
    }

    /// What the person may act as now: active PractitionerRoles of their own at facilities of the
    /// institution that keeps the role.
    pub(super) async fn choices(&self, account: &Account) -> Result<Vec<RoleChoice>, AccessError> {
        let mut choices = Vec::new();
        for id in &account.roles {
            choices.extend(self.choice(&account.practitioner, id).await?);
        }
        Ok(choices)
    }

    /// One of them, by the id of its PractitionerRole.
    pub(super) async fn choice(&self, practitioner: &str, id: &str) -> Result<Option<RoleChoice>, AccessError> {
        let found = self.access.store.read(&Key::new("PractitionerRole", id), &store::Visibility::All).await?;
        let Some(stored) = found.filter(|stored| !stored.deleted) else { return Ok(None) };
        let value = stored.value();
        let active = value.get("active").and_then(Value::as_bool) != Some(false);
        let own = value.text_at(&["practitioner", "reference"]) == Some(&format!("Practitioner/{practitioner}"));
        let role = value.items("code").iter().flat_map(|concept| concept.items("coding")).find_map(|coding| {
            (coding.text_at(&["system"]) == Some(system::ROLE)).then(|| Role::from_code(coding.text_at(&["code"])?))?
        });
        let organization =
            value.text_at(&["organization", "reference"]).and_then(|one| one.strip_prefix("Organization/"));
        let (true, true, Some(role), Some(organization)) = (active, own, role, organization) else { return Ok(None) };
        let Some(mut facility) = self.facility(organization).await? else { return Ok(None) };
        if policy::custodian(&value) != Some(&facility.institution) {
            return Ok(None);
        }
        facility.territory = territory::read(&value, organization, role);
        Ok(Some(RoleChoice { id: stored.key.id, role, facility, version: stored.version }))
    }

    /// A facility by the id of its Organization; its territory is itself.
    pub(super) async fn facility(&self, id: &str) -> Result<Option<Facility>, AccessError> {
        let found = self.access.store.read(&Key::new("Organization", id), &store::Visibility::All).await?;
        let Some(value) = found.filter(|stored| !stored.deleted).as_ref().map(Stored::value) else { return Ok(None) };
        Ok(policy::institution(&value).map(|institution| Facility {
            id: id.to_owned(),
            name: value.text_at(&["name"]).unwrap_or_default().to_owned(),
            institution: institution.to_owned(),
            territory: vec![id.to_owned()],
        }))
    }
}

/// The part of a [`Cx`] that a role choice gives.
pub(super) fn acting(cx: Cx, choice: &RoleChoice) -> Cx {
    Cx {
        role: choice.role,
        institution: choice.facility.institution.clone(),
        facility: Some(choice.facility.clone()),
        ..cx
    }
}
