//! One referral from the desk's side: its page, and the acts of everyone who moves it.

use access::{NewUser, Role};
use axum::http::StatusCode;
use care::referral::Named;
use care::referral::draft::{Draft, start_draft};
use care::referral::send::send;
use testkit::{HOSPITAL, OFFICE, OTHER_POST, POST};

use crate::browser::{Browser, PASSWORD};
use crate::house::well_made;
use crate::{Site, new_user};

/// Rosa's post has referred her to the hospital; the id of the referral.
async fn sent(site: &Site) -> String {
    let nurse = site.world.nurse("Ana");
    let draft = Draft {
        patient: Named { id: "rosa".into(), name: "Rosa Tzub".into() },
        service: "oftalmologia".into(),
        destination: Named { id: HOSPITAL.into(), name: "Hospital Regional de Cobán".into() },
        reason: "Ve menos del ojo derecho".into(),
        diagnoses: vec![("H25".into(), "Catarata senil".into())],
        done: "Agudeza visual tomada".into(),
        signs: Some(vec![]),
        ..Draft::default()
    };
    let written = start_draft(&site.world.access, &nurse, &draft).await.unwrap();
    send(&site.world.access, &nurse, &written).await.unwrap().id().to_owned()
}

/// Somebody at work; coordinators answer for the post and the hospital.
async fn at_work(site: &Site, user: &str, role: Role, facility: &str) -> Browser {
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
    let path = format!("href=\"/referencias/{}\"", sent(&site).await);
    let mut coordinator = at_work(&site, "coordina", Role::Coordinator, OFFICE).await;
    for from in ["/", "/referencias"] {
        assert!(coordinator.get(from).await.body.contains(&path), "{from}");
    }
    let mut nurse = at_work(&site, "enfermera", Role::Nurse, POST).await;
    assert!(nurse.get("/personas/rosa").await.body.contains(&path));
}
