//! The socket: one, with the token, and back after every break.

use serde_json::json;
use site::testing::{Folder, Server};

use super::{Page, driver};
use crate::account::{Account, program, start};

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn nobody_connects_without_a_token_and_a_login_opens_one_socket_with_it() {
    let server = start().await;
    let driver = driver().await;
    let alice = Page::open(&driver, "alice", &server).await;
    alice.stays_away_for_a_minute().await;

    alice.enter("alice").await;

    let token = alice.0.run("return localStorage.getItem('token')").await;
    let url = server.socket_url(&format!("/ws/scheduling/appointments/?token={}", token.as_str().unwrap()));
    assert_eq!(alice.sockets().await, [json!({ "url": url, "code": null })]);
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn a_token_is_encoded_whatever_is_in_it_and_a_bad_one_ends_at_the_login() {
    let server = start().await;
    let driver = driver().await;
    let alice = Page::open(&driver, "alice", &server).await;
    alice.is_out().await;

    alice.0.run("localStorage.setItem('token', 'a b&c=d/e+f#g?h%')").await;
    alice.0.browser().refresh().await.unwrap();
    alice.is_out().await;

    let told = alice.0.text("#login-error").await;
    assert_eq!(told, "Your session has ended. Please log in again.");
    let url = server.socket_url("/ws/scheduling/appointments/?token=a%20b%26c%3Dd%2Fe%2Bf%23g%3Fh%25");
    for socket in alice.sockets().await {
        assert_eq!(socket["url"], url);
    }
    assert_eq!(alice.0.run("return localStorage.getItem('token')").await, json!(null));
    alice.stays_away_for_a_minute().await;
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn after_a_server_was_gone_the_page_reconnects_and_shows_what_it_missed() {
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("appointments.sqlite3");
    let mut server = Server::run(program(&database)).await;
    let address = server.address().to_owned();
    let driver = driver().await;
    let bob = Account::log_in(&server, "bob").token;
    let alice = Page::log_in(&driver, "alice", &server).await;

    server.terminate().await;
    alice.0.element(".connection-state[data-state=reconnecting]").await;
    alice.0.element(".outage").await;
    server.ended().await;
    // nobody is at this one's board: nobody is told
    let elsewhere = Server::run(program(&database)).await;
    Account::with_token(&elsewhere, bob).booked("09:00", "Maria Jensen");
    let _again = Server::run(program(&database).at(&address)).await;

    alice.is_connected().await;
    alice.shows(&[("09:00", "Maria Jensen")]).await;
    alice.0.until("return document.querySelector('.outage')", json!(null)).await;
    assert_eq!(alice.sockets().await[0]["code"], 1012);
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn a_page_that_becomes_visible_does_not_wait_to_reconnect() {
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("appointments.sqlite3");
    let mut server = Server::run(program(&database)).await;
    let address = server.address().to_owned();
    let driver = driver().await;
    let alice = Page::log_in(&driver, "alice", &server).await;
    // by itself it would take hours
    alice.0.run("window.pace = 0.001").await;
    server.terminate().await;
    server.ended().await;
    alice.0.element(".connection-state[data-state=reconnecting]").await;
    let _again = Server::run(program(&database).at(&address)).await;
    assert_eq!(alice.sockets().await.len(), 1);

    alice.0.run("window.pace = 1; document.dispatchEvent(new Event('visibilitychange'))").await;

    alice.is_connected().await;
    assert_eq!(alice.sockets().await.len(), 2);
    alice.close().await;
}
