//! From the printed code to the page: those whom the referral concerns get there, everybody else is
//! told the same as for a code that there is not.

use access::Role;
use axum::http::StatusCode;
use care::referral::Referral;
use jiff::SignedDuration;
use testkit::{HOSPITAL, OFFICE, OTHER_POST, POST};

use crate::browser::{Answer, Browser};
use crate::house::well_made;
use crate::{PASSWORD, Site};

/// A sent referral of Rosa: where its page is, and its code.
async fn sent(site: &Site) -> (String, Referral) {
    let id = crate::chain::sent(site).await;
    let referral = Referral::load(&site.world.access, &site.world.system(), &id).await.unwrap();
    (format!("/referencias/{id}"), referral)
}

/// The page that leads nowhere, without what was typed and what every showing draws anew.
async fn unknown(browser: &mut Browser, code: &str) -> String {
    let page = browser.get(&format!("/r/{code}")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "{code}: {}", page.body);
    well_made("/r/{codigo}", &page);
    assert!(page.body.contains("No conocemos ese código, o la referencia no le corresponde"), "{}", page.body);
    assert!(page.body.contains("llame al establecimiento que la envió"), "{}", page.body);
    said(&page).replace(code, "…")
}

/// What a page says, without the keys of its forms.
fn said(page: &Answer) -> String {
    let main = page.body.split("<main").nth(1).unwrap();
    main.split("</main>").next().unwrap().to_owned()
}

#[tokio::test]
async fn the_printed_code_leads_those_it_concerns_to_the_referral() {
    let site = crate::post::site().await;
    let (place, referral) = sent(&site).await;
    let code = referral.public_code().to_owned();
    for (user, role, facility) in
        [("ana", Role::Nurse, POST), ("rojas", Role::Specialist, HOSPITAL), ("citas", Role::Clerk, HOSPITAL)]
    {
        let mut browser = site.logged_in(user, role, facility).await;
        assert_eq!(browser.get(&format!("/r/{code}")).await.location(), place, "{user}");
        let typed = format!("{}%20{}", &code[..4].to_lowercase(), &code[4..]);
        assert_eq!(browser.get(&format!("/r/{typed}")).await.location(), place, "as people type it");
        assert_eq!(browser.get(&format!("/r/{}", referral.number())).await.location(), place, "by its number");
        let form = browser.get("/r").await;
        well_made("/r", &form);
        assert_eq!(browser.get(&format!("/r?codigo={code}")).await.location(), format!("/r/{code}"));
        let boxed = if role == Role::Nurse { "/personas?q=" } else { "/referencias?q=" };
        assert_eq!(browser.get(&format!("{boxed}{code}")).await.location(), place, "{user}: the search box takes it");
        assert_eq!(browser.get(&place).await.status, StatusCode::OK, "{user}");
    }
}

#[tokio::test]
async fn a_code_of_others_and_one_that_there_is_not_are_answered_alike() {
    let site = crate::post::site().await;
    let (_, referral) = sent(&site).await;
    for (user, role, facility) in [
        ("ajena", Role::Nurse, OTHER_POST),
        ("audita", Role::Auditor, OFFICE),
        ("gobierna", Role::Administrator, OFFICE),
        ("interpreta", Role::Interpreter, POST),
    ] {
        let mut browser = site.browser();
        if matches!(role, Role::Auditor | Role::Administrator) {
            browser = crate::oversight::with_code(&site, user, role).await;
        } else {
            site.account(user, &[(role, facility)]).await;
            browser.log_in(user).await;
        }
        let others = unknown(&mut browser, referral.public_code()).await;
        for none in ["22222222", "ZZZZ9999"] {
            assert_eq!(unknown(&mut browser, none).await, others, "{user}");
        }
        assert!(!others.contains("Rosa") && !others.contains("ojo"), "{others}");
        for odd in ["nada", "%25", "%27", "%F0%9F%8C%BD", "A2B3C4D5A2B3C4D5"] {
            assert_eq!(browser.get(&format!("/r/{odd}")).await.status, StatusCode::NOT_FOUND, "{user}: {odd}");
        }
    }
}

#[tokio::test]
async fn who_scans_before_the_login_sees_nothing_and_goes_on_after_it() {
    let site = crate::post::site().await;
    let (place, referral) = sent(&site).await;
    site.account("ana", &[(Role::Nurse, POST)]).await;
    let path = format!("/r/{}", referral.public_code());
    let mut browser = site.browser();
    let led = browser.get(&path).await;
    let elsewhere = browser.get("/r/22222222").await;
    assert_eq!((led.status, elsewhere.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "known or not");
    let login = browser.get(led.location()).await;
    assert!(login.body.contains("Entrar") && !login.body.contains("Rosa"), "{}", login.body);
    let onward = login.hidden("_seguir");
    let fields = [("_seguir", onward.as_str()), ("usuario", "ana"), ("clave", PASSWORD)];
    let entered = browser.submit(&login, "/entrar", &fields).await;
    assert_eq!(entered.location(), path, "{}", entered.body);
    assert_eq!(browser.get(&path).await.location(), place);
}

#[tokio::test]
async fn whoever_guesses_codes_is_made_to_wait_and_the_search_box_goes_on() {
    let site = crate::post::site().await;
    let (place, referral) = sent(&site).await;
    let (mut nurse, path) = (site.logged_in("ana", Role::Nurse, POST).await, format!("/r/{}", referral.public_code()));
    for round in 0..30 {
        assert_eq!(nurse.get(&path).await.location(), place, "{round}: what is known is no guess");
    }
    let mut refused = 0;
    for letter in "23456789ABCDEFGHJKMNPQRSTVWX".chars() {
        let answer = nurse.get(&format!("/r/Z222222{letter}")).await;
        refused += usize::from(answer.status == StatusCode::SERVICE_UNAVAILABLE);
    }
    assert!(refused >= 8, "{refused} of 28 guesses were refused");
    assert_eq!(nurse.get("/personas?q=FERNANDA").await.status, StatusCode::OK, "a name that looks like a code");
    site.world.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(nurse.get(&path).await.location(), place);
}
