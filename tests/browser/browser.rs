//! A browser, and the actions of the tests in it.

use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Method;
use serde_json::{Map, Value, json};
use url::{ParseError, Url};

use crate::driver::Driver;
use crate::support::TestApp;

/// Time limit for the browser to show something.
const PATIENCE: Duration = Duration::from_mins(1);
/// Chromium's sandbox does not work for root, and CI may run as root. Chromium's checks of local
/// networks would block requests that other sites could send to a service on the internet.
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=LocalNetworkAccessChecks",
    "--host-resolver-rules=MAP viewonce.test 127.0.0.1",
];

/// The service's URL with a host name that resolves to this machine. Without TLS, the browser treats it
/// as an insecure origin; it would trust a loopback address.
pub(crate) fn named(app: &TestApp) -> String {
    format!("http://viewonce.test:{}", app.address.port())
}

/// A browser with an empty profile. Dropping it closes the browser.
pub(crate) struct Browser {
    client: Client,
    _driver: Driver,
}

impl Browser {
    /// Opens a browser; `None` if the test must be skipped.
    pub(crate) async fn start() -> Option<Self> {
        let driver = Driver::start()?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities())
            .connect(&driver.url())
            .await
            .unwrap();
        Some(Self { client, _driver: driver })
    }

    /// Loads the page at `url`, even if it is already open.
    pub(crate) async fn open(&self, url: &str) {
        self.client.goto("about:blank").await.unwrap();
        self.client.goto(url).await.unwrap();
    }

    /// The current address.
    pub(crate) async fn url(&self) -> Url {
        self.client.current_url().await.unwrap()
    }

    pub(crate) async fn back(&self) {
        self.client.back().await.unwrap();
    }

    pub(crate) async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// Switches to a new tab; returns the previous one.
    pub(crate) async fn open_tab(&self) -> WindowHandle {
        let before = self.client.window().await.unwrap();
        let tab = self.client.new_window(true).await.unwrap();
        self.switch_to(tab.handle).await;
        before
    }

    /// Switches to another tab.
    pub(crate) async fn switch_to(&self, tab: WindowHandle) {
        self.client.switch_to_window(tab).await.unwrap();
    }

    /// Waits for an element that matches `selector`.
    pub(crate) async fn find(&self, selector: &str) -> Element {
        let wait = self.client.wait().at_most(PATIENCE).every(Duration::from_millis(20));
        let found = wait.for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    /// Waits until the section `id` of the page behind a link is shown, and returns its text.
    pub(crate) async fn shown(&self, id: &str) -> String {
        self.find(&format!("section#{id}:not([hidden])")).await.text().await.unwrap()
    }

    /// Clicks the button that reveals the secret, and waits for the secret.
    pub(crate) async fn reveal(&self) -> String {
        self.shown("ready").await;
        self.click("#reveal").await;
        self.shown("open").await
    }

    pub(crate) async fn click(&self, selector: &str) {
        self.find(selector).await.click().await.unwrap();
    }

    /// Types into the focused element.
    pub(crate) async fn type_text(&self, text: &str) {
        let focused = self.client.active_element().await.unwrap();
        focused.send_keys(text).await.unwrap();
    }

    pub(crate) async fn press(&self, key: Key) {
        let value = char::from(key);
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// The result of `script`, the body of a function, in the page.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Evaluates an expression in the page and awaits its promise.
    pub(crate) async fn resolve(&self, expression: &str) -> Value {
        let script = format!("({expression}).then(arguments[0], (e) => arguments[0](String(e)))");
        self.client.execute_async(&script, Vec::new()).await.unwrap()
    }

    /// Whether the focused element matches `selector`.
    pub(crate) async fn has_focus(&self, selector: &str) -> bool {
        self.run(&format!("return document.activeElement.matches({selector:?})")).await == true
    }

    /// The errors in the browser's console since the last call: violations of a content security policy,
    /// policy, exceptions, failed requests.
    pub(crate) async fn errors(&self) -> Vec<Value> {
        let log = self.command("se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().unwrap().iter();
        entries.filter(|entry| entry["level"] == "SEVERE").cloned().collect()
    }

    /// Sends a command of the `DevTools` protocol.
    pub(crate) async fn devtools(&self, name: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({ "cmd": name, "params": parameters })).await
    }

    async fn command(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(Command { path, body }).await.unwrap()
    }
}

fn capabilities() -> Map<String, Value> {
    let mut capabilities = Map::new();
    capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": ARGUMENTS }));
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
    // In milliseconds.
    let timeouts = json!({ "script": PATIENCE.as_millis() });
    capabilities.insert("timeouts".to_owned(), timeouts);
    capabilities
}

/// A chromedriver command that is not part of the `WebDriver` standard.
#[derive(Debug)]
struct Command {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
