//! What connections cost, and that they leave nothing behind.
//!
//! One test after the other, since they count all that this process allocates.
#![expect(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "that is how a test fails")]

#[cfg(all(feature = "knox", feature = "drf", feature = "tickets"))]
mod credentials;
#[cfg(feature = "sessions")]
mod session;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the other tests, which use the rest")]
mod support;

mod counted;
mod floods;
mod handshakes;
mod killed;
mod soak;
mod stalled;

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::LazyLock,
    thread,
};

use actix_web::{HttpResponse, web};
use channels_actix::{metrics, testing::TestServer, *};
use futures_util::future::join_all;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use peak_alloc::PeakAlloc;
use tokio::sync::{Mutex, MutexGuard};

use crate::support::{Raw, raw::TEXT, until};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// What the library counts, from the first test on: what one begins to count, it ends.
static COUNTED: LazyLock<Snapshotter> = LazyLock::new(|| {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    snapshotter
});

/// Waits for its turn: the tests of this binary run one after the other.
async fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    // what others counted is theirs
    COUNTED.snapshot();
    turn
}

struct Member {
    room: Group,
}

impl WebsocketConsumer for Member {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&self.room).await?;
        socket.join(&Group::named("all")?).await?;
        socket.accept().await
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        socket.send_text(frame.as_text().unwrap_or_default()).await
    }
}

/// How many tasks a worker has, as told by itself.
async fn tasks() -> HttpResponse {
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    HttpResponse::Ok().force_close().body(format!("{:?} {tasks}", thread::current().id()))
}

/// Asks until every worker has answered.
fn tasks_of_workers(address: SocketAddr) -> HashMap<String, usize> {
    let mut workers = HashMap::new();
    for _ in 0..8 {
        let mut socket = TcpStream::connect(address).unwrap();
        write!(socket, "GET /tasks HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut response = String::new();
        socket.read_to_string(&mut response).unwrap();
        let (worker, tasks) = response.rsplit_once("\r\n").unwrap().1.rsplit_once(' ').unwrap();
        workers.insert(worker.to_owned(), tasks.parse().unwrap());
    }
    workers
}

fn gauge(name: &str) -> Option<f64> {
    COUNTED.snapshot().into_vec().into_iter().find_map(|(key, _, _, value)| match value {
        DebugValue::Gauge(value) if key.key().name() == name => Some(value.into_inner()),
        _ => None,
    })
}

/// What was recorded in a histogram since it was last asked for, or this test began.
fn recorded(name: &str) -> Vec<f64> {
    let snapshot = COUNTED.snapshot().into_vec();
    let values = snapshot.into_iter().filter_map(|(key, _, _, value)| match value {
        DebugValue::Histogram(values) if key.key().name() == name => Some(values),
        _ => None,
    });
    values.flatten().map(f64::from).collect()
}

/// How often it was counted with this label since it was last asked for, or this test began.
fn counter(name: &str, label: &str) -> u64 {
    let snapshot = COUNTED.snapshot().into_vec();
    let counted = snapshot.into_iter().filter_map(|(key, _, _, value)| match value {
        DebugValue::Counter(count) if key.key().name() == name => {
            key.key().labels().any(|held| held.value() == label).then_some(count)
        }
        _ => None,
    });
    counted.sum()
}

/// Opens connections that all say something, and drops them without a word.
async fn come_and_go(address: SocketAddr, connections: usize) {
    let clients = (0..connections).map(|number| async move {
        let mut raw = Raw::connect(address, &format!("/{}/", number % 50)).await;
        raw.frame(TEXT, b"hello").await;
        assert_eq!(raw.next().await.payload, b"hello");
        raw
    });
    join_all(clients).await.into_iter().for_each(Raw::vanish);
}

#[tokio::test]
async fn ten_thousand_connections_dropped_abruptly_leave_nothing() {
    const AT_ONCE: usize = 200;
    const BLOCKS: usize = 10;
    let _turn = alone().await;
    let memory = MemoryLayer::default();
    let channels = Channels::new(memory.clone())
        .websocket("/{room}/", |scope| Ok(Member { room: Group::of("room", scope.param::<u32>("room")?)? }));
    let server = TestServer::with(&channels, |config| {
        config.route("/tasks", web::get().to(tasks));
    });
    let is_over = || channels.connections() == 0 && memory.stats() == MemoryStats::default();
    // what grows once and stays: tables, buffers of the runtime
    for _ in 0..3 {
        come_and_go(server.address(), AT_ONCE).await;
        until("all are gone", is_over).await;
    }
    let tasks_before = tasks_of_workers(server.address());
    let mut growths = Vec::new();

    for _ in 0..BLOCKS {
        let allocated_before = ALLOCATED.current_usage();
        for _ in 0..10_000 / BLOCKS / AT_ONCE {
            come_and_go(server.address(), AT_ONCE).await;
        }
        until("no connection, channel, group or member is left", is_over).await;
        until("no task is left", || tasks_of_workers(server.address()) == tasks_before).await;
        growths.push(ALLOCATED.current_usage().cast_signed() - allocated_before.cast_signed());
    }

    for name in [metrics::CONNECTIONS, metrics::GROUPS, metrics::GROUP_MEMBERS] {
        assert_eq!(gauge(name), Some(0.0), "{name}");
    }
    // a table that grows does so once; a leak of 20 bytes a connection would show in every block
    growths.sort_unstable();
    assert!(growths[BLOCKS / 2] < 20 * 1000, "{growths:?}");
}

#[tokio::test]
async fn a_declared_length_of_4_gib_allocates_nothing_like_it() {
    let _turn = alone().await;
    let channels = Channels::new(MemoryLayer::default())
        .websocket("/{room}/", |_| Ok(Member { room: Group::named("a")? }));
    let server = TestServer::start(&channels);
    let mut raw = Vec::new();
    for _ in 0..100 {
        raw.push(Raw::connect(server.address(), "/1/").await);
    }
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();

    for raw in &mut raw {
        let header = [&[0x82, 0xFF][..], &(4_u64 << 30).to_be_bytes(), &[0; 4]].concat();
        raw.send(&header).await;
        assert_eq!(raw.close_code().await, 1009);
    }

    let grown = ALLOCATED.peak_usage().saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes for 100 frames that were never sent");
}
