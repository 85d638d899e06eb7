//! Who sees what, and history.

use jiff::SignedDuration;
use store::{Clock, Expect, HistoryQuery, HistoryScope, Key, StoreError, Visibility};
use testkit::Place;

use crate::kit::{commit, delete, put, write};

fn reason(grantee: &str, at: i64) -> Visibility {
    Visibility::PatientReason { grantees: vec![grantee.into()], kinds: 6, at }
}

pub async fn facts_decide_what_is_seen(place: Place) {
    let store = place.open().await.unwrap();
    let changes = vec![
        put("Patient", "rosa", Expect::Any, r#"{"patient":"rosa","custodian":"MSPAS"}"#),
        put("Observation", "hiv", Expect::Any, r#"{"patient":"rosa","custodian":"MSPAS","labels":4}"#),
        put("Encounter", "e", Expect::Any, r#"{"patient":"rosa","custodian":"IGSS","reason":"post"}"#),
        put("Organization", "o", Expect::Any, "{}"),
        put("Task", "t", Expect::Any, r#"{"share":"Observation/hiv@hospital"}"#),
    ];
    commit(&store, changes).await.unwrap();
    let keys = [("Patient", "rosa"), ("Observation", "hiv"), ("Encounter", "e"), ("Organization", "o")];
    let keys = keys.map(|(resource_type, id)| Key::new(resource_type, id));
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let shared = |who: &str| Visibility::Shared { grantees: text(&[who]), classes: 1, at: 5 };
    let not = |part| Visibility::Not(Box::new(part));
    for (visibility, seen) in [
        (Visibility::All, "rosa hiv e o"),
        (Visibility::None, ""),
        (Visibility::And(vec![]), "rosa hiv e o"),
        (Visibility::Or(vec![]), ""),
        (Visibility::TypeIn(text(&["Patient", "Encounter"])), "rosa e"),
        (Visibility::TypeIn(vec![]), ""),
        (not(Visibility::TypeIn(vec![])), "rosa hiv e o"),
        (Visibility::NoPatient, "o"),
        (Visibility::Custodian("MSPAS".into()), "rosa hiv"),
        (not(Visibility::Custodian("MSPAS".into())), "e o"),
        (Visibility::NoCustodian, "o"),
        (Visibility::LabelsWithin(3), "rosa e o"),
        (Visibility::LabelsWithin(u32::MAX), "rosa hiv e o"),
        (Visibility::PatientIs(text(&["rosa"])), "rosa hiv e"),
        (not(Visibility::PatientIs(text(&["rosa"]))), "o"),
        (Visibility::Key("Encounter".into(), "e".into()), "e"),
        (reason("post", 5), "rosa hiv e"),
        (reason("elsewhere", 5), ""),
        (reason("post", -1), ""),
        (Visibility::And(vec![reason("post", 5), Visibility::LabelsWithin(0)]), "rosa e"),
        (shared("hospital"), "hiv"),
        (Visibility::Or(vec![shared("hospital"), Visibility::NoPatient]), "hiv o"),
        (Visibility::Custodian("M' OR '1'='1".into()), ""),
    ] {
        let found = store.read_many(&keys, &visibility).await.unwrap();
        let ids: Vec<&str> = found.iter().map(|stored| stored.key.id.as_str()).collect();
        assert_eq!(ids.join(" "), seen, "{visibility:?}");
        for key in &keys {
            let one = store.read(key, &visibility).await.unwrap();
            assert_eq!(one.is_some(), ids.contains(&key.id.as_str()), "{key} {visibility:?}");
            assert_eq!(store.read_version(key, 1, &visibility).await.unwrap(), one);
        }
    }
}

pub async fn facts_follow_the_current_version(place: Place) {
    let store = place.open().await.unwrap();
    let encounter = |reason: &str| {
        let body = format!(r#"{{"patient":"rosa","custodian":"MSPAS","reason":"{reason}"}}"#);
        vec![put("Encounter", "e", Expect::Any, &body)]
    };
    let key = Key::new("Encounter", "e");
    let sees = async |visibility: Visibility| store.read(&key, &visibility).await.unwrap().is_some();
    commit(&store, encounter("post")).await.unwrap();
    assert!(sees(reason("post", 5)).await && !sees(reason("other", 5)).await);
    commit(&store, encounter("other")).await.unwrap();
    assert!(!sees(reason("post", 5)).await && sees(reason("other", 5)).await);
    // A deletion takes the reason away, but whose it was still decides who may know it is gone.
    commit(&store, vec![delete("Encounter", "e", Expect::Any)]).await.unwrap();
    assert!(!sees(reason("other", 5)).await);
    assert!(sees(Visibility::Custodian("MSPAS".into())).await && !sees(Visibility::NoPatient).await);
}

pub async fn a_share_shows_no_version_from_before_it(place: Place) {
    let store = place.open().await.unwrap();
    let start = place.clock.now().as_microsecond();
    let task = |share: &str| put("Task", "t", Expect::Any, &format!(r#"{{"share":"{share}"}}"#));
    let request = |text: &str| put("Basic", "b", Expect::Any, &format!(r#"{{"language":"{text}"}}"#));
    let result = |text: &str| put("Observation", "o", Expect::Any, &format!(r#"{{"language":"{text}"}}"#));
    // The draft and its request, then a result in two versions; sent with the request's second version.
    for changes in [
        vec![put("Task", "t", Expect::Any, "{}"), request("draft"), result("first")],
        vec![result("second")],
        vec![task(&format!("Basic/b@igss@{}", start + 90_000_000)), request("sent")],
        vec![task(&format!("Observation/o@igss@{}", start + 90_000_000)), result("third")],
        vec![request("later")],
    ] {
        commit(&store, changes).await.unwrap();
        place.clock.advance(SignedDuration::from_mins(1));
    }
    let sees = Visibility::Shared { grantees: vec!["igss".into()], classes: 1, at: i64::MAX - 1 };
    let versions = async |kind: &str, id: &str| {
        let scope = HistoryScope::Instance(Key::new(kind, id));
        let query = HistoryQuery { scope, since: None, at: None, count: None, cursor: None };
        let page = store.history(&query, &sees).await.unwrap();
        let listed: Vec<u64> = page.entries.iter().map(|entry| entry.version).collect();
        assert_eq!(page.total, Some(listed.len() as u64));
        for version in 1..=3 {
            let one = store.read_version(&Key::new(kind, id), version, &sees).await.unwrap();
            assert_eq!(one.is_some(), listed.contains(&version), "{kind} {version}");
        }
        listed
    };
    assert_eq!(versions("Observation", "o").await, [3, 2], "the one that was sent, and what came later");
    commit(&store, vec![task(&format!("Basic/b@igss@{}", start + 90_000_000))]).await.unwrap();
    assert_eq!(versions("Basic", "b").await, [3, 2], "the draft stays the writer's");
    assert_eq!(versions("Observation", "o").await, Vec::<u64>::new());
}

pub async fn history_pages_from_the_newest(place: Place) {
    let store = place.open().await.unwrap();
    let mut times = Vec::new();
    for number in 0..5 {
        times.push(write(&store, "b", number).await.unwrap().time);
        place.clock.advance(SignedDuration::from_mins(1));
    }
    commit(&store, vec![delete("Basic", "b", Expect::Any)]).await.unwrap();
    commit(&store, vec![put("Patient", "p", Expect::Any, r#"{"patient":"p"}"#)]).await.unwrap();
    let scope = HistoryScope::Instance(Key::new("Basic", "b"));
    let mut query = HistoryQuery { scope, since: None, at: None, count: Some(4), cursor: None };
    let versions = |page: &store::HistoryPage| page.entries.iter().map(|entry| entry.version).collect::<Vec<_>>();
    let first = store.history(&query, &Visibility::All).await.unwrap();
    assert_eq!((versions(&first), first.total), (vec![6, 5, 4, 3], Some(6)));
    // What is written meanwhile does not move the next page.
    write(&store, "b", 9).await.unwrap();
    query.cursor = first.next;
    let second = store.history(&query, &Visibility::All).await.unwrap();
    assert_eq!((versions(&second), second.next.clone()), (vec![2, 1], None));
    query.scope = HistoryScope::System;
    assert_eq!(store.history(&query, &Visibility::All).await.unwrap_err(), StoreError::Cursor);
    query.cursor = Some("no cursor".into());
    assert_eq!(store.history(&query, &Visibility::All).await.unwrap_err(), StoreError::Cursor);
    query.cursor = None;
    assert_eq!(store.history(&query, &Visibility::All).await.unwrap().total, Some(8));
    assert_eq!(store.history(&query, &Visibility::NoPatient).await.unwrap().total, Some(7));
    query.scope = HistoryScope::Type("Basic".into());
    query.since = Some(times[3]);
    assert_eq!(versions(&store.history(&query, &Visibility::All).await.unwrap()), [7, 6, 5, 4]);
    query.since = None;
    query.at = Some((times[1], times[2]));
    assert_eq!(versions(&store.history(&query, &Visibility::All).await.unwrap()), [2]);
    query.at = Some((times[1] + SignedDuration::from_secs(1), times[2] + SignedDuration::from_secs(1)));
    assert_eq!(versions(&store.history(&query, &Visibility::All).await.unwrap()), [3, 2]);
}
