//! More roles on an account, and fewer: by whoever may make an account with that role. What is the
//! person's own in a role that ends goes to the facility.

use std::sync::Arc;

use store::{Change, Expect, Key, Stored, Write};

use super::manage::{create, role_of};
use super::{Account, Accounts, RoleAt, manages, rule};
use crate::{AccessError, Act, Cx, Facility, Role};

impl Accounts<'_> {
    /// Gives an account one more role at a facility; gives the id of its PractitionerRole.
    ///
    /// # Errors
    /// `Rule` for a role that it has there; `NotFound`; `Forbidden` for whoever does not answer for
    /// the account or for such a role.
    pub async fn add_role(&self, cx: &Cx, user: &str, role: Role, facility: &str) -> Result<String, AccessError> {
        let mut account = self.managed(cx, user, "give a role to").await?;
        let found = self.facility(facility).await?;
        let facility = found.ok_or_else(|| AccessError::NotFound { what: format!("Organization/{facility}") })?;
        let at = RoleAt { id: self.access.store.entropy().id(), role, facility, version: 0 };
        if role == Role::System || !manages(cx, std::slice::from_ref(&at)) {
            return Err(self.forbidden(cx, "give this role", user).await);
        }
        let same = |one: &RoleAt| one.role == role && one.facility.id == at.facility.id;
        if self.choices(&account).await?.iter().any(same) {
            return Err(rule("the account has that role there"));
        }
        let value = role_of((&account.practitioner, &account.name), &[], &at);
        let changes = vec![create("PractitionerRole", &at.id, &value)];
        account.roles.push(at.id.clone());
        let private = vec![account.write()];
        // The auditor of the account's institution is to see it, whoever gives it.
        let cx = Cx { institution: account.institution.clone(), ..cx.clone() };
        self.access.commit(&cx, Act { name: "add-role", changes, private, ..Act::default() }).await?;
        Ok(at.id)
    }

    /// Ends one of several roles. Open Tasks that are the person's own in that role go to its
    /// facility first; those of the person as such stay theirs in the roles that stay.
    ///
    /// # Errors
    /// `Rule` for the only role: then the account ends; `NotFound`; `Forbidden`.
    pub async fn end_role(&self, cx: &Cx, user: &str, role: &str) -> Result<(), AccessError> {
        let account = self.managed(cx, user, "end a role of").await?;
        let choices = self.choices(&account).await?;
        let key = Key::new("PractitionerRole", role);
        let ending = choices.iter().find(|one| one.id == role);
        let ending = ending.ok_or_else(|| AccessError::NotFound { what: key.to_string() })?;
        if choices.len() == 1 {
            return Err(rule("the only role ends with the account"));
        }
        let own = format!("PractitionerRole/{role}");
        let mut tasks = self.open_tasks(&account).await?;
        let owner = |task: &Stored| task.value().text_at(&["owner", "reference"]).map(str::to_owned);
        tasks.retain(|task| owner(task).is_some_and(|owner| owner == own));
        self.give(cx, &account, tasks, &ending.facility).await?;
        let stored = self.access.store.read(&key, &store::Visibility::All).await?;
        let stored = stored.ok_or_else(|| AccessError::NotFound { what: key.to_string() })?;
        let mut value = stored.value();
        value.set("active", false);
        let write = Write::Put(Arc::from(value.to_bytes()));
        let changes = vec![Change { key, expect: Expect::Version(stored.version), write }];
        let cx = Cx { institution: account.institution.clone(), ..cx.clone() };
        self.access.commit(&cx, Act { name: "end-role", changes, ..Act::default() }).await?;
        Ok(())
    }

    /// Gives a person's Tasks to a facility; gives how many.
    pub(super) async fn give(
        &self,
        cx: &Cx,
        account: &Account,
        tasks: Vec<Stored>,
        to: &Facility,
    ) -> Result<usize, AccessError> {
        let mut changes = Vec::new();
        for stored in tasks {
            let mut value = stored.value();
            value.set("owner", fhir::json!({ "reference": format!("Organization/{}", to.id), "display": &to.name }));
            let write = Write::Put(Arc::from(value.to_bytes()));
            changes.push(Change { key: stored.key, expect: Expect::Version(stored.version), write });
        }
        let count = changes.len();
        if count > 0 {
            // The caller answers for the account, not for the persons that the Tasks are about, nor for
            // who keeps them: it is done with the sight of the whole network, under the caller's name.
            let wide =
                Cx { role: Role::System, institution: String::new(), facility: None, scopes: None, ..cx.clone() };
            let told = account.institution.clone();
            self.access.commit(&wide, Act { name: "hand-over", changes, told, ..Act::default() }).await?;
        }
        Ok(count)
    }
}
