//! Clients that send more than anybody can take: what of it is held.

use std::{
    future::pending,
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::web;
use channels_actix::{testing::TestServer, *};
use tokio::task::JoinHandle;

use crate::{
    ALLOCATED, alone,
    support::{
        Raw,
        raw::{BINARY, PING, frame},
        until,
    },
    tasks, tasks_of_workers,
};

/// Takes the first message, and never comes back from it.
struct Busy;

impl WebsocketConsumer for Busy {
    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        pending().await
    }
}

fn serve() -> TestServer {
    TestServer::start(&Channels::new(MemoryLayer::default()).websocket("/", |_| Ok(Busy)))
}

/// What the process allocated at most, beyond what it had before.
async fn allocated_during(flood: impl Future<Output = ()>) -> usize {
    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();
    flood.await;
    ALLOCATED.peak_usage().saturating_sub(before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_for_a_busy_consumer_are_held_back_by_tcp_and_not_by_memory() {
    const ENOUGH: usize = 64 << 20;
    let _turn = alone().await;
    let channels = Channels::new(MemoryLayer::default()).websocket("/", |_| Ok(Busy));
    let server = TestServer::with(&channels, |config| {
        config.route("/tasks", web::get().to(tasks));
    });
    let raw = Raw::connect(server.address(), "/").await;
    let message = frame(0x80 | BINARY, &[0; 16 << 10]);
    let sent = Arc::new(AtomicUsize::new(0));

    let grown = allocated_during(async {
        let flood = flood(raw, message, Arc::clone(&sent));
        // what the kernel holds is its own: it is over when the workers have had their turns, and took nothing more
        let mut before = 0;
        until("nothing more is taken, or enough", || {
            tasks_of_workers(server.address());
            let sent = sent.load(Ordering::Relaxed);
            mem::replace(&mut before, sent) == sent && sent > 0 || sent > ENOUGH
        })
        .await;
        flood.abort();
    })
    .await;

    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < ENOUGH, "all of {sent} bytes were taken");
    assert!(grown < 2 << 20, "{grown} bytes for {sent} that were sent");
}

/// Sends a message again and again, and counts the bytes that were taken.
fn flood(mut raw: Raw, message: Vec<u8>, sent: Arc<AtomicUsize>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            raw.send(&message).await;
            sent.fetch_add(message.len(), Ordering::Relaxed);
        }
    })
}

#[tokio::test]
async fn a_flood_of_pings_holds_no_more_than_the_last_pongs() {
    const PINGS: u32 = 100_000;
    let _turn = alone().await;
    let server = serve();
    let mut raw = Raw::connect(server.address(), "/").await;
    let flood = (0..PINGS).flat_map(|number| frame(0x80 | PING, &number.to_be_bytes())).collect::<Vec<_>>();

    let grown = allocated_during(async {
        raw.send(&flood).await;
        while raw.next().await.payload != (PINGS - 1).to_be_bytes() {}
    })
    .await;

    assert!(grown < 1 << 20, "{grown} bytes");
}

#[tokio::test]
async fn a_million_fragments_of_one_byte_end_at_the_limit_with_1009() {
    const FRAGMENTS: usize = 1_000_000;
    const CONTINUATION: u8 = 0;
    let _turn = alone().await;
    let server = serve();
    let mut raw = Raw::connect(server.address(), "/").await;
    let mut fragments = frame(BINARY, b"x");
    fragments.extend(frame(CONTINUATION, b"x").repeat(FRAGMENTS - 1));

    let grown = allocated_during(async {
        raw.send(&fragments).await;
        assert_eq!(raw.close_code().await, 1009);
    })
    .await;

    assert!(grown < 1 << 20, "{grown} bytes");
}
