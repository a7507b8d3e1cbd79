//! The page in a browser. `CHAT_SCREENSHOT` names a file for a picture of a conversation.

use std::env;

use serde_json::{Value, json};
use site::testing::{Axe, ChromeDriver, Server, Tab};

use crate::member::{Member, post, start};

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

    /// Waits until a room's badge says this.
    async fn unread(&self, room: &str, badge: &str) {
        let css = format!("[data-room={room}] .room-unread:not([hidden])");
        self.0.until(&format!("return document.querySelector('{css}')?.textContent"), json!(badge)).await;
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
async fn unread_messages_of_another_room_are_counted_until_it_is_opened_in_any_tab() {
    let server = start().await;
    let driver = driver().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    let page = Page::log_in(&driver, &server, "alice").await;
    let mut other_tab = Member::join(&server, "lobby", &alice).await;
    other_tab.rooms().await;

    for text in ["Is it still raining?", "Up here, I mean."] {
        assert_eq!(post(&server, "/api/rooms/attic/messages", &bob, &json!({ "text": text })).0, 201);
    }
    page.unread("attic", "2 unread").await;
    assert_eq!(page.0.text("[data-room=attic] .room-people").await, "bob");
    page.0.click("[data-room=attic]").await;

    page.shows(&[("bob", "Is it still raining?"), ("bob", "Up here, I mean.")]).await;
    page.0.element("[data-room=attic][data-unread='0']").await;
    while other_tab.hear_of("room.updated").await["room"]["unread"] != 0 {}
    let people = "return document.querySelector('[data-room=attic] .room-people').textContent";
    page.0.until(people, json!("alice, bob")).await;
    page.0.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn who_types_is_seen_by_the_others_until_they_have_said_it_or_stop() {
    const LINE: &str = "return document.querySelector('#typing').textContent";
    let server = start().await;
    let driver = driver().await;
    let alice = Page::log_in(&driver, &server, "alice").await;
    let bob = Page::log_in(&driver, &server, "bob").await;

    alice.0.fill("#text", "I was wondering").await;
    bob.0.until(LINE, json!("alice is typing…")).await;
    assert_eq!(alice.0.run(LINE).await, json!(""));
    alice.0.click("#send:enabled").await;
    bob.shows(&[("alice", "I was wondering")]).await;
    bob.0.until(LINE, json!("")).await;

    // and who thinks better of it is forgotten
    alice.0.fill("#text", "No,").await;
    bob.0.until(LINE, json!("alice is typing…")).await;
    bob.0.until(LINE, json!("")).await;
    bob.shows(&[("alice", "I was wondering")]).await;
    alice.0.close().await;
    bob.0.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn without_sockets_everything_goes_by_rest_and_then_by_the_socket_again() {
    let server = start().await;
    let driver = driver().await;
    let mut bob = Member::join(&server, "lobby", &server.token("bob")).await;
    let alice = Page::at_the_login(&driver, &server, "alice").await;
    // a proxy that forwards no upgrades: sockets fail, requests do not
    let broken = "window.Working = WebSocket;
        window.WebSocket = class extends Working { constructor(url, protocols) { super(url.replace('/ws/', '/no/'), protocols); } }";
    alice.0.run(broken).await;
    alice.enter("alice").await;
    alice.0.element("#state[data-state=polling]").await;

    alice.say("By request.").await;
    alice.went(&["rest"]).await;
    assert_eq!(bob.hear_of("chat.message").await["text"], "By request.");
    bob.say("I hear you.").await;
    alice.shows(&[("alice", "By request."), ("bob", "I hear you.")]).await;
    bob.rooms().await;
    assert_eq!(alice.0.text("[data-room=lobby] .room-people").await, "alice, bob");
    alice.0.run("window.WebSocket = Working").await;
    // somebody looks at the page again: that is reason enough for another attempt
    alice.0.run("dispatchEvent(new Event('online'))").await;
    alice.0.element("#state[data-state=open]").await;
    alice.say("And by the socket.").await;

    alice.went(&["rest", "websocket"]).await;
    alice.shows(&[("alice", "By request."), ("bob", "I hear you."), ("alice", "And by the socket.")]).await;
    alice.0.close().await;
}

/// With pictures, in cargo's folder for what tests leave: `target/tmp`.
#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn axe_finds_nothing_wrong_on_a_desk_on_a_telephone_and_in_the_dark() {
    let server = start().await;
    let driver = driver().await;
    let axe = Axe::install(env!("CARGO_TARGET_TMPDIR")).await;
    let page = Page::at_the_login(&driver, &server, "alice").await;
    axe.accepts(&page.0).await;
    page.0.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/chat-login.png")).await;
    page.0.dark().await;
    axe.accepts(&page.0).await;
    page.0.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/chat-login-dark.png")).await;
    page.0.close().await;

    for (from, text) in CONVERSATION {
        post(&server, "/api/rooms/lobby/messages", &server.token(from), &json!({ "text": text }));
    }
    let page = Page::log_in(&driver, &server, "alice").await;
    page.say("Biscuits, too.").await;
    page.went(&["websocket"]).await;
    let bob = server.token("bob");
    post(
        &server,
        "/api/rooms/attic/messages",
        &bob,
        &json!({ "text": "Whoever left the window open: it rains in." }),
    );
    page.unread("attic", "1 unread").await;
    let mut typist = Member::join(&server, "lobby", &bob).await;
    for name in ["desk", "phone", "phone-dark"] {
        match name {
            "phone" => page.0.phone().await,
            "phone-dark" => page.0.dark().await,
            _ => {}
        }
        typist.send_json(&json!({ "type": "chat.typing" })).await;
        page.0.element("#typing:not(:empty)").await;
        axe.accepts(&page.0).await;
        page.0.run("document.querySelector('#scroller').scrollTop = 1e6").await;
        typist.send_json(&json!({ "type": "chat.typing" })).await;
        page.0.element("#typing:not(:empty)").await;
        page.0.picture(format!("{}/chat-{name}.png", env!("CARGO_TARGET_TMPDIR"))).await;
    }
    page.0.close().await;
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
