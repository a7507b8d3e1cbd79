//! How the hooks of a consumer run, and what becomes of one that fails.

use std::{future::pending, time::Duration};

use channels_actix::{testing::TestServer, *};
use serde_json::{Value, json};

use crate::support::{
    Client, Journal, Raw, channels,
    raw::{PING, PONG, TEXT},
    soon, until,
};

/// Does what it is told, and writes down what happens to it.
struct Obedient {
    journal: Journal,
}

impl JsonWebsocketConsumer for Obedient {
    type Incoming = String;

    async fn receive_json(&mut self, order: String, socket: &mut Socket) -> Result<()> {
        self.journal.note(format!("begin {order}"));
        match order.as_str() {
            "fail" => return Err(std::io::Error::other("the disk is on fire at /secret/path").into()),
            "reply" => return Err(Error::reply("room_full", "the room is full")),
            "close by error" => return Err(Error::close(CloseCode::FORBIDDEN, "go away")),
            "panic" => panic!("told to"),
            "hang" => pending().await,
            "spin" => loop {
                tokio::task::yield_now().await;
            },
            "accept twice" => {
                let error = socket.accept().await.unwrap_err();
                assert_eq!(error.downcast_ref(), Some(&SocketError::AlreadyAccepted));
            }
            "send after close" => {
                socket.close(CloseCode::NORMAL);
                let error = socket.send_text("late").await.unwrap_err();
                assert_eq!(error.downcast_ref(), Some(&SocketError::Closed));
                assert!(socket.is_closed());
            }
            _ => tokio::task::yield_now().await,
        }
        socket.send_json(&order).await.ok();
        self.journal.note(format!("end {order}"));
        Ok(())
    }

    async fn disconnect(&mut self, code: CloseCode, _: &mut Socket) -> Result<()> {
        self.journal.note(format!("disconnect {code}"));
        Ok(())
    }
}

/// Panics before there is a future to wait for.
struct Rash(Journal);

impl WebsocketConsumer for Rash {
    fn receive(&mut self, frame: Frame, _: &mut Socket) -> impl Future<Output = Result<()>> {
        assert!(frame.as_text() != Some("panic"), "told to");
        async { Ok(()) }
    }

    async fn disconnect(&mut self, code: CloseCode, _: &mut Socket) -> Result<()> {
        self.0.note(format!("disconnect {code}"));
        Ok(())
    }
}

fn serve(limits: Limits) -> (TestServer, Journal) {
    let journal = Journal::default();
    let for_consumers = journal.clone();
    let channels =
        channels().limits(limits).websocket("/", move |_| Ok(Obedient { journal: for_consumers.clone() }));
    (TestServer::start(&channels), journal)
}

/// Connects, and gives orders.
async fn told(server: &TestServer, orders: &[&str]) -> Client {
    let mut client = Client::connect(&server.url("/")).await;
    for order in orders {
        client.json(&json!(order)).await;
    }
    client
}

#[tokio::test]
async fn hooks_run_one_at_a_time_and_in_order() {
    let (server, journal) = serve(Limits::default());
    let orders: Vec<String> = (0..200).map(|n| n.to_string()).collect();

    let mut client = told(&server, &orders.iter().map(String::as_str).collect::<Vec<_>>()).await;

    for order in &orders {
        assert_eq!(client.next_json().await, Value::from(order.as_str()));
    }
    journal.wait_for("end 199").await;
    let expected: Vec<_> =
        orders.iter().flat_map(|order| [format!("begin {order}"), format!("end {order}")]).collect();
    assert_eq!(journal.lines(), expected);
}

