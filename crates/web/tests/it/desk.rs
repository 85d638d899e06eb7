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

#[tokio::test]
async fn who_has_nothing_waiting_is_shown_where_the_work_is() {
    let site = sent().await;
    for (role, facility, way) in [
        (Role::Director, HOSPITAL, "/agenda/horarios"),
        (Role::Supervisor, OFFICE, "/referencias?ver=todas"),
        (Role::Interpreter, HOSPITAL, "/red"),
        (Role::Specialist, HOSPITAL, "/agenda"),
    ] {
        let mut browser = site.logged_in(role.code(), role, facility).await;
        let home = browser.get("/").await;
        well_made("/", &home);
        let act = format!("<a class=\"btn btn-2\" href=\"{way}\">");
        assert!(
            home.body.contains("Nada espera por usted") && home.body.contains(&act),
            "{}: {}",
            role.code(),
            home.body
        );
        assert_eq!(browser.get(way).await.status, StatusCode::OK, "{way}");
    }
}

#[tokio::test]
async fn paper_says_when_it_was_printed_and_what_of_the_list_it_shows() {
    let site = sent().await;
    let mut clerk = site.logged_in("citas", Role::Clerk, HOSPITAL).await;
    let list = clerk.get("/referencias?ver=revisar&servicio=oftalmologia&q=tzub").await;
    let paper: Vec<&str> =
        list.body.split("class=\"only-print").skip(1).map(|rest| rest.split("</p>").next().unwrap()).collect();
    assert!(paper[0].contains("Impreso el 24/11/2026, 8:00"), "{paper:?}");
    assert!(paper[1].contains("Por revisar · Oftalmología · tzub"), "{paper:?}");
    let ways = list.body.split("<nav class=\"nav\"").nth(1).unwrap().split("</nav>").next().unwrap();
    assert_eq!(ways.matches("<li>").count(), 5, "no more than fit on a telephone: {ways}");
    assert!(list.body.contains("class=\"only-s\" href=\"/cuenta\""), "the account is reached from above");
}
