//! Clients that fall silent.

use std::time::Duration;

use channels_actix::{testing::TestServer, *};

use crate::support::{
    Journal, Raw, channels,
    raw::{CLOSE, PING, PONG, RawFrame, TEXT, frame},
};

struct Quiet(Journal);

impl WebsocketConsumer for Quiet {
    async fn receive(&mut self, frame: Frame, _: &mut Socket) -> Result<()> {
        self.0.note(frame.as_text().unwrap_or_default());
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
    let channels = channels().limits(limits).websocket("/", move |_| Ok(Quiet(for_consumers.clone())));
    (TestServer::start(&channels), journal)
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_lost() {
    let (server, journal) = serve(Limits {
        ping_interval: Duration::from_millis(20),
        ping_timeout: Duration::from_millis(100),
        ..Limits::default()
    });
    let mut raw = Raw::connect(server.address(), "/").await;

    assert_eq!(raw.next_or_ping().await.opcode, PING);

    journal.wait_for("disconnect 1006").await;
    raw.end().await;
}

#[tokio::test]
async fn times_that_never_come_end_no_connection() {
    let never = Duration::MAX;
    let (server, journal) = serve(Limits {
        handshake: never,
        message_timeout: never,
        ping_interval: never,
        ping_timeout: never,
        write_timeout: never,
        close_timeout: never,
        idle: Some(never),
        ..Limits::default()
    });
    for _ in 0..8 {
        let mut raw = Raw::connect(server.address(), "/").await;
        raw.frame(TEXT, b"still here").await;
        journal.wait_for("still here").await;
        raw.frame(CLOSE, &1000_u16.to_be_bytes()).await;
        assert_eq!(raw.close_code().await, 1000);
    }

    journal.wait_for("disconnect 1000").await;
    assert!(!journal.has("disconnect 1006"));
}

#[tokio::test]
async fn a_client_that_answers_stays() {
    let (server, journal) = serve(Limits {
        ping_interval: Duration::from_millis(20),
        ping_timeout: Duration::from_secs(2),
        ..Limits::default()
    });
    let mut raw = Raw::connect(server.address(), "/").await;

    // for longer than the timeout
    for _ in 0..150 {
        assert_eq!(raw.next_or_ping().await.opcode, PING);
        raw.frame(PONG, b"").await;
    }
    raw.frame(TEXT, b"still here").await;

    journal.wait_for("still here").await;
    assert_eq!(journal.lines(), ["still here"]);
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload() {
    let (server, _) = serve(Limits::default());
    let mut raw = Raw::connect(server.address(), "/").await;

    raw.frame(PING, b"payload").await;

    let pong = raw.next().await;
    assert_eq!((pong.opcode, pong.payload.as_slice()), (PONG, &b"payload"[..]));
}

#[tokio::test]
async fn each_of_some_pings_is_answered() {
    let (server, _journal) = serve(Limits::default());
    let mut raw = Raw::connect(server.address(), "/").await;

    raw.send(&(0..10).flat_map(|n| frame(0x80 | PING, &[n])).collect::<Vec<_>>()).await;

    for n in 0..10 {
        assert_eq!(raw.next().await, RawFrame { opcode: PONG, compressed: false, payload: vec![n] });
    }
}
