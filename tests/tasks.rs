//! Workers over Redis: beside other processes and a Django site; and those whose jobs are kept until they are done.

use std::{
    env,
    process::{Command, Stdio},
    time::Duration,
};

use channels_actix::*;
use serde::{Deserialize, Serialize};

use super::redis::server::Server;
use crate::{
    support::{Journal, soon, until},
    workers::Program,
};

#[derive(Serialize, Deserialize)]
struct Mail {
    number: u64,
}

impl Event for Mail {
    const TYPE: &str = "mail.send";
}

#[derive(Serialize, Deserialize)]
struct Unknown {}

impl Event for Unknown {
    const TYPE: &str = "mail.unknown";
}

/// Tells in a group of the layer which mails it began and sent.
#[derive(Serialize, Deserialize)]
struct Told {
    what: String,
}

impl Event for Told {
    const TYPE: &str = "mail.told";
}

struct Mailer(Journal);

impl Worker for Mailer {
    fn events(on: &mut Handlers<Self, Job>) {
        on.event(Self::send);
    }
}

impl Mailer {
    async fn send(&mut self, mail: Received<Mail>, job: &mut Job) -> Result<()> {
        let number = mail.number;
        self.0.note(format!("{number} at {}", job.attempt()));
        match (number, job.attempt()) {
            (100, 1) => panic!("as it was told to"),
            (101, 1 | 2) => return Err(Error::reply("not_now", "as it was told to")),
            (102, _) => {
                job.do_not_retry();
                return Err(Error::reply("never", "as it was told to"));
            }
            (103, 1) => std::future::pending().await,
            (104, _) => job.stopping().await,
            (105, 1) => std::thread::sleep(CLAIM * 5 / 2),
            _ => {}
        }
        self.0.note(format!("{number} sent"));
        Ok(())
    }
}

/// The shortest there is.
const CLAIM: Duration = Duration::from_secs(1);

fn mailer(journal: &Journal) -> impl Fn() -> Mailer + Send + Sync + use<> {
    let journal = journal.clone();
    move || Mailer(journal.clone())
}

fn mails() -> ChannelName {
    ChannelName::new("mails").unwrap()
}

async fn tasks(url: &str) -> RedisTasks {
    let soon = Duration::from_millis(1);
    let policy = TaskPolicy { claim: CLAIM, first_wait: soon, longest_wait: soon, ..TaskPolicy::default() };
    RedisTasks::with_options(RedisOptions::url(url).unwrap(), policy).await.unwrap()
}

