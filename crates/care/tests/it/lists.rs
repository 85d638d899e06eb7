//! What waits for whom, however long the list.

use access::{Act, Role};
use care::referral::Referral;
use care::referral::attend::attend;
use care::referral::book::book;
use care::referral::cancel::suspend;
use care::referral::draft::{Draft, start_draft};
use care::referral::home::{waiting_at_destination, waiting_at_post};
use care::referral::notice::{Notice, note};
use care::referral::review::{Review, review};
use care::referral::send::send;
use care::referral::worklist::{Filter, board};
use store::{Change, Expect, Key, Kind, Write};
use testkit::{OTHER_POST, POST};

use crate::stage::{after, draft, stage};

#[tokio::test]
async fn a_long_list_hides_nobody() {
    let stage = stage().await;
    let access = &stage.world.access;
    let written = start_draft(access, &stage.nurse, &draft()).await.unwrap();
    let copy = |number: usize| {
        let id = format!("copia-{number}");
        let (mut task, mut request) = (written.task.clone(), written.request.clone());
        task.set("id", id.as_str());
        task.set("focus", fhir::json!({ "reference": format!("ServiceRequest/{id}") }));
        request.set("id", id.as_str());
        [request, task]
    };
    let put = |one: fhir::Value| Change {
        key: Key::new(one.resource_type().unwrap(), one.id().unwrap()),
        expect: Expect::Absent,
        write: Write::Put(one.to_bytes().into()),
    };
    let changes = (0..600).flat_map(copy).map(put).collect();
    access.commit(&stage.nurse, Act { name: "draft", changes, ..Act::default() }).await.unwrap();
    assert_eq!(waiting_at_post(access, &stage.nurse).await.unwrap().drafts.len(), 601);
}

#[tokio::test]
async fn a_coordinator_sees_what_comes_from_outside() {
    let stage = stage().await;
    let access = &stage.world.access;
    let outside = stage.world.at("Lejana", Role::Nurse, OTHER_POST);
    stage.world.person(&outside, "juana", "Choc").await;
    let patient = care::referral::Named { id: "juana".into(), name: "Juana Choc".into() };
    let written = start_draft(access, &outside, &Draft { patient, ..draft() }).await.unwrap();
    let sent = send(access, &outside, &written).await.unwrap();
    let seen = board(access, &stage.coordinator, &Filter::default(), 1).await.unwrap();
    assert_eq!(seen.page.rows.iter().map(Referral::id).collect::<Vec<_>>(), [sent.id()]);
    assert_eq!(seen.page.total, 1);
    let within = send(access, &stage.nurse, &start_draft(access, &stage.nurse, &draft()).await.unwrap()).await.unwrap();
    let seen = board(access, &stage.coordinator, &Filter::default(), 1).await.unwrap();
    let found: Vec<_> = seen.page.rows.iter().filter(|one| one.id() == within.id()).collect();
    assert_eq!((seen.page.total, found.len()), (2, 1), "what both begins and ends here is told once");
}

#[tokio::test]
async fn an_appointment_is_told_then_marked() {
    let stage = stage().await;
    let access = &stage.world.access;
    let booked = book(access, &stage.clerk, &stage.waiting().await, "s1").await.unwrap();
    assert_eq!(booked.due(), Some("2026-12-01T14:20:00Z".parse().unwrap()));
    assert_eq!(waiting_at_post(access, &stage.nurse).await.unwrap().to_tell.len(), 1);
    let late = waiting_at_post(access, &after(&stage.nurse)).await.unwrap();
    assert!(late.to_tell.is_empty(), "nobody is told of what is over");
    let health = stage.world.at("Lucas", Role::CommunityWorker, POST);
    let told = note(access, &health, &booked, Notice::Told, "Fui a su casa").await.unwrap();
    assert_eq!(told.state, booked.state);
    assert!(waiting_at_post(access, &stage.nurse).await.unwrap().to_tell.is_empty());
    assert!(waiting_at_destination(access, &stage.specialist).await.unwrap().unmarked.is_empty(), "not yet");
    stage.world.clock.advance(jiff::SignedDuration::from_hours(24 * 30));
    let specialist = stage.world.specialist("Rojas");
    let there = waiting_at_destination(access, &specialist).await.unwrap();
    assert_eq!(there.unmarked.len(), 1, "nobody noted whether she came");
    attend(access, &specialist, &there.unmarked[0]).await.unwrap();
    let there = waiting_at_destination(access, &specialist).await.unwrap();
    assert_eq!((there.unmarked.len(), there.to_answer.len()), (0, 1));
}

