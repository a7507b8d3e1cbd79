//! The page in a browser.

use serde_json::json;
use site::testing::{Axe, ChromeDriver, Client, Folder, Server, Tab};

use crate::account::{Account, program, start};

const SHOWN: &str =
    "return [...document.querySelectorAll('#inbox .text')].map(({ textContent }) => textContent)";
const UNREAD: &str = "return document.querySelector('#unread').textContent";

async fn driver() -> ChromeDriver {
    ChromeDriver::start(env!("CARGO_TARGET_TMPDIR")).await
}

/// Which credential the socket shows.
#[derive(Clone, Copy)]
enum Way {
    Token,
    Session,
}

async fn log_in(driver: &ChromeDriver, server: &Server, user: &str, way: Way) -> Tab {
    let tab = driver.browser(user).await;
    tab.open(&server.url("/")).await;
    tab.element("form#login:not([hidden])").await;
    enter(&tab, user, way).await;
    tab
}

async fn enter(tab: &Tab, user: &str, way: Way) {
    let way = match way {
        Way::Token => "token",
        Way::Session => "session",
    };
    tab.fill("#username", user).await;
    tab.fill("#password", user).await;
    tab.click(&format!("input[name=way][value={way}]")).await;
    tab.click("#login-button").await;
    tab.element("#state[data-state=open]").await;
    assert_eq!(tab.text("#me").await, user);
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_notification_appears_at_once_and_is_marked_and_deleted_on_the_page() {
    let server = start().await;
    let driver = driver().await;
    for (user, way) in [("alice", Way::Token), ("bob", Way::Session)] {
        let other = Account::log_in(&server, if user == "alice" { "bob" } else { "alice" });
        let tab = log_in(&driver, &server, user, way).await;
        tab.until(UNREAD, json!("")).await;

        assert_eq!(other.notify(user, "Your report is ready."), 201);
        tab.until(SHOWN, json!(["Your report is ready."])).await;
        tab.until(UNREAD, json!("1 new")).await;

        tab.click(".notification.new button").await;
        tab.until(UNREAD, json!("")).await;
        tab.click(".notification button:last-child").await;
        tab.until(SHOWN, json!([])).await;
        tab.close().await;
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_one_sends_on_the_page_is_never_shown_to_anybody_but_its_owner() {
    let server = start().await;
    let driver = driver().await;
    let alice = log_in(&driver, &server, "alice", Way::Token).await;
    let bob = log_in(&driver, &server, "bob", Way::Token).await;

    alice.fill("#to", "bob").await;
    alice.fill("#text", "Lunch?").await;
    alice.click("#send").await;
    bob.until(SHOWN, json!(["Lunch?"])).await;
    bob.fill("#to", "alice").await;
    bob.fill("#text", "In five minutes.").await;
    bob.click("#send").await;

    alice.until(SHOWN, json!(["In five minutes."])).await;
    bob.until(SHOWN, json!(["Lunch?"])).await;
    alice.close().await;
    bob.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn nobody_who_is_not_logged_in_makes_an_attempt() {
    let server = start().await;
    let driver = driver().await;
    let tab = driver.browser("nobody").await;

    tab.open(&server.url("/")).await;

    tab.element("form#login:not([hidden])").await;
    tab.element("#state[data-state=idle]").await;
    let sockets =
        "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/ws/')).length";
    assert_eq!(tab.run(sockets).await, json!(0));
    tab.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn logging_out_ends_all_tabs_of_the_login() {
    let server = start().await;
    let driver = driver().await;
    let alice = log_in(&driver, &server, "alice", Way::Session).await;
    // the same login in a tab of another browser, by its cookie
    let mut elsewhere = Account::log_in(&server, "alice").tab().await;
    elsewhere.hear_of("client.stats").await;
    let cookie = alice.browser().get_named_cookie("sessionid").await.unwrap().value().to_owned();
    let url = server.socket_url("/ws/notifications/");
    let mut same = Client::with_cookie(&url, &server.url(""), &format!("sessionid={cookie}")).await;
    same.hear_of("client.stats").await;

    alice.click("#logout").await;

    alice.element("form#login:not([hidden])").await;
    alice.element("#state[data-state=idle]").await;
    assert_eq!(same.closed().await, 4500);
    // the other login goes on
    assert_eq!(Account::log_in(&server, "bob").notify("alice", "Still there?"), 201);
    assert_eq!(elsewhere.hear_of("notification.created").await["notification"]["text"], "Still there?");
    alice.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_came_while_the_server_was_away_is_there_when_it_is_back() {
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("notifications.sqlite3");
    let mut server = Server::run(program(&database)).await;
    let address = server.address().to_owned();
    let driver = driver().await;
    let tab = log_in(&driver, &server, "alice", Way::Token).await;
    server.terminate().await;
    server.ended().await;
    tab.element("#state[data-state=reconnecting]").await;

    let server = Server::run(program(&database).at(&address)).await;
    assert_eq!(Account::log_in(&server, "bob").notify("alice", "Did you sleep well?"), 201);

    tab.element("#state[data-state=open]").await;
    tab.until(SHOWN, json!(["Did you sleep well?"])).await;
    tab.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn after_three_failures_it_polls_and_goes_back_to_the_socket_when_that_works() {
    let server = start().await;
    let driver = driver().await;
    let tab = driver.browser("alice").await;
    tab.open(&server.url("/")).await;
    // a proxy that forwards no upgrades: sockets fail, requests do not
    let broken = "window.Working = WebSocket;
        window.WebSocket = class extends Working { constructor(url, protocols) { super(url.replace('/ws/', '/no/'), protocols); } }";
    tab.run(broken).await;
    tab.fill("#username", "alice").await;
    tab.fill("#password", "alice").await;
    tab.click("#login-button").await;

    tab.element("#state[data-state=polling]").await;
    assert_eq!(Account::log_in(&server, "bob").notify("alice", "By another way."), 201);
    tab.until(SHOWN, json!(["By another way."])).await;
    tab.run("window.WebSocket = Working").await;
    // somebody looks at the page again: that is reason enough for another attempt
    tab.run("dispatchEvent(new Event('online'))").await;

    tab.element("#state[data-state=open]").await;
    assert_eq!(Account::log_in(&server, "bob").notify("alice", "And by the socket."), 201);
    tab.until(SHOWN, json!(["And by the socket.", "By another way."])).await;
    tab.close().await;
}

/// With pictures, in cargo's folder for what tests leave: `target/tmp`.
#[tokio::test]
#[ignore = "needs chromium, chromedriver and npm"]
async fn axe_finds_nothing_wrong_on_a_desk_on_a_telephone_and_in_the_dark() {
    let server = start().await;
    let driver = driver().await;
    let axe = Axe::install(env!("CARGO_TARGET_TMPDIR")).await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    for text in ["The backup ran through: 214 GB in 41 minutes.", "Your order has left the house."] {
        assert_eq!(alice.notify("alice", text), 201);
    }
    alice.mark(alice.list()["notifications"][0]["id"].as_i64().unwrap(), true);
    for text in ["Lunch at one? The new place around the corner.", "I have moved our meeting to Thursday."] {
        assert_eq!(bob.notify("alice", text), 201);
    }
    let tab = driver.browser("alice").await;
    tab.open(&server.url("/")).await;
    tab.element("form#login:not([hidden])").await;
    axe.accepts(&tab).await;
    tab.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/notifications-login.png")).await;
    enter(&tab, "alice", Way::Token).await;
    tab.until("return document.querySelectorAll('.notification').length", json!(4)).await;
    axe.accepts(&tab).await;
    tab.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/notifications-desk.png")).await;

    tab.phone().await;
    axe.accepts(&tab).await;
    tab.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/notifications-phone.png")).await;
    tab.dark().await;
    axe.accepts(&tab).await;
    tab.picture(concat!(env!("CARGO_TARGET_TMPDIR"), "/notifications-dark.png")).await;
    tab.close().await;
}
