//! Clients that send too fast.

use std::{future::pending, time::Duration};

use channels_actix::{testing::TestServer, *};

use crate::support::{
    Client, Journal, Raw, channels,
    raw::{BINARY, PING, PONG, TEXT, frame},
};

struct Listener(Journal);

impl WebsocketConsumer for Listener {
    async fn receive(&mut self, frame: Frame, _: &mut Socket) -> Result<()> {
        self.0.note(format!("{} bytes", frame.len()));
        if frame.as_text() == Some("wait") { pending().await } else { Ok(()) }
    }

    async fn disconnect(&mut self, code: CloseCode, _: &mut Socket) -> Result<()> {
        self.0.note(format!("disconnect {code}"));
        Ok(())
    }
}

fn serve(limits: Limits) -> (TestServer, Journal) {
    let journal = Journal::default();
    let for_consumers = journal.clone();
    let channels = channels().limits(limits).websocket("/", move |_| Ok(Listener(for_consumers.clone())));
    (TestServer::start(&channels), journal)
}

#[tokio::test]
async fn too_many_messages_are_4029_with_a_hint_when_to_come_back() {
    let rate = Rate::per_second(1).burst(5);
    let (server, journal) = serve(Limits { message_rate: Some(rate), ..Limits::default() });
    let mut client = Client::connect(&server.url("/")).await;

    for _ in 0..6 {
        client.text("x").await;
    }

    let (code, reason) = client.closed().await;
    assert_eq!((code, reason.as_str()), (4029, "rate limited, retry after 1 s"));
    journal.wait_for("disconnect 4029").await;
    assert_eq!(journal.lines().iter().filter(|line| *line == "1 bytes").count(), 5);
}

#[tokio::test]
async fn too_many_bytes_are_4029_before_the_message_is_whole() {
    let rate = Rate::per_second(1).burst(10_000);
    let (server, journal) = serve(Limits { byte_rate: Some(rate), ..Limits::default() });
    let mut raw = Raw::connect(server.address(), "/").await;

    let message = frame(0x80 | BINARY, &vec![0; 1 << 20]);
    raw.send(&message[..1 << 20]).await;

    assert_eq!(raw.close_code().await, 4029);
    journal.wait_for("disconnect 4029").await;
}

#[tokio::test]
async fn pings_count_too() {
    let rate = Rate::per_second(1).burst(5);
    let (server, _) = serve(Limits { message_rate: Some(rate), ..Limits::default() });
    let mut raw = Raw::connect(server.address(), "/").await;

    for _ in 0..6 {
        raw.frame(PING, b"").await;
    }

    assert_eq!(raw.close_code().await, 4029);
}

#[tokio::test]
async fn one_whose_hook_never_returns_is_closed_all_the_same() {
    let limits = Limits {
        message_rate: Some(Rate::per_second(1).burst(2)),
        close_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let (server, journal) = serve(limits);
    let mut client = Client::connect(&server.url("/")).await;

    for _ in 0..3 {
        client.text("wait").await;
    }

    assert_eq!(client.closed().await.0, 4029);
    journal.wait_for("disconnect 4029").await;
}

#[tokio::test]
async fn a_flood_of_pings_is_answered_at_most_once_a_wakeup_and_the_last_one_surely() {
    const PINGS: u32 = 20_000;
    let (server, _) = serve(Limits::default());
    let mut raw = Raw::connect(server.address(), "/").await;
    let flood = (0..PINGS).flat_map(|number| frame(0x80 | PING, &number.to_be_bytes())).collect::<Vec<_>>();

    raw.send(&flood).await;

    let mut answers = 0;
    loop {
        let pong = raw.next().await;
        assert_eq!(pong.opcode, PONG);
        answers += 1;
        if pong.payload == (PINGS - 1).to_be_bytes() {
            break;
        }
    }
    assert!(answers < PINGS / 10, "{answers} answers to {PINGS} pings");
    raw.frame(TEXT, b"still here").await;
}
