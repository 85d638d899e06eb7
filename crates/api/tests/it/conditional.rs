//! Conditions: on versions, on dates, and on what a search finds.

use std::sync::Arc;

use crate::server::Server;

const ROSA: &str = r#"{"resourceType":"Patient","id":"rosa","identifier":[{"system":"urn:x","value":"1"}],"name":[{"family":"Caal"}]}"#;
const NEW: &str =
    r#"{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"1"}],"name":[{"family":"Caal"}]}"#;

#[tokio::test]
async fn a_read_is_answered_briefly_when_nothing_changed() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let read = |name: &'static str, value: &'static str| {
        let server = &server;
        async move { server.call("GET", "/Patient/rosa", &[(name, value)], "").await }
    };
    let known = read("if-none-match", "W/\"1\"").await.is(304);
    assert_eq!((known.text.as_str(), known.header("etag")), ("", "W/\"1\""));
    read("if-none-match", "W/\"2\"").await.is(200);
    read("if-modified-since", "Tue, 24 Nov 2026 14:00:00 GMT").await.is(304);
    read("if-modified-since", "Tue, 24 Nov 2026 13:59:59 GMT").await.is(200);
}

#[tokio::test]
async fn a_stale_writer_is_told() {
    let server = Server::start().await;
    server.have(ROSA).await;
    server.have(ROSA).await;
    let put = |tag: &'static str| {
        let server = &server;
        async move { server.call("PUT", "/Patient/rosa", &[("if-match", tag)], ROSA).await }
    };
    put("W/\"1\"").await.refuses(412, "conflict", Some("If-Match"));
    put("three").await.refuses(400, "value", Some("If-Match"));
    put("W/\"2\"").await.is(200);
    server.call("DELETE", "/Patient/rosa", &[("if-match", "W/\"2\"")], "").await.refuses(
        412,
        "conflict",
        Some("If-Match"),
    );
    server.call("DELETE", "/Patient/rosa", &[("if-match", "W/\"3\"")], "").await.is(204);
}

#[tokio::test]
async fn a_conditional_create_makes_one() {
    let server = Server::start().await;
    let create = |criteria: &'static str| {
        let server = &server;
        async move { server.call("POST", "/Patient", &[("if-none-exist", criteria)], NEW).await }
    };
    let first = create("identifier=urn:x|1").await.is(201);
    let second = create("identifier=urn:x|1").await.is(200);
    assert_eq!(first.header("location"), second.header("location"));
    create("").await.refuses(400, "value", Some("Patient"));
    create("nombre=x").await.refuses(400, "not-supported", Some("nombre"));
    server.post("/Patient", NEW).await.is(201);
    create("?identifier=urn:x|1").await.refuses(412, "multiple-matches", Some("Patient?identifier=urn:x%7C1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_conditional_creates_at_once_make_one() {
    let server = Arc::new(Server::start().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let server = server.clone();
        tasks.spawn(async move {
            server.call("POST", "/Patient", &[("if-none-exist", "identifier=urn:x|1")], NEW).await.status.as_u16()
        });
    }
    let mut statuses = tasks.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 201].contains(status)), "{statuses:?}");
    assert_eq!(server.get("/Patient?identifier=urn:x|1".replace('|', "%7C").as_str()).await.matches().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_conditional_updates_at_once_make_one() {
    let server = Arc::new(Server::start().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let server = server.clone();
        tasks.spawn(async move { server.put("/Patient?identifier=urn:x%7C1", NEW).await.status.as_u16() });
    }
    let statuses = tasks.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 49, "{statuses:?}");
    let found = server.get("/Patient?identifier=urn:x%7C1").await;
    assert_eq!(found.matches().len(), 1);
}

#[tokio::test]
async fn a_conditional_update_finds_its_resource() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let updated = server.put("/Patient?identifier=urn:x%7C1", NEW).await.is(200);
    assert_eq!(updated.json().id(), Some("rosa"));
    let other = ROSA.replace("rosa", "maria");
    server.put("/Patient?identifier=urn:x%7C1", &other).await.refuses(400, "invalid", Some("Patient.id"));
    server.put("/Patient", NEW).await.refuses(400, "value", Some("Patient"));
    let made = server.put("/Patient?identifier=urn:x%7C2", &NEW.replace("\"1\"", "\"2\"")).await.is(201);
    assert_ne!(made.json().id(), Some("rosa"));
    let chosen = other.replace("\"1\"", "\"3\"");
    assert_eq!(server.put("/Patient?identifier=urn:x%7C3", &chosen).await.is(201).json().id(), Some("maria"));
    server.post("/Patient", NEW).await.is(201);
    server.put("/Patient?identifier=urn:x%7C1", NEW).await.refuses(
        412,
        "multiple-matches",
        Some("Patient?identifier=urn:x%7C1"),
    );
}

#[tokio::test]
async fn a_conditional_deletion_takes_one() {
    let server = Server::start().await;
    server.have(ROSA).await;
    server.delete("/Patient").await.refuses(400, "value", Some("Patient"));
    server.delete("/Patient?identifier=urn:x%7C9").await.is(204);
    server.get("/Patient/rosa").await.is(200);
    server.post("/Patient", NEW).await.is(201);
    server.delete("/Patient?identifier=urn:x%7C1").await.refuses(
        412,
        "multiple-matches",
        Some("Patient?identifier=urn:x%7C1"),
    );
    server.delete("/Patient?identifier=urn:x%7C1&_id=rosa").await.is(204);
    server.get("/Patient/rosa").await.refuses(410, "deleted", None);
}

