use std::time::Duration;

use fantoccini::{Client, Locator, elements::Element};
use serde_json::Value;
use tokio::time::sleep;

use super::{PATIENCE, soon};

/// An application's page in a browser of its own.
#[derive(Clone, Debug)]
pub struct Tab(Client);

impl Tab {
    /// A browser that shows nothing yet.
    pub(super) fn new(browser: Client) -> Self {
        Self(browser)
    }

    /// The browser itself.
    pub fn browser(&self) -> &Client {
        &self.0
    }

    /// Shows the page at `url`.
    pub async fn open(&self, url: &str) {
        self.0.goto(url).await.unwrap();
    }

    /// The element that fits a CSS selector, as soon as there is one.
    pub async fn element(&self, css: &str) -> Element {
        let found = self.0.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
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
        self.0.execute(script, vec![]).await.unwrap()
    }

    /// Waits until a script returns this.
    pub async fn until(&self, script: &str, wanted: Value) {
        soon(&format!("the page has {wanted}"), async {
            while self.run(script).await != wanted {
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }

    /// Ends the browser.
    pub async fn close(self) {
        self.0.close().await.unwrap();
    }
}
