//! The coordinator's way through the queue: from one referral to the next, with the filters kept.

use access::{NewUser, Role};
use axum::http::StatusCode;
use care::referral::Named;
use care::referral::draft::{Draft, start_draft};
use care::referral::send::send;
use testkit::{HOSPITAL, OFFICE, OTHER_POST, POST};

use crate::browser::{Answer, Browser};
use crate::house::well_made;
use crate::{PASSWORD, Site, new_user};

/// Three referrals of Rosa for the eyes and one urgent, oldest first; and the coordinator.
async fn queue() -> (Site, Browser, Vec<String>) {
    let site = crate::post::site().await;
    let mut ids = Vec::new();
    for reason in ["Ojo uno", "Ojo dos", "Ojo tres", "Diente"] {
        let nurse = site.world.nurse("Ana");
        let draft = Draft {
            patient: Named { id: "rosa".into(), name: "Rosa Tzub".into() },
            service: "oftalmologia".into(),
            destination: Named { id: HOSPITAL.into(), name: "Hospital Regional de Cobán".into() },
            reason: reason.into(),
            signs: Some(vec![]),
            ..Draft::default()
        };
        let written = start_draft(&site.world.access, &nurse, &draft).await.unwrap();
        ids.push(send(&site.world.access, &nurse, &written).await.unwrap().id().to_owned());
        site.world.clock.advance(jiff::SignedDuration::from_mins(5));
    }
    let territory = vec![POST.to_owned(), HOSPITAL.to_owned(), OTHER_POST.to_owned()];
    let roles = [(Role::Coordinator, OFFICE)];
    site.make(NewUser { password: Some(PASSWORD.into()), territory, ..new_user("coordina", &roles) }).await;
    let mut browser = site.browser();
    browser.log_in("coordina").await;
    (site, browser, ids)
}

/// Where the link with this `rel` leads.
fn led(page: &Answer, rel: &str) -> Option<String> {
    let before = page.body.split(&format!("\" rel=\"{rel}\"")).next().filter(|part| part.len() < page.body.len())?;
    Some(before.rsplit("href=\"").next().unwrap().replace("&#38;", "&").replace("&amp;", "&"))
}

async fn acts(browser: &mut Browser, path: &str, answers: &[(&str, &str)]) -> Answer {
    let page = browser.get(path).await;
    well_made(path, &page);
    let (version, queue) = (page.hidden("version"), page.hidden("cola").replace("&#38;", "&"));
    let along = [("version", version.as_str()), ("cola", queue.as_str())];
    browser.submit(&page, path.split('?').next().unwrap(), &[&along, answers].concat()).await
}

#[tokio::test]
async fn one_goes_through_the_queue_without_coming_back_to_it() {
    let (_site, mut browser, ids) = queue().await;
    let list = browser.get("/referencias?q=ojo").await;
    well_made("/referencias", &list);
    assert!(list.body.contains("href=\"#lista\"") && list.body.contains("id=\"lista\" tabindex=\"-1\""));
    let place = |at: usize| format!("/referencias/{}?ver=revisar&q=ojo", ids[at]);
    let written = place(0).replace('&', "&#38;");
    assert!(list.body.contains(&format!("href=\"{written}\"")), "{}", list.body);
    let first = browser.get(&place(0)).await;
    well_made("/referencias/{id}", &first);
    assert!(first.body.contains("1 de 3 en «Por revisar»"), "{}", first.body);
    assert_eq!((led(&first, "prev"), led(&first, "next")), (None, Some(place(1))));
    let second = browser.get(&place(1)).await;
    assert_eq!((led(&second, "prev"), led(&second, "next")), (Some(place(0)), Some(place(2))));
    assert!(second.body.contains("href=\"/referencias?ver=revisar&#38;q=ojo\""), "the way back keeps the filters");
    assert_eq!(led(&browser.get(&place(2)).await, "next"), None, "the fourth is not in what was asked for");
    let alone = browser.get(&format!("/referencias/{}", ids[0])).await;
    assert_eq!(led(&alone, "next"), None, "who came from elsewhere is in no queue");
}

