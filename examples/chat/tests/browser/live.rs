//! What a page learns of others without being in their room, or before they have said it.

use serde_json::json;

use super::{Page, driver};
use crate::member::{Member, post, start};

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
    page.people("attic", "bob").await;
    page.0.click("[data-room=attic]").await;

    page.shows(&[("bob", "Is it still raining?"), ("bob", "Up here, I mean.")]).await;
    page.0.element("[data-room=attic][data-unread='0']").await;
    while other_tab.hear_of("room.updated").await["room"]["unread"] != 0 {}
    page.people("attic", "alice, bob").await;
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
