//! What care would refuse is not offered, and what is refused is said in words: the corners of the
//! circuit of a referral.

use access::Role;
use axum::http::StatusCode;
use care::referral::Referral;
use care::referral::answer::{CounterReferral, Line, LineAnswer, LineKind, acknowledge, counter_refer};
use care::referral::attend::attend;
use care::referral::cancel::no_show;
use care::referral::draft::{Draft, start_draft};
use care::referral::exit::exit;
use care::referral::follow_up::finish_follow_up;
use care::referral::review::{Review, review};
use care::referral::state::{ExitReason, Phase, Priority};
use care::referral::transfer::{Aim, accept_transfer, arrive, depart, request_transfer};
use testkit::{HOSPITAL, OFFICE, POST};

use crate::Site;
use crate::appointments::{booked, waiting};
use crate::chain::{acts, at_work, now, sent};
use crate::house::well_made;
use crate::post::draft;

fn line(words: &str) -> Line {
    Line { kind: LineKind::Control, words: words.into(), due: None, who: None }
}

/// The specialist attends and asks two things of the post.
async fn answered(site: &Site, referral: &Referral) -> Referral {
    let (access, specialist) = (&site.world.access, site.world.specialist("Rojas"));
    let seen = Referral::load(access, &specialist, referral.id()).await.unwrap();
    let attended = attend(access, &specialist, &seen).await.unwrap();
    let answer = CounterReferral {
        findings: "Catarata madura".into(),
        diagnoses: vec![("H25".into(), "Catarata senil".into())],
        lines: vec![line("Medir agudeza visual"), line("Gotas por un mes")],
        ..CounterReferral::default()
    };
    counter_refer(access, &specialist, &attended, &answer).await.unwrap()
}

/// Rosa was attended and answered; the post takes these lines of the plan and not the others.
async fn acknowledged(takes: [bool; 2]) -> (Site, Referral) {
    let (site, id) = waiting().await;
    booked(&site, &id, "h1").await;
    let referral = answered(&site, &now(&site, &id).await).await;
    let answers = takes.map(|takes| match takes {
        true => LineAnswer::Accepted,
        false => LineAnswer::Objected("No hay gotas".into()),
    });
    let nurse = site.world.nurse("Ana");
    let seen = Referral::load(&site.world.access, &nurse, referral.id()).await.unwrap();
    let next = acknowledge(&site.world.access, &nurse, &seen, &answers).await.unwrap();
    (site, next)
}

