//! One referral from the desk's side: its page, and the acts of everyone who moves it.

use access::{Cx, NewUser, Role};
use axum::http::StatusCode;
use care::referral::Referral;
use care::referral::book::{book, propose};
use care::referral::cancel::{no_show, relist, suspend};
use care::referral::draft::start_draft;
use care::referral::exit::{confirm_exit, exit};
use care::referral::moves::Move;
use care::referral::review::{Review, receive, review};
use care::referral::send::send;
use care::referral::state::{ExitReason, Phase, Priority, State};
use care::referral::transfer::{Aim, accept_transfer, depart, request_transfer, seek_bed};
use care::referral::worklist::steps;
use testkit::{HOSPITAL, OFFICE, OTHER_POST, POST};

use crate::browser::{Answer, Browser, PASSWORD};
use crate::house::well_made;
use crate::post::draft;
use crate::{Site, new_user};

/// Rosa's post has referred her to the hospital; the id of the referral.
pub async fn sent(site: &Site) -> String {
    let nurse = site.world.nurse("Ana");
    let written = start_draft(&site.world.access, &nurse, &draft()).await.unwrap();
    send(&site.world.access, &nurse, &written).await.unwrap().id().to_owned()
}

/// Somebody at work; coordinators answer for the post and the hospital.
pub async fn at_work(site: &Site, user: &str, role: Role, facility: &str) -> Browser {
    let territory = match role {
        Role::Coordinator | Role::Supervisor => vec![POST.to_owned(), HOSPITAL.to_owned(), OTHER_POST.to_owned()],
        _ => Vec::new(),
    };
    let person = NewUser { password: Some(PASSWORD.to_owned()), territory, ..new_user(user, &[(role, facility)]) };
    site.make(person).await;
    let mut browser = site.browser();
    assert_eq!(browser.log_in(user).await.location(), "/");
    browser
}

