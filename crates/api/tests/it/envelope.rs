//! What surrounds every answer: tokens, formats, gzip, ids, the statement of what is done.

use std::io::{Read, Write};

use api::Settings;
use axum::body::Body;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::server::Server;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

#[tokio::test]
async fn without_a_token_nothing_is_told() {
    let server = Server::start().await;
    for path in ["/Patient", "/Patient/x", "/_history", "/Paciente", "/"] {
        for token in [None, Some("Bearer other"), Some("Basic c2lzdGVtYTo="), Some("Bearer ")] {
            let mut request = Request::get(format!("/fhir{}", path.trim_end_matches('/')));
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let reply = server.send(request.body(Body::empty()).unwrap()).await.refuses(401, "login", None);
            assert!(reply.header("www-authenticate").starts_with("Bearer"));
        }
    }
    let open = server.send(Request::get("/fhir/metadata").body(Body::empty()).unwrap()).await;
    open.is(200);
}

#[tokio::test]
async fn only_json_is_spoken() {
    let server = Server::start().await;
    for accept in
        ["application/fhir+json", "application/json;q=0.9", "text/html, */*", "application/fhir+xml, application/*"]
    {
        server.call("GET", "/Patient", &[("accept", accept)], "").await.is(200);
    }
    for accept in ["application/fhir+xml", "text/turtle"] {
        server.call("GET", "/Patient", &[("accept", accept)], "").await.refuses(406, "not-supported", Some("Accept"));
    }
    for format in ["json", "application/fhir+json", "application%2Ffhir%2Bjson"] {
        server.get(&format!("/Patient?_format={format}")).await.is(200);
    }
    server.get("/Patient?_format=xml").await.refuses(406, "not-supported", Some("Accept"));
    let xml = server.call("POST", "/Patient", &[("content-type", "application/fhir+xml")], "<Patient/>").await;
    xml.refuses(415, "not-supported", Some("Content-Type"));
    for (accept, status) in [("4.0", 200), ("3.0", 406)] {
        let accept = format!("application/fhir+json; fhirVersion={accept}");
        server.call("GET", "/Patient", &[("accept", &accept)], "").await.is(status);
    }
    for (kind, status) in [
        ("application/fhir+json; charset=UTF-8; fhirVersion=4.0", 201),
        ("application/json; charset=latin1", 415),
        ("application/fhir+json; fhirVersion=5.0", 415),
    ] {
        let patient = r#"{"resourceType":"Patient","active":true}"#;
        server.call("POST", "/Patient", &[("content-type", kind)], patient).await.is(status);
    }
}

#[tokio::test]
async fn bodies_are_packed_both_ways() {
    let server = Server::start().await;
    let text = format!(r#"{{"resourceType":"Patient","id":"p","name":[{{"family":"{}"}}]}}"#, "Caal".repeat(500));
    let request = Request::put("/fhir/Patient/p")
        .header("authorization", "Bearer sistema")
        .header("content-type", "application/fhir+json")
        .header("content-encoding", "gzip")
        .body(Body::from(gzip(text.as_bytes())))
        .unwrap();
    server.send(request).await.is(201);
    let request =
        Request::get("/fhir/Patient/p").header("authorization", "Bearer sistema").header("accept-encoding", "gzip");
    let response = server.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let packed = response.into_body().collect().await.unwrap().to_bytes();
    let mut plain = String::new();
    GzDecoder::new(&packed[..]).read_to_string(&mut plain).unwrap();
    assert!(plain.contains("CaalCaal") && packed.len() < 500);
}

#[tokio::test]
async fn a_bomb_costs_no_more_than_the_limit() {
    let server = Server::with(Settings { max_body_bytes: 1 << 20, ..Settings::default() }).await;
    let send = |encoding: &'static str, body: Vec<u8>| {
        let request = Request::post("/fhir/Patient")
            .header("authorization", "Bearer sistema")
            .header("content-type", "application/fhir+json")
            .header("content-encoding", encoding);
        server.send(request.body(Body::from(body)).unwrap())
    };
    send("gzip", gzip(&vec![b' '; 64 << 20])).await.refuses(413, "too-long", None);
    send("gzip", b"not gzip".to_vec()).await.refuses(400, "value", Some("body"));
    send("br", b"x".to_vec()).await.refuses(415, "not-supported", Some("Content-Encoding"));
    send("identity", vec![b' '; 2 << 20]).await.refuses(413, "too-long", None);
}

