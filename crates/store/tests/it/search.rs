//! What a search finds, in what order, and what it tells to whom.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fhir::search::Query;
use store::{Expect, SearchPage, Store, StoreError, Stored, Visibility};
use testkit::Place;

use crate::kit::{commit, delete, put};

/// A search as it would come in.
pub fn query(types: &[&str], asked: &str) -> Query {
    let pairs = asked.split('&').filter_map(|pair| pair.split_once('='));
    let pairs: Vec<(String, String)> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Query::parse(types, &pairs).unwrap_or_else(|error| panic!("{asked}: {error}"))
}

async fn page(store: &Store, types: &[&str], asked: &str) -> SearchPage {
    store.search(&query(types, asked), &Visibility::All).await.unwrap_or_else(|error| panic!("{asked}: {error}"))
}

fn ids(found: &[Stored]) -> String {
    found.iter().map(|stored| stored.key.id.as_str()).collect::<Vec<_>>().join(" ")
}

/// Writes these in one commit, in their order.
pub async fn fill(store: &Store, bodies: &[&str]) {
    let changes = bodies.iter().map(|body| {
        let value = fhir::json::parse(body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"));
        let text = |name: &str| value.text_at(&[name]).expect("a type and an id").to_owned();
        put(&text("resourceType"), &text("id"), Expect::Any, body)
    });
    commit(store, changes.collect()).await.unwrap();
}

/// Asserts which ids each question finds, in order.
async fn all_find(store: &Store, kind: &str, answers: &[(&str, &str)]) {
    for (asked, expected) in answers {
        assert_eq!(ids(&page(store, &[kind], asked).await.matches), *expected, "{kind}?{asked}");
    }
}

pub async fn strings_match_by_prefix_whole_and_inside(place: Place) {
    let store = place.open().await.unwrap();
    fill(
        &store,
        &[
            r#"{"resourceType":"Patient","id":"jose","name":[{"family":"Pérez","given":["José","María"]}]}"#,
            r#"{"resourceType":"Patient","id":"josefa","name":[{"family":"Xol","given":["Josefa"]}]}"#,
            r#"{"resourceType":"Patient","id":"percent","name":[{"family":"100% Mar_a"}]}"#,
            r#"{"resourceType":"Patient","id":"none"}"#,
        ],
    )
    .await;
    all_find(
        &store,
        "Patient",
        &[
            ("name=jose", "jose josefa"),
            ("name=JOSÉ", "jose josefa"),
            ("given=jose&family=pe", "jose"),
            ("name=ose", ""),
            ("name:contains=OSÉ", "jose josefa"),
            ("name:exact=José", "jose"),
            ("name:exact=jose", ""),
            ("name=%", ""),
            ("name=j%", ""),
            ("name=100%", "percent"),
            ("name=100_", ""),
            ("name:contains=%", "percent"),
            ("name:contains=mar_a", "percent"),
            ("name=xol,100%", "josefa percent"),
            ("name:missing=true", "none"),
            ("name:missing=false&family:missing=true", ""),
            ("name='); DROP TABLE resource; --", ""),
        ],
    )
    .await;
}

pub async fn tokens_match_by_system_and_code(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &[
        r#"{"resourceType":"Patient","id":"a","gender":"male","identifier":[{"system":"urn:cui","value":"1"}]}"#,
        r#"{"resourceType":"Patient","id":"b","gender":"female","identifier":[{"system":"urn:nit","value":"1"}]}"#,
        r#"{"resourceType":"Patient","id":"c","identifier":[{"value":"1"},{"system":"urn:cui","value":"2"}]}"#,
        r#"{"resourceType":"Condition","id":"d","code":{"coding":[{"system":"icd","code":"E11","display":"Diabetes"}]}}"#,
        r#"{"resourceType":"Condition","id":"e","code":{"text":"Presión alta"}}"#,
    ])
    .await;
    all_find(
        &store,
        "Patient",
        &[
            ("identifier=1", "a b c"),
            ("identifier=urn:cui|1", "a"),
            ("identifier=|1", "c"),
            ("identifier=urn:cui|", "a c"),
            ("identifier=urn:cui|2,urn:nit|1", "b c"),
            ("identifier=1&gender=female", "b"),
            ("gender:not=male", "b c"),
            ("gender:not=male,female", "c"),
            ("gender:missing=true", "c"),
            ("identifier=%", ""),
        ],
    )
    .await;
    all_find(
        &store,
        "Condition",
        &[("code:text=diab", "d"), ("code:text=PRESION", "e"), ("code:missing=true", ""), ("code:not=E11", "e")],
    )
    .await;
}

