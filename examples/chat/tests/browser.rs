//! The page in a browser. `CHAT_SCREENSHOT` names a file for a picture of a conversation.

use std::{env, fs};

use serde_json::{Value, json};
use site::testing::{ChromeDriver, Server, Tab};

use crate::member::{Member, start};

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
        let tab = driver.browser(user).await;
        tab.open(&server.url("/")).await;
        tab.element("form#login:not([hidden])").await;
        tab.fill("#username", user).await;
        tab.fill("#password", user).await;
        tab.click("#login-button").await;
        tab.element("#state[data-state=open]").await;
        assert_eq!(tab.text("#me").await, user);
        Self(tab)
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
}

async fn driver() -> ChromeDriver {
    ChromeDriver::start(env!("CARGO_TARGET_TMPDIR")).await
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn two_people_see_what_the_other_says_and_a_reload_keeps_it() {
    let server = start().await;
    let driver = driver().await;
    let mut attic = Member::join(&server, "attic", &server.token("bob")).await;
    attic.say("Whoever left the window open: it rains in.").await;
    attic.hear().await;
    let alice = Page::log_in(&driver, &server, "alice").await;
    let bob = Page::log_in(&driver, &server, "bob").await;

    for (said, &(from, text)) in (1..).zip(&CONVERSATION) {
        let author = if from == "alice" { &alice } else { &bob };
        author.say(text).await;
        alice.shows(&CONVERSATION[..said]).await;
        bob.shows(&CONVERSATION[..said]).await;
    }
    alice.0.browser().refresh().await.unwrap();

    alice.0.element("#state[data-state=open]").await;
    alice.shows(&CONVERSATION).await;
    let preview = "return document.querySelector('#rooms [data-room=attic] .room-last').textContent";
    alice.0.until(preview, json!("bob: Whoever left the window open: it rains in.")).await;
    if let Some(file) = env::var_os("CHAT_SCREENSHOT") {
        alice.0.until("return document.getAnimations().length", json!(0)).await;
        fs::write(file, alice.0.browser().screenshot().await.unwrap()).unwrap();
    }
    alice.0.close().await;
    bob.0.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_long_conversation_scrolls_in_its_window() {
    const MESSAGES: usize = 30;
    let server = start().await;
    let driver = driver().await;
    let mut bob = Member::join(&server, "lobby", &server.token("bob")).await;
    for number in 0..MESSAGES {
        bob.say(&format!("This is my thought number {number}.")).await;
        bob.hear().await;
    }

    let alice = Page::log_in(&driver, &server, "alice").await;

    alice.0.until("return document.querySelectorAll('li.message').length", json!(MESSAGES)).await;
    let scrolls =
        "const log = document.querySelector('#scroller'); return log.scrollHeight > log.clientHeight";
    alice.0.until(scrolls, json!(true)).await;
    let outgrown = "return document.documentElement.scrollHeight > innerHeight";
    alice.0.until(outgrown, json!(false)).await;
    alice.0.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_wrong_password_is_told_on_the_page() {
    let server = start().await;
    let driver = driver().await;
    let page = driver.browser("mallory").await;
    page.open(&server.url("/")).await;

    page.fill("#username", "alice").await;
    page.fill("#password", "guess").await;
    page.click("#login-button").await;

    let told = page.element("#login-error:not(:empty)").await;
    assert_eq!(told.text().await.unwrap(), "Wrong username or password.");
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_script_sees_4001_when_it_comes_without_a_token() {
    let server = start().await;
    let driver = driver().await;
    let page = driver.browser("anonymous").await;

    page.open(&server.url("/?anonymous=1")).await;
    page.element("#state[data-state=unauthorized][data-code='4001']").await;
    let knock = "const [done] = arguments;
        const socket = new WebSocket(`ws://${location.host}/ws/chat/lobby/`);
        socket.onclose = ({ code, wasClean }) => done({ code, wasClean });";
    let closed: Value = page.browser().execute_async(knock, vec![]).await.unwrap();

    assert_eq!(closed, json!({ "code": 4001, "wasClean": true }));
    page.close().await;
}
