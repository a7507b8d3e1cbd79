//! Connections that come, talk, and go in every way there is, for as long as `SOAK_SECONDS` says.

use std::{
    env, fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use channels_actix::{testing::TestServer, *};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use crate::{
    ALLOCATED, alone,
    support::{
        Raw,
        raw::{CLOSE, TEXT, frame},
        until,
    },
};

/// How long it lasts where nothing else is said: a look, not a soak.
const SHORT: u64 = 10;
/// After each round all must be as it was.
const ROUNDS: u32 = 10;
/// How many clients there are at a time, and how many rooms.
const CLIENTS: u64 = 100;
const ROOMS: u64 = 20;

#[derive(Serialize, Deserialize)]
struct Said {
    text: String,
}

impl Event for Said {
    const TYPE: &str = "soak.said";
}

struct Talker {
    room: Group,
}

impl WebsocketConsumer for Talker {
    fn events(on: &mut Handlers<Self>) {
        on.relay::<Said>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&self.room).await?;
        socket.join(&Group::named("all")?).await?;
        socket.accept().await
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        let text = frame.as_text().unwrap_or_default();
        if text == "go away" {
            return Err(Error::close(CloseCode::GOING_AWAY, "as you like"));
        }
        socket.group_send(&self.room, Said { text: text.to_owned() }).await
    }
}

/// Comes, says something, hears it, and goes: in the way its number says.
async fn visit(address: SocketAddr, number: u64, heard: &AtomicU64) {
    let mut raw = Raw::connect(address, &format!("/{}/", number % ROOMS)).await;
    for turn in 0..number % 5 {
        let text = format!("{number} says {turn}");
        raw.frame(TEXT, text.as_bytes()).await;
        while !String::from_utf8_lossy(&raw.next().await.payload).contains(&text) {
            heard.fetch_add(1, Ordering::Relaxed);
        }
    }
    match number % 7 {
        0 => raw.vanish(),
        1 => {
            raw.frame(CLOSE, &1000_u16.to_be_bytes()).await;
            raw.close_code().await;
        }
        2 => raw.send(&frame(0x80 | TEXT, b"half of it")[..7]).await,
        3 => raw.send(&[0x83, 0x80, 0, 0, 0, 0]).await,
        4 => {
            raw.frame(TEXT, b"go away").await;
            assert_eq!(raw.close_code().await, 1001);
            raw.frame(CLOSE, &1001_u16.to_be_bytes()).await;
        }
        5 => raw.frame(TEXT, b"not waiting for it").await,
        _ => drop(raw),
    }
}

/// The memory that the kernel holds for this process, in KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
#[cfg(target_os = "linux")]
#[expect(clippy::print_stdout, reason = "the figures of a soak")]
async fn connections_that_come_talk_and_go_in_every_way_leave_nothing() {
    let _turn = alone().await;
    let seconds = env::var("SOAK_SECONDS").ok().map_or(SHORT, |text| text.parse().unwrap());
    let round = Duration::from_secs(seconds) / ROUNDS;
    let memory = MemoryLayer::default();
    let channels = Channels::new(memory.clone())
        .websocket("/{room}/", |scope| Ok(Talker { room: Group::of("room", scope.param::<u64>("room")?)? }));
    let server = TestServer::start(&channels);
    let (visits, heard) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut figures = Vec::new();

    for number in 1..=ROUNDS {
        let end = Instant::now() + round;
        join_all((0..CLIENTS).map(|_| async {
            while Instant::now() < end {
                visit(server.address(), visits.fetch_add(1, Ordering::Relaxed), &heard).await;
            }
        }))
        .await;
        until("all are gone", || channels.connections() == 0 && memory.stats() == MemoryStats::default())
            .await;
        figures.push((ALLOCATED.current_usage() >> 10, resident()));
        let (visits, heard) = (visits.load(Ordering::Relaxed), heard.load(Ordering::Relaxed));
        let (allocated, resident) = figures[figures.len() - 1];
        println!(
            "round {number} of {ROUNDS}: {visits} connections, {heard} events heard beside their own; \
             0 connections, 0 groups, 0 members left; {allocated} KiB allocated, {resident} KiB resident"
        );
    }

    // the first rounds fill tables and buffers, which stay
    let (first, last) = (figures[figures.len() / 2], figures[figures.len() - 1]);
    assert!(last.0 < first.0 + 1_024, "allocated: {figures:?}");
    assert!(last.1 < first.1 + first.1 / 10 + 4_096, "resident: {figures:?}");
}
