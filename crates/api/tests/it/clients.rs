//! Clients that others wrote, against the router on a real port: `fhirpy` and `fhirclient` (PyPI),
//! `fhir-kit-client` (npm). Where they are not installed the test says so and passes.

use std::path::Path;
use std::process::{Command, Output};

use crate::server::Server;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients"))
}

/// Runs a script against a server of its own; exit code 77 says that its client is not installed.
#[expect(clippy::print_stdout, reason = "says what was skipped")]
async fn run(program: &str, script: &str) {
    let server = Server::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/fhir", listener.local_addr().unwrap());
    let serving = tokio::spawn(axum::serve(listener, server.router.clone()).into_future());
    let mut command = Command::new(program);
    command.arg(folder().join(script)).arg(&base).arg("sistema");
    let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    serving.abort();
    match done {
        Ok(Output { status, stdout, .. }) if status.code() == Some(77) => {
            println!("skipped: {}", String::from_utf8_lossy(&stdout).trim());
        }
        Ok(Output { status, stdout, stderr }) => assert!(
            status.success(),
            "{script}: {status}\n{}\n{}",
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr)
        ),
        Err(error) => println!("skipped: {program} is not here ({error})"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fhirpy_writes_searches_and_pages() {
    run("python3", "with_fhirpy.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fhirclient_writes_searches_and_pages() {
    run("python3", "with_fhirclient.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fhir_kit_client_writes_searches_and_pages() {
    run("node", "with_fhir_kit_client.mjs").await;
}