#[tokio::test]
async fn an_error_is_answered_without_its_details_and_the_connection_lives_on() {
    let (server, _) = serve(Limits::default());
    let mut client = told(&server, &["fail", "on"]).await;

    let answer = client.next_text().await;

    assert_eq!(answer, r#"{"code":"internal","message":"the server could not do this","type":"error"}"#);
    assert_eq!(client.next_json().await, "on");
}

#[tokio::test]
async fn an_error_made_for_the_client_reaches_it() {
    let (server, _) = serve(Limits::default());
    let mut client = told(&server, &["reply"]).await;

    let answer = client.next_json().await;

    assert_eq!(answer, json!({ "type": "error", "code": "room_full", "message": "the room is full" }));
}

#[tokio::test]
async fn an_error_can_close_the_connection() {
    let (server, journal) = serve(Limits::default());
    let mut client = told(&server, &["close by error"]).await;

    assert_eq!(client.closed().await, (4003, "go away".to_owned()));
    journal.wait_for("disconnect 4003").await;
}

#[tokio::test]
async fn a_panic_closes_its_own_connection_alone() {
    let (server, journal) = serve(Limits::default());
    let mut neighbour = told(&server, &[]).await;
    let mut client = told(&server, &["panic"]).await;

    assert_eq!(client.closed().await.0, 1011);
    journal.wait_for("disconnect 1011").await;
    neighbour.json(&json!("still here")).await;
    assert_eq!(neighbour.next_json().await, "still here");
}

#[tokio::test]
async fn the_heartbeat_goes_on_while_a_hook_never_returns() {
    for order in ["hang", "spin"] {
        let limits = Limits { ping_interval: Duration::from_millis(20), ..Limits::default() };
        let (server, journal) = serve(limits);
        let mut raw = Raw::connect(server.address(), "/").await;
        raw.frame(TEXT, format!("{order:?}").as_bytes()).await;
        journal.wait_for(&format!("begin {order}")).await;

        raw.frame(PING, b"are you there?").await;

        let (mut pings, mut pongs) = (0, 0);
        while pings < 3 || pongs < 1 {
            match raw.next_or_ping().await.opcode {
                PING => pings += 1,
                PONG => pongs += 1,
                other => panic!("unexpected opcode {other}"),
            }
        }
    }
}

#[tokio::test]
async fn a_hook_that_never_returns_is_dropped_when_its_client_is_gone() {
    let limits = Limits { close_timeout: Duration::from_millis(50), ..Limits::default() };
    let (server, journal) = serve(limits);
    let client = told(&server, &["hang"]).await;
    journal.wait_for("begin hang").await;

    drop(client);

    journal.wait_for("disconnect 1006").await;
    assert!(!journal.has("end hang"));
}

#[tokio::test]
async fn accepting_twice_is_a_typed_error() {
    let (server, journal) = serve(Limits::default());
    let _client = told(&server, &["accept twice"]).await;

    journal.wait_for("end accept twice").await;
}

#[tokio::test]
async fn sending_after_closing_is_a_typed_error() {
    let (server, journal) = serve(Limits::default());
    let mut client = told(&server, &["send after close"]).await;

    assert_eq!(client.closed().await.0, 1000);
    journal.wait_for("end send after close").await;
    journal.wait_for("disconnect 1000").await;
}

/// Sends before it accepts.
struct Hasty;

impl WebsocketConsumer for Hasty {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        let error = socket.send_text("early").await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&SocketError::NotAccepted));
        socket.accept().await
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn sending_before_accepting_is_a_typed_error() {
    let server = TestServer::start(&channels().websocket("/", |_| Ok(Hasty)));

    let client = Client::connect(&server.url("/")).await;

    soon("an orderly end", client.close()).await;
}

#[tokio::test]
async fn a_hook_that_panics_before_it_is_a_future_is_a_panic_like_any_other() {
    let journal = Journal::default();
    let for_consumers = journal.clone();
    let channels = channels().websocket("/", move |_| Ok(Rash(for_consumers.clone())));
    let server = TestServer::start(&channels);
    let mut client = Client::connect(&server.url("/")).await;

    client.text("panic").await;

    assert_eq!(client.closed().await.0, 1011);
    journal.wait_for("disconnect 1011").await;
}

#[tokio::test]
async fn what_makes_a_consumer_may_panic_and_only_its_own_connection_is_closed() {
    let channels = channels().websocket("/{do}/", |scope| {
        assert!(scope.param::<String>("do")? != "panic", "told to");
        Ok(Rash(Journal::default()))
    });
    let server = TestServer::start(&channels);
    let _other = Client::connect(&server.url("/nothing/")).await;

    assert_eq!(Client::connect(&server.url("/panic/")).await.closed().await.0, 1011);

    until("the other is left", || channels.connections() == 1).await;
}

#[tokio::test]
async fn all_hooks_together_have_the_close_timeout_when_the_client_is_gone() {
    let (server, journal) = serve(Limits { close_timeout: Duration::from_millis(200), ..Limits::default() });
    let client = told(&server, &["hang", "hang", "hang", "hang"]).await;
    journal.wait_for("begin hang").await;

    drop(client);

    journal.wait_for("disconnect 1006").await;
    assert_eq!(journal.lines(), ["begin hang", "disconnect 1006"]);
}
