//! The network's office: facilities and what they offer are added and mended, by hand and by table.

use access::Role;
use axum::http::StatusCode;
use testkit::{OTHER_POST, POST};

use crate::house::well_made;
use crate::network::with_network;
use crate::oversight::{supervisor, with_code};
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
async fn a_national_service_stays_national_when_something_else_is_mended() {
    let (site, mut browser) = office().await;
    let (system, key) = (site.world.system(), store::Key::new("HealthcareService", "ojos"));
    let coverage = async || {
        let service = site.world.access.read(&system, &key).await.unwrap().value();
        service.items("coverageArea").iter().map(|one| one.text_at(&["reference"]).unwrap().to_owned()).collect()
    };
    let cover = async |places: &[&str]| {
        let mut service = site.world.access.read(&system, &key).await.unwrap().value();
        let areas = places.iter().map(|id| fhir::json!({ "reference": format!("Location/{id}") }));
        service.set("coverageArea", areas.collect::<Vec<_>>());
        site.world.update(&system, &service).await.unwrap();
    };
    cover(&["gt", "ddriss-220", "gt-16"]).await;
    let path = format!("{HOSPITAL}/servicios/ojos");
    let (page, old) = (browser.get(&path).await, browser.get(&path).await);
    assert!(page.body.contains("otros lugares") && page.body.contains("<li>ddriss-220</li>"), "{}", page.body);
    let version = page.hidden("version");
    let fields = [("version", version.as_str()), ("modalidad", "teleconsulta"), ("activo", "si")];
    assert_eq!(browser.submit(&page, &path, &fields).await.location(), HOSPITAL);
    let kept: Vec<String> = coverage().await;
    assert_eq!(kept, ["Location/ddriss-220", "Location/gt"], "only the department was unticked");
    cover(&["com-chicoj"]).await;
    let stale = browser.submit(&old, &path, &fields).await;
    assert!(stale.body.contains("<li>com-chicoj</li>") && !stale.body.contains("<li>gt</li>"), "{}", stale.body);
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

const HEADER: &str = "codigo,nombre,tipo,institucion,municipio,direccion,telefono,latitud,longitud,activo";

fn table(rows: &str) -> Vec<u8> {
    format!("{HEADER}\n{rows}\n").into_bytes()
}

async fn upload(browser: &mut Browser, file: &[u8]) -> Answer {
    let page = browser.get("/red/importar").await;
    well_made("/red/importar", &page);
    browser.upload(&page, "/red/importar", ("red.csv", file)).await
}

#[tokio::test]
async fn a_table_is_shown_row_by_row_and_written_only_when_confirmed() {
    let (_site, mut browser) = office().await;
    let rows = "MSPAS-1601-H1,Hospital de prueba,hospital-regional,MSPAS,1601,,7952-0000,15.478,-90.372,no\n\
                MSPAS-1601-P5,Puesto Chitem,puesto-salud,MSPAS,1601,,,,,sí";
    let sent = upload(&mut browser, &table(rows)).await;
    let place = sent.location().to_owned();
    let review = browser.get(&place).await;
    well_made("/red/importar/{clave}", &review);
    for part in ["nuevos: 1. Que cambian: 1. Que quedan igual: 0", "telefono, activo", "Puesto Chitem"] {
        assert!(review.body.contains(part), "{part}: {}", review.body);
    }
    assert_eq!(browser.get("/red/mspas-1601-p5").await.status, StatusCode::NOT_FOUND, "nothing is written yet");
    let done = browser.submit(&review, &place, &[]).await;
    assert_eq!(done.location(), "/red/importar/hecho?nuevos=1&cambiados=1&iguales=0", "{}", done.body);
    let again = browser.submit(&review, &place, &[]).await;
    assert_eq!(again.location(), done.location(), "the same form sent twice leads to the same place");
    let result = browser.get(done.location()).await;
    well_made("/red/importar/hecho", &result);
    assert!(browser.get("/red/mspas-1601-p5").await.body.contains("Puesto Chitem"));
    assert!(browser.get(HOSPITAL).await.body.contains("No está en servicio"));
    assert_eq!(browser.get(&place).await.status, StatusCode::NOT_FOUND, "the file is gone");
}

#[tokio::test]
async fn what_goes_out_as_a_workbook_comes_back_and_changes_nothing() {
    let (site, mut browser) = office().await;
    let bytes = {
        let live = store::Live::<network::Directory>::default();
        live.follow(site.world.store()).await.expect("the log");
        live.with(|directory| {
            network::export(
                directory,
                &directory.list(&network::Filter { area: Some("16".into()), ..network::Filter::default() }),
                network::Format::Xlsx,
            )
        })
    };
    let sent = upload(&mut browser, &bytes.expect("a workbook")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let review = browser.get(sent.location()).await;
    assert!(review.body.contains("El archivo dice lo mismo"), "{}", review.body);
}

#[tokio::test]
async fn one_wrong_row_is_told_by_line_and_column_and_nothing_is_kept() {
    let (_site, mut browser) = office().await;
    let rows =
        "MSPAS-1601-P5,Puesto Chitem,posta,IGSS,1601,,,,,sí\nMSPAS-1601-P6,Puesto <b>,puesto-salud,MSPAS,99,,,,,sí";
    let wrong = upload(&mut browser, &table(rows)).await;
    well_made("/red/importar", &wrong);
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in [
        "Hay 3 errores",
        "no es un tipo de la tabla",
        "usted administra otra institución",
        "código INE de cuatro cifras",
    ] {
        assert!(wrong.body.contains(part), "{part}: {}", wrong.body);
    }
    for (file, said) in [
        (&b""[..], "Elija el archivo"),
        (b"a,b\n1,2\n", "Falta la columna"),
        (b"\xff\xfe\x00", "no está en UTF-8"),
        (b"PK\x03\x04 no es un libro", "no es un libro XLSX"),
        (HEADER.as_bytes(), "no tiene filas"),
    ] {
        let answer = upload(&mut browser, file).await;
        well_made("/red/importar", &answer);
        assert!(
            answer.status == StatusCode::UNPROCESSABLE_ENTITY && answer.body.contains(said),
            "{said}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_table_too_large_or_from_elsewhere_is_refused_before_it_is_read() {
    let (site, mut browser) = office().await;
    let large = upload(&mut browser, &vec![b'a'; 9 << 20]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", large.body);
    let foreign = site.browser().get("/entrar").await;
    let refused = browser.upload(&foreign, "/red/importar", ("red.csv", &table("x"))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "another browser's seal");
    let sent = upload(&mut browser, &table("MSPAS-1601-P5,Puesto Chitem,puesto-salud,MSPAS,1601,,,,,sí")).await;
    let mut other = site.logged_in("ana", Role::Nurse, POST).await;
    assert_eq!(other.get(sent.location()).await.status, StatusCode::FORBIDDEN);
}

const ACCOUNTS: &str = "accion,usuario,nombre,funcion,establecimiento,entrada,entregar_a";

async fn send_accounts(browser: &mut Browser, rows: &str) -> Answer {
    let page = browser.get("/cuentas/importar").await;
    well_made("/cuentas/importar", &page);
    browser.upload(&page, "/cuentas/importar", ("cuentas.csv", format!("{ACCOUNTS}\n{rows}\n").as_bytes())).await
}

#[tokio::test]
async fn supervision_makes_and_ends_the_accounts_of_its_posts_by_table() {
    let site = Site::new().await;
    site.account("vieja", &[(Role::Nurse, POST)]).await;
    let mut browser = supervisor(&site).await;
    let rows = "crear,rosa.tot,Rosa Tot,Enfermería,Puesto de salud Chicoj,,\ncrear,juan.caal,Juan Caal,medico,puesto-chicoj,clave,\n\
                terminar,vieja,,,,,\n,otra,,,,,";
    let sent = send_accounts(&mut browser, rows).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let place = sent.location().to_owned();
    let review = browser.get(&place).await;
    well_made("/cuentas/importar/{clave}", &review);
    assert!(review.body.contains("Revise 3 filas") && review.body.contains("Rosa Tot"), "{}", review.body);
    let done = browser.submit(&review, &place, &[]).await;
    well_made("/cuentas/importar/{clave}", &done);
    assert!(!done.body.contains("No se hizo") && done.body.contains("Contraseña temporal"), "{}", done.body);
    let path = done.body.split("/invitacion/").nth(1).expect("the link is shown");
    let invitation = format!("/invitacion/{}", &path[..path.find('<').unwrap()]);
    assert_eq!(site.browser().get(&invitation).await.status, StatusCode::OK);
    assert_eq!(site.browser().log_in("vieja").await.status, StatusCode::UNPROCESSABLE_ENTITY, "it has ended");
    let again = browser.submit(&review, &place, &[]).await;
    assert_eq!((again.status, again.body), (StatusCode::OK, done.body), "it acts once, and tells the secrets again");
    assert_eq!(browser.get("/cuentas/plantilla.xlsx").await.status, StatusCode::OK);
}

#[tokio::test]
async fn of_two_places_with_one_name_only_the_code_says_which() {
    let (site, mut browser) = office().await;
    let twin = network::Facility {
        code: "MSPAS-1602-H2".into(),
        name: "Hospital de prueba".into(),
        type_code: "hospital-regional".into(),
        institution: "MSPAS".into(),
        place: "gt-1601".into(),
        active: true,
        ..network::Facility::default()
    };
    for resource in twin.resources() {
        site.world.put(&site.world.system(), &twin.id(), resource).await;
    }
    let wrong = send_accounts(&mut browser, "crear,rosa.tot,Rosa Tot,enfermeria,Hospital de prueba,,").await;
    assert!(wrong.body.contains("si varios se llaman igual, el código"), "{}", wrong.body);
    let sent = send_accounts(&mut browser, "crear,rosa.tot,Rosa Tot,enfermeria,mspas-1602-h2,,").await;
    let review = browser.get(sent.location()).await;
    assert!(review.body.contains("Hospital de prueba (mspas-1602-h2)"), "{}", review.body);
}

#[tokio::test]
async fn a_table_of_which_nothing_was_done_says_so() {
    let site = Site::new().await;
    site.account("vieja", &[(Role::Nurse, POST)]).await;
    let system = site.world.system();
    let users = site.world.access.accounts().users(&system).await.unwrap();
    let whose = &users.iter().find(|one| one.user == "vieja").unwrap().practitioner;
    let task = fhir::json!({ "resourceType": "Task", "status": "requested", "intent": "order",
        "owner": { "reference": format!("Practitioner/{whose}") } });
    site.world.put(&system, "suya", task).await;
    let mut browser = supervisor(&site).await;
    let sent = send_accounts(&mut browser, "terminar,vieja,,,,,").await;
    let place = sent.location().to_owned();
    let review = browser.get(&place).await;
    let done = browser.submit(&review, &place, &[]).await;
    well_made("/cuentas/importar/{clave}", &done);
    for part in ["<h1>Ninguna cuenta cambió</h1>", "No se hizo", "escriba a quién se entregan"] {
        assert!(done.body.contains(part), "{part}: {}", done.body);
    }
    assert!(!done.body.contains("quedaron"), "{}", done.body);
    let sent = send_accounts(&mut browser, &format!("terminar,vieja,,,,,{POST}")).await;
    let review = browser.get(sent.location()).await;
    assert!(review.body.contains(&format!("entrega sus tareas a Puesto de salud Chicoj ({POST})")), "{}", review.body);
}

#[tokio::test]
async fn a_table_of_accounts_reaches_no_further_than_the_caller() {
    let site = Site::new().await;
    site.account("ajena", &[(Role::Nurse, OTHER_POST)]).await;
    let mut browser = supervisor(&site).await;
    let rows = "crear,rosa.tot,Rosa Tot,auditor,Puesto de salud Sesajal,,\nreiniciar,ajena,,,,,\nborrar,x,,,,mal,\nreiniciar,hector,,,,,";
    let wrong = send_accounts(&mut browser, rows).await;
    well_made("/cuentas/importar", &wrong);
    for part in [
        "Escriba una función de las que usted puede dar",
        "Escriba el nombre o el código de un establecimiento de los suyos",
        "No hay una cuenta suya con ese usuario",
        "Escriba crear, reiniciar o terminar",
        "Escriba enlace o clave",
    ] {
        assert!(wrong.body.contains(part), "{part}: {}", wrong.body);
    }
    assert_eq!(site.browser().log_in("ajena").await.location(), "/");
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    assert_eq!(nurse.get("/cuentas/importar").await.status, StatusCode::FORBIDDEN);
}
