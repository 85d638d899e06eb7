//! Getting in and out: passwords, codes, roles, sessions that end while somebody types.

use access::{NewUser, Role};
use axum::http::StatusCode;
use jiff::SignedDuration;
use testkit::{HOSPITAL, OTHER_POST, POST};

use crate::house::well_made;
use crate::{PASSWORD, Site, new_user};

#[tokio::test]
async fn a_nurse_gets_in_and_out_again() {
    let site = Site::new().await;
    let mut browser = site.logged_in("ixmucane", Role::Nurse, POST).await;
    let home = browser.get("/").await;
    well_made("/", &home);
    for part in ["Lo que espera por usted", "martes 24 de noviembre de 2026", "Puesto de salud Chicoj", "Enfermería"] {
        assert!(home.body.contains(part), "{part}");
    }
    let out = browser.submit(&home, "/salir", &[]).await;
    assert_eq!(out.location(), "/entrar");
    assert!(browser.get("/entrar").await.body.contains("Ya puede entrar otra persona"));
    assert!(browser.get("/").await.location().starts_with("/entrar"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let site = Site::new().await;
    site.account("ana", &[(Role::Nurse, POST)]).await;
    let mut told = Vec::new();
    for user in ["ana", "nadie"] {
        let mut browser = site.browser();
        let page = browser.get("/entrar").await;
        let answer = browser.submit(&page, "/entrar", &[("usuario", user), ("clave", "otra cosa")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(&format!(r#"value="{user}""#)), "what was typed is kept");
        assert!(!answer.body.contains("otra cosa"), "the password is not");
        well_made("/entrar", &answer);
        told.push(answer.body.contains("El usuario o la contraseña no coinciden"));
    }
    assert_eq!(told, [true, true]);
}

#[tokio::test]
async fn one_goes_on_to_where_one_wanted_to_go_and_nowhere_else() {
    let site = Site::new().await;
    site.account("ana", &[(Role::Nurse, POST)]).await;
    for (wanted, reached) in [("/personas?q=tzub", "/personas?q=tzub"), ("//mal.example/x", "/")] {
        let mut browser = site.browser();
        let page = browser.get(&format!("/entrar?seguir={}", wanted.replace('?', "%3F"))).await;
        let onward = page.hidden("_seguir");
        let fields = [("usuario", "ana"), ("clave", PASSWORD), ("_seguir", onward.as_str())];
        assert_eq!(browser.submit(&page, "/entrar", &fields).await.location(), reached);
    }
}

#[tokio::test]
async fn several_roles_are_chosen_from() {
    let site = Site::new().await;
    site.account("ana", &[(Role::Nurse, POST), (Role::Doctor, HOSPITAL)]).await;
    let mut browser = site.browser();
    let choice = browser.log_in("ana").await;
    well_made("/entrar", &choice);
    assert!(choice.body.contains("¿Con qué función trabaja hoy?") && !choice.body.contains(PASSWORD));
    let (step, id) = (choice.hidden("_paso"), choice.hidden("funcion"));
    let answer = browser.submit(&choice, "/entrar/funcion", &[("_paso", &step), ("funcion", &id)]).await;
    assert_eq!(answer.location(), "/");
    let roles = browser.get("/funcion").await;
    well_made("/funcion", &roles);
    let other = roles.body.split(r#"name="funcion" value=""#).map(|rest| rest[..rest.find('"').unwrap()].to_owned());
    let other = other.skip(1).find(|one| *one != id).unwrap();
    assert_eq!(browser.submit(&roles, "/funcion", &[("funcion", &other)]).await.location(), "/");
}

#[tokio::test]
async fn a_code_is_asked_for_and_a_wrong_one_is_told() {
    let site = Site::new().await;
    let secret = Some("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".to_owned());
    site.make(NewUser { password: Some(PASSWORD.into()), totp: secret, ..new_user("eva", &[(Role::Nurse, POST)]) })
        .await;
    let mut browser = site.browser();
    let asked = browser.log_in("eva").await;
    well_made("/entrar", &asked);
    let step = asked.hidden("_paso");
    let again = browser.submit(&asked, "/entrar/codigo", &[("_paso", &step), ("codigo", "nada")]).await;
    assert!(again.body.contains("Ese código no coincide"), "{}", again.body);
    let late = browser.submit(&again, "/entrar/codigo", &[("_paso", &step), ("codigo", "nada")]).await;
    assert!(late.body.contains("Entre otra vez"), "a step is taken once");
}

#[tokio::test]
async fn a_password_for_once_is_changed_before_anything_else() {
    let site = Site::new().await;
    let new = NewUser { password: Some(PASSWORD.into()), must_change: true, ..new_user("eva", &[(Role::Nurse, POST)]) };
    site.make(new).await;
    let mut browser = site.browser();
    browser.log_in("eva").await;
    assert_eq!(browser.get("/personas").await.location(), "/cuenta/clave");
    let page = browser.get("/cuenta/clave").await;
    well_made("/cuenta/clave", &page);
    let typed = |new, again| [("clave-actual", PASSWORD), ("clave-nueva", new), ("clave-repetida", again)];
    let short = browser.submit(&page, "/cuenta/clave", &typed("corta", "corta")).await;
    assert!(short.body.contains("10 letras o más") && short.status == StatusCode::UNPROCESSABLE_ENTITY);
    let other = browser.submit(&short, "/cuenta/clave", &typed("la milpa es de todos", "otra")).await;
    assert!(other.body.contains("dos veces la misma"));
    let last = browser.submit(&other, "/cuenta/clave", &typed("la milpa es de todos", "la milpa es de todos")).await;
    assert_eq!(last.location(), "/");
    assert!(browser.get("/").await.body.contains("Su contraseña cambió"));
}

#[tokio::test]
async fn an_invitation_gives_the_first_password_once() {
    let site = Site::new().await;
    let code = site.make(new_user("eva", &[(Role::Nurse, POST)])).await.unwrap();
    let (path, mut browser) = (format!("/invitacion/{code}"), site.browser());
    let page = browser.get(&path).await;
    well_made("/invitacion", &page);
    let fields = [("clave-nueva", PASSWORD), ("clave-repetida", PASSWORD)];
    assert_eq!(browser.submit(&page, &path, &fields).await.location(), "/entrar");
    assert!(browser.submit(&page, &path, &fields).await.body.contains("ya se usó o venció"));
    assert_eq!(browser.log_in("eva").await.location(), "/");
}

#[tokio::test]
async fn a_shared_phone_is_locked_and_opened_again() {
    let site = Site::new().await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let account = browser.get("/cuenta").await;
    well_made("/cuenta", &account);
    assert_eq!(browser.submit(&account, "/bloquear", &[]).await.location(), "/desbloquear");
    assert_eq!(browser.get("/personas").await.location(), "/desbloquear");
    let locked = browser.get("/desbloquear").await;
    well_made("/desbloquear", &locked);
    assert!(browser.submit(&locked, "/desbloquear", &[("clave", "no es")]).await.body.contains("No coincide"));
    assert_eq!(browser.submit(&locked, "/desbloquear", &[("clave", PASSWORD)]).await.location(), "/");
    assert_eq!(browser.get("/personas").await.status, StatusCode::OK);
}

#[tokio::test]
async fn other_sessions_are_seen_and_ended() {
    let site = Site::new().await;
    let mut first = site.logged_in("ana", Role::Nurse, POST).await;
    let mut second = site.browser();
    second.log_in("ana").await;
    let account = first.get("/cuenta").await;
    let path = account.body.split("action=\"/cuenta/sesiones/").nth(1).unwrap();
    let path = format!("/cuenta/sesiones/{}", &path[..path.find('"').unwrap()]);
    assert_eq!(first.submit(&account, &path, &[]).await.location(), "/cuenta");
    assert!(second.get("/").await.location().starts_with("/entrar"));
    assert_eq!(first.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_was_typed_survives_the_end_of_the_session() {
    let site = Site::new().await;
    site.world.person(&site.world.at("Ajena", Role::Nurse, OTHER_POST), "rosa", "Tzub").await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let page = browser.get("/personas/rosa/razon").await;
    site.world.clock.advance(SignedDuration::from_hours(13));
    let typed = [("razon", "Llegó a emergencia y no puede hablar")];
    let login = browser.submit(&page, "/personas/rosa/razon", &typed).await;
    assert!(login.body.contains("Lo que escribió está guardado"), "{}", login.body);
    well_made("/entrar", &login);
    let (path, kept) = (login.hidden("_ruta"), login.hidden("_dato.razon"));
    let fields = [("usuario", "ana"), ("clave", PASSWORD), ("_ruta", &path), ("_dato.razon", &kept)];
    let confirm = browser.submit(&login, "/entrar", &fields).await;
    assert!(confirm.body.contains("Falta enviar lo que escribió"), "{}", confirm.body);
    let kept = confirm.hidden("razon");
    assert_eq!(kept, typed[0].1);
    let sent = browser.submit(&confirm, &path, &[("razon", &kept)]).await;
    assert_eq!(sent.location(), "/personas/rosa");
    assert_eq!(browser.get("/personas/rosa").await.status, StatusCode::OK);
}