async fn nothing_is_left(tasks: &RedisTasks) {
    soon("all to be done", async {
        while tasks.stats(&mails()).await.unwrap() != TaskStats::default() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn durable(tasks: &RedisTasks, journal: &Journal) -> Workers {
    Workers::new(MemoryLayer::default())
        .worker(Work::on("mails").durable(tasks).concurrency(2), mailer(journal))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn jobs_that_fail_or_panic_are_tried_again_and_those_in_vain_are_dead_letters() {
    let server = Server::start();
    let (tasks, journal) = (tasks(&server.url()).await, Journal::default());
    let program = Program::start(durable(&tasks, &journal));

    for number in [1, 100, 101, 102] {
        tasks.send(&mails(), Mail { number }).await.unwrap();
    }
    tasks.send(&mails(), Unknown {}).await.unwrap();
    // of the name, and of another shape
    let misshapen = Envelope::from_json(br#"{"type": "mail.send", "number": "many"}"#).unwrap();
    tasks.forward(&mails(), misshapen).await.unwrap();

    for line in ["1 sent", "100 at 1", "100 at 2", "100 sent", "101 at 3", "101 sent", "102 at 1"] {
        journal.wait_for(line).await;
    }
    let mut reasons = Vec::new();
    soon("the dead letters", async {
        while reasons.len() < 3 {
            let letters = tasks.dead_letters(&mails(), 10).await.unwrap();
            reasons = letters.iter().map(|letter| letter.reason.as_str()).collect();
        }
    })
    .await;
    reasons.sort_unstable();
    assert_eq!(reasons, ["failed", "unhandled", "unreadable"]);
    assert!(!journal.has("102 at 2"), "it was tried again");
    program.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_job_that_outlives_the_end_of_its_program_is_handed_to_another() {
    let server = Server::start();
    let (tasks, first, second) = (tasks(&server.url()).await, Journal::default(), Journal::default());
    let program = Program::start(durable(&tasks, &first).drain_within(Duration::from_millis(500)));
    for number in [103, 104] {
        tasks.send(&mails(), Mail { number }).await.unwrap();
    }
    for line in ["103 at 1", "104 at 1"] {
        first.wait_for(line).await;
    }
    tasks.send(&mails(), Mail { number: 1 }).await.unwrap();

    program.end().await;

    // the one that could be ended was, the other was handed back, the third not begun
    assert!(first.has("104 sent") && !first.has("1 at 1"), "{:?}", first.lines());
    let stats = tasks.stats(&mails()).await.unwrap();
    assert_eq!(stats, TaskStats { waiting: 2, ..TaskStats::default() });
    let program = Program::start(durable(&tasks, &second));
    for line in ["103 at 2", "103 sent", "1 at 1", "1 sent"] {
        second.wait_for(line).await;
    }
    nothing_is_left(&tasks).await;
    program.end().await;
}

/// Signs of life are given elsewhere than on the thread that it blocks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_job_that_blocks_its_thread_for_long_is_not_worked_on_twice() {
    let server = Server::start();
    let (tasks, first, second) = (tasks(&server.url()).await, Journal::default(), Journal::default());
    let programs = [&first, &second].map(|journal| Program::start(durable(&tasks, journal)));

    tasks.send(&mails(), Mail { number: 105 }).await.unwrap();

    until("it is sent", || first.has("105 sent") || second.has("105 sent")).await;
    nothing_is_left(&tasks).await;
    assert!(!first.has("105 at 2") && !second.has("105 at 2"), "it was worked on twice");
    for program in programs {
        program.end().await;
    }
}

/// What another process does, which a test starts: works on mails, and never ends by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is started by another test"]
async fn another_process() {
    let Ok(url) = env::var("TASKS_REDIS") else { return };
    let tasks = tasks(&url).await;
    let layer = RedisLayer::connect(&url).await.unwrap();
    let journal = Journal::default();
    let (watched, group) = (journal.clone(), Group::named("told").unwrap());
    let mut ends = std::pin::pin!(
        Workers::on(Layer::new(layer.clone()))
            .worker(Work::on("mails").durable(&tasks), mailer(&journal))
            .worker("plain", mailer(&journal))
            .run_until(std::future::pending::<()>())
    );
    let mut told = 0;
    loop {
        tokio::select! {
            ended = &mut ends => panic!("{ended:?}"),
            () = tokio::time::sleep(Duration::from_millis(2)) => {}
        }
        for what in watched.lines().into_iter().skip(told) {
            told += 1;
            layer.group_send(&group, Envelope::new(Told { what })).await.unwrap();
        }
    }
}

struct Other(std::process::Child);

impl Other {
    fn start(url: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "tasks::another_process", "--include-ignored"]).env("TASKS_REDIS", url);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// With SIGKILL.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn the_job_of_a_process_that_is_killed_is_worked_on_by_another() {
    let server = Server::start();
    let url = server.url();
    let (tasks, layer) = (tasks(&url).await, RedisLayer::connect(&url).await.unwrap());
    let mut told = layer.subscribe(&Group::named("told").unwrap()).await.unwrap();
    let mut next = async || {
        let envelope = soon("it to be told", told.recv()).await.unwrap();
        envelope.open::<Told>().unwrap().what.clone()
    };
    let mut killed = Other::start(&url);
    tasks.send(&mails(), Mail { number: 103 }).await.unwrap();
    assert_eq!(next().await, "103 at 1");

    killed.kill();
    let _heir = Other::start(&url);

    assert_eq!(next().await, "103 at 2");
    assert_eq!(next().await, "103 sent");
    nothing_is_left(&tasks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn processes_share_the_jobs_of_a_normal_channel() {
    let server = Server::start();
    let url = server.url();
    let layer = RedisLayer::connect(&url).await.unwrap();
    let mut told = layer.subscribe(&Group::named("told").unwrap()).await.unwrap();
    let _others = [Other::start(&url), Other::start(&url)];

    let plain = ChannelName::new("plain").unwrap();
    for number in 0..50 {
        layer.send(&plain, Envelope::new(Mail { number })).await.unwrap();
    }

    let mut sent = Vec::new();
    while sent.len() < 50 {
        let envelope = soon("it to be told", told.recv()).await.unwrap();
        let what = envelope.open::<Told>().unwrap().what.clone();
        sent.extend(what.strip_suffix(" sent").map(|number| number.parse::<u64>().unwrap()));
    }
    sent.sort_unstable();
    assert_eq!(sent, (0..50).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_program_whose_layer_is_closed_ends_with_an_error() {
    let server = Server::start();
    let layer = RedisLayer::connect(&server.url()).await.unwrap();
    let workers = Workers::new(layer.clone()).worker("mails", mailer(&Journal::default()));
    let running = tokio::spawn(workers.run_until(std::future::pending::<()>()));
    until("the worker to listen", || layer.stats().receiving == 1).await;

    layer.close().await.unwrap();

    let ended = soon("the program to end", running).await.unwrap();
    assert_eq!(ended.unwrap_err().to_string(), "the workers ended: the channel layer was closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn where_a_layer_publishes_each_process_works_on_each_job() {
    let server = Server::start();
    let journals = [Journal::default(), Journal::default()];
    let mut programs = Vec::new();
    for journal in &journals {
        let layer = RedisPubSubLayer::connect(&server.url()).await.unwrap();
        let work = Work::on("mails").threads(2);
        programs.push(Program::start(Workers::new(layer).worker(work, mailer(journal))));
    }
    let layer = Layer::new(RedisPubSubLayer::connect(&server.url()).await.unwrap());
    // what is published before they listen is gone
    until("both to listen", || server.ask::<(String, usize)>("PUBSUB NUMSUB mails").1 == 2).await;

    for number in 0..10 {
        layer.send(&mails(), Mail { number }).await.unwrap();
    }

    for journal in &journals {
        until("all to be sent", || journal.lines().len() == 20).await;
    }
    for program in programs {
        program.end().await;
    }
}

#[cfg(feature = "postgres")]
mod django {
    use std::process::Child;

    use super::*;

    fn manage(server: &Server, words: &[&str]) -> Command {
        let root = env!("CARGO_MANIFEST_DIR");
        let venv = env::var_os("PEER_VENV").unwrap_or_else(|| format!("{root}/target/django-peer").into());
        let mut command = Command::new(format!("{root}/tests/django/peer/manage"));
        command.args(words).env("PEER_VENV", venv).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PEER_REDIS", server.url()).env("PEER_LAYER", "core").env("PEER_DB", ":memory:");
        command.stdin(Stdio::null());
        command
    }

    fn does(server: &Server, words: &[&str]) {
        let output = manage(server, words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// `manage.py runworker` with a consumer that tells of what it does.
    fn runworker(server: &Server) -> Worker {
        const RUN: &str = "
from asgiref.sync import async_to_sync
from channels.consumer import AsyncConsumer
from channels.layers import get_channel_layer
from channels.routing import ChannelNameRouter, ProtocolTypeRouter
from channels.worker import Worker

class Mailer(AsyncConsumer):
    async def mail_send(self, event):
        await get_channel_layer().group_send('told', {'type': 'mail.told', 'what': f'django {event[\"number\"]}'})

router = ProtocolTypeRouter({'channel': ChannelNameRouter({'mails': Mailer.as_asgi()})})
Worker(application=router, channels=['mails'], channel_layer=get_channel_layer()).run()
";
        let mut command = manage(server, &["shell", "-v", "0", "-c", RUN]);
        Worker(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    struct Worker(Child);

    impl Drop for Worker {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs redis-server and Django"]
    async fn a_worker_works_on_what_django_sends() {
        let server = Server::start();
        let journal = Journal::default();
        let layer = RedisLayer::connect(&server.url()).await.unwrap();
        let program = Program::start(Workers::new(layer).worker("mails", mailer(&journal)));

        does(&server, &["peer_send", "mails", r#"{"type": "mail.send", "number": 7}"#]);

        journal.wait_for("7 sent").await;
        program.end().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs redis-server and Django"]
    async fn a_worker_shares_a_channel_with_one_of_django() {
        let server = Server::start();
        let journal = Journal::default();
        let layer = Layer::new(RedisLayer::connect(&server.url()).await.unwrap());
        let mut told = layer.subscribe(&Group::named("told").unwrap()).await.unwrap();
        let _django = runworker(&server);
        layer.send(&mails(), Mail { number: 0 }).await.unwrap();
        let mut next = async || {
            let envelope = soon("Django to tell of it", told.recv()).await.unwrap();
            envelope.open::<Told>().unwrap().what.clone()
        };
        assert_eq!(next().await, "django 0");
        let program = Program::start(Workers::on(layer.clone()).worker("mails", mailer(&journal)));

        for number in 1..=50 {
            layer.send(&mails(), Mail { number }).await.unwrap();
        }

        let (mut django, mut ours) = (Vec::new(), Vec::new());
        while django.len() + ours.len() < 50 {
            tokio::select! {
                what = next() => django.push(what.strip_prefix("django ").unwrap().parse::<u64>().unwrap()),
                () = tokio::time::sleep(Duration::from_millis(2)) => {}
            }
            let lines = journal.lines().into_iter();
            ours = lines.filter_map(|line| line.strip_suffix(" sent").map(|n| n.parse().unwrap())).collect();
        }
        program.end().await;
        let mut all = [django, ours].concat();
        all.sort_unstable();
        assert_eq!(all, (1..=50).collect::<Vec<_>>());
    }
}