#[tokio::test]
async fn whoever_was_only_advised_can_still_be_transferred_at_once() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let coordinator = site.world.coordinator("Edgar");
    let access = &site.world.access;
    review(access, &coordinator, &now(&site, &id).await, &Review::Advise, "Gotas").await.unwrap();
    let mut nurse = at_work(&site, "enfermera", Role::Nurse, POST).await;
    let path = format!("/referencias/{id}/traslado");
    assert!(nurse.get(&format!("/referencias/{id}")).await.body.contains(&path), "it is offered");
    let page = nurse.get(&path).await;
    let version = page.hidden("version");
    let ask = [("version", version.as_str()), ("destino", HOSPITAL), ("motivo", "Ya no ve")];
    let asked = nurse.submit(&page, &path, &ask).await;
    assert_eq!(asked.location(), path, "{}", asked.body);
    let page = nurse.get(&path).await;
    assert!(page.body.contains("Traslado urgente pedido") && !page.body.contains(r#"value="pedir""#), "{}", page.body);
    let late = nurse.submit(&page, &path, &[("version", &page.hidden("version")), ("destino", HOSPITAL)]).await;
    assert_ne!(late.status, StatusCode::SEE_OTHER, "asked for once");
}

#[tokio::test]
async fn an_objection_is_not_closed_over_an_open_follow_up_and_no_word_is_lost() {
    let (site, referral) = acknowledged([true, false]).await;
    assert_eq!(referral.state.phase(), Phase::Plan);
    let path = format!("/referencias/{}/objecion", referral.id());
    let mut specialist = site.logged_in("rojas", Role::Specialist, HOSPITAL).await;
    let page = specialist.get(&path).await;
    well_made(&path, &page);
    assert!(page.body.contains("Hay una tarea del plan sin terminar"), "{}", page.body);
    assert!(!page.body.contains(r#"value="cerrar""#), "what is refused is not offered: {}", page.body);
    let version = page.hidden("version");
    let typed = [("version", version.as_str()), ("respuesta", "Que use lentes"), ("boton", "cerrar")];
    let refused = specialist.submit(&page, &path, &typed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    for part in ["Que use lentes</textarea>", "Una tarea del plan no está terminada"] {
        assert!(refused.body.contains(part), "{part}: {}", refused.body);
    }
    let mut post = site.logged_in("ana", Role::Nurse, POST).await;
    let home = post.get("/").await;
    let tasks = home.body.split("id=\"tareas\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(tasks.contains("SINTÉTICO"), "a task is of an invented person too: {tasks}");
    let nurse = site.world.nurse("Ana");
    let task = referral.follow_ups().pop().unwrap();
    finish_follow_up(&site.world.access, &nurse, &task, true, "Vino").await.unwrap();
    let page = specialist.get(&path).await;
    let version = page.hidden("version");
    let typed = [("version", version.as_str()), ("respuesta", "Que use lentes"), ("boton", "cerrar")];
    assert_eq!(specialist.submit(&page, &path, &typed).await.location(), format!("/referencias/{}", referral.id()));
    assert_eq!(now(&site, referral.id()).await.state.phase(), Phase::Closed);
}

#[tokio::test]
async fn what_the_post_cannot_do_is_amended_by_a_new_answer() {
    for takes in [[false, false], [true, false]] {
        let (site, referral) = acknowledged(takes).await;
        let mut specialist = site.logged_in("rojas", Role::Specialist, HOSPITAL).await;
        let here = format!("/referencias/{}", referral.id());
        let path = format!("{here}/contrarreferir");
        assert!(specialist.get(&here).await.body.contains(&path), "it is offered");
        let page = specialist.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{takes:?}: {}", page.body);
        well_made(&path, &page);
        for button in [r#"value="control""#, r#"value="ingresar""#] {
            assert!(!page.body.contains(&format!("name=\"boton\" {button}")), "{button}: {}", page.body);
        }
        let version = page.hidden("version");
        let answer = [("hallazgos", "Sin gotas"), ("dx1", "ojo nublado zzz"), ("sigue", "alta"), ("boton", "firmar")];
        let answer = [&answer[..], &[("version", version.as_str())]].concat();
        let signed = specialist.submit(&page, &path, &answer).await;
        if takes[0] {
            assert_eq!(signed.status, StatusCode::CONFLICT);
            assert!(signed.body.contains("Una tarea del plan no está terminada"), "{}", signed.body);
        } else {
            assert_eq!(signed.location(), format!("{here}/contrarreferencia"), "{}", signed.body);
        }
    }
}

#[tokio::test]
async fn the_coordinator_goes_from_the_first_page_to_all_objections() {
    let (site, _) = acknowledged([false, false]).await;
    let mut coordinator = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    let home = coordinator.get("/").await;
    assert!(home.body.contains("Objeción del puesto"), "{}", home.body);
    assert!(!home.body.contains("/pendientes/objeciones"), "{}", home.body);
    assert_eq!(coordinator.get("/pendientes/objeciones").await.status, StatusCode::NOT_FOUND);
    assert!(coordinator.get("/referencias?ver=objeciones").await.body.contains("Rosa Tzub"));
    let mut specialist = site.logged_in("rojas", Role::Specialist, HOSPITAL).await;
    assert!(specialist.get("/pendientes/objeciones").await.body.contains("Rosa Tzub"));
}

#[tokio::test]
async fn the_thread_says_what_was_noted_and_the_post_prints_the_slip() {
    let (site, id) = waiting().await;
    booked(&site, &id, "s1").await;
    let (here, slip) = (format!("/referencias/{id}"), format!("/referencias/{id}/cita/comprobante"));
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    assert!(nurse.get(&here).await.body.contains(&format!("href=\"{slip}\"")), "the slip is at hand");
    acts(&mut nurse, &format!("{here}/avisada"), &[("como", "Fui a su casa")]).await;
    let page = nurse.get(&here).await;
    assert!(page.body.contains("La persona sabe de su cita") && page.body.contains("Fui a su casa"), "{}", page.body);
    assert!(!page.body.contains("Borrador empezado"), "{}", page.body);
}

#[tokio::test]
async fn a_confirmed_appointment_leads_to_its_slip() {
    let (site, id) = waiting().await;
    let clerk = site.world.at("Marta", Role::Clerk, HOSPITAL);
    let seen = Referral::load(&site.world.access, &clerk, &id).await.unwrap();
    care::referral::book::propose(&site.world.access, &clerk, &seen, "s1").await.unwrap();
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let given = acts(&mut nurse, &format!("/referencias/{id}/confirmar-cita"), &[]).await;
    assert_eq!(given.location(), format!("/referencias/{id}/cita/comprobante"), "{}", given.body);
    assert!(nurse.get(given.location()).await.body.contains("Entregue el comprobante"));
}

#[tokio::test]
async fn only_a_rejection_is_read_as_one_and_what_is_closed_has_no_main_button() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let nurse = site.world.nurse("Ana");
    exit(&site.world.access, &nurse, &now(&site, &id).await, ExitReason::Refused, "No quiere ir").await.unwrap();
    let mut browser = at_work(&site, "enfermera", Role::Nurse, POST).await;
    assert_eq!(browser.get(&format!("/referencias/{id}/leida")).await.status, StatusCode::CONFLICT);
    let page = browser.get(&format!("/referencias/{id}")).await;
    assert!(page.body.contains(&format!("class=\"btn btn-2\" href=\"/referencias/{id}/reabrir\"")), "{}", page.body);
}

#[tokio::test]
async fn danger_signs_stay_in_sight_to_the_answer() {
    let site = crate::post::site().await;
    let (access, world) = (&site.world.access, &site.world);
    let (nurse, specialist) = (world.nurse("Ana"), world.specialist("Rojas"));
    let urgent = Draft { signs: Some(vec!["convulsion".into()]), service: "emergencia".into(), ..draft() };
    let written = start_draft(access, &nurse, &urgent).await.unwrap();
    let asked = request_transfer(access, &nurse, &written, &Aim::of(&written), "Convulsiona").await.unwrap();
    let agreed = accept_transfer(access, &specialist, &asked, "Dra. Rojas").await.unwrap();
    let mut browser = at_work(&site, "enfermera", Role::Nurse, POST).await;
    let path = format!("/referencias/{}", asked.id());
    let page = browser.get(&format!("{path}/traslado")).await;
    let leaves = [format!("href=\"{path}/salir\""), "Acepta: Dra. Rojas.".to_owned()];
    assert!(leaves.iter().all(|part| page.body.contains(part)), "one road to the departure: {}", page.body);
    let home = browser.get("/").await;
    assert!(home.body.contains(&leaves[0]), "one click from the first page to the departure: {}", home.body);
    let gone = depart(access, &nurse, &agreed, "Bomberos").await.unwrap();
    let look = format!("href=\"{path}/traslado\"");
    assert!(browser.get("/").await.body.contains(&look), "on its way there is nothing to do but to look");
    let mut hospital = at_work(&site, "rojas", Role::Specialist, HOSPITAL).await;
    let arrival = format!("href=\"{path}/llegada\"");
    assert!(hospital.get("/").await.body.contains(&arrival), "and one to the arrival");
    let there = arrive(access, &specialist, &gone, "Estable").await.unwrap();
    let attend = format!("href=\"{path}/contrarreferir\"");
    assert!(hospital.get("/").await.body.contains(&attend), "and one to the visit");
    answered(&site, &there).await;
    let page = browser.get(&format!("{path}/contrarreferencia")).await;
    well_made("/referencias/contrarreferencia", &page);
    assert!(page.body.contains("Señales de peligro:") && page.body.contains("Convulsión"), "{}", page.body);
}

#[tokio::test]
async fn who_missed_twice_is_told_of_on_the_referral_itself() {
    let (site, id) = waiting().await;
    for (slot, minutes) in [("h1", 21), ("h2", 360)] {
        booked(&site, &id, slot).await;
        site.world.clock.advance(jiff::SignedDuration::from_mins(minutes));
        let clerk = site.world.at("Marta", Role::Clerk, HOSPITAL);
        let seen = Referral::load(&site.world.access, &clerk, &id).await.unwrap();
        no_show(&site.world.access, &clerk, &seen, "No contesta").await.unwrap();
    }
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let page = nurse.get(&format!("/referencias/{id}")).await;
    assert!(page.body.contains("Ya faltó a dos citas"), "{}", page.body);
    let home = nurse.get("/").await;
    assert!(home.body.contains(&format!("href=\"/referencias/{id}/volver-a-lista\"")), "{}", home.body);
}

#[tokio::test]
async fn a_line_that_failed_before_failures_were_objections_is_answered_and_not_closed_by_the_post() {
    let site = crate::Site::new().await;
    site.world.person(&site.world.nurse("Ana"), "rosa", "Tzub").await;
    let (access, nurse) = (&site.world.access, site.world.nurse("Ana"));
    let id = sent(&site).await;
    let coordinator = site.world.coordinator("Edgar");
    review(access, &coordinator, &now(&site, &id).await, &Review::Accept(Priority::P3), "Completa").await.unwrap();
    let listed = now(&site, &id).await;
    let aim = Aim { service: "emergencia".into(), place: listed.destination() };
    let asked = request_transfer(access, &nurse, &listed, &aim, "Dejó de ver").await.unwrap();
    let specialist = site.world.specialist("Rojas");
    let agreed = accept_transfer(access, &specialist, &asked, "Dra. Rojas").await.unwrap();
    let gone = depart(access, &nurse, &agreed, "Bomberos").await.unwrap();
    let there = arrive(access, &specialist, &gone, "Estable").await.unwrap();
    let referral = answered(&site, &there).await;
    let seen = Referral::load(access, &nurse, &id).await.unwrap();
    let plan = acknowledge(access, &nurse, &seen, &[LineAnswer::Accepted, LineAnswer::Accepted]).await.unwrap();
    for (task, status) in plan.follow_ups().iter().zip(["completed", "failed"]) {
        let key = store::Key::new("Task", task.as_str());
        let mut old = access.read(&site.world.system(), &key).await.unwrap().value();
        old.set("status", status);
        old.set("note", fhir::json!([{ "text": "No llegaron las gotas" }]));
        site.world.update(&site.world.system(), &old).await.unwrap();
    }
    let (here, path) = (format!("/referencias/{id}"), format!("/referencias/{id}/objecion"));
    let mut post = site.logged_in("ana", Role::Nurse, POST).await;
    let page = post.get(&here).await;
    assert!(!page.body.contains(&format!("href=\"{path}")), "what is refused is not offered: {}", page.body);
    let page = post.get(&path).await;
    well_made(&path, &page);
    for part in ["Espera respuesta", "No se pudo: Gotas por un mes (No llegaron las gotas)"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains(r#"value="cerrar""#), "{}", page.body);
    let typed = [("version", page.hidden("version")), ("respuesta", "Ya".to_owned())];
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(post.submit(&page, &path, &typed).await.status, StatusCode::FORBIDDEN);
    let mut hospital = site.logged_in("rojas", Role::Specialist, HOSPITAL).await;
    assert!(hospital.get(&here).await.body.contains(&format!("href=\"{path}\"")), "who answers it is led there");
    let settled = acts(&mut hospital, &path, &[("respuesta", "Que vuelva en un mes")]).await;
    assert_eq!(settled.location(), here, "{}", settled.body);
    assert_eq!(now(&site, referral.id()).await.state.phase(), Phase::Closed);
}
