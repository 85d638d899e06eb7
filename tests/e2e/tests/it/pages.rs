//! Every page of the router's table, as each role reaches it by its links: accessible on a phone and
//! at a desk, without a script but our own file, and never wider than the screen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use e2e::{Account, Browser, Program};
use web::Expects;

/// Roles that walk, with what each looks for besides its links.
const WALKERS: [(&str, &str); 13] = [
    ("enfermeria", "/personas?q=caal"),
    ("medico", "/personas?q=caal"),
    ("enlace-comunitario", "/"),
    ("gestor-red", "/referencias"),
    ("especialista", "/"),
    ("citas", "/"),
    ("supervision-distrito", "/cuentas"),
    ("direccion", "/"),
    ("trabajo-social", "/"),
    ("interprete", "/"),
    ("administrador", "/red"),
    ("auditor", "/auditoria"),
    ("asesoria", "/cifras"),
];

/// Rows that show no page but a download.
const NO_PAGE: [&str; 6] = [
    "/cifras.csv",
    "/red.csv",
    "/red.xlsx",
    "/cuentas/plantilla.xlsx",
    "/personas/{id}/copia.json",
    "/personas/{id}/quien-vio.csv",
];

/// Rows that only a link from outside or a form leads to: `beyond` looks at them, and `referral` at
/// what stands after a visit is signed and a referral sent.
const ELSEWHERE: [&str; 6] = [
    "/r/{codigo}",
    "/invitacion/{codigo}",
    "/personas/{id}/atendida",
    "/referencias/{id}/enviada",
    "/cuentas/importar/{clave}",
    "/red/importar/{clave}",
];

/// Rows whose pages lead to many others, by the state of what they show.
const HUBS: [&str; 4] = ["/referencias", "/referencias/{id}", "/pendientes/{id}", "/red/{id}"];

/// What is wider than the window, when the page scrolls sideways.
const WIDE: &str = "if (document.documentElement.scrollWidth <= window.innerWidth) return '';
    const out = [...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right > window.innerWidth);
    return out.slice(0, 5).map(one => one.tagName + '.' + one.className).join(', ') || 'something';";

/// How many scripts a page has that are not our own file.
const FOREIGN: &str = "return [...document.scripts].filter(one => one.textContent.trim()
    || !one.src.startsWith(location.origin + '/guion/')).length";

/// Whether a page has a form that somebody fills in.
const FILLED: &str =
    "return !!document.querySelector('main form[method=post] :is(input:not([type=hidden]), select, textarea)')";

/// Sends the page's form with nothing in it by its main button, as a browser would that checks nothing.
const EMPTIED: &str = "const field = document.querySelector('main form[method=post] :is(input:not([type=hidden]), select, textarea)');
    if (!field) return false;
    for (const one of field.form.elements) {
        if (one.type === 'radio' || one.type === 'checkbox') one.checked = false;
        else if (one.tagName === 'SELECT') one.selectedIndex = 0;
        else if (one.tagName === 'TEXTAREA' || (one.tagName === 'INPUT' && one.type !== 'hidden' && one.type !== 'file')) one.value = '';
    }
    const buttons = [...field.form.elements].filter(one => one.type === 'submit' && !one.disabled && !one.classList.contains('vh'));
    const ends = ['firmar', 'enviar', 'revisar', 'dar'].map(value => buttons.find(one => one.value === value));
    const main = ends.find(one => one) || buttons.find(one => !one.classList.contains('btn-2')) || buttons[0];
    if (!main) return false;
    field.form.noValidate = true;
    document.body.dataset.sent = '';
    main.click();
    return true;";

/// What can be done with a referral.
const ACTS: &str = "/referencias/{id}/";

/// How many pages of one row each role looks at, to find the links of different states; and of a
/// hub. A row that nobody has seen yet is always looked at.
const EACH: usize = 3;
const EACH_HUB: usize = 25;

/// axe-core as `./tejido test` installs it in the build folder.
pub fn axe() -> Option<String> {
    let target = Program::binary();
    let target = target.ancestors().nth(2)?;
    std::fs::read_to_string(target.join("checkers/node_modules/axe-core/axe.min.js")).ok()
}

