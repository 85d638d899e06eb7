//! What holds for every page: its headers, its weight, its seal, who may ask, no style and no script
//! inside it, and no script beside it but our own file where a part asks while somebody types.

use access::Role;
use axum::http::{Method, StatusCode};
use testkit::POST;
use web::{Expects, Route};

use crate::{Answer, Browser, Site};

/// A path of the table with something in its places.
fn filled(route: &Route) -> String {
    route.path.split('/').map(|part| if part.starts_with('{') { "nada" } else { part }).collect::<Vec<_>>().join("/")
}

fn open_pages() -> Vec<String> {
    let open =
        |route: &Route| route.method == Method::GET && route.expects == Expects::Anyone && !route.path.contains('{');
    web::routes().into_iter().filter(open).map(|route| route.path.to_owned()).collect()
}

fn style_of(page: &Answer) -> String {
    let rest = page.body.split("/estilo/").nth(1).expect("a page names its stylesheet");
    format!("/estilo/{}", &rest[..rest.find('"').unwrap()])
}

/// What holds for the HTML of any page of ours.
pub fn well_made(path: &str, page: &Answer) {
    let html = &page.body;
    assert!(html.starts_with("<!doctype html>\n<html lang=\"es-GT\">"), "{path}");
    for forbidden in [" style=", "<style", " onclick=", "javascript:"] {
        assert!(!html.contains(forbidden), "{path}: {forbidden}");
    }
    let scripts: Vec<&str> = html.split("<script").skip(1).collect();
    let ours = |tag: &&&str| tag.starts_with(" src=\"/guion/tejido-") && tag.contains("\" defer></script>");
    assert_eq!(scripts.iter().filter(ours).count(), scripts.len(), "{path}: a script that is not our file");
    assert_eq!(scripts.len(), usize::from(html.contains(" data-ask=")), "{path}: the script comes with what asks");
    assert_eq!(html.matches("<h1").count(), 1, "{path}: one h1");
    assert_eq!(html.matches("class=\"band\"").count(), 1, "{path}: one band");
    let ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]).collect();
    let unique: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{path}: an id stands twice in {ids:?}");
    for link in html.split("href=\"#").skip(1) {
        let target = &link[..link.find('"').unwrap()];
        assert!(ids.contains(&target), "{path}: nothing has the id {target}");
    }
}

#[tokio::test]
async fn every_page_is_well_made_and_sends_its_headers() {
    let site = Site::new().await;
    for path in open_pages().iter().map(String::as_str).chain(["/no-hay"]) {
        let page = site.browser().get(path).await;
        well_made(path, &page);
        let header = |name: &str| page.headers.get(name).map_or("", |value| value.to_str().unwrap());
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_first_view_weighs_at_most_60_kb() {
    let site = Site::new().await;
    for path in open_pages() {
        let style = style_of(&site.browser().get(&path).await);
        let weight = site.browser().weight(&path).await + site.browser().weight(&style).await;
        assert!(weight <= 60 * 1024, "{path}: {weight} bytes");
    }
}

#[tokio::test]
async fn the_stylesheet_is_kept_for_ever_under_its_hash() {
    let site = Site::new().await;
    let path = style_of(&site.browser().get("/ayuda").await);
    let style = site.browser().get(&path).await;
    assert_eq!(style.headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(site.browser().get("/estilo/tejido-0.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_script_is_a_file_of_our_own_and_small() {
    let site = Site::new().await;
    let page = site.logged_in("ana", Role::Nurse, POST).await.get("/personas/registrar").await;
    let rest = page.body.split("<script src=\"").nth(1).expect("the page asks while somebody types");
    let path = &rest[..rest.find('"').unwrap()];
    let script = site.browser().get(path).await;
    assert_eq!(script.headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(script.headers["content-type"], "text/javascript; charset=utf-8");
    assert!(site.browser().weight(path).await <= 2 * 1024);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert_eq!(site.browser().get("/guion/tejido-0.js").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_has_not_logged_in_is_led_to_the_login() {
    let site = Site::new().await;
    for route in web::routes().iter().filter(|route| route.expects != Expects::Anyone) {
        let path = filled(route);
        let answer = match route.method {
            Method::GET => site.browser().get(&path).await,
            _ => site.browser().post(&path, &[("motivo", "x")]).await,
        };
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{} {path}", route.method);
        assert!(answer.location().starts_with("/entrar"), "{} {path} leads to {}", route.method, answer.location());
    }
}

#[tokio::test]
async fn a_form_without_its_seal_is_refused() {
    let site = Site::new().await;
    for route in web::routes().iter().filter(|route| route.method == Method::POST && route.expects == Expects::Anyone) {
        let path = filled(route);
        assert_eq!(site.browser().post(&path, &[]).await.status, StatusCode::FORBIDDEN, "{path}");
        let mut other: Browser = site.browser();
        let page = other.get("/entrar").await;
        let foreign = site.browser().submit(&page, &path, &[]).await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN, "{path} with another browser's seal");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_spanish() {
    let site = Site::new().await;
    let page = site.browser().get("/no-hay").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("No encontramos esa página"));
}