#[tokio::test]
async fn what_is_decided_leads_to_the_next_and_says_what_was_done() {
    let (site, mut browser, ids) = queue().await;
    let along = "?ver=revisar&q=ojo";
    let page = browser.get(&format!("/referencias/{}{along}", ids[0])).await;
    let act = format!("/referencias/{}/aceptar{along}", ids[0]);
    assert!(page.body.contains(&act.replace('&', "&#38;")), "{}", page.body);
    let wrong = acts(&mut browser, &act, &[("prioridad", "urgent")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.hidden("cola").replace("&#38;", "&"), along, "a form to be mended stays in the queue");
    let answers = [("prioridad", "urgent"), ("palabras", "Pierde la visión")];
    let taken = acts(&mut browser, &act, &answers).await;
    assert_eq!(taken.location(), format!("/referencias/{}{along}&hecha={}", ids[1], ids[0]), "{}", taken.body);
    let next = browser.get(taken.location()).await;
    for part in ["Aceptada.", "Fue en la referencia REF-2026-", "Ojo dos", "1 de 2 en «Por revisar»"] {
        assert!(next.body.contains(part), "{part}: {}", next.body);
    }
    let again = browser.get(taken.location()).await;
    assert!(!again.body.contains("Fue en la referencia"), "it is told once");
    let received = acts(&mut browser, &format!("/referencias/{}/recibir{along}", ids[1]), &[]).await;
    assert_eq!(received.location(), format!("/referencias/{}{along}", ids[1]), "what is taken up is gone on with");
    let answers = [("razon", "falta-prueba"), ("palabras", "Falta la agudeza")];
    for (id, after) in [
        (&ids[2], format!("/referencias/{}{along}&hecha={}", ids[1], ids[2])),
        (&ids[1], "/referencias?ver=revisar&q=ojo".to_owned()),
    ] {
        let path = format!("/referencias/{id}/devolver{along}");
        let gone = acts(&mut browser, &path, &answers).await;
        assert_eq!(gone.location(), after, "{}", gone.body);
    }
    let list = browser.get("/referencias?ver=revisar&q=ojo").await;
    assert!(
        list.body.contains("Devuelta para completar.") && list.body.contains("No hay referencias aquí"),
        "{}",
        list.body
    );
    let decided = browser.get(&format!("/referencias/{}{along}", ids[0])).await;
    assert!(decided.body.contains("Ya no está en «Por revisar»: quedan 0"), "{}", decided.body);
    drop(site);
}

#[tokio::test]
async fn a_queue_that_is_not_one_is_no_way_anywhere() {
    let (_site, mut browser, ids) = queue().await;
    for odd in
        ["?ver=nada", "?ver=%25", "?ver=revisar&hecha=https://otro.example", "?q=x&hecha=%0d%0a", "?ver=revisar&q=%27"]
    {
        let page = browser.get(&format!("/referencias/{}{odd}", ids[0])).await;
        assert_eq!(page.status, StatusCode::OK, "{odd}");
        well_made(odd, &page);
    }
    let path = format!("/referencias/{}/aceptar", ids[0]);
    let page = browser.get(&path).await;
    let version = page.hidden("version");
    let fields = [
        ("version", version.as_str()),
        ("cola", "//otro.example/?ver=nada"),
        ("prioridad", "urgent"),
        ("palabras", "Ya"),
    ];
    let taken = browser.submit(&page, &path, &fields).await;
    assert_eq!(taken.location(), format!("/referencias/{}", ids[0]), "{}", taken.body);
}

#[tokio::test]
async fn behind_the_last_come_those_that_were_passed_over() {
    let (_site, mut browser, ids) = queue().await;
    let along = "?ver=revisar&q=ojo";
    let answers = [("razon", "falta-prueba"), ("palabras", "Falta la agudeza")];
    let last = acts(&mut browser, &format!("/referencias/{}/devolver{along}", ids[2]), &answers).await;
    assert_eq!(last.location(), format!("/referencias/{}{along}&hecha={}", ids[0], ids[2]), "{}", last.body);
    let second = acts(&mut browser, &format!("/referencias/{}/devolver{along}", ids[1]), &answers).await;
    assert_eq!(second.location(), format!("/referencias/{}{along}&hecha={}", ids[0], ids[1]), "{}", second.body);
    let first = acts(&mut browser, &format!("/referencias/{}/devolver{along}", ids[0]), &answers).await;
    assert_eq!(first.location(), format!("/referencias{along}"), "nothing is left: {}", first.body);
}

#[tokio::test]
async fn the_queue_is_walked_in_the_order_that_it_was_sorted_by() {
    let (site, mut browser, ids) = queue().await;
    let nurse = site.world.at("Otra", Role::Nurse, OTHER_POST);
    site.world.person(&nurse, "ana", "Ac").await;
    let draft = Draft {
        patient: Named { id: "ana".into(), name: "Ana Ac".into() },
        service: "oftalmologia".into(),
        destination: Named { id: HOSPITAL.into(), name: "Hospital Regional de Cobán".into() },
        reason: "Ojo de Ana".into(),
        signs: Some(vec![]),
        ..Draft::default()
    };
    let written = start_draft(&site.world.access, &nurse, &draft).await.unwrap();
    let last = send(&site.world.access, &nurse, &written).await.unwrap().id().to_owned();
    let ojos = [&ids[0], &ids[1], &ids[2]];
    for (order, first, next) in [("", ojos[0], ojos[1]), ("envio", ojos[0], ojos[1]), ("persona", &last, ojos[0])] {
        let along =
            if order.is_empty() { "?ver=revisar&q=ojo".into() } else { format!("?ver=revisar&orden={order}&q=ojo") };
        let list = browser.get(&format!("/referencias{along}")).await;
        well_made(&along, &list);
        let shown = list.body.split("<tbody>").nth(1).unwrap();
        let at = |id: &str| shown.find(&format!("/referencias/{id}?")).unwrap();
        assert!(at(first) < at(next), "{order}: {shown}");
        let page = browser.get(&format!("/referencias/{first}{along}")).await;
        assert_eq!(led(&page, "next"), Some(format!("/referencias/{next}{along}")), "{order}");
    }
    let sorted = browser.get("/referencias?orden=persona").await;
    assert!(sorted.body.contains(r#"aria-sort="ascending">Persona"#), "{}", sorted.body);
    assert!(sorted.body.contains(r#"<option value="persona" selected>"#), "what was chosen stays");
    assert_eq!(browser.get("/referencias?orden=nada").await.status, StatusCode::OK);
}
