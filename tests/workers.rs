//! Workers on normal channels: in a server and without one, at their limits, and how they end.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use channels_actix::{testing::TestServer, *};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::support::{Client, Journal, channels, soon, until};

#[derive(Serialize, Deserialize)]
struct Do {
    what: String,
}

impl Event for Do {
    const TYPE: &str = "work.do";
}

#[derive(Serialize, Deserialize)]
struct Strange {}

impl Event for Strange {
    const TYPE: &str = "work.strange";
}

/// Something of the same name, and another shape.
#[derive(Serialize, Deserialize)]
struct Misshapen {
    how: u8,
}

impl Event for Misshapen {
    const TYPE: &str = "work.do";
}

#[derive(Serialize, Deserialize)]
struct Done {
    what: String,
}

impl Event for Done {
    const TYPE: &str = "work.done";
}

/// Does what it is told, and writes it down.
struct Hand {
    journal: Journal,
    jobs: usize,
}

impl Worker for Hand {
    fn events(on: &mut Handlers<Self, Job>) {
        on.event(Self::work);
    }
}

impl Hand {
    async fn work(&mut self, wanted: Received<Do>, job: &mut Job) -> Result<()> {
        self.jobs += 1;
        self.journal.note(format!("begins {}", wanted.what));
        match wanted.what.as_str() {
            "panic" => panic!("as it was told to"),
            "fail" => return Err(Error::reply("failed", "as it was told to")),
            "forever" => pending().await,
            "until the end" => job.stopping().await,
            "count" => self.journal.note(format!("this value's job {}", self.jobs)),
            "block" => thread::sleep(Duration::from_millis(300)),
            _ => {}
        }
        let what = wanted.what.clone();
        self.journal.note(format!("did {what} for {} at {}", job.channel(), job.attempt()));
        job.group_send(&Group::of("work", "watchers")?, Done { what }).await
    }
}

fn hands(journal: &Journal) -> impl Fn() -> Hand + Send + Sync + use<> {
    let journal = journal.clone();
    move || Hand { journal: journal.clone(), jobs: 0 }
}

fn hand_channel() -> ChannelName {
    ChannelName::new("hands").unwrap()
}

async fn send(layer: &Layer, what: &str) {
    layer.send(&hand_channel(), Do { what: what.to_owned() }).await.unwrap();
}

/// A program that works until it is told not to, on a thread of its own as a real one's main.
pub(crate) struct Program {
    signal: oneshot::Sender<()>,
    main: thread::JoinHandle<std::io::Result<()>>,
}

impl Program {
    pub(crate) fn start(workers: Workers) -> Self {
        let (signal, signalled) = oneshot::channel();
        let main = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(workers.run_until(signalled))
        });
        Self { signal, main }
    }

    pub(crate) async fn end(self) {
        self.signal.send(()).unwrap();
        until("the program ends", || self.main.is_finished()).await;
        self.main.join().unwrap().unwrap();
    }
}

/// How many jobs on this channel ended so, for each of these ends.
fn ended<const N: usize>(snapshotter: &Snapshotter, channel: &str, outcomes: [&str; N]) -> [u64; N] {
    // each snapshot begins to count anew
    let snapshot = snapshotter.snapshot().into_vec();
    outcomes.map(|outcome| {
        let counts = snapshot.iter().filter(|(key, ..)| {
            let has = |name, value| key.key().labels().any(|l| l.key() == name && l.value() == value);
            key.key().name() == metrics::JOBS && has("channel", channel) && has("outcome", outcome)
        });
        let counts = counts.map(|(_, _, _, value)| match value {
            DebugValue::Counter(count) => *count,
            value => panic!("no counter: {value:?}"),
        });
        counts.sum()
    })
}

/// Says what it hears of the work.
struct Watcher;

impl WebsocketConsumer for Watcher {
    fn events(on: &mut Handlers<Self>) {
        on.relay::<Done>();
    }
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&Group::of("work", "watchers")?).await?;
        socket.accept().await
    }
    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        let what = frame.as_text().unwrap_or_default().to_owned();
        Ok(socket.layer().send(&hand_channel(), Do { what }).await?)
    }
}

#[tokio::test]
async fn a_server_works_on_what_its_consumers_send_and_its_clients_hear_of_it() {
    let journal = Journal::default();
    let channels = channels().websocket("/", |_| Ok(Watcher)).worker("hands", hands(&journal));
    let server = TestServer::start(&channels);
    let mut client = Client::connect(&server.url("/")).await;

    client.text("dishes").await;

    let heard = client.next_json().await;
    assert_eq!(heard, serde_json::json!({ "type": "work.done", "what": "dishes" }));
    assert_eq!(journal.lines(), ["begins dishes", "did dishes for hands at 1"]);
}

#[tokio::test]
async fn a_job_that_blocks_keeps_no_connection_waiting() {
    let journal = Journal::default();
    let channels = channels().websocket("/", |_| Ok(Watcher)).worker("hands", hands(&journal));
    let server = TestServer::start(&channels);
    send(&channels.layer(), "block").await;
    journal.wait_for("begins block").await;

    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(Client::connect(&server.url("/")).await);
    }

    assert!(!journal.has("did block for hands at 1"), "it took so long that nothing is shown");
}

