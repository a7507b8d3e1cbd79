//! A page of the site, in one tab of a browser.

use fantoccini::{Client as Browser, wd::WindowHandle};
use serde_json::{Value, json};

use super::{ChromeDriver, Site, soon};

/// A page that has imported the client, as `channels`. What a test wants to keep is a property of `window`.
pub(crate) struct Page {
    browser: Browser,
    window: WindowHandle,
}

impl Page {
    pub(crate) async fn open(driver: &ChromeDriver, site: &Site) -> Self {
        let browser = driver.browser("somebody").await;
        let window = browser.window().await.unwrap();
        let page = Self { browser, window };
        page.load(site).await;
        page
    }

    /// The same site in another tab of the same browser.
    pub(crate) async fn another_tab(&self, site: &Site) -> Self {
        let window = self.browser.new_window(true).await.unwrap().handle;
        let page = Self { browser: self.browser.clone(), window };
        page.load(site).await;
        page
    }

    async fn load(&self, site: &Site) {
        self.browser.switch_to_window(self.window.clone()).await.unwrap();
        self.browser.goto(&site.url()).await.unwrap();
        self.run("window.channels = await import('/channels/index.js');").await;
    }

    /// Connects, and keeps the connection as `connection`, its states as `states`, and the events as `events`.
    ///
    /// The options are a script: functions can be among them.
    pub(crate) async fn connect(&self, options: &str) {
        let script = format!(
            "window.connection = channels.connect('/ws/', {options});
             [window.states, window.events] = [[], []];
             connection.onState(({{ state }}) => states.at(-1) === state || states.push(state));
             connection.on('*', (event) => events.push(event));"
        );
        self.run(&script).await;
    }

    /// Runs the body of an async function; what it returns is the value, and what it throws fails the test.
    pub(crate) async fn run(&self, body: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {body} }})()
                 .then((value) => done({{ value: value ?? null }}), (error) => done({{ error: `${{error}}` }}));"
        );
        self.browser.switch_to_window(self.window.clone()).await.unwrap();
        let outcome = soon("a script ends", self.browser.execute_async(&script, vec![])).await.unwrap();
        assert_eq!(outcome["error"], Value::Null, "{body}");
        outcome["value"].clone()
    }

    /// Waits until this expression is so.
    pub(crate) async fn until(&self, expression: &str) {
        let wait = format!(
            "while (!({expression})) await new Promise((again) => setTimeout(again, 20)); return true;"
        );
        assert_eq!(self.run(&wait).await, json!(true));
    }

    /// Waits until the connection is in this state.
    pub(crate) async fn is(&self, state: &str) {
        self.until(&format!("connection.state === '{state}'")).await;
    }

    pub(crate) async fn close(self) {
        self.browser.close().await.unwrap();
    }
}
