//! From the post to the hospital and back, until the circuit is closed.

use access::Label;
use care::govern::Breach;
use care::referral::answer::{CounterReferral, Line, LineAnswer, LineKind, acknowledge, counter_refer, lines};
use care::referral::attend::attend;
use care::referral::book::{book, confirm_proposal, decline_proposal, propose, reschedule};
use care::referral::cancel::{cancel_by_provider, no_show, relist};
use care::referral::draft::{discard, start_draft, update_draft};
use care::referral::exit::{confirm_exit, exit, reopen};
use care::referral::follow_up::{finish_follow_up, left, settle};
use care::referral::home::waiting_at_post;
use care::referral::moves::{Move, MoveKind};
use care::referral::place::free_places;
use care::referral::review::{RedirectReason, ReturnReason, Review, review};
use care::referral::send::{complete, send};
use care::referral::state::{ExitReason, Phase, Priority, State};
use care::referral::task::write_state;
use care::referral::transfer::{Aim, accept_transfer, arrive, depart, request_transfer, seek_bed, seek_bed_at};
use care::referral::worklist::{Filter, agenda, queue, steps};
use care::referral::{Named, Referral};
use care::{CareError, print};
use store::{Key, Kind};
use testkit::HOSPITAL;

use crate::stage::{after, draft, stage};

/// The day of the first place.
const FIRST: jiff::civil::Date = jiff::civil::date(2026, 12, 1);

