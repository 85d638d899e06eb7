//! HL7's own R4 examples go in and come back byte for byte, but for what the server stamps.

use std::collections::HashSet;
use std::fs;

use crate::server::Server;
use testkit::outside;

#[tokio::test]
async fn the_official_examples_come_back_as_they_went_in() {
    let Some(folder) = outside::conformance() else {
        println!("skipped: ../shared/conformance is not here");
        return;
    };
    let list = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/examples-refused.toml")).unwrap();
    let refused: HashSet<&str> =
        list.lines().filter_map(|line| line.strip_prefix("file = \"")?.strip_suffix('"')).collect();
    let server = Server::start().await;
    let mut wrong = Vec::new();
    for path in outside::files(&folder.join("fhir/r4/examples"), ".json") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let sent = fs::read(&path).unwrap();
        let value = fhir::json::parse(&sent).unwrap();
        let kind = value.resource_type().unwrap();
        let text = String::from_utf8(sent.clone()).unwrap();
        let reply = match value.id() {
            Some(id) => server.put(&format!("/{kind}/{id}"), &text).await,
            None => server.post(&format!("/{kind}"), &text).await,
        };
        if reply.status.is_success() == refused.contains(name.as_str()) {
            wrong.push(format!("{name}: {}", reply.text));
            continue;
        }
        if !reply.status.is_success() {
            assert_eq!(reply.json().resource_type(), Some("OperationOutcome"));
            continue;
        }
        let id = reply.json().id().unwrap().to_owned();
        let version = reply.header("etag").trim_matches(['W', '/', '"']).parse().unwrap();
        let read = server.get(&format!("/{kind}/{id}")).await.is(200);
        let updated = read.json().text_at(&["meta", "lastUpdated"]).unwrap().to_owned();
        let expected = fhir::json::stamp(&sent, fhir::json::Stamp { id: &id, version, last_updated: &updated });
        if read.text.as_bytes() != expected {
            wrong.push(format!("{name} came back changed"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
