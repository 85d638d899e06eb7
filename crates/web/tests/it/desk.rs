//! The queue of the network and of the hospital's desk.

use std::sync::Arc;

use access::Role;
use axum::http::StatusCode;
use care::referral::draft::start_draft;
use care::referral::send::send;
use testkit::{HOSPITAL, OFFICE, POST, World};

use crate::Site;
use crate::house::well_made;
use crate::post::draft;

/// Rosa's post has referred her to the hospital.
async fn sent() -> Site {
    let world = World::governed(vec![Arc::new(care::CareGovernor)]).await;
    let nurse = world.nurse("Ixmucané");
    world.person(&nurse, "rosa", "Tzub").await;
    let written = start_draft(&world.access, &nurse, &draft()).await.unwrap();
    send(&world.access, &nurse, &written).await.unwrap();
    Site::over(world)
}

#[tokio::test]
async fn the_hospital_and_the_network_see_what_was_sent_and_narrow_it() {
    let site = sent().await;
    for (role, facility) in [(Role::Clerk, HOSPITAL), (Role::Specialist, HOSPITAL)] {
        let mut browser = site.logged_in(role.code(), role, facility).await;
        let page = browser.get("/referencias").await;
        well_made("/referencias", &page);
        assert!(page.body.contains("Rosa Tzub") && page.body.contains("Por revisar (1)"), "{}", page.body);
        assert!(page.body.contains("Ve menos del ojo derecho") && page.body.contains("Puesto de salud Chicoj"));
        let none = browser.get("/referencias?q=hernia").await;
        assert!(!none.body.contains("Rosa Tzub") && none.body.contains("Quitar los filtros"), "{}", none.body);
        assert!(browser.get("/referencias?q=OJO%20tzub&prioridad=routine").await.body.contains("Rosa Tzub"));
        assert!(!browser.get("/referencias?ver=devueltas").await.body.contains("Rosa Tzub"));
    }
}

#[tokio::test]
async fn who_has_no_queue_is_refused() {
    let site = sent().await;
    for (role, facility) in [(Role::Nurse, POST), (Role::Director, OFFICE)] {
        let mut browser = site.logged_in(role.code(), role, facility).await;
        assert_eq!(browser.get("/referencias").await.status, StatusCode::FORBIDDEN, "{}", role.code());
    }
}
