//! `tejido load`: transactions, batches, collections, lines; what is refused; what is too much.

use crate::kit::{Served, Site, bearer, gzip, report, told};

fn organization(id: &str) -> String {
    format!(r#"{{"resourceType":"Organization","id":"{id}","name":"Puesto {id}"}}"#)
}

fn put(id: &str) -> String {
    format!(r#"{{"resource":{},"request":{{"method":"PUT","url":"Organization/{id}"}}}}"#, organization(id))
}

const WRONG: &str = r#"{"resource":{"resourceType":"Organization","id":"mal","nmae":"x"},"request":{"method":"PUT","url":"Organization/mal"}}"#;
const LINKED: &str = r#"{"fullUrl":"urn:uuid:0b9f6d62-4a4e-4d0b-9a3e-1a3d5a0c1d2e",
    "resource":{"resourceType":"Organization","name":"Red"},"request":{"method":"POST","url":"Organization"}},
    {"resource":{"resourceType":"Organization","id":"hija","name":"Hija",
        "partOf":{"reference":"urn:uuid:0b9f6d62-4a4e-4d0b-9a3e-1a3d5a0c1d2e"}},
        "request":{"method":"PUT","url":"Organization/hija"}}"#;

fn bundle(kind: &str, entries: &[&str]) -> String {
    format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(","))
}

fn total(server: &Served, token: &str) -> String {
    let path = "/fhir/Organization?_summary=count";
    let found = server.get(path, &[("Authorization", token)]).value();
    found.get("total").map(ToString::to_string).unwrap_or_default()
}

#[test]
fn a_transaction_is_loaded_whole_or_not_at_all_and_once() {
    let site = Site::new();
    let token = bearer(&site.token());
    let server = site.serve(&[]);
    site.file("bad.json", bundle("transaction", &[&put("a"), WRONG]));
    let bad = site.run(&["load", "bad.json", "--report", "refused.ndjson"]);
    assert_eq!(bad.status.code(), Some(2), "{}", told(&bad));
    let refused = report(&site.path("refused.ndjson"));
    assert_eq!((refused.len(), refused[0].text_at(&["place"])), (1, Some("bad.json:1")));
    let problem = refused[0].text_at(&["problem"]).unwrap_or_default();
    assert!(problem.contains("Bundle.entry[1].resource.nmae"), "{problem}");
    assert_eq!(total(&server, &token), "0");

    site.file("good.json.gz", gzip(bundle("transaction", &[LINKED]).as_bytes()));
    let good = site.run(&["load", "good.json.gz"]);
    assert!(good.status.success() && told(&good).contains("written: 2 · refused: 0"), "{}", told(&good));
    let child = server.get("/fhir/Organization/hija", &[("Authorization", &token)]).value();
    let parent = child.text_at(&["partOf", "reference"]).unwrap_or_default().to_owned();
    assert_eq!(server.get(&format!("/fhir/{parent}"), &[("Authorization", &token)]).status, 200, "{parent}");
    let again = site.run(&["load", "good.json.gz"]);
    assert!(told(&again).contains("written: 0 · refused: 0 · loaded before: 1"), "{}", told(&again));
    assert_eq!(total(&server, &token), "2");
}

#[test]
fn a_transaction_of_more_entries_than_a_request_may_hold_is_loaded() {
    let site = Site::new();
    let entries: Vec<String> = (0..1001).map(|at| put(&format!("o{at}"))).collect();
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    site.file("large.json", bundle("transaction", &entries));
    let loaded = site.run(&["load", "large.json"]);
    assert!(loaded.status.success() && told(&loaded).contains("written: 1001 · refused: 0"), "{}", told(&loaded));
}

#[test]
fn of_a_batch_a_collection_and_lines_the_good_is_loaded_and_the_rest_told_with_its_place() {
    let site = Site::new();
    let token = bearer(&site.token());
    site.file("1.json", bundle("batch", &[&put("a"), WRONG, &put("b")]));
    site.file(
        "2.json",
        bundle("collection", &[&format!(r#"{{"resource":{}}}"#, organization("c")), r#"{"resource":{}}"#]),
    );
    let lines = [organization("d"), String::new(), "{".to_owned(), organization("e"), bundle("transaction", &[WRONG])];
    site.file("3.ndjson", lines.join("\n"));
    std::fs::create_dir(site.path("all")).unwrap();
    for name in ["1.json", "2.json", "3.ndjson"] {
        std::fs::rename(site.path(name), site.path("all").join(name)).unwrap();
    }
    let output = site.run(&["load", "all", "--report", "refused.ndjson"]);
    assert!(told(&output).contains("written: 5 · refused: 4"), "{}", told(&output));
    let refused = report(&site.path("refused.ndjson"));
    let places: Vec<_> = refused.iter().filter_map(|one| one.text_at(&["place"])).collect();
    assert_eq!(places, ["1.json:1 Bundle.entry[1]", "2.json:1 Bundle.entry[1]", "3.ndjson:3", "3.ndjson:5"]);
    assert_eq!(total(&site.serve(&[]), &token), "5");
}

#[test]
fn what_unpacks_to_far_more_than_its_size_is_refused_and_what_stood_before_it_stays() {
    let site = Site::new();
    let token = bearer(&site.token());
    let mut lines = format!("{}\n", organization("a")).into_bytes();
    let blank = [vec![b' '; 1023], b"\n".to_vec()].concat();
    lines.extend(blank.repeat(66 << 10));
    site.file("bomb.ndjson.gz", gzip(&lines));
    let output = site.run(&["load", "bomb.ndjson.gz"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(
        told(&output).contains("far more than its size") && told(&output).contains("written: 1"),
        "{}",
        told(&output)
    );
    let line = vec![b' '; 66 << 20];
    site.file("long.ndjson", &line);
    let output = site.run(&["load", "long.ndjson"]);
    assert!(told(&output).contains("long.ndjson:1") && told(&output).contains("more than 64 MB"), "{}", told(&output));
    site.file("x.ndjson", b"PK\x03\x04....");
    let output = site.run(&["load", "x.ndjson"]);
    assert!(!output.status.success() && told(&output).contains("zip archive"), "{}", told(&output));
    assert_eq!(total(&site.serve(&[]), &token), "1");
}

#[test]
fn a_folder_is_loaded_with_its_folders() {
    let site = Site::new();
    let token = bearer(&site.token());
    std::fs::create_dir_all(site.path("lote/mayo")).unwrap();
    site.file("lote/a.json", organization("a"));
    site.file("lote/mayo/b.ndjson", organization("b"));
    site.file("lote/mayo/notas.txt", "nada");
    std::os::unix::fs::symlink("..", site.path("lote/mayo/arriba")).unwrap();
    let loaded = site.run(&["load", "lote"]);
    assert!(loaded.status.success() && told(&loaded).contains("written: 2 · refused: 0"), "{}", told(&loaded));
    assert_eq!(total(&site.serve(&[]), &token), "2");
}
