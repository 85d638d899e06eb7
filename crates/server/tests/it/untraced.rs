//! A disk that takes no more: what can't be written down is not read (issue 2, §4).

use std::process::{Command, Stdio};

use crate::kit::{Reply, Served, Site, bearer, told};

const PASSWORD: &str = "el maíz crece despacio";

/// A program whose writes can be made to fail, as on a full disk: where the limit of file sizes is
/// not a death (SIGXFSZ), a write beyond it is an error.
fn serve(site: &Site) -> Served {
    let program = format!("trap '' XFSZ; exec {} \"$@\"", env!("CARGO_BIN_EXE_tejido"));
    let mut command = Command::new("sh");
    command.args(["-c", &program, "tejido", "serve", "--data", "store", "--listen", "127.0.0.1:0", "--log", "error"]);
    command.current_dir(site.path("")).env_clear().env("LANG", "C.UTF-8");
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    Served::at(piped.spawn().expect("the program starts"))
}

/// How large a file of the server may become, bytes; what is written already stays.
fn limit(server: &Served, bytes: &str) {
    let id = server.child.id().to_string();
    let done = Command::new("prlimit").args(["--pid", &id, &format!("--fsize={bytes}:")]).status();
    assert!(done.expect("prlimit(1)").success());
}

fn refuses(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 503, "{what}: {reply:?}");
    for part in ["Tzub", "1990-05-17", "17/05/1990", "rosa-tzub\"", "Anemia"] {
        assert!(!reply.body.contains(part) && !reply.head.contains(part), "{what} gives {part}: {reply:?}");
    }
}

#[test]
fn while_no_trace_can_be_written_nobodys_record_is_read() {
    let site = Site::new();
    let machine = bearer(&site.token());
    let server = serve(&site);
    let machine = [("Authorization", machine.as_str())];
    let have = |path: &str, body: &str| assert_eq!(server.ask("PUT", path, &machine, body).status, 201, "{path}");
    have(
        "/fhir/Organization/puesto",
        r#"{"resourceType":"Organization","id":"puesto","active":true,"name":"Puesto",
        "extension":[{"url":"urn:tejido:ext:institucion","valueCode":"MSPAS"}]}"#,
    );
    have(
        "/fhir/Patient/rosa-tzub",
        r#"{"resourceType":"Patient","id":"rosa-tzub","name":[{"family":"Tzub"}],
        "birthDate":"1990-05-17","managingOrganization":{"reference":"Organization/puesto"}}"#,
    );
    have(
        "/fhir/Condition/c",
        r#"{"resourceType":"Condition","id":"c","code":{"text":"Anemia"},
        "subject":{"reference":"Patient/rosa-tzub"}}"#,
    );
    let add = "user add ixmucane --name Ixmucané --role medico --facility puesto --institution MSPAS";
    let added = site.run_with(&format!("{PASSWORD}\n"), &add.split(' ').collect::<Vec<_>>());
    assert!(added.status.success(), "{}", told(&added));
    let session = server.log_in("ixmucane", PASSWORD).expect("she enters");
    let doctor = [("Cookie", session.as_str())];
    let (fhir, pages) = roads();
    for path in fhir {
        assert_eq!(server.get(path, &machine).status, 200, "{path}");
    }
    for path in pages {
        assert_eq!(server.get(path, &doctor).status, 200, "{path}");
    }
    assert_eq!(server.get("/readyz", &[]).status, 200);

    limit(&server, "1");
    for path in fhir {
        let refused = server.get(path, &machine);
        refuses(&refused, path);
        assert_eq!(refused.value().resource_type(), Some("OperationOutcome"), "{path}");
        assert!(refused.body.contains("written down"), "{path}: {refused:?}");
    }
    for path in pages {
        let refused = server.get(path, &doctor);
        refuses(&refused, path);
        assert!(refused.body.contains("Tejido anota quién ve"), "{path}: {refused:?}");
    }
    let batch =
        r#"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/rosa-tzub"}}]}"#;
    let batch = server.ask("POST", "/fhir", &machine, batch);
    assert!(batch.body.contains("503") && !batch.body.contains("Tzub"), "{batch:?}");
    let write =
        server.ask("PUT", "/fhir/Patient/rosa-tzub", &machine, r#"{"resourceType":"Patient","id":"rosa-tzub"}"#);
    assert!(write.status >= 500 && !write.body.contains("Tzub"), "{write:?}");
    assert_eq!(server.get("/healthz", &[]).status, 200, "the program itself lives");
    let ready = server.get("/readyz", &[]);
    assert!(ready.status == 503 && ready.body.contains("nobody's record is shown"), "{ready:?}");
    assert!(server.get("/metrics", &[]).body.contains("tejido_audit_writable 0"));
    assert_eq!(server.get("/fhir/Organization/puesto", &machine).status, 200, "the directory is everybody's");

    limit(&server, "unlimited");
    let ready = server.get("/readyz", &[]);
    assert_eq!(ready.status, 200, "{ready:?}");
    for path in fhir {
        assert_eq!(server.get(path, &machine).status, 200, "{path}");
    }
    for path in pages {
        assert_eq!(server.get(path, &doctor).status, 200, "{path}");
    }
    drop(server);
    site.done(&["check"]);
}

/// Roads to what is known of somebody, over FHIR and in the pages.
fn roads() -> (&'static [&'static str], &'static [&'static str]) {
    let fhir = &[
        "/fhir/Patient/rosa-tzub",
        "/fhir/Patient/rosa-tzub/_history",
        "/fhir/Patient/rosa-tzub/_history/1",
        "/fhir/Patient?name=tzub",
        "/fhir/Patient?_summary=count",
        "/fhir/Organization?_has:Patient:organization:name=tzub",
        "/fhir/Organization?_revinclude=Patient:organization",
        "/fhir/Condition?patient=rosa-tzub&_include=Condition:patient",
        "/fhir/_history",
    ];
    let pages = &[
        "/personas?q=tzub",
        "/personas/rosa-tzub",
        "/personas/rosa-tzub/quien-vio",
        "/personas/rosa-tzub/copia",
        "/personas/rosa-tzub/corregir",
        "/personas/rosa-tzub/atender",
    ];
    (fhir, pages)
}
