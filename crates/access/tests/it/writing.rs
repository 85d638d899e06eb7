//! What may be written, by whom, and what is written down about it.

use access::Role;
use store::{AuditQuery, Change, Expect, Key, Kind, Write};
use testkit::{HOSPITAL, IGSS_HOSPITAL, OTHER_POST, POST, World};

use crate::story::{condition, encounter, kind, look, referral, request};

#[tokio::test]
async fn a_write_is_validated_stamped_and_told() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    let stored = world.person(&nurse, "rosa", "Caal").await;
    assert!(String::from_utf8_lossy(&stored.body).contains(r#""code":"MSPAS""#), "the custodian is stamped");
    let broken = fhir::json!({ "resourceType": "Patient", "gender": "mujer" });
    assert_eq!(kind(world.try_put(&nurse, "x", broken).await), Some(Kind::Invalid));
    let log = world.store().changes(0, 1000).await.unwrap();
    let events: Vec<_> = log.iter().filter(|entry| entry.author == "Practitioner/ixmucane").collect();
    let types: Vec<_> = events.iter().map(|entry| entry.key.resource_type.as_str()).collect();
    assert_eq!(types, ["Patient", "AuditEvent", "Provenance"]);
    for entry in events {
        assert_eq!(fhir::validate(&entry.value()), [], "{}", entry.key);
    }
    let event = log.iter().rfind(|entry| entry.key.resource_type == "AuditEvent").unwrap();
    let change = Change { key: event.key.clone(), expect: Expect::Any, write: Write::Delete };
    assert_eq!(kind(world.change(&world.system(), "delete", change).await), Some(Kind::Rule), "append-only for all");
}

#[tokio::test]
async fn what_is_hidden_is_not_there_for_writes_either() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    world.put(&nurse, "visita", encounter("rosa", POST)).await;
    world.put(&nurse, "anemia", condition("rosa", None)).await;
    let stranger = world.igss_specialist("Rojas");
    for id in ["anemia", "nunca-hubo"] {
        let mut value = condition("rosa", None);
        value.set("id", id);
        assert_eq!(kind(world.update(&stranger, &value).await), Some(Kind::NotFound), "{id}");
    }
    let about = world.try_put(&stranger, "nueva", condition("rosa", None)).await;
    assert_eq!(kind(about), Some(Kind::NotFound), "about somebody who can't be seen");
    let colleague = world.at("Marta", Role::Nurse, OTHER_POST);
    let opened = world.try_put(&colleague, "otra", encounter("rosa", POST)).await;
    assert_eq!(kind(opened), Some(Kind::Forbidden), "a record is opened for one's own facility only");
    world.put(&colleague, "propia", encounter("rosa", OTHER_POST)).await;
    assert_eq!(look(&world, &colleague, "Condition", "anemia").await, "ok");
}

#[tokio::test]
async fn custodian_and_labels_stay() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    world.put(&nurse, "visita", encounter("rosa", POST)).await;
    world.put(&nurse, "vih", condition("rosa", Some("vih"))).await;
    let mut plain = condition("rosa", None);
    plain.set("id", "vih");
    let next = world.update(&nurse, &plain).await.unwrap();
    let text = String::from_utf8_lossy(&next.body).into_owned();
    assert!(text.contains("MSPAS") && text.contains(r#""code":"vih""#), "{text}");
    plain.set("meta", fhir::json!({ "security": [{ "system": access::system::CUSTODIAN, "code": "IGSS" }] }));
    assert_eq!(kind(world.update(&nurse, &plain).await), Some(Kind::Rule));
}

#[tokio::test]
async fn a_referral_encloses_only_what_its_writer_sees_of_the_same_person() {
    let world = World::new().await;
    let (nurse, other) = (world.nurse("Ixmucané"), world.at("Marta", Role::Nurse, OTHER_POST));
    world.person(&nurse, "rosa", "Caal").await;
    world.person(&other, "juan", "Pop").await;
    world.put(&other, "de-juan", condition("juan", None)).await;
    world.put(&nurse, "pedido", request("rosa")).await;
    let enclosing = |id: &str| {
        let mut task = referral("rosa", "pedido", (POST, HOSPITAL), "requested");
        let item = fhir::json!({ "type": { "text": "resumen" },
            "valueReference": { "reference": format!("Condition/{id}") } });
        task.set("input", vec![item]);
        task
    };
    assert_eq!(kind(world.try_put(&nurse, "r1", enclosing("de-juan")).await), Some(Kind::NotFound));
    assert_eq!(kind(world.try_put(&nurse, "r1", enclosing("no-hay")).await), Some(Kind::NotFound));
    world.person(&nurse, "ana", "Tzul").await;
    world.put(&nurse, "de-ana", condition("ana", None)).await;
    assert_eq!(kind(world.try_put(&nurse, "r1", enclosing("de-ana")).await), Some(Kind::Rule));
}

#[tokio::test]
async fn each_role_writes_what_its_line_says() {
    let world = World::new().await;
    world.person(&world.nurse("Ixmucané"), "rosa", "Caal").await;
    let organization = fhir::json!({ "resourceType": "Organization", "name": "Puesto nuevo" });
    for role in Role::ALL.into_iter().filter(|role| *role != Role::System) {
        let cx = world.at("Ana", role, POST);
        let directory = world.try_put(&cx, &format!("o-{}", role.code()), organization.clone()).await.is_ok();
        assert_eq!(directory, role == Role::Administrator, "{role:?}");
        let clinical = world.try_put(&cx, &format!("c-{}", role.code()), condition("rosa", None)).await.is_ok();
        assert_eq!(clinical, matches!(role, Role::Nurse | Role::Doctor | Role::Specialist), "{role:?}");
        let key = Key::new("Patient", "rosa");
        let delete = world.change(&cx, "delete", Change { key, expect: Expect::Any, write: Write::Delete }).await;
        assert_eq!(kind(delete), Some(Kind::Forbidden), "{role:?}");
    }
    let query = AuditQuery { action: Some(store::AuditAction::Denied), ..AuditQuery::default() };
    let denied = world.access.audit_events(&world.auditor("Tzul"), &query).await.unwrap();
    assert!(denied.events.len() > 12, "refusals are written down");
    let foreign = world.at("Luna", Role::Administrator, IGSS_HOSPITAL);
    let mut post = fhir::json!({ "resourceType": "Organization", "name": "Mío" });
    post.set("id", POST);
    assert_eq!(kind(world.update(&foreign, &post).await), Some(Kind::Forbidden));
}
