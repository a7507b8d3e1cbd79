//! Bad credentials from one address: how many are looked at.

use std::time::Duration;

use actix_web::{App, test, web};
use channels_actix::*;

use super::{SECRET, Site, User, Users, token};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The tests' own address is a proxy's.
const PROXY: &str = "127.0.0.1";

fn site() -> Site {
    let limit = FailureLimit::new(2, HOUR);
    Site::with(|auth| auth.limit_failures(limit), |channels| channels.trusted_proxies([PROXY]))
}

/// How a socket from this client ends, or what it is told first.
async fn tried(site: &Site, token: &str, client: &str) -> String {
    let url = site.url(&format!("?token={token}"));
    let headers = [("X-Forwarded-For", client)];
    let mut socket = crate::support::Client::with_headers(&url, &headers).await;
    match socket.next().await {
        tokio_tungstenite::tungstenite::Message::Text(text) => text.to_string(),
        tokio_tungstenite::tungstenite::Message::Close(Some(frame)) => {
            format!("{} {}", u16::from(frame.code), frame.reason)
        }
        other => panic!("unexpected: {other:?}"),
    }
}

/// What is left of it, on a machine that may be slow.
fn is_about_an_hour(seconds: &str) -> bool {
    (3_000..=3_600).contains(&seconds.parse::<u32>().unwrap())
}

#[tokio::test]
async fn an_address_with_too_many_failures_is_4029_whatever_it_brings_and_others_are_not() {
    let site = site();
    let good = token(7);

    for _ in 0..2 {
        assert_eq!(tried(&site, "bad", "192.0.2.1").await, "4001 bad token");
    }

    for token in ["bad", &good] {
        let told = tried(&site, token, "192.0.2.1").await;
        let seconds = told.strip_prefix("4029 too many failures, retry after ").unwrap();
        assert!(is_about_an_hour(seconds.strip_suffix(" s").unwrap()), "{told}");
    }
    assert_eq!(tried(&site, &good, "192.0.2.2").await, "hello Ann");
}

#[tokio::test]
async fn who_brings_nothing_or_what_was_good_once_is_not_locked_out() {
    let site = site();
    let old = super::signed(SECRET, &serde_json::json!({ "exp": 1 }));

    for _ in 0..3 {
        assert_eq!(tried(&site, "", "192.0.2.1").await, "4001 no token");
        assert_eq!(tried(&site, &old, "192.0.2.1").await, "4001 token expired");
        assert_eq!(tried(&site, &token(8), "192.0.2.1").await, "4001 user inactive");
        assert_eq!(tried(&site, &token(9), "192.0.2.1").await, "1013 try again later");
    }
}

#[actix_web::test]
async fn a_request_is_429_and_says_when_to_come_back() {
    let auth = TokenAuth::new(Users).accept(Jwt::hs256(SECRET)).limit_failures(FailureLimit::new(1, HOUR));
    let rest = auth.rest().trusted_proxies([PROXY]);
    let me = |user: Authenticated<User>| async move { user.name };
    let app = test::init_service(App::new().app_data(rest).route("/me", web::get().to(me))).await;
    let request = |client: &str| {
        let request = test::TestRequest::get().uri("/me").peer_addr(format!("{PROXY}:9").parse().unwrap());
        let request = request.insert_header(("X-Forwarded-For", client));
        request.insert_header(("Authorization", "Bearer bad")).to_request()
    };

    assert_eq!(test::call_service(&app, request("192.0.2.1")).await.status().as_u16(), 401);
    assert_eq!(test::call_service(&app, request("192.0.2.2")).await.status().as_u16(), 401);
    let response = test::call_service(&app, request("192.0.2.1")).await;

    assert_eq!(response.status().as_u16(), 429);
    assert!(is_about_an_hour(response.headers().get("Retry-After").unwrap().to_str().unwrap()));
    let body: serde_json::Value = test::read_body_json(response).await;
    assert_eq!(body, serde_json::json!({ "detail": "too many failures", "code": "too_many_failures" }));
}
