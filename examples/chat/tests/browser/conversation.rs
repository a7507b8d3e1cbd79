//! A conversation on the page, and who does not get to it.

use std::env;

use serde_json::{Value, json};

use super::{CONVERSATION, Page, driver};
use crate::member::{Member, start};

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
    alice.went(&["websocket"; 4]).await;
    if let Some(file) = env::var_os("CHAT_SCREENSHOT") {
        bob.0.fill("#text", "Deal").await;
        alice.0.until("return document.querySelector('#typing').textContent", json!("bob is typing…")).await;
        alice.0.picture(file).await;
    }
    alice.0.browser().refresh().await.unwrap();

    alice.0.element("#state[data-state=open]").await;
    alice.shows(&CONVERSATION).await;
    let preview = "return document.querySelector('#rooms [data-room=attic] .room-last').textContent";
    alice.0.until(preview, json!("bob: Whoever left the window open: it rains in.")).await;
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
