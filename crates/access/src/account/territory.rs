//! The facilities that a coordinator or a district supervisor answers for, as the extensions of their
//! PractitionerRole. A session reads them at every request: what somebody sees follows at once.

use std::sync::Arc;

use fhir::Value;
use store::{Change, Expect, Key, Write};

use super::{Accounts, RoleChoice, rule};
use crate::{AccessError, Act, Cx, Role, system};

/// The facilities that a PractitionerRole answers for, its own first.
pub(super) fn read(role: &Value, own: &str, kind: Role) -> Vec<String> {
    let mut found = vec![own.to_owned()];
    if kind.has_territory() {
        let named = role.items("extension").iter().filter(|one| is_territory(one));
        let ids = named.filter_map(|one| one.text_at(&["valueReference", "reference"])?.strip_prefix("Organization/"));
        found.extend(ids.filter(|id| *id != own).map(str::to_owned));
    }
    found
}

/// The extensions of a PractitionerRole that answers for these facilities.
pub(super) fn extensions(facilities: &[String]) -> Vec<Value> {
    let one = |id: &String| {
        let reference = format!("Organization/{id}");
        fhir::json!({ "url": system::EXT_TERRITORY, "valueReference": { "reference": reference } })
    };
    facilities.iter().map(one).collect()
}

fn is_territory(extension: &Value) -> bool {
    extension.text_at(&["url"]) == Some(system::EXT_TERRITORY)
}

impl Accounts<'_> {
    /// Sets the facilities that somebody answers for in a role besides its own. `seen` is the role as
    /// it was shown.
    ///
    /// # Errors
    /// `NotFound` for an account, a role of it or a facility of its institution that is not there;
    /// `Forbidden` for whoever does not answer for the account; `Rule` for a role that answers for
    /// its own facility alone; `Stale` when the role has another version than `seen`.
    pub async fn set_territory(
        &self,
        cx: &Cx,
        user: &str,
        seen: &RoleChoice,
        facilities: &[String],
    ) -> Result<(), AccessError> {
        let account = self.managed(cx, user, "give a territory to").await?;
        let choice = self.choices(&account).await?.into_iter().find(|one| one.id == seen.id);
        let key = Key::new("PractitionerRole", &seen.id);
        let choice = choice.ok_or_else(|| AccessError::NotFound { what: key.to_string() })?;
        if !choice.role.has_territory() {
            return Err(rule("only a coordinator or a district supervisor answers for a territory"));
        }
        for id in facilities.iter().filter(|id| !choice.facility.territory.contains(id)) {
            let found = self.facility(id).await?.filter(|found| found.institution == account.institution);
            found.ok_or_else(|| AccessError::NotFound { what: format!("Organization/{id}") })?;
        }
        let stored = self.access.store.read(&key, &store::Visibility::All).await?;
        let Some(mut value) = stored.as_ref().map(store::Stored::value) else {
            return Err(AccessError::NotFound { what: key.to_string() });
        };
        let kept = value.items("extension").iter().filter(|one| !is_territory(one)).cloned();
        let all: Vec<Value> = kept.chain(extensions(facilities)).collect();
        value.set_items("extension", all);
        let change =
            Change { key, expect: Expect::Version(seen.version), write: Write::Put(Arc::from(value.to_bytes())) };
        // The auditor of the account's institution is to see it, whoever sets it.
        let cx = Cx { institution: account.institution.clone(), ..cx.clone() };
        self.access.commit(&cx, Act { name: "set-territory", changes: vec![change], ..Act::default() }).await?;
        Ok(())
    }
}
