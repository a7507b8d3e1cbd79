//! What bad input gets: a documented, typed answer each, and nobody else notices.

use channels_actix::{testing::TestServer, *};
use serde::Deserialize;
use serde_json::json;

use crate::support::{
    Client, Raw, channels,
    raw::{BINARY, TEXT, frame},
};

/// Adds up, and is asked in JSON.
struct Adder;

#[derive(Deserialize)]
struct Question {
    a: i64,
    b: i64,
}

impl JsonWebsocketConsumer for Adder {
    type Incoming = Question;

    async fn receive_json(&mut self, ask: Question, socket: &mut Socket) -> Result<()> {
        socket.send_json(&json!({ "sum": ask.a + ask.b })).await
    }
}

struct Echo;

impl WebsocketConsumer for Echo {
    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        match frame {
            Frame::Text(text) => socket.send_text(text).await,
            Frame::Binary(bytes) => socket.send_binary(bytes).await,
        }
    }
}

fn server() -> TestServer {
    let limits = Limits { message: 1_000, fragments: 10, ..Limits::default() };
    let channels =
        channels().limits(limits).websocket("/add/", |_| Ok(Adder)).websocket("/echo/", |_| Ok(Echo));
    TestServer::start(&channels)
}

async fn assert_lives_on(client: &mut Client) {
    client.text(r#"{"a": 1, "b": 2}"#).await;
    assert_eq!(client.next_json().await, json!({ "sum": 3 }));
}

#[tokio::test]
async fn an_error_frame_names_the_message_that_it_answers() {
    let server = server();
    let mut client = Client::connect(&server.url("/add/")).await;

    client.text(r#"{"ref": "17", "a": 1}"#).await;
    client.text(r#"{"a": 1}"#).await;
    client.json(&json!({ "ref": "x".repeat(65) })).await;

    assert_eq!(client.next_json().await["ref"], "17");
    assert_eq!(client.next_json().await.get("ref"), None);
    assert_eq!(client.next_json().await.get("ref"), None);
    assert_lives_on(&mut client).await;
}

#[tokio::test]
async fn text_that_is_not_json_is_answered_and_the_connection_lives_on() {
    let server = server();
    let mut client = Client::connect(&server.url("/add/")).await;

    client.text("{").await;

    let answer = client.next_json().await;
    assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("bad_message")));
    assert_lives_on(&mut client).await;
}

#[tokio::test]
async fn json_of_the_wrong_shape_is_answered_and_the_connection_lives_on() {
    let server = server();
    let mut client = Client::connect(&server.url("/add/")).await;

    client.text(r#"{"a": 1}"#).await;

    let answer = client.next_json().await;
    assert_eq!(answer["code"], "bad_message");
    assert!(answer["message"].as_str().unwrap().contains("missing field `b`"), "{answer}");
    assert_lives_on(&mut client).await;
}

#[tokio::test]
async fn binary_to_a_json_consumer_is_answered_and_the_connection_lives_on() {
    let server = server();
    let mut client = Client::connect(&server.url("/add/")).await;

    client.binary(b"{}").await;

    assert_eq!(client.next_json().await["code"], "text_expected");
    assert_lives_on(&mut client).await;
}

#[tokio::test]
async fn json_nested_deeper_than_any_parser_should_go_is_answered() {
    let server = server();
    let mut client = Client::connect(&server.url("/add/")).await;

    client.text(&"[".repeat(999)).await;

    assert_eq!(client.next_json().await["code"], "bad_message");
    assert_lives_on(&mut client).await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_1009() {
    let server = server();
    let mut client = Client::connect(&server.url("/echo/")).await;

    client.binary(&[0; 1_001]).await;

    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn a_message_at_the_limit_passes() {
    let server = server();
    let mut client = Client::connect(&server.url("/echo/")).await;

    client.text(&"x".repeat(1_000)).await;

    assert_eq!(client.next_text().await.len(), 1_000);
}

#[tokio::test]
async fn a_declared_length_of_4_gib_is_1009_before_any_of_it_arrives() {
    let server = server();
    let mut raw = Raw::connect(server.address(), "/echo/").await;

    let header = [&[0x82, 0xFF][..], &(4_u64 << 30).to_be_bytes(), &[0; 4]].concat();
    raw.send(&header).await;

    assert_eq!(raw.close_code().await, 1009);
}

#[tokio::test]
async fn fragments_over_the_limit_together_are_1009() {
    let server = server();
    let mut raw = Raw::connect(server.address(), "/echo/").await;

    raw.send(&frame(BINARY, &[0; 600])).await;
    raw.send(&frame(0x80, &[0; 600])).await;

    assert_eq!(raw.close_code().await, 1009);
}

#[tokio::test]
async fn too_many_fragments_are_1009() {
    let server = server();
    let mut raw = Raw::connect(server.address(), "/echo/").await;

    raw.send(&frame(TEXT, b"")).await;
    for _ in 0..10 {
        raw.send(&frame(0, b"")).await;
    }

    assert_eq!(raw.close_code().await, 1009);
}

#[tokio::test]
async fn text_that_is_not_utf8_is_1007() {
    let server = server();
    let mut raw = Raw::connect(server.address(), "/echo/").await;

    raw.frame(TEXT, b"caf\xe9 ").await;

    assert_eq!(raw.close_code().await, 1007);
}

#[tokio::test]
async fn a_breach_of_the_protocol_is_1002() {
    let unmasked = [0x81, 2, b'h', b'i'];
    let reserved_bit = frame(0xC0 | TEXT, b"hi");
    let unknown_opcode = frame(0x83, b"hi");
    let endless_ping = frame(0x89, &[0; 126]);
    let server = server();
    for bytes in [&unmasked[..], &reserved_bit, &unknown_opcode, &endless_ping] {
        let mut raw = Raw::connect(server.address(), "/echo/").await;

        raw.send(bytes).await;

        assert_eq!(raw.close_code().await, 1002, "{bytes:?}");
    }
}

#[tokio::test]
async fn bytes_after_a_breach_do_not_cost_the_client_its_close_code() {
    let server = server();
    let mut raw = Raw::connect(server.address(), "/echo/").await;

    raw.frame(TEXT, b"\xff").await;
    raw.send(&vec![0; 100_000]).await;

    assert_eq!(raw.close_code().await, 1007);
}

#[tokio::test]
async fn a_request_that_asks_for_no_websocket_is_400() {
    use std::io::{Read, Write};
    let server = server();
    let response = tokio::task::spawn_blocking(move || {
        let mut socket = std::net::TcpStream::connect(server.address()).unwrap();
        write!(socket, "GET /echo/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut response = String::new();
        socket.read_to_string(&mut response).unwrap();
        response
    });

    assert!(response.await.unwrap().starts_with("HTTP/1.1 400 "));
}
