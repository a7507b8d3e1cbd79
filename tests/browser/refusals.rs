use serde_json::json;

use super::{Page, Site, driver};

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_refused_token_is_refreshed_once_and_then_it_stops_for_good() {
    let site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;

    let token =
        "(want) => { window.wants = [...(window.wants ?? []), want.refresh]; return `bad ${wants.length}`; }";
    page.connect(&format!("{{ token: {token}, minDelay: 10, maxDelay: 20 }}")).await;
    page.is("unauthorized").await;
    // a hundred times the longest pause
    page.run("await new Promise((later) => setTimeout(later, 2000));").await;

    let status = page.run("return connection.status;").await;
    assert_eq!(status, json!({ "state": "unauthorized", "code": 4001, "reason": "bad token" }));
    assert_eq!(page.run("return wants;").await, json!([false, true]));
    assert_eq!(page.run("return states;").await, json!(["reconnecting", "unauthorized"]));
    assert_eq!(site.visits(), 2);
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_token_that_has_expired_is_refreshed_and_nobody_notices() {
    let site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;

    page.connect("{ token: ({ refresh }) => (refresh ? 'name:ann' : 'expired') }").await;
    page.is("open").await;

    assert_eq!(page.run("return connection.request({ type: 'who_am_i' });").await["name"], "ann");
    assert_eq!(site.visits(), 2);
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_page_without_a_token_does_not_connect() {
    let site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;

    page.connect("{ token: () => localStorage.getItem('token') }").await;
    page.is("idle").await;
    let socket =
        "return channels.createAuthenticatedWebSocket('/ws/', { token: null }).catch(({ code }) => code);";

    assert_eq!(page.run(socket).await, "unauthorized");
    assert_eq!(site.visits(), 0);
    page.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_login_and_a_logout_in_one_tab_count_in_the_others() {
    let site = Site::start().await;
    let driver = driver().await;
    let first = Page::open(&driver, &site).await;
    let second = first.another_tab(&site).await;
    for page in [&first, &second] {
        page.connect("{ token: () => localStorage.getItem('token') }").await;
        page.is("idle").await;
    }
    let who = "return (await connection.request({ type: 'who_am_i' })).name;";

    first.run("localStorage.setItem('token', 'name:ann'); channels.tokenChanged();").await;
    second.is("open").await;
    assert_eq!(second.run(who).await, "ann");
    second.run("localStorage.setItem('token', 'name:bob'); channels.tokenChanged();").await;
    first.until("states.at(-1) === 'open' && states.length > 3").await;
    assert_eq!(first.run(who).await, "bob");
    first.run("localStorage.removeItem('token'); channels.tokenChanged();").await;

    second.is("idle").await;
    first.is("idle").await;
    first.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_tab_that_changes_only_the_storage_is_noticed_too() {
    let site = Site::start().await;
    let driver = driver().await;
    let first = Page::open(&driver, &site).await;
    let second = first.another_tab(&site).await;
    second.connect("{ token: () => localStorage.getItem('token'), storageKey: 'token' }").await;
    second.is("idle").await;

    first.run("localStorage.setItem('token', 'name:ann');").await;
    second.is("open").await;
    first.run("localStorage.clear();").await;

    second.is("idle").await;
    second.close().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_new_token_of_the_same_user_goes_over_the_open_socket_and_one_of_another_ends_it() {
    let site = Site::start().await;
    let driver = driver().await;
    let page = Page::open(&driver, &site).await;
    page.run("window.token = 'name:ann:1';").await;
    page.connect("{ token: () => token }").await;
    page.is("open").await;

    page.run("token = 'name:ann:2'; await connection.refresh();").await;

    assert_eq!(page.run("return connection.request({ type: 'who_am_i' });").await["name"], "ann");
    assert_eq!(site.visits(), 1);
    page.run("token = 'name:bob:1'; connection.refresh().catch(() => {});").await;
    page.is("closed").await;
    assert_eq!(page.run("return connection.status.code;").await, 4003);
    assert_eq!(site.visits(), 1);
    page.close().await;
}