pub async fn references_match_in_all_their_forms(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &[
        r#"{"resourceType":"Observation","id":"a","subject":{"reference":"Patient/1"}}"#,
        r#"{"resourceType":"Observation","id":"b","subject":{"reference":"Group/1"}}"#,
        r#"{"resourceType":"Observation","id":"c","subject":{"reference":"https://otro.gt/fhir/Patient/1"}}"#,
        r#"{"resourceType":"Observation","id":"d","subject":{"type":"Patient","identifier":{"system":"urn:cui","value":"7"}}}"#,
        r#"{"resourceType":"Observation","id":"e"}"#,
    ])
    .await;
    all_find(
        &store,
        "Observation",
        &[
            ("subject=Patient/1", "a"),
            ("subject=1", "a b"),
            ("subject:Group=1", "b"),
            ("patient=1", "a"),
            ("subject=https://otro.gt/fhir/Patient/1", "c"),
            ("subject:identifier=urn:cui|7", "d"),
            ("subject:missing=true", "e"),
        ],
    )
    .await;
}

pub async fn dates_compare_as_ranges(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &[
        r#"{"resourceType":"Patient","id":"year","birthDate":"1990"}"#,
        r#"{"resourceType":"Patient","id":"month","birthDate":"1990-05"}"#,
        r#"{"resourceType":"Patient","id":"day","birthDate":"1990-05-17"}"#,
        r#"{"resourceType":"Patient","id":"later","birthDate":"1991-01-01"}"#,
        r#"{"resourceType":"Encounter","id":"open","period":{"start":"2026-11-01T08:00:00-06:00"}}"#,
        r#"{"resourceType":"Encounter","id":"done","period":{"start":"2026-11-02T08:00:00-06:00","end":"2026-11-03T08:00:00-06:00"}}"#,
    ])
    .await;
    all_find(
        &store,
        "Patient",
        &[
            ("birthdate=1990", "year month day"),
            ("birthdate=1990-05", "month day"),
            ("birthdate=1990-05-17", "day"),
            ("birthdate=ne1990-05", "year later"),
            ("birthdate=gt1990-05", "year later"),
            ("birthdate=lt1990-05", "year"),
            ("birthdate=ge1990-05-17", "year month day later"),
            ("birthdate=le1990-05-17", "year month day"),
            ("birthdate=sa1990-05", "later"),
            ("birthdate=eb1991", "year month day"),
            ("birthdate=ap1990-05-16", "year month day"),
            ("birthdate=ge1990&birthdate=lt1991", "year month day"),
        ],
    )
    .await;
    all_find(
        &store,
        "Encounter",
        &[
            ("date=gt2030", "open"),
            ("date=2026-11", "done"),
            ("date=sa2026-11-01", "done"),
            ("date=lt2026-11-02", "open"),
            ("date=eb2026-11-04", "done"),
            ("date=gt2026-11-02T20:00:00-06:00", "open done"),
        ],
    )
    .await;
}