#[tokio::test]
async fn a_program_without_a_server_works_until_it_is_told_to_end() {
    let (journal, layer) = (Journal::default(), Layer::new(MemoryLayer::default()));
    let program = Program::start(Workers::on(layer.clone()).worker("hands", hands(&journal)));

    for what in ["one", "two", "three"] {
        send(&layer, what).await;
    }

    journal.wait_for("did three for hands at 1").await;
    program.end().await;
    // one at a time, in the order they were sent
    let did =
        ["one", "two", "three"].map(|what| [format!("begins {what}"), format!("did {what} for hands at 1")]);
    assert_eq!(journal.lines(), did.concat());
}

#[tokio::test]
async fn no_more_jobs_run_at_a_time_than_the_worker_allows() {
    let (journal, layer) = (Journal::default(), Layer::new(MemoryLayer::default()));
    let work = Work::on("hands").concurrency(3).threads(2);
    let program = Program::start(
        Workers::on(layer.clone()).worker(work, hands(&journal)).drain_within(Duration::from_millis(100)),
    );

    for _ in 0..10 {
        send(&layer, "forever").await;
    }

    until("six are under way", || journal.lines().len() == 6).await;
    program.end().await;
    assert_eq!(journal.lines(), ["begins forever"; 6]);
}

#[tokio::test]
async fn what_was_not_begun_when_a_worker_ends_is_left_to_others() {
    let (journal, layer) = (Journal::default(), Layer::new(MemoryLayer::default()));
    let program = Program::start(Workers::on(layer.clone()).worker("hands", hands(&journal)));
    send(&layer, "until the end").await;
    journal.wait_for("begins until the end").await;
    send(&layer, "later").await;

    program.end().await;

    // the one under way was told, and ended by itself
    assert_eq!(journal.lines(), ["begins until the end", "did until the end for hands at 1"]);
    let left = layer.receive(&hand_channel()).await.unwrap().try_recv().unwrap();
    assert_eq!(left.open::<Do>().unwrap().what, "later");
}

#[tokio::test]
async fn a_server_that_shuts_down_ends_its_workers_too() {
    let journal = Journal::default();
    let channels = channels().worker("hands", hands(&journal));
    let _server = TestServer::start(&channels);
    send(&channels.layer(), "until the end").await;
    journal.wait_for("begins until the end").await;

    soon("the shutdown", channels.shutdown()).await;

    assert!(journal.has("did until the end for hands at 1"));
}

#[tokio::test]
async fn a_panic_ends_its_job_alone_and_its_value() {
    let (journal, layer) = (Journal::default(), Layer::new(MemoryLayer::default()));
    let program = Program::start(Workers::on(layer.clone()).worker("hands", hands(&journal)));

    for what in ["count", "fail", "count", "panic", "count"] {
        send(&layer, what).await;
    }

    until("all are done", || journal.lines().iter().filter(|line| line.starts_with("this")).count() == 3)
        .await;
    program.end().await;
    let counts: Vec<_> = journal.lines().into_iter().filter(|line| line.starts_with("this")).collect();
    assert_eq!(counts, ["this value's job 1", "this value's job 3", "this value's job 1"]);
}

#[test]
fn each_end_of_a_job_is_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    // the recorder is the thread's, and jobs have threads of their own: it is the program's, for this one test
    if recorder.install().is_err() {
        panic!("another test installed a recorder for the whole program");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (journal, layer) = (Journal::default(), Layer::new(MemoryLayer::default()));
        let channel = ChannelName::new("counted").unwrap();
        let work = Work::on("counted").time_limit(Duration::from_millis(50));
        let program = Program::start(Workers::on(layer.clone()).worker(work, hands(&journal)));
        for what in ["well", "well", "fail", "panic", "forever"] {
            layer.send(&channel, Do { what: what.to_owned() }).await.unwrap();
        }
        layer.send(&channel, Strange {}).await.unwrap();
        layer.send(&channel, Misshapen { how: 1 }).await.unwrap();
        layer.send(&channel, Do { what: "last".to_owned() }).await.unwrap();
        journal.wait_for("did last for counted at 1").await;
        program.end().await;
    });

    let outcomes = ["done", "failed", "panicked", "late", "unhandled", "unreadable"];
    assert_eq!(ended(&snapshotter, "counted", outcomes), [3, 1, 1, 1, 1, 1]);
}

#[tokio::test]
async fn a_factory_that_panics_costs_its_job_alone() {
    let (journal, layer) = (Journal::default(), Layer::new(MemoryLayer::default()));
    let (made, make) = (Arc::new(AtomicUsize::new(0)), hands(&journal));
    let factory = move || match made.fetch_add(1, Ordering::Relaxed) {
        0 => panic!("not yet"),
        _ => make(),
    };
    let program = Program::start(Workers::on(layer.clone()).worker("hands", factory));

    send(&layer, "lost").await;
    send(&layer, "done").await;

    journal.wait_for("did done for hands at 1").await;
    program.end().await;
    assert_eq!(journal.lines(), ["begins done", "did done for hands at 1"]);
}

#[test]
#[should_panic(expected = "a worker works on a normal channel")]
fn a_worker_on_a_specific_channel_shows_at_the_start() {
    let _workers = Workers::new(MemoryLayer::default()).worker("specific.a!b", hands(&Journal::default()));
}

#[test]
#[should_panic(expected = "takes no events")]
fn a_worker_without_events_shows_at_the_start() {
    struct Idle;
    impl Worker for Idle {
        fn events(_: &mut Handlers<Self, Job>) {}
    }
    let _workers = Workers::new(MemoryLayer::default()).worker("idle", || Idle);
}

#[test]
#[should_panic(expected = "there is no worker to run")]
fn a_program_without_workers_shows_at_the_start() {
    drop(Workers::new(MemoryLayer::default()).run_until(pending::<()>()));
}
