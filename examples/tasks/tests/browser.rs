//! The page in a browser.

use serde_json::json;
use site::testing::{Axe, ChromeDriver, Folder, Server, Tab};

use crate::account::{Account, LONG, program, start, until};

const STATES: &str = "return [...document.querySelectorAll('.task')].map(({ dataset }) => dataset.state)";
const MOVES: &str = "return document.querySelector('.task progress').value > 0";

async fn driver() -> ChromeDriver {
    ChromeDriver::start(env!("CARGO_TARGET_TMPDIR")).await
}

/// What the socket shows.
#[derive(Clone, Copy)]
enum Way {
    Ticket,
    Token,
}

async fn log_in(driver: &ChromeDriver, server: &Server, user: &str, way: Way) -> Tab {
    let tab = driver.browser(user).await;
    tab.open(&server.url("/")).await;
    enter(&tab, user, way).await;
    tab
}

async fn enter(tab: &Tab, user: &str, way: Way) {
    let way = match way {
        Way::Ticket => "ticket",
        Way::Token => "token",
    };
    tab.element("form#login:not([hidden])").await;
    tab.fill("#username", user).await;
    tab.fill("#password", user).await;
    tab.click(&format!("input[name=way][value={way}]")).await;
    tab.click("#login-button").await;
    tab.element("#state[data-state=open]").await;
    assert_eq!(tab.text("#me").await, user);
}

async fn count(tab: &Tab, below: u32) {
    tab.element("#below").await.clear().await.unwrap();
    tab.fill("#below", &below.to_string()).await;
    tab.click("#start").await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_task_is_started_in_one_tab_watched_in_both_and_cancelled_in_the_other() {
    let server = start().await;
    let driver = driver().await;
    for (user, way) in [("alice", Way::Ticket), ("bob", Way::Token)] {
        let tab = log_in(&driver, &server, user, way).await;
        let other = tab.another().await;
        other.open(&server.url("/")).await;
        other.element("#state[data-state=open]").await;

        count(&tab, LONG).await;
        for tab in [&tab, &other] {
            tab.until(STATES, json!(["running"])).await;
            tab.until(MOVES, json!(true)).await;
        }
        other.click(".task .cancel").await;
        for tab in [&tab, &other] {
            tab.until(STATES, json!(["cancelled"])).await;
        }

        count(&tab, 100_000).await;
        for tab in [&tab, &other] {
            tab.until(STATES, json!(["done", "cancelled"])).await;
            assert_eq!(tab.text(".task .about").await, "Done: 9,592 primes");
            assert_eq!(
                tab.run("return document.querySelector('#news').textContent").await,
                json!("Primes below 100,000: Done: 9,592 primes")
            );
        }
        tab.close().await;
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn after_the_last_attempt_it_is_disconnected_until_the_user_tries_again() {
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("tasks.sqlite3");
    let mut server = Server::run(program(&database)).await;
    let address = server.address().to_owned();
    let driver = driver().await;
    let tab = log_in(&driver, &server, "alice", Way::Ticket).await;

    server.terminate().await;
    server.ended().await;

    tab.element("#state[data-state=closed]").await;
    assert_eq!(tab.text("#state .label").await, "Disconnected");
    assert_eq!(tab.text("#notice-text").await, "The server cannot be reached.");
    let _server = Server::run(program(&database).at(&address)).await;
    tab.click("#reconnect").await;
    tab.element("#state[data-state=open]").await;
    tab.element("#notice[hidden]").await;
    tab.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn logging_out_in_one_tab_ends_the_other() {
    let server = start().await;
    let driver = driver().await;
    let tab = log_in(&driver, &server, "alice", Way::Ticket).await;
    let other = tab.another().await;
    other.open(&server.url("/")).await;
    other.element("#state[data-state=open]").await;

    tab.click("#logout").await;

    for tab in [&tab, &other] {
        tab.element("form#login:not([hidden])").await;
    }
    tab.close().await;
}

/// With pictures, in cargo's folder for what tests leave: `target/tmp`.
#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn axe_finds_nothing_wrong_on_a_desk_on_a_telephone_and_in_the_dark() {
    let server = start().await;
    let driver = driver().await;
    let axe = Axe::install(env!("CARGO_TARGET_TMPDIR")).await;
    let alice = Account::log_in(&server, "alice");
    let mut hears = alice.tab().await;
    let done = alice.count(100_000);
    until(&mut hears, done, "done").await;
    let [cancelled, running, _, _] = [LONG, LONG, LONG, 2_000_000].map(|below| alice.count(below));
    until(&mut hears, cancelled, "running").await;
    assert_eq!(alice.cancel(cancelled), 200);
    until(&mut hears, running, "running").await;
    let tab = driver.browser("alice").await;
    tab.open(&server.url("/")).await;
    tab.element("form#login:not([hidden])").await;
    axe.accepts(&tab).await;
    tab.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/tasks-login.png")).await;
    enter(&tab, "alice", Way::Ticket).await;
    tab.until(STATES, json!(["waiting", "running", "running", "cancelled", "done"])).await;
    axe.accepts(&tab).await;
    tab.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/tasks-desk.png")).await;

    tab.phone().await;
    axe.accepts(&tab).await;
    tab.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/tasks-phone.png")).await;
    tab.dark().await;
    axe.accepts(&tab).await;
    tab.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/tasks-dark.png")).await;
    tab.close().await;
}