#[tokio::test]
async fn a_referral_goes_to_the_hospital_and_comes_back_closed() {
    let stage = stage().await;
    let access = &stage.world.access;
    let written = start_draft(access, &stage.nurse, &draft()).await.unwrap();
    assert_eq!(waiting_at_post(access, &stage.nurse).await.unwrap().drafts.len(), 1);
    let sent = send(access, &stage.nurse, &written).await.unwrap();

    let waiting = queue(access, &stage.coordinator, &Filter::default(), 1).await.unwrap();
    assert_eq!((waiting.total, waiting.rows[0].id()), (1, sent.id()));
    let by_words = Filter { words: "ojo derecho TZUB".into(), ..Filter::default() };
    assert_eq!(queue(access, &stage.coordinator, &by_words, 1).await.unwrap().total, 1);
    let nobody = Filter { words: "hernia".into(), ..Filter::default() };
    assert_eq!(queue(access, &stage.coordinator, &nobody, 1).await.unwrap().total, 0);
    let accept = Review::Accept(Priority::P2);
    let listed = review(access, &stage.coordinator, &waiting.rows[0], &accept, "Criterios completos").await.unwrap();
    assert_eq!(listed.state.phase(), Phase::Waiting);
    assert_eq!(listed.where_it_waits().unwrap().place.unwrap().id, HOSPITAL);

    let places = free_places(access, &stage.clerk, HOSPITAL, "oftalmologia", 10).await.unwrap();
    assert_eq!(places.iter().map(|place| place.id.as_str()).collect::<Vec<_>>(), ["s1", "s2", "s3"]);
    let seen = Referral::load(access, &stage.clerk, listed.id()).await.unwrap();
    let booked = book(access, &stage.clerk, &seen, "s1").await.unwrap();
    let moved = reschedule(access, &stage.clerk, &booked, "s2", "Otro día").await.unwrap();
    let places = free_places(access, &stage.clerk, HOSPITAL, "oftalmologia", 10).await.unwrap();
    assert_eq!(places.iter().map(|place| place.id.as_str()).collect::<Vec<_>>(), ["s1", "s3"]);

    let (day, _) = agenda(access, &stage.specialist, (FIRST, FIRST)).await.unwrap();
    assert_eq!((day.len(), day[0].referral.id()), (1, moved.id()));
    let attended = attend(access, &after(&stage.specialist), &day[0].referral).await.unwrap();
    let answer = CounterReferral {
        findings: "Catarata madura. Visión < 20/200 & dolor".into(),
        diagnoses: vec![("H25".into(), "Catarata senil".into())],
        treatment: "Cirugía programada".into(),
        lines: vec![
            Line {
                kind: LineKind::Control,
                words: "Control en ocho días".into(),
                due: Some("2026-12-09".into()),
                who: Some(access::Role::Nurse),
            },
            Line { kind: LineKind::Medicine, words: "Gotas por un mes".into(), due: None, who: None },
        ],
        red_flags: "Dolor fuerte".into(),
        next: "Alta del especialista".into(),
    };
    let delivered = counter_refer(access, &after(&stage.specialist), &attended, &answer).await.unwrap();

    let post = waiting_at_post(access, &stage.nurse).await.unwrap();
    assert_eq!(post.to_acknowledge.len(), 1);
    let composition = Key::new("Composition", delivered.composition().unwrap());
    let read = access.read(&stage.nurse, &composition).await.unwrap().value();
    assert_eq!(lines(&read), answer.lines);
    let paper = print::PrintedAnswer::new(&delivered, &read);
    assert!(paper.sections.iter().any(|(_, words)| words.contains("< 20/200 & dolor")));
    let half = acknowledge(access, &stage.nurse, &post.to_acknowledge[0], &[LineAnswer::Accepted]).await;
    assert_eq!(half.unwrap_err().kind(), Kind::Invalid, "every line is answered");
    let answers = [LineAnswer::Accepted, LineAnswer::Objected("No hay gotas".into())];
    let plan = acknowledge(access, &stage.nurse, &post.to_acknowledge[0], &answers).await.unwrap();
    assert_eq!(plan.state.phase(), Phase::Plan);
    assert_eq!(plan.objections().collect::<Vec<_>>(), ["No podemos: Gotas por un mes (No hay gotas)"]);
    let post = waiting_at_post(access, &stage.nurse).await.unwrap();
    assert_eq!(post.follow_ups.len(), 1);
    let health = stage.world.at("Lucas", access::Role::CommunityWorker, testkit::POST);
    let heard = finish_follow_up(access, &health, &post.follow_ups[0].id, true, "Vino al control").await.unwrap();
    assert_eq!(heard.state.phase(), Phase::Plan, "an objection waits for its answer");
    let closed = settled(&stage, &heard).await;
    assert_eq!(closed.state.phase(), Phase::Closed);
    assert_eq!(closed.where_it_waits(), None);

    let told = steps(access, &stage.nurse, &closed).await.unwrap();
    let acts: Vec<_> = told.iter().filter_map(|step| step.act).collect();
    use MoveKind as K;
    let wanted =
        [K::Send, K::Receive, K::Accept, K::Book, K::Reschedule, K::Attend, K::CounterRefer, K::Acknowledge, K::Close];
    assert_eq!(acts, wanted);
    assert!(told.iter().all(|step| !step.who.is_empty() && !step.place.id.is_empty()));
}

/// The destination, and nobody else, answers the post's objection.
async fn settled(stage: &crate::stage::Stage, heard: &Referral) -> Referral {
    let access = &stage.world.access;
    let waiting = heard.where_it_waits().unwrap();
    assert_eq!((waiting.place.unwrap().id.as_str(), waiting.who), (HOSPITAL, access::Role::Specialist));
    let unheard = settle(access, &stage.nurse, heard, "Ya").await;
    assert_eq!(unheard.unwrap_err().kind(), Kind::Rule, "the post does not answer itself");
    let silent = settle(access, &stage.specialist, heard, " ").await;
    assert_eq!(silent.unwrap_err().kind(), Kind::Invalid);
    let seen = Referral::load(access, &stage.specialist, heard.id()).await.unwrap();
    settle(access, &stage.specialist, &seen, "Sin gotas, está bien").await.unwrap()
}

