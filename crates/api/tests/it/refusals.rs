//! Bad input (issue §7): each gets a precise OperationOutcome and changes nothing.

use axum::body::{Body, Bytes};
use http::Request;

use crate::server::Server;

fn patient(member: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"p",{member}}}"#)
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let server = Server::start().await;
    let deep = format!("{}1{}", "[".repeat(80), "]".repeat(80));
    let cases: [(&str, &str, &str); 14] = [
        (r#""birthDate":"1992-02-30""#, "value", "Patient.birthDate"),
        (r#""birthDate":"0000-01-01""#, "value", "Patient.birthDate"),
        (r#""birthDate":"99999-01-01""#, "value", "Patient.birthDate"),
        (r#""active":true,"active":false"#, "structure", "Patient.active"),
        (r#""name":[]"#, "structure", "Patient.name"),
        (r#""name":"Rosa""#, "structure", "Patient.name"),
        (r#""name":[{"family":["a"]}]"#, "structure", "Patient.name[0].family"),
        (r#""nombre":"Rosa""#, "structure", "Patient.nombre"),
        (r#""gender":"mujer""#, "code-invalid", "Patient.gender"),
        (r#""active":1"#, "value", "Patient.active"),
        (r#""name":[{"family":"\ud800"}]"#, "structure", "Patient.name[0].family"),
        (r#""name":[{"given":[""]}]"#, "value", "Patient.name[0].given[0]"),
        (r#""multipleBirthInteger":1.5"#, "value", "Patient.multipleBirthInteger"),
        (r#""managingOrganization":{"reference":"Patient/x"}"#, "structure", "Patient.managingOrganization"),
    ];
    for (member, code, place) in cases {
        server.put("/Patient/p", &patient(member)).await.refuses(400, code, Some(place));
    }
    let nested = server.put("/Patient/p", &patient(&format!("\"x\":{deep}"))).await.is(400);
    assert!(nested.text.contains("deeper than 64"), "{}", nested.text);
    for text in
        ["", "{", "null", "[]", "\"x\"", "{\"resourceType\":\"Patient\"", "{\"resourceType\":7}", "{} {}", "<Patient/>"]
    {
        let reply = server.call("PUT", "/Patient/p", &[("content-type", "application/json")], text).await;
        assert_eq!(reply.is(400).json().resource_type(), Some("OperationOutcome"), "{text}");
    }
    let request = Request::put("/fhir/Patient/p").header("authorization", "Bearer sistema");
    let latin = Body::from(&b"{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{\"family\":\"Jos\xe9\"}]}"[..]);
    let latin = server.send(request.body(latin).unwrap()).await.is(400);
    assert!(latin.text.contains("not valid UTF-8"), "{}", latin.text);
    server.get("/Patient/p").await.refuses(404, "not-found", Some("Patient/p"));
    assert_eq!(server.store.head().await.unwrap().seq, 0);
}

#[tokio::test]
async fn ids_follow_the_rules_of_fhir() {
    let server = Server::start().await;
    for id in ["a".repeat(65), "r%C3%B3sa".to_owned(), "a_b".to_owned(), "a%20b".to_owned()] {
        let plain = id.replace("%C3%B3", "ó").replace("%20", " ");
        let body = format!(r#"{{"resourceType":"Patient","id":"{plain}"}}"#);
        server.put(&format!("/Patient/{id}"), &body).await.refuses(400, "value", Some("Patient.id"));
        server.get(&format!("/Patient/{id}")).await.refuses(404, "not-found", None);
    }
    let long = "a".repeat(64);
    server.put(&format!("/Patient/{long}"), &format!(r#"{{"resourceType":"Patient","id":"{long}"}}"#)).await.is(201);
    let inside = format!(r#"{{"resourceType":"Patient","id":"{}"}}"#, "a".repeat(65));
    server.post("/Patient", &inside).await.refuses(400, "value", Some("Patient.id"));
}

#[tokio::test]
async fn addresses_that_lead_nowhere_say_so() {
    let server = Server::start().await;
    let unknown = server.get("/Paciente/x").await.refuses(404, "not-supported", Some("Paciente"));
    assert!(unknown.text.contains("Patient, Person") || unknown.text.contains("Patient,"), "{}", unknown.text);
    server.get("/Patient/x/y/z").await.refuses(404, "not-supported", Some("/Patient/x/y/z"));
    server.get("/Patient/p/_history/uno").await.refuses(404, "not-found", Some("Patient/p/_history/uno"));
    let post = server.post("/Patient/p", "{}").await.refuses(405, "not-supported", Some("POST"));
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        assert!(post.header("allow").contains(method), "{}", post.header("allow"));
    }
    server.delete("/metadata").await.refuses(405, "not-supported", Some("DELETE"));
    server.put("/", "{}").await.is(405);
}

#[tokio::test]
async fn parameters_of_a_write_are_never_dropped() {
    let server = Server::start().await;
    let text = patient(r#""active":true"#);
    server.post("/Patient?identifier=x", &text).await.refuses(400, "value", Some("identifier"));
    server.put("/Patient/p?identifier=x", &text).await.refuses(400, "value", Some("identifier"));
    server.delete("/Patient/p?identifier=x").await.refuses(400, "value", Some("identifier"));
    server.put("/Patient/p?_pretty=true&_format=json", &text).await.is(201);
}

#[tokio::test]
async fn absurd_searches_are_refused() {
    let server = Server::start().await;
    for query in [
        "birthdate=ayer",
        "birthdate=1992-02-30",
        "_count=-1",
        "_count=muchos",
        "_sort=nombre",
        "_include=Patient:nombre",
        "name:exacto=x",
        "_cursor=hola",
        "_total=mucho",
        "gender:not-in=x",
        "_lastUpdated=xx2020",
        "organization:Patient.name=x",
        "_has:Observation:paciente:code=x",
    ] {
        let reply = server.get(&format!("/Patient?{query}")).await;
        assert_eq!(reply.status.as_u16(), 400, "{query}: {}", reply.text);
        assert_eq!(reply.json().resource_type(), Some("OperationOutcome"));
    }
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_while_they_come() {
    let server = Server::start().await;
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = taken.clone();
    let megabyte = Bytes::from(vec![b' '; 1 << 20]);
    let chunks = (0..100).map(move |_| {
        counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok::<_, std::io::Error>(megabyte.clone())
    });
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    let request = Request::post("/fhir/Patient").header("authorization", "Bearer sistema").body(body).unwrap();
    server.send(request).await.refuses(413, "too-long", Some("Content-Length"));
    assert!(taken.load(std::sync::atomic::Ordering::SeqCst) < 20, "the rest was read too");
    let told =
        Request::post("/fhir/Patient").header("authorization", "Bearer sistema").header("content-length", "104857600");
    server.send(told.body(Body::empty()).unwrap()).await.refuses(413, "too-long", Some("Content-Length"));
}

#[tokio::test]
async fn whatever_can_not_be_taken_is_refused_by_an_outcome() {
    let server = Server::start().await;
    let long = format!("/fhir/Patient/{}", "a".repeat(20_000));
    let cases: [(&str, &str, u16); 13] = [
        ("GET", "/fhir/Patient/%FF", 404),
        ("GET", "/fhir/%FF/p", 404),
        ("GET", "/fhir/%C3%28", 404),
        ("GET", "/fhir/Patient/p/_history/%FF", 404),
        ("GET", "/fhir/Patient?name=%FF", 400),
        ("GET", "/fhir/a/b/c/d/e", 404),
        ("GET", "/fhir//", 404),
        ("GET", &long, 404),
        ("POST", "/fhir/metadata", 405),
        ("TRACE", "/fhir/Patient/p", 405),
        ("BREW", "/fhir/Patient", 405),
        ("DELETE", "/fhir/", 405),
        ("POST", "/fhir/Patient", 415),
    ];
    let mut wrong = Vec::new();
    for (method, path, status) in cases {
        let request = Request::builder().method(method).uri(path).header("authorization", "Bearer sistema");
        let request = request.header("content-type", "text/csv").body(Body::from("x")).unwrap();
        let reply = server.send(request).await;
        let outcome = reply.header("content-type").starts_with("application/fhir+json")
            && reply.json().resource_type() == Some("OperationOutcome");
        if reply.status.as_u16() != status || !outcome {
            wrong.push(format!("{method} {path:.60}: {} {:.200}", reply.status, reply.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.store.head().await.unwrap().seq, 0);
}

#[tokio::test]
async fn every_refusal_names_what_is_to_blame_as_r4_names_it() {
    let server = Server::start().await;
    server.have(&patient(r#""active":true"#)).await;
    let get = |path: &'static str| server.get(path);
    let cases = [
        ("/Patient?birthdate=ayer", "http.birthdate"),
        ("/Patient?nombre=x", "http.nombre"),
        ("/Patient?name:exacto=x", "http.name:exacto"),
        ("/Patient?_content=x", "http._content"),
        ("/Patient?_cursor=hola", "http._cursor"),
        ("/Patient?_count=-1", "http._count"),
        ("/Observation?subject.name=x", "http.subject.name"),
        ("/Patient?_format=xml", "http.Accept"),
        ("/Patient/nadie", "Patient/nadie"),
        ("/Patient/p/x", "/Patient/p/x"),
    ];
    for (path, place) in cases {
        let told = get(path).await;
        assert!(told.status.is_client_error(), "{path}: {}", told.text);
        assert_eq!(told.json().text_at(&["issue", "expression"]), Some(place), "{path}: {}", told.text);
    }
    let several = get("/Observation?subject.name=x").await.is(400);
    assert!(several.text.contains("Patient, Location") && several.text.contains("subject:"), "{}", several.text);
    let one = get("/Observation?subject.birthdate=1990").await;
    one.is(200);
    let lenient = server.call("GET", "/Patient?nombre=x", &[("prefer", "handling=lenient")], "").await.is(200);
    assert!(lenient.text.contains(r#""expression":["http.nombre"]"#), "{}", lenient.text);
}
