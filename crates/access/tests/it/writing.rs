//! What may be written, by whom, and what is written down about it.

use access::{Cx, Role, system};
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

#[tokio::test]
async fn what_an_account_may_do_changes_only_by_the_accounts() {
    let world = World::new().await;
    let at = |code: &str, facility: &str| {
        fhir::json!({ "resourceType": "PractitionerRole", "id": "papel", "active": true,
            "practitioner": { "reference": "Practitioner/ixmucane" },
            "organization": { "reference": format!("Organization/{facility}") },
            "code": [{ "coding": [{ "system": system::ROLE, "code": code }] }] })
    };
    let role = at("gestor-red", POST);
    world.put(&world.administrator("Ana"), "papel", role.clone()).await;
    let mut wider = role.clone();
    let extra = fhir::json!({ "url": system::EXT_TERRITORY,
        "valueReference": { "reference": format!("Organization/{OTHER_POST}") } });
    wider.set("extension", vec![extra]);
    let mut told = role.clone();
    told.set("availabilityExceptions", "los lunes");
    let machine = Cx { role: Role::System, ..world.nurse("Máquina") };
    for cx in [world.at("Tec", Role::Supervisor, testkit::OFFICE), machine, world.machine("MSPAS", "system/*.cruds")] {
        for change in [&at("administrador", POST), &at("gestor-red", HOSPITAL), &wider] {
            assert_eq!(kind(world.update(&cx, change).await), Some(Kind::Forbidden), "{:?}: {change}", cx.role);
        }
        world.update(&cx, &told).await.unwrap();
    }
    world.update(&world.administrator("Ana"), &wider).await.unwrap();
}

#[tokio::test]
async fn nothing_is_written_over_what_is_hidden() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    world.put(&nurse, "visita", encounter("rosa", POST)).await;
    for id in ["anemia", "borrada"] {
        world.put(&nurse, id, condition("rosa", None)).await;
    }
    let key = Key::new("Condition", "borrada");
    let delete = Change { key: key.clone(), expect: Expect::Any, write: Write::Delete };
    world.change(&world.system(), "delete", delete).await.unwrap();
    let rojas = world.igss_specialist("Rojas");
    world.person(&rojas, "ana", "Tzul").await;
    for id in ["anemia", "borrada"] {
        assert_eq!(kind(world.try_put(&rojas, id, condition("ana", None)).await), Some(Kind::NotFound), "{id}");
    }
    assert_eq!(world.store().read(&key, &store::Visibility::All).await.unwrap().unwrap().version, 2);

    // A machine of a whole institution chooses ids, so it learns that one is taken: not untraced.
    let machine = world.machine("IGSS", "system/*.cruds");
    let with_id = |id: &str| {
        let mut value = condition("ana", None);
        value.set("id", id);
        value
    };
    let query = AuditQuery { action: Some(store::AuditAction::Denied), ..AuditQuery::default() };
    world.update(&machine, &with_id("libre")).await.unwrap();
    assert_eq!(world.access.audit_events(&world.system(), &query).await.unwrap().events.len(), 0);
    assert_eq!(kind(world.update(&machine, &with_id("anemia")).await), Some(Kind::NotFound));
    let denied = world.access.audit_events(&world.system(), &query).await.unwrap().events;
    assert!(denied.len() == 1 && denied[0].to_string().contains("Condition/anemia"), "{denied:?}");
    let bound = Cx { facility: rojas.facility.clone(), ..machine };
    for id in ["anemia", "tampoco"] {
        assert_eq!(kind(world.update(&bound, &with_id(id)).await), Some(Kind::NotFound), "{id}: of one facility");
    }
}

#[tokio::test]
async fn the_provenance_of_a_sensitive_resource_is_as_sensitive() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    world.put(&nurse, "visita", encounter("rosa", POST)).await;
    world.put(&nurse, "vih", condition("rosa", Some("vih"))).await;
    let log = world.store().changes(0, 1000).await.unwrap();
    let told = log.iter().rfind(|entry| entry.key.resource_type == "Provenance").unwrap();
    let id = told.key.id.as_str();
    assert_eq!(look(&world, &world.at("Ana", Role::Director, POST), "Provenance", id).await, "NotFound");
    assert_eq!(look(&world, &nurse, "Condition", "vih").await, "ok");
}

