//! Two levels of seeing, two institutions, labels, break-glass.

use access::{Ground, Role};
use jiff::SignedDuration;
use store::Kind;
use testkit::{HOSPITAL, IGSS_HOSPITAL, OTHER_POST, POST, World};

use crate::story::{condition, encounter, kind, look, referral, request};

/// Rosa was attended at the post; a condition and an HIV-labelled one stand in her record.
async fn rosa() -> World {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    world.put(&nurse, "visita", encounter("rosa", POST)).await;
    world.put(&nurse, "anemia", condition("rosa", None)).await;
    world.put(&nurse, "vih", condition("rosa", Some("vih"))).await;
    world
}

#[tokio::test]
async fn the_post_that_attends_sees_the_record_and_others_only_the_index() {
    let world = rosa().await;
    let nurse = world.nurse("Ixmucané");
    assert_eq!(look(&world, &nurse, "Patient", "rosa").await, "ok");
    assert_eq!(look(&world, &nurse, "Condition", "anemia").await, "ok");
    assert_eq!(world.access.open_record(&nurse, "rosa").await.unwrap(), Ground::Encounter);

    let stranger = world.at("Marta", Role::Nurse, OTHER_POST);
    assert_eq!(look(&world, &stranger, "Patient", "rosa").await, "masked");
    assert_eq!(look(&world, &stranger, "Condition", "anemia").await, "NotFound");
    let refusal = world.access.open_record(&stranger, "rosa").await;
    assert!(matches!(refusal, Err(access::AccessError::ReasonNeeded { .. })), "{refusal:?}");
    assert_eq!(kind(world.access.open_record(&stranger, "nadie").await), Some(Kind::NotFound));

    let igss = world.igss_specialist("Rojas");
    assert_eq!(look(&world, &igss, "Patient", "rosa").await, "NotFound");
    assert_eq!(kind(world.access.open_record(&igss, "rosa").await), Some(Kind::NotFound));
    for role in [Role::Administrator, Role::Auditor, Role::Supervisor, Role::Coordinator] {
        assert_eq!(look(&world, &world.at("Ana", role, POST), "Patient", "rosa").await, "NotFound", "{role:?}");
    }
}

#[tokio::test]
async fn labelled_resources_are_for_those_who_treat() {
    let world = rosa().await;
    assert_eq!(look(&world, &world.nurse("Ixmucané"), "Condition", "vih").await, "ok");
    for role in [Role::Director, Role::SocialWorker, Role::CommunityWorker, Role::Clerk] {
        let cx = world.at("Ana", role, POST);
        assert_eq!(look(&world, &cx, "Patient", "rosa").await, "ok", "{role:?}");
        assert_eq!(look(&world, &cx, "Condition", "vih").await, "NotFound", "{role:?}");
    }
    let machine = world.machine("MSPAS", "system/*.cruds");
    assert_eq!(look(&world, &machine, "Condition", "anemia").await, "ok");
    assert_eq!(look(&world, &machine, "Condition", "vih").await, "NotFound");
    let trusted = world.machine("MSPAS", "system/*.rs tejido/sensible");
    assert_eq!(look(&world, &trusted, "Condition", "vih").await, "ok");
    let narrow = world.machine("MSPAS", "system/Observation.rs");
    assert_eq!(look(&world, &narrow, "Condition", "anemia").await, "NotFound");
    assert_eq!(look(&world, &world.machine("IGSS", "system/*.cruds"), "Condition", "anemia").await, "NotFound");
}

