//! Those who answer for others: accounts for administrators and district supervision, the audit
//! chain for the auditor, and who looked for whoever may open the record.

use access::{Cx, NewUser, Role};
use axum::http::StatusCode;
use testkit::{HOSPITAL, IGSS_HOSPITAL, OFFICE, OTHER_POST, POST};

use crate::house::well_made;
use crate::{Answer, Browser, PASSWORD, Site, new_user};

const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
/// The code of that secret at the world's hour.
const CODE: &str = "222944";

/// Somebody whose role needs the second step.
pub async fn with_code(site: &Site, user: &str, role: Role) -> Browser {
    let new =
        NewUser { password: Some(PASSWORD.into()), totp: Some(SECRET.into()), ..new_user(user, &[(role, OFFICE)]) };
    site.make(new).await;
    let mut browser = site.browser();
    let asked = browser.log_in(user).await;
    let step = asked.hidden("_paso");
    let answer = browser.submit(&asked, "/entrar/codigo", &[("_paso", &step), ("codigo", CODE)]).await;
    assert_eq!(answer.location(), "/", "{}", answer.body);
    browser
}

pub async fn supervisor(site: &Site) -> Browser {
    let new = NewUser { territory: vec![POST.into()], ..new_user("hector", &[(Role::Supervisor, OFFICE)]) };
    site.make(NewUser { password: Some(PASSWORD.into()), ..new }).await;
    let mut browser = site.browser();
    let answer = browser.log_in("hector").await;
    assert_eq!(answer.location(), "/", "{}", answer.body);
    browser
}

async fn add(browser: &mut Browser, user: &str, place: &str, way: &str) -> Answer {
    let page = browser.get("/cuentas/nueva").await;
    well_made("/cuentas/nueva", &page);
    let fields = [("nombre", "Rosa Tot"), ("usuario", user), ("rol", "enfermeria"), ("lugar", place), ("entrada", way)];
    browser.submit(&page, "/cuentas/nueva", &fields).await
}