#[tokio::test]
async fn a_rejection_waits_until_it_is_read_and_a_suspension_until_it_ends() {
    let stage = stage().await;
    let access = &stage.world.access;
    let written = start_draft(access, &stage.nurse, &draft()).await.unwrap();
    let sent = send(access, &stage.nurse, &written).await.unwrap();
    let out = review(access, &stage.coordinator, &sent, &Review::Reject, "Se trata en el puesto").await.unwrap();
    assert_eq!(waiting_at_post(access, &stage.nurse).await.unwrap().rejected.len(), 1);
    let early = note(access, &stage.nurse, &out, Notice::Told, "").await;
    assert_eq!(early.unwrap_err().kind(), Kind::Rule, "no appointment to tell of");
    note(access, &stage.nurse, &out, Notice::Read, "").await.unwrap();
    assert!(waiting_at_post(access, &stage.nurse).await.unwrap().rejected.is_empty());
    suspend(access, &stage.nurse, &stage.waiting().await, "Está de viaje").await.unwrap();
    assert_eq!(waiting_at_post(access, &stage.nurse).await.unwrap().suspended.len(), 1);
}

#[tokio::test]
async fn only_a_coming_place_of_the_service_at_the_destination_is_given() {
    let stage = stage().await;
    let access = &stage.world.access;
    let system = stage.world.system();
    let slot = |schedule: &str, day: &str| {
        fhir::json!({ "resourceType": "Slot", "meta": { "profile": [access::system::PROFILE_SLOT] },
            "schedule": { "reference": format!("Schedule/{schedule}") }, "status": "free",
            "start": format!("{day}T14:00:00Z"), "end": format!("{day}T14:20:00Z") })
    };
    stage.world.put(&system, "ayer", slot("agenda", "2026-11-20")).await;
    let other =
        fhir::json!({ "resourceType": "Schedule", "active": true, "actor": [{ "reference": "Practitioner/p" }] });
    stage.world.put(&system, "otra", other).await;
    stage.world.put(&system, "ajeno", slot("otra", "2026-12-02")).await;
    let listed = stage.waiting().await;
    for place in ["ayer", "ajeno"] {
        let refused = book(access, &stage.clerk, &listed, place).await;
        assert!(matches!(refused, Err(care::CareError::Taken { .. })), "{place}");
    }
}

#[tokio::test]
async fn what_is_written_about_a_synthetic_person_says_so() {
    let stage = stage().await;
    let access = &stage.world.access;
    let mut rosa = access.read(&stage.nurse, &Key::new("Patient", "rosa")).await.unwrap().value();
    let mut meta = rosa.get("meta").cloned().unwrap_or_else(|| fhir::json!({}));
    meta.set("tag", fhir::json!([{ "system": access::system::TAG, "code": "sintetico" }]));
    rosa.set("meta", meta);
    stage.world.update(&stage.nurse, &rosa).await.unwrap();
    let booked = book(access, &stage.clerk, &stage.waiting().await, "s1").await.unwrap();
    let appointment = booked.state.appointment().unwrap().to_owned();
    let attended = attend(access, &after(&stage.specialist), &booked).await.unwrap();
    let keys = [
        Key::new("ServiceRequest", booked.request.id().unwrap()),
        Key::new("Task", booked.id()),
        Key::new("Appointment", appointment),
        Key::new("Encounter", attended.encounter().unwrap()),
    ];
    for key in keys {
        let told = access.read(&stage.specialist, &key).await.unwrap().value();
        assert_eq!(told.text_at(&["meta", "tag", "code"]), Some("sintetico"), "{key}");
    }
}