#[tokio::test]
async fn a_referral_tells_its_whole_story_to_those_it_concerns_and_to_nobody_else() {
    let site = crate::post::site().await;
    let path = format!("/referencias/{}", sent(&site).await);
    let concerned = [
        ("coordina", Role::Coordinator, OFFICE),
        ("enfermera", Role::Nurse, POST),
        ("citas", Role::Clerk, HOSPITAL),
        ("especialista", Role::Specialist, HOSPITAL),
        ("supervisa", Role::Supervisor, OFFICE),
    ];
    for (user, role, facility) in concerned {
        let mut browser = at_work(&site, user, role, facility).await;
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{user}");
        well_made(&path, &page);
        let parts = ["Rosa Tzub", "REF-2026-", "Ve menos del ojo derecho", "Catarata senil", "Agudeza visual tomada"];
        for part in parts.into_iter().chain(["Espera en", "Coordinación de red", "Enviada", "24/11/2026, 8:00 · Ana"])
        {
            assert!(page.body.contains(part), "{user} does not read {part}: {}", page.body);
        }
    }
    let mut stranger = at_work(&site, "ajena", Role::Nurse, OTHER_POST).await;
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
    let mut interpreter = at_work(&site, "interprete", Role::Interpreter, POST).await;
    assert_eq!(interpreter.get(&path).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn lists_and_the_record_lead_to_the_referral() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let path = format!("href=\"/referencias/{id}\"");
    let mut coordinator = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    let of_queue = format!("href=\"/referencias/{id}?ver=revisar\"");
    assert!(coordinator.get("/").await.body.contains(&of_queue), "from the first page one walks the queue");
    let queue = coordinator.get("/referencias").await;
    assert!(queue.body.contains(&of_queue), "{}", queue.body);
    let mut nurse = at_work(&site, "enfermera", Role::Nurse, POST).await;
    assert!(nurse.get("/personas/rosa").await.body.contains(&path));
}

/// Opens an act's page and sends it with these answers.
pub async fn acts(browser: &mut Browser, path: &str, answers: &[(&str, &str)]) -> Answer {
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
    well_made(path, &page);
    let version = page.hidden("version");
    browser.submit(&page, path, &[&[("version", version.as_str())], answers].concat()).await
}

pub async fn now(site: &Site, id: &str) -> Referral {
    Referral::load(&site.world.access, &site.world.system(), id).await.unwrap()
}

/// The post asks for an urgent transfer to where the referral went.
async fn asked_for(site: &Site, nurse: &Cx, id: &str) -> Referral {
    let referral = now(site, id).await;
    request_transfer(&site.world.access, nurse, &referral, &Aim::of(&referral), "Sangra").await.unwrap()
}

#[tokio::test]
async fn the_coordinator_accepts_once_and_reads_what_follows() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let (path, act) = (format!("/referencias/{id}"), format!("/referencias/{id}/aceptar"));
    let mut coordinator = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    assert!(coordinator.get(&path).await.body.contains(&act));
    let empty = acts(&mut coordinator, &act, &[("prioridad", "urgent")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.body.contains("Escriba en qué se funda"), "{}", empty.body);
    assert!(empty.body.contains(r#"value="urgent" checked"#), "what was chosen is kept: {}", empty.body);
    let version = empty.hidden("version");
    let answers = [("version", version.as_str()), ("prioridad", "urgent"), ("palabras", "Pierde la visión")];
    let taken = coordinator.submit(&empty, &act, &answers).await;
    assert_eq!(taken.location(), path, "{}", taken.body);
    assert_eq!(coordinator.submit(&empty, &act, &answers).await.location(), path, "sent twice");
    let moved = now(&site, &id).await;
    assert_eq!((moved.state.phase(), moved.priority()), (Phase::Waiting, Priority::P2));
    let told = steps(&site.world.access, &site.world.system(), &moved).await.unwrap();
    assert_eq!(told.len(), 3, "sent, taken up, accepted: {told:?}");
    let page = coordinator.get(&path).await;
    for part in
        ["Aceptada. Con prioridad entra a la lista", "Pierde la visión", "En lista de espera", "Hospital Regional"]
    {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains(&act), "it is not offered any more");
    let late = coordinator.get(&act).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("Esto ya no se puede hacer") && late.body.contains("En lista de espera"));
}

#[tokio::test]
async fn accepted_without_priority_it_waits_for_one() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let mut coordinator = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    let answers = [("prioridad", "despues"), ("palabras", "Cumple criterios")];
    acts(&mut coordinator, &format!("/referencias/{id}/aceptar"), &answers).await;
    assert_eq!(now(&site, &id).await.state.phase(), Phase::Accepted);
    let none = acts(&mut coordinator, &format!("/referencias/{id}/priorizar"), &[("palabras", "Urge")]).await;
    assert!(none.body.contains("Elija la prioridad"), "{}", none.body);
    let answers = [("prioridad", "asap"), ("palabras", "Urge")];
    acts(&mut coordinator, &format!("/referencias/{id}/priorizar"), &answers).await;
    assert_eq!(now(&site, &id).await.priority(), Priority::P1);
}

#[tokio::test]
async fn returned_with_what_is_missing_the_post_completes_it() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let path = format!("/referencias/{id}");
    let mut coordinator = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    let answers = [("razon", "falta-prueba"), ("palabras", "Falta medir la agudeza del otro ojo")];
    let back = acts(&mut coordinator, &format!("{path}/devolver"), &answers).await;
    assert_eq!(back.location(), path, "{}", back.body);
    let mut nurse = at_work(&site, "enfermera", Role::Nurse, POST).await;
    let page = nurse.get(&path).await;
    let completing = format!("{path}/completar");
    for part in ["Falta una prueba", "Falta medir la agudeza del otro ojo", &completing] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let answers = [
        ("motivo", "Ve menos del ojo derecho"),
        ("hecho", "Agudeza 20/200 y 20/40"),
        ("dx1", "ojo nublado zzz"),
        ("nota", "Ya está"),
        ("senal", "ninguna"),
    ];
    let again = acts(&mut nurse, &completing, &answers).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.body);
    assert_eq!(now(&site, &id).await.state.phase(), Phase::UnderReview);
    let page = coordinator.get(&path).await;
    assert!(page.body.contains("Agudeza 20/200 y 20/40") && page.body.contains("Completada y enviada de nuevo"));
}

