//! Searching, by address and by form, with pages, includes and totals.

use crate::server::Server;

async fn family(count: usize) -> Server {
    let server = Server::start().await;
    for number in 0..count {
        server
            .have(&format!(
                r#"{{"resourceType":"Patient","id":"p{number:02}","gender":"{}","name":[{{"family":"Caal","given":["José {number}"]}}],"identifier":[{{"system":"urn:x","value":"a|{number}$b,c"}}]}}"#,
                if number % 2 == 0 { "female" } else { "male" }
            ))
            .await;
    }
    server
}

#[tokio::test]
async fn a_searchset_has_links_totals_and_full_urls() {
    let server = family(2).await;
    let found = server.get("/Patient?name=jose&_total=accurate&_sort=_id").await.is(200);
    insta::assert_snapshot!(found.text);
    assert_eq!(fhir::validate(&found.json()), []);
    let none = server.get("/Patient?name=nadie").await.is(200);
    assert_eq!(none.json().get("entry"), None);
}

#[tokio::test]
async fn pages_hold_everything_once() {
    let server = family(7).await;
    let mut next = Some("/Patient?gender=female,male&_count=3&_sort=-_id".to_owned());
    let mut seen = Vec::new();
    while let Some(path) = next {
        let page = server.get(&path).await.is(200);
        seen.extend(page.matches());
        next = page.link("next");
    }
    assert_eq!(seen, ["p06", "p05", "p04", "p03", "p02", "p01", "p00"]);
    let twice = server.get("/Patient?_sort=gender&_sort=-_id").await.is(200).matches();
    assert_eq!(twice, ["p06", "p04", "p02", "p00", "p05", "p03", "p01"]);
}

#[tokio::test]
async fn a_form_is_merged_with_the_address() {
    let server = family(4).await;
    let found = server.post_form("/Patient/_search?gender=male", "_id=p00,p01&_format=json").await.is(200);
    assert_eq!(found.matches(), ["p01"]);
    let page = server.post_form("/Patient/_search?gender=female", "_count=1&_sort=_id").await.is(200);
    assert_eq!(page.matches(), ["p00"]);
    let next = page.link("next").unwrap();
    assert_eq!(server.get(&next).await.is(200).matches(), ["p02"]);
    let form = next.split_once('?').unwrap().1.to_owned();
    assert_eq!(server.post_form("/Patient/_search", &form).await.is(200).matches(), ["p02"]);
    server.call("POST", "/Patient/_search", &[], "{}").await.refuses(415, "not-supported", Some("Content-Type"));
}

#[tokio::test]
async fn what_is_here_whole_has_its_total() {
    let server = family(3).await;
    for (path, total) in [("/Patient", Some(3)), ("/Patient?_count=2", None), ("/Patient?_total=none", None)] {
        let body = server.get(path).await.is(200).json();
        assert_eq!(body.get("total"), total.map(fhir::Value::from).as_ref(), "{path}");
    }
    let last = server.get("/Patient?_count=2").await.link("next").unwrap();
    assert_eq!(server.get(&last).await.is(200).json().get("total"), None, "a page is not the whole");
}

#[tokio::test]
async fn nothing_but_the_total_for_a_count_of_zero() {
    let server = family(3).await;
    for path in ["/Patient?_count=0", "/Patient?_summary=count", "/Patient?_summary=count&gender=female,male"] {
        let body = server.get(path).await.is(200).json();
        assert_eq!((body.get("total"), body.get("entry")), (Some(&3.into()), None), "{path}");
    }
}

