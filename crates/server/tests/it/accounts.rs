//! `tejido user …` and `tejido token …`, beside a running server.

use network::{Facility, Level, Place};

use crate::kit::{Served, Site, bearer, told};

const PASSWORD: &str = "el maíz crece despacio";
const OTHER: &str = "la lluvia llegó en mayo";

#[test]
fn an_account_is_made_gets_a_new_password_and_is_closed() {
    let site = Site::new();
    let server = site.serve(&[]);
    let role = ["--role", "enfermeria", "--institution", "MSPAS"];
    let add = [&["user", "add", "ixmucane", "--name", "Ixmucané Caal"][..], &role].concat();
    let short = site.run_with("corta\n", &add);
    assert!(!short.status.success(), "a short password is refused: {}", told(&short));
    let added = site.run_with(&format!("{PASSWORD}\n"), &add);
    assert!(added.status.success() && added.stdout.is_empty(), "{}", told(&added));
    let twice = site.run_with(&format!("{PASSWORD}\n"), &add);
    assert!(!twice.status.success(), "{}", told(&twice));
    assert!(enters(&server, PASSWORD));
    let changed = site.run_with(&format!("{OTHER}\n"), &["user", "password", "ixmucane"]);
    assert!(changed.status.success(), "{}", told(&changed));
    assert!(enters(&server, OTHER) && !enters(&server, PASSWORD));
    site.done(&["user", "disable", "ixmucane"]);
    assert!(!enters(&server, OTHER));
    let nobody = site.run(&["user", "disable", "nadie"]);
    assert!(!nobody.status.success(), "{}", told(&nobody));
}

#[test]
fn a_territory_is_told_and_changed_by_areas() {
    let site = Site::new();
    let mut place = Place::new("gt-1601", "Cobán", Level::Municipality, None);
    place.code = Some("1601".into());
    let mut network = vec![place.resource()];
    for (code, name) in [("MSPAS-1601-P1", "Puesto Chicoj"), ("MSPAS-1601-P2", "Puesto Sesajal")] {
        let (code, name) = (code.to_owned(), name.to_owned());
        let own = Facility {
            code,
            name,
            type_code: "puesto-salud".into(),
            institution: "MSPAS".into(),
            place: "gt-1601".into(),
            active: true,
            ..Facility::default()
        };
        network.extend(own.resources());
    }
    let lines: String = network.iter().map(|one| format!("{one}\n")).collect();
    site.file("red.ndjson", lines);
    site.done(&["load", "red.ndjson"]);
    let add = ["user", "add", "choc", "--name", "Choc", "--role", "gestor-red", "--institution", "MSPAS"];
    assert!(site.run_with(&format!("{PASSWORD}\n"), &add).status.success());
    let told_of = |more: &[&str]| site.done(&[&["user", "territory", "choc"], more].concat());
    assert_eq!(told_of(&[]), "mspas\t\n");
    let all = told_of(&["--add", "gt-1601"]);
    assert_eq!(all, "mspas\t\nmspas-1601-p1\tPuesto Chicoj\nmspas-1601-p2\tPuesto Sesajal\n");
    assert_eq!(told_of(&[]), all, "it is kept");
    assert_eq!(told_of(&["--remove", "mspas-1601-p2"]), "mspas\t\nmspas-1601-p1\tPuesto Chicoj\n");
    let nowhere = site.run(&["user", "territory", "choc", "--add", "gt-0101"]);
    assert!(!nowhere.status.success() && told(&nowhere).contains("gt-0101"), "{}", told(&nowhere));
    let nobody = site.run(&["user", "territory", "nadie"]);
    assert!(!nobody.status.success(), "{}", told(&nobody));
}

#[test]
fn an_unknown_role_is_refused_with_those_there_are() {
    let site = Site::new();
    let line = ["user", "add", "x", "--name", "X", "--role", "jefe", "--institution", "MSPAS"];
    let output = site.run_with(&format!("{PASSWORD}\n"), &line);
    assert!(!output.status.success() && told(&output).contains("enfermeria"), "{}", told(&output));
}

#[test]
fn a_token_stands_alone_on_standard_output_and_opens_until_it_is_revoked() {
    let site = Site::new();
    let printed = site.done(&["token", "create", "--role", "sistema", "--institution", "MSPAS", "--log", "debug"]);
    let token = printed.strip_suffix('\n').expect("one line");
    assert!(token.len() > 20 && token.bytes().all(|byte| byte.is_ascii_graphic()), "{printed:?}");
    let server = site.serve(&[]);
    let opens = |token: &str| server.get("/fhir/Organization", &[("Authorization", &bearer(token))]).status;
    assert_eq!((opens(token), opens("x")), (200, 401));
    let id = site.done(&["token", "list"]).split('\t').next().unwrap_or_default().to_owned();
    site.done(&["token", "revoke", &id]);
    assert_eq!(opens(token), 401);
}

/// Whether the password opens the pages.
fn enters(server: &Served, password: &str) -> bool {
    server.log_in("ixmucane", password).is_some()
}
