//! Making, suspending and resuming agreements between institutions: each side writes its own
//! Consent and only that; what it may be written by is [`crate::write`]'s to say.

use std::collections::BTreeSet;

use fhir::Value;
use store::{Change, Expect, Key, Write};

use crate::policy::{Agreement, Terms, consent};
use crate::{Access, AccessError, Act, Cx, system};

impl Access {
    /// The agreements of the caller's institution, each with both sides.
    ///
    /// # Errors
    /// The store's.
    pub async fn agreements(&self, cx: &Cx) -> Result<Vec<Agreement>, AccessError> {
        Ok(self.sharing().await?.of(&cx.institution, cx.now))
    }

    /// Gives the other institution what the terms say: the caller's side of the agreement, new or
    /// in place of whatever was given before.
    ///
    /// # Errors
    /// `Forbidden` to whoever does not answer for an institution; the store's.
    pub async fn agree(&self, cx: &Cx, with: &str, terms: &Terms) -> Result<(), AccessError> {
        let sharing = self.sharing().await?;
        let known = sharing.given(&cx.institution, with).map(|side| side.id.as_str());
        let mut next = consent(&cx.institution, with, terms);
        let mut changes = Vec::new();
        match known {
            Some(id) => {
                next.set("id", id);
                changes.push(self.rewrite(cx, id, |_| next.clone()).await?);
            }
            None => {
                let key = Key::new("Consent", self.store.entropy().id());
                changes.push(Change { key, expect: Expect::Absent, write: Write::Put(next.to_bytes().into()) });
            }
        }
        let besides = sharing.all_given(&cx.institution, with).filter(|side| side.active);
        for side in besides.filter(|side| Some(side.id.as_str()) != known) {
            changes.push(self.rewrite(cx, &side.id, |old| turned(old, "inactive", "")).await?);
        }
        self.write_agreement(cx, "make-agreement", changes).await
    }

    /// Suspends the agreement: from the next question on neither institution sees what the other
    /// keeps, until it is resumed.
    ///
    /// # Errors
    /// `NotFound` when the caller's institution has given nothing; as [`Access::agree`].
    pub async fn suspend_agreement(&self, cx: &Cx, with: &str, reason: &str) -> Result<(), AccessError> {
        self.turn(cx, with, ("suspend-agreement", "inactive"), reason).await
    }

    /// Resumes what the caller's institution has suspended; the other may have suspended it too.
    ///
    /// # Errors
    /// As [`Access::suspend_agreement`].
    pub async fn resume_agreement(&self, cx: &Cx, with: &str, reason: &str) -> Result<(), AccessError> {
        self.turn(cx, with, ("resume-agreement", "active"), reason).await
    }

    async fn turn(
        &self,
        cx: &Cx,
        with: &str,
        (name, status): (&'static str, &str),
        reason: &str,
    ) -> Result<(), AccessError> {
        let sharing = self.sharing().await?;
        // To suspend is to suspend all that was given; to resume is to resume the last of it.
        let ids: BTreeSet<String> = match status {
            "active" => sharing.given(&cx.institution, with).map(|side| side.id.clone()).into_iter().collect(),
            _ => sharing.all_given(&cx.institution, with).map(|side| side.id.clone()).collect(),
        };
        if ids.is_empty() {
            return Err(AccessError::NotFound { what: format!("an agreement with {with}") });
        }
        let mut changes = Vec::new();
        for id in ids {
            changes.push(self.rewrite(cx, &id, |old| turned(old, status, reason)).await?);
        }
        self.write_agreement(cx, name, changes).await
    }

    /// The next version of a Consent, on the version that is read now.
    async fn rewrite(&self, cx: &Cx, id: &str, next: impl Fn(&Value) -> Value) -> Result<Change, AccessError> {
        let key = Key::new("Consent", id);
        let stored = self.read(cx, &key).await?;
        let next = next(&stored.value());
        Ok(Change { key, expect: Expect::Version(stored.version), write: Write::Put(next.to_bytes().into()) })
    }

    async fn write_agreement(&self, cx: &Cx, name: &'static str, changes: Vec<Change>) -> Result<(), AccessError> {
        self.commit(cx, Act { name, changes, ..Act::default() }).await.map(drop)
    }
}

/// A side that stands from now on, or not, and why.
fn turned(old: &Value, status: &str, reason: &str) -> Value {
    let mut next = old.clone();
    next.set("status", status);
    let others = old.items("extension").iter().filter(|one| one.text_at(&["url"]) != Some(system::EXT_REASON));
    let why = (!reason.is_empty()).then(|| fhir::json!({ "url": system::EXT_REASON, "valueString": reason }));
    next.set_items("extension", others.cloned().chain(why).collect());
    next
}
