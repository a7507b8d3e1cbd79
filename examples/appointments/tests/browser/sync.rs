//! What others do, without a reload.

use serde_json::json;

use super::{Page, driver};
use crate::account::{Account, start, with};

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn what_another_user_books_changes_and_cancels_is_shown_without_a_reload() {
    let server = start().await;
    let driver = driver().await;
    let bob = Account::log_in(&server, "bob");
    let alice = Page::log_in(&driver, "alice", &server).await;
    alice.shows(&[]).await;
    alice.0.run("window.sameDocument = true").await;

    let booked = bob.booked("09:00", "Maria Jensen");
    alice.shows(&[("09:00", "Maria Jensen")]).await;
    alice
        .0
        .until(
            "return document.querySelector('#news').textContent",
            json!("bob booked: Maria Jensen, 09:00 with Dr Okafor."),
        )
        .await;

    let changed = bob.change(&with(booked, "slot", "13:30")).1;
    alice.shows(&[("13:30", "Maria Jensen")]).await;

    assert_eq!(bob.cancel(&changed).0, 204);
    alice.shows(&[]).await;
    assert_eq!(alice.0.run("return window.sameDocument").await, json!(true));
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn what_moves_to_another_day_leaves_the_one_and_comes_to_the_other() {
    let server = start().await;
    let driver = driver().await;
    let bob = Account::log_in(&server, "bob");
    let booked = bob.booked("09:00", "Maria Jensen");
    let alice = Page::log_in(&driver, "alice", &server).await;
    alice.shows(&[("09:00", "Maria Jensen")]).await;
    alice.0.click("[aria-label='The day after']").await;
    alice.shows(&[]).await;

    let moved = bob.change(&with(booked, "day", "2026-03-03")).1;
    alice.shows(&[("09:00", "Maria Jensen")]).await;
    bob.change(&with(moved, "day", "2026-03-02"));
    alice.shows(&[]).await;

    alice.0.click("[aria-label='The day before']").await;
    alice.shows(&[("09:00", "Maria Jensen")]).await;
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn what_one_does_on_the_page_is_on_the_page_of_the_other() {
    let server = start().await;
    let driver = driver().await;
    let alice = Page::log_in(&driver, "alice", &server).await;
    let bob = Page::log_in(&driver, "bob", &server).await;

    alice.choose("09:00").await;
    alice.0.fill("#patient", "Maria Jensen").await;
    alice.0.fill("#reason", "Check-up").await;
    alice.0.click("#save").await;
    alice.is_done().await;
    bob.shows(&[("09:00", "Maria Jensen")]).await;

    bob.choose("09:00").await;
    bob.select("#slot", "10:30").await;
    bob.0.click("#save").await;
    bob.is_done().await;
    alice.shows(&[("10:30", "Maria Jensen")]).await;

    alice.choose("10:30").await;
    alice.0.click("#cancel").await;
    alice.0.click("#cancel").await;
    alice.is_done().await;
    bob.shows(&[]).await;
    alice.close().await;
    bob.close().await;
}