#[tokio::test]
async fn redirected_to_another_place_that_offers_the_service() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let mut coordinator = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    let act = format!("/referencias/{id}/redirigir");
    assert!(coordinator.get(&act).await.body.contains("no tiene otro lugar anotado"));
    crate::post::offers(&site.world, OTHER_POST, "ojos-2", "oftalmologia").await;
    let nowhere = acts(&mut coordinator, &act, &[("razon", "mas-cerca"), ("palabras", "Queda más cerca")]).await;
    assert!(nowhere.body.contains("Elija a dónde puede ir"), "{}", nowhere.body);
    let answers = [("destino", HOSPITAL), ("razon", "mas-cerca"), ("palabras", "Queda más cerca")];
    let same = acts(&mut coordinator, &act, &answers).await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY, "not where it is already");
    let answers = [("destino", OTHER_POST), ("razon", "mas-cerca"), ("palabras", "Queda más cerca")];
    let sent = acts(&mut coordinator, &act, &answers).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let moved = now(&site, &id).await;
    assert_eq!((moved.state.phase(), moved.destination().id.as_str()), (Phase::Redirected, OTHER_POST));
    let page = coordinator.get(&format!("/referencias/{id}")).await;
    assert!(page.body.contains("Hay un lugar más cercano"), "{}", page.body);
}

#[tokio::test]
async fn rejected_by_mistake_it_is_reopened() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let path = format!("/referencias/{id}");
    let mut coordinator = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    acts(&mut coordinator, &format!("{path}/rechazar"), &[("palabras", "Se resuelve con lentes")]).await;
    let page = coordinator.get(&path).await;
    assert!(page.body.contains("Si fue un error: Reabrir la referencia"), "{}", page.body);
    assert!(page.body.contains("Fuera de la lista: No es pertinente"), "{}", page.body);
    acts(&mut coordinator, &format!("{path}/reabrir"), &[("palabras", "Me equivoqué de persona")]).await;
    assert_eq!(now(&site, &id).await.state.phase(), Phase::UnderReview);
    let page = coordinator.get(&path).await;
    assert!(page.body.contains("Reabierta") && page.body.contains("Me equivoqué de persona"), "{}", page.body);
}

#[tokio::test]
async fn an_exit_by_death_needs_evidence_and_another_person() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let path = format!("/referencias/{id}");
    let mut first = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    let bare = acts(&mut first, &format!("{path}/salida"), &[("razon", "fallecimiento")]).await;
    assert!(bare.body.contains("Escriba cómo se sabe"), "{}", bare.body);
    let answers = [("razon", "fallecimiento"), ("palabras", "Lo contó su vecina")];
    acts(&mut first, &format!("{path}/salida"), &answers).await;
    assert_eq!(now(&site, &id).await.state.phase(), Phase::ExitProposed);
    let page = first.get(&path).await;
    assert!(page.body.contains("Salida propuesta: Fallecimiento") && page.body.contains("Lo contó su vecina"));
    assert!(!page.body.contains(&format!("{path}/confirmar-salida")), "not to whoever proposed it");
    let alone = first.get(&format!("{path}/confirmar-salida")).await;
    assert_eq!(alone.status, StatusCode::CONFLICT);
    assert!(alone.body.contains("La confirma otra persona"), "{}", alone.body);
    let version = now(&site, &id).await.task_version.to_string();
    let forced = [("version", version.as_str()), ("palabras", "Yo misma")];
    let forced = first.submit(&page, &format!("{path}/confirmar-salida"), &forced).await;
    assert_eq!(forced.status, StatusCode::CONFLICT);
    assert_eq!(now(&site, &id).await.state.phase(), Phase::ExitProposed);
    let mut second = at_work(&site, "enfermera", Role::Nurse, POST).await;
    let seen = [("palabras", "Vi el acta")];
    let confirmed = acts(&mut second, &format!("{path}/confirmar-salida"), &seen).await;
    assert_eq!(confirmed.location(), path, "{}", confirmed.body);
    assert_eq!(now(&site, &id).await.state.phase(), Phase::Exited);
}

