//! What a page does without a socket, and without a server.

use serde_json::json;
use site::testing::{Folder, Server};

use super::{Page, driver};
use crate::member::{Member, program, start};

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
    alice.people("lobby", "alice, bob").await;
    alice.0.run("window.WebSocket = Working").await;
    // somebody looks at the page again: that is reason enough for another attempt
    alice.0.run("dispatchEvent(new Event('online'))").await;
    alice.0.element("#state[data-state=open]").await;
    alice.say("And by the socket.").await;

    alice.went(&["rest", "websocket"]).await;
    alice.shows(&[("alice", "By request."), ("bob", "I hear you."), ("alice", "And by the socket.")]).await;
    alice.0.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_the_server_refuses_goes_back_to_its_author() {
    let server = start().await;
    let driver = driver().await;
    let alice = Page::log_in(&driver, &server, "alice").await;

    alice.0.run("document.querySelector('#text').value = 'ä'.repeat(4001)").await;
    alice.0.click("#send:enabled").await;

    alice.0.until("return document.querySelector('#text').value.length", json!(4001)).await;
    let told = "return document.querySelector('#notice-text').textContent";
    alice.0.until(told, json!("a message has at most 4000 characters")).await;
    alice.0.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_gets_through_by_no_way_goes_back_to_its_author_and_can_be_sent_again() {
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("chat.sqlite3");
    let mut server = Server::run(program(&database)).await;
    let address = server.address().to_owned();
    let driver = driver().await;
    let alice = Page::log_in(&driver, &server, "alice").await;
    server.terminate().await;
    server.ended().await;
    alice.0.element("#state:is([data-state=reconnecting], [data-state=polling])").await;

    alice.say("Is this thing on?").await;
    alice.0.until("return document.querySelector('#text').value", json!("Is this thing on?")).await;
    assert_eq!(alice.0.text("#notice-text").await, "The server cannot be reached.");
    let _server = Server::run(program(&database).at(&address)).await;
    alice.0.element("#state[data-state=open]").await;
    alice.0.click("#send:enabled").await;

    alice.shows(&[("alice", "Is this thing on?")]).await;
    alice.went(&["websocket"]).await;
    alice.0.close().await;
}
