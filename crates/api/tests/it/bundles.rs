//! Batch and transaction.

use fhir::Value;

use crate::server::{Reply, Server, steady};

fn bundle(kind: &str, entries: &[&str]) -> String {
    format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(","))
}

fn entry(method: &str, url: &str, resource: &str) -> String {
    let resource = if resource.is_empty() { String::new() } else { format!(r#""resource":{resource},"#) };
    format!(r#"{{{resource}"request":{{"method":"{method}","url":"{url}"}}}}"#)
}

fn full(url: &str, method: &str, target: &str, resource: &str) -> String {
    format!(r#"{{"fullUrl":"{url}","resource":{resource},"request":{{"method":"{method}","url":"{target}"}}}}"#)
}

fn statuses(reply: &Reply) -> Vec<String> {
    let bundle = reply.json();
    let status = |entry: &Value| entry.text_at(&["response", "status"]).unwrap()[..3].to_owned();
    bundle.items("entry").iter().map(status).collect()
}

const ROSA: &str = r#"{"resourceType":"Patient","id":"rosa","identifier":[{"system":"urn:x","value":"1"}]}"#;

#[tokio::test]
async fn links_between_entries_lead_to_the_new_ids() {
    let server = Server::start().await;
    let patient =
        full("urn:uuid:3f0c5e2a-0000-4000-8000-000000000001", "POST", "Patient", r#"{"resourceType":"Patient"}"#);
    let organization = full(
        "http://other.example/fhir/Organization/7",
        "POST",
        "Organization",
        r#"{"resourceType":"Organization","name":"Puesto"}"#,
    );
    let observation = full(
        "urn:uuid:3f0c5e2a-0000-4000-8000-000000000002",
        "PUT",
        "Observation/o",
        r#"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:3f0c5e2a-0000-4000-8000-000000000001"},"performer":[{"reference":"http://other.example/fhir/Organization/7"}],"extension":[{"url":"http://e","valueUri":"urn:uuid:3f0c5e2a-0000-4000-8000-000000000001"}],"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:3f0c5e2a-0000-4000-8000-000000000001"}],"valueQuantity":{"value":1.10}}"#,
    );
    let reply = server.post("", &bundle("transaction", &[&observation, &patient, &organization])).await.is(200);
    assert_eq!(fhir::validate(&reply.json()), []);
    insta::assert_snapshot!(steady(&reply.text));
    let stored = server.get("/Observation/o").await.is(200);
    insta::assert_snapshot!(steady(&stored.text));
    let subject = stored.json().text_at(&["subject", "reference"]).unwrap().to_owned();
    server.get(&format!("/{subject}")).await.is(200);
}

#[tokio::test]
async fn all_or_nothing() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let before = server.store.head().await.unwrap().seq;
    let good = entry("POST", "Patient", r#"{"resourceType":"Patient"}"#);
    for (bad, status, place) in [
        (
            entry("POST", "Patient", r#"{"resourceType":"Patient","gender":"x"}"#),
            400,
            "Bundle.entry[1].resource.gender",
        ),
        (entry("POST", "Paciente", r#"{"resourceType":"Patient"}"#), 404, "Bundle.entry[1]"),
        (entry("POST", "Patient", ""), 400, "Bundle.entry[1].resource.resource"),
        (entry("DELETE", "Patient/nadie", ""), 404, "Bundle.entry[1]"),
        (entry("POST", "Device", r#"{"resourceType":"Patient"}"#), 400, "Bundle.entry[1].resource.resourceType"),
        (r#"{"resource":{"resourceType":"Patient"}}"#.to_owned(), 400, "Bundle.entry[1].request"),
        (
            format!(r#"{{"resource":{ROSA},"request":{{"method":"PUT","url":"Patient/rosa","ifMatch":"W/\"9\""}}}}"#),
            412,
            "Bundle.entry[1]",
        ),
    ] {
        let reply = server.post("", &bundle("transaction", &[&good, &bad])).await.is(status);
        assert_eq!(reply.json().text_at(&["issue", "expression"]), Some(place), "{}", reply.text);
        assert_eq!(server.store.head().await.unwrap().seq, before, "{}", reply.text);
    }
}

#[tokio::test]
async fn one_resource_is_written_once() {
    let server = Server::start().await;
    let put = entry("PUT", "Patient/rosa", ROSA);
    let delete = entry("DELETE", "Patient/rosa", "");
    server.post("", &bundle("transaction", &[&put, &put])).await.refuses(400, "duplicate", Some("Bundle.entry[1]"));
    server.post("", &bundle("transaction", &[&put, &delete])).await.refuses(400, "duplicate", Some("Bundle.entry[1]"));
    let create = format!(
        r#"{{"resource":{ROSA},"request":{{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:x|1"}}}}"#
    );
    server.post("", &bundle("transaction", &[&create, &create])).await.refuses(
        400,
        "duplicate",
        Some("Bundle.entry[1]"),
    );
    let update = entry(
        "PUT",
        "Patient?identifier=urn:x%7C1",
        r#"{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"1"}]}"#,
    );
    server.post("", &bundle("transaction", &[&update, &update])).await.refuses(
        400,
        "duplicate",
        Some("Bundle.entry[1]"),
    );
    server.get("/Patient/rosa").await.is(404);
}

#[tokio::test]
async fn entries_are_done_in_the_order_of_the_standard_and_answered_in_their_own() {
    let server = Server::start().await;
    server.have(ROSA).await;
    server.have(r#"{"resourceType":"Patient","id":"old","identifier":[{"system":"urn:x","value":"2"}]}"#).await;
    let entries = [
        entry("GET", "Patient?identifier=urn:x%7C2", ""),
        entry("PUT", "Patient/rosa", ROSA),
        entry("POST", "Patient", r#"{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"2"}]}"#),
        entry("DELETE", "Patient/old", ""),
        entry("GET", "Patient/nadie", ""),
    ];
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let reply = server.post("", &bundle("transaction", &entries)).await.is(200);
    assert_eq!(statuses(&reply), ["200", "200", "201", "204", "404"], "{}", reply.text);
    let found = reply.json().items("entry")[0].get("resource").unwrap().clone();
    assert_eq!(found.items("entry").len(), 1);
    assert_ne!(found.items("entry")[0].text_at(&["resource", "id"]), Some("old"));
}

#[tokio::test]
async fn conditions_in_a_transaction() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let create = r#"{"fullUrl":"urn:uuid:3f0c5e2a-0000-4000-8000-000000000001","resource":{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"1"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:x|1"}}"#;
    let linked = entry(
        "POST",
        "Flag",
        r#"{"resourceType":"Flag","status":"active","code":{"text":"x"},"subject":{"reference":"urn:uuid:3f0c5e2a-0000-4000-8000-000000000001"}}"#,
    );
    let searched = entry(
        "POST",
        "Flag",
        r#"{"resourceType":"Flag","status":"active","code":{"text":"y"},"subject":{"reference":"Patient?identifier=urn:x|1"}}"#,
    );
    let reply = server.post("", &bundle("transaction", &[create, &linked, &searched])).await.is(200);
    assert_eq!(statuses(&reply), ["200", "201", "201"]);
    assert_eq!(server.get("/Flag?subject=Patient/rosa").await.matches().len(), 2);
    let nobody = searched.replace("urn:x|1", "urn:x|9");
    server.post("", &bundle("transaction", &[&nobody])).await.refuses(412, "not-found", Some("Bundle.entry[0]"));
    server.post("/Patient", ROSA).await.is(201);
    server.post("", &bundle("transaction", &[&searched])).await.refuses(
        412,
        "multiple-matches",
        Some("Bundle.entry[0]"),
    );
}

#[tokio::test]
async fn deletions_come_before_the_conditions_of_the_others() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let make = r#"{"resource":{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"1"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:x|1"}}"#;
    let flag = |condition: &str| {
        let body = format!(
            r#"{{"resourceType":"Flag","status":"active","code":{{"text":"x"}},"subject":{{"reference":"Patient?identifier={condition}"}}}}"#
        );
        entry("POST", "Flag", &body)
    };
    let entries = [flag("urn:x|1"), make.to_owned(), entry("DELETE", "Patient/rosa", "")];
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let reply = server.post("", &bundle("transaction", &entries)).await.is(200);
    assert_eq!(statuses(&reply), ["201", "201", "204"], "{}", reply.text);
    let there = server.get("/Patient?identifier=urn:x%7C1").await.matches();
    assert_eq!(there.len(), 1);
    assert_eq!(server.get(&format!("/Flag?subject=Patient/{}", there[0])).await.matches().len(), 1, "to the new one");
    let put = entry("PUT", "Patient?identifier=urn:x%7C1", &ROSA.replace("rosa", &there[0]));
    let gone = entry("DELETE", "Patient?identifier=urn:x%7C1", "");
    let reply = server.post("", &bundle("transaction", &[&put, &gone])).await;
    reply.refuses(400, "duplicate", Some("Bundle.entry[1]"));
    let old = entry("DELETE", "Patient/rosa", "");
    let reply = server.post("", &bundle("transaction", &[&old, &flag("urn:x|1")])).await.is(200);
    assert_eq!(statuses(&reply), ["204", "201"], "deleted already: {}", reply.text);
    let all = [flag("urn:x|1"), gone];
    let reply = server.post("", &bundle("transaction", &[&all[0], &all[1]])).await;
    reply.refuses(412, "not-found", Some("Bundle.entry[0]"));
}

#[tokio::test]
async fn a_transaction_that_fails_the_same_way_again_is_not_repeated() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let other = r#"{"resource":{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"7"}]},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:x|7"}}"#;
    let stale =
        format!(r#"{{"resource":{ROSA},"request":{{"method":"PUT","url":"Patient/rosa","ifMatch":"W/\"9\""}}}}"#);
    let reply = server.post("", &bundle("transaction", &[other, &stale])).await;
    reply.refuses(412, "conflict", Some("Bundle.entry[1]"));
    let present =
        format!(r#"{{"resource":{ROSA},"request":{{"method":"PUT","url":"Patient/rosa","ifNoneMatch":"*"}}}}"#);
    let reply = server.post("", &bundle("transaction", &[other, &present])).await;
    reply.refuses(412, "conflict", Some("Bundle.entry[1]"));
    let plain = entry("POST", "Patient", r#"{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"7"}]}"#);
    let reply = server.post("", &bundle("transaction", &[&plain, other])).await;
    reply.refuses(409, "conflict", Some("Bundle.entry[1]"));
    assert!(server.get("/Patient?identifier=urn:x%7C7").await.matches().is_empty());
}

#[tokio::test]
async fn a_batch_does_each_entry_on_its_own() {
    let server = Server::start().await;
    let entries = [
        entry("PUT", "Patient/rosa", ROSA),
        entry("POST", "Patient", r#"{"resourceType":"Patient","gender":"x"}"#),
        entry("GET", "Patient/rosa", ""),
        entry("GET", "Paciente/rosa", ""),
        entry("DELETE", "Patient/rosa", ""),
        entry("GET", "Patient/rosa/_history/1", ""),
        entry("POST", "Patient/rosa", ROSA),
        entry("GET", "metadata", ""),
    ];
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let reply = server.post("", &bundle("batch", &entries)).await.is(200);
    assert_eq!(statuses(&reply), ["201", "400", "200", "404", "204", "200", "405", "200"], "{}", reply.text);
    let body = reply.json();
    assert_eq!(body.items("entry")[1].text_at(&["response", "outcome", "issue", "expression"]), Some("Patient.gender"));
    assert_eq!(fhir::validate(&body), []);
}

#[tokio::test]
async fn a_patch_can_be_part_of_a_transaction() {
    let server = Server::start().await;
    server.have(ROSA).await;
    // [{"op":"add","path":"/active","value":true}]
    let data = "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2FjdGl2ZSIsInZhbHVlIjp0cnVlfV0=";
    let binary = format!(r#"{{"resourceType":"Binary","contentType":"application/json-patch+json","data":"{data}"}}"#);
    let patch = entry("PATCH", "Patient/rosa", &binary);
    for kind in ["transaction", "batch"] {
        let reply = server.post("", &bundle(kind, &[&patch])).await.is(200);
        assert_eq!(statuses(&reply), ["200"], "{}", reply.text);
    }
    assert_eq!(server.get("/Patient/rosa").await.json().get("active"), Some(&true.into()));
}

#[tokio::test]
async fn other_bundles_are_not_done() {
    let server = Server::start().await;
    server.post("", r#"{"resourceType":"Bundle","type":"collection"}"#).await.refuses(
        400,
        "value",
        Some("Bundle.type"),
    );
    server.post("", ROSA).await.refuses(400, "invalid", Some("Patient.resourceType"));
    let empty = server.post("", r#"{"resourceType":"Bundle","type":"transaction"}"#).await.is(200);
    assert_eq!(empty.json().text_at(&["type"]), Some("transaction-response"));
    server.post("/Bundle", r#"{"resourceType":"Bundle","type":"collection"}"#).await.is(201);
}

#[tokio::test]
async fn a_bundle_asks_for_so_much_and_no_more() {
    let server = Server::start().await;
    let asking = |kind: &str, count: usize, url: &str| {
        let entry = fhir::json!({ "request": { "method": "GET", "url": url } });
        fhir::json!({ "resourceType": "Bundle", "type": kind, "entry": vec![entry; count] }).to_string()
    };
    for kind in ["batch", "transaction"] {
        server.post("", &asking(kind, 1001, "Patient")).await.refuses(413, "too-costly", None);
        server.post("", &asking(kind, 1000, "Patient?_summary=count")).await.is(200);
    }
    let data = "QUFB".repeat(1_000_000);
    server.have(&format!(r#"{{"resourceType":"Binary","id":"b","contentType":"image/png","data":"{data}"}}"#)).await;
    for kind in ["batch", "transaction"] {
        let reply = server.post("", &asking(kind, 40, "Binary/b")).await.is(200);
        assert!(reply.text.len() < 40_000_000, "{kind}: {}", reply.text.len());
        assert!(reply.text.contains("too-costly"), "{kind}");
    }
}
