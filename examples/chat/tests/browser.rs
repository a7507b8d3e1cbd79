//! The page in a browser. `CHAT_SCREENSHOT` names a file for a picture of a conversation.

use std::{env, fs, time::Duration};

use fantoccini::{Client as Browser, Locator, elements::Element};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{PATIENCE, chromedriver::ChromeDriver, client::Client, server::Server, soon};

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
struct Page(Browser);

impl Page {
    async fn log_in(driver: &ChromeDriver, server: &Server, user: &str) -> Self {
        let page = Self(driver.browser(user).await);
        page.0.goto(&server.url("/")).await.unwrap();
        page.element("form#login").await;
        page.element("#username").await.send_keys(user).await.unwrap();
        page.element("#password").await.send_keys(user).await.unwrap();
        page.element("#login-button").await.click().await.unwrap();
        page.element("#state[data-state=open]").await;
        assert_eq!(page.element("#me").await.text().await.unwrap(), user);
        page
    }

    async fn element(&self, css: &str) -> Element {
        let found = self.0.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    async fn say(&self, text: &str) {
        self.element("#text").await.send_keys(text).await.unwrap();
        self.element("#send:enabled").await.click().await.unwrap();
    }

    /// Waits until these and no other messages are shown, in this order.
    async fn shows(&self, conversation: &[(&str, &str)]) {
        let read = "return [...document.querySelectorAll('ol#messages li.message[data-id]')].map(item => \
                    [item.dataset.from, item.querySelector('.text').textContent])";
        self.until(read, json!(conversation)).await;
    }

    /// Waits until a script returns this.
    async fn until(&self, script: &str, wanted: Value) {
        soon(&format!("the page has {wanted}"), async {
            while self.0.execute(script, vec![]).await.unwrap() != wanted {
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn two_people_see_what_the_other_says_and_a_reload_keeps_it() {
    let server = Server::start().await;
    let driver = ChromeDriver::start().await;
    let mut attic = Client::connect(&server.room("attic", &server.token("bob"))).await;
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
    alice.0.refresh().await.unwrap();

    alice.element("#state[data-state=open]").await;
    alice.shows(&CONVERSATION).await;
    let preview = "return document.querySelector('#rooms [data-room=attic] .room-last').textContent";
    alice.until(preview, json!("bob: Whoever left the window open: it rains in.")).await;
    if let Some(file) = env::var_os("CHAT_SCREENSHOT") {
        alice.until("return document.getAnimations().length", json!(0)).await;
        fs::write(file, alice.0.screenshot().await.unwrap()).unwrap();
    }
    alice.0.close().await.unwrap();
    bob.0.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_long_conversation_scrolls_in_its_window() {
    const MESSAGES: usize = 30;
    let server = Server::start().await;
    let driver = ChromeDriver::start().await;
    let mut bob = Client::connect(&server.room("lobby", &server.token("bob"))).await;
    for number in 0..MESSAGES {
        bob.say(&format!("This is my thought number {number}.")).await;
        bob.hear().await;
    }

    let alice = Page::log_in(&driver, &server, "alice").await;

    alice.until("return document.querySelectorAll('li.message').length", json!(MESSAGES)).await;
    let scrolls =
        "const log = document.querySelector('#scroller'); return log.scrollHeight > log.clientHeight";
    alice.until(scrolls, json!(true)).await;
    let outgrown = "return document.documentElement.scrollHeight > innerHeight";
    alice.until(outgrown, json!(false)).await;
    alice.0.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_wrong_password_is_told_on_the_page() {
    let server = Server::start().await;
    let driver = ChromeDriver::start().await;
    let page = Page(driver.browser("mallory").await);
    page.0.goto(&server.url("/")).await.unwrap();

    page.element("#username").await.send_keys("alice").await.unwrap();
    page.element("#password").await.send_keys("guess").await.unwrap();
    page.element("#login-button").await.click().await.unwrap();

    let told = page.element("#login-error:not(:empty)").await;
    assert_eq!(told.text().await.unwrap(), "Wrong username or password.");
    page.0.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_script_sees_4001_when_it_comes_without_a_token() {
    let server = Server::start().await;
    let driver = ChromeDriver::start().await;
    let page = Page(driver.browser("anonymous").await);

    page.0.goto(&server.url("/?anonymous=1")).await.unwrap();
    page.element("#state[data-state=unauthorized][data-code='4001']").await;
    let knock = "const [done] = arguments;
        const socket = new WebSocket(`ws://${location.host}/ws/chat/lobby/`);
        socket.onclose = ({ code, wasClean }) => done({ code, wasClean });";
    let closed: Value = page.0.execute_async(knock, vec![]).await.unwrap();

    assert_eq!(closed, json!({ "code": 4001, "wasClean": true }));
    page.0.close().await.unwrap();
}
