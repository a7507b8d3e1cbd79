//! The heartbeat of a client that is a browser's script.

use channels_actix::{testing::TestServer, *};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Client, channels};

/// Takes commands by their type, and none is a ping.
struct Commands;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Command {
    Name,
}

impl JsonWebsocketConsumer for Commands {
    type Incoming = Command;

    async fn receive_json(&mut self, Command::Name: Command, socket: &mut Socket) -> Result<()> {
        socket.send_json(&"commands").await
    }
}

/// Takes whatever is JSON.
struct Anything;

impl JsonWebsocketConsumer for Anything {
    type Incoming = Value;

    async fn receive_json(&mut self, value: Value, socket: &mut Socket) -> Result<()> {
        socket.send_json(&json!({ "got": value })).await
    }
}

fn server() -> TestServer {
    TestServer::start(
        &channels().websocket("/commands/", |_| Ok(Commands)).websocket("/anything/", |_| Ok(Anything)),
    )
}

#[tokio::test]
async fn a_ping_is_answered_where_the_consumer_knows_none() {
    let server = server();
    let mut client = Client::connect(&server.url("/commands/")).await;

    client.text(r#"{"type":"ping"}"#).await;
    client.text(r#"{ "at": 7, "type": "ping" }"#).await;
    client.text(r#"{"type":"name"}"#).await;

    assert_eq!(client.next_json().await, json!({ "type": "pong" }));
    assert_eq!(client.next_json().await, json!({ "type": "pong" }));
    assert_eq!(client.next_json().await, json!("commands"));
}

#[tokio::test]
async fn a_ping_that_the_consumer_takes_is_the_consumers() {
    let server = server();
    let mut client = Client::connect(&server.url("/anything/")).await;

    client.text(r#"{"type":"ping"}"#).await;

    assert_eq!(client.next_json().await, json!({ "got": { "type": "ping" } }));
}

#[tokio::test]
async fn what_only_looks_like_a_ping_is_a_bad_message() {
    let server = server();
    let mut client = Client::connect(&server.url("/commands/")).await;

    for text in [r#"{"type":"Ping"}"#, r#""ping""#, r#"{"ping":1}"#, r#"{"type":"ping""#] {
        client.text(text).await;

        assert_eq!(client.next_json().await["code"], "bad_message", "{text}");
    }
}
