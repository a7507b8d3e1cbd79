//! A page of the site, in one tab of a browser.

use ::site::testing::{ChromeDriver, Tab};
use serde_json::{Value, json};

use super::Site;

/// A page that has imported the client, as `channels`. What a test wants to keep is a property of `window`.
pub(crate) struct Page(Tab);

impl Page {
    pub(crate) async fn open(driver: &ChromeDriver, site: &Site) -> Self {
        Self::load(driver.browser("somebody").await, site).await
    }

    /// The same site in another tab of the same browser.
    pub(crate) async fn another_tab(&self, site: &Site) -> Self {
        Self::load(self.0.another().await, site).await
    }

    async fn load(tab: Tab, site: &Site) -> Self {
        tab.open(&site.url()).await;
        tab.resolve("window.channels = await import('/channels/index.js');").await;
        Self(tab)
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
        self.0.resolve(body).await
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
        self.0.close().await;
    }
}
