//! The network's map, list and facilities, with what is not known said in words.

use access::Role;
use axum::http::StatusCode;
use network::{Facility, Level, Place, Point, Service};
use testkit::POST;

use crate::Site;
use crate::house::well_made;

pub fn hospital() -> Facility {
    Facility {
        code: "MSPAS-1601-H1".into(),
        name: "Hospital de prueba".into(),
        type_code: "hospital-regional".into(),
        institution: "MSPAS".into(),
        place: "gt-1601".into(),
        position: Some(Point { lat: 15.478, lon: -90.372 }),
        active: true,
        verified: true,
        ..Facility::default()
    }
}

pub async fn with_network() -> Site {
    let site = Site::new().await;
    let system = site.world.system();
    let place = |id: &str, name: &str, level, within| {
        let mut place = Place::new(id, name, level, within);
        place.code = Some(id.trim_start_matches("gt-").to_owned());
        place
    };
    let mut seat = place("gt-1601", "Cobán", Level::Municipality, Some("gt-16"));
    seat.position = Some(Point { lat: 15.47, lon: -90.37 });
    for place in [place("gt-16", "Alta Verapaz", Level::Department, None), seat] {
        site.world.put(&system, &place.id, place.resource()).await;
    }
    let unplaced =
        Facility { code: "MSPAS-1601-P9".into(), name: "=Puesto sin lugar".into(), position: None, ..hospital() };
    for facility in [hospital(), Facility { verified: false, ..unplaced }] {
        for resource in facility.resources() {
            site.world.put(&system, &facility.id(), resource).await;
        }
    }
    let eyes = Service {
        id: "ojos".into(),
        facility: hospital().id(),
        institution: "MSPAS".into(),
        specialty: "oftalmologia".into(),
        modalities: vec!["presencial".into(), "teleconsulta".into()],
        coverage: vec!["gt-16".into()],
        active: true,
        ..Service::default()
    };
    site.world.put(&system, "ojos", eyes.resource()).await;
    site
}

#[tokio::test]
async fn the_map_says_in_words_and_in_a_table_what_it_draws() {
    let site = with_network().await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let page = browser.get("/red?departamento=16").await;
    well_made("/red", &page);
    let map = page.body.split("<figure").nth(1).unwrap().split("</figure>").next().unwrap();
    assert!(map.contains("<title id=\"mapa-t\">Alta Verapaz y sus municipios</title>"), "{map:.400}");
    assert!(map.contains("De 2 establecimientos que muestra la lista, 1 tienen ubicación conocida"), "{map:.900}");
    assert_eq!(map.matches("class=\"spot\"").count(), 1, "only what has a coordinate is drawn");
    assert!(page.body.contains("<caption>Establecimientos por municipio de Alta Verapaz</caption>"));
    let row = "<th scope=\"row\">Cobán</th><td class=\"num\">2</td><td class=\"num\">1</td>";
    assert!(page.body.contains(row), "the table says the same");
    let country = browser.get("/red").await;
    well_made("/red", &country);
    assert_eq!(country.body.matches("<path class=\"area").count(), 22);
    assert!(country.body.contains("href=\"/red?departamento=16\">Alta Verapaz</a>"));
}

#[tokio::test]
async fn the_map_shows_an_operator_s_outlines_at_once() {
    let site = with_network().await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let areas = |page: &str| page.matches("<path class=\"area").count();
    assert_eq!(areas(&browser.get("/red?departamento=16").await.body), 1);
    let file = br#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"1601"},
        "geometry":{"type":"Polygon","coordinates":[[[-90.4,15.0],[-90.4,15.5],[-89.5,15.5],[-90.4,15.0]]]}}]}"#;
    let outlines = network::Outlines::from_geojson(file).expect("a file").0;
    outlines.save(&site.world.access, &site.world.system()).await.expect("kept");
    let page = browser.get("/red?departamento=16").await;
    well_made("/red", &page);
    assert_eq!(areas(&page.body), 2);
    assert_eq!(areas(&browser.get("/red").await.body), 22);
}

#[tokio::test]
async fn the_list_is_filtered_and_says_when_nothing_is_left() {
    let site = with_network().await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let found = browser.get("/red?q=hospital%20PRUEBA&institucion=MSPAS&tipo=hospital-regional").await;
    assert!(found.body.contains("<a href=\"/red/mspas-1601-h1\">Hospital de prueba</a>"));
    assert!(!found.body.contains("Puesto de salud Chicoj</a>"));
    let none = browser.get("/red?q=%25&institucion=IGSS&tipo=puesto-salud").await;
    well_made("/red", &none);
    assert!(none.body.contains("Ningún establecimiento coincide") && none.status == StatusCode::OK);
}

#[tokio::test]
async fn a_facility_tells_what_it_offers_and_what_nobody_knows() {
    let site = with_network().await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let page = browser.get("/red/mspas-1601-h1").await;
    well_made("/red/{id}", &page);
    for part in [
        "en el establecimiento, por teleconsulta",
        "Departamento Alta Verapaz",
        "No se conoce el teléfono",
        "No publica lugares",
        "15.4780, -90.3720",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let bare = browser.get("/red/mspas-1601-p9").await;
    for part in ["No se conocen las coordenadas", "No se conoce qué servicios ofrece", "Por confirmar.", "Oftalmología"]
    {
        assert!(bare.body.contains(part), "{part}: {}", bare.body);
    }
    assert_eq!(browser.get("/red/nada").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_change_in_the_network_is_seen_at_once() {
    let site = with_network().await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    assert!(browser.get("/red/mspas-1601-h1").await.body.contains("Hospital de prueba"));
    let renamed = Facility { name: "Hospital nuevo".into(), ..hospital() };
    site.world.update(&site.world.system(), &renamed.resources()[0]).await.expect("a new name");
    assert!(browser.get("/red/mspas-1601-h1").await.body.contains("<h1>Hospital nuevo</h1>"));
}

#[tokio::test]
async fn the_download_follows_the_filter_and_starts_no_formula() {
    let site = with_network().await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let table = browser.get("/red.csv?departamento=16").await;
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    assert!(table.body.contains("Hospital de prueba") && !table.body.contains("Chicoj"), "{}", table.body);
    assert!(table.body.contains("'=Puesto sin lugar") && !table.body.contains(",=Puesto"), "{}", table.body);
    assert_eq!(browser.get("/red.xlsx").await.status, StatusCode::OK);
}
