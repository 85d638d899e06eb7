//! Writing and reading, expectations, order and concurrency.

use std::collections::HashSet;

use jiff::SignedDuration;
use store::{Expect, Key, Method, StoreError, Visibility};
use testkit::Place;

use crate::kit::{body, commit, delete, put, write};

pub async fn what_is_written_is_read_back_byte_for_byte(place: Place) {
    let store = place.open().await.unwrap();
    let sent =
        "{ \"resourceType\": \"Observation\", \"note\" : \"ñ\\u00e9\", \"n\": 1.10, \"big\": 12345678901234567890 }";
    let done = commit(&store, vec![put("Observation", "o-1", Expect::Absent, sent)]).await.unwrap();
    let stored = &done.stored[0];
    assert_eq!((stored.version, stored.seq, stored.method), (1, 1, Method::Create));
    let read = store.read(&Key::new("Observation", "o-1"), &Visibility::All).await.unwrap().unwrap();
    assert_eq!(&read, stored);
    assert_eq!(
        String::from_utf8_lossy(&read.body),
        "{ \"resourceType\": \"Observation\",\"id\":\"o-1\",\"meta\":{\"versionId\":\"1\",\"lastUpdated\":\
         \"2026-11-24T14:00:00.000000Z\"}, \"note\" : \"ñ\\u00e9\", \"n\": 1.10, \"big\": 12345678901234567890 }"
    );
    assert_eq!(read.author, "Practitioner/ana");
    let keys = ["nobody", "o-1"].map(|id| Key::new("Observation", id));
    assert_eq!(store.read_many(&keys, &Visibility::All).await.unwrap(), vec![read]);
    assert!(store.read(&Key::new("Patient", "o-1"), &Visibility::All).await.unwrap().is_none());
    assert!(store.read(&Key::new("Observation", "o-1"), &Visibility::None).await.unwrap().is_none());
}

pub async fn a_deletion_keeps_the_versions(place: Place) {
    let store = place.open().await.unwrap();
    write(&store, "b", 1).await.unwrap();
    write(&store, "b", 2).await.unwrap();
    commit(&store, vec![delete("Basic", "b", Expect::Version(2))]).await.unwrap();
    let key = Key::new("Basic", "b");
    let gone = store.read(&key, &Visibility::All).await.unwrap().unwrap();
    assert!(gone.deleted && gone.body.is_empty() && gone.version == 3);
    assert!(store.read_many(std::slice::from_ref(&key), &Visibility::All).await.unwrap().is_empty());
    let old = store.read_version(&key, 1, &Visibility::All).await.unwrap().unwrap();
    assert!(old.value().text_at(&["language"]) == Some("1"));
    assert!(store.read_version(&key, 4, &Visibility::All).await.unwrap().is_none());
    let again = commit(&store, vec![delete("Basic", "b", Expect::Any)]).await.unwrap_err();
    assert_eq!(again, StoreError::Gone { key: key.clone() });
    let never = commit(&store, vec![delete("Basic", "c", Expect::Any)]).await.unwrap_err();
    assert_eq!(never, StoreError::NotFound { key: Key::new("Basic", "c") });
    let back = write(&store, "b", 4).await.unwrap();
    assert_eq!((back.stored[0].version, back.stored[0].method), (4, Method::Create));
}

