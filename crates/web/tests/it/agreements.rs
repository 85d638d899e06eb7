//! Agreements between institutions: made, suspended and resumed by who answers for one; and a
//! referral that nobody at its destination would see is neither offered nor lost without a word.

use std::sync::Arc;

use access::{Cx, Role};
use axum::http::StatusCode;
use care::referral::draft::{Draft, start_draft};
use care::referral::send::send;
use care::referral::state::Phase;
use care::referral::{Named, Referral};
use network::{Level, Place, Service};
use testkit::{HOSPITAL, IGSS_HOSPITAL, POST};

use crate::house::well_made;
use crate::oversight::with_code;
use crate::{Browser, Site};

/// Hospitals of two institutions that see eyes of the post's people, and no agreement.
async fn site() -> Site {
    let site = Site::governed(vec![Arc::new(care::CareGovernor)]).await;
    let (world, system) = (&site.world, site.world.system());
    world.person(&world.nurse("Ixmucané"), "rosa", "Tzub").await;
    let department = Place::new("gt-16", "Alta Verapaz", Level::Department, None);
    world.put(&system, "gt-16", department.resource()).await;
    let here = fhir::json!({ "resourceType": "Location", "name": "Puesto", "status": "active",
        "managingOrganization": { "reference": format!("Organization/{POST}") },
        "partOf": { "reference": "Location/gt-16" } });
    world.put(&system, POST, here).await;
    for (facility, institution) in [(HOSPITAL, "MSPAS"), (IGSS_HOSPITAL, "IGSS")] {
        let eyes = Service {
            id: format!("ojos-{facility}"),
            facility: facility.into(),
            institution: institution.into(),
            specialty: "oftalmologia".into(),
            modalities: vec!["presencial".into()],
            coverage: vec!["gt-16".into()],
            active: true,
            ..Service::default()
        };
        world.put(&system, &eyes.id, eyes.resource()).await;
    }
    site
}

fn draft() -> Draft {
    Draft {
        patient: Named { id: "rosa".into(), name: "Rosa Tzub".into() },
        service: "oftalmologia".into(),
        destination: Named { id: IGSS_HOSPITAL.into(), name: "Hospital IGSS de Cobán".into() },
        reason: "Ve menos del ojo derecho".into(),
        signs: Some(vec![]),
        ..Draft::default()
    }
}

async fn sent_to_igss(site: &Site, nurse: &Cx) -> Referral {
    let access = &site.world.access;
    let written = start_draft(access, nurse, &draft()).await.unwrap();
    send(access, nurse, &written).await.unwrap()
}

const TERMS: [(&str, &str); 5] =
    [("clases", "referencia"), ("clases", "indice"), ("desde", "01/01/2026"), ("hasta", ""), ("dias", "60")];

async fn give(browser: &mut Browser, with: &str) -> String {
    let page = browser.get(&format!("/acuerdos/{with}/dar")).await;
    let version = page.hidden("version");
    let fields: Vec<(&str, &str)> = TERMS.into_iter().chain([("version", version.as_str())]).collect();
    browser.submit(&page, &format!("/acuerdos/{with}/dar"), &fields).await.location().to_owned()
}

