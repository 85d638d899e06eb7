//! Headless Chromium through ChromeDriver.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::{PrintConfiguration, PrintSize, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Account;

/// A browser window.
pub struct Browser {
    client: Client,
    driver: Child,
    _profile: TempDir,
}

/// What axe-core found on a page.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The rule's id.
    pub rule: String,
    /// The elements, as selectors.
    pub places: Vec<String>,
}

impl Browser {
    /// Opens a window this wide (CSS pixels). Without `scripts` no script of a page reaches it: the
    /// driver's own work goes on, which hangs in a browser that has JavaScript switched off.
    ///
    /// # Panics
    /// If chromedriver or chromium is not installed: `./tejido test` installs both.
    #[allow(clippy::zombie_processes, reason = "Drop waits for it")]
    pub async fn open(width: u32, scripts: bool) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--lang=es-GT".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let capabilities = json!({ "goog:chromeOptions": {
            "args": arguments,
            "mobileEmulation": { "deviceMetrics": { "width": width, "height": 800, "pixelRatio": 1.0, "mobile": false } },
        } });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object was written") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        for _ in 0..100 {
            if let Ok(client) = builder.connect(&format!("http://127.0.0.1:{port}")).await {
                let browser = Self { client, driver, _profile: profile };
                if !scripts {
                    browser.block("*/guion/*").await;
                }
                return browser;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("chromedriver does not answer on port {port}");
    }

    /// Lets nothing of these addresses in.
    async fn block(&self, addresses: &str) {
        let all = [("Network.enable", json!({})), ("Network.setBlockedURLs", json!({ "urls": [addresses] }))];
        for (name, arguments) in all {
            let command = ChromeCommand { name, arguments };
            self.client.issue_cmd(command).await.expect("the browser blocks addresses");
        }
    }

    /// How many sheets of a size (width and height in centimetres) the page takes on paper.
    ///
    /// # Panics
    /// If the page can't be printed.
    pub async fn sheets(&self, [width, height]: [f64; 2]) -> usize {
        let printed = PrintConfiguration::builder().size(PrintSize { width, height }).build().expect("a size of paper");
        let pdf = self.client.print(printed).await.expect("the page prints");
        let pdf = String::from_utf8_lossy(&pdf);
        pdf.matches("/Type /Page").count() - pdf.matches("/Type /Pages").count()
    }

    /// Makes the window this wide.
    pub async fn resize(&self, width: u32) {
        let arguments = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        let command = ChromeCommand { name: "Emulation.setDeviceMetricsOverride", arguments };
        self.client.issue_cmd(command).await.expect("the window takes the width");
    }

    /// Goes to a page.
    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.expect("the page loads");
    }

    /// Where it is.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("a url").to_string()
    }

    /// The text of the page's body.
    pub async fn text(&self) -> String {
        self.script("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says this (a click may still be loading the next one).
    ///
    /// # Panics
    /// If it does not within ten seconds.
    pub async fn see(&self, words: &str) {
        for _ in 0..100 {
            if self.text().await.contains(words) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{words:?} is not at {}:\n{}", self.url().await, self.text().await);
    }

    /// The element of a CSS selector.
    pub async fn find(&self, css: &str) -> Element {
        let found = self.client.find(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css} at {}: {error}", self.url().await),
        }
    }

    /// Whether there is such an element.
    pub async fn has(&self, css: &str) -> bool {
        !self.client.find_all(Locator::Css(css)).await.expect("an answer").is_empty()
    }

    /// Waits until there is such an element.
    ///
    /// # Panics
    /// If there is none within ten seconds.
    pub async fn wait_for(&self, css: &str) {
        for _ in 0..100 {
            if self.has(css).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no {css} at {}:\n{}", self.url().await, self.text().await);
    }

    /// Types into a field, over what is there.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.expect("the field can be cleared");
        field.send_keys(text).await.expect("the field takes text");
    }

    /// Clicks.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        // The driver scrolls no further than the edge, where the bar of a phone lies.
        let element_json = serde_json::to_value(&element).expect("an element");
        let center = "arguments[0].scrollIntoView({ block: 'center' })";
        self.client.execute(center, vec![element_json]).await.expect("the page scrolls");
        element.click().await.unwrap_or_else(|error| panic!("{css} can't be clicked: {error}"));
    }

    /// Clicks the link or button that says this.
    pub async fn press(&self, words: &str) {
        let path = format!("//*[self::a or self::button][contains(normalize-space(.), {words:?})]");
        let found = self.client.find(Locator::XPath(&path)).await;
        match found {
            Ok(element) => element.click().await.unwrap_or_else(|error| panic!("{words:?} can't be clicked: {error}")),
            Err(_) => panic!("no link or button {words:?} at {}:\n{}", self.url().await, self.text().await),
        }
    }

    /// Chooses an option by its value.
    pub async fn choose(&self, css: &str, value: &str) {
        self.find(css).await.select_by_value(value).await.expect("the option is there");
    }

    /// A picture of the whole page.
    pub async fn screenshot(&self, path: &Path) {
        let height = self.script("return document.documentElement.scrollHeight").await.as_u64().unwrap_or(800);
        let width = self.script("return window.innerWidth").await.as_u64().unwrap_or(360);
        let arguments = json!({ "format": "png", "captureBeyondViewport": true,
            "clip": { "x": 0, "y": 0, "width": width, "height": height.min(6000), "scale": 1 } });
        let command = ChromeCommand { name: "Page.captureScreenshot", arguments };
        let answer = self.client.issue_cmd(command).await.expect("a screenshot");
        let data = answer["data"].as_str().expect("base 64");
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data).expect("base 64");
        std::fs::write(path, bytes).expect("the picture can be written");
    }

    /// Runs a script in the page.
    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.expect("the script runs")
    }

    /// The paths of the page's links that stay here, without what follows `#`.
    pub async fn links(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('a[href]')].filter(a => a.origin === location.origin)
            .map(a => a.pathname + a.search)";
        let found = self.script(script).await;
        let found = found.as_array().into_iter().flatten();
        found.filter_map(|link| link.as_str().map(str::to_owned)).collect()
    }

    /// Logs in, with the second step where the account has one.
    ///
    /// # Panics
    /// If it does not lead to the first page.
    pub async fn log_in(&self, base: &str, account: &Account) {
        self.goto(&format!("{base}/entrar")).await;
        self.fill("input[autocomplete=username]", &account.user).await;
        self.fill("input[autocomplete=current-password]", &account.password).await;
        self.click("main form button").await;
        if let Some(code) = account.code() {
            self.wait_for("input[autocomplete=one-time-code]").await;
            self.fill("input[autocomplete=one-time-code]", &code).await;
            self.click("main form button").await;
        }
        let end = format!("{base}/");
        for _ in 0..100 {
            if self.url().await == end {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} can't log in, at {}:\n{}", account.user, self.url().await, self.text().await);
    }

    /// Forgets every session.
    pub async fn forget(&self) {
        self.client.delete_all_cookies().await.expect("cookies can be deleted");
    }

    /// Runs axe-core (its source is given) with the WCAG 2.2 AA rules.
    pub async fn axe(&self, source: &str) -> Vec<Violation> {
        if self.script("return typeof axe === 'undefined'").await.as_bool() == Some(true) {
            self.client.execute(source, vec![]).await.expect("axe-core loads");
        }
        let run = "const done = arguments[arguments.length - 1];
            axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })
               .then(result => done(result.violations.map(v => [v.id, v.nodes.map(n => n.target.join(' '))])),
                     error => done([['axe failed: ' + error, []]]));";
        let found = self.client.execute_async(run, vec![]).await.expect("axe-core runs");
        let rows = found.as_array().cloned().unwrap_or_default();
        let row = |row: Value| Violation {
            rule: row[0].as_str().unwrap_or_default().to_owned(),
            places: row[1]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|place| place.as_str().map(str::to_owned))
                .collect(),
        };
        rows.into_iter().map(row).collect()
    }

    /// Closes the window.
    pub async fn close(mut self) {
        let _ = self.client.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A DevTools command sent through ChromeDriver.
#[derive(Debug)]
struct ChromeCommand {
    name: &'static str,
    arguments: Value,
}

impl WebDriverCompatibleCommand for ChromeCommand {
    fn endpoint(&self, base_url: &url::Url, session_id: Option<&str>) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!("session/{}/goog/cdp/execute", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _request_url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "cmd": self.name, "params": self.arguments }).to_string()))
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
