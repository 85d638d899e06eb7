//! One phone for a shift: who entered here goes on by their own PIN, and finds what they left.

use access::{NewUser, Role};
use axum::http::StatusCode;
use jiff::SignedDuration;
use testkit::POST;

use crate::browser::{Answer, Browser, PASSWORD, Site, new_user};
use crate::house::well_made;

async fn account(site: &Site, user: &str, name: &str) {
    let new = new_user(user, &[(Role::Nurse, POST)]);
    site.make(NewUser { name: name.to_owned(), password: Some(PASSWORD.to_owned()), ..new }).await;
}

async fn sets_pin(browser: &mut Browser, pin: &str) -> Answer {
    let page = browser.get("/cuenta/pin").await;
    well_made("/cuenta/pin", &page);
    let typed = [("clave-actual", PASSWORD), ("clave-pin", pin), ("clave-pin-repetido", pin)];
    browser.submit(&page, "/cuenta/pin", &typed).await
}

async fn locks(browser: &mut Browser) -> Answer {
    let home = browser.get("/").await;
    assert_eq!(browser.submit(&home, "/bloquear", &[]).await.location(), "/desbloquear");
    let locked = browser.get("/desbloquear").await;
    well_made("/desbloquear", &locked);
    locked
}

/// The value of the choice with this name.
fn choice(page: &Answer, name: &str) -> String {
    let before = page.body.split(name).next().unwrap();
    assert_ne!(before.len(), page.body.len(), "{name} is not listed: {}", page.body);
    before.rsplit("value=\"").next().unwrap().split('"').next().unwrap().to_owned()
}

/// Ana and Luis on one phone, each with a PIN; Luis is the last who locked it.
async fn shared() -> (Site, Browser, Answer) {
    let site = crate::post::site().await;
    account(&site, "ana", "Ana Tut").await;
    account(&site, "luis", "Luis Pop").await;
    let mut phone = site.browser();
    phone.log_in("ana").await;
    for weak in ["1234", "0000", "87", "98765", "clave"] {
        assert_eq!(sets_pin(&mut phone, weak).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{weak}");
    }
    assert_eq!(sets_pin(&mut phone, "4711").await.location(), "/cuenta");
    let sheet = phone.get("/personas/rosa/atender").await;
    let typed = [("motivo", "Ve menos"), ("boton", "guardar")];
    phone.submit(&sheet, "/personas/rosa/atender", &typed).await;
    let locked = locks(&mut phone).await;
    assert!(locked.body.contains(r#"href="/entrar""#), "{}", locked.body);
    assert!(phone.get("/entrar").await.body.contains("Volver a quienes ya entraron"), "the way back");
    phone.log_in("luis").await;
    assert!(!phone.get("/personas/rosa/atender").await.body.contains("Ve menos"), "a draft is its author's");
    assert_eq!(sets_pin(&mut phone, "5802").await.location(), "/cuenta");
    let locked = locks(&mut phone).await;
    (site, phone, locked)
}

#[tokio::test]
async fn each_goes_on_by_their_own_pin_and_finds_their_draft() {
    let (site, mut phone, locked) = shared().await;
    let (ana, luis) = (choice(&locked, "Ana Tut"), choice(&locked, "Luis Pop"));
    let other = phone.submit(&locked, "/desbloquear", &[("quien", &ana), ("clave", "5802")]).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "another's PIN opens nothing");
    let on = phone.submit(&other, "/desbloquear", &[("quien", &ana), ("clave", "4711")]).await;
    assert_eq!(on.location(), "/", "{}", on.body);
    assert!(phone.get("/personas/rosa/atender").await.body.contains("Ve menos"), "the draft waited");
    let locked = locks(&mut phone).await;
    assert_eq!(choice(&locked, "Luis Pop"), luis, "Luis has not been logged out");
    phone.submit(&locked, "/desbloquear", &[("quien", &luis), ("clave", "5802")]).await;
    let home = phone.get("/").await;
    assert!(home.body.contains("Luis Pop"), "{}", home.body);
    assert_eq!(phone.submit(&home, "/salir", &[]).await.location(), "/desbloquear");
    let left = phone.get("/desbloquear").await;
    assert!(left.body.contains("Ana Tut") && !left.body.contains("Luis Pop"), "{}", left.body);
    site.world.clock.advance(SignedDuration::from_hours(11));
    assert!(phone.get("/desbloquear").await.body.contains("Ana Tut"), "a locked one waits through the shift");
    site.world.clock.advance(SignedDuration::from_hours(2));
    assert!(phone.get("/desbloquear").await.location().starts_with("/entrar"), "and ends with it");
}

#[tokio::test]
async fn three_wrong_pins_and_only_the_password_opens() {
    let (_site, mut phone, locked) = shared().await;
    let ana = choice(&locked, "Ana Tut");
    let mut page = locked;
    for wrong in ["1111", "2222", "3333"] {
        page = phone.submit(&page, "/desbloquear", &[("quien", &ana), ("clave", wrong)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert!(page.body.contains("(con contraseña)"), "{}", page.body);
    page = phone.submit(&page, "/desbloquear", &[("quien", &ana), ("clave", "4711")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "the right PIN comes too late");
    let on = phone.submit(&page, "/desbloquear", &[("quien", &ana), ("clave", PASSWORD)]).await;
    assert_eq!(on.location(), "/", "{}", on.body);
}

#[tokio::test]
async fn what_was_being_typed_when_the_phone_was_locked_waits_for_its_author() {
    let (_site, mut phone, locked) = shared().await;
    let (ana, luis) = (choice(&locked, "Ana Tut"), choice(&locked, "Luis Pop"));
    phone.submit(&locked, "/desbloquear", &[("quien", &luis), ("clave", "5802")]).await;
    let sheet = phone.get("/personas/rosa/atender").await;
    locks(&mut phone).await;
    let typed = [("motivo", "Tos de tres días"), ("boton", "guardar")];
    let kept = phone.submit(&sheet, "/personas/rosa/atender", &typed).await;
    assert!(kept.body.contains("El teléfono se bloqueó mientras escribía"), "{}", kept.body);
    let fields = [("_ruta", "/personas/rosa/atender"), ("_dato.motivo", "Tos de tres días")];
    let with = |who: &str, pin: &str| [("quien", who.to_owned()), ("clave", pin.to_owned())];
    let mut theirs = phone.clone();
    let other = with(&ana, "4711");
    let other = other.iter().map(|(name, value)| (*name, value.as_str())).chain(fields).collect::<Vec<_>>();
    let answer = theirs.submit(&kept, "/desbloquear", &other).await;
    assert_eq!(answer.location(), "/", "Ana is not offered what Luis typed: {}", answer.body);
    let mut phone = theirs;
    let locked = locks(&mut phone).await;
    let own = with(&luis, "5802");
    let own = own.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
    assert_eq!(phone.submit(&locked, "/desbloquear", &own).await.location(), "/");
    let sheet = phone.get("/personas/rosa/atender").await;
    let locked = locks(&mut phone).await;
    let kept = phone.submit(&sheet, "/personas/rosa/atender", &typed).await;
    assert_eq!(kept.hidden("_dato.motivo"), "Tos de tres días");
    let own = own.iter().copied().chain(fields).collect::<Vec<_>>();
    let answer = phone.submit(&locked, "/desbloquear", &own).await;
    assert!(answer.body.contains("Falta enviar lo que escribió"), "{}", answer.body);
    assert_eq!(answer.hidden("motivo"), "Tos de tres días");
}