#[tokio::test]
async fn of_two_who_decide_the_second_reads_what_the_first_did_and_keeps_her_words() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let path = format!("/referencias/{id}");
    let mut first = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    let mut second = at_work(&site, "especialista", Role::Specialist, HOSPITAL).await;
    let old = second.get(&format!("{path}/asesorar")).await;
    acts(&mut first, &format!("{path}/recibir"), &[]).await;
    let version = old.hidden("version");
    let typed = [("version", version.as_str()), ("palabras", "Gotas y control en un mes")];
    let stale = second.submit(&old, &format!("{path}/asesorar"), &typed).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    well_made(&path, &stale);
    for part in ["Alguien lo cambió antes", "En revisión", "Gotas y control en un mes"] {
        assert!(stale.body.contains(part), "{part}: {}", stale.body);
    }
    let version = stale.hidden("version");
    let again = [("version", version.as_str()), ("palabras", "Gotas y control en un mes")];
    assert_eq!(second.submit(&stale, &format!("{path}/asesorar"), &again).await.location(), path);
    let returned = [("version", version.as_str()), ("razon", "faltan-datos"), ("palabras", "Falta la edad")];
    let seal = first.get(&path).await;
    let late = first.submit(&seal, &format!("{path}/devolver"), &returned).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    for part in ["Esto ya no se puede hacer", "Asesorada sin visita", "Falta la edad"] {
        assert!(late.body.contains(part), "{part}: {}", late.body);
    }
}

#[tokio::test]
async fn who_has_no_reason_or_not_the_role_moves_nothing() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let act = format!("/referencias/{id}/aceptar");
    for (user, role, facility, wanted) in [
        ("ajena", Role::Doctor, OTHER_POST, StatusCode::NOT_FOUND),
        ("enfermera", Role::Nurse, POST, StatusCode::FORBIDDEN),
        ("medica", Role::Doctor, POST, StatusCode::FORBIDDEN),
        ("citas", Role::Clerk, HOSPITAL, StatusCode::FORBIDDEN),
        ("directora", Role::Director, HOSPITAL, StatusCode::FORBIDDEN),
    ] {
        let mut browser = at_work(&site, user, role, facility).await;
        assert_eq!(browser.get(&act).await.status, wanted, "{user}");
        let page = browser.get("/").await;
        let answers = [("version", "2"), ("prioridad", "asap"), ("palabras", "Yo")];
        assert_eq!(browser.submit(&page, &act, &answers).await.status, wanted, "{user}");
    }
    assert_eq!(now(&site, &id).await.state.phase(), Phase::Sent);
}

/// The acts and the moves they make, told here a second time.
fn moves(referral: &Referral, cx: &Cx) -> Vec<(&'static str, Move)> {
    let held = match &referral.state {
        State::Proposed { appointment, .. } => appointment.clone(),
        _ => "ninguna".to_owned(),
    };
    let reason = || "x".to_owned();
    let mut moves = vec![
        ("recibir", Move::Receive),
        ("aceptar", Move::Accept { priority: Some(Priority::P2) }),
        ("priorizar", Move::Prioritise { priority: Priority::P2 }),
        ("devolver", Move::Return { reason: reason() }),
        ("redirigir", Move::Redirect { reason: reason() }),
        ("rechazar", Move::Reject),
        ("asesorar", Move::Advise),
        ("suspender", Move::Suspend { reason: reason() }),
        ("reanudar", Move::Resume),
        ("no-asistio", Move::NoShow),
        ("volver-a-lista", Move::Relist),
        ("cancelar-establecimiento", Move::CancelByProvider),
        ("cancelar-persona", Move::CancelByPatient),
        ("no-puede-cita", Move::DeclineProposal),
        ("salida", Move::Exit { reason: ExitReason::Refused }),
        ("confirmar-salida", Move::ConfirmExit { by: cx.actor.label() }),
        ("rechazar-salida", Move::RefuseExit),
        ("reabrir", Move::Reopen),
        ("buscar-cama", Move::SeekBed),
        ("aceptar-traslado", Move::AcceptTransfer { physician: "Dra. Rojas".into() }),
        ("salir", Move::Depart),
        ("llegada", Move::Arrive),
    ];
    if referral.state.phase() == Phase::Proposed {
        moves.push(("confirmar-cita", Move::Book { appointment: held }));
    }
    moves
}