/// Where pictures go when `E2E_PICTURES` asks for them.
#[allow(clippy::disallowed_methods, reason = "a test may be asked for pictures")]
fn pictures() -> Option<PathBuf> {
    std::env::var("E2E_PICTURES").ok().map(PathBuf::from)
}

/// The row of the table that a path belongs to.
fn row(path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('?').next().unwrap_or_default().split('/').collect();
    let fits = |pattern: &str| {
        let wanted: Vec<&str> = pattern.split('/').collect();
        let same = |(wanted, part): (&&str, &&str)| wanted == part || (wanted.starts_with('{') && !part.is_empty());
        wanted.len() == parts.len() && wanted.iter().zip(&parts).all(same)
    };
    let rows: Vec<&'static str> = pages().into_keys().filter(|pattern| fits(pattern)).collect();
    rows.iter().find(|pattern| !pattern.contains('{')).or(rows.first()).copied()
}

/// Path and who may ask, of every row that shows something.
fn pages() -> BTreeMap<&'static str, Expects> {
    web::routes().into_iter().filter(|row| row.method == "GET").map(|row| (row.path, row.expects)).collect()
}

struct Walk<'a> {
    browser: &'a Browser,
    base: &'a str,
    axe: Option<&'a str>,
    seen: BTreeSet<&'static str>,
    /// A page with a form to fill in, of each row that has one.
    forms: BTreeMap<&'static str, String>,
    /// Rows whose form was sent with nothing in it, and those of them that said what is missing.
    emptied: BTreeSet<&'static str>,
    refused: BTreeSet<&'static str>,
    wrong: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    fn new(browser: &'a Browser, base: &'a str, axe: Option<&'a str>) -> Self {
        let (seen, emptied, refused) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { browser, base, axe, seen, forms: BTreeMap::new(), emptied, refused, wrong: BTreeSet::new() }
    }

    /// Looks at the page where the browser is, once for each row of the table.
    async fn look(&mut self, pattern: &'static str) {
        if self.seen.insert(pattern) {
            self.examine(pattern, &[360, 1280]).await;
        }
    }

    /// Looks at the page where the browser is, at these widths.
    async fn examine(&mut self, pattern: &str, widths: &[u32]) {
        for width in widths {
            self.browser.resize(*width).await;
            let wide = self.browser.script(WIDE).await;
            if let Some(places) = wide.as_str().filter(|places| !places.is_empty()) {
                self.wrong.insert(format!("{pattern} at {width} px scrolls sideways: {places}"));
            }
            if let Some(source) = self.axe {
                for found in self.browser.axe(source).await {
                    self.wrong.insert(format!("{pattern} at {width} px: {} {:?}", found.rule, found.places));
                }
            }
            if let Some(folder) = pictures() {
                let name = pattern.trim_matches('/').replace(['/', '.'], "-").replace(['{', '}'], "");
                let name = if name.is_empty() { "inicio" } else { &name };
                self.browser.screenshot(&folder.join(format!("{name}-{width}.png"))).await;
            }
        }
    }

    /// Follows the links from these pages on.
    async fn follow(&mut self, start: Vec<String>) {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut known: BTreeSet<String> = start.iter().cloned().collect();
        let mut waiting: VecDeque<String> = start.into();
        while let Some(path) = waiting.pop_front() {
            let Some(pattern) = row(&path).filter(|pattern| !NO_PAGE.contains(pattern)) else { continue };
            let count = counts.entry(pattern).or_default();
            *count += 1;
            let most = if HUBS.contains(&pattern) { EACH_HUB } else { EACH };
            if *count > most && self.seen.contains(pattern) {
                continue;
            }
            self.browser.goto(&format!("{}{path}", self.base)).await;
            let at = self.browser.url().await;
            let Some(pattern) = at.strip_prefix(self.base).and_then(row) else { continue };
            let foreign = self.browser.script(FOREIGN).await;
            if foreign.as_u64() != Some(0) {
                self.wrong.insert(format!("{path} has a script inside it, or one that is not our own file"));
            }
            let heading = self.browser.script("return document.querySelector('h1') !== null").await;
            if heading.as_bool() != Some(true) {
                self.wrong.insert(format!("{path} has no heading:\n{}", self.browser.text().await));
            }
            self.look(pattern).await;
            if self.browser.script(FILLED).await.as_bool() == Some(true) {
                self.forms.entry(pattern).or_insert_with(|| path.clone());
            }
            for link in self.browser.links().await {
                if known.insert(link.clone()) {
                    waiting.push_back(link);
                }
            }
        }
    }

    /// Sends every form met on the way with nothing in it, and looks at what comes back: a page that
    /// only a form leads to.
    async fn send_empty(&mut self) {
        for (pattern, path) in std::mem::take(&mut self.forms) {
            if !self.emptied.insert(pattern) {
                continue;
            }
            self.browser.goto(&format!("{}{path}", self.base)).await;
            // What was met at the start of the walk may have moved on since.
            if self.browser.script(EMPTIED).await.as_bool() != Some(true) {
                self.emptied.remove(pattern);
                continue;
            }
            self.browser.wait_for("body:not([data-sent])").await;
            if self.browser.has("main [aria-invalid=true]").await {
                self.refused.insert(pattern);
            }
            // The page was seen at both widths before; what is new are its errors, narrowest on a phone.
            self.examine(&format!("{pattern} sent empty"), &[360]).await;
        }
    }
}

