//! The door: TLS and its reload, proxies, what an operator watches, the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::kit::{Reply, Served, Site, bearer, request, told};

/// A certificate of its own for `tejido.test`, and its key.
fn certificate(site: &Site) -> CertificateDer<'static> {
    let made = Command::new("openssl")
        .current_dir(site.path(""))
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30".split(' '))
        .args(
            "-subj /CN=tejido.test -addext subjectAltName=DNS:tejido.test -addext basicConstraints=critical,CA:FALSE"
                .split(' '),
        )
        .args("-keyout key.pem -out cert.pem".split(' '))
        .output()
        .expect("openssl is installed");
    assert!(made.status.success(), "{}", told(&made));
    CertificateDer::from_pem_file(site.path("cert.pem")).expect("a certificate")
}

type Secure = StreamOwned<ClientConnection, TcpStream>;

/// Connects as somebody who trusts this certificate alone.
fn secure(server: &Served, trusted: &CertificateDer<'static>) -> std::io::Result<Secure> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocols")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("tejido.test").expect("a name");
    let mut connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = server.connect();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(connection, stream))
}

#[test]
fn a_new_certificate_is_served_after_hup_and_old_connections_go_on() {
    let site = Site::new();
    let old = certificate(&site);
    let server = site.serve(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let mut kept = secure(&server, &old).expect("the old certificate is served");
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: tejido.test\r\n\r\n").unwrap();
    let mut first = [0; 15];
    kept.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");

    site.file("cert.pem", "not a certificate");
    server.signal("HUP");
    let mut still = secure(&server, &old).expect("files that can't be read change nothing");
    still.write_all(&request("GET", "/healthz", &[], "")).unwrap();
    assert_eq!(Reply::read(&mut still).status, 200);

    let new = certificate(&site);
    server.signal("HUP");
    let served = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        secure(&server, &new).is_ok()
    });
    assert!(served, "the new certificate is served");
    assert!(secure(&server, &old).is_err(), "the old one is not");
    kept.write_all(&request("GET", "/healthz", &[], "")).unwrap();
    let rest = Reply::read(&mut kept);
    assert!(format!("{}{}", rest.head, rest.body).contains("HTTP/1.1 200 OK"), "{rest:?}");
    let page = secure(&server, &new).map(|mut stream| {
        stream.write_all(&request("GET", "/entrar", &[], "")).unwrap();
        Reply::read(&mut stream)
    });
    let page = page.expect("served");
    assert!(page.head.contains("__Host-") && page.head.to_lowercase().contains("strict-transport"), "{}", page.head);
}

/// Where the machine is told that its first page of organizations lies.
fn own_address(server: &Served, token: &str) -> String {
    let headers = [
        ("Authorization", token),
        ("X-Forwarded-Host", "salud.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-For", "190.0.0.1"),
    ];
    let bundle = server.get("/fhir/Organization", &headers).value();
    bundle.items("link")[0].text_at(&["url"]).unwrap_or_default().to_owned()
}

#[test]
fn what_is_forwarded_is_believed_from_the_proxy_alone() {
    let site = Site::new();
    let token = bearer(&site.token());
    let open = site.serve(&[]);
    assert!(own_address(&open, &token).starts_with("http://tejido.test/fhir/"), "{}", own_address(&open, &token));
    drop(open);
    let elsewhere = site.serve(&["--behind-proxy", "10.0.0.0/8"]);
    assert!(own_address(&elsewhere, &token).starts_with("http://tejido.test/fhir/"));
    drop(elsewhere);
    let behind = site.serve(&["--behind-proxy", "10.0.0.0/8,127.0.0.1"]);
    assert!(own_address(&behind, &token).starts_with("https://salud.example/fhir/"));
}

#[test]
fn plain_http_beyond_this_machine_is_refused_until_it_is_said_that_this_is_known() {
    let site = Site::new();
    let refused = site.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(!refused.status.success() && told(&refused).contains("--i-know-it-is-insecure"), "{}", told(&refused));
    let demo = site.run(&["demo", "--listen", "0.0.0.0:0"]);
    assert!(!demo.status.success() && told(&demo).contains("--i-know-it-is-insecure"), "{}", told(&demo));
    assert!(!site.path("store").exists(), "refused before anything is made");
    let mut open = site.serve(&["--listen", "0.0.0.0:0", "--i-know-it-is-insecure"]);
    open.address.set_ip([127, 0, 0, 1].into());
    assert_eq!(open.get("/healthz", &[]).status, 200);
}

#[test]
fn an_unknown_key_is_named_wherever_it_stands() {
    let site = Site::new();
    let config = site.file("tejido.toml", "lisen = \"127.0.0.1:1\"\n");
    let file = site.run(&["check", "--config", config.to_str().unwrap()]);
    assert!(!file.status.success() && told(&file).contains("lisen"), "{}", told(&file));
    let variable = site.command(&["check", "--data", "store"]).env("TEJIDO_LISTN", "x").output().unwrap();
    assert!(!variable.status.success() && told(&variable).contains("TEJIDO_LISTN"), "{}", told(&variable));
    let flag = site.run(&["check", "--lisen", "x"]);
    assert!(!flag.status.success() && told(&flag).contains("--lisen"), "{}", told(&flag));
}

#[test]
fn an_operator_sees_health_readiness_and_figures_without_a_persons_data() {
    let site = Site::new();
    let token = bearer(&site.token());
    let server = site.serve(&[]);
    assert_eq!((server.get("/healthz", &[]).status, server.get("/readyz", &[]).status), (200, 200));
    assert_eq!(server.get("/fhir/Patient/rosa-tzub", &[("Authorization", &token)]).status, 404);
    let figures = server.get("/metrics", &[]);
    assert_eq!(figures.status, 200);
    assert!(figures.head.to_lowercase().contains("content-type: text/plain; version=0.0.4"), "{}", figures.head);
    let open = server.get("/metrics", &[("Accept", "application/openmetrics-text; version=1.0.0, */*;q=0.1")]);
    assert!(open.head.to_lowercase().contains("content-type: application/openmetrics-text"), "{}", open.head);
    assert!(figures.body.contains("tejido_log_entries "), "{}", figures.body);
    let counted = r#"tejido_http_requests_total{method="GET",route="/fhir/{type}/{id}",status="404"} 1"#;
    assert!(figures.body.contains(counted), "{}", figures.body);
    assert!(!figures.body.contains("rosa-tzub"));
}

#[test]
fn a_request_that_runs_is_finished_before_the_end() {
    let site = Site::new();
    let token = bearer(&site.token());
    let server = site.serve(&[]);
    let body = r#"{"resourceType":"Organization","id":"puesto-x","name":"Puesto X"}"#;
    let whole = request("PUT", "/fhir/Organization/puesto-x", &[("Authorization", &token)], body);
    let (first, rest) = whole.split_at(whole.len() - 5);
    let mut stream = server.connect();
    stream.write_all(first).unwrap();
    // The server has the head, and waits for the rest of the body.
    assert_eq!(server.get("/healthz", &[]).status, 200);
    server.signal("TERM");
    while TcpStream::connect(server.address).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    stream.write_all(rest).unwrap();
    assert_eq!(Reply::read(&mut stream).status, 201);
    assert!(server.ended(), "the program ends well");
    let again = site.serve(&[]);
    assert_eq!(again.get("/fhir/Organization/puesto-x", &[("Authorization", &token)]).status, 200);
}