/// A referral answered with these lines, as the post has it before it acknowledges.
async fn answered(stage: &crate::stage::Stage, lines: &[&str]) -> Referral {
    let access = &stage.world.access;
    let booked = book(access, &stage.clerk, &stage.waiting().await, "s1").await.unwrap();
    let attended = attend(access, &after(&stage.specialist), &booked).await.unwrap();
    counter_refer(access, &after(&stage.specialist), &attended, &answer(lines)).await.unwrap()
}

fn answer(lines: &[&str]) -> CounterReferral {
    let line = |words: &&str| Line { kind: LineKind::Visit, words: (*words).into(), due: None, who: None };
    CounterReferral {
        findings: "Catarata".into(),
        diagnoses: vec![("H25".into(), "Catarata senil".into())],
        lines: lines.iter().map(line).collect(),
        ..CounterReferral::default()
    }
}

#[tokio::test]
async fn whoever_does_the_last_task_closes_the_circuit() {
    let stage = stage().await;
    let access = &stage.world.access;
    let delivered = answered(&stage, &["Visitar la casa", "Acompañar al control"]).await;
    let plan = acknowledge(access, &stage.nurse, &delivered, &[LineAnswer::Accepted, LineAnswer::Accepted]).await;
    let tasks = plan.unwrap().follow_ups();
    let health = stage.world.at("Lucas", access::Role::CommunityWorker, testkit::POST);
    let social = stage.world.at("Irma", access::Role::SocialWorker, testkit::POST);
    let (a, b) = tokio::join!(
        finish_follow_up(access, &health, &tasks[0], true, "Se visitó"),
        finish_follow_up(access, &social, &tasks[1], true, "Se acompañó")
    );
    let ends = [a.unwrap().state.phase(), b.unwrap().state.phase()];
    assert!(ends.contains(&Phase::Closed), "of two at once the later closes: {ends:?}");
    let closed = Referral::load(access, &stage.nurse, delivered.id()).await.unwrap();
    assert_eq!(closed.state.phase(), Phase::Closed);
}

#[tokio::test]
async fn what_failed_or_was_refused_waits_for_a_new_answer() {
    let stage = stage().await;
    let access = &stage.world.access;
    let delivered = answered(&stage, &["Visitar la casa"]).await;
    let refused = [LineAnswer::Objected("No hay quién vaya".into())];
    let rests = acknowledge(access, &stage.nurse, &delivered, &refused).await.unwrap();
    assert_eq!(rests.state.phase(), Phase::Acknowledged);
    let seen = Referral::load(access, &stage.specialist, rests.id()).await.unwrap();
    let again =
        counter_refer(access, &after(&stage.specialist), &seen, &answer(&["Llamar por teléfono"])).await.unwrap();
    assert_eq!((again.state.phase(), again.objections().count()), (Phase::Delivered, 0));
    let plan = acknowledge(access, &stage.nurse, &again, &[LineAnswer::Accepted]).await.unwrap();
    let early = counter_refer(access, &after(&stage.specialist), &plan, &answer(&[])).await;
    assert_eq!(early.unwrap_err().kind(), Kind::Rule, "a line is still open");
    let task = &plan.follow_ups()[0];
    let failed = finish_follow_up(access, &stage.nurse, task, false, "No contesta").await.unwrap();
    assert_eq!(failed.state.phase(), Phase::Plan);
    assert_eq!(failed.objections().collect::<Vec<_>>(), ["No se pudo: Llamar por teléfono (No contesta)"]);
    let closed = settle(access, &stage.coordinator, &failed, "Queda así").await.unwrap();
    assert_eq!(closed.state.phase(), Phase::Closed);
}

#[tokio::test]
async fn with_nothing_to_do_it_closes_at_once() {
    let stage = stage().await;
    let access = &stage.world.access;
    let delivered = answered(&stage, &[]).await;
    let closed = acknowledge(access, &stage.nurse, &delivered, &[]).await.unwrap();
    assert_eq!(closed.state.phase(), Phase::Closed);
}

