use serde_json::json;

use super::{Page, Site, driver};

/// Everything by HTTP where there is no WebSocket.
const OPTIONS: &str = "{
    token: 'name:ann',
    maxDelay: 600,
    heartbeat: 0,
    pollInterval: 200,
    poll: async ({ signal }) => window.news ?? (await fetch('/news', { signal })).json(),
    rest: async (message) => (await fetch('/say', {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(message),
    })).json(),
}";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn three_failures_lead_to_polling_and_the_servers_return_to_the_websocket() {
    let mut site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;
    page.connect(OPTIONS).await;
    page.is("open").await;

    page.run("window.news = { type: 'note', text: 'by another way' };").await;
    site.cut();
    page.is("polling").await;
    page.until("events.at(-1)?.text === 'by another way'").await;
    page.run("delete window.news;").await;
    site.restart();
    page.is("open").await;

    assert_eq!(page.run("return states;").await, json!(["open", "reconnecting", "polling", "open"]));
    assert_eq!(page.run("return connection.stats.fallbacks;").await, 1);
    let polled = page.run("return events.length;").await;
    page.run("await new Promise((later) => setTimeout(later, 600));").await;
    assert_eq!(page.run("return events.length;").await, polled, "it polls no more");
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_message_tells_which_way_it_went() {
    let site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;
    // a WebSocket that is refused for ever, and a REST side that works
    page.connect(&OPTIONS.replace("token: 'name:ann'", "token: 'nobody'")).await;
    page.is("unauthorized").await;
    let by_rest = page.run("return connection.send({ text: 'hello' });").await;
    page.run("connection.close();").await;
    page.connect(&OPTIONS.replace("token: 'name:ann'", "token: 'name:ann', identity: 'ann'")).await;
    page.is("open").await;
    let by_socket = page.run("return connection.send({ type: 'say', text: 'hello' });").await;

    assert_eq!(by_rest, json!({ "method": "rest", "result": { "text": "hello" } }));
    assert_eq!(by_socket, json!({ "method": "websocket" }));
    page.close().await;
}
