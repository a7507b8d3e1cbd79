//! However a connection ends, `disconnect` runs and its groups are left.

use std::time::Duration;

use channels_actix::{testing::TestServer, *};

use crate::support::{
    Client, Journal, Raw,
    raw::{CLOSE, TEXT, frame},
    soon, until,
};

struct Member {
    group: Group,
    journal: Journal,
}

impl WebsocketConsumer for Member {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&self.group).await?;
        socket.accept().await
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        let text = frame.as_text().unwrap_or_default();
        self.journal.note(format!("receive {text}"));
        match text {
            "close" => socket.close_with(CloseCode::new(4321).unwrap(), "as told"),
            "panic" => panic!("told to"),
            _ => {}
        }
        Ok(())
    }

    async fn disconnect(&mut self, code: CloseCode, _: &mut Socket) -> Result<()> {
        self.journal.note(format!("disconnect {code}"));
        Ok(())
    }
}

struct Fixture {
    memory: MemoryLayer,
    channels: Channels,
    journal: Journal,
    server: TestServer,
}

impl Fixture {
    fn new() -> Self {
        let (memory, journal) = (MemoryLayer::default(), Journal::default());
        let for_consumers = journal.clone();
        let limits = Limits { close_timeout: Duration::from_millis(500), ..Limits::default() };
        let channels = Channels::new(memory.clone()).limits(limits).websocket("/", move |_| {
            Ok(Member { group: Group::of("room", 1)?, journal: for_consumers.clone() })
        });
        let server = TestServer::start(&channels);
        Self { memory, channels, journal, server }
    }

    async fn assert_over(&self, disconnect: &str) {
        self.journal.wait_for(disconnect).await;
        until("no connection is left", || self.channels.connections() == 0).await;
        until("the layer is empty", || self.memory.stats() == MemoryStats::default()).await;
    }
}

#[tokio::test]
async fn after_the_client_closes() {
    let fixture = Fixture::new();
    let mut raw = Raw::connect(fixture.server.address(), "/").await;

    raw.frame(CLOSE, &4242_u16.to_be_bytes()).await;

    assert_eq!(raw.close_code().await, 4242, "a close is answered with its own code");
    raw.end().await;
    fixture.assert_over("disconnect 4242").await;
}

#[tokio::test]
async fn after_the_client_closes_without_a_code() {
    let fixture = Fixture::new();
    let mut raw = Raw::connect(fixture.server.address(), "/").await;

    raw.frame(CLOSE, b"").await;

    assert_eq!(raw.next().await.payload, b"");
    raw.end().await;
    fixture.assert_over("disconnect 1005").await;
}

#[tokio::test]
async fn after_the_consumer_closes() {
    let fixture = Fixture::new();
    let mut client = Client::connect(&fixture.server.url("/")).await;

    client.text("close").await;

    assert_eq!(client.closed().await, (4321, "as told".to_owned()));
    drop(client);
    fixture.assert_over("disconnect 4321").await;
}

#[tokio::test]
async fn after_the_consumer_closes_and_the_client_never_answers() {
    let fixture = Fixture::new();
    let mut raw = Raw::connect(fixture.server.address(), "/").await;

    raw.frame(TEXT, b"close").await;

    assert_eq!(raw.close_code().await, 4321);
    raw.end().await;
    fixture.assert_over("disconnect 4321").await;
}

#[tokio::test]
async fn after_a_panic() {
    let fixture = Fixture::new();
    let mut client = Client::connect(&fixture.server.url("/")).await;

    client.text("panic").await;

    assert_eq!(client.closed().await.0, 1011);
    drop(client);
    fixture.assert_over("disconnect 1011").await;
}

#[tokio::test]
async fn after_the_connection_is_lost() {
    let fixture = Fixture::new();
    let raw = Raw::connect(fixture.server.address(), "/").await;

    raw.vanish();

    fixture.assert_over("disconnect 1006").await;
}

#[tokio::test]
async fn after_the_client_is_gone_before_it_was_answered() {
    let fixture = Fixture::new();

    for _ in 0..20 {
        Raw::knock(fixture.server.address(), "/").await.vanish();
    }

    until("no connection is left", || fixture.channels.connections() == 0).await;
    until("the layer is empty", || fixture.memory.stats() == MemoryStats::default()).await;
}

#[tokio::test]
async fn after_a_breach_of_the_protocol() {
    let fixture = Fixture::new();
    let mut raw = Raw::connect(fixture.server.address(), "/").await;

    raw.send(&frame(0xF0, b"")).await;

    assert_eq!(raw.close_code().await, 1002);
    drop(raw);
    fixture.assert_over("disconnect 1002").await;
}

#[tokio::test]
async fn after_a_shutdown() {
    let fixture = Fixture::new();
    let mut client = Client::connect(&fixture.server.url("/")).await;

    let channels = fixture.channels.clone();
    let shutdown = tokio::spawn(async move { channels.shutdown().await });

    assert_eq!(client.closed().await.0, 1012);
    drop(client);
    soon("the shutdown", shutdown).await.unwrap();
    fixture.assert_over("disconnect 1012").await;
}

#[tokio::test]
async fn what_was_sent_before_a_close_still_reaches_the_consumer() {
    let fixture = Fixture::new();
    let mut raw = Raw::connect(fixture.server.address(), "/").await;

    raw.send(&[frame(0x81, b"one"), frame(0x81, b"two"), frame(0x88, &1000_u16.to_be_bytes())].concat())
        .await;

    fixture.assert_over("disconnect 1000").await;
    assert_eq!(fixture.journal.lines(), ["receive one", "receive two", "disconnect 1000"]);
}
