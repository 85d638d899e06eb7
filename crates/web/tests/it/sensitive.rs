//! Sensitive information on pages: marked by the diagnosis or by hand, shown to who treats and who
//! triages as confidential, and to nobody else anywhere.

use access::{NewUser, Role};
use axum::http::StatusCode;
use store::Key;
use testkit::{HOSPITAL, IGSS_HOSPITAL, OFFICE, OTHER_POST, POST};

use crate::browser::{Answer, Browser, PASSWORD, Site, new_user};
use crate::house::well_made;

const VISIT: [(&str, &str); 6] = [
    ("motivo", "Tristeza que no se va"),
    ("hallazgos", "Llanto fácil"),
    ("temperature", "36,5"),
    ("dx1", "F32.1 episodio depresivo"),
    ("plan", "Referir"),
    ("consulta", "1"),
];
/// Words that tell of it.
const TELLING: [&str; 5] = ["Tristeza", "depresivo", "Psiquiatría", "salud mental", "Llanto"];

/// Whether the box of a class is ticked on the page.
fn is_ticked(page: &Answer, class: &str) -> bool {
    page.body.contains(&format!(r#"value="{class}" checked"#))
}

/// Rosa's visit for depression, signed by the page; and the referral to psychiatry made from it.
async fn story() -> (Site, Browser, String, String) {
    let site = crate::post::site().await;
    crate::post::serves(&site.world, HOSPITAL, "animo", "psiquiatria").await;
    site.world.agree().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let sheet = nurse.get("/personas/rosa/atender").await;
    assert!(!is_ticked(&sheet, "salud-mental"));
    let kept = nurse.submit(&sheet, "/personas/rosa/atender", &[&VISIT[..], &[("boton", "guardar")]].concat()).await;
    let sheet = nurse.get(kept.location()).await;
    well_made("/personas/rosa/atender", &sheet);
    assert!(is_ticked(&sheet, "salud-mental") && !is_ticked(&sheet, "vih"), "{}", sheet.body);
    assert!(sheet.body.contains("Salud mental: sólo la ven el equipo tratante y trabajo social"), "{}", sheet.body);
    let signed = [&VISIT[..], &[("sensible", "sustancias"), ("boton", "firmar")]].concat();
    let signed = nurse.submit(&sheet, "/personas/rosa/atender", &signed).await;
    let visit = signed.location().split("visita=").nth(1).unwrap_or_else(|| panic!("{}", signed.body)).to_owned();

    let signs = nurse.get(&format!("/personas/rosa/referir?visita={visit}")).await;
    let none = [("visita", visit.as_str()), ("senal", "ninguna")];
    let draft = nurse.submit(&signs, "/personas/rosa/referir", &none).await;
    let details = nurse.get(draft.location()).await;
    assert!(is_ticked(&details, "salud-mental") && is_ticked(&details, "sustancias"), "as the visit: {}", details.body);
    let (id, version) = (details.hidden("borrador"), details.hidden("version"));
    let send = [
        ("borrador", id.as_str()),
        ("version", &version),
        ("servicio", "psiquiatria"),
        ("servicio-visto", "psiquiatria"),
        ("senal", "ninguna"),
        ("destino", HOSPITAL),
        ("prioridad", "routine"),
        ("motivo", "Tristeza desde hace un año"),
        ("boton", "enviar"),
    ];
    let sent = nurse.submit(&details, "/personas/rosa/referir", &send).await;
    assert_eq!(sent.location(), format!("/referencias/{id}/enviada"), "{}", sent.body);
    (site, nurse, visit, id)
}

#[tokio::test]
async fn who_treats_and_who_triages_see_it_marked() {
    let (site, mut nurse, visit, id) = story().await;
    let mark = "Confidencial: salud mental, consumo de sustancias";
    for path in ["/personas/rosa".to_owned(), format!("/atenciones/{visit}"), format!("/referencias/{id}")] {
        let page = nurse.get(&path).await;
        assert!(page.body.contains(mark), "{path}: {}", page.body);
    }
    let paper = nurse.get(&format!("/referencias/{id}/imprimir")).await;
    well_made("/referencias/{id}/imprimir", &paper);
    assert!(paper.body.contains(mark), "{}", paper.body);
    let mut specialist = site.logged_in("rojas", Role::Specialist, HOSPITAL).await;
    assert!(specialist.get(&format!("/referencias/{id}")).await.body.contains(mark));
    let territory = vec![POST.to_owned(), HOSPITAL.to_owned()];
    let new = new_user("edgar", &[(Role::Coordinator, OFFICE)]);
    site.make(NewUser { territory, password: Some(PASSWORD.to_owned()), ..new }).await;
    let mut coordinator = site.browser();
    coordinator.log_in("edgar").await;
    let queue = coordinator.get("/referencias?ver=revisar").await;
    assert!(queue.body.contains("Psiquiatría"), "whoever triages reads the request: {}", queue.body);
    assert!(coordinator.get(&format!("/referencias/{id}")).await.body.contains(mark));
}

#[tokio::test]
async fn nobody_else_finds_it_on_any_page() {
    let (site, _, visit, id) = story().await;
    let appointment = Key::new("Task", id.as_str());
    let others = [
        ("citas", Role::Clerk, HOSPITAL),
        ("citas-puesto", Role::Clerk, POST),
        ("directora", Role::Director, HOSPITAL),
        ("vecina", Role::Nurse, OTHER_POST),
        ("rival", Role::Specialist, IGSS_HOSPITAL),
        ("rival-citas", Role::Clerk, IGSS_HOSPITAL),
    ];
    for (user, role, place) in others {
        let mut browser = site.logged_in(user, role, place).await;
        let pages = [
            "/",
            "/personas?q=rosa",
            "/personas/rosa",
            "/personas/rosa/copia",
            "/personas/rosa/copia.json",
            "/referencias",
            "/referencias?ver=todas",
            "/agenda",
            "/pendientes/revisar",
            "/pendientes/llegan",
        ];
        for path in pages {
            let page = browser.get(path).await;
            for word in TELLING {
                // The filter names every service that there is.
                let told = page.body.replace(r#"<option value="psiquiatria">Psiquiatría</option>"#, "");
                assert!(!told.contains(word), "{path} tells {user} {word}: {}", page.body);
            }
        }
        for path in [
            format!("/referencias/{id}"),
            format!("/referencias/{id}/imprimir"),
            format!("/referencias/{id}/cita"),
            format!("/atenciones/{visit}"),
        ] {
            let page = browser.get(&path).await;
            assert!(matches!(page.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN), "{path} shows {user}");
        }
        let cx = site.world.at(user, role, place);
        assert!(site.world.access.read(&cx, &appointment).await.is_err(), "{user}");
    }
}

#[tokio::test]
async fn what_the_author_marked_stays_marked_when_it_becomes_urgent() {
    let site = crate::post::site().await;
    let (access, nurse) = (&site.world.access, site.world.nurse("Ana"));
    let marked = care::referral::draft::Draft { sensitive: vec![access::Label::Violence], ..crate::post::draft() };
    let written = care::referral::draft::start_draft(access, &nurse, &marked).await.unwrap();
    let path = format!("/referencias/{}/traslado", written.id());
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    for button in ["guardar", "pedir"] {
        let page = browser.get(&path).await;
        let version = page.hidden("version");
        let ask = [("version", version.as_str()), ("destino", HOSPITAL), ("motivo", "Sangra"), ("boton", button)];
        let asked = browser.submit(&page, &path, &ask).await;
        assert_eq!(asked.location(), path, "{button}: {}", asked.body);
        let stored = crate::chain::now(&site, written.id()).await;
        for one in [&stored.task, &stored.request] {
            assert_eq!(access::Label::of(one), [access::Label::Violence], "{button}");
        }
    }
}
