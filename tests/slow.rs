//! Clients that do not read: what a fast group does to them, and they to it.

use std::time::Duration;

use channels_actix::{testing::TestServer, *};
use serde::{Deserialize, Serialize};

use crate::support::{Client, Journal, Raw, channels, until};

/// More than the kernel's buffers hold after some dozens.
const BIG: usize = 256 << 10;

#[derive(Serialize, Deserialize)]
struct News {
    number: usize,
    padding: String,
}

impl News {
    fn new(number: usize) -> Self {
        Self { number, padding: "x".repeat(BIG) }
    }
}

impl Event for News {
    const TYPE: &str = "news.item";
}

struct Reader(Journal);

impl WebsocketConsumer for Reader {
    fn events(on: &mut Handlers<Self>) {
        on.relay::<News>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&Group::named("news").unwrap()).await?;
        socket.accept().await
    }

    async fn receive(&mut self, _: Frame, socket: &mut Socket) -> Result<()> {
        // as much as the client will not read
        loop {
            socket.send_json(&News::new(0)).await?;
        }
    }

    async fn disconnect(&mut self, code: CloseCode, _: &mut Socket) -> Result<()> {
        self.0.note(format!("disconnect {code}"));
        Ok(())
    }
}

fn serve(limits: Limits) -> (Channels, TestServer, Journal) {
    let journal = Journal::default();
    let for_consumers = journal.clone();
    let channels = channels().limits(limits).websocket("/", move |_| Ok(Reader(for_consumers.clone())));
    let server = TestServer::start(&channels);
    (channels, server, journal)
}

async fn publish(channels: &Channels, number: usize) {
    channels.layer().group_send(&Group::named("news").unwrap(), News::new(number)).await.unwrap();
}

#[tokio::test]
async fn one_that_does_not_read_is_closed_with_4008_and_the_others_miss_nothing() {
    let (channels, server, journal) = serve(Limits::default());
    let _sleeper = Raw::sleeper(server.address(), "/").await;
    let mut reader = Client::connect(&server.url("/")).await;

    let mut number = 0;
    while !journal.has("disconnect 4008") {
        publish(&channels, number).await;
        assert_eq!(reader.next_json().await["number"], number);
        number += 1;
    }
    assert!(number < 1_000, "{number} events were kept for somebody who does not read");
}

#[tokio::test]
async fn the_oldest_are_dropped_where_that_is_the_policy() {
    let limits = Limits { overflow: Overflow::DropOldest, ..Limits::default() };
    let (channels, server, journal) = serve(limits);
    let mut reader = Client::connect(&server.url("/")).await;

    // far more than the kernel and the queue hold together
    for number in 0..200 {
        publish(&channels, number).await;
        tokio::task::yield_now().await;
    }

    let mut last = 0;
    let mut received = 0;
    while last < 199 {
        let number = reader.next_json().await["number"].as_u64().unwrap();
        assert!(received == 0 || number > last, "{number} came after {last}");
        last = number;
        received += 1;
    }
    assert!(received < 200, "nothing was dropped");
    assert!(journal.lines().is_empty(), "the connection was closed");
}

#[tokio::test]
async fn one_that_takes_nothing_for_the_write_timeout_is_lost() {
    let limits = Limits {
        write_timeout: Duration::from_millis(200),
        ping_interval: Duration::from_millis(50),
        close_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let (channels, server, journal) = serve(limits);
    let mut sleeper = Raw::sleeper(server.address(), "/").await;

    sleeper.frame(crate::support::raw::TEXT, b"go").await;

    journal.wait_for("disconnect 1006").await;
    until("the connection is gone", || channels.connections() == 0).await;
}

#[tokio::test]
async fn the_newest_of_each_type_is_kept_where_that_is_the_policy() {
    let limits = Limits { overflow: Overflow::Latest, ..Limits::default() };
    let (channels, server, journal) = serve(limits);
    let mut reader = Client::connect(&server.url("/")).await;

    for number in 0..200 {
        publish(&channels, number).await;
        tokio::task::yield_now().await;
    }

    let mut received = 0;
    while reader.next_json().await["number"] != 199 {
        received += 1;
    }
    assert!(received < 199, "nothing was dropped");
    assert!(journal.lines().is_empty(), "the connection was closed");
}
