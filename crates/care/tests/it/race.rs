//! Two who want the same place, one who submits twice, and the illegal table through the gate.

use access::Act;
use care::CareError;
use care::govern::{illegal_moves, illegal_stage};
use care::referral::book::{book, book_once};
use care::referral::state::Phase;
use store::{Change, Expect, Key, Kind, Write};

use crate::stage::stage;

#[tokio::test]
async fn of_two_one_gets_the_place_and_the_other_is_told_what_is_free() {
    let stage = stage().await;
    let access = &stage.world.access;
    let (first, second) = (stage.waiting().await, stage.waiting().await);
    let (a, b) = tokio::join!(book(access, &stage.clerk, &first, "s1"), book(access, &stage.clerk, &second, "s1"));
    let (won, lost): (Vec<_>, Vec<_>) = [a, b].into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 1));
    match lost.into_iter().next().unwrap() {
        Err(CareError::Taken { options }) => {
            assert_eq!(options.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["s2", "s3"]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_double_submit_books_once() {
    let stage = stage().await;
    let access = &stage.world.access;
    let listed = stage.waiting().await;
    let first = book_once(access, &stage.clerk, &listed, "s1", Some("form-7")).await.unwrap();
    let again = book_once(access, &stage.clerk, &listed, "s1", Some("form-7")).await.unwrap();
    assert_eq!(first.state, again.state);
    assert_eq!(first.task_version, again.task_version);
}

#[tokio::test]
async fn the_gate_refuses_every_illegal_move() {
    let stage = stage().await;
    let system = stage.world.system();
    for one in illegal_stage() {
        stage.world.put(&system, one.id().unwrap(), one.clone()).await;
    }
    let put = |one: &fhir::Value| Change {
        key: Key::new(one.resource_type().unwrap(), one.id().unwrap()),
        expect: Expect::Any,
        write: Write::Put(one.to_bytes().into()),
    };
    let act = |changes: Vec<Change>| Act { name: "update", changes, ..Act::default() };
    for row in illegal_moves("t", "system", system.now) {
        if !matches!(row.from, Phase::Draft | Phase::Waiting | Phase::Booked | Phase::Plan) {
            continue;
        }
        for commit in &row.setup {
            stage.world.access.commit(&system, act(commit.iter().map(put).collect())).await.unwrap();
        }
        let head = stage.world.store().head().await.unwrap();
        for one in &row.attempts {
            let delete =
                one.delete.iter().map(|key| Change { key: key.clone(), expect: Expect::Any, write: Write::Delete });
            let changes = one.writes.iter().map(put).chain(delete).collect();
            let refused = stage.world.access.commit(&system, act(changes)).await;
            assert_eq!(refused.unwrap_err().kind(), Kind::Rule, "{:?}: {}", row.from, one.name);
        }
        assert_eq!(stage.world.store().head().await.unwrap(), head, "nothing was written");
    }
}
