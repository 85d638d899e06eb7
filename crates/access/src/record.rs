//! Opening a person's record: by which reason, or by one's own written word (break-glass).

use std::collections::BTreeSet;

use store::{AuditAction, Commit, Key, PrivateExpect, PrivateWrite, Visibility};

use crate::gate::{Look, in_hours};
use crate::limit::Rate;
use crate::policy::{self, Ground, Sharing};
use crate::{Access, AccessError, Actor, Cx, Role};

/// Private records: what a break-glass opened.
const GRANT: &str = "grant";
/// How long a break-glass lasts (policy).
const BREAK_GLASS_HOURS: i64 = 4;
/// The shortest reason taken, letters.
const REASON_MIN: usize = 10;

impl Access {
    /// By which ground the caller may open this person's record; the opening is written down.
    ///
    /// # Errors
    /// `ReasonNeeded` for a person known to the caller's index only, `NotFound` for any other,
    /// `Forbidden` for roles that open no record.
    pub async fn open_record(&self, cx: &Cx, patient: &str) -> Result<Ground, AccessError> {
        let Some(ground) = self.ground(cx, patient).await? else {
            let key = Key::new("Patient", patient);
            let known = self.store.read(&key, &self.index_sight(cx).await?).await?;
            if known.is_none_or(|stored| stored.deleted) {
                return Err(AccessError::NotFound { what: key.to_string() });
            }
            let error = AccessError::ReasonNeeded { patient: patient.to_owned() };
            return Err(self.refused(cx, error, &key.to_string()).await);
        };
        let look = Look {
            patients: BTreeSet::from([patient.to_owned()]),
            target: Some(format!("Patient/{patient}")),
            reason: Some(ground.code().to_owned()),
            ..Look::default()
        };
        self.look(cx, AuditAction::Read, look).await?;
        Ok(ground)
    }

    /// Opens a record that the caller has no reason to see, for this session and some hours, with
    /// a written reason that the auditor reads. It waits until its trace is on the disk. Labelled
    /// resources stay closed.
    ///
    /// # Errors
    /// `Rule` when the reason is shorter than ten letters, `Forbidden` for roles that don't attend,
    /// `NotFound` when the index does not know the person, `TooMany`.
    pub async fn break_glass(&self, cx: &Cx, patient: &str, reason: &str) -> Result<(), AccessError> {
        let key = Key::new("Patient", patient);
        let attends = matches!(cx.role, Role::Nurse | Role::Doctor | Role::Specialist);
        if !attends || !matches!(cx.actor, Actor::Practitioner(_)) || cx.session.is_empty() {
            let error = AccessError::Forbidden { role: cx.role.code(), act: "break-glass".to_owned() };
            return Err(self.refused(cx, error, &key.to_string()).await);
        }
        let reason = reason.trim();
        if reason.chars().filter(|letter| letter.is_alphanumeric()).count() < REASON_MIN {
            let say = format!("the reason needs at least {REASON_MIN} letters");
            return Err(AccessError::Rule(vec![fhir::outcome::Issue::general("business-rule", say)]));
        }
        let known = self.store.read(&key, &self.index_sight(cx).await?).await?;
        if known.is_none_or(|stored| stored.deleted) {
            return Err(AccessError::NotFound { what: key.to_string() });
        }
        self.limits.take("break-glass", &cx.actor.label(), Rate::BREAK_GLASS, cx.now)?;
        let look = Look {
            patients: BTreeSet::from([patient.to_owned()]),
            target: Some(key.to_string()),
            reason: Some(reason.to_owned()),
            ..Look::default()
        };
        self.store.audit_durable(crate::gate::record(cx, AuditAction::BreakGlass, look)).await?;
        let grant = PrivateWrite {
            kind: GRANT,
            key: format!("{}/{patient}", cx.session),
            expect: PrivateExpect::Any,
            value: Some(patient.as_bytes().to_vec()),
            owner: Some(cx.session.clone()),
            expires: Some(in_hours(cx.now, BREAK_GLASS_HOURS)),
        };
        self.store.commit(Commit { author: cx.actor.label(), private: vec![grant], ..Commit::default() }).await?;
        Ok(())
    }

    /// The ground, without writing anything down.
    async fn ground(&self, cx: &Cx, patient: &str) -> Result<Option<Ground>, AccessError> {
        let key = Key::new("Patient", patient);
        if cx.is_system() || policy::institution_wide(cx) {
            let there = self.store.read(&key, &self.sight(cx).await?).await?.is_some_and(|stored| !stored.deleted);
            return Ok(there.then_some(Ground::Institution));
        }
        if policy::record_of(cx, &Sharing::default(), &[]) == Visibility::None {
            let error = AccessError::Forbidden { role: cx.role.code(), act: "open a record".to_owned() };
            return Err(self.refused(cx, error, &key.to_string()).await);
        }
        let sharing = self.sharing().await?;
        for (ground, kinds) in Ground::BY_REASON {
            let reason = policy::by_reason(cx, &sharing, kinds);
            if self.store.read(&key, &reason).await?.is_some_and(|stored| !stored.deleted) {
                return Ok(Some(ground));
            }
        }
        let granted = self.grants(cx).await?.iter().any(|one| one == patient);
        Ok(granted.then_some(Ground::BreakGlass))
    }

    /// The patients that a break-glass of this session opens.
    pub(crate) async fn grants(&self, cx: &Cx) -> Result<Vec<String>, AccessError> {
        if cx.session.is_empty() || !matches!(cx.actor, Actor::Practitioner(_)) {
            return Ok(Vec::new());
        }
        let now = cx.now.as_microsecond();
        let mut grants = self.store.private_by_owner(GRANT, &cx.session).await?;
        grants.retain(|grant| grant.expires.is_none_or(|end| end > now));
        Ok(grants.into_iter().filter_map(|grant| String::from_utf8(grant.value).ok()).collect())
    }
}