#[tokio::test]
async fn each_side_gives_its_own_and_either_suspends_it_with_a_reason() {
    let site = site().await;
    let mut ours = with_code(&site, "eva", Role::Administrator).await;
    let mut theirs = site.logged_in("luna", Role::Director, IGSS_HOSPITAL).await;
    let none = ours.get("/acuerdos").await;
    well_made("/acuerdos", &none);
    for part in ["Todavía no hay acuerdos", "href=\"/acuerdos/IGSS/dar\"", "Hacer un acuerdo con IGSS"] {
        assert!(none.body.contains(part), "{part}: {}", none.body);
    }
    let page = ours.get("/acuerdos/IGSS/dar").await;
    well_made("/acuerdos/{con}/dar", &page);
    let version = page.hidden("version");
    let wrong = [("version", version.as_str()), ("desde", "31/02/2026"), ("hasta", "01/01/2026"), ("dias", "400")];
    let wrong = ours.submit(&page, "/acuerdos/IGSS/dar", &wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["Marque al menos la referencia", "value=\"31/02/2026\"", "Escriba un número de 0 a 90"] {
        assert!(wrong.body.contains(part), "{part}: {}", wrong.body);
    }
    assert_eq!(give(&mut ours, "IGSS").await, "/acuerdos/IGSS");
    let half = ours.get("/acuerdos/IGSS").await;
    well_made("/acuerdos/{con}", &half);
    for part in ["Falta la otra parte", "Su parte del acuerdo quedó dada", "60 días", "01/01/2026", "Todavía nada"] {
        assert!(half.body.contains(part), "{part}: {}", half.body);
    }
    assert!(theirs.get("/acuerdos").await.body.contains("Falta la parte de la suya"));
    assert_eq!(give(&mut theirs, "MSPAS").await, "/acuerdos/MSPAS");
    assert!(ours.get("/acuerdos").await.body.contains("Vigente"));

    let (question, stale) = (theirs.get("/acuerdos/MSPAS/estado").await, theirs.get("/acuerdos/MSPAS/estado").await);
    well_made("/acuerdos/{con}/estado", &question);
    let version = question.hidden("version");
    let silent = theirs.submit(&question, "/acuerdos/MSPAS/estado", &[("version", &version)]).await;
    assert!(silent.body.contains("Escriba el motivo"), "{}", silent.body);
    let why = [("version", version.as_str()), ("motivo", "Revisión de seguridad"), ("boton", "suspender")];
    let done = theirs.submit(&silent, "/acuerdos/MSPAS/estado", &why).await;
    assert_eq!(done.location(), "/acuerdos/MSPAS");
    let twice = theirs.submit(&stale, "/acuerdos/MSPAS/estado", &why).await;
    assert_eq!(twice.status, StatusCode::CONFLICT, "it is suspended already");
    let told = ours.get("/acuerdos/IGSS").await;
    for part in ["Suspendido", "IGSS lo suspendió", "Revisión de seguridad"] {
        assert!(told.body.contains(part), "{part}: {}", told.body);
    }
    let page = theirs.get("/acuerdos/MSPAS/estado").await;
    well_made("/acuerdos/{con}/estado", &page);
    let version = page.hidden("version");
    let back = [("version", version.as_str()), ("motivo", "Revisado"), ("boton", "reanudar")];
    assert_eq!(theirs.submit(&page, "/acuerdos/MSPAS/estado", &back).await.location(), "/acuerdos/MSPAS");
    assert!(ours.get("/acuerdos/IGSS").await.body.contains("Vigente"));
    assert_eq!(ours.get("/acuerdos/NADIE").await.status, StatusCode::NOT_FOUND);
    let mut nurse = site.logged_in("ixmucane", Role::Nurse, POST).await;
    assert_eq!(nurse.get("/acuerdos").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_referred_and_who_attends_are_told_that_a_suspended_agreement_hides_it() {
    let site = site().await;
    site.world.agree().await;
    let sent = sent_to_igss(&site, &site.world.nurse("Ixmucané")).await;
    let path = format!("/referencias/{}", sent.id());
    let mut nurse = site.logged_in("ixmucane", Role::Nurse, POST).await;
    let mut clerk = site.logged_in("claudia", Role::Clerk, IGSS_HOSPITAL).await;
    assert_eq!(clerk.get(&path).await.status, StatusCode::OK);
    assert!(!nurse.get(&path).await.body.contains("no ve esta referencia"));
    let theirs = site.world.at("Luna", Role::Administrator, IGSS_HOSPITAL);
    site.world.access.suspend_agreement(&theirs, "MSPAS", "Revisión").await.unwrap();

    let kept = nurse.get(&path).await;
    well_made("/referencias/{id}", &kept);
    assert_eq!(kept.status, StatusCode::OK, "who referred does not lose it");
    assert!(kept.body.contains("IGSS no ve esta referencia: el acuerdo no está vigente"), "{}", kept.body);
    let gone = clerk.get(&path).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(gone.body.contains("el acuerdo con MSPAS no está vigente"), "{}", gone.body);
    let never = clerk.get("/referencias/ninguna").await;
    assert_eq!(never.body, gone.body, "the words tell nothing of whether it is there");
    for list in ["/referencias", "/agenda"] {
        let page = clerk.get(list).await;
        assert!(page.body.contains("No se ven las referencias de MSPAS"), "{list}: {}", page.body);
    }
}

#[tokio::test]
async fn a_place_of_another_institution_is_offered_only_under_an_agreement() {
    let site = site().await;
    let (mut browser, nurse) = (site.logged_in("ixmucane", Role::Nurse, POST).await, site.world.nurse("Ixmucané"));
    let open = Draft { destination: Named::default(), ..draft() };
    let written = start_draft(&site.world.access, &nurse, &open).await.unwrap();
    let path = format!("/personas/rosa/referir?borrador={}", written.id());
    let offered = async |browser: &mut Browser| {
        let page = browser.get(&path).await;
        assert!(page.body.contains("Hospital Regional de Cobán"), "{}", page.body);
        page.body.contains("Hospital IGSS de Cobán")
    };
    assert!(!offered(&mut browser).await, "nobody there would see it");
    site.world.agree().await;
    assert!(offered(&mut browser).await);
    // Suspended between the look and the sending, it is refused in words, and the draft is kept.
    let ready = start_draft(&site.world.access, &nurse, &draft()).await.unwrap();
    let page = browser.get(&format!("/referencias/{}/traslado", ready.id())).await;
    let (version, igss) = (page.hidden("version"), IGSS_HOSPITAL);
    let theirs = site.world.at("Luna", Role::Administrator, IGSS_HOSPITAL);
    site.world.access.suspend_agreement(&theirs, "MSPAS", "Revisión").await.unwrap();
    let urgent = [("version", version.as_str()), ("destino", igss), ("motivo", "Sangra"), ("boton", "pedir")];
    let refused = browser.submit(&page, &format!("/referencias/{}/traslado", ready.id()), &urgent).await;
    assert!(refused.status.is_client_error(), "{} {}", refused.status, refused.body);
    assert_eq!(Referral::load(&site.world.access, &nurse, ready.id()).await.unwrap().state.phase(), Phase::Draft);
}