#[tokio::test]
async fn escapes_and_percent_signs_are_data() {
    let server = family(3).await;
    let found = server.get("/Patient?identifier=urn:x%7Ca%5C%7C1%5C$b%5C,c").await.is(200);
    assert_eq!(found.matches(), ["p01"]);
    for hostile in ["%25", "_", "%25%25", "Ca%25", "C__l", "%27%20OR%201=1--", "%5C"] {
        let found = server.get(&format!("/Patient?name={hostile}")).await.is(200);
        assert!(found.matches().is_empty(), "{hostile}: {:?}", found.matches());
    }
    server.have(r#"{"resourceType":"Patient","id":"pct","name":[{"family":"100% Caal"}]}"#).await;
    assert_eq!(server.get("/Patient?name:contains=0%25").await.is(200).matches(), ["pct"]);
    server.get("/Patient?name=%ff").await.refuses(400, "value", Some("%ff"));
}

#[tokio::test]
async fn unknown_parameters_are_refused_unless_the_caller_is_lenient() {
    let server = family(2).await;
    let strict = server.get("/Patient?nombre=x&gender=male").await;
    strict.refuses(400, "not-supported", Some("nombre"));
    let lenient =
        server.call("GET", "/Patient?nombre=x&gender=male", &[("prefer", "handling=lenient")], "").await.is(200);
    assert_eq!(lenient.matches(), ["p01"]);
    assert_eq!(lenient.link("self").unwrap(), "/Patient?gender=male");
    let outcome = lenient.json();
    let told = outcome.items("entry").last().unwrap();
    assert_eq!(told.text_at(&["search", "mode"]), Some("outcome"));
    assert!(told.text_at(&["resource", "issue", "diagnostics"]).unwrap().contains("nombre"), "{told}");
    let known = server.call("GET", "/Patient?_content=x&gender=male", &[("prefer", "handling=lenient")], "").await;
    assert_eq!(known.is(200).matches(), ["p01"]);
    server.get("/Patient?_content=x").await.refuses(400, "not-supported", Some("_content"));
    let empty = server.get("/Patient?gender=male&name=").await.is(200);
    assert_eq!(
        (empty.matches(), empty.link("self")),
        (vec!["p01".to_owned()], Some("/Patient?gender=male".to_owned()))
    );
    let wrong = server.call("GET", "/Patient?birthdate=ayer", &[("prefer", "handling=lenient")], "").await;
    wrong.is(400);
}

#[tokio::test]
async fn includes_chains_and_reverse_chains_go_one_step() {
    let server = family(2).await;
    for (id, patient, value) in [("a", "p00", "36.5"), ("b", "p01", "39.10")] {
        server.have(&format!(r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"8310-5"}}]}},"subject":{{"reference":"Patient/{patient}"}},"valueQuantity":{{"value":{value},"system":"http://unitsofmeasure.org","code":"Cel"}}}}"#)).await;
    }
    let included = server.get("/Observation?value-quantity=gt38&_include=Observation:subject").await.is(200);
    assert_eq!((included.matches(), included.ids("include")), (vec!["b".to_owned()], vec!["p01".to_owned()]));
    let reverse = server.get("/Patient?_id=p00&_revinclude=Observation:subject").await.is(200);
    assert_eq!((reverse.matches(), reverse.ids("include")), (vec!["p00".to_owned()], vec!["a".to_owned()]));
    assert_eq!(server.get("/Observation?subject:Patient.gender=male").await.is(200).matches(), ["b"]);
    assert_eq!(server.get("/Patient?_has:Observation:patient:value-quantity=lt37").await.is(200).matches(), ["p00"]);
}

#[tokio::test]
async fn several_types_can_be_searched_at_once() {
    let server = family(1).await;
    server.have(r#"{"resourceType":"Organization","id":"o","name":"Puesto"}"#).await;
    let mut found = server.get("/?_type=Patient,Organization").await.is(200).matches();
    found.sort();
    assert_eq!(found, ["o", "p00"]);
    let mut found = server.post_form("/_search", "_type=Patient,Organization&_id=o").await.is(200).matches();
    found.sort();
    assert_eq!(found, ["o"]);
}

#[tokio::test]
async fn results_can_be_cut_down() {
    let server = family(1).await;
    let found = server.get("/Patient?_elements=gender").await.is(200);
    insta::assert_snapshot!(found.text);
}