#[tokio::test]
async fn what_a_machine_acknowledged_without_objection_the_post_closes() {
    let stage = stage().await;
    let access = &stage.world.access;
    let delivered = answered(&stage, &["Visitar la casa"]).await;
    let (mut task, system) = (delivered.task.clone(), stage.world.system());
    let composition = delivered.composition();
    write_state(&mut task, &State::Acknowledged { composition });
    task.set("lastModified", system.now.to_string());
    stage.world.update(&system, &task).await.unwrap();
    let rests = Referral::load(access, &stage.nurse, delivered.id()).await.unwrap();
    let waiting = rests.where_it_waits().unwrap();
    assert_eq!((waiting.place.unwrap().id.as_str(), waiting.who), (testkit::POST, access::Role::Nurse));
    let left = left(access, &stage.nurse, &rests).await.unwrap();
    assert!(rests.settles(&stage.nurse, &left), "it waits on somebody who can end it");
    assert!(!rests.settles(&stage.world.at("Otra", access::Role::Nurse, testkit::OTHER_POST), &left));
    let closed = settle(access, &stage.nurse, &rests, "Ya se visitó").await.unwrap();
    assert_eq!(closed.state.phase(), Phase::Closed);
}

#[tokio::test]
async fn returned_completed_redirected() {
    let stage = stage().await;
    let access = &stage.world.access;
    let written = start_draft(access, &stage.nurse, &draft()).await.unwrap();
    let sent = send(access, &stage.nurse, &written).await.unwrap();
    let back = Review::Return(ReturnReason::TestMissing);
    let returned = review(access, &stage.coordinator, &sent, &back, "Falta agudeza visual").await.unwrap();
    assert_eq!(waiting_at_post(access, &stage.nurse).await.unwrap().returned.len(), 1);
    let mut better = draft();
    better.done = "Agudeza visual 20/200".into();
    let again = complete(access, &stage.nurse, &returned, &better, "Ya está").await.unwrap();
    assert_eq!((again.state.phase(), again.done()), (Phase::UnderReview, "Agudeza visual 20/200"));
    let other = Named { id: testkit::OTHER_POST.into(), name: "Otro".into() };
    let elsewhere = Review::Redirect(RedirectReason::Nearer, other.clone());
    let redirected = review(access, &stage.coordinator, &again, &elsewhere, "Más cerca").await.unwrap();
    assert_eq!((redirected.state.phase(), redirected.destination()), (Phase::Redirected, other));
}

#[tokio::test]
async fn a_place_is_proposed_declined_proposed_again_and_confirmed() {
    let stage = stage().await;
    let access = &stage.world.access;
    let listed = stage.waiting().await;
    let clock = listed.state.clock();
    let nothing = confirm_proposal(access, &stage.clerk, &listed).await;
    assert_eq!(nothing.unwrap_err().kind(), Kind::Rule, "nothing is proposed yet");
    let proposed = propose(access, &stage.clerk, &listed, "s1").await.unwrap();
    assert_eq!(proposed.state.phase(), Phase::Proposed);
    let other = stage.waiting().await;
    let taken = book(access, &stage.clerk, &other, "s1").await;
    assert!(matches!(taken, Err(CareError::Taken { .. })), "a proposed place is kept for whoever it is offered to");
    stage.world.clock.advance(jiff::SignedDuration::from_hours(3));
    let seen = Referral::load(access, &stage.nurse, listed.id()).await.unwrap();
    let back = decline_proposal(access, &stage.nurse, &seen, "Ese día hay mercado").await.unwrap();
    assert_eq!((back.state.phase(), back.state.clock()), (Phase::Waiting, clock));
    let places = free_places(access, &stage.clerk, HOSPITAL, "oftalmologia", 10).await.unwrap();
    assert_eq!(places.iter().map(|place| place.id.as_str()).collect::<Vec<_>>(), ["s1", "s2", "s3"]);
    let again = propose(access, &stage.clerk, &back, "s2").await.unwrap();
    let late = confirm_proposal(access, &after(&stage.nurse), &again).await;
    assert!(matches!(late, Err(CareError::Taken { .. })), "what is over is not confirmed");
    let booked = confirm_proposal(access, &stage.nurse, &again).await.unwrap();
    assert_eq!((booked.state.phase(), booked.state.appointment()), (Phase::Booked, again.state.appointment()));
    let (day, _) = agenda(access, &stage.specialist, (FIRST, FIRST)).await.unwrap();
    assert_eq!(day.iter().map(|entry| entry.status.as_str()).collect::<Vec<_>>(), ["booked"]);
}