#[tokio::test]
async fn break_glass_opens_for_some_hours_and_the_auditor_reads_why() {
    let world = rosa().await;
    let doctor = world.at("Pérez", Role::Doctor, HOSPITAL);
    assert_eq!(kind(world.access.break_glass(&doctor, "rosa", "urgente").await), Some(Kind::Rule));
    world.access.break_glass(&doctor, "rosa", "llegó inconsciente a la emergencia").await.unwrap();
    assert_eq!(look(&world, &doctor, "Condition", "anemia").await, "ok");
    assert_eq!(look(&world, &doctor, "Condition", "vih").await, "NotFound", "labelled ones stay closed");
    assert_eq!(world.access.open_record(&doctor, "rosa").await.unwrap(), Ground::BreakGlass);
    let colleague = world.at("Sosa", Role::Doctor, HOSPITAL);
    assert_eq!(look(&world, &colleague, "Condition", "anemia").await, "NotFound", "the grant is one session's");

    let query = store::AuditQuery { patient: Some("rosa".to_owned()), ..Default::default() };
    let seen = world.access.audit_events(&world.auditor("Tzul"), &query).await.unwrap();
    let glass = seen.events.iter().find(|event| event.to_string().contains("110127")).expect("it is in the chain");
    assert_eq!(glass.text_at(&["outcomeDesc"]), Some("llegó inconsciente a la emergencia"));
    for event in &seen.events {
        assert_eq!(fhir::validate(event), [], "{event}");
    }
    let foreign = world.at("Luna", Role::Auditor, IGSS_HOSPITAL);
    assert!(world.access.audit_events(&foreign, &query).await.unwrap().events.is_empty());
    assert_eq!(kind(world.access.audit_events(&doctor, &query).await), Some(Kind::Forbidden));

    world.clock.advance(SignedDuration::from_hours(5));
    let later = world.at("Pérez", Role::Doctor, HOSPITAL);
    assert_eq!(look(&world, &later, "Condition", "anemia").await, "NotFound");
}

#[tokio::test]
async fn across_institutions_a_live_referral_shows_what_it_needs_under_an_agreement() {
    let world = rosa().await;
    let (nurse, rojas) = (world.nurse("Ixmucané"), world.igss_specialist("Rojas"));
    world.put(&nurse, "pedido", request("rosa")).await;
    world.put(&nurse, "ref", referral("rosa", "pedido", (POST, IGSS_HOSPITAL), "requested")).await;
    assert_eq!(look(&world, &rojas, "Task", "ref").await, "NotFound", "no agreement yet");
    world.agree().await;
    for (kind, id, expected) in [
        ("Task", "ref", "ok"),
        ("ServiceRequest", "pedido", "ok"),
        ("Patient", "rosa", "masked"),
        ("Condition", "anemia", "NotFound"),
        ("Encounter", "visita", "NotFound"),
    ] {
        assert_eq!(look(&world, &rojas, kind, id).await, expected, "{kind}");
    }
    let coordinator = world.coordinator("Choc");
    assert_eq!(look(&world, &coordinator, "ServiceRequest", "pedido").await, "ok");
    assert_eq!(look(&world, &coordinator, "Condition", "anemia").await, "NotFound", "content, not record");

    let mut consent = access::Sharing::consent("MSPAS", "IGSS", "2026-01-01");
    consent.set("id", "convenio-mspas");
    consent.set("status", "inactive");
    world.update(&world.at("Ruiz", Role::Director, HOSPITAL), &consent).await.unwrap();
    assert_eq!(look(&world, &rojas, "Task", "ref").await, "NotFound", "suspended");
}

#[tokio::test]
async fn ninety_days_after_closure_a_referral_shows_nothing() {
    let world = rosa().await;
    world.agree().await;
    let nurse = world.nurse("Ixmucané");
    world.put(&nurse, "pedido", request("rosa")).await;
    world.put(&nurse, "ref", referral("rosa", "pedido", (POST, IGSS_HOSPITAL), "completed")).await;
    world.clock.advance(SignedDuration::from_hours(24 * 80));
    assert_eq!(look(&world, &world.igss_specialist("Rojas"), "Task", "ref").await, "ok");
    world.clock.advance(SignedDuration::from_hours(24 * 10));
    assert_eq!(look(&world, &world.igss_specialist("Rojas"), "Task", "ref").await, "NotFound");
    assert_eq!(look(&world, &world.igss_specialist("Rojas"), "Patient", "rosa").await, "NotFound");
}