fn measured(id: &str, code: &str, value: &str) -> String {
    let code = format!(r#""code":{{"coding":[{{"system":"l","code":"{code}"}}]}}"#);
    let value = format!(r#""valueQuantity":{{"value":{value},"unit":"mmHg","system":"u","code":"mm[Hg]"}}"#);
    format!(r#"{{"resourceType":"Observation","id":"{id}",{code},{value}}}"#)
}

pub async fn numbers_and_quantities_compare(place: Place) {
    let store = place.open().await.unwrap();
    for (id, code, value) in [("s1", "sys", "139.9"), ("s2", "sys", "140"), ("d", "dia", "95.5"), ("s3", "sys", "141")]
    {
        fill(&store, &[&measured(id, code, value)]).await;
    }
    fill(
        &store,
        &[
            r#"{"resourceType":"RiskAssessment","id":"r","prediction":[{"probabilityDecimal":0.25}]}"#,
            r#"{"resourceType":"RiskAssessment","id":"q","prediction":[{"probabilityDecimal":0.8}]}"#,
        ],
    )
    .await;
    all_find(
        &store,
        "Observation",
        &[
            ("value-quantity=140", "s1 s2"),
            ("value-quantity=140.0", "s2"),
            ("value-quantity=gt140", "s3"),
            ("value-quantity=ge140", "s2 s3"),
            ("value-quantity=lt140", "s1 d"),
            ("value-quantity=le140|u|mm[Hg]", "s1 s2 d"),
            ("value-quantity=ne140", "d s3"),
            ("value-quantity=140||mmHg", "s1 s2"),
            ("value-quantity=140|otro|mm[Hg]", ""),
            ("value-quantity=ap100", "d"),
            ("code-value-quantity=l|sys$lt140", "s1"),
            ("code-value-quantity=dia$lt140", "d"),
            ("code-value-quantity=l|dia$gt140", ""),
        ],
    )
    .await;
    let risks = [("probability=0.25", "r"), ("probability=gt0.25", "q"), ("probability=0.3", "r")];
    all_find(&store, "RiskAssessment", &risks).await;
}

pub async fn a_composite_asks_for_one_occurrence(place: Place) {
    let store = place.open().await.unwrap();
    let part = |code: &str, value: u32| {
        format!(r#"{{"code":{{"coding":[{{"system":"l","code":"{code}"}}]}},"valueQuantity":{{"value":{value}}}}}"#)
    };
    let observation = |id: &str, sys, dia| {
        let parts = format!("{},{}", part("sys", sys), part("dia", dia));
        format!(r#"{{"resourceType":"Observation","id":"{id}","component":[{parts}]}}"#)
    };
    fill(&store, &[observation("a", 150, 80).as_str(), observation("b", 120, 95).as_str()]).await;
    all_find(
        &store,
        "Observation",
        &[
            ("component-code-value-quantity=l|sys$gt140", "a"),
            ("component-code-value-quantity=l|dia$gt90", "b"),
            ("component-code-value-quantity=l|dia$gt140", ""),
        ],
    )
    .await;
}

pub async fn uris_match_whole_below_and_above(place: Place) {
    let store = place.open().await.unwrap();
    fill(
        &store,
        &[
            r#"{"resourceType":"ValueSet","id":"root","url":"http://x.gt/fhir"}"#,
            r#"{"resourceType":"ValueSet","id":"leaf","url":"http://x.gt/fhir/ValueSet/a_b"}"#,
            r#"{"resourceType":"ValueSet","id":"near","url":"http://x.gt/fhirx"}"#,
        ],
    )
    .await;
    all_find(
        &store,
        "ValueSet",
        &[
            ("url=http://x.gt/fhir", "root"),
            ("url:below=http://x.gt/fhir", "root leaf"),
            ("url:above=http://x.gt/fhir/ValueSet/a_b", "root leaf"),
            ("url:below=http://x.gt/fhir/ValueSet/a%", ""),
        ],
    )
    .await;
}

pub async fn chains_and_has_pass_only_through_what_is_visible(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &[
        r#"{"resourceType":"Patient","id":"p1","custodian":"MSPAS","name":[{"family":"Caal"}]}"#,
        r#"{"resourceType":"Patient","id":"p2","custodian":"IGSS","name":[{"family":"Caal"}]}"#,
        r#"{"resourceType":"ServiceRequest","id":"s1","custodian":"MSPAS","subject":{"reference":"Patient/p1"}}"#,
        r#"{"resourceType":"ServiceRequest","id":"s2","custodian":"MSPAS","subject":{"reference":"Patient/p2"}}"#,
        r#"{"resourceType":"Condition","id":"c1","custodian":"IGSS","subject":{"reference":"Patient/p1"},"code":{"coding":[{"code":"B20"}]}}"#,
        r#"{"resourceType":"Condition","id":"c2","custodian":"MSPAS","subject":{"reference":"Patient/p1"},"code":{"coding":[{"code":"E11"}]}}"#,
    ])
    .await;
    let mspas = Visibility::Custodian("MSPAS".to_owned());
    for (kind, asked, all, visible) in [
        ("ServiceRequest", "patient.name=caal", "s1 s2", "s1"),
        ("ServiceRequest", "patient.name=caal&patient._id=p2", "s2", ""),
        ("Patient", "_has:Condition:patient:code=B20", "p1", ""),
        ("Patient", "_has:Condition:patient:code=E11", "p1", "p1"),
        ("Patient", "_has:Condition:patient:code:not=E11", "p1", ""),
        ("Patient", "_has:ServiceRequest:subject:_id=s2,s1", "p1 p2", "p1"),
    ] {
        assert_eq!(ids(&page(&store, &[kind], asked).await.matches), all, "{kind}?{asked}");
        let question = query(&[kind], &format!("{asked}&_total=accurate"));
        let page = store.search(&question, &mspas).await.unwrap();
        assert_eq!(ids(&page.matches), visible, "{kind}?{asked} of MSPAS");
        assert_eq!(page.total, Some(page.matches.len() as u64), "{kind}?{asked} of MSPAS");
    }
}

pub async fn common_parameters_and_all_types(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &[
        r#"{"resourceType":"Patient","id":"a","meta":{"tag":[{"system":"t","code":"demo"}],"profile":["http://x/p"]}}"#,
        r#"{"resourceType":"Basic","id":"b","meta":{"tag":[{"system":"t","code":"demo"}],"security":[{"code":"HIV"}]}}"#,
    ])
    .await;
    place.clock.advance(jiff::SignedDuration::from_hours(24));
    fill(&store, &[r#"{"resourceType":"Patient","id":"c"}"#]).await;
    all_find(
        &store,
        "Patient",
        &[
            ("_id=c,a,b", "a c"),
            ("_lastUpdated=gt2026-11-24", "c"),
            ("_lastUpdated=2026-11-24", "a"),
            ("_lastUpdated=le2026-11-24T14:00:00Z", "a"),
            ("_tag=t|demo", "a"),
            ("_profile=http://x/p", "a"),
            ("_tag:not=demo", "c"),
            ("_tag:missing=true", "c"),
        ],
    )
    .await;
    let all = page(&store, &[], "_tag=demo&_total=accurate").await;
    assert_eq!((ids(&all.matches).as_str(), all.total), ("a b", Some(2)));
    assert_eq!(ids(&page(&store, &[], "_type=Basic,Patient&_id=b,c").await.matches), "b c");
    assert_eq!(ids(&page(&store, &[], "_security=HIV").await.matches), "b");
}

pub async fn what_changes_is_found_anew(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &[r#"{"resourceType":"Patient","id":"a","gender":"male","name":[{"family":"Tzoc"}]}"#]).await;
    fill(&store, &[r#"{"resourceType":"Patient","id":"a","gender":"female"}"#]).await;
    all_find(&store, "Patient", &[("gender=male", ""), ("name=tzoc", ""), ("gender=female", "a")]).await;
    commit(&store, vec![delete("Patient", "a", Expect::Any)]).await.unwrap();
    all_find(&store, "Patient", &[("gender=female", ""), ("gender:not=male", ""), ("_id=a", "")]).await;
}

fn born(id: &str, date: &str) -> String {
    let date = if date.is_empty() { String::new() } else { format!(r#","birthDate":"{date}""#) };
    format!(r#"{{"resourceType":"Patient","id":"{id}"{date}}}"#)
}

pub async fn a_page_follows_another_while_others_write(place: Place) {
    let store = place.open().await.unwrap();
    let dates = ["", "1991-01-02", "1992-01-03", "", "1991-01-01", "1992-01-02", "", "1991-01-04", "1992-01-01", ""];
    for (at, date) in dates.iter().enumerate() {
        fill(&store, &[&born(&format!("p{at}"), date)]).await;
    }
    for (asked, expected) in [
        ("", "p0 p1 p2 p3 p4 p5 p6 p7 p8 p9"),
        ("_sort=birthdate", "p4 p1 p7 p8 p5 p2 p0 p3 p6 p9"),
        ("_sort=-birthdate", "p2 p5 p8 p7 p1 p4 p9 p6 p3 p0"),
        ("_sort=-_id", "p9 p8 p7 p6 p5 p4 p3 p2 p1 p0"),
        ("_sort=birthdate,-_id", "p4 p1 p7 p8 p5 p2 p9 p6 p3 p0"),
        ("_sort=-_lastUpdated", "p9 p8 p7 p6 p5 p4 p3 p2 p1 p0"),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for round in 0..20 {
            let page = page(&store, &["Patient"], &format!("{asked}&_count=3{cursor}")).await;
            seen.extend(page.matches.into_iter().map(|stored| stored.key.id));
            let Some(next) = page.next else { break };
            cursor = format!("&_cursor={next}");
            fill(&store, &[&format!(r#"{{"resourceType":"Basic","id":"b{round}"}}"#)]).await;
        }
        assert_eq!(seen.join(" "), expected, "{asked}");
    }
    let first = page(&store, &["Patient"], "_sort=birthdate&_count=3").await;
    let cursor = first.next.unwrap();
    fill(&store, &[&born("early", "1900-01-01")]).await;
    let second = page(&store, &["Patient"], &format!("_sort=birthdate&_count=3&_cursor={cursor}")).await;
    assert_eq!(ids(&second.matches), "p8 p5 p2", "what comes before the cursor neither shifts nor repeats");
}

pub async fn a_cursor_belongs_to_its_question(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &[&born("a", "1990"), &born("b", "1991")]).await;
    let cursor = page(&store, &["Patient"], "_sort=birthdate&_count=1").await.next.unwrap();
    for (kind, asked) in
        [("Patient", "_sort=-birthdate"), ("Patient", ""), ("Patient", "_sort=birthdate&gender=male"), ("Person", "")]
    {
        let question = query(&[kind], &format!("{asked}&_cursor={cursor}"));
        let refused = store.search(&question, &Visibility::All).await.unwrap_err();
        assert_eq!(refused, StoreError::Cursor, "{kind}?{asked}");
    }
    let asked = query(&["Patient"], "_sort=birthdate");
    let made_up = |tag: u8, value: &[u8]| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        BASE64_URL_SAFE_NO_PAD.encode([&bytes[..16], &[tag], value].concat())
    };
    for forged in [made_up(2, &[0; 8]), made_up(3, &[0, 0, 0, 1, b'x'])] {
        let question = Query { cursor: Some(forged), ..asked.clone() };
        assert_eq!(store.search(&question, &Visibility::All).await.unwrap_err(), StoreError::Cursor);
    }
    for junk in ["x", "%", "AAAA", "", &cursor[..cursor.len() - 2]] {
        let mut question = query(&["Patient"], "_sort=birthdate");
        question.cursor = Some(junk.to_owned());
        assert_eq!(store.search(&question, &Visibility::All).await.unwrap_err(), StoreError::Cursor, "{junk}");
    }
}

pub async fn sizes_and_totals(place: Place) {
    let store = place.open().await.unwrap();
    let patient = |at: usize| {
        let custodian = if at.is_multiple_of(2) { "MSPAS" } else { "IGSS" };
        format!(r#"{{"resourceType":"Patient","id":"p{at}","custodian":"{custodian}","gender":"male"}}"#)
    };
    let bodies: Vec<String> = (0..25).map(patient).collect();
    fill(&store, &bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let usual = page(&store, &["Patient"], "").await;
    assert_eq!((usual.matches.len(), usual.total, usual.next.is_some()), (20, None, true));
    let all = page(&store, &["Patient"], "_count=25&_total=accurate").await;
    assert_eq!((all.matches.len(), all.total, all.next), (25, Some(25), None));
    for asked in ["_count=0", "_summary=count", "gender=male&_count=0"] {
        let page = page(&store, &["Patient"], asked).await;
        assert_eq!((page.matches.len(), page.total, page.next), (0, Some(25), None), "{asked}");
    }
    let igss = Visibility::Custodian("IGSS".to_owned());
    assert_eq!(store.count(&query(&["Patient"], "gender=male"), &igss).await.unwrap(), 12);
    assert_eq!(store.count(&query(&["Patient"], ""), &Visibility::None).await.unwrap(), 0);
}

pub async fn includes_come_once_and_only_when_visible(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &[
        r#"{"resourceType":"Organization","id":"o"}"#,
        r#"{"resourceType":"Patient","id":"p1","custodian":"MSPAS","managingOrganization":{"reference":"Organization/o"}}"#,
        r#"{"resourceType":"Patient","id":"p2","custodian":"IGSS"}"#,
        r#"{"resourceType":"Encounter","id":"e1","custodian":"MSPAS","subject":{"reference":"Patient/p1"},"serviceProvider":{"reference":"Organization/o"}}"#,
        r#"{"resourceType":"Encounter","id":"e2","custodian":"MSPAS","subject":{"reference":"Patient/p1"},"partOf":{"reference":"Encounter/e1"}}"#,
        r#"{"resourceType":"Encounter","id":"e3","custodian":"MSPAS","subject":{"reference":"Patient/p2"}}"#,
        r#"{"resourceType":"Observation","id":"x","custodian":"IGSS","subject":{"reference":"Patient/p1"}}"#,
    ])
    .await;
    let mspas = Visibility::Or(vec![Visibility::Custodian("MSPAS".to_owned()), Visibility::NoCustodian]);
    for (kind, asked, all, visible) in [
        ("Encounter", "_include=Encounter:patient", "p1 p2", "p1"),
        ("Encounter", "_include=Encounter:subject:Patient&_include=Encounter:patient", "p1 p2", "p1"),
        ("Encounter", "_include=Encounter:subject:Group", "", ""),
        ("Encounter", "_include=*", "o p1 p2", "o p1"),
        ("Encounter", "_include=Encounter:part-of", "", ""),
        ("Encounter", "_id=e2&_include=Encounter:part-of", "e1", "e1"),
        ("Patient", "_id=p1&_revinclude=Encounter:patient&_include=Patient:organization", "o e1 e2", "o e1 e2"),
        ("Patient", "_id=p1&_revinclude=Observation:subject", "x", ""),
        ("Patient", "_id=p1&_revinclude=Encounter:*", "e1 e2", "e1 e2"),
    ] {
        let whole = page(&store, &[kind], asked).await;
        assert_eq!(ids(&whole.included), all, "{kind}?{asked}");
        let seen = store.search(&query(&[kind], asked), &mspas).await.unwrap();
        assert_eq!(ids(&seen.included), visible, "{kind}?{asked} of MSPAS");
    }
    let first = page(&store, &["Encounter"], "_count=1&_include=Encounter:patient").await;
    assert_eq!((ids(&first.matches).as_str(), ids(&first.included).as_str()), ("e1", "p1"));
    assert!(first.next.is_some(), "what is included is not counted");
}

pub async fn of_many_conditional_creates_one_is_made(place: Place) {
    let store = place.open().await.unwrap();
    let tries = (0..20).map(|at| {
        let unmatched = query(&["Patient"], "identifier=urn:cui|1");
        let body = r#"{"resourceType":"Patient","identifier":[{"system":"urn:cui","value":"1"}]}"#;
        let expect = Expect::Unmatched(Box::new(unmatched), Visibility::All);
        let (store, change) = (store.clone(), put("Patient", &format!("p{at}"), expect, body));
        tokio::spawn(async move { commit(&store, vec![change]).await })
    });
    let mut made = 0;
    for done in futures_util::future::join_all(tries).await {
        match done.unwrap() {
            Ok(_) => made += 1,
            Err(StoreError::Exists { matches, .. }) => assert_eq!(matches.len(), 1),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(store.count(&query(&["Patient"], "identifier=1"), &Visibility::All).await.unwrap(), 1);
}
