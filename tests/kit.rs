//! The testing kit: the same answers as over a socket, without one.

use channels_actix::{
    testing::{WebsocketCommunicator, WebsocketRequest},
    *,
};
use serde_json::{Value, json};

use crate::support::{Journal, channels};

struct Parrot(Journal);

impl WebsocketConsumer for Parrot {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        let offered = socket.scope().subprotocols().first().cloned();
        match offered {
            Some(offered) => socket.accept_with(Accept::default().subprotocol(offered)).await,
            None => socket.accept().await,
        }
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        match frame {
            Frame::Text(text) if text == "bye" => socket.close(CloseCode::GOING_AWAY),
            Frame::Text(text) => socket.send_text(text).await?,
            Frame::Binary(bytes) => socket.send_binary(bytes).await?,
        }
        Ok(())
    }

    async fn disconnect(&mut self, code: CloseCode, _: &mut Socket) -> Result<()> {
        tokio::task::yield_now().await;
        self.0.note(format!("disconnect {code}"));
        Ok(())
    }
}

fn application() -> (Channels, Journal) {
    let journal = Journal::default();
    let for_consumers = journal.clone();
    (channels().websocket("/parrot/", move |_| Ok(Parrot(for_consumers.clone()))), journal)
}

async fn connected(channels: &Channels) -> WebsocketCommunicator {
    WebsocketCommunicator::connect(channels, "/parrot/").await.unwrap()
}

#[actix_web::test]
async fn text_binary_and_json_go_both_ways() {
    let (channels, _) = application();
    let mut tab = connected(&channels).await;

    tab.send_text("häß").await;
    assert_eq!(tab.receive_text().await, "häß");
    tab.send_binary(vec![0; 70_000]).await;
    assert_eq!(tab.receive_binary().await, vec![0; 70_000]);
    tab.send_json(&json!({ "a": [1, 2] })).await;
    assert_eq!(tab.receive_json::<Value>().await, json!({ "a": [1, 2] }));
    tab.receive_nothing().await;
}

#[actix_web::test]
async fn a_refusal_is_the_code_that_a_browser_would_see() {
    let (channels, _) = application();

    let refused =
        WebsocketRequest::new("/parrot/").header("Origin", "https://evil.example").connect(&channels).await;

    assert_eq!(refused.err(), Some(CloseCode::FORBIDDEN));
}

#[actix_web::test]
async fn a_subprotocol_is_offered_and_chosen() {
    let (channels, _) = application();

    let tab = WebsocketRequest::new("/parrot/").subprotocol("chat.v2").connect(&channels).await.unwrap();

    assert_eq!(tab.subprotocol(), Some("chat.v2"));
}

#[actix_web::test]
async fn disconnect_returns_when_the_hook_has_run() {
    let (channels, journal) = application();

    connected(&channels).await.disconnect().await;

    assert_eq!(journal.lines(), ["disconnect 1000"]);
}

#[actix_web::test]
async fn to_vanish_is_a_lost_connection() {
    let (channels, journal) = application();

    connected(&channels).await.vanish().await;

    assert_eq!(journal.lines(), ["disconnect 1006"]);
}

#[actix_web::test]
async fn the_application_closes() {
    let (channels, journal) = application();
    let mut tab = connected(&channels).await;

    tab.send_text("bye").await;

    assert_eq!(tab.receive_close().await, CloseCode::GOING_AWAY);
    tab.wait().await;
    assert_eq!(journal.lines(), ["disconnect 1001"]);
}

#[actix_web::test]
#[should_panic(expected = "tests/kit.rs")]
async fn an_expectation_that_fails_names_the_line_of_the_test() {
    let (channels, _) = application();
    let mut tab = connected(&channels).await;
    tab.send_text("text").await;

    tab.receive_binary().await;
}

#[actix_web::test]
#[should_panic(expected = "no route fits /nowhere/")]
async fn a_path_that_no_route_fits_is_the_tests_own_mistake() {
    let (channels, _) = application();

    drop(WebsocketCommunicator::connect(&channels, "/nowhere/").await);
}
