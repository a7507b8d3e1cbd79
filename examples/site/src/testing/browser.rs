use std::{fs, path::Path, time::Duration};

use fantoccini::{Client, Locator, elements::Element, wd::WindowHandle};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{PATIENCE, soon};

/// An application's page in a tab of a browser.
#[derive(Clone, Debug)]
pub struct Tab {
    browser: Client,
    window: WindowHandle,
    /// Where ChromeDriver takes commands of the DevTools protocol.
    devtools: String,
}

impl Tab {
    /// A browser that shows nothing yet. `sessions`: the address of ChromeDriver's list of them.
    pub(super) async fn new(browser: Client, sessions: &str) -> Self {
        let session = browser.session_id().await.unwrap().expect("the browser has a session");
        let window = browser.window().await.unwrap();
        Self { browser, window, devtools: format!("{sessions}/{session}/goog/cdp/execute") }
    }

    /// The browser itself, in whose methods the tab is that was used last.
    pub fn browser(&self) -> &Client {
        &self.browser
    }

    /// Another tab of the same browser, which shows nothing yet.
    pub async fn another(&self) -> Self {
        let window = self.browser.new_window(true).await.unwrap().handle;
        Self { window, ..self.clone() }
    }

    /// The browser, with this tab in front.
    async fn front(&self) -> &Client {
        self.browser.switch_to_window(self.window.clone()).await.unwrap();
        &self.browser
    }

    /// Shows the page at `url`.
    pub async fn open(&self, url: &str) {
        self.front().await.goto(url).await.unwrap();
    }

    /// The element that fits a CSS selector, as soon as there is one.
    pub async fn element(&self, css: &str) -> Element {
        let found = self.front().await.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Types into a field.
    pub async fn fill(&self, css: &str, text: &str) {
        self.element(css).await.send_keys(text).await.unwrap();
    }

    /// Clicks on an element, as soon as there is one.
    pub async fn click(&self, css: &str) {
        self.element(css).await.click().await.unwrap();
    }

    /// What an element says.
    pub async fn text(&self, css: &str) -> String {
        self.element(css).await.text().await.unwrap()
    }

    /// What a script returns.
    pub async fn run(&self, script: &str) -> Value {
        self.front().await.execute(script, vec![]).await.unwrap()
    }

    /// What the body of an async function returns; what it throws fails the test.
    pub async fn resolve(&self, body: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {body} }})()
                 .then((value) => done({{ value: value ?? null }}), (error) => done({{ error: `${{error}}` }}));"
        );
        let resolved = self.front().await.execute_async(&script, vec![]);
        let outcome = soon("a script ends", resolved).await.unwrap();
        assert_eq!(outcome["error"], Value::Null, "{body}");
        outcome["value"].clone()
    }

    /// Waits until a script returns this.
    pub async fn until(&self, script: &str, wanted: Value) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let returned = self.run(script).await;
            if returned == wanted {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "waited {PATIENCE:?} for {wanted}, and it is {returned}: {script}"
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until nothing moves any more.
    pub async fn settled(&self) {
        let moving = "return document.getAnimations().filter(({ effect }) => \
                      effect.getComputedTiming().iterations < Infinity).length";
        self.until(moving, json!(0)).await;
    }

    /// Runs a script in every page that this tab will show, before the page's own.
    pub async fn before_each_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Shows the page as a telephone does: 390 by 844 pixels.
    pub async fn phone(&self) {
        let screen = json!({ "width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Shows the page as somebody wants it whose colours are dark.
    pub async fn dark(&self) {
        let wish = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
        self.devtools("Emulation.setEmulatedMedia", wish).await;
    }

    /// Stores a picture of what is shown, when nothing moves any more.
    pub async fn picture(&self, path: impl AsRef<Path>) {
        self.settled().await;
        fs::write(path, self.browser.screenshot().await.unwrap()).unwrap();
    }

    /// A command of Chrome's DevTools protocol, for what WebDriver has no word for.
    async fn devtools(&self, command: &str, parameters: Value) {
        self.front().await;
        let call = json!({ "cmd": command, "params": parameters });
        ureq::post(&self.devtools).send_json(&call).unwrap();
    }

    /// Ends the browser.
    pub async fn close(self) {
        self.browser.close().await.unwrap();
    }
}
