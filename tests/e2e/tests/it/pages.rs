//! A nurse at her post: she logs in, sees what waits, finds a person and opens the record; every
//! page on the way is accessible on a phone and at a desk.

use std::path::PathBuf;

use e2e::{Account, Browser, Program};

/// axe-core as `./tejido test` installs it in the build folder.
fn axe() -> Option<String> {
    let target = Program::binary();
    let target = target.ancestors().nth(2)?;
    std::fs::read_to_string(target.join("checkers/node_modules/axe-core/axe.min.js")).ok()
}

/// Where pictures go when `E2E_PICTURES` asks for them.
#[allow(clippy::disallowed_methods, reason = "a test may be asked for pictures")]
fn pictures() -> Option<PathBuf> {
    std::env::var("E2E_PICTURES").ok().map(PathBuf::from)
}

async fn log_in(browser: &Browser, base: &str, account: &Account) {
    browser.goto(&format!("{base}/entrar")).await;
    browser.fill("input[autocomplete=username]", &account.user).await;
    browser.fill("input[autocomplete=current-password]", &account.password).await;
    browser.click("main form button").await;
}

struct Walk<'a> {
    browser: &'a Browser,
    axe: Option<&'a str>,
    width: u32,
    wrong: Vec<String>,
}

impl Walk<'_> {
    /// Looks at the page where the browser is.
    async fn look(&mut self, name: &str) {
        let wide = self.browser.script("return document.documentElement.scrollWidth > window.innerWidth").await;
        if wide.as_bool() == Some(true) {
            self.wrong.push(format!("{name} at {} px scrolls sideways", self.width));
        }
        if let Some(source) = self.axe {
            for found in self.browser.axe(source).await {
                self.wrong.push(format!("{name} at {} px: {} {:?}", self.width, found.rule, found.places));
            }
        }
        if let Some(folder) = pictures() {
            self.browser.screenshot(&folder.join(format!("{name}-{}.png", self.width))).await;
        }
    }
}

async fn walk(program: &Program, width: u32, source: Option<&str>) -> Vec<String> {
    let browser = Browser::open(width, true).await;
    let mut walk = Walk { browser: &browser, axe: source, width, wrong: Vec::new() };
    browser.goto(&format!("{}/entrar", program.base)).await;
    walk.look("entrar").await;
    log_in(&browser, &program.base, &program.account("enfermeria", "MSPAS")).await;
    browser.see("Lo que espera por usted").await;
    walk.look("inicio").await;
    browser.goto(&format!("{}/personas?q=caal", program.base)).await;
    assert!(browser.has("main a[href^='/personas/']").await, "nobody found:\n{}", browser.text().await);
    walk.look("personas").await;
    for path in ["/cuenta", "/ayuda", "/accesibilidad", "/privacidad", "/piezas"] {
        browser.goto(&format!("{}{path}", program.base)).await;
        walk.look(&path[1..]).await;
    }
    let wrong = std::mem::take(&mut walk.wrong);
    browser.close().await;
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nurse_finds_a_person_on_a_phone_and_at_a_desk() {
    let program = Program::demo(&["--people", "400", "--referrals-percent", "4"]);
    let source = axe();
    if source.is_none() {
        println!("skipped: axe-core is not installed (./tejido test installs it)");
    }
    let mut wrong = Vec::new();
    for width in [360, 1280] {
        wrong.extend(walk(&program, width, source.as_deref()).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
