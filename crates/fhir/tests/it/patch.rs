//! The JSON Patch cases of FHIR's test suite.

use std::fs;

use fhir::json;

use testkit::outside;

#[test]
fn the_json_patch_suite_passes() {
    let Some(folder) = outside::conformance() else {
        println!("skipped: ../shared/conformance is not here");
        return;
    };
    let cases = json::parse(&fs::read(folder.join("fhir/r4/patch/json-patch-tests.json")).unwrap()).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() > 15, "only {} cases", cases.len());
    for case in cases {
        let comment = case.text_at(&["comment"]).unwrap_or_default();
        let mut document = case.get("doc").unwrap().clone();
        let outcome = json::patch(&mut document, case.get("patch").unwrap());
        match case.get("expected") {
            Some(expected) => {
                outcome.unwrap_or_else(|error| panic!("{comment}: {error}"));
                let operations = json::parse(b"[{\"op\":\"test\",\"path\":\"\"}]").unwrap();
                let mut check = operations.as_array().unwrap()[0].clone();
                check.set("value", expected.clone());
                json::patch(&mut document, &json::Value::Array(vec![check])).unwrap_or_else(|error| {
                    panic!("{comment}: {error}: {document}");
                });
            }
            None => assert!(outcome.is_err(), "{comment}: {document}"),
        }
    }
}
