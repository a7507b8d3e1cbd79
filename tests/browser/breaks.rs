use serde_json::json;

use super::{Page, Site, driver};

/// Somebody the site knows, and short pauses.
const ANN: &str = "{ token: () => 'name:ann & co', maxDelay: 600, attempts: 1000 }";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_page_imports_the_client_from_the_application_sends_asks_and_listens() {
    let site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;

    page.connect(ANN).await;
    page.is("open").await;
    let sent = page.run("return connection.send({ type: 'say', text: 'hello' });").await;
    let answer = page.run("return connection.request({ type: 'who_am_i' });").await;
    let refused = "return connection.request({ type: 'nonsense' }).catch(({ code }) => code);";
    let refused = page.run(refused).await;

    assert_eq!(sent, json!({ "method": "websocket" }));
    assert_eq!(answer["name"], "ann & co");
    assert_eq!(refused, "bad_message");
    assert_eq!(page.run("return events;").await, json!([{ "type": "note", "text": "hello" }]));
    page.until("connection.stats.latency !== null").await;
    page.run("connection.send({ type: 'count' });").await;
    page.until("events.at(-1).type === 'counted' && events.at(-1).attempts === 1").await;
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_server_that_is_gone_and_comes_back_is_found_again() {
    let mut site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;
    page.connect(ANN).await;
    page.is("open").await;

    site.cut();
    page.is("reconnecting").await;
    let sent = page.run("window.sent = connection.send({ type: 'say', text: 'later' });").await;
    site.restart();
    page.is("open").await;

    assert_eq!(sent, json!(null));
    assert_eq!(page.run("return sent;").await, json!({ "method": "websocket" }));
    page.until("events.at(-1)?.text === 'later'").await;
    assert_eq!(page.run("return connection.stats.reconnects;").await, 1);
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_network_that_is_silently_gone_is_noticed() {
    let site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;
    page.connect(
        "{ token: 'name:ann', heartbeat: 200, heartbeatTimeout: 300, maxDelay: 600, attempts: 1000 }",
    )
    .await;
    page.is("open").await;
    page.until("connection.stats.latency !== null").await;

    site.freeze();
    page.is("reconnecting").await;
    assert_eq!(page.run("return connection.status.reason;").await, "no answer to a ping");
    site.mend();
    page.run("connection.reconnect();").await;

    page.is("open").await;
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn twenty_clients_of_a_server_that_restarts_come_back_spread_out() {
    let mut site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;
    let connect = "window.all = Array.from({ length: 20 }, (_, nth) =>
            channels.connect('/ws/', { token: `name:${nth}`, identity: `${nth}` }));
        window.pauses = [];
        for (const one of all) one.onState(({ code, retryAt }) =>
            code === 1012 && retryAt && pauses.push(retryAt - Date.now()));";
    page.run(connect).await;
    page.until("all.every(({ state }) => state === 'open')").await;

    site.shut_down().await;
    page.until("pauses.length === 20").await;
    site.restart();
    page.until("all.every(({ state }) => state === 'open')").await;

    // the server asks for 5 s; that twenty random pauses lie within one second is less likely than 1 in 10^11
    let spread = page.run("return Math.max(...pauses) - Math.min(...pauses);").await.as_f64().unwrap();
    assert!((1_000.0..5_000.0).contains(&spread), "{spread} ms");
    page.close().await;
}