#[tokio::test]
async fn a_request_keeps_its_id() {
    let server = Server::start().await;
    let given = server.call("GET", "/Patient/x", &[("x-request-id", "lote-7")], "").await.is(404);
    assert_eq!(given.header("x-request-id"), "lote-7");
    assert_eq!(server.get("/Patient/x").await.header("x-request-id").len(), 26);
    let hostile = server.call("GET", "/Patient/x", &[("x-request-id", "a b")], "").await;
    assert_ne!(hostile.header("x-request-id"), "a b");
}

#[tokio::test]
async fn addresses_come_from_the_settings_or_from_a_trusted_proxy() {
    let forwarded: [(&str, &str); 2] = [("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https")];
    let server = Server::start().await;
    server.have(r#"{"resourceType":"Patient","id":"p"}"#).await;
    let spoofed = server.call("GET", "/Patient", &forwarded, "").await.is(200);
    assert!(spoofed.text.contains("http://tejido.test/fhir/Patient/p") && !spoofed.text.contains("evil"));
    let mut request = Request::get("/fhir/Patient").header("authorization", "Bearer sistema");
    for (name, value) in forwarded {
        request = request.header(name, value);
    }
    let peer = api::Peer { address: "10.0.0.1".parse().unwrap(), secure: false, trusted_proxy: true };
    let trusted = server.send(request.extension(peer).body(Body::empty()).unwrap()).await.is(200);
    assert!(trusted.text.contains("https://evil.example/fhir/Patient/p"));
    let base = Some("https://salud.example/fhir/".to_owned());
    let server = Server::with(Settings { base, ..Settings::default() }).await;
    server.have(r#"{"resourceType":"Patient","id":"p"}"#).await;
    assert!(server.get("/Patient").await.text.contains("\"https://salud.example/fhir/Patient/p\""));
}

#[tokio::test]
async fn the_statement_says_what_is_done() {
    let server = Server::start().await;
    let reply = server.get("/metadata").await.is(200);
    let statement = reply.json();
    assert_eq!(fhir::validate(&statement), []);
    let rest = &statement.items("rest")[0];
    assert_eq!(rest.items("resource").len(), fhir::schema::r4().resource_types().len());
    let of = |kind: &str| rest.items("resource").iter().find(|one| one.text_at(&["type"]) == Some(kind)).unwrap();
    insta::assert_snapshot!(of("Provenance").to_string());
    assert!(!of("AuditEvent").to_string().contains("\"create\""), "the gate alone writes it");
    let params = |kind: &str| {
        let names: Vec<String> =
            of(kind).items("searchParam").iter().filter_map(|one| Some(one.text_at(&["name"])?.to_owned())).collect();
        names
    };
    assert!(params("Patient").contains(&"birthdate".to_owned()) && params("Patient").contains(&"_id".to_owned()));
    // Every parameter that is promised is answered.
    for kind in ["Patient", "Observation", "ServiceRequest", "Task", "Encounter"] {
        for name in params(kind) {
            let reply = server.get(&format!("/{kind}?{name}:missing=true&_count=1")).await;
            assert_ne!(
                reply.json().text_at(&["issue", "code"]),
                Some("not-supported"),
                "{kind}?{name}: {}",
                reply.text
            );
        }
    }
}

#[tokio::test]
async fn no_answer_is_kept_by_a_cache() {
    let server = Server::start().await;
    for path in ["/Patient", "/Patient/x", "/metadata"] {
        let reply = server.get(path).await;
        assert_eq!((reply.header("cache-control"), reply.header("x-content-type-options")), ("no-store", "nosniff"));
        assert_eq!(reply.header("strict-transport-security"), "", "plain http promises nothing");
    }
    let mut request = Request::get("/fhir/metadata").body(Body::empty()).unwrap();
    let address = std::net::IpAddr::from([10, 0, 0, 7]);
    request.extensions_mut().insert(api::Peer { address, secure: true, trusted_proxy: false });
    assert!(server.send(request).await.header("strict-transport-security").starts_with("max-age="));
}
