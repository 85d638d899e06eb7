//! Two levels of seeing, two institutions, labels, break-glass.

use access::{Cx, Ground, Role, Standing, Terms};
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
async fn an_agreement_is_made_suspended_and_resumed_by_each_side_for_itself() {
    let world = rosa().await;
    let (nurse, rojas) = (world.nurse("Ixmucané"), world.igss_specialist("Rojas"));
    world.put(&nurse, "pedido", request("rosa")).await;
    world.put(&nurse, "ref", referral("rosa", "pedido", (POST, IGSS_HOSPITAL), "requested")).await;
    let (ours, theirs) = (world.administrator("Ana"), world.at("Luna", Role::Administrator, IGSS_HOSPITAL));
    let standing = async |cx: &Cx| world.access.agreements(cx).await.unwrap().pop().map(|one| one.standing);
    assert_eq!(standing(&ours).await, None);
    let terms = Terms::since("2026-01-01");
    let refused = world.access.agree(&nurse, "IGSS", &terms).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Forbidden, "a nurse answers for no institution");
    world.access.agree(&ours, "IGSS", &terms).await.unwrap();
    assert_eq!(standing(&theirs).await, Some(Standing::WaitsForUs));
    assert_eq!(look(&world, &rojas, "Task", "ref").await, "NotFound", "one side alone shares nothing");
    let unmade = world.access.suspend_agreement(&theirs, "MSPAS", "No").await.unwrap_err();
    assert_eq!(unmade.kind(), Kind::NotFound, "there is nothing of theirs to suspend");
    world.access.agree(&theirs, "MSPAS", &terms).await.unwrap();
    assert_eq!(standing(&ours).await, Some(Standing::InForce));
    assert_eq!(look(&world, &rojas, "Task", "ref").await, "ok");
    world.access.suspend_agreement(&theirs, "MSPAS", "Revisión de seguridad").await.unwrap();
    assert_eq!(look(&world, &rojas, "Task", "ref").await, "NotFound", "either side suspends it");
    assert_eq!(standing(&ours).await, Some(Standing::Suspended { by_us: false, by_them: true }));
    world.access.resume_agreement(&ours, "IGSS", "Urge").await.unwrap();
    assert_eq!(look(&world, &rojas, "Task", "ref").await, "NotFound", "nobody resumes what the other suspended");
    let told = world.access.agreements(&ours).await.unwrap().pop().and_then(|one| one.theirs).unwrap();
    assert_eq!((told.active, told.reason.as_str()), (false, "Revisión de seguridad"), "both are told why");
    world.access.resume_agreement(&theirs, "MSPAS", "Revisado").await.unwrap();
    assert_eq!(look(&world, &rojas, "Task", "ref").await, "ok");
    // Made anew with other terms, it is the same agreement.
    world.access.agree(&theirs, "MSPAS", &Terms { days: 30, ..terms }).await.unwrap();
    let agreement = world.access.agreements(&ours).await.unwrap();
    assert_eq!((agreement.len(), agreement[0].theirs.as_ref().unwrap().terms.days), (1, 30));
}

