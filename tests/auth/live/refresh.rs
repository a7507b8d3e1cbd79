use std::time::{Duration, SystemTime};

use channels_actix::*;
use serde_json::{Value, json};

use super::{HOUR, Site, jwt, jwt_until, lives, open, revoked, seconds};
use crate::support::{Client, log::Lines};

fn site() -> Site {
    Site::new(TokenAuth::refresh_in_band)
}

async fn refresh(client: &mut Client, token: &str) -> Value {
    client.json(&json!({ "type": "authenticate", "token": token })).await;
    client.next_json().await
}

fn error(code: &str, message: &str) -> Value {
    json!({ "type": "error", "code": code, "message": message })
}

/// When the socket's credential ends, as its consumer knows it.
async fn expires(client: &mut Client) -> Value {
    client.text("expires").await;
    client.next_json().await
}

#[tokio::test]
async fn a_new_token_puts_the_end_off_and_the_consumer_never_sees_it() {
    let (site, end) = (site(), SystemTime::now() + HOUR);
    let server = site.serve();
    let soon = SystemTime::now() + Duration::from_secs(3);
    let mut client = open(&server, &jwt_until(7, 1, soon)).await;

    let answer = refresh(&mut client, &jwt_until(7, 2, end)).await;

    assert_eq!(answer, json!({ "type": "authenticated", "expires": seconds(end) }));
    assert_eq!(expires(&mut client).await, json!(seconds(end)));
    // one that was not refreshed shows that the time is over
    let mut other = open(&server, &jwt_until(7, 3, soon)).await;
    assert_eq!(other.closed().await.0, 4001);
    lives(&mut client).await;
}

#[tokio::test]
async fn a_credential_without_an_end_is_answered_null() {
    let site = site();
    site.keys.put("key_7_a", None);
    let server = site.serve();
    let mut client = open(&server, &jwt(7, 1)).await;

    let answer = refresh(&mut client, "key_7_a").await;

    assert_eq!(answer, json!({ "type": "authenticated", "expires": null }));
    assert_eq!(expires(&mut client).await, Value::Null);
}

#[tokio::test]
async fn a_bad_token_is_answered_with_an_error_and_the_old_one_counts() {
    let (site, end) = (site(), SystemTime::now() + Duration::from_secs(3));
    let server = site.serve();
    let mut client = open(&server, &jwt_until(7, 1, end)).await;

    assert_eq!(refresh(&mut client, "bad").await, error("bad_token", "bad token"));
    let old = jwt_until(7, 1, SystemTime::now() - HOUR);
    assert_eq!(refresh(&mut client, &old).await, error("token_expired", "token expired"));
    site.keys.set_down(true);
    assert_eq!(refresh(&mut client, "key_7_a").await, error("unavailable", "try again later"));
    client.json(&json!({ "type": "authenticate", "toke": "bad" })).await;
    let told = error("bad_message", "`token` has to be there, and a text");
    assert_eq!(client.next_json().await, told);

    assert_eq!(expires(&mut client).await, json!(seconds(end)));
    assert_eq!(client.closed().await, (4001, "token expired".into()));
}

#[tokio::test]
async fn a_token_of_another_user_closes_the_socket_with_4003() {
    let server = site().serve();
    let mut client = open(&server, &jwt(7, 1)).await;

    assert_eq!(refresh(&mut client, &jwt(11, 1)).await, error("another_user", "the token is another user's"));

    assert_eq!(client.closed().await, (4003, "another user".into()));
}

#[tokio::test]
async fn too_many_bad_tokens_are_too_many_here_as_well() {
    let limit = FailureLimit::new(2, HOUR);
    let server = Site::new(|auth| auth.refresh_in_band().limit_failures(limit)).serve();
    let mut client = open(&server, &jwt(7, 1)).await;

    for _ in 0..2 {
        assert_eq!(refresh(&mut client, "bad").await["code"], "bad_token");
    }

    let answer = refresh(&mut client, &jwt(7, 2)).await;
    assert_eq!(answer["code"], "too_many_failures");
    let message = answer["message"].as_str().unwrap();
    assert!(message.starts_with("too many failures, retry after "), "{message}");
    lives(&mut client).await;
}

