//! Copies of a store: made while it is served, restored elsewhere, checked; a start on what is there.

use crate::kit::{Site, bearer, told};

const BODY: &str = r#"{"resourceType":"Organization","id":"puesto-x","name":"Puesto X"}"#;

#[test]
fn a_backup_made_while_serving_restores_sound_and_answers_the_same() {
    let site = Site::new();
    let token = bearer(&site.token());
    let auth = [("Authorization", token.as_str())];
    let server = site.serve(&[]);
    assert_eq!(server.ask("PUT", "/fhir/Organization/puesto-x", &auth, BODY).status, 201);
    site.done(&["backup", "copy.tejido"]);
    assert_eq!(
        server.ask("PUT", "/fhir/Organization/despues", &auth, &BODY.replace("puesto-x", "despues")).status,
        201
    );
    let before = server.get("/fhir/Organization/puesto-x", &auth).body;
    drop(server);

    let running = site.serve(&[]);
    let beside = site.run(&["restore", "copy.tejido", "--force"]);
    assert!(!beside.status.success() && told(&beside).contains("stop its server"), "{}", told(&beside));
    assert_eq!(running.get("/fhir/Organization/despues", &auth).status, 200);
    drop(running);
    let full = site.run(&["restore", "copy.tejido"]);
    assert!(!full.status.success(), "a store that holds something is not overwritten: {}", told(&full));
    let elsewhere = site.command(&["restore", "copy.tejido", "--data", "other"]).output().unwrap();
    assert!(elsewhere.status.success(), "{}", told(&elsewhere));
    let check = site.command(&["check", "--data", "other"]).output().unwrap();
    assert!(check.status.success() && told(&check).contains("The store is sound"), "{}", told(&check));
    std::fs::remove_dir_all(site.path("store")).unwrap();
    std::fs::rename(site.path("other"), site.path("store")).unwrap();
    let server = site.serve(&[]);
    assert_eq!(server.get("/fhir/Organization/puesto-x", &auth).body, before);
    assert_eq!(server.get("/fhir/Organization/despues", &auth).status, 404, "it came after the copy");
}

#[test]
fn a_damaged_copy_is_refused() {
    let site = Site::new();
    site.token();
    site.done(&["backup", "copy.tejido"]);
    let mut bytes = std::fs::read(site.path("copy.tejido")).unwrap();
    bytes.truncate(bytes.len() / 2);
    site.file("copy.tejido", bytes);
    let restored = site.command(&["restore", "copy.tejido", "--data", "other"]).output().unwrap();
    assert!(!restored.status.success(), "{}", told(&restored));
}
