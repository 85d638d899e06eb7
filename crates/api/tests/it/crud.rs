//! A resource's life: created, read, changed, deleted, and still there in its versions.

use crate::server::{Server, steady};

const ROSA: &str =
    r#"{"resourceType":"Patient","id":"rosa","name":[{"family":"Caal","given":["Rosa"]}],"birthDate":"1992-03-14"}"#;

#[tokio::test]
async fn a_patient_lives_and_is_deleted() {
    let server = Server::start().await;
    let created = server.post("/Patient", ROSA).await.is(201);
    assert_eq!(created.header("etag"), "W/\"1\"");
    let location = created.header("location").to_owned();
    let path = location.strip_prefix("http://tejido.test/fhir").unwrap().split("/_history").next().unwrap().to_owned();
    assert!(location.ends_with("/_history/1") && path.starts_with("/Patient/") && !path.ends_with("/rosa"));
    let read = server.get(&path).await.is(200);
    assert_eq!((read.header("etag"), read.header("content-type")), ("W/\"1\"", "application/fhir+json"));
    assert_eq!(read.header("last-modified"), "Tue, 24 Nov 2026 14:00:00 GMT");
    assert_eq!(read.text, created.text);

    server.clock.advance(jiff::SignedDuration::from_secs(90));
    let next = read.text.replace("1992-03-14", "1992-03-15");
    let updated = server.put(&path, &next).await.is(200);
    assert_eq!(updated.header("etag"), "W/\"2\"");
    server.get(&format!("{path}/_history/1")).await.is(200);
    server.delete(&path).await.is(204);
    server.delete(&path).await.is(204);
    server.get(&path).await.refuses(410, "deleted", None);
    server.get(&format!("{path}/_history/3")).await.refuses(410, "deleted", None);
    assert!(server.get(&format!("{path}/_history/1")).await.is(200).text.contains("1992-03-14"));
    server.get(&format!("{path}/_history/9")).await.refuses(404, "not-found", None);
    server.put(&path, &next).await.is(201);
    server.get(&path).await.is(200);
}

#[tokio::test]
async fn an_update_creates_under_the_id_of_the_address() {
    let server = Server::start().await;
    let created = server.put("/Patient/rosa", ROSA).await.is(201);
    assert_eq!(created.header("location"), "http://tejido.test/fhir/Patient/rosa/_history/1");
    insta::assert_snapshot!(created.text);
    let other = ROSA.replace("\"rosa\"", "\"maria\"");
    server.put("/Patient/rosa", &other).await.refuses(400, "invalid", Some("Patient.id"));
    let without = ROSA.replace("\"id\":\"rosa\",", "");
    server.put("/Patient/rosa", &without).await.refuses(400, "required", Some("Patient.id"));
    server.put("/Person/rosa", ROSA).await.refuses(400, "invalid", Some("Patient.resourceType"));
    server.post("/Observation", ROSA).await.refuses(400, "invalid", Some("Patient.resourceType"));
    assert_eq!(server.get("/Patient/rosa/_history").await.json().items("entry").len(), 1);
}

#[tokio::test]
async fn prefer_says_what_comes_back() {
    let server = Server::start().await;
    let minimal = server.call("PUT", "/Patient/rosa", &[("prefer", "return=minimal")], ROSA).await.is(201);
    assert_eq!((minimal.text.as_str(), minimal.header("etag")), ("", "W/\"1\""));
    let outcome = server.call("PUT", "/Patient/rosa", &[("prefer", "return=OperationOutcome")], ROSA).await.is(200);
    assert_eq!(outcome.json().resource_type(), Some("OperationOutcome"));
    for written in ["return=\"minimal\"", "RETURN=minimal; foo", "handling=strict, return = minimal"] {
        let minimal = server.call("PUT", "/Patient/rosa", &[("prefer", written)], ROSA).await.is(200);
        assert_eq!(minimal.text, "", "{written}");
    }
    let whole = server.call("PUT", "/Patient/rosa", &[("prefer", "return=representation")], ROSA).await.is(200);
    assert_eq!(whole.json().id(), Some("rosa"));
}

