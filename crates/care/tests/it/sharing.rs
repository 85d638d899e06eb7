//! What another institution sees of a referral, and from when until when.

use care::referral::answer::acknowledge;
use care::referral::draft::{Draft, start_draft, update_draft};
use care::referral::review::{Review, review};
use care::referral::send::send;
use care::referral::state::{Phase, State};
use care::referral::task::{request_status, write_state};
use care::referral::{Named, Referral};
use jiff::SignedDuration;
use store::{Change, Expect, HistoryQuery, HistoryScope, Key, Kind, Write};
use testkit::IGSS_HOSPITAL;

use crate::stage::{Stage, draft, stage};

/// A draft of Rosa's for the other institution's hospital, in its second version.
async fn for_igss(stage: &Stage) -> Referral {
    stage.world.agree().await;
    let access = &stage.world.access;
    let destination = Named { id: IGSS_HOSPITAL.into(), name: "Hospital IGSS de Cobán".into() };
    let draft = Draft { destination, ..draft() };
    let written = start_draft(access, &stage.world.nurse("Ixmucané"), &draft).await.unwrap();
    stage.world.clock.advance(SignedDuration::from_mins(1));
    let written = update_draft(access, &stage.world.nurse("Ixmucané"), &written, &draft).await.unwrap();
    stage.world.clock.advance(SignedDuration::from_secs(30));
    written
}

/// The versions of the Task that the other institution reads.
async fn seen(stage: &Stage, id: &str) -> Vec<u64> {
    let scope = HistoryScope::Instance(Key::new("Task", id));
    let query = HistoryQuery { scope, since: None, at: None, count: None, cursor: None };
    let page = stage.world.access.history(&stage.world.igss_specialist("Rojas"), &query).await;
    page.iter().flat_map(|page| &page.entries).map(|entry| entry.version).collect()
}

#[tokio::test]
async fn a_machine_that_sends_begins_to_share_with_the_sending_and_not_before() {
    let stage = stage().await;
    let written = for_igss(&stage).await;
    let machine = stage.world.machine("MSPAS", "system/*.cruds");
    let read = stage.world.access.read(&machine, &Key::new("Task", written.id())).await.unwrap().value();
    let send = async |authored: Option<SignedDuration>| {
        let (mut task, mut request) = (read.clone(), written.request.clone());
        write_state(&mut task, &State::Sent { clock: machine.now });
        task.set("lastModified", machine.now.to_string());
        if let Some(before) = authored {
            task.set("authoredOn", (machine.now - before).to_string());
        }
        request.set("status", request_status(Phase::Sent));
        let changes = [&task, &request].map(|one| {
            let key = Key::new(one.resource_type().unwrap(), one.id().unwrap());
            Change { key, expect: Expect::Any, write: Write::Put(one.to_bytes().into()) }
        });
        let act = access::Act { name: "update", changes: changes.into(), ..access::Act::default() };
        stage.world.access.commit(&machine, act).await
    };
    for early in [None, Some(SignedDuration::from_hours(24)), Some(SignedDuration::from_secs(31))] {
        let refused = send(early).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Rule, "{early:?}: a draft stood then");
    }
    assert_eq!(seen(&stage, written.id()).await, Vec::<u64>::new());
    send(Some(SignedDuration::from_secs(10))).await.unwrap();
    assert_eq!(seen(&stage, written.id()).await, [3], "neither of the drafts");
}

#[tokio::test]
async fn what_is_written_without_a_move_does_not_share_a_closed_referral_for_longer() {
    let stage = stage().await;
    let access = &stage.world.access;
    let written = for_igss(&stage).await;
    let sent = send(access, &stage.world.nurse("Ixmucané"), &written).await.unwrap();
    let rojas = stage.world.igss_specialist("Rojas");
    let asked = Referral::load(access, &rojas, sent.id()).await.unwrap();
    let advised = review(access, &rojas, &asked, &Review::Advise, "Gotas, y control en su puesto").await.unwrap();
    let nurse = stage.world.nurse("Ixmucané");
    let closed = acknowledge(access, &nurse, &advised, &[]).await.unwrap();
    assert_eq!(closed.state.phase(), Phase::Closed);

    stage.world.clock.advance(SignedDuration::from_hours(24 * 80));
    let nurse = stage.world.nurse("Ixmucané");
    let task = access.read(&nurse, &Key::new("Task", sent.id())).await.unwrap().value();
    stage.world.update(&nurse, &task).await.unwrap();
    let mut noted = task.clone();
    noted.set("note", [task.items("note"), &[fhir::json!({ "text": "Vino por su papel" })]].concat());
    stage.world.update(&nurse, &noted).await.unwrap();
    noted.set("lastModified", nurse.now.to_string());
    assert_eq!(stage.world.update(&nurse, &noted).await.unwrap_err().kind(), Kind::Rule, "it would restart the days");
    assert!(!seen(&stage, sent.id()).await.is_empty());
    stage.world.clock.advance(SignedDuration::from_hours(24 * 10 + 1));
    assert_eq!(seen(&stage, sent.id()).await, Vec::<u64>::new(), "ninety days after the closing, not after the note");
}
