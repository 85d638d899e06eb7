//! `tejido load codes`.

use crate::kit::{Site, bearer, gzip, report, told};

const TABLE: &str = "\u{feff}Codigo;Descripcion\nA09.X;Diarrea y gastroenteritis\nB86X;Escabiosis\n";

#[test]
fn a_table_loads_beside_a_running_server_and_again_changes_nothing() {
    let site = Site::new();
    let token = bearer(&site.token());
    let server = site.serve(&[]);
    site.file("cie.csv.gz", gzip(TABLE.as_bytes()));
    let first = site.run(&["load", "codes", "cie.csv.gz"]);
    assert!(first.status.success(), "{}", told(&first));
    assert!(told(&first).contains("words: 2 · unchanged: 0 · rows refused: 0"), "{}", told(&first));
    let path = "/fhir/CodeSystem?code=A09X";
    let found = server.get(path, &[("Authorization", &token)]).value();
    let resource = found.items("entry")[0].get("resource").unwrap().clone();
    assert_eq!(resource.text_at(&["url"]), Some(access::system::ICD10));
    assert_eq!(resource.items("concept")[0].text_at(&["display"]), Some("Diarrea y gastroenteritis"));
    let again = site.run(&["load", "codes", "cie.csv.gz"]);
    assert!(told(&again).contains("words: 0 · unchanged: 2"), "{}", told(&again));
    site.file("more.csv", "code,display\nB86X,\"Escabiosis, sarna\"\nZ000,Examen médico general\n");
    let more = site.run(&["load", "codes", "more.csv"]);
    assert!(told(&more).contains("words: 2 · unchanged: 0"), "{}", told(&more));
    let now = server.get(path, &[("Authorization", &token)]).value();
    let resource = now.items("entry")[0].get("resource").unwrap();
    assert_eq!(resource.text_at(&["meta", "versionId"]), Some("2"));
    let words: Vec<_> = resource.items("concept").iter().filter_map(|one| one.text_at(&["display"])).collect();
    assert_eq!(words, ["Diarrea y gastroenteritis", "Escabiosis, sarna", "Examen médico general"]);
}

#[test]
fn what_is_loaded_beside_a_running_server_is_offered_at_once() {
    let site = Site::new();
    let server = site.serve(&[]);
    let password = "el maíz crece despacio";
    let add = ["user", "add", "ana", "--name", "Ana", "--role", "enfermeria", "--institution", "MSPAS"];
    assert!(site.run_with(&format!("{password}\n"), &add).status.success());
    let session = server.log_in("ana", password).expect("she enters");
    let offered = |typed: &str| {
        let page = server.get("/cuenta", &[("Cookie", &session)]);
        let seal = page.body.split("name=\"_sello\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let cookies = [page.cookies(), vec![session.as_str()]].concat().join("; ");
        let headers = [("Cookie", cookies.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let form = format!("_sello={}&dx1={typed}", seal.expect("a seal"));
        let answer = server.ask("POST", "/diagnosticos/parecidos", &headers, &form);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    };
    assert!(!offered("respirador").contains("Z99"), "it is not shipped");
    site.file("cie.csv", "codigo;descripcion\nZ991;Dependencia de un respirador\n");
    site.done(&["load", "codes", "cie.csv"]);
    assert!(offered("respirador").contains("Z99"), "the running server has it");
}

#[test]
fn a_bad_row_is_told_with_its_line_and_the_others_are_loaded() {
    let site = Site::new();
    let rows: [&[u8]; 8] = [
        b"clave,nombre",
        b"E11.9,Diabetes tipo 2",
        b",sin clave",
        b"E11.9,otra vez",
        b"hola,no es CIE-10",
        b"J00,",
        b"J06,Faringitis \xe9pica",
        b"K29,\"Gastritis",
    ];
    let unclosed = [rows.join(&b'\n'), b"\n".to_vec(), vec![b'x'; 500]].concat();
    site.file("cie.csv", unclosed);
    let output = site.run(&["load", "codes", "cie.csv", "--report", "refused.ndjson"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let refused = report(&site.path("refused.ndjson"));
    let told: Vec<_> = refused
        .iter()
        .map(|one| (one.text_at(&["place"]).unwrap_or_default(), one.text_at(&["problem"]).unwrap_or_default()))
        .collect();
    let places: Vec<_> = told.iter().map(|one| one.0).collect();
    assert_eq!(places, ["cie.csv:3", "cie.csv:4", "cie.csv:5", "cie.csv:6", "cie.csv:7", "cie.csv:8"]);
    assert!(told[0].1.contains("code is missing") && told[1].1.contains("above already"), "{told:?}");
    assert!(told[2].1.contains("ICD-10") && told[3].1.contains("words are missing"), "{told:?}");
    assert!(told[4].1.contains("UTF-8") && told[5].1.contains("quotation mark"), "{told:?}");
    let server = site.serve(&[]);
    let token = bearer(&site.token());
    let found = server.get("/fhir/CodeSystem", &[("Authorization", &token)]).value();
    assert_eq!(found.items("entry")[0].get("resource").unwrap().items("concept").len(), 1);
}

#[test]
fn a_file_that_is_no_table_of_codes_is_refused_whole() {
    let site = Site::new();
    let wrong = [
        ("x.csv", "a,b\n1,2\n", "x.csv:1"),
        ("x.json", r#"{"resourceType":"Patient"}"#, "not a CodeSystem"),
        ("y.json", r#"{"resourceType":"CodeSystem","concept":[]}"#, "CodeSystem.url is missing"),
        ("z.json", "{", "z.json"),
    ];
    for (name, content, says) in wrong {
        site.file(name, content);
        let output = site.run(&["load", "codes", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(told(&output).contains(says), "{name}: {}", told(&output));
    }
}

#[test]
fn a_code_system_of_fhir_loads_with_its_spanish_words() {
    let site = Site::new();
    let file = r#"{"resourceType":"CodeSystem","url":"http://example.org/cs","status":"active","content":"complete",
        "concept":[{"code":"a b","display":"Group","concept":[
            {"code":"A1","display":"One","designation":[{"language":"es","value":"Uno"}]},{"display":"no code"}]}]}"#;
    site.file("cs.json", file);
    let output = site.run(&["load", "codes", "cs.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("cs.json CodeSystem.concept[0].concept[1]"), "{}", told(&output));
    let server = site.serve(&[]);
    let token = bearer(&site.token());
    let found = server.get("/fhir/CodeSystem?url=http://example.org/cs", &[("Authorization", &token)]).value();
    let resource = found.items("entry")[0].get("resource").unwrap();
    let words: Vec<_> = resource.items("concept").iter().filter_map(|one| one.text_at(&["display"])).collect();
    assert_eq!(words, ["Uno", "Group"]);
}