#[tokio::test]
async fn numbers_and_spacing_come_back_as_they_were_sent() {
    let server = Server::start().await;
    let sent = "{\n \"resourceType\" : \"Observation\", \"id\":\"o\", \"status\":\"final\", \"code\":{\"text\":\"\\u00e9\"},\n \"component\":[{\"code\":{\"text\":\"a\"},\"valueQuantity\":{\"value\":1.10}},{\"code\":{\"text\":\"b\"},\"valueQuantity\":{\"value\":1e3}},{\"code\":{\"text\":\"c\"},\"valueQuantity\":{\"value\":0.12345678901234567890}}]}";
    server.have(sent).await;
    let read = server.get("/Observation/o").await.is(200).text;
    insta::assert_snapshot!(read);
    assert!(server.get("/Observation?_id=o").await.is(200).text.contains(&read));
}

#[tokio::test]
async fn a_read_can_be_cut_down() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let cut = server.get("/Patient/rosa?_elements=birthDate").await.is(200);
    insta::assert_snapshot!(cut.text);
    let summary = server.get("/Patient/rosa?_summary=true").await.is(200).json();
    assert_eq!(summary.text_at(&["meta", "tag", "code"]), Some("SUBSETTED"));
    server.get("/Patient/rosa?_summary=perhaps").await.refuses(400, "value", Some("_summary"));
    server.get("/Patient/rosa?name=x").await.refuses(400, "value", Some("name"));
    assert!(
        server
            .get("/Patient/rosa?_pretty=true")
            .await
            .is(200)
            .text
            .starts_with("{\n  \"resourceType\": \"Patient\",\n")
    );
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let patch = |body: &'static str, headers: &'static [(&'static str, &'static str)]| {
        let headers: Vec<_> =
            headers.iter().copied().chain([("content-type", "application/json-patch+json")]).collect();
        let server = &server;
        async move { server.call("PATCH", "/Patient/rosa", &headers, body).await }
    };
    let done = patch(r#"[{"op":"replace","path":"/birthDate","value":"1992-03-15"}]"#, &[]).await.is(200);
    assert_eq!((done.header("etag"), done.json().text_at(&["birthDate"])), ("W/\"2\"", Some("1992-03-15")));
    let wrong = r#"[{"op":"test","path":"/birthDate","value":"1990"}]"#;
    patch(wrong, &[]).await.refuses(422, "processing", Some("Patient.birthDate"));
    let nowhere = r#"[{"op":"remove","path":"/name/7/given"}]"#;
    patch(nowhere, &[]).await.refuses(422, "processing", Some("Patient.name[7].given"));
    patch(r#"{"op":"remove"}"#, &[]).await.refuses(400, "processing", Some("Patient"));
    let unknown = r#"[{"op":"add","path":"/nombre","value":"Rosa"}]"#;
    patch(unknown, &[]).await.refuses(400, "structure", Some("Patient.nombre"));
    patch(r#"[{"op":"replace","path":"/id","value":"x"}]"#, &[]).await.refuses(400, "invalid", Some("Patient.id"));
    let ok = r#"[{"op":"add","path":"/active","value":true}]"#;
    patch(ok, &[("if-match", "W/\"1\"")]).await.refuses(412, "conflict", Some("If-Match"));
    patch(ok, &[("if-match", "W/\"2\"")]).await.is(200);
    patch(ok, &[("if-match", "*")]).await.is(200);
    let json_patch = [("content-type", "application/json-patch+json"), ("if-match", "*")];
    server.call("PATCH", "/Patient/nadie", &json_patch, ok).await.refuses(412, "not-found", Some("Patient/nadie"));
    let json = server.call("PATCH", "/Patient/rosa", &[], ok).await;
    json.refuses(415, "not-supported", Some("Content-Type"));
}

#[tokio::test]
async fn validate_answers_without_writing() {
    let server = Server::start().await;
    let fine = server.post("/Patient/$validate", ROSA).await.is(200);
    assert_eq!(fine.json().text_at(&["issue", "severity"]), Some("information"));
    let wrong = ROSA.replace("1992-03-14", "1992-02-30");
    let told = server.post("/Patient/$validate", &wrong).await.is(200);
    insta::assert_snapshot!(steady(&told.text));
    let wrapped = format!(r#"{{"resourceType":"Parameters","parameter":[{{"name":"resource","resource":{wrong}}}]}}"#);
    assert_eq!(server.post("/Patient/$validate", &wrapped).await.is(200).text, told.text);
    server.post("/Patient/$validate?profile=http://x", ROSA).await.refuses(400, "not-supported", Some("profile"));
    server.post("/Device/$validate", ROSA).await.refuses(400, "invalid", Some("Patient.resourceType"));
    assert_eq!(server.get("/Patient?_summary=count").await.json().get("total"), Some(&0.into()));
}

#[tokio::test]
async fn validate_of_an_instance_answers_for_what_is_there() {
    let server = Server::start().await;
    server.get("/Patient/rosa/$validate").await.refuses(404, "not-found", Some("Patient/rosa"));
    server.have(ROSA).await;
    let before = server.store.head().await.unwrap();
    let severity = |reply: &crate::server::Reply| reply.json().text_at(&["issue", "severity"]).map(str::to_owned);
    let fine = server.get("/Patient/rosa/$validate").await.is(200);
    assert_eq!(severity(&fine).as_deref(), Some("information"));
    let wrong = ROSA.replace("1992-03-14", "1992-02-30");
    let told = server.post("/Patient/rosa/$validate", &wrong).await.is(200);
    assert_eq!(told.json().text_at(&["issue", "expression"]), Some("Patient.birthDate"));
    let other = ROSA.replace("\"rosa\"", "\"otra\"");
    server.post("/Patient/rosa/$validate", &other).await.refuses(400, "invalid", Some("Patient.id"));
    let parameters =
        |mode: &str| format!(r#"{{"resourceType":"Parameters","parameter":[{{"name":"mode","valueCode":"{mode}"}}]}}"#);
    for mode in ["delete", "update"] {
        let reply = server.post("/Patient/rosa/$validate", &parameters(mode)).await.is(200);
        assert_eq!(severity(&reply).as_deref(), Some("information"), "{mode}");
    }
    server.post("/Patient/rosa/$validate", &parameters("profile")).await.refuses(400, "not-supported", Some("mode"));
    server.get("/Patient/rosa/$validate?mode=x").await.refuses(400, "not-supported", Some("mode"));
    server.post("/Patient/$validate", &parameters("create")).await.refuses(
        400,
        "required",
        Some("Parameters.parameter"),
    );
    assert_eq!(server.store.head().await.unwrap(), before);
}

#[tokio::test]
async fn a_reference_by_this_servers_own_address_is_a_reference_here() {
    let server = Server::start().await;
    server.have(ROSA).await;
    let own = "http:\\/\\/tejido.test/fhir/Patient/rosa";
    let flag = |reference: &str| {
        format!(
            r#"{{"resourceType":"Flag","status":"active","code":{{"text":"x"}},"subject":{{"reference":"{reference}"}}}}"#
        )
    };
    let written = server.post("/Flag", &flag(own)).await.is(201).json();
    assert_eq!(written.text_at(&["subject", "reference"]), Some("Patient/rosa"));
    let batch = format!(
        r#"{{"resourceType":"Bundle","type":"batch","entry":[{{"resource":{},"request":{{"method":"POST","url":"Flag"}}}}]}}"#,
        flag(&format!("{own}/_history/1"))
    );
    server.post("", &batch).await.is(200);
    server.post("/Flag", &flag("http://elsewhere.test/fhir/Patient/rosa")).await.is(201);
    for path in [
        "/Flag?subject=Patient/rosa",
        "/Flag?subject=http://tejido.test/fhir/Patient/rosa",
        "/Flag?patient=http://tejido.test/fhir/Patient/rosa/_history/1",
        "/Flag?patient.name=caal",
    ] {
        assert_eq!(server.get(path).await.is(200).matches().len(), 2, "{path}");
    }
    assert_eq!(server.get("/Flag?subject=http://elsewhere.test/fhir/Patient/rosa").await.matches().len(), 1);
    assert_eq!(server.get("/Patient?_revinclude=Flag:subject").await.ids("include").len(), 2);
    let document = r#"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://tejido.test/fhir/Patient/rosa","resource":{"resourceType":"Patient","link":[{"other":{"reference":"http://tejido.test/fhir/Patient/rosa"},"type":"seealso"}]}}]}"#;
    let kept = server.post("/Bundle", document).await.is(201);
    assert_eq!(kept.text.matches("http://tejido.test/fhir/Patient/rosa").count(), 2, "{}", kept.text);
}
