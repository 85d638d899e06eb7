//! A referral and its answer on paper: plain, complete, and a QR that tells nothing of anybody.

use std::sync::Arc;

use access::{Role, system};
use axum::http::StatusCode;
use care::referral::Referral;
use care::referral::answer::{CounterReferral, Line, LineKind, counter_refer};
use care::referral::attend::attend;
use care::referral::book::book;
use care::referral::draft::start_draft;
use care::referral::review::{Review, review};
use care::referral::send::send;
use care::referral::state::Priority;
use fhir::json;
use qrcode::QrCode;
use qrcode::render::svg;
use testkit::{HOSPITAL, OTHER_POST, POST};

use crate::Site;
use crate::house::well_made;
use crate::post::draft;

/// A referral of Rosa, on the waiting list, and the draft of another.
async fn waiting(site: &Site) -> (Referral, Referral) {
    let (world, access) = (&site.world, &site.world.access);
    let (nurse, coordinator, system) = (world.nurse("Ana"), world.coordinator("Edgar"), world.system());
    world.person(&nurse, "rosa", "Tzub").await;
    let offer = json!({ "resourceType": "HealthcareService", "active": true, "name": "Oftalmología",
        "providedBy": { "reference": format!("Organization/{HOSPITAL}") },
        "specialty": [{ "coding": [{ "system": system::SPECIALTY, "code": "oftalmologia" }] }] });
    world.put(&system, "ojos", offer).await;
    let schedule =
        json!({ "resourceType": "Schedule", "active": true, "actor": [{ "reference": "HealthcareService/ojos" }] });
    world.put(&system, "agenda", schedule).await;
    let slot = json!({ "resourceType": "Slot", "meta": { "profile": [system::PROFILE_SLOT] }, "status": "free",
        "schedule": { "reference": "Schedule/agenda" },
        "start": "2026-11-24T14:00:00Z", "end": "2026-11-24T14:20:00Z" });
    world.put(&system, "s1", slot).await;
    let kept = start_draft(access, &nurse, &draft()).await.unwrap();
    let written = start_draft(access, &nurse, &draft()).await.unwrap();
    let sent = send(access, &nurse, &written).await.unwrap();
    let seen = Referral::load(access, &coordinator, sent.id()).await.unwrap();
    (review(access, &coordinator, &seen, &Review::Accept(Priority::P2), "Completa").await.unwrap(), kept)
}

/// The drawing of a text alone.
fn drawn(text: &str) -> String {
    let code = QrCode::new(text).unwrap().render::<svg::Color<'_>>().min_dimensions(200, 200).build();
    code.split_once("?>").map(|(_, svg)| svg.to_owned()).unwrap()
}

#[tokio::test]
async fn a_printed_referral_is_plain_and_its_qr_holds_the_public_code_alone() {
    let site = Site::governed(vec![Arc::new(care::CareGovernor)]).await;
    let (referral, draft) = waiting(&site).await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let path = format!("/referencias/{}/imprimir", referral.id());
    let whole = nurse.get(&format!("/referencias/{}", referral.id())).await;
    assert!(whole.body.contains(&format!(r#"href="{path}""#)), "{}", whole.body);
    let paper = nurse.get(&path).await;
    well_made("/referencias/{id}/imprimir", &paper);
    for words in ["Rosa Tzub", "Ve menos del ojo derecho", "Catarata senil (H25)", "ninguna marcada", referral.number()]
    {
        assert!(paper.body.contains(words), "{words}: {}", paper.body);
    }
    assert_eq!(referral.public_code().len(), 8);
    assert!(paper.body.contains(drawn(referral.public_code()).trim()), "the QR is of the code and nothing else");
    assert!(
        paper.body.contains("paper a5") && nurse.get(&format!("{path}?hoja=carta")).await.body.contains("paper letter")
    );
    let looked = nurse.get("/personas/rosa/quien-vio").await;
    assert!(looked.body.contains("Impresión") || looked.body.contains("Imprimió"), "{}", looked.body);

    let no_answer = nurse.get(&format!("/referencias/{}/contrarreferencia/imprimir", referral.id())).await;
    assert_eq!(no_answer.status, StatusCode::NOT_FOUND);
    let unsent = nurse.get(&format!("/referencias/{}/imprimir", draft.id())).await;
    assert_eq!(unsent.status, StatusCode::NOT_FOUND, "what was not sent has no paper");
    let mut stranger = site.logged_in("eva", Role::Nurse, OTHER_POST).await;
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_printed_answer_tells_the_post_what_to_do() {
    let site = Site::governed(vec![Arc::new(care::CareGovernor)]).await;
    let (referral, _) = waiting(&site).await;
    let (world, access) = (&site.world, &site.world.access);
    let (clerk, specialist) = (world.at("Marta", Role::Clerk, HOSPITAL), world.specialist("Rojas"));
    let seen = Referral::load(access, &clerk, referral.id()).await.unwrap();
    let booked = book(access, &clerk, &seen, "s1").await.unwrap();
    let seen = Referral::load(access, &specialist, booked.id()).await.unwrap();
    let attended = attend(access, &specialist, &seen).await.unwrap();
    let answer = CounterReferral {
        findings: "Catarata madura".into(),
        diagnoses: vec![("H25".into(), "Catarata senil".into())],
        treatment: "Cirugía programada".into(),
        lines: vec![Line {
            kind: LineKind::Control,
            words: "En ocho días".into(),
            due: Some("2026-12-09".into()),
            who: None,
        }],
        red_flags: "Dolor o pérdida de visión".into(),
        next: String::new(),
    };
    counter_refer(access, &specialist, &attended, &answer).await.unwrap();
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let paper = nurse.get(&format!("/referencias/{}/contrarreferencia/imprimir", referral.id())).await;
    well_made("/referencias/{id}/contrarreferencia/imprimir", &paper);
    for words in ["Catarata madura", "Cirugía programada", "En ocho días", "09/12/2026", "Dolor o pérdida de visión"]
    {
        assert!(paper.body.contains(words), "{words}: {}", paper.body);
    }
    assert!(paper.body.contains(drawn(referral.public_code()).trim()));
}