#[tokio::test]
async fn a_condition_that_no_repetition_changes_is_refused_for_what_it_is() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let new = |value: &str| ROSA.replace("\"value\":\"1\"", &format!("\"value\":\"{value}\""));
    server.put("/Patient?identifier=urn:x%7C8", &new("8")).await.refuses(409, "conflict", None);
    server.call("PUT", "/Patient/rosa", &[("if-none-match", "*")], ROSA).await.refuses(
        412,
        "conflict",
        Some("If-None-Match"),
    );
    let maria = ROSA.replace("rosa", "maria");
    server.call("PUT", "/Patient/maria", &[("if-none-match", "*")], &maria).await.is(201);
    server.put("/Patient?identifier=", NEW).await.refuses(400, "value", Some("identifier"));
    server.delete("/Patient?identifier=&gender=").await.refuses(400, "value", Some("identifier"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_updates_without_a_condition_all_get_through() {
    let server = Arc::new(Server::start().await);
    server.have(ROSA).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let server = server.clone();
        tasks.spawn(async move { server.put("/Patient/rosa", ROSA).await.status.as_u16() });
    }
    assert_eq!(tasks.join_all().await, [200; 50]);
    assert_eq!(server.get("/Patient/rosa").await.header("etag"), "W/\"51\"");
}

const JSON_PATCH: (&str, &str) = ("content-type", "application/json-patch+json");

#[tokio::test]
async fn a_conditional_patch_acts_on_one_match() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let patch = |path: &'static str, headers: &'static [(&'static str, &'static str)]| {
        let headers: Vec<_> = headers.iter().copied().chain([JSON_PATCH]).collect();
        let server = &server;
        async move {
            let operations = r#"[{"op":"add","path":"/active","value":true}]"#;
            server.call("PATCH", path, &headers, operations).await
        }
    };
    let done = patch("/Patient?identifier=urn:x%7C1", &[]).await.is(200);
    assert_eq!((done.header("etag"), done.json().text_at(&["id"])), ("W/\"2\"", Some("rosa")));
    assert_eq!(done.json().get("active"), Some(&true.into()));
    let nobody = "/Patient?identifier=urn:x%7C2";
    patch(nobody, &[]).await.refuses(404, "not-found", Some("Patient?identifier=urn:x%7C2"));
    patch("/Patient", &[]).await.refuses(400, "value", Some("Patient"));
    patch("/Patient?identifier=urn:x%7C1", &[("if-match", "W/\"1\"")]).await.refuses(412, "conflict", Some("If-Match"));
    patch("/Patient?identifier=urn:x%7C1", &[("if-match", "*")]).await.is(200);
    server.post("/Patient", NEW).await.is(201);
    patch("/Patient?identifier=urn:x%7C1", &[]).await.refuses(
        412,
        "multiple-matches",
        Some("Patient?identifier=urn:x%7C1"),
    );
    let binary = r#"{"resourceType":"Binary","contentType":"application/json-patch+json",
        "data":"W3sib3AiOiJhZGQiLCJwYXRoIjoiL2dlbmRlciIsInZhbHVlIjoiZmVtYWxlIn1d"}"#;
    for (kind, url, status) in [
        ("batch", "Patient?_id=rosa", "200 OK"),
        ("transaction", "Patient?_id=rosa", "200 OK"),
        ("batch", "Patient?_id=nadie", "404 Not Found"),
    ] {
        let entry = format!(r#"{{"resource":{binary},"request":{{"method":"PATCH","url":"{url}"}}}}"#);
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{entry}]}}"#);
        let answer = server.post("", &bundle).await.is(200).json();
        assert_eq!(answer.text_at(&["entry", "response", "status"]), Some(status), "{kind} {answer}");
    }
    assert_eq!(server.get("/Patient/rosa").await.json().text_at(&["gender"]), Some("female"));
}

#[tokio::test]
async fn if_match_any_needs_something_to_be_there() {
    let server = Server::start().await;
    let any = [("if-match", "*")];
    server.call("PUT", "/Patient/rosa", &any, ROSA).await.refuses(412, "not-found", Some("Patient/rosa"));
    server.call("DELETE", "/Patient/rosa", &any, "").await.refuses(412, "not-found", Some("Patient/rosa"));
    let by_condition = "/Patient?identifier=urn:x%7C1";
    server.call("PUT", by_condition, &any, NEW).await.refuses(412, "not-found", Some("Patient"));
    server.call("DELETE", by_condition, &any, "").await.refuses(412, "not-found", Some("Patient"));
    assert_eq!(server.store.head().await.unwrap().seq, 0);
    server.have(ROSA).await;
    assert_eq!(server.call("PUT", "/Patient/rosa", &any, ROSA).await.is(200).header("etag"), "W/\"2\"");
    server.call("PUT", by_condition, &any, NEW).await.is(200);
    server.call("DELETE", "/Patient/rosa", &any, "").await.is(204);
    server.call("PUT", "/Patient/rosa", &any, ROSA).await.refuses(412, "not-found", Some("Patient/rosa"));
}
