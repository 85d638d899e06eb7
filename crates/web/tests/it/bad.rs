//! What browsers of ours never send: bodies without end, words that are not text, days that there
//! are not. Each is answered in Spanish, changes nothing, and takes no more memory than a form.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use access::Role;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use futures_util::stream;
use testkit::{HOSPITAL, POST};
use web::{Expects, Route};

use crate::Site;
use crate::browser::{Answer, Browser};
use crate::house::well_made;
use crate::oversight::{supervisor, with_code};

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

/// Where the fields of a page's searches lead, each with its names.
fn searches(page: &Answer) -> Vec<(String, Vec<String>)> {
    let attribute = |tag: &str, name: &str| {
        let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
        Some(rest[..rest.find('"')?].to_owned())
    };
    let forms = page.body.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap());
    let asks = forms.filter(|form| form.split('>').next().unwrap().contains("method=\"get\""));
    let fields = |form: &str| form.split('<').filter_map(|tag| attribute(tag.split('>').next()?, "name")).collect();
    asks.map(|form| (attribute(&format!(" {form}"), "action").unwrap(), fields(form))).collect()
}

#[tokio::test]
async fn hostile_words_are_data_in_every_search() {
    let site = crate::network::with_network().await;
    let long = "a".repeat(10_000);
    let hostile = [
        "%25",
        "_",
        "%27",
        "%27%20OR%201%3D1--",
        "%5C",
        "%22%3E%3Ci%3Exq",
        "%00",
        "%E2%80%AE%D7%90%E2%80%8F",
        "%FF%FE",
        "%F0%9F%8C%BD",
        "a%7Cb%2Cc%24d",
        "*",
        "%0D%0AX%3A%20y",
        "31%2F02%2F2026",
        "9999-99-99",
        "-1",
        "99999999999999999999",
        long.as_str(),
    ];
    let mut people = vec![
        with_code(&site, "gobierna", Role::Administrator).await,
        with_code(&site, "audita", Role::Auditor).await,
        supervisor(&site).await,
    ];
    for (role, place) in [(Role::Nurse, POST), (Role::Specialist, HOSPITAL), (Role::Clerk, HOSPITAL)] {
        people.push(site.logged_in(role.code(), role, place).await);
    }
    let mut asked = std::collections::BTreeSet::new();
    for browser in &mut people {
        for route in web::routes().iter().filter(|route| route.method == Method::GET && !route.path.contains('{')) {
            let page = browser.get(route.path).await;
            for (action, names) in searches(&page) {
                asked.insert(action.clone());
                for words in hostile {
                    let query: Vec<String> = names.iter().map(|name| format!("{name}={words}")).collect();
                    if words.len() * names.len() < 60_000 {
                        answered(browser, &format!("{action}?{}", query.join("&"))).await;
                    }
                    for name in &names {
                        answered(browser, &format!("{action}?{name}={words}")).await;
                    }
                }
            }
        }
    }
    let known = ["/agenda", "/auditoria", "/cuentas", "/personas", "/r", "/red", "/referencias"];
    assert!(known.iter().all(|path| asked.contains(*path)), "a search was not found: {asked:?}");
}

/// A page of ours, or where one leads.
async fn answered(browser: &mut Browser, path: &str) {
    let page = browser.get(path).await;
    let shown: String = path.chars().take(200).collect();
    assert!(
        !page.status.is_server_error() || page.status == StatusCode::SERVICE_UNAVAILABLE,
        "{shown}: {}",
        page.status
    );
    if page.status != StatusCode::SEE_OTHER {
        well_made(&shown, &page);
        assert!(!page.body.contains("<i>xq"), "{shown}: {}", page.body);
    }
}

#[tokio::test]
async fn what_is_no_text_is_refused_in_spanish() {
    let site = crate::post::site().await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    for path in [
        "/personas/%FF",
        "/referencias/%C3%28",
        "/r/%FF",
        "/personas?q=a&q=b",
        "/referencias/nada/imprimir?hoja=a&hoja=b",
    ] {
        let page = nurse.get(path).await;
        assert!(page.status.is_client_error(), "{path}: {}", page.status);
        well_made(path, &page);
    }
    for method in [Method::PUT, Method::DELETE, Method::POST] {
        let page =
            nurse.send(Request::builder().method(method.clone()).uri("/personas").body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(page.headers.get(header::ALLOW).map(|value| value.as_bytes()), Some(&b"GET,HEAD"[..]));
        well_made("/personas", &page);
    }
    let form = |body: Vec<u8>, kind: &'static str| {
        Request::post("/personas/rosa/atender").header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()
    };
    let urlencoded = "application/x-www-form-urlencoded";
    for (body, kind) in [
        (b"_sello=\xff&motivo=\xfe".to_vec(), urlencoded),
        (b"motivo=%FF%FE%".to_vec(), urlencoded),
        (b"{\"motivo\":1}".to_vec(), "application/json"),
        (b"motivo".to_vec(), "text/plain"),
        (Vec::new(), "multipart/form-data"),
    ] {
        let page = nurse.send(form(body, kind)).await;
        assert!(page.status.is_client_error(), "{kind}: {}", page.status);
        well_made(kind, &page);
    }
    let sheet = nurse.get("/personas/rosa/atender").await;
    let body = [
        format!("_sello={}&_una={}&boton=guardar&motivo=", sheet.hidden("_sello"), sheet.hidden("_una")).into_bytes(),
        b"ve\xff%FE%00mal".to_vec(),
    ]
    .concat();
    let kept = nurse.send(form(body, urlencoded)).await;
    assert!(!kept.status.is_server_error(), "{}", kept.body);
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
