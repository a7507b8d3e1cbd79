//! What the page looks like, and how it is used without a mouse or without seeing it. Pictures go to the folder of
//! cargo's for what tests leave: `target/tmp`.

use std::path::Path;

use serde_json::json;
use site::testing::{Axe, Server};

use super::{Page, driver};
use crate::account::{Account, plan, start, with};

/// A day's work: practitioner, time, patient, reason.
const DAYS_WORK: [(u8, &str, &str, &str); 11] = [
    (1, "09:00", "Maria Jensen", "Check-up"),
    (1, "09:30", "Ola Nordmann", "Persistent cough"),
    (1, "10:30", "Eva Novak", ""),
    (1, "13:00", "Ngozi Adeyemi", "Results of the blood test"),
    (1, "15:30", "Max Bauer", "Sick note"),
    (2, "09:00", "Wolfeschlegelsteinhausen", "Long-term ECG: bring the device back, please"),
    (2, "11:00", "Sofia Rossi", "First visit"),
    (2, "14:00", "Jan de Vries", "Stress test"),
    (3, "10:00", "Kim Nguyen", "Influenza"),
    (3, "10:30", "Lars Nguyen", "Influenza"),
    (3, "14:30", "Amina Yusuf", "Travel: Kenya"),
];

/// A day on which much is done.
fn fill(server: &Server) {
    let bob = Account::log_in(server, "bob");
    for (practitioner, slot, patient, reason) in DAYS_WORK {
        let plan = with(with(plan(slot, patient), "practitioner", practitioner), "reason", reason);
        assert_eq!(bob.book(&plan).0, 201);
    }
}

impl Page {
    async fn picture(&self, name: &str) {
        let file = format!("appointments-{name}.png");
        self.0.picture(Path::new(env!("CARGO_TARGET_TMPDIR")).join(file)).await;
    }

    /// Waits until the board is full, and for nothing under the pointer.
    async fn is_full(&self) {
        self.is_connected().await;
        self.0.until("return document.querySelectorAll('.booked').length", json!(DAYS_WORK.len())).await;
    }

    /// Books what somebody else has, so that this is told.
    async fn provoke(&self, server: &Server) {
        self.choose("16:00").await;
        self.0.fill("#patient", "Tove Lund").await;
        Account::log_in(server, "bob").booked("16:00", "Piet Smit");
        self.0.click("#save").await;
        self.0.element("#conflict").await;
    }
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn axe_finds_nothing_wrong_on_a_desk_in_light_and_dark() {
    let (server, axe) = (start().await, Axe::install(env!("CARGO_TARGET_TMPDIR")).await);
    fill(&server);
    let driver = driver().await;
    let alice = Page::open(&driver, "alice", &server).await;
    alice.0.element("#login").await;
    axe.accepts(&alice.0).await;
    alice.picture("login").await;
    alice.enter("alice").await;
    alice.is_full().await;
    axe.accepts(&alice.0).await;
    alice.picture("desk").await;
    alice.0.click(".who").await;
    axe.accepts(&alice.0).await;
    alice.picture("desk-menu").await;
    alice.0.click(".who").await;
    alice.provoke(&server).await;
    axe.accepts(&alice.0).await;
    alice.picture("desk-conflict").await;

    alice.0.dark().await;
    axe.accepts(&alice.0).await;
    alice.picture("desk-conflict-dark").await;
    alice.0.click("#close").await;
    alice.is_done().await;
    axe.accepts(&alice.0).await;
    alice.picture("desk-dark").await;
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn axe_finds_nothing_wrong_on_a_telephone_and_nothing_is_wider_than_it() {
    let (mut server, axe) = (start().await, Axe::install(env!("CARGO_TARGET_TMPDIR")).await);
    fill(&server);
    let driver = driver().await;
    let alice = Page::open(&driver, "alice", &server).await;
    alice.0.phone().await;
    alice.0.element("#login").await;
    alice.picture("phone-login").await;
    alice.enter("alice").await;
    alice.is_full().await;
    axe.accepts(&alice.0).await;
    alice.picture("phone").await;
    assert_eq!(alice.0.run("return document.documentElement.scrollWidth").await, json!(390));

    alice.provoke(&server).await;
    axe.accepts(&alice.0).await;
    alice.picture("phone-conflict").await;
    alice.0.click("#close").await;
    alice.is_done().await;
    server.terminate().await;
    alice.0.element(".outage").await;
    axe.accepts(&alice.0).await;
    alice.picture("phone-outage").await;
    assert_eq!(alice.0.run("return document.documentElement.scrollWidth").await, json!(390));
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn with_the_keyboard_alone_one_books_and_is_back_at_the_same_cell() {
    const FOCUS: &str = "const { dataset, id } = document.activeElement; \
                         return id || `${dataset.slot} ${dataset.practitioner}`";
    // as WebDriver names keys
    const DOWN: &str = "\u{e015}";
    const RIGHT: &str = "\u{e014}";
    const ENTER: &str = "\u{e007}";
    const ESCAPE: &str = "\u{e00c}";
    let server = start().await;
    let driver = driver().await;
    let alice = Page::log_in(&driver, "alice", &server).await;
    alice.0.element(".cell[data-slot='09:00']:enabled").await;
    alice.0.run("document.querySelector('.cell').focus()").await;
    let press = async |keys: &str| {
        alice.0.browser().active_element().await.unwrap().send_keys(keys).await.unwrap();
    };

    press(DOWN).await;
    press(RIGHT).await;
    assert_eq!(alice.0.run(FOCUS).await, "09:30 2");
    press(ENTER).await;
    alice.0.until(FOCUS, json!("patient")).await;
    press("Maria Jensen").await;
    press(ENTER).await;
    alice.is_done().await;
    alice.shows(&[("09:30", "Maria Jensen")]).await;
    assert_eq!(alice.0.run(FOCUS).await, "09:30 2");

    press(ENTER).await;
    alice.0.until(FOCUS, json!("patient")).await;
    press(ESCAPE).await;
    alice.is_done().await;
    assert_eq!(alice.0.run(FOCUS).await, "09:30 2");
    alice.close().await;
}