/// Holds what each of the staff is offered to what care allows.
async fn offered(site: &Site, staff: &mut [(Browser, Cx)], id: &str) {
    let referral = now(site, id).await;
    let mut some = 0;
    for (browser, cx) in staff {
        cx.now = site.world.system().now;
        let page = browser.get(&format!("/referencias/{id}")).await;
        for (slug, step) in moves(&referral, cx) {
            let answers = ["aceptar", "devolver", "redirigir", "rechazar", "asesorar"].contains(&slug);
            let allowed = if answers { referral.allows_review(cx, &step) } else { referral.allows(cx, &step) };
            let link = format!("href=\"/referencias/{id}/{slug}\"");
            let place = (cx.role.code(), referral.state.phase(), slug);
            assert_eq!(page.body.contains(&link), allowed, "{place:?}: {}", page.body);
            let status = browser.get(&format!("/referencias/{id}/{slug}")).await.status;
            assert_eq!(status == StatusCode::OK, allowed, "{place:?}: {status}");
            some += usize::from(allowed);
        }
    }
    let ended = matches!(referral.state.phase(), Phase::Discarded | Phase::Closed);
    assert!(ended || some > 0, "nobody can do anything in {:?}", referral.state.phase());
}

#[tokio::test]
async fn every_act_is_offered_only_where_care_allows_it() {
    let site = crate::post::site().await;
    crate::post::places(&site.world).await;
    let (world, access) = (&site.world, &site.world.access);
    let (nurse, coordinator) = (world.nurse("Ana"), world.coordinator("Edgar"));
    let (clerk, specialist) = (world.at("Marta", Role::Clerk, HOSPITAL), world.specialist("Rojas"));
    let mut staff = Vec::new();
    for cx in [&nurse, &coordinator, &clerk, &specialist] {
        let place = cx.facility.as_ref().unwrap().id.clone();
        staff.push((at_work(&site, cx.role.code(), cx.role, &place).await, cx.clone()));
    }
    let id = sent(&site).await;
    offered(&site, &mut staff, &id).await;
    let taken = receive(access, &coordinator, &now(&site, &id).await).await.unwrap();
    offered(&site, &mut staff, &id).await;
    let accepted = review(access, &coordinator, &taken, &Review::Pertinent, "Sí").await.unwrap();
    offered(&site, &mut staff, &id).await;
    let listed = review(access, &coordinator, &accepted, &Review::Accept(Priority::P3), "Sí").await.unwrap();
    let paused = suspend(access, &nurse, &listed, "Cosecha").await.unwrap();
    offered(&site, &mut staff, &id).await;
    let listed = care::referral::cancel::resume(access, &nurse, &paused, "").await.unwrap();
    propose(access, &clerk, &listed, "s1").await.unwrap();
    offered(&site, &mut staff, &id).await;

    let other = sent(&site).await;
    let listed =
        review(access, &coordinator, &now(&site, &other).await, &Review::Accept(Priority::P3), "Sí").await.unwrap();
    let booked = book(access, &clerk, &listed, "ya").await.unwrap();
    offered(&site, &mut staff, &other).await;
    site.world.clock.advance(jiff::SignedDuration::from_mins(2));
    let (nurse, coordinator, specialist) = (world.nurse("Ana"), world.coordinator("Edgar"), world.specialist("Rojas"));
    offered(&site, &mut staff, &other).await;
    let missed = no_show(access, &world.at("Marta", Role::Clerk, HOSPITAL), &booked, "").await.unwrap();
    offered(&site, &mut staff, &other).await;
    let found = relist(access, &nurse, &missed, "Estaba de viaje").await.unwrap();
    let proposer = world.nurse("Otilia");
    let dead = exit(access, &proposer, &found, ExitReason::Death, "Acta").await.unwrap();
    offered(&site, &mut staff, &other).await;
    confirm_exit(access, &coordinator, &dead, "Vi el acta").await.unwrap();
    offered(&site, &mut staff, &other).await;

    let urgent = sent(&site).await;
    let asked = asked_for(&site, &nurse, &urgent).await;
    offered(&site, &mut staff, &urgent).await;
    let sought = seek_bed(access, &coordinator, &asked, "").await.unwrap();
    let agreed = accept_transfer(access, &specialist, &sought, "Dra. Rojas").await.unwrap();
    offered(&site, &mut staff, &urgent).await;
    depart(access, &nurse, &agreed, "Bomberos").await.unwrap();
    offered(&site, &mut staff, &urgent).await;
}

