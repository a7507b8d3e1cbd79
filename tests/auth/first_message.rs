use std::time::Duration;

use channels_actix::TokenAuth;
use serde_json::json;

use super::{Site, token};
use crate::support::Client;

/// Time enough for a client that does send a token.
const PLENTY: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_first_message_carries_a_token_and_the_consumer_never_sees_it() {
    let site = Site::new(|auth| auth.or_first_message(PLENTY));
    let mut client = Client::connect(&site.url("")).await;

    client.json(&json!({ "type": "authenticate", "token": token(7) })).await;
    client.text("the second").await;

    assert_eq!(client.next_text().await, "hello Ann");
    assert_eq!(client.next_text().await, "the second");
}

#[tokio::test]
async fn a_first_message_with_a_bad_token_is_4001() {
    let site = Site::new(|auth| auth.or_first_message(PLENTY));
    let mut client = Client::connect(&site.url("")).await;

    client.json(&json!({ "type": "authenticate", "token": "old" })).await;

    assert_eq!(client.closed().await, (4001, "bad token".into()));
}

#[tokio::test]
async fn a_first_message_that_is_none_is_4001() {
    let site = Site::new(|auth| auth.or_first_message(PLENTY));

    for text in ["", "hello", "{}", r#"{"type":"chat.message","token":"x"}"#, r#"{"type":"authenticate"}"#] {
        let mut client = Client::connect(&site.url("")).await;
        client.text(text).await;
        assert_eq!(client.closed().await, (4001, "no token".into()), "{text}");
    }
    let mut client = Client::connect(&site.url("")).await;
    client.binary(br#"{"type":"authenticate","token":"x"}"#).await;
    assert_eq!(client.closed().await, (4001, "no token".into()));
}

#[tokio::test]
async fn no_first_message_in_time_is_4001() {
    let site = Site::new(|auth| auth.or_first_message(Duration::from_millis(50)));

    assert_eq!(site.refusal("").await, (4001, "no first message in time".into()));
}

#[tokio::test]
async fn a_token_in_the_request_needs_no_first_message() {
    let site = Site::new(|auth| auth.or_first_message(PLENTY));

    assert_eq!(site.greeting(&format!("?token={}", token(7)), &[]).await, "hello Ann");
}

#[tokio::test]
async fn a_database_that_never_answers_is_1013_after_a_first_message_too() {
    let site = Site::new(|auth| auth.or_first_message(PLENTY));
    let mut client = Client::connect(&site.url("")).await;

    client.json(&json!({ "type": "authenticate", "token": token(10) })).await;

    assert_eq!(client.closed().await, (1013, "try again later".into()));
}

#[test]
#[should_panic(expected = "give each its own route")]
fn visitors_and_a_first_message_are_found_at_start_up() {
    let _stack = TokenAuth::stateless().or_first_message(Duration::from_secs(5)).or_anonymous();
}