#[tokio::test]
async fn the_new_token_is_the_one_whose_revocation_closes_the_socket() {
    let site = site();
    let server = site.serve();
    let (old, new) = (jwt(7, 1), jwt(7, 2));
    let mut client = open(&server, &old).await;
    let mut witness = open(&server, &old).await;
    assert_eq!(refresh(&mut client, &new).await["type"], "authenticated");

    assert!(site.revoker.revoke(&Credential::new(&old)).await.unwrap());
    assert_eq!(witness.closed().await, revoked());
    lives(&mut client).await;
    assert_eq!(refresh(&mut client, &old).await, error("bad_token", "bad token"));
    assert!(site.revoker.revoke(&Credential::new(&new)).await.unwrap());

    assert_eq!(client.closed().await, revoked());
}

#[tokio::test]
async fn a_consumer_that_is_busy_keeps_no_client_from_a_new_token() {
    let server = site().serve();
    let mut client = open(&server, &jwt(7, 1)).await;

    client.text("wait").await;

    assert_eq!(refresh(&mut client, &jwt(7, 2)).await["type"], "authenticated");
}

#[tokio::test]
async fn a_consumer_has_messages_of_that_type_for_itself_unless_the_stack_was_told() {
    let server = Site::new(|auth| auth).serve();
    let mut client = open(&server, &jwt(7, 1)).await;

    let message = json!({ "type": "authenticate", "token": "of the consumer's own" });

    client.json(&message).await;
    assert_eq!(client.next_json().await, message);
}

#[tokio::test]
async fn a_message_that_only_speaks_of_it_is_the_consumers() {
    let server = site().serve();
    let mut client = open(&server, &jwt(7, 1)).await;

    for text in [
        r#"{"type":"say","text":"\"authenticate\""}"#,
        r#"{"type":"say","kind":"authenticate"}"#,
        r#"["authenticate"]"#,
        r#""authenticate""#,
        r#"{"type":"authenticate""#,
    ] {
        client.text(text).await;
        assert_eq!(client.next_text().await, text);
    }
}

#[tokio::test]
async fn a_first_message_and_later_ones_are_the_same() {
    let site = Site::new(|auth| auth.or_first_message(HOUR).refresh_in_band());
    let server = site.serve();
    let mut client = Client::connect(&server.url("/ws/")).await;

    // in one breath: the second waits when the first is looked at
    for number in [1, 2] {
        client.json(&json!({ "type": "authenticate", "token": jwt(7, number) })).await;
    }

    let mut said = [client.next_text().await, client.next_text().await];
    said.sort();
    assert_eq!(said[0], "hello Ann");
    assert!(said[1].contains("authenticated"), "{said:?}");
}

#[tokio::test]
async fn no_token_that_comes_over_an_open_socket_is_in_any_line_of_the_log() {
    let lines = Lines::captured();
    let server = site().serve();
    let tokens = [jwt(7, 71), jwt(7, 72), jwt(11, 73), format!("{}x", jwt(7, 74))];
    let mut client = open(&server, &tokens[0]).await;

    for token in [&tokens[1], &tokens[3], &tokens[2]] {
        refresh(&mut client, token).await;
    }
    assert_eq!(client.closed().await.0, 4003);

    assert!(!lines.with("it was to go on with a credential of another user").is_empty());
    for token in &tokens {
        // the client of these tests is in this process, and is not what is tested
        let ours = lines.with(token).into_iter().filter(|line| !line.contains("tungstenite"));
        assert_eq!(ours.collect::<Vec<_>>(), Vec::<String>::new());
    }
}