#[tokio::test]
async fn an_urgent_transfer_is_followed_from_the_bed_to_the_door() {
    let site = crate::post::site().await;
    let id = sent(&site).await;
    let path = format!("/referencias/{id}");
    let nurse = site.world.nurse("Ana");
    asked_for(&site, &nurse, &id).await;
    let mut coordinator = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    crate::post::offers(&site.world, OTHER_POST, "urgencias-2", "emergencia").await;
    let search = format!("{path}/buscar-cama");
    acts(&mut coordinator, &search, &[("palabras", "Llamé a Cobán")]).await;
    assert_eq!(now(&site, &id).await.destination().id, HOSPITAL, "it stays where it was asked for");
    let page = coordinator.get(&search).await;
    assert!(page.body.contains("Ya se busca en") && page.body.contains(OTHER_POST), "{}", page.body);
    let again = acts(&mut coordinator, &search, &[("destino", HOSPITAL), ("palabras", "Llamé otra vez")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("Elija otro lugar: ahí ya se busca"), "{}", again.body);
    let nowhere = acts(&mut coordinator, &search, &[("destino", "ninguno")]).await;
    assert_eq!(nowhere.status, StatusCode::UNPROCESSABLE_ENTITY);
    for (place, words) in [(OTHER_POST, "Cobán está lleno"), (HOSPITAL, "Ya hay cama en Cobán")] {
        let sought = acts(&mut coordinator, &search, &[("destino", place), ("palabras", words)]).await;
        assert_eq!(sought.location(), path, "{}", sought.body);
        assert_eq!(now(&site, &id).await.destination().id, place);
    }
    let nobody = acts(&mut coordinator, &format!("{path}/aceptar-traslado"), &[("palabras", " ")]).await;
    assert!(nobody.body.contains("Escriba quién acepta"), "{}", nobody.body);
    acts(&mut coordinator, &format!("{path}/aceptar-traslado"), &[("palabras", "Dra. Lucía Rojas")]).await;
    let mut post = at_work(&site, "enfermera", Role::Nurse, POST).await;
    assert!(post.get(&path).await.body.contains("Dra. Lucía Rojas"), "who accepts has a name");
    acts(&mut post, &format!("{path}/salir"), &[("palabras", "Ambulancia de bomberos")]).await;
    let mut hospital = at_work(&site, "especialista", Role::Specialist, HOSPITAL).await;
    acts(&mut hospital, &format!("{path}/llegada"), &[("palabras", "Estable")]).await;
    assert_eq!(now(&site, &id).await.state.phase(), Phase::Received);
    let page = post.get(&path).await;
    for part in ["Llamé a Cobán", "Ambulancia de bomberos", "Estable", "Llegó al destino"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
}
