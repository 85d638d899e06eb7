//! The network's office: facilities and what they offer are added and mended, by hand and by table.

use access::Role;
use axum::http::StatusCode;
use testkit::POST;

use crate::house::well_made;
use crate::network::with_network;
use crate::oversight::with_code;
use crate::{Answer, Browser, Site};

const HOSPITAL: &str = "/red/mspas-1601-h1";

async fn office() -> (Site, Browser) {
    let site = with_network().await;
    let browser = with_code(&site, "eva", Role::Administrator).await;
    (site, browser)
}

async fn mend(browser: &mut Browser, page: &Answer, changed: &[(&str, &str)]) -> Answer {
    let version = page.hidden("version");
    let mut fields = vec![
        ("version", version.as_str()),
        ("nombre", "Hospital de prueba"),
        ("tipo", "hospital-regional"),
        ("municipio", "1601"),
        ("telefono", "7952-0000"),
        ("latitud", "15.478"),
        ("longitud", "-90.372"),
        ("activo", "si"),
        ("verificado", "si"),
    ];
    fields.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    fields.extend(changed);
    browser.submit(page, &format!("{HOSPITAL}/editar"), &fields).await
}

#[tokio::test]
async fn an_administrator_mends_a_facility_and_what_was_known_besides_stays() {
    let (_site, mut browser) = office().await;
    assert!(browser.get(HOSPITAL).await.body.contains(&format!("href=\"{HOSPITAL}/editar\"")));
    let page = browser.get(&format!("{HOSPITAL}/editar")).await;
    well_made("/red/{id}/editar", &page);
    assert!(page.body.contains("value=\"15.478000\"") && page.body.contains("Alta Verapaz: Cobán"), "{}", page.body);
    let wrong = mend(&mut browser, &page, &[("nombre", ""), ("latitud", "95"), ("telefono", "7952-1111")]).await;
    well_made("/red/{id}/editar", &wrong);
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["Escriba el nombre, hasta 200 letras", "entre 13.5 y 18", "value=\"7952-1111\""] {
        assert!(wrong.body.contains(part), "{part}: {}", wrong.body);
    }
    assert_eq!(mend(&mut browser, &wrong, &[]).await.location(), HOSPITAL);
    let shown = browser.get(HOSPITAL).await;
    for part in ["El establecimiento quedó guardado", "7952-0000", "15.4780, -90.3720"] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
}

#[tokio::test]
async fn the_seat_of_the_municipality_is_not_taken_for_the_place() {
    let (_site, mut browser) = office().await;
    let seat = network::territory().municipality("1601").and_then(|one| one.seat).expect("a seat is known");
    let (lat, lon) = (format!("{:.6}", seat.lat), format!("{:.6}", seat.lon));
    let page = browser.get(&format!("{HOSPITAL}/editar")).await;
    let refused = mend(&mut browser, &page, &[("latitud", &lat), ("longitud", &lon)]).await;
    assert!(refused.body.contains("Es la cabecera municipal, no el lugar"), "{}", refused.body);
}

#[tokio::test]
async fn what_somebody_else_wrote_meanwhile_is_shown_before_it_is_overwritten() {
    let (_site, mut browser) = office().await;
    let mut other = browser.clone();
    let (mine, theirs) =
        (browser.get(&format!("{HOSPITAL}/editar")).await, other.get(&format!("{HOSPITAL}/editar")).await);
    assert_eq!(mend(&mut other, &theirs, &[("direccion", "Zona 11")]).await.location(), HOSPITAL);
    let stale = mend(&mut browser, &mine, &[("nombre", "Hospital nuevo")]).await;
    well_made("/red/{id}/editar", &stale);
    for part in ["Otra persona cambió estos datos", "Zona 11", "value=\"Hospital nuevo\""] {
        assert!(stale.body.contains(part), "{part}: {}", stale.body);
    }
    assert_eq!(mend(&mut browser, &stale, &[("nombre", "Hospital nuevo")]).await.location(), HOSPITAL);
    assert!(browser.get(HOSPITAL).await.body.contains("<h1>Hospital nuevo</h1>"));
}

#[tokio::test]
async fn a_new_facility_has_a_code_of_its_own_and_offers_what_is_written() {
    let (_site, mut browser) = office().await;
    let page = browser.get("/red/nuevo").await;
    well_made("/red/nuevo", &page);
    let fields = |code: &'static str| {
        [
            ("codigo", code),
            ("nombre", "Puesto Sesajal"),
            ("tipo", "puesto-salud"),
            ("municipio", "1601"),
            ("activo", "si"),
        ]
    };
    let taken = browser.submit(&page, "/red/nuevo", &fields("MSPAS-1601-H1")).await;
    assert!(taken.body.contains("Ese código ya lo tiene otro"), "{}", taken.body);
    let added = browser.submit(&taken, "/red/nuevo", &fields("MSPAS-1601-P7")).await;
    assert_eq!(added.location(), "/red/mspas-1601-p7");
    let page = browser.get("/red/mspas-1601-p7/servicios/nuevo").await;
    well_made("/red/{id}/servicios/nuevo", &page);
    let none = [("especialidad", "odontologia"), ("municipios", "Macondo"), ("activo", "si")];
    let wrong = browser.submit(&page, "/red/mspas-1601-p7/servicios/nuevo", &none).await;
    well_made("/red/{id}/servicios/nuevo", &wrong);
    assert!(wrong.body.contains("No encontramos el municipio «Macondo»") && wrong.body.contains("Marque al menos una"));
    let right = [("especialidad", "odontologia"), ("modalidad", "jornada"), ("municipios", "Cobán"), ("activo", "si")];
    let made = browser.submit(&wrong, "/red/mspas-1601-p7/servicios/nuevo", &right).await;
    assert_eq!(made.location(), "/red/mspas-1601-p7", "{}", made.body);
    let shown = browser.get("/red/mspas-1601-p7").await;
    assert!(shown.body.contains("Odontología") && shown.body.contains("en jornada"), "{}", shown.body);
    let onward = browser.get(HOSPITAL).await;
    assert!(onward.body.contains("href=\"/red/mspas-1601-p7\">Puesto Sesajal"), "it is a destination: {}", onward.body);
}

#[tokio::test]
async fn a_service_is_mended_from_what_it_was_or_not_at_all() {
    let (_site, mut browser) = office().await;
    let path = format!("{HOSPITAL}/servicios/ojos");
    let (page, old) = (browser.get(&path).await, browser.get(&path).await);
    well_made("/red/{id}/servicios/{servicio}", &page);
    let version = page.hidden("version");
    let fields =
        [("version", version.as_str()), ("modalidad", "presencial"), ("departamentos", "15"), ("activo", "no")];
    assert_eq!(browser.submit(&page, &path, &fields).await.location(), HOSPITAL);
    assert!(browser.get(HOSPITAL).await.body.contains("Ya no se ofrece"));
    let stale = browser.submit(&old, &path, &fields).await;
    assert!(stale.body.contains("Otra persona cambió estos datos"), "{}", stale.body);
}

#[tokio::test]
async fn whoever_has_no_business_there_finds_no_way_in() {
    let (site, _) = office().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let page = nurse.get(HOSPITAL).await;
    assert!(!page.body.contains("/editar") && !page.body.contains("/servicios/"), "{}", page.body);
    let mut director = site.logged_in("luis", Role::Director, POST).await;
    for path in ["/red/nuevo", "/red/mspas-1601-h1/editar", "/red/mspas-1601-h1/servicios/nuevo"] {
        assert_eq!(nurse.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(director.get(path).await.status, StatusCode::FORBIDDEN, "{path}: not the director's own");
    }
}
