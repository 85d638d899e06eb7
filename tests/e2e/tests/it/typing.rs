//! What the pages' one script adds: answers while somebody types. What it shows is asked again when
//! the form is sent, so that nobody needs it (`referral` goes the whole way without).

use e2e::{Browser, Program};

use crate::pages::axe;

/// A place that the script follows.
pub const FOLLOWED: &str = "[data-ask][aria-live=polite]";

/// Looks at the page at both widths; without axe-core (`./tejido test` installs it) it looks at nothing.
pub async fn accessible(browser: &Browser) {
    let Some(source) = axe() else { return };
    for width in [1280, 360] {
        browser.resize(width).await;
        let found = browser.axe(&source).await;
        assert!(found.is_empty(), "at {width} px: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nurse_sees_who_looks_alike_and_which_codes_fit_before_she_sends() {
    let program = Program::demo(&["--people", "100", "--referrals-percent", "1"]);
    let browser = Browser::open(360, true).await;
    let accounts = program.accounts();
    let nurse = accounts.iter().find(|one| one.user == "ixmucane.caal").expect("a demonstration account");
    browser.log_in(&program.base, nurse).await;
    let register = format!("{}/personas/registrar", program.base);
    browser.goto(&register).await;
    browser.click("input[name='document'][value='cui']").await;
    for (name, value) in [("cui", "9000 00074 1601"), ("given1", "Zoila"), ("surname1", "Quintanilla")] {
        browser.fill(&format!("[name='{name}']"), value).await;
    }
    browser.fill("[name='birth_date']", "02/03/1968").await;
    browser.click("input[name='sex'][value='female']").await;
    browser.choose("select[name='municipality']", "1601").await;
    browser.click("main .btns button[value='guardar']").await;
    browser.see("Persona registrada").await;
    let person = browser.url().await;

    browser.goto(&register).await;
    browser.wait_for(FOLLOWED).await;
    browser.choose("select[name='municipality']", "1601").await;
    browser.fill("[name='given1']", "zoyla").await;
    browser.fill("[name='surname1']", "Kintanilla").await;
    browser.wait_for("[data-ask] [data-answer]").await;
    browser.see("Quizá ya está registrada").await;
    browser.see("Zoila Quintanilla").await;
    let path = person.strip_prefix(&program.base).expect("a page of ours");
    assert!(browser.has(&format!("[data-ask] a[href='{path}'][target=_blank]")).await);
    assert!(!browser.text().await.contains("9000000741601"), "the number is masked");
    accessible(&browser).await;
    browser.fill("[name='surname1']", "Xo").await;
    browser.wait_for(&format!("{FOLLOWED}:empty")).await;

    browser.goto(&format!("{person}/atender")).await;
    browser.fill("[name='dx1']", "resfri").await;
    browser.wait_for("[data-words=dx1] button[data-put=J00]").await;
    accessible(&browser).await;
    browser.click("[data-words=dx1] button[data-put=J00]").await;
    let code = browser.script("return document.querySelector('[name=dx1]').value").await;
    assert_eq!(code.as_str(), Some("J00"));
    browser.close().await;
}