#[tokio::test]
async fn accepted_first_prioritised_later() {
    let stage = stage().await;
    let access = &stage.world.access;
    let written = start_draft(access, &stage.nurse, &draft()).await.unwrap();
    let sent = send(access, &stage.nurse, &written).await.unwrap();
    let accepted = review(access, &stage.coordinator, &sent, &Review::Pertinent, "Cumple criterios").await.unwrap();
    assert_eq!(accepted.state.phase(), Phase::Accepted);
    let urgent = Review::Accept(Priority::P1);
    let listed = review(access, &stage.coordinator, &accepted, &urgent, "Pierde visión").await.unwrap();
    assert_eq!((listed.state.phase(), listed.priority()), (Phase::Waiting, Priority::P1));
    for reader in [&stage.nurse, &stage.coordinator, &stage.clerk, &stage.specialist] {
        let told = steps(access, reader, &Referral::load(access, reader, listed.id()).await.unwrap()).await.unwrap();
        let last = told.last().unwrap_or_else(|| panic!("{} sees no step", reader.role.code()));
        assert_eq!((last.act, last.why.as_str()), (Some(MoveKind::Prioritise), "Pierde visión"));
    }
    let stranger = stage.world.at("Otra", access::Role::Nurse, testkit::OTHER_POST);
    assert!(steps(access, &stranger, &listed).await.unwrap().is_empty(), "who does not see the referral sees no step");
}

#[tokio::test]
async fn danger_signs_come_before_everything_and_triage_never_blocks_a_transfer() {
    let stage = stage().await;
    let access = &stage.world.access;
    let unasked = care::referral::draft::Draft { signs: None, ..draft() };
    let written = start_draft(access, &stage.nurse, &unasked).await.unwrap();
    assert_eq!(send(access, &stage.nurse, &written).await.unwrap_err().kind(), Kind::Invalid);
    let ticked = care::referral::draft::Draft { signs: Some(vec!["convulsion".into()]), ..draft() };
    let urgent = update_draft(access, &stage.nurse, &written, &ticked).await.unwrap();
    let first = send(access, &stage.nurse, &urgent).await;
    assert!(matches!(first, Err(CareError::UrgentFirst { signs }) if signs == ["convulsion"]));
    let asked = request_transfer(access, &stage.nurse, &urgent, &Aim::of(&urgent), "Convulsión").await.unwrap();
    let accepted = accept_transfer(access, &stage.specialist, &asked, "Dra. Lucía Rojas").await.unwrap();
    let left = depart(access, &stage.nurse, &accepted, "Ambulancia").await.unwrap();
    let received = arrive(access, &stage.specialist, &left, "Llegó estable").await.unwrap();
    let attended = attend(access, &stage.specialist, &received).await.unwrap();
    assert_eq!(attended.state.phase(), Phase::Attended);

    let listed = stage.waiting().await;
    let booked = book(access, &stage.clerk, &listed, "s1").await.unwrap();
    let nowhere = Aim { service: String::new(), place: Named::default() };
    let unaimed = request_transfer(access, &stage.nurse, &booked, &nowhere, "Dejó de ver").await;
    assert_eq!(unaimed.unwrap_err().kind(), Kind::Invalid);
    let again = request_transfer(access, &stage.nurse, &booked, &emergencies(HOSPITAL), "Dejó de ver").await.unwrap();
    assert_eq!((again.state.phase(), again.service().id.as_str()), (Phase::TransferRequested, "emergencia"));
    let told = steps(access, &stage.nurse, &again).await.unwrap();
    assert_eq!(told.last().unwrap().before, "Oftalmología, Hospital Regional de Cobán", "another service there");
    let free = free_places(access, &stage.clerk, HOSPITAL, "oftalmologia", 10).await.unwrap();
    assert_eq!(free.len(), 3, "the place is free again");
}

