//! Asking the audit chain: the auditor's question, and a person's own (who looked at me?).

use std::collections::BTreeSet;

use fhir::Value;
use store::{AuditAction, AuditQuery, AuditRecord, Key, Stored, Visibility};

use crate::gate::{Look, patients_in};
use crate::index::masked;
use crate::{Access, AccessError, Cx, Role, trail};

/// Entries taken from the chain at a time.
const STEP: usize = 500;

/// A page of the audit chain, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditPage {
    /// The entries as AuditEvents (IHE BALP shape).
    pub events: Vec<Value>,
    /// For [`AuditQuery::after_seq`] of the next page; `None` at the end.
    pub next: Option<u64>,
}

impl Access {
    /// What the audit chain of reads holds, for the caller's institution. Writes are AuditEvents in
    /// the log, found by [`Access::search`].
    ///
    /// # Errors
    /// `Forbidden` but for auditors and the program itself.
    pub async fn audit_events(&self, cx: &Cx, query: &AuditQuery) -> Result<AuditPage, AccessError> {
        if !cx.is_system() && cx.role != Role::Auditor {
            let error = AccessError::Forbidden { role: cx.role.code(), act: "read the audit chain".to_owned() };
            return Err(self.refused(cx, error, "AuditEvent").await);
        }
        let own = format!("{}/", cx.institution);
        let mine = |record: &AuditRecord| record.facility.as_deref().is_some_and(|text| text.starts_with(&own));
        self.audit_page(query, |record| cx.is_system() || mine(record)).await
    }

    /// Who the entries of the chain are about: the index form of those of these persons that the
    /// caller's institution keeps. As any look into the index it is written down.
    ///
    /// # Errors
    /// `Forbidden` but for auditors; the store's.
    pub async fn audited_people(&self, cx: &Cx, ids: &BTreeSet<&str>) -> Result<Vec<Stored>, AccessError> {
        if cx.role != Role::Auditor {
            let error = AccessError::Forbidden { role: cx.role.code(), act: "name who was looked at".to_owned() };
            return Err(self.refused(cx, error, "Patient").await);
        }
        let keys: Vec<Key> = ids.iter().map(|id| Key::new("Patient", *id)).collect();
        let found = self.store.read_many(&keys, &Visibility::Custodian(cx.institution.clone())).await?;
        if !found.is_empty() {
            let target = Some(format!("{} × Patient", found.len()));
            let look = Look { patients: patients_in(&found), target, ..Look::default() };
            self.look(cx, AuditAction::Index, look).await?;
        }
        Ok(found.into_iter().map(masked).collect())
    }

    /// Who looked at a person's record, for the person: asked by whoever may open the record, over
    /// all institutions.
    ///
    /// # Errors
    /// As for [`Access::open_record`].
    pub async fn who_looked(&self, cx: &Cx, patient: &str, after_seq: Option<u64>) -> Result<AuditPage, AccessError> {
        self.open_record(cx, patient).await?;
        let query = AuditQuery { patient: Some(patient.to_owned()), after_seq, limit: 100, ..AuditQuery::default() };
        let mut page = self.audit_page(&query, |_| true).await?;
        // A search found several people; this person is told of themselves only.
        for event in &mut page.events {
            only_about(event, patient);
        }
        Ok(page)
    }

    async fn audit_page(
        &self,
        query: &AuditQuery,
        mine: impl Fn(&AuditRecord) -> bool,
    ) -> Result<AuditPage, AccessError> {
        let limit = if query.limit == 0 { 100 } else { query.limit };
        let mut page = AuditPage::default();
        let mut at = AuditQuery { limit: STEP, ..query.clone() };
        loop {
            let found = self.store.audit_search(&at).await?;
            let end = found.len() < STEP;
            for (seq, record) in found {
                at.after_seq = Some(seq);
                if mine(&record) {
                    page.events.push(trail::of_record(seq, &record));
                }
                if page.events.len() == limit {
                    page.next = at.after_seq;
                    return Ok(page);
                }
            }
            if end {
                return Ok(page);
            }
        }
    }
}

/// Leaves out other persons and what was asked for.
fn only_about(event: &mut Value, patient: &str) {
    let own = format!("Patient/{patient}");
    let kept = event.items("entity").iter().filter(|entity| {
        let reference = entity.text_at(&["what", "reference"]).unwrap_or_default();
        entity.get("query").is_none()
            && (!reference.starts_with("Patient/") || reference.split("/_history").next() == Some(&own))
    });
    let kept: Vec<Value> = kept.cloned().collect();
    event.set("entity", kept);
}
