//! What browsers of ours never send: bodies without end, days that there are not. Each is answered in Spanish, changes nothing, and takes no more memory than a form.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use access::Role;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use futures_util::stream;
use testkit::{HOSPITAL, POST};
use web::{Expects, Route};

use crate::Site;
use crate::browser::Answer;
use crate::house::well_made;
use crate::oversight::with_code;

const MEGABYTE: usize = 1 << 20;

/// A hundred megabytes after this beginning, and how many of them were taken.
fn endless(beginning: String) -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = taken.clone();
    let rest = (0..100).map(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        vec![b'a'; MEGABYTE]
    });
    let parts = std::iter::once(beginning.into_bytes()).chain(rest).map(Ok::<_, std::io::Error>);
    (Body::from_stream(stream::iter(parts)), taken)
}

fn filled(route: &Route) -> String {
    route.path.split('/').map(|part| if part.starts_with('{') { "nada" } else { part }).collect::<Vec<_>>().join("/")
}

fn forms_of(role: Role) -> Vec<String> {
    let own = |route: &Route| {
        route.method == Method::POST
            && matches!(route.expects, Expects::Session | Expects::Roles(_))
            && route.expects.admits(role)
    };
    web::routes().iter().filter(|route| own(route)).map(filled).collect()
}

fn too_large(path: &str, page: &Answer) {
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}: {}", page.body);
    well_made(path, page);
    assert!(page.body.contains("Lo que envió es demasiado grande"), "{path}: {}", page.body);
}

#[tokio::test]
async fn a_form_without_end_is_refused_after_its_first_megabyte() {
    let site = crate::post::site().await;
    let before = site.world.store().head().await.unwrap().seq;
    for (role, place) in [(Role::Nurse, POST), (Role::Specialist, HOSPITAL), (Role::Clerk, HOSPITAL)] {
        let mut browser = site.logged_in(role.code(), role, place).await;
        for path in forms_of(role) {
            let (body, taken) = endless("palabras=".to_owned());
            let kind = "application/x-www-form-urlencoded";
            let page = browser.send(Request::post(&path).header(header::CONTENT_TYPE, kind).body(body).unwrap()).await;
            too_large(&path, &page);
            assert!(taken.load(Ordering::SeqCst) <= 2, "{path} took {taken:?} MB");
        }
    }
    let after = site.world.store().changes(before, 1000).await.unwrap();
    assert!(
        after
            .iter()
            .all(|one| one.key.resource_type == "AuditEvent" || one.key.resource_type.starts_with("Practitioner")),
        "nothing is written"
    );
}

#[tokio::test]
async fn a_file_without_end_is_refused_at_its_limit() {
    let site = crate::network::with_network().await;
    let mut browser = with_code(&site, "eva", Role::Administrator).await;
    for path in ["/red/importar", "/cuentas/importar"] {
        let page = browser.get(path).await;
        let field = |name: &str| {
            format!("--orilla\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n", page.hidden(name))
        };
        let file = "--orilla\r\ncontent-disposition: form-data; name=\"archivo\"; filename=\"a.csv\"\r\n\r\n";
        let (body, taken) = endless(format!("{}{}{file}", field("_sello"), field("_una")));
        let kind = "multipart/form-data; boundary=orilla";
        let answer = browser.send(Request::post(path).header(header::CONTENT_TYPE, kind).body(body).unwrap()).await;
        too_large(path, &answer);
        assert!(taken.load(Ordering::SeqCst) <= 10, "{path} took {taken:?} MB");
    }
}

#[tokio::test]
async fn a_day_that_there_is_not_is_told_beside_its_field_and_nobody_is_registered() {
    let site = Site::new().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    for day in [
        "31/02/2020",
        "29/02/2023",
        "01/01/0001",
        "01/01/1700",
        "31/12/9999",
        "25/11/2027",
        "99/99/99999",
        "0",
        "%",
        "-1/1/1",
        "1/1/1e9",
    ] {
        let page = nurse.get("/personas/registrar").await;
        let sheet = page.hidden("hoja");
        let fields = [
            ("hoja", sheet.as_str()),
            ("document", "ninguno"),
            ("given1", "Rosa"),
            ("surname1", "Caal"),
            ("sex", "female"),
            ("birth_date", day),
            ("municipality", "1601"),
        ];
        let answer = nurse.submit(&page, "/personas/registrar", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{day}: {}", answer.body);
        well_made("/personas/registrar", &answer);
        assert!(
            answer.body.contains(r#"id="birth_date-error""#) || answer.body.contains("href=\"#birth_date\""),
            "{day}: {}",
            answer.body
        );
        assert!(answer.body.contains(&format!("value=\"{day}\"")), "{day} is kept: {}", answer.body);
    }
    let log = site.world.store().changes(0, 1000).await.unwrap();
    assert!(log.iter().all(|one| one.key.resource_type != "Patient"));
}
