//! The page in a browser: system B's criteria, one by one.

mod conflict;
mod connection;
mod login;
mod look;
mod sync;

use serde_json::{Value, json};
use site::testing::{ChromeDriver, Server, Tab};

use crate::account::DAY;

/// Keeps the address and the close code of every socket, and lets pauses pass `pace` times as fast.
const WATCH: &str = "
    window.sockets = [];
    window.pace = 1;
    const pause = setTimeout;
    window.setTimeout = (then, time = 0, ...rest) => pause(then, time / window.pace, ...rest);
    window.WebSocket = class extends WebSocket {
        constructor(...given) {
            super(...given);
            const one = { url: this.url, code: null };
            sockets.push(one);
            this.addEventListener('close', ({ code }) => { one.code = code; });
        }
    };";
/// Resolves when a minute of the page has passed, in 3 s of ours, whatever may wake a connection.
const A_MINUTE: &str = "const done = arguments[0];
    window.pace = 20;
    dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    setTimeout(done, 60_000);";

/// The page, in one tab.
struct Page(Tab);

impl Page {
    /// In a browser of its own.
    async fn open(driver: &ChromeDriver, browser: &str, server: &Server) -> Self {
        Self::show(driver.browser(browser).await, server).await
    }

    /// In another tab of the same browser.
    async fn another(&self, server: &Server) -> Self {
        Self::show(self.0.another().await, server).await
    }

    async fn show(tab: Tab, server: &Server) -> Self {
        tab.before_each_page(WATCH).await;
        tab.open(&server.url(&format!("/#{DAY}"))).await;
        Self(tab)
    }

    /// In a browser of its own, and at the board.
    async fn log_in(driver: &ChromeDriver, user: &str, server: &Server) -> Self {
        let page = Self::open(driver, user, server).await;
        page.enter(user).await;
        page
    }

    async fn enter(&self, user: &str) {
        self.0.fill("#username", user).await;
        self.0.fill("#password", user).await;
        self.0.click("#login-button").await;
        self.is_connected().await;
    }

    async fn is_connected(&self) {
        self.0.element("#grid[aria-busy=false]").await;
        self.0.element(".connection-state[data-state=open]").await;
    }

    /// Waits for the login, and for nothing but it.
    async fn is_out(&self) {
        self.0.element("#login").await;
        self.0.element(".connection-state[data-state=idle]").await;
    }

    async fn leave(&self, button: &str) {
        self.0.click(".who").await;
        self.0.click(button).await;
    }

    /// Waits until these and no others are on the board: times and patients.
    async fn shows(&self, booked: &[(&str, &str)]) {
        let read = "return [...document.querySelectorAll('.cell.booked')].map(cell => \
                    [cell.dataset.slot, cell.querySelector('.patient').textContent])";
        self.0.until(read, json!(booked)).await;
    }

    /// Opens the dialog of the first practitioner's slot.
    async fn choose(&self, slot: &str) {
        self.0.click(&format!(".cell[data-practitioner='1'][data-slot='{slot}']:enabled")).await;
        self.0.element("#appointment[open]").await;
    }

    /// Chooses one of a field's options.
    async fn select(&self, field: &str, value: &str) {
        self.0.element(field).await.select_by_value(value).await.unwrap();
    }

    /// Waits until there is no dialog.
    async fn is_done(&self) {
        self.0.until("return document.querySelector('dialog')", Value::Null).await;
    }

    /// The address and the close code of every socket that the page has opened.
    async fn sockets(&self) -> Vec<Value> {
        self.0.run("return sockets").await.as_array().unwrap().clone()
    }

    /// Lets a minute pass in which anything may wake a connection; none is begun.
    async fn stays_away_for_a_minute(&self) {
        let before = self.sockets().await.len();
        self.0.browser().execute_async(A_MINUTE, vec![]).await.unwrap();
        assert_eq!(self.sockets().await.len(), before);
        self.is_out().await;
    }

    async fn close(self) {
        self.0.close().await;
    }
}

async fn driver() -> ChromeDriver {
    ChromeDriver::start(env!("CARGO_TARGET_TMPDIR")).await
}
