//! Login and logout, in all tabs and on all devices.

use serde_json::json;

use super::{Page, driver};
use crate::account::{Account, start};

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn a_wrong_password_is_told_on_the_page() {
    let server = start().await;
    let driver = driver().await;
    let page = Page::open(&driver, "mallory", &server).await;

    page.0.fill("#username", "alice").await;
    page.0.fill("#password", "guess").await;
    page.0.click("#login-button").await;

    page.0.element("#login-error:not(:empty)").await;
    assert_eq!(page.0.text("#login-error").await, "Wrong username or password.");
    page.stays_away_for_a_minute().await;
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn logout_in_one_tab_ends_the_others_and_they_make_no_attempt_any_more() {
    let server = start().await;
    let driver = driver().await;
    let tab = Page::log_in(&driver, "alice", &server).await;
    let other = tab.another(&server).await;
    other.is_connected().await;
    let token = tab.0.run("return localStorage.getItem('token')").await.as_str().unwrap().to_owned();

    tab.leave("#logout").await;

    for page in [&tab, &other] {
        page.is_out().await;
        let sockets = page.sockets().await;
        assert_eq!(sockets.len(), 1, "{sockets:?}");
        page.0.until("return sockets.every(({ code }) => code !== null)", json!(true)).await;
        page.stays_away_for_a_minute().await;
    }
    assert_eq!(Account::with_token(&server, token).list(1).0, 401);
    tab.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn logout_on_all_devices_closes_the_other_browsers_socket_with_4500_and_it_makes_no_attempt_any_more() {
    let server = start().await;
    let driver = driver().await;
    let desk = Page::log_in(&driver, "alice", &server).await;
    let phone = Page::open(&driver, "phone", &server).await;
    phone.enter("alice").await;
    let bob = Page::log_in(&driver, "bob", &server).await;

    desk.leave("#logout-all").await;

    desk.is_out().await;
    phone.is_out().await;
    assert_eq!(phone.0.text("#login-error").await, "You have been logged out.");
    let codes = phone.0.run("return sockets.map(({ code }) => code)").await;
    assert_eq!(codes, json!([4500]));
    phone.stays_away_for_a_minute().await;
    bob.is_connected().await;
    assert_eq!(bob.sockets().await.len(), 1);
    for page in [desk, phone, bob] {
        page.close().await;
    }
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn when_another_user_logs_in_every_tab_has_one_new_socket_and_it_is_theirs() {
    let server = start().await;
    let driver = driver().await;
    let tab = Page::log_in(&driver, "alice", &server).await;
    let other = tab.another(&server).await;
    other.is_connected().await;

    tab.leave("#logout").await;
    tab.is_out().await;
    tab.enter("bob").await;

    let carol = Account::log_in(&server, "alice");
    carol.booked("09:00", "Maria Jensen");
    for page in [&tab, &other] {
        page.is_connected().await;
        assert_eq!(page.0.text("#me").await, "bob");
        page.shows(&[("09:00", "Maria Jensen")]).await;
        let sockets = page.sockets().await;
        assert_eq!(sockets.len(), 2, "{sockets:?}");
        assert_ne!(sockets[0]["url"], sockets[1]["url"]);
        assert_eq!(sockets[1]["code"], json!(null));
        page.0.until("return sockets[0].code !== null", json!(true)).await;
    }
    tab.close().await;
}
