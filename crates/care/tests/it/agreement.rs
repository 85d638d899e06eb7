//! Two institutions: a referral goes only where somebody sees it, and nobody loses sight of it
//! without being told.

use access::Sharing;
use care::CareError;
use care::govern::Breach;
use care::referral::draft::{Draft, start_draft};
use care::referral::review::{RedirectReason, ReturnReason, Review, review};
use care::referral::send::{complete, send};
use care::referral::state::{ExitReason, Phase};
use care::referral::transfer::{Aim, request_transfer};
use care::referral::{Named, Referral, exit};
use store::Kind;
use testkit::{HOSPITAL, IGSS_HOSPITAL};

use crate::stage::{Stage, draft, stage};

fn igss() -> Named {
    Named { id: IGSS_HOSPITAL.into(), name: "Hospital IGSS de Cobán".into() }
}

fn to_igss() -> Draft {
    Draft { destination: igss(), ..draft() }
}

#[track_caller]
fn unshared(refused: Result<Referral, CareError>, what: &str) {
    let error = refused.expect_err(what);
    assert_eq!((error.kind(), Breach::behind(&error)), (Kind::Rule, Some(Breach::Unshared)), "{what}: {error}");
}

/// One side's consent, in force or not.
async fn consent(stage: &Stage, from: &str, to: &str, status: &str) {
    let mut consent = Sharing::consent(from, to, "2026-01-01");
    consent.set("id", format!("convenio-{}", from.to_lowercase()));
    consent.set("status", status);
    stage.world.update(&stage.world.system(), &consent).await.unwrap();
}

#[tokio::test]
async fn without_an_agreement_nothing_is_sent_where_nobody_would_see_it() {
    let stage = stage().await;
    let access = &stage.world.access;
    let written = start_draft(access, &stage.nurse, &to_igss()).await.unwrap();
    unshared(send(access, &stage.nurse, &written).await, "sent");
    let urgent = Aim { service: "emergencia".into(), place: igss() };
    unshared(request_transfer(access, &stage.nurse, &written, &urgent, "Sangra").await, "transferred");
    let here = start_draft(access, &stage.nurse, &draft()).await.unwrap();
    let here = send(access, &stage.nurse, &here).await.unwrap();
    let redirect = Review::Redirect(RedirectReason::Sooner, igss());
    unshared(review(access, &stage.coordinator, &here, &redirect, "Atienden antes").await, "redirected");
    let still = Referral::load(access, &stage.nurse, written.id()).await.unwrap();
    assert_eq!(still.state.phase(), Phase::Draft, "the draft is kept as it was");
    consent(&stage, "MSPAS", "IGSS", "active").await;
    unshared(send(access, &stage.nurse, &written).await, "one side alone");
    consent(&stage, "IGSS", "MSPAS", "active").await;
    let sent = send(access, &stage.nurse, &written).await.unwrap();
    let clerk = stage.world.igss_clerk("Claudia");
    assert_eq!(Referral::load(access, &clerk, sent.id()).await.unwrap().origin().id, testkit::POST);
}

#[tokio::test]
async fn a_suspended_agreement_leaves_live_referrals_with_their_owner_who_can_take_them_back() {
    let stage = stage().await;
    let access = &stage.world.access;
    stage.world.agree().await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        let written = start_draft(access, &stage.nurse, &to_igss()).await.unwrap();
        sent.push(send(access, &stage.nurse, &written).await.unwrap());
    }
    let coordinator = stage.world.at("Irma", access::Role::Coordinator, IGSS_HOSPITAL);
    for one in &sent {
        Referral::load(access, &coordinator, one.id()).await.expect("the destination sees it");
    }
    let back = Review::Return(ReturnReason::DataMissing);
    let returned = review(access, &coordinator, &sent[0], &back, "Falta el examen").await.unwrap();
    consent(&stage, "IGSS", "MSPAS", "inactive").await;
    for one in &sent {
        let gone = Referral::load(access, &coordinator, one.id()).await.unwrap_err();
        assert_eq!(gone.kind(), Kind::NotFound, "nothing of it is seen across");
        Referral::load(access, &stage.nurse, one.id()).await.expect("who refers does not lose it");
        Referral::load(access, &stage.coordinator, one.id()).await.expect("nor does its coordinator");
    }
    unshared(complete(access, &stage.nurse, &returned, &to_igss(), "Ya").await, "sent again");
    let elsewhere = Review::Redirect(
        RedirectReason::NoCapacity,
        Named { id: HOSPITAL.into(), name: "Hospital Regional de Cobán".into() },
    );
    let moved = review(access, &stage.coordinator, &sent[1], &elsewhere, "Convenio suspendido").await.unwrap();
    assert_eq!(moved.destination().id, HOSPITAL);
    let left = exit::exit(access, &stage.nurse, &sent[2], ExitReason::Refused, "Ya no quiere esperar").await.unwrap();
    assert_eq!(left.state.phase(), Phase::Exited);
    consent(&stage, "IGSS", "MSPAS", "active").await;
    Referral::load(access, &coordinator, returned.id()).await.expect("resumed, it is seen again");
    complete(access, &stage.nurse, &returned, &to_igss(), "Ya").await.expect("and sent again");
}
