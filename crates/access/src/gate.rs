//! The gate itself: what it holds, and what it knows about the caller of a request.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use fhir::search::Query;
use jiff::Timestamp;
use store::{AuditAction, AuditRecord, Kind, Store, Stored, Visibility};

use crate::limit::{Limits, Rate};
use crate::policy::{self, Sharing};
use crate::{AccessError, Cx, Governor};

/// How long an agreement that another process changed may go unnoticed, microseconds.
const SHARING_FRESH: i64 = 1_000_000;

/// The gate to a store; clones share it.
#[derive(Clone)]
pub struct Access {
    pub(crate) store: Store,
    pub(crate) governors: Arc<[Arc<dyn Governor>]>,
    pub(crate) limits: Arc<Limits>,
    sharing: Arc<Mutex<Followed>>,
}

/// The agreements, as far as the log was followed.
#[derive(Clone, Default)]
struct Followed {
    sharing: Arc<Sharing>,
    seq: u64,
    /// When it was last brought up to date, microseconds; `None` = never, or to be done again.
    at: Option<i64>,
}

/// What is written down about one look.
#[derive(Default)]
pub(crate) struct Look {
    pub(crate) patients: BTreeSet<String>,
    pub(crate) target: Option<String>,
    pub(crate) query: Option<String>,
    pub(crate) reason: Option<String>,
}

impl Access {
    /// A gate to this store with these governors.
    pub fn new(store: Store, governors: Vec<Arc<dyn Governor>>) -> Self {
        Self { store, governors: governors.into(), limits: Arc::default(), sharing: Arc::default() }
    }

    /// The store behind the gate: for upkeep, jobs and views of the program itself, never for a
    /// caller's question.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What the caller may see now.
    ///
    /// # Errors
    /// The store's.
    pub async fn sight(&self, cx: &Cx) -> Result<Visibility, AccessError> {
        if cx.is_system() {
            return Ok(Visibility::All);
        }
        let sharing = self.sharing().await?;
        Ok(policy::visibility(cx, &sharing, &self.grants(cx).await?))
    }

    /// The persons whose index form the caller may see now.
    pub(crate) async fn index_sight(&self, cx: &Cx) -> Result<Visibility, AccessError> {
        Ok(policy::index_visibility(cx, &*self.sharing().await?))
    }

    /// The agreements between institutions, followed on the log: whoever refers has to know who sees it.
    ///
    /// # Errors
    /// The store's.
    pub async fn sharing(&self) -> Result<Arc<Sharing>, AccessError> {
        let now = self.store.clock().now().as_microsecond();
        let known = self.sharing.lock().expect("no thread panics with the agreements").clone();
        if known.at.is_some_and(|at| (at..at.saturating_add(SHARING_FRESH)).contains(&now)) {
            return Ok(known.sharing);
        }
        let mut sharing = (*known.sharing).clone();
        let mut seq = known.seq;
        if seq == 0 {
            seq = self.store.head().await?.seq;
            self.known_agreements(&mut sharing).await?;
        }
        loop {
            let page = self.store.changes(seq, 1000).await?;
            let Some(last) = page.last() else { break };
            seq = last.seq;
            for entry in page.iter().filter(|entry| entry.key.resource_type == "Consent") {
                let consent = (!entry.deleted).then(|| entry.value());
                sharing.take(&entry.key.id, consent.as_ref());
            }
        }
        let sharing = Arc::new(sharing);
        let mut followed = self.sharing.lock().expect("no thread panics with the agreements");
        if followed.seq <= seq {
            *followed = Followed { sharing: sharing.clone(), seq, at: Some(now) };
        }
        Ok(sharing)
    }

    /// The agreements that stand now; from here on the log is followed.
    async fn known_agreements(&self, sharing: &mut Sharing) -> Result<(), AccessError> {
        let own = Visibility::And(vec![Visibility::NoPatient, Visibility::TypeIn(vec!["Consent".to_owned()])]);
        let mut query = Query { types: vec!["Consent".to_owned()], count: Some(500), ..Query::default() };
        loop {
            let page = self.store.search(&query, &own).await?;
            page.matches.iter().for_each(|found| sharing.take(&found.key.id, Some(&found.value())));
            query.cursor = page.next;
            if query.cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// An agreement was written here: the next question reads it.
    pub(crate) fn sharing_changed(&self) {
        self.sharing.lock().expect("no thread panics with the agreements").at = None;
    }

    /// Writes a look into the audit chain; the answer waits for it.
    pub(crate) async fn look(&self, cx: &Cx, action: AuditAction, look: Look) -> Result<(), AccessError> {
        Ok(self.store.audit(record(cx, action, look)).await?)
    }

    /// Writes into the audit chain what a caller does with a record besides reading it here:
    /// printing, taking out a copy.
    ///
    /// # Errors
    /// The store's; then it must not be done.
    pub async fn note(&self, cx: &Cx, action: AuditAction, patient: &str, target: &str) -> Result<(), AccessError> {
        let look =
            Look { patients: BTreeSet::from([patient.to_owned()]), target: Some(target.to_owned()), ..Look::default() };
        self.look(cx, action, look).await
    }

    /// Takes one try of something that could be guessed; see [`Access::no_guess`].
    ///
    /// # Errors
    /// `TooMany`.
    pub fn guess(&self, cx: &Cx, action: &'static str, rate: Rate) -> Result<(), AccessError> {
        self.limits.take(action, &cx.actor.label(), rate, cx.now)
    }

    /// What was tried was known and not guessed: the try is given back.
    pub fn no_guess(&self, cx: &Cx, action: &'static str, rate: Rate) {
        self.limits.give_back(action, &cx.actor.label(), rate);
    }

    /// Something was refused: that is written down too, and given back.
    pub(crate) async fn refused(&self, cx: &Cx, error: AccessError, target: &str) -> AccessError {
        debug_assert!(matches!(error.kind(), Kind::Forbidden | Kind::NotFound));
        let look = Look { target: Some(target.to_owned()), reason: Some(error.to_string()), ..Look::default() };
        match self.look(cx, AuditAction::Denied, look).await {
            Ok(()) => error,
            Err(audit) => audit,
        }
    }
}

/// The audit record of a look. The facility carries the institution before it (`MSPAS/id`), so
/// that each institution's auditor finds its own.
pub(crate) fn record(cx: &Cx, action: AuditAction, look: Look) -> AuditRecord {
    let facility = cx.facility.as_ref().map_or(String::new(), |facility| facility.id.clone());
    AuditRecord {
        time: cx.now,
        actor: cx.actor.label(),
        facility: (!cx.is_system()).then(|| format!("{}/{facility}", cx.institution)),
        action,
        patients: look.patients.into_iter().collect(),
        target: look.target,
        query: look.query,
        reason: look.reason,
        request: cx.request.clone(),
        address: cx.address.clone(),
    }
}

/// The persons that these resources are about.
pub(crate) fn patients_in<'a>(found: impl IntoIterator<Item = &'a Stored>) -> BTreeSet<String> {
    let live = found.into_iter().filter(|stored| !stored.deleted && !policy::is_directory(&stored.key.resource_type));
    live.filter_map(|stored| match stored.key.resource_type.as_str() {
        "Patient" => Some(stored.key.id.clone()),
        _ => policy::patient_of(&stored.value()),
    })
    .collect()
}

/// Microseconds of an instant some hours later.
pub(crate) fn in_hours(now: Timestamp, hours: i64) -> i64 {
    now.as_microsecond().saturating_add(hours.saturating_mul(3_600_000_000))
}
