//! How the page looks, and whether everybody can use it.

use serde_json::json;
use site::testing::Axe;

use super::{CONVERSATION, Page, driver};
use crate::member::{Member, post, start};

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