#[tokio::test]
async fn supervision_makes_an_account_for_its_post_and_the_invitation_opens_it() {
    let site = Site::new().await;
    let mut browser = supervisor(&site).await;
    let made = add(&mut browser, "rosa.tot", POST, "invitacion").await;
    well_made("/cuentas/nueva", &made);
    let path = made.body.split("/invitacion/").nth(1).expect("the link is shown");
    let path = format!("/invitacion/{}", &path[..path.find('<').unwrap()]);
    let mut other = site.browser();
    let page = other.get(&path).await;
    other.submit(&page, &path, &[("clave-nueva", PASSWORD), ("clave-repetida", PASSWORD)]).await;
    assert_eq!(other.log_in("rosa.tot").await.location(), "/");
    let list = browser.get("/cuentas?q=TOT%20chicoj").await;
    well_made("/cuentas", &list);
    assert!(list.body.contains("href=\"/cuentas/rosa.tot\"") && !list.body.contains("/invitacion/"), "{}", list.body);
    let again = add(&mut browser, "rosa.tot", POST, "clave").await;
    assert!(again.body.contains("Ese usuario ya existe") && again.status == StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn supervision_touches_no_account_of_another_territory() {
    let site = Site::new().await;
    site.account("ajena", &[(Role::Nurse, OTHER_POST)]).await;
    let mut browser = supervisor(&site).await;
    let refused = add(&mut browser, "rosa.tot", OTHER_POST, "clave").await;
    assert!(refused.body.contains("Usted no responde por esa función"), "{}", refused.body);
    assert!(!browser.get("/cuentas").await.body.contains("ajena"));
    assert_eq!(browser.get("/cuentas/ajena").await.status, StatusCode::NOT_FOUND);
    let page = browser.get("/cuentas").await;
    for act in ["entrada", "desactivar", "activar", "entregar", "terminar", "funciones", "funciones/terminar"] {
        let answer = browser.submit(&page, &format!("/cuentas/ajena/{act}"), &[("lugar", POST)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{act}");
    }
    assert_eq!(site.browser().log_in("ajena").await.location(), "/");
}

#[tokio::test]
async fn an_administrator_suspends_opens_and_ends_an_account() {
    let site = Site::new().await;
    site.account("ana", &[(Role::Nurse, POST)]).await;
    let mut browser = with_code(&site, "eva", Role::Administrator).await;
    let page = browser.get("/cuentas/ana").await;
    well_made("/cuentas/{id}", &page);
    assert_eq!(browser.submit(&page, "/cuentas/ana/desactivar", &[]).await.location(), "/cuentas/ana");
    assert_eq!(site.browser().log_in("ana").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = browser.get("/cuentas/ana").await;
    assert!(page.body.contains("quedó desactivada"), "{}", page.body);
    browser.submit(&page, "/cuentas/ana/activar", &[]).await;
    let page = browser.get("/cuentas/ana").await;
    let given = browser.submit(&page, "/cuentas/ana/entrada", &[("entrada", "clave")]).await;
    assert!(given.body.contains("Contraseña temporal") && !given.body.contains("/invitacion/"), "{}", given.body);
    let page = browser.get("/cuentas/ana").await;
    assert_eq!(browser.submit(&page, "/cuentas/ana/terminar", &[]).await.location(), "/cuentas");
    let own = browser.get("/cuentas/eva").await;
    assert_eq!(browser.submit(&own, "/cuentas/eva/desactivar", &[]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_account_gets_one_more_role_and_loses_it_again() {
    let site = Site::new().await;
    site.account("ana", &[(Role::Nurse, POST)]).await;
    let mut browser = with_code(&site, "eva", Role::Administrator).await;
    let page = browser.get("/cuentas/ana").await;
    assert!(!page.body.contains("Terminar esta función"), "the only one ends with the account");
    let empty = browser.submit(&page, "/cuentas/ana/funciones", &[("rol", ""), ("donde", POST)]).await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.body.contains("Elija la función"));
    let doctor = [("rol", "medico"), ("donde", HOSPITAL)];
    for _ in 0..2 {
        assert_eq!(browser.submit(&page, "/cuentas/ana/funciones", &doctor).await.location(), "/cuentas/ana");
    }
    let page = browser.get("/cuentas/ana").await;
    well_made("/cuentas/{id}", &page);
    assert!(page.body.contains("Medicina, Hospital Regional de Cobán"), "{}", page.body);
    let again = browser.submit(&page, "/cuentas/ana/funciones", &doctor).await;
    assert!(again.body.contains("Ya tiene esa función ahí"), "{}", again.body);
    assert!(site.browser().log_in("ana").await.body.contains("¿Con qué función trabaja hoy?"));
    let ending = page.body.split(r#"name="termina""#).nth(2).unwrap();
    let ending = ending.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = [("termina", ending.as_str())];
    let ended = browser.submit(&page, "/cuentas/ana/funciones/terminar", &fields).await;
    assert_eq!(ended.location(), "/cuentas/ana", "{}", ended.body);
    assert_eq!(site.browser().log_in("ana").await.location(), "/");
    let own = browser.get("/cuentas/eva").await;
    assert_eq!(browser.submit(&own, "/cuentas/eva/funciones", &doctor).await.status, StatusCode::FORBIDDEN);
}

/// Sends the territory's form of an account's page.
async fn territory(browser: &mut Browser, page: &Answer, user: &str, answers: &[(&str, &str)]) -> Answer {
    let version = page.hidden("version");
    let fields = [&[("version", version.as_str())], answers].concat();
    browser.submit(page, &format!("/cuentas/{user}/territorio"), &fields).await
}

#[tokio::test]
async fn a_coordinator_sees_what_an_administrator_adds_to_the_territory_at_once() {
    let site = crate::post::site().await;
    crate::post::offers(&site.world, IGSS_HOSPITAL, "ojos-igss", "oftalmologia").await;
    let id = crate::chain::sent(&site).await;
    let (path, link) = (format!("/referencias/{id}"), format!("/referencias/{id}?ver=revisar"));
    let mut coordinator = site.logged_in("choc", Role::Coordinator, OFFICE).await;
    let mut admin = with_code(&site, "eva", Role::Administrator).await;
    let first = admin.get("/cuentas/choc").await;
    well_made("/cuentas/{id}", &first);
    assert!(first.body.contains("Responde solo por su propio"), "{}", first.body);
    assert!(first.body.contains("<option value=\"gt-1601\">Cobán</option>"), "{}", first.body);
    assert!(!coordinator.get("/referencias").await.body.contains(&link));
    assert_eq!(coordinator.get(&path).await.status, StatusCode::NOT_FOUND);

    let none = territory(&mut admin, &first, "choc", &[("area", ""), ("hacer", "agregar")]).await;
    assert!(none.status == StatusCode::UNPROCESSABLE_ENTITY && none.body.contains("Elija el lugar"), "{}", none.body);
    let add = [("area", "gt-1601"), ("hacer", "agregar")];
    assert_eq!(territory(&mut admin, &first, "choc", &add).await.location(), "/cuentas/choc");
    assert_eq!(territory(&mut admin, &first, "choc", &add).await.location(), "/cuentas/choc", "sent twice");
    let page = admin.get("/cuentas/choc").await;
    for part in
        ["El territorio quedó guardado", "Responde por 2", "Hospital Regional de Cobán · Puesto de salud Chicoj"]
    {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("Hospital IGSS"), "the other institution's is not theirs");
    let queue = coordinator.get("/referencias").await;
    assert!(queue.body.contains(&link), "in the session that is open: {}", queue.body);
    assert_eq!(coordinator.get(&path).await.status, StatusCode::OK);

    let again = territory(&mut admin, &page, "choc", &add).await;
    assert!(again.body.contains("Ya responde por todos"), "{}", again.body);
    let take = [("area", "gt-1601"), ("hacer", "quitar")];
    let stale = admin.get("/cuentas/choc").await;
    assert_eq!(territory(&mut admin, &stale, "choc", &take).await.location(), "/cuentas/choc");
    assert!(!coordinator.get("/referencias").await.body.contains(&link));
    assert_eq!(coordinator.get(&path).await.status, StatusCode::NOT_FOUND);
    let late = territory(&mut admin, &page, "choc", &take).await;
    well_made("/cuentas/{id}", &late);
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["Otra persona cambió estos datos", "Responde solo por su propio", "value=\"gt-1601\" selected"] {
        assert!(late.body.contains(part), "{part}: {}", late.body);
    }
    let gone = territory(&mut admin, &late, "choc", &take).await;
    assert!(gone.body.contains("No responde por ningún otro establecimiento"), "{}", gone.body);

    let mut auditor = with_code(&site, "ines", Role::Auditor).await;
    assert_eq!(auditor.get("/cuentas/choc").await.status, StatusCode::FORBIDDEN);
    let told = [("_count".to_owned(), "200".to_owned())];
    let told = fhir::search::Query::parse(&["AuditEvent"], &told).unwrap();
    let told = site.world.access.search(&site.world.auditor("Tzul"), &told).await.unwrap().matches;
    let sets = told.iter().filter(|one| one.value().to_string().contains("\"set-territory\""));
    assert_eq!(sets.count(), 2, "added once, taken once");
}

#[tokio::test]
async fn a_territory_is_of_one_role_and_of_whom_the_caller_answers_for() {
    let site = crate::post::site().await;
    site.account("choc", &[(Role::Coordinator, OFFICE), (Role::Supervisor, HOSPITAL)]).await;
    site.account("ana", &[(Role::Nurse, POST)]).await;
    let mut admin = with_code(&site, "eva", Role::Administrator).await;
    let page = admin.get("/cuentas/choc").await;
    well_made("/cuentas/{id}", &page);
    let add = [("area", "gt-1601"), ("hacer", "agregar")];
    let which = territory(&mut admin, &page, "choc", &add).await;
    assert!(which.body.contains("Elija la función"), "{}", which.body);
    assert!(which.body.contains("value=\"gt-1601\" selected"), "what was chosen is kept: {}", which.body);
    let role = which.body.split("name=\"funcion\"").skip(1).find(|part| part.contains("Hospital Regional")).unwrap();
    let role = role.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    territory(&mut admin, &which, "choc", &[&add[..], &[("funcion", role)]].concat()).await;
    let page = admin.get("/cuentas/choc").await;
    assert!(page.body.contains("Responde por 1") && page.body.contains("Responde solo por su propio"), "{}", page.body);
    let nurse = admin.get("/cuentas/ana").await;
    assert!(!nurse.body.contains("/territorio"), "a nurse answers for none");
    assert_eq!(admin.submit(&nurse, "/cuentas/ana/territorio", &add).await.status, StatusCode::NOT_FOUND);
    let mut supervisor = supervisor(&site).await;
    let list = supervisor.get("/cuentas").await;
    assert_eq!(supervisor.submit(&list, "/cuentas/choc/territorio", &add).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_auditor_reads_the_reason_of_a_record_opened_in_need() {
    let site = Site::new().await;
    site.world.person(&site.world.at("Otra", Role::Nurse, OTHER_POST), "rosa", "Tzub").await;
    let mut nurse = site.logged_in("ana", Role::Nurse, POST).await;
    let page = nurse.get("/personas/rosa/razon").await;
    nurse.submit(&page, "/personas/rosa/razon", &[("razon", "Llegó a emergencia y no habla")]).await;
    let mut auditor = with_code(&site, "eva", Role::Auditor).await;
    let chain = auditor.get("/auditoria").await;
    well_made("/auditoria", &chain);
    for part in
        ["Llegó a emergencia y no habla", "Ixmucané Cucul", "Puesto de salud Chicoj", "24/11/2026, 8:00", "Rosa Tzub"]
    {
        assert!(chain.body.contains(part), "{part}: {}", chain.body);
    }
    let none = auditor.get("/auditoria?accion=&persona=rosa&desde=25%2F11%2F2026").await;
    assert!(none.body.contains("No hay nada que mostrar"), "{}", none.body);
    let looked = site.world.access.who_looked(&site.world.at("Otra", Role::Nurse, OTHER_POST), "rosa", None).await;
    assert!(looked.unwrap().events.iter().any(|event| event.to_string().contains("\"index\"")), "the name was a look");
    let nobody = auditor.get("/auditoria?persona=9000000741601").await;
    assert!(nobody.body.contains("No hay nada que mostrar"), "as of one whom nobody looked at: {}", nobody.body);
    let wrong = auditor.get("/auditoria?desde=31%2F02%2F2026&quien=nadie").await;
    assert!(wrong.body.contains("Escriba un día que exista") && wrong.body.contains("No hay nadie con ese nombre"));
    let signs = auditor.get("/auditoria?quien=%27+%24%25").await;
    assert!(signs.body.contains("No hay nadie con ese nombre"), "a name has letters: {}", signs.body);
    assert_eq!(nurse.get("/auditoria").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_may_open_the_record_sees_who_looked() {
    let site = Site::new().await;
    site.world.person(&site.world.at("Ana", Role::Nurse, POST), "rosa", "Tzub").await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let record = browser.get("/personas/rosa").await;
    assert!(record.body.contains("href=\"/personas/rosa/quien-vio\""));
    let looked = browser.get("/personas/rosa/quien-vio").await;
    well_made("/personas/{id}/quien-vio", &looked);
    assert!(looked.body.contains("Abrió una historia") && looked.body.contains("Ixmucané Cucul"), "{}", looked.body);
    let mut stranger = site.logged_in("luz", Role::Nurse, OTHER_POST).await;
    assert_eq!(stranger.get("/personas/rosa/quien-vio").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_one_reader_did_in_a_few_minutes_is_one_line_of_who_looked() {
    let site = Site::new().await;
    let (nurse, other) = (site.world.nurse("Ana"), site.world.nurse("Luz"));
    site.world.person(&nurse, "rosa", "Tzub").await;
    let mut browser = site.logged_in("ana", Role::Nurse, POST).await;
    let lines = |page: &crate::Answer| page.body.matches("<th scope=\"row\">").count();
    let quiet = lines(&browser.get("/personas/rosa/quien-vio").await);
    for _ in 0..3 {
        browser.get("/personas/rosa").await;
        site.world.clock.advance(jiff::SignedDuration::from_mins(2));
    }
    browser.get("/personas/rosa/copia").await;
    let looked = browser.get("/personas/rosa/quien-vio").await;
    well_made("/personas/{id}/quien-vio", &looked);
    assert_eq!(lines(&looked), quiet, "the same reader, without a pause: {}", looked.body);
    assert!(looked.body.contains("24/11/2026, 8:00 a 8:06") && looked.body.contains("Imprimió"), "{}", looked.body);
    site.world.access.open_record(&other, "rosa").await.unwrap();
    site.world.clock.advance(jiff::SignedDuration::from_mins(11));
    browser.get("/personas/rosa").await;
    let looked = browser.get("/personas/rosa/quien-vio").await;
    assert_eq!(lines(&looked), quiet + 2, "another reader, and after a pause: {}", looked.body);

    for _ in 0..60 {
        site.world.clock.advance(jiff::SignedDuration::from_mins(11));
        site.world.access.open_record(&Cx { now: site.world.system().now, ..other.clone() }, "rosa").await.unwrap();
    }
    let mut browser = site.browser();
    browser.log_in("ana").await;
    let first = browser.get("/personas/rosa/quien-vio").await;
    well_made("/personas/{id}/quien-vio", &first);
    assert!(lines(&first) == 25 && first.body.contains("Ver más antiguas"), "{}", first.body);
    let next = first.body.split("quien-vio?antes=").nth(1).unwrap().split('"').next().unwrap();
    let second = browser.get(&format!("/personas/rosa/quien-vio?antes={next}")).await;
    assert!(lines(&second) == 25 && second.body.contains("Ver las más recientes"), "{}", second.body);
    let table = browser.get("/personas/rosa/quien-vio.csv").await;
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    assert!(table.body.lines().count() > 60, "every opening: {}", table.body);
    assert!(table.body.starts_with("Desde,Hasta,Quién,"), "{}", table.body);
    let mut stranger = site.logged_in("eva", Role::Nurse, OTHER_POST).await;
    assert_eq!(stranger.get("/personas/rosa/quien-vio.csv").await.status, StatusCode::FORBIDDEN);
}