pub async fn what_grew_past_the_limit_by_its_meta_stays_readable(place: Place) {
    let store = place.open().await.unwrap();
    let most = fhir::json::MAX_VALUES - 3;
    let sent = format!(r#"{{"resourceType":"Basic","x":[{}0]}}"#, "0,".repeat(most - 1));
    commit(&store, vec![put("Basic", "b", Expect::Absent, &sent)]).await.unwrap();
    let read = store.read(&Key::new("Basic", "b"), &Visibility::All).await.unwrap().unwrap();
    assert_eq!(read.value().items("x").len(), most);
    store.rebuild(|_| ()).await.unwrap();
    assert_eq!(store.check(|_| ()).await.unwrap().findings, []);
}

pub async fn expectations_are_judged_inside_the_commit(place: Place) {
    let store = place.open().await.unwrap();
    let key = Key::new("Basic", "b");
    let change = |expect| vec![put("Basic", "b", expect, r#"{"resourceType":"Basic"}"#)];
    let none = commit(&store, change(Expect::Version(1))).await.unwrap_err();
    assert_eq!(none, StoreError::Stale { key: key.clone(), expected: 1, found: None });
    commit(&store, change(Expect::Absent)).await.unwrap();
    let there = commit(&store, change(Expect::Absent)).await.unwrap_err();
    assert_eq!(there, StoreError::Exists { key: key.clone(), matches: vec![key.clone()] });
    commit(&store, change(Expect::Version(1))).await.unwrap();
    let stale = commit(&store, change(Expect::Version(1))).await.unwrap_err();
    assert_eq!(stale, StoreError::Stale { key, expected: 1, found: Some(2) });

    // Of many who read the same version, one writes.
    let tries = (0..16).map(|_| commit(&store, change(Expect::Version(2))));
    let done = futures_util::future::join_all(tries).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    assert_eq!(store.head().await.unwrap().seq, 3, "nothing of what was refused is in the log");
}

pub async fn a_commit_is_whole_or_nothing(place: Place) {
    let store = place.open().await.unwrap();
    write(&store, "there", 1).await.unwrap();
    let before = store.head().await.unwrap();
    let good = || put("Basic", "new", Expect::Any, r#"{"resourceType":"Basic"}"#);
    let refused = commit(&store, vec![good(), put("Basic", "there", Expect::Absent, "{}")]).await;
    assert!(matches!(refused, Err(StoreError::Exists { .. })));
    assert_eq!(body(&store, "Basic", "new").await, None);
    assert_eq!(store.head().await.unwrap(), before);

    // In one group with others, too: the refused one leaves no trace among them.
    let mut all = Vec::new();
    for at in 0..40 {
        let store = store.clone();
        all.push(tokio::spawn(async move {
            let id = format!("g{at}");
            let mut changes = vec![put("Basic", &id, Expect::Any, "{}")];
            if at % 2 == 0 {
                changes.push(put("Basic", "there", Expect::Absent, "{}"));
            }
            commit(&store, changes).await.is_ok()
        }));
    }
    for (at, done) in all.into_iter().enumerate() {
        assert_eq!(done.await.unwrap(), at % 2 == 1);
        assert_eq!(body(&store, "Basic", &format!("g{at}")).await.is_some(), at % 2 == 1);
    }
    assert_eq!(store.head().await.unwrap().seq, before.seq + 20);
}

pub async fn later_changes_see_earlier_ones(place: Place) {
    let store = place.open().await.unwrap();
    let changes = vec![
        put("Basic", "b", Expect::Absent, "{}"),
        put("Basic", "b", Expect::Version(1), r#"{"x":1}"#),
        delete("Basic", "b", Expect::Version(2)),
        put("Basic", "b", Expect::Absent, r#"{"x":2}"#),
    ];
    let done = commit(&store, changes).await.unwrap();
    assert_eq!(done.stored.iter().map(|stored| stored.version).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(done.stored.iter().all(|stored| stored.last_updated == done.time));
    assert!(body(&store, "Basic", "b").await.unwrap().contains(r#""x":2"#));
}

pub async fn time_never_goes_back(place: Place) {
    let store = place.open().await.unwrap();
    place.clock.advance(SignedDuration::from_mins(10));
    let first = write(&store, "a", 1).await.unwrap();
    place.clock.advance(SignedDuration::from_hours(-1));
    let second = write(&store, "b", 1).await.unwrap();
    assert_eq!(first.time, second.time);
    place.clock.advance(SignedDuration::from_hours(2));
    assert!(write(&store, "c", 1).await.unwrap().time > second.time);
}

pub async fn text_that_is_no_resource_is_refused(place: Place) {
    let store = place.open().await.unwrap();
    let long = "x".repeat(65);
    for (resource_type, id, body) in [
        ("Basic", "b", "{"),
        ("Basic", "b", "[1]"),
        ("Basic", "b", r#"{"a":1,"a":2}"#),
        ("Basic", "b", r#"{"resourceType":"Patient"}"#),
        ("Basic", "no id", "{}"),
        ("Basic", &long, "{}"),
        ("Ba'sic", "b", "{}"),
        ("", "b", "{}"),
    ] {
        let refused = commit(&store, vec![put(resource_type, id, Expect::Any, body)]).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{resource_type}/{id} {body}");
    }
    assert_eq!(store.head().await.unwrap().seq, 0);
}

pub async fn the_feed_has_no_gap_under_concurrency(place: Place) {
    let store = place.open().await.unwrap();
    let follower = {
        let store = store.clone();
        tokio::spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < 320 {
                let last = seen.last().copied().unwrap_or(0);
                store.wait_beyond(last).await.unwrap();
                seen.extend(store.changes(last, 50).await.unwrap().into_iter().map(|stored| stored.seq));
            }
            seen
        })
    };
    let committers = (0..32).map(|who| {
        let store = store.clone();
        tokio::spawn(async move {
            for round in 0..10 {
                write(&store, &format!("c{who}"), round).await.unwrap();
            }
        })
    });
    for done in futures_util::future::join_all(committers).await {
        done.unwrap();
    }
    assert_eq!(follower.await.unwrap(), (1..=320).collect::<Vec<u64>>());
}

pub async fn two_processes_share_a_store(place: Place) {
    let (one, two) = (place.open().await.unwrap(), place.open().await.unwrap());
    let writers = (0..16).map(|who| {
        let store = if who % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move {
            for round in 0..8 {
                write(&store, &format!("w{}", who / 2), round).await.unwrap();
            }
        })
    });
    for done in futures_util::future::join_all(writers).await {
        done.unwrap();
    }
    let seen = one.changes(0, 1000).await.unwrap();
    assert_eq!(seen.iter().map(|stored| stored.seq).collect::<Vec<_>>(), (1..=128).collect::<Vec<u64>>());
    let versions: HashSet<(String, u64)> = seen.iter().map(|stored| (stored.key.id.clone(), stored.version)).collect();
    assert_eq!(versions.len(), 128);
    assert_eq!(one.head().await.unwrap(), two.head().await.unwrap());
    // What one writes wakes whoever waits on the other.
    let waiting = tokio::spawn(async move { two.wait_beyond(128).await });
    write(&one, "last", 0).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), 129);
}

pub async fn what_was_committed_is_there_after_reopening(place: Place) {
    let store = place.open().await.unwrap();
    write(&store, "b", 1).await.unwrap();
    let (head, text) = (store.head().await.unwrap(), body(&store, "Basic", "b").await);
    let other = store.clone();
    store.close().await;
    assert_eq!(write(&other, "b", 2).await.unwrap_err(), StoreError::Closed);
    let store = place.open().await.unwrap();
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(body(&store, "Basic", "b").await, text);
}