#[tokio::test]
async fn an_agreement_may_show_what_is_closed_for_fewer_days() {
    let world = rosa().await;
    world.agree().await;
    let (nurse, theirs) = (world.nurse("Ixmucané"), world.at("Luna", Role::Administrator, IGSS_HOSPITAL));
    world.access.agree(&theirs, "MSPAS", &Terms { days: 30, ..Terms::since("2026-01-01") }).await.unwrap();
    for (id, status) in [("cerrada", "completed"), ("viva", "requested")] {
        world.put(&nurse, &format!("pedido-{id}"), request("rosa")).await;
        let task = referral("rosa", &format!("pedido-{id}"), (POST, IGSS_HOSPITAL), status);
        world.put(&nurse, id, task).await;
    }
    let look_now = async |id: &str| look(&world, &world.igss_specialist("Rojas"), "Task", id).await;
    world.clock.advance(SignedDuration::from_hours(24 * 20));
    assert_eq!(look_now("cerrada").await, "ok");
    world.clock.advance(SignedDuration::from_hours(24 * 10));
    assert_eq!(look_now("cerrada").await, "NotFound", "its thirty days are over");
    assert_eq!(look_now("viva").await, "ok", "what is open is shown as long as it is open");
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

#[tokio::test]
async fn what_was_written_before_the_sending_stays_with_who_wrote_it() {
    let world = rosa().await;
    world.agree().await;
    let writes = async |value: &fhir::Value| {
        world.clock.advance(SignedDuration::from_mins(10));
        world.update(&world.nurse("Ixmucané"), value).await.unwrap();
    };
    let with = |id: &str, mut value: fhir::Value| {
        value.set("id", id);
        value
    };
    let result = |status: &str| {
        let value = fhir::json!({ "resourceType": "Observation", "status": status, "code": { "text": "Hb" },
            "subject": { "reference": "Patient/rosa" } });
        with("hb", value)
    };
    let task = |status: &str| {
        let mut task = with("ref", referral("rosa", "pedido", (POST, IGSS_HOSPITAL), status));
        task.set("authoredOn", "2026-11-24T14:35:00Z");
        task.set(
            "input",
            fhir::json!([{ "type": { "text": "resultado" },
            "valueReference": { "reference": "Observation/hb" } }]),
        );
        task
    };
    let nurse = world.nurse("Ixmucané");
    world.put(&nurse, "pedido", request("rosa")).await;
    world.put(&nurse, "hb", result("registered")).await;
    world.put(&nurse, "ref", task("draft")).await;
    for value in [result("preliminary"), task("draft"), task("draft"), task("requested"), result("final")] {
        writes(&value).await;
    }
    let versions = async |kind: &str, id: &str| {
        let key = store::Key::new(kind, id);
        let scope = store::HistoryScope::Instance(key.clone());
        let query = store::HistoryQuery { scope, since: None, at: None, count: None, cursor: None };
        let rojas = world.igss_specialist("Rojas");
        let page = world.access.history(&rojas, &query).await;
        let listed: Vec<u64> = page.iter().flat_map(|page| &page.entries).map(|entry| entry.version).collect();
        for version in 1..6 {
            let one = world.access.read_version(&rojas, &key, version).await;
            assert_eq!(one.is_ok(), listed.contains(&version), "{key} {version}");
        }
        listed
    };
    assert_eq!(versions("Task", "ref").await, [4], "not the drafts");
    assert_eq!(versions("Observation", "hb").await, [3, 2], "what was sent, and what came since");
    let own = store::HistoryScope::Instance(store::Key::new("Task", "ref"));
    let query = store::HistoryQuery { scope: own, since: None, at: None, count: None, cursor: None };
    assert_eq!(world.access.history(&world.nurse("Ixmucané"), &query).await.unwrap().entries.len(), 4);
    let mut closed = task("completed");
    closed.set("lastModified", "2026-11-24T15:00:00Z");
    writes(&closed).await;
    assert_eq!(versions("Task", "ref").await, [5, 4]);
    world.clock.advance(SignedDuration::from_hours(24 * 90 + 1));
    assert_eq!(versions("Task", "ref").await, Vec::<u64>::new(), "ninety days after closure");
    assert_eq!(versions("Observation", "hb").await, Vec::<u64>::new());
}

#[tokio::test]
async fn what_names_its_person_in_another_way_is_for_the_whole_institution_only() {
    let world = rosa().await;
    let nurse = world.nurse("Ixmucané");
    let by_number = fhir::json!({ "identifier": { "system": access::system::CUI, "value": "9900042281609" } });
    let observation = fhir::json!({ "resourceType": "Observation", "status": "final",
        "code": { "text": "Carga viral" }, "subject": by_number.clone() });
    let task = fhir::json!({ "resourceType": "Task", "status": "requested", "intent": "order", "for": by_number });
    let scan = fhir::json!({ "resourceType": "Binary", "contentType": "image/png", "data": "aGVs" });
    let work = fhir::json!({ "resourceType": "Task", "status": "requested", "intent": "order" });
    let machine = world.machine("MSPAS", "system/*.rs tejido/sensible");
    for (id, value, expected) in [
        ("carga", observation, "NotFound"),
        ("visitar", task, "NotFound"),
        ("hoja", scan, "NotFound"),
        ("orden", work, "ok"),
    ] {
        let kind = value.resource_type().unwrap().to_owned();
        world.put(&nurse, id, value).await;
        for role in [Role::Nurse, Role::Clerk, Role::Administrator] {
            assert_eq!(look(&world, &world.at("Ana", role, POST), &kind, id).await, expected, "{role:?} {kind}");
        }
        assert_eq!(look(&world, &machine, &kind, id).await, "ok", "{kind}");
    }
    let query = store::AuditQuery { actor: Some(machine.actor.label()), ..Default::default() };
    let told = world.access.audit_events(&world.auditor("Tzul"), &query).await.unwrap();
    assert_eq!(told.events.len(), 4, "also what names nobody is written down");
}

#[tokio::test]
async fn a_directory_asked_by_what_patients_have_is_a_question_about_patients() {
    let world = rosa().await;
    let nurse = world.nurse("Ixmucané");
    for query in ["_has:Encounter:service-provider:status=finished", "name=chicoj"] {
        let (name, value) = query.split_once('=').unwrap();
        let query = fhir::search::Query::parse(&["Organization"], &[(name.to_owned(), value.to_owned())]).unwrap();
        world.access.search(&nurse, &query).await.unwrap();
    }
    let query = store::AuditQuery { action: Some(store::AuditAction::Search), ..Default::default() };
    let told = world.access.audit_events(&world.auditor("Tzul"), &query).await.unwrap();
    assert_eq!(told.events.len(), 1);
    assert!(told.events[0].to_string().contains("_has:Encounter"));
}

#[tokio::test]
async fn the_index_is_asked_for_a_number_of_a_named_kind() {
    let world = rosa().await;
    let stranger = world.at("Marta", Role::Nurse, OTHER_POST);
    let ask = async |name: &str, value: &str| {
        let query = fhir::search::Query::parse(&["Patient"], &[(name.to_owned(), value.to_owned())]).unwrap();
        kind(world.access.index_search(&stranger, &query).await)
    };
    assert_eq!(ask("identifier", &format!("{}|9900042281609", access::system::CUI)).await, None);
    for (name, value) in [
        ("identifier", "9900042281609"),
        ("identifier", "urn:tejido:id:cui|"),
        ("identifier:missing", "true"),
        ("organization", "Organization/puesto-chicoj"),
    ] {
        assert_eq!(ask(name, value).await, Some(Kind::Invalid), "{name}={value}");
    }
}

#[tokio::test]
async fn what_is_only_planned_or_not_ours_opens_no_record() {
    let world = World::new().await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Caal").await;
    world.put(&nurse, "anemia", condition("rosa", None)).await;
    let colleague = world.at("Marta", Role::Nurse, OTHER_POST);
    let mut planned = encounter("rosa", OTHER_POST);
    planned.set("status", "planned");
    world.put(&colleague, "plan", planned).await;
    let place = fhir::json!({ "url": access::system::EXT_FACILITY,
        "valueReference": { "reference": format!("Organization/{OTHER_POST}") } });
    let appointment = fhir::json!({ "resourceType": "Appointment", "status": "booked", "extension": [place],
        "start": "2026-11-30T14:00:00Z", "end": "2026-11-30T14:20:00Z",
        "participant": [{ "actor": { "reference": "Patient/rosa" }, "status": "accepted" }] });
    world.put(&colleague, "cita", appointment).await;
    assert_eq!(look(&world, &colleague, "Condition", "anemia").await, "NotFound");
}

#[tokio::test]
async fn to_read_is_not_to_search() {
    let world = rosa().await;
    let query = fhir::search::Query::parse(&["Condition"], &[]).unwrap();
    for (scopes, read, found) in [("system/Condition.r", "ok", 0), ("system/Condition.s", "NotFound", 1)] {
        let machine = world.machine("MSPAS", scopes);
        assert_eq!(look(&world, &machine, "Condition", "anemia").await, read, "{scopes}");
        assert_eq!(world.access.search(&machine, &query).await.unwrap().matches.len(), found, "{scopes}");
    }
}
