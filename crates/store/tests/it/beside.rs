//! What lies beside the log: private records, jobs, blobs, the audit chain of reads.

use bytes::Bytes;
use jiff::SignedDuration;
use store::{
    AuditAction, AuditQuery, AuditRecord, BlobId, Clock, Commit, Expect, NewJob, PrivateExpect, PrivateWrite, Store,
    StoreError,
};
use testkit::Place;

use crate::kit::put;

fn session(key: &str, expect: PrivateExpect, value: Option<&str>) -> PrivateWrite {
    let (key, owner) = (key.to_owned(), Some("ana".to_owned()));
    PrivateWrite { kind: "session", key, expect, value: value.map(Into::into), owner, expires: None }
}

async fn write_private(store: &Store, write: PrivateWrite) -> Result<(), StoreError> {
    store.commit(Commit { private: vec![write], ..Commit::default() }).await.map(|_| ())
}

pub async fn private_records_are_versioned_and_end(place: Place) {
    let store = place.open().await.unwrap();
    write_private(&store, session("b", PrivateExpect::Absent, Some("1"))).await.unwrap();
    let refused = write_private(&store, session("b", PrivateExpect::Absent, Some("2"))).await.unwrap_err();
    assert!(matches!(refused, StoreError::PrivateConflict { .. }));
    write_private(&store, session("b", PrivateExpect::Version(1), Some("2"))).await.unwrap();
    store.private_relaxed(session("a", PrivateExpect::Any, Some("x"))).await.unwrap();
    let found = store.private("session", "b").await.unwrap().unwrap();
    assert_eq!((found.value.as_slice(), found.version), (b"2".as_slice(), 2));
    assert_eq!(store.private("token", "b").await.unwrap(), None);
    let keys = |found: Vec<store::Private>| found.into_iter().map(|one| one.key).collect::<Vec<_>>();
    assert_eq!(keys(store.private_by_owner("session", "ana").await.unwrap()), ["a", "b"]);
    assert_eq!(keys(store.private_all("session", Some("a"), 10).await.unwrap()), ["b"]);

    let end = (place.clock.now() + SignedDuration::from_mins(5)).as_microsecond();
    write_private(&store, PrivateWrite { expires: Some(end), ..session("b", PrivateExpect::Any, Some("3")) })
        .await
        .unwrap();
    place.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(store.private("session", "b").await.unwrap(), None);
    assert_eq!(keys(store.private_by_owner("session", "ana").await.unwrap()), ["a"]);
    write_private(&store, session("b", PrivateExpect::Absent, Some("4"))).await.unwrap();
    assert_eq!(store.private("session", "b").await.unwrap().unwrap().version, 1);
    write_private(&store, session("b", PrivateExpect::Any, None)).await.unwrap();
    assert_eq!(store.private("session", "b").await.unwrap(), None);
    assert_eq!(store.head().await.unwrap().seq, 0, "none of it is in the log");
}

pub async fn private_records_and_resources_commit_together(place: Place) {
    let store = place.open().await.unwrap();
    write_private(&store, session("key", PrivateExpect::Any, Some("1"))).await.unwrap();
    let commit = Commit {
        changes: vec![put("Basic", "b", Expect::Any, "{}")],
        private: vec![session("key", PrivateExpect::Absent, Some("2"))],
        ..Commit::default()
    };
    assert!(store.commit(commit).await.is_err());
    assert_eq!(store.head().await.unwrap().seq, 0);
}

fn job(key: &str, place: &Place) -> NewJob {
    NewJob { kind: "remind", key: key.into(), payload: fhir::json!({ "to": key }), run_at: place.clock.now() }
}

pub async fn jobs_run_once_and_come_back_when_they_fail(place: Place) {
    let store = place.open().await.unwrap();
    let add = |jobs| store.commit(Commit { jobs, ..Commit::default() });
    let mut later = job("later", &place);
    later.run_at += SignedDuration::from_hours(10);
    add(vec![job("a", &place), job("a", &place), later]).await.unwrap();
    let taken = store.claim_jobs(10, 60).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].key.as_str(), taken[0].attempts), ("a", 1));
    assert_eq!(taken[0].payload.text_at(&["to"]), Some("a"));
    assert!(store.claim_jobs(10, 60).await.unwrap().is_empty(), "it is leased");
    place.clock.advance(SignedDuration::from_secs(61));
    let again = store.claim_jobs(10, 60).await.unwrap();
    assert_eq!(again[0].attempts, 2, "whoever took it did not finish in time");
    store.finish_job(again[0].id).await.unwrap();
    add(vec![job("a", &place)]).await.unwrap();
    place.clock.advance(SignedDuration::from_hours(1));
    assert!(store.claim_jobs(10, 60).await.unwrap().is_empty(), "its key is known");
    assert_eq!(store.finish_job(99).await.unwrap_err(), StoreError::NoJob(99));

    add(vec![job("bad", &place)]).await.unwrap();
    let mut tries = 0;
    while store.failed_jobs().await.unwrap().is_empty() {
        if let Some(taken) = store.claim_jobs(1, 60).await.unwrap().first() {
            tries += 1;
            store.fail_job(taken.id, "the line is down").await.unwrap();
            assert!(tries > 7 || store.claim_jobs(1, 60).await.unwrap().is_empty(), "it waits a while");
        }
        place.clock.advance(SignedDuration::from_mins(20));
    }
    assert_eq!(tries, 8);
    let failed = store.failed_jobs().await.unwrap();
    assert_eq!(failed[0].error.as_deref(), Some("the line is down"));
    store.retry_job(failed[0].id).await.unwrap();
    assert_eq!(store.claim_jobs(1, 60).await.unwrap()[0].attempts, 1);
}

