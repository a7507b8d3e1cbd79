//! Bad credentials from one address: how many are looked at.

use std::time::Duration;

use actix_web::{App, test, web};
use channels_actix::*;

use super::{SECRET, Site, User, Users, token};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn behind_a_proxy() -> FailureLimit {
    FailureLimit::new(2, HOUR).behind_proxies(1)
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

#[tokio::test]
async fn an_address_with_too_many_failures_is_4029_whatever_it_brings_and_others_are_not() {
    let site = Site::new(|auth| auth.limit_failures(behind_a_proxy()));
    let good = token(7);

    for _ in 0..2 {
        assert_eq!(tried(&site, "bad", "192.0.2.1").await, "4001 bad token");
    }

    for token in ["bad", &good] {
        assert_eq!(tried(&site, token, "192.0.2.1").await, "4029 too many failures; retry after 3600 s");
    }
    assert_eq!(tried(&site, &good, "192.0.2.2").await, "hello Ann");
}

#[tokio::test]
async fn who_brings_nothing_or_what_was_good_once_is_not_locked_out() {
    let site = Site::new(|auth| auth.limit_failures(behind_a_proxy()));
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
    let rest =
        TokenAuth::new(Users).accept(Jwt::hs256(SECRET)).limit_failures(FailureLimit::new(1, HOUR)).rest();
    let me = |user: Authenticated<User>| async move { user.name };
    let app = test::init_service(App::new().app_data(rest).route("/me", web::get().to(me))).await;
    let request = || {
        let request = test::TestRequest::get().uri("/me").peer_addr("192.0.2.1:9".parse().unwrap());
        request.insert_header(("Authorization", "Bearer bad")).to_request()
    };

    assert_eq!(test::call_service(&app, request()).await.status().as_u16(), 401);
    let response = test::call_service(&app, request()).await;

    assert_eq!(response.status().as_u16(), 429);
    assert_eq!(response.headers().get("Retry-After").unwrap(), "3600");
    let body: serde_json::Value = test::read_body_json(response).await;
    assert_eq!(body, serde_json::json!({ "detail": "too many failures", "code": "too_many_failures" }));
}
