//! The page in a browser. `CHAT_SCREENSHOT` names a file for a picture of a conversation.

mod conversation;
mod fallback;
mod live;
mod look;

use serde_json::json;
use site::testing::{ChromeDriver, Server, Tab};

const CONVERSATION: [(&str, &str); 7] = [
    ("alice", "Morning! Did the deploy go through last night?"),
    ("bob", "It did, at half past two. Nobody noticed a thing."),
    ("bob", "The sockets got a 1012, and every client was back within five seconds."),
    ("alice", "So that is why my tab stayed green. Lovely."),
    ("alice", "And the history?"),
    ("bob", "All there. It is stored before it is sent."),
    ("alice", "Then coffee is on me."),
];

/// The page, as one user sees it.
struct Page(Tab);

impl Page {
    async fn log_in(driver: &ChromeDriver, server: &Server, user: &str) -> Self {
        let page = Self::at_the_login(driver, server, user).await;
        page.enter(user).await;
        page.0.element("#state[data-state=open]").await;
        page
    }

    async fn at_the_login(driver: &ChromeDriver, server: &Server, user: &str) -> Self {
        let tab = driver.browser(user).await;
        tab.open(&server.url("/")).await;
        tab.element("form#login:not([hidden])").await;
        Self(tab)
    }

    async fn enter(&self, user: &str) {
        self.0.fill("#username", user).await;
        self.0.fill("#password", user).await;
        self.0.click("#login-button").await;
        self.0.element("#chat:not([hidden])").await;
        assert_eq!(self.0.text("#me").await, user);
    }

    async fn say(&self, text: &str) {
        self.0.fill("#text", text).await;
        self.0.click("#send:enabled").await;
    }

    /// Waits until these and no other messages are shown, in this order.
    async fn shows(&self, conversation: &[(&str, &str)]) {
        let read = "return [...document.querySelectorAll('ol#messages li.message[data-id]')].map(item => \
                    [item.dataset.from, item.querySelector('.text').textContent])";
        self.0.until(read, json!(conversation)).await;
    }

    /// Waits until the page tells that its own messages went these ways.
    async fn went(&self, ways: &[&str]) {
        let read = "return [...document.querySelectorAll('.message.own .way')].map(way => way.textContent)";
        self.0.until(read, json!(ways)).await;
    }

    /// Waits until these are shown to take part in a room.
    async fn people(&self, room: &str, names: &str) {
        let css = format!("[data-room={room}] .room-people");
        self.0.until(&format!("return document.querySelector('{css}')?.textContent"), json!(names)).await;
    }

    /// Waits until a room's badge says this.
    async fn unread(&self, room: &str, badge: &str) {
        let css = format!("[data-room={room}] .room-unread:not([hidden])");
        self.0.until(&format!("return document.querySelector('{css}')?.textContent"), json!(badge)).await;
    }
}

async fn driver() -> ChromeDriver {
    ChromeDriver::start(env!("CARGO_TARGET_TMPDIR")).await
}