pub async fn a_job_is_claimed_by_one(place: Place) {
    let (one, two) = (place.open().await.unwrap(), place.open().await.unwrap());
    let jobs = (0..20).map(|at| job(&format!("j{at}"), &place)).collect();
    one.commit(Commit { jobs, ..Commit::default() }).await.unwrap();
    let claims = (0..8).map(|at| if at % 2 == 0 { one.claim_jobs(5, 60) } else { two.claim_jobs(5, 60) });
    let taken: Vec<u64> = futures_util::future::join_all(claims.collect::<Vec<_>>())
        .await
        .into_iter()
        .flat_map(|jobs| jobs.unwrap().into_iter().map(|job| job.id))
        .collect();
    let distinct: std::collections::HashSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (20, 20));
}

pub async fn blobs_are_kept_by_content(place: Place) {
    let store = place.open().await.unwrap();
    let bytes = Bytes::from_static(b"an image");
    let id = store.put_blob(bytes.clone()).await.unwrap();
    assert_eq!(id, BlobId::of(b"an image"));
    assert_eq!(store.put_blob(bytes.clone()).await.unwrap(), id);
    assert_eq!(store.blob(&id).await.unwrap(), Some(bytes));
    assert_eq!(store.blob(&BlobId::of(b"another")).await.unwrap(), None);
    let empty = store.put_blob(Bytes::new()).await.unwrap();
    assert_eq!(store.blob(&empty).await.unwrap(), Some(Bytes::new()));
}

fn opened(actor: &str, patients: &[&str], place: &Place) -> AuditRecord {
    AuditRecord {
        time: place.clock.now(),
        actor: actor.into(),
        facility: Some("post".into()),
        action: AuditAction::Read,
        patients: patients.iter().map(|id| (*id).to_owned()).collect(),
        target: Some(format!("Patient/{}", patients.first().unwrap_or(&"-"))),
        query: None,
        reason: Some("attends".into()),
        request: "r1".into(),
        address: None,
    }
}

pub async fn reads_leave_a_chain(place: Place) {
    let store = place.open().await.unwrap();
    store.audit(opened("ana", &["rosa"], &place)).await.unwrap();
    place.clock.advance(SignedDuration::from_mins(1));
    let later = place.clock.now();
    store.audit(opened("ana", &["a", "rosa"], &place)).await.unwrap();
    let glass = AuditRecord { action: AuditAction::BreakGlass, ..opened("luis", &["rosa"], &place) };
    store.audit_durable(glass.clone()).await.unwrap();
    let find = async |query: AuditQuery| {
        let found = store.audit_search(&query).await.unwrap();
        found.into_iter().map(|(seq, _)| seq).collect::<Vec<_>>()
    };
    assert_eq!(find(AuditQuery::default()).await, [3, 2, 1]);
    assert_eq!(find(AuditQuery { actor: Some("ana".into()), ..AuditQuery::default() }).await, [2, 1]);
    assert_eq!(find(AuditQuery { patient: Some("a".into()), ..AuditQuery::default() }).await, [2]);
    assert_eq!(find(AuditQuery { action: Some(AuditAction::BreakGlass), ..AuditQuery::default() }).await, [3]);
    assert_eq!(find(AuditQuery { until: Some(later), ..AuditQuery::default() }).await, [1]);
    assert_eq!(find(AuditQuery { from: Some(later), ..AuditQuery::default() }).await, [3, 2]);
    assert_eq!(find(AuditQuery { limit: 1, after_seq: Some(3), ..AuditQuery::default() }).await, [2]);
    assert_eq!(store.audit_search(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap(), [(3, glass)]);
    store.close().await;
    let store = place.open().await.unwrap();
    store.audit(opened("ana", &[], &place)).await.unwrap();
    assert_eq!(store.audit_search(&AuditQuery::default()).await.unwrap().len(), 4);
}
