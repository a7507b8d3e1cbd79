use channels_actix::Source;

use super::{Site, token};
use crate::support::Client;

const OFFERS: &str = "Sec-WebSocket-Protocol";

#[tokio::test]
async fn a_parameter_may_have_any_name() {
    let site = Site::new(|auth| auth.sources([Source::query("access_token")]));

    assert_eq!(site.refusal(&format!("?token={}", token(7))).await, (4001, "no token".into()));
    assert_eq!(site.greeting(&format!("?x=1&access_token={}", token(7)), &[]).await, "hello Ann");
}

#[tokio::test]
async fn a_subprotocol_carries_a_token_and_another_is_answered() {
    let site = Site::new(|auth| auth.sources([Source::subprotocol("bearer")]));
    let token = token(7);

    for (offers, answer) in [
        (format!("bearer, {token}"), "bearer"),
        (format!("chat.v2, bearer, {token}"), "chat.v2"),
        (format!("bearer, {token}, chat.v2, chat.v1"), "chat.v2"),
    ] {
        let mut client = Client::with_headers(&site.url(""), &[(OFFERS, &offers)]).await;

        assert_eq!(client.header(OFFERS), Some(answer));
        assert_eq!(client.next_text().await, "hello Ann");
    }
}

#[tokio::test]
async fn a_bad_token_among_subprotocols_is_4001_and_never_answered_with_itself() {
    let site = Site::new(|auth| auth.sources([Source::subprotocol("bearer")]));

    for (offers, reason) in [
        ("bearer, old", "bad token"),
        ("bearer", "no token"),
        ("old, bearer", "no token"),
        ("chat.v2", "no token"),
    ] {
        let mut client = Client::with_headers(&site.url(""), &[(OFFERS, offers)]).await;

        assert_eq!(client.header(OFFERS), offers.split(", ").next());
        assert_eq!(client.closed().await, (4001, reason.into()), "{offers}");
    }
}

#[tokio::test]
async fn a_cookie_carries_a_token() {
    let site = Site::new(|auth| auth.sources([Source::cookie("access")]));
    let cookie = format!("theme=dark; access={}", token(7));

    assert_eq!(site.refusal("").await, (4001, "no token".into()));
    assert_eq!(site.greeting("", &[("Cookie", &cookie)]).await, "hello Ann");
}

#[tokio::test]
async fn the_authorization_header_carries_a_token() {
    let site =
        Site::new(|auth| auth.sources([Source::authorization("Bearer"), Source::authorization("Token")]));

    assert_eq!(site.refusal("").await, (4001, "no token".into()));
    for scheme in ["Bearer", "bearer", "Token"] {
        let header = format!("{scheme} {}", token(7));
        assert_eq!(site.greeting("", &[("Authorization", &header)]).await, "hello Ann");
    }
}

#[tokio::test]
async fn the_first_source_that_has_a_credential_counts() {
    let site = Site::new(|auth| auth.sources([Source::cookie("access"), Source::query("token")]));
    let (good, query) = (format!("access={}", token(7)), format!("?token={}", token(7)));

    assert_eq!(site.greeting("?token=old", &[("Cookie", &good)]).await, "hello Ann");
    assert_eq!(site.greeting(&query, &[("Cookie", "access=")]).await, "hello Ann");
    let mut refused = Client::with_headers(&site.url(&query), &[("Cookie", "access=old")]).await;
    assert_eq!(refused.closed().await, (4001, "bad token".into()));
}
