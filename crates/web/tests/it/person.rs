//! Finding a person and opening their record, with a reason or with one's written word.

use access::Role;
use axum::http::StatusCode;
use testkit::{OFFICE, OTHER_POST, POST};

use crate::Site;
use crate::house::well_made;
use crate::oversight::with_code;

#[tokio::test]
async fn a_person_is_found_without_accents_and_opened() {
    let site = Site::new().await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    site.world.person(&site.world.at("Ana", Role::Nurse, POST), "rosa", "Tzúb").await;
    let found = browser.get("/personas?q=rosa%20tzub").await;
    well_made("/personas", &found);
    assert!(found.body.contains(r#"href="/personas/rosa""#), "{}", found.body);
    let misspelt = browser.get("/personas?q=tzub%20Roza").await;
    assert!(misspelt.body.contains(r#"href="/personas/rosa""#), "{}", misspelt.body);
    let record = browser.get("/personas/rosa").await;
    well_made("/personas/rosa", &record);
    assert!(record.body.contains("<h1>Rosa Tzúb <span class=\"synth\">SINTÉTICO</span></h1>"), "{}", record.body);
    let title = record.body.split("<title>").nth(1).unwrap();
    assert!(!title[..title.find('<').unwrap()].contains("Rosa"), "no name in the window's title");
    assert!(browser.get("/personas?q=nadie").await.body.contains("No encontramos a nadie"));
}

#[tokio::test]
async fn a_record_without_a_reason_opens_only_with_a_written_one() {
    let site = Site::new().await;
    site.world.person(&site.world.at("Otra", Role::Nurse, OTHER_POST), "rosa", "Tzub").await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    assert_eq!(browser.get("/personas/rosa").await.location(), "/personas/rosa/razon");
    let page = browser.get("/personas/rosa/razon").await;
    well_made("/personas/rosa/razon", &page);
    let short = browser.submit(&page, "/personas/rosa/razon", &[("razon", "urge")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(short.body.contains("al menos diez letras") && short.body.contains(">\nurge</textarea>"), "{}", short.body);
    let reason = [("razon", "Llegó a emergencia y no puede hablar")];
    let opened = browser.submit(&short, "/personas/rosa/razon", &reason).await;
    assert_eq!(opened.location(), "/personas/rosa");
    assert_eq!(browser.get("/personas/rosa").await.status, StatusCode::OK);
    let twice = browser.submit(&short, "/personas/rosa/razon", &reason).await;
    assert_eq!(
        (twice.status, twice.location()),
        (StatusCode::SEE_OTHER, "/personas/rosa"),
        "the same form twice acts once"
    );
}

#[tokio::test]
async fn who_is_not_there_and_who_may_not_be_seen_are_alike() {
    let site = Site::new().await;
    site.world.person(&site.world.igss_clerk("Otro"), "rosa", "Tzub").await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let (hidden, absent) = (browser.get("/personas/rosa").await, browser.get("/personas/nadie").await);
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    assert_eq!(hidden.body, absent.body);
}

#[tokio::test]
async fn every_row_of_the_table_holds_for_every_role() {
    let site = Site::new().await;
    for role in Role::ALL.into_iter().filter(|role| *role != Role::System) {
        let facility = if role == Role::Coordinator { OFFICE } else { POST };
        let mut browser = match role {
            Role::Administrator | Role::Auditor | Role::Adviser => with_code(&site, role.code(), role).await,
            _ => site.logged_in(role.code(), role, facility).await,
        };
        for route in web::routes().iter().filter(|route| route.method == axum::http::Method::GET) {
            let filled = route.path.split('/').map(|part| if part.starts_with('{') { "nada" } else { part });
            let path = filled.collect::<Vec<_>>().join("/");
            let answer = browser.get(&path).await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            if !route.expects.admits(role) {
                assert!(refused, "{} may not ask for {path}: {}", role.code(), answer.status);
            } else if !path.contains("/nada") && path != "/red/importar/hecho" {
                assert_eq!(answer.status, StatusCode::OK, "{} asks for {path}", role.code());
            }
        }
    }
}

#[tokio::test]
async fn an_e_mail_is_never_shown_as_a_telephone() {
    let site = Site::new().await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let mut rosa = site.world.person(&site.world.nurse("Ana"), "rosa", "Tzub").await.value();
    for (ways, phone) in [
        (fhir::json!([{ "system": "email", "value": "rosa@example.org" }]), None),
        (
            fhir::json!([{ "system": "email", "value": "rosa@example.org" }, { "system": "phone", "value": "5555 0101" }]),
            Some("5555 0101"),
        ),
    ] {
        rosa.set("telecom", ways);
        site.world.update(&site.world.system(), &rosa).await.unwrap();
        let page = browser.get("/personas/rosa").await;
        let shown = page.body.split("<dt>Teléfono</dt><dd>").nth(1).and_then(|rest| rest.split('<').next());
        assert_eq!(shown, phone, "{}", page.body);
    }
}
