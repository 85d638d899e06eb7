//! HL7's own R4 examples are valid, and print as they were read.

use std::fs;

use fhir::json;

use testkit::outside;

/// Files of `tests/examples-refused.toml`, each with its rule.
fn refused() -> Vec<String> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/examples-refused.toml")).unwrap();
    let files = text.lines().filter_map(|line| line.strip_prefix("file = \"")?.strip_suffix('"')).map(str::to_owned);
    files.collect()
}

#[test]
fn the_official_examples_are_valid() {
    let Some(folder) = outside::conformance() else {
        println!("skipped: ../shared/conformance is not here");
        return;
    };
    let refused = refused();
    assert!(refused.len() <= 3, "three examples contradict R4 itself; no more may be refused");
    let mut wrong = Vec::new();
    for path in outside::files(&folder.join("fhir/r4/examples"), ".json") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let resource = json::parse(&fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(json::parse(&resource.to_bytes()).unwrap(), resource, "{name} does not survive printing");
        let issues = fhir::validate(&resource);
        match (issues.is_empty(), refused.contains(&name)) {
            (true, true) => wrong.push(format!("{name} is listed as refused but valid")),
            (false, false) => wrong.push(format!("{name}: {issues:#?}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
