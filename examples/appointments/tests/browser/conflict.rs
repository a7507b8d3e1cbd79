//! Two who want the same: the later one is told in words, and sees what the other did.

use super::{Page, driver};
use crate::account::{Account, start, with};

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn who_books_a_slot_that_was_taken_meanwhile_is_told_by_whom_and_for_whom() {
    let server = start().await;
    let driver = driver().await;
    let bob = Account::log_in(&server, "bob");
    let alice = Page::log_in(&driver, "alice", &server).await;
    alice.choose("09:00").await;
    alice.0.fill("#patient", "Ola Nordmann").await;

    bob.booked("09:00", "Maria Jensen");
    alice.0.click("#save").await;

    let told = alice.0.text("#conflict[role=alert][data-code=taken]").await;
    assert!(told.to_lowercase().contains("bob was faster: this time is taken."), "{told}");
    assert!(told.contains("It is for Maria Jensen. Please choose another time."), "{told}");
    // what alice wrote is still there, and the times that are taken are marked
    alice.0.element("#slot option[value='09:00']").await;
    assert_eq!(alice.0.text("#slot option[value='09:00']").await, "09:00 (taken)");
    alice.select("#slot", "09:30").await;
    alice.0.click("#save").await;
    alice.is_done().await;
    alice.shows(&[("09:00", "Maria Jensen"), ("09:30", "Ola Nordmann")]).await;
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn who_changes_what_was_changed_meanwhile_is_told_what_it_is_now_and_chooses() {
    let server = start().await;
    let driver = driver().await;
    let bob = Account::log_in(&server, "bob");
    let seen = bob.booked("09:00", "Maria Jensen");
    let alice = Page::log_in(&driver, "alice", &server).await;

    // told by the event already, and by the 409 again
    for slot in ["14:00", "15:00"] {
        let Some(now) = bob.list(1).1.as_array().and_then(|all| all.first().cloned()) else {
            panic!("{seen}")
        };
        alice.choose(now["slot"].as_str().unwrap()).await;
        alice.select("#slot", "16:00").await;
        bob.change(&with(now, "slot", slot));
        alice.0.element("#conflict[data-code=stale]").await;
        alice.0.click("#save").await;
        let told = alice.0.text("#conflict[data-code=stale]").await.to_lowercase();
        assert!(told.contains("bob has changed this appointment in the meantime."), "{told}");
        assert!(told.contains(&format!("it is now maria jensen, {slot} with dr okafor.")), "{told}");
        if slot == "14:00" {
            alice.0.click("#theirs").await;
            alice.0.until("return document.querySelector('#slot').value", slot.into()).await;
            alice.0.click("#close").await;
        } else {
            alice.0.click("#mine").await;
            alice.0.click("#save").await;
        }
        alice.is_done().await;
    }

    alice.shows(&[("16:00", "Maria Jensen")]).await;
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn who_changes_what_was_cancelled_meanwhile_is_told_and_may_book_it_again() {
    let server = start().await;
    let driver = driver().await;
    let bob = Account::log_in(&server, "bob");
    let seen = bob.booked("09:00", "Maria Jensen");
    let alice = Page::log_in(&driver, "alice", &server).await;
    alice.choose("09:00").await;

    assert_eq!(bob.cancel(&seen).0, 204);
    let told = alice.0.text("#conflict[data-code=gone]").await;
    assert!(told.to_lowercase().contains("bob has cancelled this appointment."), "{told}");
    assert_eq!(alice.0.text("#save").await, "Book");
    alice.0.click("#save").await;

    alice.is_done().await;
    alice.shows(&[("09:00", "Maria Jensen")]).await;
    alice.close().await;
}