fn emergencies(at: &str) -> Aim {
    Aim { service: "emergencia".into(), place: Named { id: at.into(), name: format!("Emergencia de {at}") } }
}

#[tokio::test]
async fn an_urgent_transfer_goes_to_who_takes_emergencies_until_somebody_accepts() {
    let stage = stage().await;
    let access = &stage.world.access;
    let clinic = stage.waiting().await;
    let there = emergencies(testkit::OTHER_POST);
    let asked = request_transfer(access, &stage.nurse, &clinic, &there, "Golpe en el ojo").await.unwrap();
    assert_eq!((asked.destination(), asked.service().id.as_str()), (there.place.clone(), "emergencia"));
    assert_eq!(asked.request.text_at(&["performer", "reference"]), Some("Organization/puesto-sesajal"));
    let told = steps(access, &stage.nurse, &asked).await.unwrap();
    assert_eq!(told.last().unwrap().before, "Oftalmología, Hospital Regional de Cobán");

    let sought = seek_bed(access, &stage.coordinator, &asked, "Llamé, no contestan").await.unwrap();
    let twice = seek_bed(access, &stage.coordinator, &sought, "Sigo llamando").await;
    assert!(matches!(twice, Err(CareError::Transition(_))), "it is sought there already");
    let own = seek_bed_at(access, &stage.specialist, &sought, &emergencies(HOSPITAL), "Que venga aquí").await;
    assert_eq!(own.unwrap_err().kind(), Kind::NotFound, "it has left the hospital");
    let found = seek_bed_at(access, &stage.coordinator, &sought, &emergencies(HOSPITAL), "Aquí sí").await.unwrap();
    assert_eq!((found.state.phase(), found.destination().id.as_str()), (Phase::BedSought, HOSPITAL));
    assert_eq!(found.state.clock(), asked.state.clock());
    let accepted = accept_transfer(access, &stage.specialist, &found, "Dra. Lucía Rojas").await.unwrap();
    let late = seek_bed_at(access, &stage.coordinator, &accepted, &there, "Mejor allá").await;
    assert_eq!(late.unwrap_err().kind(), Kind::Rule, "who has accepted keeps it");
    let left = depart(access, &stage.nurse, &accepted, "Ambulancia").await.unwrap();
    assert_eq!(left.destination().id, HOSPITAL);
}

