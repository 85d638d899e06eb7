//! Sensitivity labels set by the gate: what codes, services and ages imply, for the whole visit and
//! what is made from it; nothing takes one away.

use access::{Act, Cx, Label, Role, system};
use fhir::Value;
use store::{Change, Expect, Key, Write};
use testkit::{HOSPITAL, IGSS_HOSPITAL, OTHER_POST, POST, World};

use crate::story::{condition, encounter, look, referral, request};

fn coded(patient: &str, code: &str) -> Value {
    let mut one = condition(patient, None);
    one.set("code", fhir::json!({ "coding": [{ "system": system::ICD10, "code": code }], "text": "lo hallado" }));
    one
}

fn of_visit(mut one: Value, visit: &str) -> Value {
    one.set("encounter", fhir::json!({ "reference": format!("Encounter/{visit}") }));
    one
}

/// Several resources in one act, as a signed visit is.
async fn together(world: &World, cx: &Cx, resources: &[(&str, Value)]) {
    let change = |(id, one): &(&str, Value)| Change {
        key: Key::new(one.resource_type().unwrap(), *id),
        expect: Expect::Absent,
        write: Write::Put(one.to_bytes().into()),
    };
    let act = Act { name: "sign-visit", changes: resources.iter().map(change).collect(), ..Act::default() };
    world.access.commit(cx, act).await.unwrap();
}

async fn labels(world: &World, resource_type: &str, id: &str) -> Vec<&'static str> {
    let stored = world.access.read(&world.system(), &Key::new(resource_type, id)).await.unwrap();
    Label::of(&stored.value()).into_iter().map(Label::code).collect()
}

fn measured(patient: &str) -> Value {
    fhir::json!({ "resourceType": "Observation", "status": "final",
        "subject": { "reference": format!("Patient/{patient}") }, "code": { "text": "CD4" } })
}

/// A visit of Rosa's with HIV among what was found, and one for a cold.
async fn visits() -> World {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    let first = [
        ("vih", of_visit(coded("rosa", "B20.1"), "v1")),
        ("gripe", of_visit(coded("rosa", "J00"), "v1")),
        ("medida", of_visit(measured("rosa"), "v1")),
        ("v1", encounter("rosa", POST)),
    ];
    together(&world, &nurse, &first).await;
    let second = [("v2", encounter("rosa", POST)), ("tos", of_visit(coded("rosa", "R05"), "v2"))];
    together(&world, &nurse, &second).await;
    world
}

#[tokio::test]
async fn a_sensitive_code_labels_its_whole_visit_and_no_other() {
    let world = visits().await;
    for (resource_type, id) in
        [("Condition", "vih"), ("Condition", "gripe"), ("Observation", "medida"), ("Encounter", "v1")]
    {
        assert_eq!(labels(&world, resource_type, id).await, ["vih"], "{resource_type}/{id}");
    }
    assert_eq!(labels(&world, "Encounter", "v2").await, [""; 0]);
    assert_eq!(labels(&world, "Condition", "tos").await, [""; 0]);
    assert_eq!(labels(&world, "Patient", "rosa").await, [""; 0], "the person can still be found");
    let nurse = world.nurse("Ixmucané");
    world.put(&nurse, "tarde", of_visit(measured("rosa"), "v1")).await;
    let penicillin = fhir::json!({ "resourceType": "AllergyIntolerance", "code": { "text": "penicilina" },
        "patient": { "reference": "Patient/rosa" } });
    world.put(&nurse, "alergia", of_visit(penicillin, "v1")).await;
    assert_eq!(labels(&world, "AllergyIntolerance", "alergia").await, [""; 0], "whoever prescribes next sees it");
    assert_eq!(labels(&world, "Observation", "tarde").await, ["vih"], "what is added later to the visit too");
    let stored = world.access.read(&nurse, &Key::new("Condition", "vih")).await.unwrap().value();
    assert_eq!(fhir::validate(&stored), []);
    let security = stored.get("meta").unwrap().items("security").to_vec();
    assert!(security.iter().any(|one| one.text_at(&["code"]) == Some("HIV")), "FHIR's code is there for machines");
    let clerk = world.at("Ana", Role::Clerk, POST);
    assert_eq!(look(&world, &clerk, "Encounter", "v2").await, "ok");
    assert_eq!(look(&world, &clerk, "Encounter", "v1").await, "NotFound");
}

