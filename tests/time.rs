//! Clients that stall: each at its own point, and each has its limit.

use std::time::Duration;

use channels_actix::{testing::TestServer, *};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    Journal, Raw, channels,
    raw::{BINARY, PONG, TEXT, frame},
    soon,
};

const SHORT: Duration = Duration::from_millis(100);

struct Listener(Journal);

impl WebsocketConsumer for Listener {
    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        self.0.note(frame.as_text().unwrap_or_default());
        if frame.as_text() == Some("bye") {
            socket.close(CloseCode::NORMAL);
        }
        Ok(())
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
async fn half_a_request_is_ended_by_actix_within_its_5_seconds() {
    let (server, _) = serve(Limits::default());
    let mut socket = TcpStream::connect(server.address()).await.unwrap();

    socket.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgra").await.unwrap();

    let mut answer = String::new();
    soon("the server ends the connection", socket.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn half_a_frame_is_lost_after_the_message_timeout() {
    let (server, journal) = serve(Limits { message_timeout: SHORT, ..Limits::default() });
    let whole = frame(BINARY, &[0; 1_000]);
    for part in [1, 2, 500] {
        let mut raw = Raw::connect(server.address(), "/").await;

        raw.send(&whole[..part]).await;

        raw.end().await;
    }
    journal.wait_for("disconnect 1006").await;
}

#[tokio::test]
async fn a_message_whose_next_fragment_never_comes_is_lost_though_pings_are_answered() {
    let limits = Limits { message_timeout: SHORT, ping_interval: SHORT / 10, ..Limits::default() };
    let (server, journal) = serve(limits);
    let mut raw = Raw::connect(server.address(), "/").await;
    raw.send(&frame(TEXT, b"to be conti")).await;

    while !journal.has("disconnect 1006") {
        raw.try_frame(PONG, b"").await;
    }
}

#[tokio::test]
async fn a_message_that_comes_slowly_but_in_time_is_taken() {
    let (server, journal) = serve(Limits::default());
    let mut raw = Raw::connect(server.address(), "/").await;

    for byte in frame(0x80 | TEXT, b"slowly") {
        raw.send(&[byte]).await;
        tokio::task::yield_now().await;
    }

    journal.wait_for("slowly").await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_closed_with_1000_where_it_may_not_be_idle() {
    let (server, journal) = serve(Limits { idle: Some(SHORT), ..Limits::default() });
    let mut raw = Raw::connect(server.address(), "/").await;

    assert_eq!(raw.close_code().await, 1000);

    journal.wait_for("disconnect 1000").await;
}

#[tokio::test]
async fn a_client_that_does_not_answer_the_close_frame_is_cut_after_the_close_timeout() {
    let (server, journal) = serve(Limits { close_timeout: SHORT, ..Limits::default() });
    let mut raw = Raw::connect(server.address(), "/").await;

    raw.frame(TEXT, b"bye").await;

    assert_eq!(raw.close_code().await, 1000);
    journal.wait_for("disconnect 1000").await;
    raw.end().await;
}