#[tokio::test]
async fn a_missed_appointment_a_cancelled_one_and_an_exit_that_two_people_decide() {
    let stage = stage().await;
    let access = &stage.world.access;
    let listed = stage.waiting().await;
    let clock = listed.state.clock();
    stage.world.clock.advance(jiff::SignedDuration::from_hours(48));
    let booked = book(access, &stage.clerk, &listed, "s1").await.unwrap();
    let kept = cancel_by_provider(access, &stage.clerk, &booked, "No vino la doctora").await.unwrap();
    assert_eq!(kept.state.clock(), clock);
    let free = free_places(access, &stage.clerk, HOSPITAL, "oftalmologia", 10).await.unwrap();
    assert_eq!(free.len(), 2, "the place of who is absent is not offered again");
    let absent = book(access, &stage.clerk, &kept, "s1").await;
    assert!(matches!(absent, Err(CareError::Taken { .. })));
    let booked = book(access, &stage.clerk, &kept, "s2").await.unwrap();
    let early = no_show(access, &stage.clerk, &booked, "No llegó").await.unwrap_err();
    assert_eq!(Breach::behind(&early), Some(Breach::TooEarly), "her appointment is not over: {early}");
    let early = attend(access, &stage.specialist, &booked).await.unwrap_err();
    assert_eq!(Breach::behind(&early), Some(Breach::TooEarly), "nor has its day come: {early}");
    assert!(!booked.allows(&stage.clerk, &Move::NoShow) && booked.allows(&after(&stage.clerk), &Move::NoShow));
    let missed = no_show(access, &after(&stage.clerk), &booked, "No llegó").await.unwrap();
    assert_eq!(waiting_at_post(access, &stage.nurse).await.unwrap().to_find.len(), 1);
    let found = relist(access, &stage.nurse, &missed, "Estaba de viaje").await.unwrap();
    let dead = exit(access, &stage.nurse, &found, ExitReason::Death, "Acta del municipio").await.unwrap();
    assert_eq!(dead.state.phase(), Phase::ExitProposed);
    let alone = confirm_exit(access, &stage.nurse, &dead, "").await;
    assert_eq!(alone.unwrap_err().kind(), Kind::Rule);
    let out = confirm_exit(access, &stage.coordinator, &dead, "Vi el acta").await.unwrap();
    assert_eq!(out.state.phase(), Phase::Exited);
    let alive = reopen(access, &stage.coordinator, &out, "Era otra persona").await.unwrap();
    assert_eq!(alive.state.phase(), Phase::Waiting);
}

#[tokio::test]
async fn a_draft_can_be_thrown_away_and_the_nurse_does_not_review_her_own() {
    let stage = stage().await;
    let access = &stage.world.access;
    let written = start_draft(access, &stage.nurse, &draft()).await.unwrap();
    let sent = send(access, &stage.nurse, &written).await.unwrap();
    let own = review(access, &stage.nurse, &sent, &Review::Accept(Priority::P1), "yo").await;
    assert_eq!(own.unwrap_err().kind(), Kind::Rule);
    let stale = discard(access, &stage.nurse, &written).await;
    assert!(matches!(stale.unwrap_err().kind(), Kind::Stale | Kind::Rule), "the stale page changes nothing");
    let other = start_draft(access, &stage.nurse, &draft()).await.unwrap();
    assert_eq!(discard(access, &stage.nurse, &other).await.unwrap().state.phase(), Phase::Discarded);
}

#[tokio::test]
async fn a_service_picked_by_mistake_leaves_no_label_on_the_referral_that_is_sent() {
    let stage = stage().await;
    let (access, nurse) = (&stage.world.access, &stage.nurse);
    let labels = |referral: &Referral| [Label::of(&referral.task), Label::of(&referral.request)];
    let read = async |referral: &Referral| Referral::load(access, nurse, referral.id()).await.unwrap();
    let mistaken = care::referral::draft::Draft { service: "psicologia".into(), diagnoses: Vec::new(), ..draft() };
    let written = start_draft(access, nurse, &mistaken).await.unwrap();
    let written = read(&written).await;
    assert_eq!(labels(&written), [vec![Label::MentalHealth], vec![Label::MentalHealth]]);
    let right = update_draft(access, nurse, &written, &draft()).await.unwrap();
    let right = read(&right).await;
    assert_eq!(labels(&right), [vec![], vec![]]);

    let marked = care::referral::draft::Draft { sensitive: vec![Label::Hiv], ..draft() };
    let marked = update_draft(access, nurse, &right, &marked).await.unwrap();
    let marked = read(&marked).await;
    assert_eq!(labels(&marked), [vec![Label::Hiv], vec![Label::Hiv]], "what the author says holds");
    let sent = send(access, nurse, &marked).await.unwrap();
    assert_eq!(labels(&read(&sent).await), [vec![Label::Hiv], vec![Label::Hiv]]);
}
