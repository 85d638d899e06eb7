//! The rules of a CUI hold by every road to the record, not only by the form.

use std::sync::Arc;

use access::{AccessError, Act, Cx, system};
use fhir::{Value, json};
use identity::{Cui, IdentityGovernor};
use store::{Change, Expect, Key, Write};
use testkit::World;

async fn world() -> World {
    World::governed(vec![Arc::new(IdentityGovernor)]).await
}

fn cui(serial: u32) -> String {
    (serial..).find_map(|serial| Cui::compose(serial, "1601")).expect("a CUI").digits().to_owned()
}

/// A CUI whose check digit is another one.
fn miswritten() -> String {
    let right = cui(90_000_100);
    let digit = (right.as_bytes()[8] - b'0' + 1) % 10;
    format!("{}{digit}{}", &right[..8], &right[9..])
}

fn patient(system: &str, value: &str) -> Value {
    json!({ "resourceType": "Patient", "name": [{ "family": "Caal" }],
        "identifier": [{ "system": "urn:otro", "value": "1" }, { "system": system, "value": value }] })
}

fn doubted(value: &str, why: Option<&str>) -> Value {
    let mut one = patient(system::DOUBTED_CUI, value);
    let why = why.map(|why| json!([{ "url": system::EXT_DOUBT, "valueString": why }]));
    one.set("identifier", json!([{ "extension": why, "system": system::DOUBTED_CUI, "value": value }]));
    one
}

fn rule<T>(done: Result<T, AccessError>) -> Option<&'static str> {
    match done {
        Ok(_) => None,
        Err(AccessError::Rule(issues)) => {
            assert!(issues[0].expression.as_deref().is_some_and(|place| place.starts_with("Patient.identifier[")));
            issues[0].details.map(|(_, code)| code)
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_cui_is_written_as_one_with_its_check_digit() {
    let world = world().await;
    let machine = world.machine("MSPAS", "system/*.cruds");
    let put = async |cx: &Cx, id: &str, one: Value| rule(world.try_put(cx, id, one).await);
    assert_eq!(put(&machine, "corto", patient(system::CUI, "123")).await, Some("cui-forma"));
    let spaced = Cui::parse(&cui(90_000_001)).expect("a CUI").to_string();
    assert_eq!(put(&machine, "espacios", patient(system::CUI, &spaced)).await, Some("cui-forma"));
    assert_eq!(put(&machine, "digito", patient(system::CUI, &miswritten())).await, Some("cui-digito"));
    assert_eq!(put(&machine, "bien", patient(system::CUI, &cui(90_000_001))).await, None);
    assert_eq!(put(&machine, "otro", patient("urn:pais:id", "123")).await, None, "another number is not judged");
    // What an import brought can't be asked again; whoever corrects the name later is not held to it.
    let program = Cx { institution: "MSPAS".into(), ..world.system() };
    assert_eq!(put(&program, "traida", patient(system::CUI, &miswritten())).await, None);
    let mut renamed = patient(system::CUI, &miswritten());
    renamed.set("id", "traida");
    renamed.set("name", json!([{ "family": "Caal Choc" }]));
    assert_eq!(rule(world.update(&machine, &renamed).await), None);
    let mut worse = renamed.clone();
    worse.set("identifier", json!([{ "system": system::CUI, "value": "9999999999999" }]));
    assert_eq!(rule(world.update(&machine, &worse).await), Some("cui-digito"));
}

#[tokio::test]
async fn one_cui_twice_is_taken_only_in_doubt() {
    let world = world().await;
    let (ours, theirs) = (world.machine("MSPAS", "system/*.cruds"), world.machine("IGSS", "system/*.cruds"));
    let put = async |cx: &Cx, id: &str, one: Value| rule(world.try_put(cx, id, one).await);
    let number = cui(90_000_001);
    assert_eq!(put(&ours, "rosa", patient(system::CUI, &number)).await, None);
    assert_eq!(put(&ours, "otra", patient(system::CUI, &number)).await, Some("cui-de-otra"));
    assert_eq!(put(&theirs, "rosa-igss", patient(system::CUI, &number)).await, None, "each institution keeps its own");
    assert_eq!(put(&ours, "otra", doubted(&number, None)).await, Some("cui-duda"));
    assert_eq!(put(&ours, "otra", doubted(&number, Some("Los dos DPI lo dicen"))).await, None);
    let mut sure = patient(system::CUI, &number);
    sure.set("id", "otra");
    assert_eq!(rule(world.update(&ours, &sure).await), Some("cui-de-otra"), "an update makes it no surer");
    let mut gone = patient(system::CUI, &number);
    gone.set("id", "rosa");
    gone.set("active", false);
    assert_eq!(rule(world.update(&ours, &gone).await), None);
    assert_eq!(rule(world.update(&ours, &sure).await), None, "nobody else uses it any more");
    // Two of one commit see each other.
    let other = cui(90_000_500);
    let change = |id: &str| Change {
        key: Key::new("Patient", id),
        expect: Expect::Absent,
        write: Write::Put(patient(system::CUI, &other).to_bytes().into()),
    };
    let act = Act { name: "transaction", changes: vec![change("una"), change("dos")], ..Act::default() };
    assert_eq!(rule(world.access.commit(&ours, act).await), Some("cui-de-otra"));
    assert_eq!(put(&ours, "una", patient(system::CUI, &other)).await, None, "nothing of it was written");
}