#[tokio::test]
async fn an_agreement_is_changed_and_taken_away_by_who_answers_for_one() {
    let world = World::new().await;
    world.agree().await;
    let (nurse, machine) = (world.nurse("Ixmucané"), world.machine("MSPAS", "system/*.cruds"));
    let mut consent = access::Sharing::consent("MSPAS", "IGSS", "2026-01-01");
    consent.set("id", "convenio-mspas");
    consent.set("category", vec![fhir::json!({ "text": "otra cosa" })]);
    for cx in [&nurse, &machine] {
        assert_eq!(kind(world.update(cx, &consent).await), Some(Kind::Forbidden), "out by dropping the category");
    }
    let key = Key::new("Consent", "convenio-mspas");
    let delete = Change { key, expect: Expect::Any, write: Write::Delete };
    assert_eq!(kind(world.change(&machine, "delete", delete).await), Some(Kind::Forbidden));
}

#[tokio::test]
async fn what_nobody_keeps_is_the_networks() {
    let world = World::new().await;
    let bare = fhir::json!({ "resourceType": "Location", "id": "ermita", "name": "La Ermita" });
    world.put(&world.system(), "ermita", bare.clone()).await;
    for cx in [world.administrator("Ana"), world.machine("IGSS", "system/*.cruds")] {
        assert_eq!(kind(world.update(&cx, &bare).await), Some(Kind::Forbidden), "{:?}", cx.role);
    }
    world.update(&world.machine("", "system/*.cruds"), &bare).await.unwrap();
    let post = fhir::json!({ "resourceType": "Organization", "name": "Puesto nuevo",
        "extension": [{ "url": system::EXT_INSTITUTION, "valueCode": "MSPAS" }] });
    let stored = world.put(&world.system(), "nuevo", post).await;
    world.update(&world.administrator("Ana"), &stored.value()).await.unwrap();
    let foreign = world.at("Luna", Role::Administrator, IGSS_HOSPITAL);
    assert_eq!(kind(world.update(&foreign, &stored.value()).await), Some(Kind::Forbidden));
}

#[tokio::test]
async fn a_resource_of_a_record_never_passes_to_another_person() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    world.person(&nurse, "ana", "Tzul").await;
    world.put(&nurse, "anemia", condition("rosa", None)).await;
    let mut moved = condition("ana", None);
    moved.set("id", "anemia");
    assert_eq!(kind(world.update(&nurse, &moved).await), Some(Kind::Rule));
    moved.set("subject", fhir::json!({ "display": "Rosa" }));
    assert_eq!(kind(world.update(&nurse, &moved).await), Some(Kind::Rule), "nor to nobody");

    // Nor by way of its grave, which keeps its history.
    let machine = world.machine("MSPAS", "system/*.cruds");
    let key = Key::new("Condition", "anemia");
    let delete = Change { key, expect: Expect::Any, write: Write::Delete };
    world.change(&machine, "delete", delete).await.unwrap();
    moved.set("subject", fhir::json!({ "reference": "Patient/ana" }));
    assert_eq!(kind(world.update(&machine, &moved).await), Some(Kind::Rule));
    moved.set("subject", fhir::json!({ "reference": "Patient/rosa" }));
    world.update(&machine, &moved).await.unwrap();
}

#[tokio::test]
async fn the_trail_is_written_under_ones_own_name() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    let told = |who: &str| {
        fhir::json!({ "resourceType": "Provenance", "recorded": "2026-11-24T14:00:00Z",
            "target": [{ "reference": "Patient/rosa" }], "agent": [{ "who": { "reference": who } }] })
    };
    let event = fhir::json!({ "resourceType": "AuditEvent", "recorded": "2026-11-24T14:00:00Z",
        "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest" },
        "agent": [{ "requestor": true }], "source": { "observer": { "display": "x" } } });
    for cx in [&nurse, &world.machine("MSPAS", "system/*.cruds")] {
        assert_eq!(kind(world.try_put(cx, "falsa", told("Practitioner/otra")).await), Some(Kind::Forbidden));
        assert_eq!(kind(world.try_put(cx, "evento", event.clone()).await), Some(Kind::Forbidden));
    }
    let mut named = told("Practitioner/otra");
    let inside = fhir::json!([{ "resourceType": "Practitioner", "id": "p", "active": true }]);
    for (who, inside) in
        [(fhir::json!({ "display": "Dra. Otra" }), None), (fhir::json!({ "reference": "#p" }), Some(inside))]
    {
        named.set("agent", fhir::json!([{ "who": who }]));
        if let Some(inside) = inside {
            named.set("contained", inside);
        }
        assert_eq!(kind(world.try_put(&nurse, "falsa", named.clone()).await), Some(Kind::Forbidden), "{named}");
    }
    world.put(&nurse, "propia", told("Practitioner/ixmucane")).await;
}

#[tokio::test]
async fn only_a_governed_resource_opens_a_record_to_another_facility() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    let mut visit = encounter("rosa", HOSPITAL);
    visit.set("meta", fhir::json!({ "profile": ["urn:tejido:profile:cita"] }));
    assert_eq!(kind(world.try_put(&nurse, "visita", visit).await), Some(Kind::Forbidden));
}