async fn walk_as(walk: &mut Walk<'_>, account: &Account, role: access::Role, first: &str) {
    walk.browser.log_in(walk.base, account).await;
    let plain = |(path, expects): (&'static str, Expects)| {
        (!path.contains('{') && !path.contains("bloquear") && expects.admits(role)).then(|| path.to_owned())
    };
    let mut start = vec!["/".to_owned(), first.to_owned()];
    start.extend(pages().into_iter().filter_map(plain));
    walk.follow(start).await;
    walk.send_empty().await;
    if role == access::Role::Nurse {
        walk.browser.goto(&format!("{}/cuenta", walk.base)).await;
        walk.browser.click("form[action='/bloquear'] button").await;
        walk.browser.wait_for("form[action='/desbloquear']").await;
        walk.look("/desbloquear").await;
    }
    walk.browser.forget().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_on_a_phone_and_at_a_desk_and_has_no_foreign_script() {
    let program = Program::demo(&["--people", "400"]);
    let source = axe();
    if source.is_none() {
        println!("skipped: axe-core is not installed (./tejido test installs it)");
    }
    let browser = Browser::open(360, true).await;
    let mut walk = Walk::new(&browser, &program.base, source.as_deref());
    let open = pages().into_iter().filter(|(path, expects)| *expects == Expects::Anyone && !path.contains('{'));
    walk.follow(open.map(|(path, _)| path.to_owned()).collect()).await;
    for (code, first) in WALKERS {
        let role = access::Role::from_code(code).expect("a role");
        walk_as(&mut walk, &program.account(code, "MSPAS"), role, first).await;
    }
    let unseen = pages()
        .into_keys()
        .filter(|path| !walk.seen.contains(path) && !NO_PAGE.contains(path) && !ELSEWHERE.contains(path));
    // Which acts of a referral are offered depends on the states that the walk meets.
    let (acts, missed): (Vec<_>, Vec<_>) = unseen.partition(|path| path.starts_with(ACTS));
    println!("acts not met: {acts:?}");
    assert!(walk.seen.iter().filter(|path| path.starts_with(ACTS)).count() >= 20, "few acts: {:?}", walk.seen);
    let wrong = walk.wrong.iter().cloned().collect::<Vec<_>>().join("\n");
    println!("{} forms sent empty, {} said what is missing", walk.emptied.len(), walk.refused.len());
    assert!(walk.refused.len() >= 20, "few forms refuse to be empty: {:?} of {:?}", walk.refused, walk.emptied);
    browser.close().await;
    assert!(wrong.is_empty(), "{wrong}");
    assert!(missed.is_empty(), "no role reached {missed:?}");
}