#[tokio::test]
async fn what_is_made_from_a_labelled_visit_is_for_those_who_treat_and_who_triage() {
    let world = visits().await;
    world.agree().await;
    let nurse = world.nurse("Ixmucané");
    let pair = [
        ("s1", of_visit(request("rosa"), "v1")),
        ("t1", referral("rosa", "s1", (POST, HOSPITAL), "requested")),
        ("s2", of_visit(request("rosa"), "v2")),
        ("t2", referral("rosa", "s2", (POST, HOSPITAL), "requested")),
    ];
    together(&world, &nurse, &pair).await;
    for (resource_type, id) in [("ServiceRequest", "s1"), ("Task", "t1")] {
        assert_eq!(labels(&world, resource_type, id).await, ["vih"]);
    }
    assert_eq!(labels(&world, "Task", "t2").await, [""; 0]);
    let treating = [world.nurse("Ixmucané"), world.specialist("Rojas"), world.coordinator("Choc")];
    for cx in treating {
        assert_eq!(look(&world, &cx, "Task", "t1").await, "ok", "{}", cx.name);
    }
    let others = [
        world.at("Ana", Role::Clerk, HOSPITAL),
        world.at("Luz", Role::SocialWorker, HOSPITAL),
        world.at("Marta", Role::Nurse, OTHER_POST),
        world.at("Sofía", Role::Director, HOSPITAL),
        world.at("Díaz", Role::Supervisor, HOSPITAL),
        world.igss_specialist("Luna"),
        world.at("Tun", Role::Nurse, IGSS_HOSPITAL),
    ];
    for cx in others {
        for (resource_type, id) in [("Task", "t1"), ("ServiceRequest", "s1"), ("Condition", "vih")] {
            assert_eq!(look(&world, &cx, resource_type, id).await, "NotFound", "{} {id}", cx.name);
        }
    }
    assert_eq!(
        look(&world, &world.at("Ana", Role::Clerk, HOSPITAL), "Task", "t2").await,
        "ok",
        "the other one is theirs"
    );
}

#[tokio::test]
async fn services_and_ages_imply_and_named_roles_see() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    for (id, born) in [("ana", "2009-06-01"), ("eva", "1990-06-01"), ("ix", "2013-06-01")] {
        world.person(&nurse, id, "Pop").await;
        let mut person = world.access.read(&nurse, &Key::new("Patient", id)).await.unwrap().value();
        person.set("birthDate", born);
        world.update(&nurse, &person).await.unwrap();
        world.put(&nurse, &format!("v-{id}"), encounter(id, POST)).await;
        world.put(&nurse, &format!("c-{id}"), coded(id, "Z34.9")).await;
    }
    assert_eq!(labels(&world, "Condition", "c-ana").await, ["adolescente-ssr"]);
    assert_eq!(labels(&world, "Condition", "c-eva").await, [""; 0]);
    assert_eq!(labels(&world, "Condition", "c-ix").await, ["violencia", "adolescente-ssr"], "a child with child");
    let mut old = coded("eva", "O80");
    old.set("recordedDate", "2007-03-01");
    world.put(&nurse, "parto", old).await;
    assert_eq!(labels(&world, "Condition", "parto").await, ["adolescente-ssr"], "by the age she had then");
    let mut asked = request("eva");
    asked.set("code", fhir::json!({ "coding": [{ "system": system::SPECIALTY, "code": "psiquiatria" }] }));
    world.put(&nurse, "pedido", asked).await;
    assert_eq!(labels(&world, "ServiceRequest", "pedido").await, ["salud-mental"]);
    let social = world.at("Luz", Role::SocialWorker, POST);
    assert_eq!(look(&world, &social, "Condition", "c-ana").await, "ok", "named in the policy");
    assert_eq!(look(&world, &world.at("Ana", Role::CommunityWorker, POST), "Condition", "c-ana").await, "NotFound");
}

#[tokio::test]
async fn nothing_takes_a_label_away_and_every_road_sets_it() {
    let world = visits().await;
    let nurse = world.nurse("Ixmucané");
    let mut plain = of_visit(coded("rosa", "J00"), "v2");
    plain.set("id", "vih");
    world.update(&nurse, &plain).await.unwrap();
    assert_eq!(labels(&world, "Condition", "vih").await, ["vih"], "the author left it out");
    let machine = world.machine("MSPAS", "system/*.cruds tejido/sensible");
    for (id, cx) in [("importada", world.system()), ("por-fhir", machine)] {
        world.put(&cx, id, coded("rosa", "F32")).await;
        assert_eq!(labels(&world, "Condition", id).await, ["salud-mental"], "{id}");
    }
    world.put(&nurse, "de-autora", condition("rosa", Some("violencia"))).await;
    let mut visit = encounter("rosa", POST);
    visit.set("id", "v2");
    visit.set("diagnosis", fhir::json!([{ "condition": { "reference": "Condition/de-autora" } }]));
    world.update(&nurse, &visit).await.unwrap();
    assert_eq!(labels(&world, "Encounter", "v2").await, ["violencia"], "as sensitive as what it names");
}
