//! Clients that stop reading: what they cost, and that all of it is given back.

use std::{fs, time::Duration};

use channels_actix::{metrics, testing::TestServer, *};
use serde::{Deserialize, Serialize};

use crate::{
    ALLOCATED, alone, counter,
    support::{Journal, Raw, raw::TEXT, until},
};

#[derive(Serialize, Deserialize)]
struct News {
    number: usize,
    padding: String,
}

impl Event for News {
    const TYPE: &str = "news.item";
}

impl News {
    fn new(number: usize, length: usize) -> Self {
        Self { number, padding: "x".repeat(length) }
    }
}

struct Reader(Journal);

impl WebsocketConsumer for Reader {
    fn events(on: &mut Handlers<Self>) {
        on.relay::<News>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&Group::named("news")?).await?;
        socket.accept().await
    }

    async fn receive(&mut self, _: Frame, socket: &mut Socket) -> Result<()> {
        // as much as the client will not read
        loop {
            socket.send_json(&News::new(0, 4 << 10)).await?;
        }
    }

    async fn disconnect(&mut self, code: CloseCode, _: &mut Socket) -> Result<()> {
        self.0.note(format!("disconnect {code}"));
        Ok(())
    }
}

fn application(limits: Limits) -> (Channels, Journal) {
    let journal = Journal::default();
    let for_consumers = journal.clone();
    let channels = Channels::new(MemoryLayer::default())
        .limits(limits)
        .tuning(Tuning { send_buffer: Some(4 << 10), ..Tuning::default() })
        .websocket("/", move |_| Ok(Reader(for_consumers.clone())));
    (channels, journal)
}

/// How many connections the kernel holds for a server of this process: those that have an owner, listeners aside.
fn sockets(server: &TestServer) -> usize {
    const LISTEN: &str = "0A";
    const NOBODY: &str = "0";
    let port = format!(":{:04X}", server.address().port());
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap();
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.filter(|line| line[1].ends_with(&port) && line[3] != LISTEN && line[9] != NOBODY).count()
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn one_of_a_thousand_that_stops_reading_costs_its_queue_and_the_others_get_200_mb() {
    const MEMBERS: usize = 999;
    const EVENTS: usize = 100;
    const SIZE: usize = 2 << 10;
    let _turn = alone().await;
    rlimit::increase_nofile_limit(8_000).unwrap();
    let limits =
        Limits { outbound: 64 << 10, close_timeout: Duration::from_millis(100), ..Limits::default() };
    let (channels, journal) = application(limits);
    let server = TestServer::start(&channels);
    let _sleeper = Raw::sleeper(server.address(), "/").await;
    let mut members = Vec::new();
    for _ in 0..MEMBERS {
        members.push(Raw::connect(server.address(), "/").await);
    }
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();

    for number in 0..EVENTS {
        let news = News::new(number, SIZE);
        channels.layer().group_send(&Group::named("news").unwrap(), news).await.unwrap();
        for member in &mut members {
            let frame = String::from_utf8(member.next().await.payload).unwrap();
            assert!(frame.contains(&format!("\"number\":{number},")), "{frame}");
        }
    }

    let grown = ALLOCATED.peak_usage().saturating_sub(before);
    assert!(grown < 2 << 20, "{grown} bytes");
    journal.wait_for("disconnect 4008").await;
    // though it never read a byte
    until("the socket is closed", || sockets(&server) == MEMBERS).await;
    assert_eq!(channels.connections(), MEMBERS);
    assert_eq!(counter(metrics::CLOSED, "4008"), 1);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn one_that_takes_nothing_for_the_write_timeout_is_evicted_with_its_socket() {
    let _turn = alone().await;
    let limits = Limits {
        write_timeout: Duration::from_millis(300),
        close_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let (channels, journal) = application(limits);
    let server = TestServer::start(&channels);
    let mut sleeper = Raw::sleeper(server.address(), "/").await;

    sleeper.frame(TEXT, b"go").await;

    journal.wait_for("disconnect 1006").await;
    until("the socket is closed", || sockets(&server) == 0).await;
    assert_eq!(channels.connections(), 0);
    assert_eq!(counter(metrics::CLOSED, "1006"), 1);
}

#[tokio::test]
#[cfg(all(target_os = "linux", feature = "rustls"))]
async fn one_over_tls_that_takes_nothing_is_evicted_as_well() {
    use crate::support::{raw::sleepy, tls::Certificate};
    let _turn = alone().await;
    let limits =
        Limits { outbound: 64 << 10, close_timeout: Duration::from_millis(100), ..Limits::default() };
    let (channels, journal) = application(limits);
    let certificate = Certificate::new();
    let server = TestServer::tls(&channels, certificate.server());
    let stream = certificate.connect(sleepy(server.address()).await).await;
    let _sleeper = Raw::over(stream, "/").await;

    let mut number = 0;
    while !journal.has("disconnect 4008") {
        let news = News::new(number, 4 << 10);
        channels.layer().group_send(&Group::named("news").unwrap(), news).await.unwrap();
        number += 1;
        tokio::task::yield_now().await;
    }

    until("the socket is closed", || sockets(&server) == 0).await;
    assert_eq!(channels.connections(), 0);
}

#[tokio::test]
async fn empty_frames_that_nobody_reads_are_bounded_like_others() {
    let _turn = alone().await;
    let limits = Limits { outbound: 256 << 10, ..Limits::default() };
    let channels = Channels::new(MemoryLayer::default()).limits(limits).websocket("/", |_| Ok(Empty));
    let server = TestServer::start(&channels);
    let mut sleeper = Raw::sleeper(server.address(), "/").await;
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();

    sleeper.frame(TEXT, b"").await;

    // nobody tells when a consumer waits: until then it grows, and afterwards it does not
    let mut peak = 0;
    until("the consumer waits", || {
        let grows = ALLOCATED.peak_usage() > peak;
        peak = ALLOCATED.peak_usage();
        !grows
    })
    .await;
    let grown = peak.saturating_sub(before);
    assert!(grown < 1 << 20, "{grown} bytes");
}

/// Says nothing, as often as it can.
struct Empty;

impl WebsocketConsumer for Empty {
    async fn receive(&mut self, _: Frame, socket: &mut Socket) -> Result<()> {
        loop {
            socket.send_text("").await?;
        }
    }
}
