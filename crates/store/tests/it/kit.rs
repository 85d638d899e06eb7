//! Short ways to write and to say what a resource's facts are.

use std::sync::Arc;

use fhir::Value;
use store::{
    Change, Commit, Committed, Expect, Facts, Key, Projector, Reason, Share, Store, StoreError, Visibility, Write,
};

/// Facts as the test says them in `meta.facts`-like members of the resource: `custodian`,
/// `patient`, `labels`, `reason` (grantee), `share` (`Type/id@grantee`, or with `@` and when it begins).
pub struct Told;

pub const FOREVER: i64 = i64::MAX;

impl Projector for Told {
    fn project(&self, resource: &Value) -> Facts {
        let text = |name: &str| resource.text_at(&[name]).map(str::to_owned);
        let patient = text("patient");
        let labels = resource.get("labels").and_then(|value| value.as_number()?.as_i64()).unwrap_or(0);
        let reason = text("reason").zip(patient.clone());
        let share = text("share").and_then(|text| {
            let (target, to) = text.split_once('@')?;
            let (grantee, from) = to.split_once('@').unwrap_or((to, "0"));
            let (target_type, target_id) = target.split_once('/')?;
            Some(Share {
                target_type: target_type.to_owned(),
                target_id: target_id.to_owned(),
                grantee: grantee.to_owned(),
                class: 1,
                from: from.parse().ok()?,
                until: FOREVER,
            })
        });
        Facts {
            custodian: text("custodian"),
            patient,
            labels: u32::try_from(labels).unwrap_or(0),
            reasons: reason
                .map(|(grantee, patient)| Reason { patient, grantee, kind: 2, from: 0, until: FOREVER })
                .into_iter()
                .collect(),
            shares: share.into_iter().collect(),
        }
    }

    fn version(&self) -> u32 {
        1
    }
}

pub fn projector() -> Arc<dyn Projector> {
    Arc::new(Told)
}

pub fn put(resource_type: &str, id: &str, expect: Expect, body: &str) -> Change {
    Change { key: Key::new(resource_type, id), expect, write: Write::Put(body.as_bytes().into()) }
}

pub fn delete(resource_type: &str, id: &str, expect: Expect) -> Change {
    Change { key: Key::new(resource_type, id), expect, write: Write::Delete }
}

pub async fn commit(store: &Store, changes: Vec<Change>) -> Result<Committed, StoreError> {
    store.commit(Commit { author: "Practitioner/ana".into(), changes, ..Commit::default() }).await
}

/// Writes a Basic with this number in it.
pub async fn write(store: &Store, id: &str, number: u64) -> Result<Committed, StoreError> {
    let body = format!(r#"{{"resourceType":"Basic","language":"{number}"}}"#);
    commit(store, vec![put("Basic", id, Expect::Any, &body)]).await
}

/// The current body as text; `None` when it is not there, empty when deleted.
pub async fn body(store: &Store, resource_type: &str, id: &str) -> Option<String> {
    let found = store.read(&Key::new(resource_type, id), &Visibility::All).await.expect("reads");
    found.map(|stored| String::from_utf8(stored.body.to_vec()).expect("text"))
}
