//! What strangers send: nothing panics, whatever the bytes, the tree or the expression.

use fhir::Value;
use fhir::fhirpath::{Environment, Program};
use fhir::search::Query;
use proptest::prelude::*;

const PATIENT: &str = r##"{"resourceType":"Patient","id":"p","contained":[{"resourceType":"Organization","id":"o"}],
"name":[{"given":["Rosa",null],"_given":[null,{"id":"x"}],"period":{"start":"1992-03"}}],"birthDate":"1992-03-14",
"multipleBirthInteger":2,"managingOrganization":{"reference":"#o"},"extension":[{"url":"http://x","valueDecimal":1e3}]}"##;

fn look_at(value: &Value) {
    fhir::validate(value);
    fhir::search::extract(value);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = fhir::json::parse(&bytes) {
            look_at(&value);
        }
    }

    #[test]
    fn a_damaged_resource_is_judged(at in 0..PATIENT.len(), with in "[\\PC]{0,4}", cut in 0usize..12) {
        let start = (0..=at).rev().find(|at| PATIENT.is_char_boundary(*at)).unwrap_or(0);
        let end = (start + cut).min(PATIENT.len());
        let text = format!("{}{with}{}", &PATIENT[..start], PATIENT.get(end..).unwrap_or_default());
        if let Ok(value) = fhir::json::parse(text.as_bytes()) {
            look_at(&value);
            prop_assert_eq!(fhir::json::parse(&value.to_bytes()).ok(), Some(value));
        }
    }

    #[test]
    fn any_expression_is_answered_or_refused(
        text in "(\\(|\\)|Patient|name|given|birthDate| is | as |\\.|\\||'a'|1|2.5|-|\\+|/|@2012|first\\(\\)|where\\(|repeat\\(\\$this|=|and|\\{\\}|%resource|\\[|\\]| day|descendants\\(\\)){0,14}"
    ) {
        let patient = fhir::json::parse(PATIENT.as_bytes()).unwrap();
        if let Ok(program) = Program::compile(&text) {
            let _ = program.evaluate(&patient, Environment::default());
        }
    }

    #[test]
    fn any_query_is_read_or_refused(name in "(_has|_include|_sort|name|birthdate|:|\\.|Patient|Observation|missing){0,6}", value in "\\PC{0,20}") {
        let _ = Query::parse(&["Patient"], &[(name, value)]);
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(Program::compile(&deep).is_err());
    assert!(Program::compile(&format!("1{}", "+1".repeat(10_000))).is_err());
    assert!(Program::compile(&"-".repeat(10_000)).is_err());
    let long = format!(r#"{{"resourceType":"Patient","name":[{{"family":"{}"}}]}}"#, "x".repeat(2_000_000));
    assert!(!fhir::validate(&fhir::json::parse(long.as_bytes()).unwrap()).is_empty());
    let huge = format!(r#"{{"resourceType":"Observation","valueQuantity":{{"value":1{}}}}}"#, "0".repeat(5000));
    look_at(&fhir::json::parse(huge.as_bytes()).unwrap());
}
