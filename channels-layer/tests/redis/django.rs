//! A Django site with channels_redis on the same layer, in every way both can be set up.
//!
//! `PEER_VENV` is its virtual environment; `cargo xtask test` makes it. Sessions, tokens and names are compared in
//! other places: `tests/auth/`, `src/wire/vectors.rs` and `tests/vectors.rs`; a chat of both is in `tests/redis/chat.rs` of the
//! facade.

use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use channels_layer::{
    ChannelLayer, ChannelName, Envelope, Event, LayerError, Mailbox, RedisHost, RedisLayer, RedisOptions,
    RedisPubSubLayer, Retention, wire::Format,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Server, channel, group, soon};

/// What both sides send: one of everything that both formats have, and bytes where they have those.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PeerMessage {
    text: String,
    n: Vec<Option<f64>>,
    big: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Bytes>,
}

impl Event for PeerMessage {
    const TYPE: &str = "peer.message";
}

/// Which of channels_redis' layers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Core,
    PubSub,
}

/// One way to set both sides up.
#[derive(Clone, Copy)]
struct Setup {
    kind: Kind,
    format: &'static str,
    prefix: &'static str,
    encrypted: bool,
    shards: u32,
}

const PLAIN: Setup =
    Setup { kind: Kind::Core, format: "msgpack", prefix: "asgi", encrypted: false, shards: 1 };
const PUB_SUB: Setup = Setup { kind: Kind::PubSub, ..PLAIN };

/// Both sides, on a server of their own.
struct Site {
    setup: Setup,
    servers: Vec<Server>,
    layer: Arc<dyn ChannelLayer>,
    settings: HashMap<&'static str, String>,
}

impl Site {
    async fn start(setup: Setup) -> Self {
        Self::start_with(setup, Retention::default(), []).await
    }

    async fn start_with<const N: usize>(
        setup: Setup,
        retention: Retention,
        more: [(&'static str, &str); N],
    ) -> Self {
        // databases are as good as servers, but publishing knows none
        let servers: Vec<_> = match setup.kind {
            Kind::Core => vec![Server::start()],
            Kind::PubSub => (0..setup.shards).map(|_| Server::start()).collect(),
        };
        let urls: Vec<_> = (0..setup.shards)
            .map(|number| match setup.kind {
                Kind::Core => format!("redis://127.0.0.1:{}/{number}", servers[0].port()),
                Kind::PubSub => servers[number as usize].url(),
            })
            .collect();
        let mut hosts = urls.iter().map(|url| RedisHost::url(url).unwrap());
        let options = RedisOptions::new(hosts.next().unwrap()).prefix(setup.prefix).retention(retention);
        let mut options = hosts.fold(options, RedisOptions::shard);
        if setup.format == "json" {
            options = options.format(Format::Json);
        }
        if setup.encrypted {
            // each side encrypts with a key that is the other's second
            options = options.encryption_keys(["of rust", "of django"]);
        }
        let kind = match (setup.kind, setup.shards) {
            (Kind::PubSub, _) => "pubsub",
            (Kind::Core, 1) => "core",
            (Kind::Core, _) => "sharded",
        };
        let encryption = if setup.encrypted { "+encryption" } else { "" };
        let settings = HashMap::from([
            ("PEER_REDIS", urls.join(",")),
            ("PEER_LAYER", format!("{kind}{encryption}")),
            ("PEER_SERIALIZER", setup.format.to_owned()),
            ("PEER_PREFIX", setup.prefix.to_owned()),
            ("PEER_ENCRYPTION_KEYS", "of django,of rust".to_owned()),
            ("PEER_DB", ":memory:".to_owned()),
        ]);
        let more = more.into_iter().map(|(name, value)| (name, value.to_owned()));
        let layer: Arc<dyn ChannelLayer> = match setup.kind {
            Kind::Core => Arc::new(RedisLayer::with_options(options).await.unwrap()),
            Kind::PubSub => Arc::new(RedisPubSubLayer::with_options(options).await.unwrap()),
        };
        Self { setup, servers, layer, settings: settings.into_iter().chain(more).collect() }
    }

    fn message(&self, text: &str) -> PeerMessage {
        let data = (self.setup.format != "json").then(|| Bytes::from_static(b"\0\xff"));
        let text = format!("{text}: zażółć 🦀 \" \\ \0");
        PeerMessage { text, n: vec![Some(2.5), None, Some(-1e300)], big: -(1 << 62), data }
    }

    /// The message as Django's commands take and show it.
    fn shown(message: &PeerMessage) -> Value {
        let mut shown = json!({
            "type": "peer.message", "text": message.text, "n": message.n, "big": message.big,
        });
        if message.data.is_some() {
            shown["data"] = json!({ "$bytes_b64": "AP8=" });
        }
        shown
    }

    fn command(&self, words: &[&str]) -> Command {
        let venv = env::var_os("PEER_VENV").map_or_else(|| root().join("target/django-peer"), PathBuf::from);
        let mut command = Command::new(root().join("tests/django/peer/manage"));
        command.args(words).env("PEER_VENV", venv).envs(&self.settings).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// What one of Django's commands says at its end.
    fn django(&self, words: &[&str]) -> Value {
        let output = self.command(words).stderr(Stdio::inherit()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(said.lines().last().unwrap_or_else(|| panic!("{words:?} said nothing"))).unwrap()
    }

    fn django_does(&self, words: &[&str]) {
        let said = self.django(words);
        assert_eq!(said["ok"], true, "{words:?}: {said}");
    }

    fn django_group_send(&self, room: &str, message: &PeerMessage) {
        self.django_does(&["peer_group_send", room, &Self::shown(message).to_string()]);
    }

    /// A member of a group in a process of Django, which ends after so many messages.
    fn listener(&self, room: &str, messages: usize) -> Listener {
        let mut process = self
            .command(&["peer_listen", room, &messages.to_string(), "60"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        let mut listener = Listener { process, lines, channel: channel("unknown") };
        let ready = listener.line();
        listener.channel = channel(ready["channel"].as_str().unwrap());
        listener
    }

    async fn rust_group_send(&self, room: &str, message: &PeerMessage) {
        self.layer.group_send(&group(room), Envelope::new(message.clone())).await.unwrap();
    }
}

struct Listener {
    process: Child,
    lines: BufReader<ChildStdout>,
    channel: ChannelName,
}

impl Listener {
    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// All messages, when it has ended.
    fn messages(mut self, number: usize) -> Vec<Value> {
        let messages = (0..number).map(|_| self.line()).collect();
        assert!(self.process.wait().unwrap().success());
        messages
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

async fn next(mailbox: &mut Mailbox) -> PeerMessage {
    let envelope = soon("a message", mailbox.recv()).await.unwrap();
    assert_eq!(envelope.kind(), PeerMessage::TYPE);
    PeerMessage::clone(&envelope.open().unwrap())
}

mod checks {
    use super::*;

    pub(super) async fn django_sends_to_a_group_with_rust_members(setup: Setup) {
        let site = Site::start(setup).await;
        let mut subscriber = site.layer.subscribe(&group("room")).await.unwrap();
        let mut member = site.layer.new_channel("specific").await.unwrap();
        site.layer.group_add(&group("room"), member.name()).await.unwrap();
        let message = site.message("from Django");

        site.django_group_send("room", &message);

        assert_eq!(next(&mut subscriber).await, message);
        assert_eq!(next(&mut member).await, message);
    }

    pub(super) async fn rust_sends_to_a_group_with_django_members(setup: Setup) {
        let site = Site::start(setup).await;
        let listener = site.listener("room", 1);
        let message = site.message("from Rust");

        site.rust_group_send("room", &message).await;

        assert_eq!(listener.messages(1), [Site::shown(&message)]);
    }

    pub(super) async fn a_mixed_group_gets_everything_once_in_order(setup: Setup) {
        let site = Site::start(setup).await;
        let django = [site.listener("room", 4), site.listener("room", 4)];
        let mut rust = [
            site.layer.subscribe(&group("room")).await.unwrap(),
            site.layer.subscribe(&group("room")).await.unwrap(),
        ];
        let messages = [1, 2, 3, 4].map(|number| site.message(&number.to_string()));

        site.rust_group_send("room", &messages[0]).await;
        site.django_group_send("room", &messages[1]);
        site.rust_group_send("room", &messages[2]).await;
        site.rust_group_send("room", &messages[3]).await;

        for mailbox in &mut rust {
            for message in &messages {
                assert_eq!(next(mailbox).await, *message);
            }
            assert!(mailbox.try_recv().is_none());
        }
        for listener in django {
            assert_eq!(listener.messages(4), messages.each_ref().map(Site::shown));
        }
    }

    /// Also where channels_redis sends to a server on which its own processes would not receive.
    pub(super) async fn django_sends_to_channels_of_rust(setup: Setup) {
        let site = Site::start(setup).await;
        for number in 0..3 {
            let mut mailbox = site.layer.new_channel("specific").await.unwrap();
            let message = site.message(&number.to_string());

            site.django_does(&["peer_send", mailbox.name().as_str(), &Site::shown(&message).to_string()]);

            assert_eq!(next(&mut mailbox).await, message);
        }
    }

    pub(super) async fn rust_sends_to_a_channel_of_django(setup: Setup) {
        let site = Site::start(setup).await;
        let listener = site.listener("room", 1);
        let message = site.message("to you alone");

        site.layer.send(&listener.channel, Envelope::new(message.clone())).await.unwrap();

        assert_eq!(listener.messages(1), [Site::shown(&message)]);
    }

    pub(super) async fn each_side_adds_channels_of_the_other(setup: Setup) {
        let site = Site::start(setup).await;
        let mut mailbox = site.layer.new_channel("specific").await.unwrap();
        let message = site.message("welcome");

        site.django_does(&["peer_group_add", "room", mailbox.name().as_str()]);
        site.django_group_send("room", &message);
        assert_eq!(next(&mut mailbox).await, message);

        site.layer.group_discard(&group("room"), mailbox.name()).await.unwrap();
        site.django_group_send("room", &site.message("nobody hears"));
        site.rust_group_send("room", &site.message("nobody hears")).await;
        assert!(mailbox.try_recv().is_none());

        let listener = site.listener("elsewhere", 1);
        site.layer.group_add(&group("room"), &listener.channel).await.unwrap();
        site.django_group_send("room", &message);
        assert_eq!(listener.messages(1), [Site::shown(&message)]);
    }

    pub(super) async fn jobs_go_both_ways(setup: Setup) {
        let site = Site::start(setup).await;
        let mut worker = site.layer.receive(&channel("thumbnails")).await.unwrap();
        let message = site.message("a job");

        site.django_does(&["peer_send", "thumbnails", &Site::shown(&message).to_string()]);
        assert_eq!(next(&mut worker).await, message);
        drop(worker);

        // where servers take turns, one for each: a worker of Django waits on one of them at a time
        for _ in 0..setup.shards {
            site.layer.send(&channel("mails"), Envelope::new(message.clone())).await.unwrap();
        }
        const RECEIVE: &str = "
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from djpeer.tagged import dumps
print(dumps(async_to_sync(get_channel_layer().receive)('mails')))";
        assert_eq!(site.django(&["shell", "-c", RECEIVE]), Site::shown(&message));
    }

    /// Publishing reaches whoever is there: no queue, and no turn of anybody's.
    pub(super) async fn what_is_sent_to_a_normal_channel_reaches_each_side(setup: Setup) {
        let site = Site::start(setup).await;
        let mut receiver = site.layer.receive(&channel("news")).await.unwrap();
        let message = site.message("news");

        site.django_does(&["peer_send", "news", &Site::shown(&message).to_string()]);

        assert_eq!(next(&mut receiver).await, message);
    }

    pub(super) async fn neither_side_adds_channels_of_the_other(setup: Setup) {
        let site = Site::start(setup).await;
        let mailbox = site.layer.new_channel("specific").await.unwrap();
        let listener = site.listener("room", 1);

        let django = site.django(&["peer_group_add", "room", mailbox.name().as_str()]);
        let rust = site.layer.group_add(&group("room"), &listener.channel).await;

        assert_eq!(django["ok"], false, "{django}");
        assert!(matches!(rust, Err(LayerError::Elsewhere(_))), "{rust:?}");
        site.rust_group_send("room", &site.message("the end")).await;
        listener.messages(1);
    }
}

macro_rules! matrix {
    ($($name:ident: $setup:expr, $more:tt;)*) => {$(
        mod $name {
            use super::*;

            matrix! { @each $setup;
                django_sends_to_a_group_with_rust_members
                rust_sends_to_a_group_with_django_members
                a_mixed_group_gets_everything_once_in_order
                django_sends_to_channels_of_rust
                rust_sends_to_a_channel_of_django
            }
            matrix! { @$more $setup }
        }
    )*};
    (@core $setup:expr) => { matrix! { @each $setup;
        each_side_adds_channels_of_the_other
        jobs_go_both_ways
    } };
    (@pub_sub $setup:expr) => { matrix! { @each $setup;
        what_is_sent_to_a_normal_channel_reaches_each_side
        neither_side_adds_channels_of_the_other
    } };
    (@each $setup:expr; $($check:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs redis-server and Django"]
        async fn $check() {
            checks::$check($setup).await;
        }
    )*};
}

matrix! {
    plain: PLAIN, core;
    json_with_a_prefix: Setup { format: "json", prefix: "other:app", ..PLAIN }, core;
    encrypted: Setup { encrypted: true, ..PLAIN }, core;
    three_servers: Setup { shards: 3, ..PLAIN }, core;
    all_at_once: Setup { format: "json", prefix: "other:app", encrypted: true, shards: 3, ..PLAIN }, core;
    pub_sub: PUB_SUB, pub_sub;
    pub_sub_json_with_a_prefix: Setup { format: "json", prefix: "other", ..PUB_SUB }, pub_sub;
    pub_sub_encrypted: Setup { encrypted: true, ..PUB_SUB }, pub_sub;
    pub_sub_three_servers: Setup { shards: 3, ..PUB_SUB }, pub_sub;
    pub_sub_all_at_once: Setup { format: "json", prefix: "other", encrypted: true, shards: 3, ..PUB_SUB }, pub_sub;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server and Django"]
async fn a_queue_that_one_side_filled_is_full_for_the_other() {
    let site = Site::start_with(PLAIN, Retention::default().capacity(2), [("PEER_CAPACITY", "2")]).await;
    let message = site.message("one more");
    let shown = Site::shown(&message).to_string();
    for _ in 0..2 {
        site.django_does(&["peer_send", "jobs", &shown]);
        site.layer.send(&channel("mails"), Envelope::new(message.clone())).await.unwrap();
    }

    let refused = site.layer.send(&channel("jobs"), Envelope::new(message)).await;

    assert!(matches!(refused, Err(LayerError::ChannelFull { capacity: 2, .. })), "{refused:?}");
    assert_eq!(site.django(&["peer_send", "mails", &shown])["error"], "ChannelFull");
}

/// Takes so many seconds off the scores of all members of a sorted set.
fn make_older(server: &Server, key: &str, seconds: i64) {
    let mut client = server.client();
    let members: Vec<Vec<u8>> = redis::cmd("ZRANGE").arg(key).arg(0).arg(-1).query(&mut client).unwrap();
    assert!(!members.is_empty(), "{key} is empty");
    for member in members {
        redis::cmd("ZINCRBY").arg(key).arg(-seconds).arg(member).exec(&mut client).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server and Django"]
async fn a_message_that_one_side_sent_too_long_ago_is_too_old_for_the_other() {
    let retention = Retention::default().capacity(1).expiry(Duration::from_secs(30));
    let more = [("PEER_CAPACITY", "1"), ("PEER_EXPIRY", "30")];
    let site = Site::start_with(PLAIN, retention, more).await;
    let (old, new) = (site.message("old"), site.message("new"));

    site.django_does(&["peer_send", "jobs", &Site::shown(&old).to_string()]);
    site.layer.send(&channel("mails"), Envelope::new(old)).await.unwrap();
    for queue in ["asgijobs", "asgimails"] {
        make_older(&site.servers[0], queue, 40);
    }
    // what is too old takes no room either
    site.layer.send(&channel("jobs"), Envelope::new(new.clone())).await.unwrap();
    site.django_does(&["peer_send", "mails", &Site::shown(&new).to_string()]);

    for queue in ["jobs", "mails"] {
        assert_eq!(next(&mut site.layer.receive(&channel(queue)).await.unwrap()).await, new);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server and Django"]
async fn a_membership_that_lapsed_is_one_for_neither_side() {
    let retention = Retention::default().group_expiry(Duration::from_secs(60));
    let site = Site::start_with(PLAIN, retention, [("PEER_GROUP_EXPIRY", "60")]).await;
    let mut mailbox = site.layer.new_channel("specific").await.unwrap();
    let (first, second) = (site.message("nobody hears"), site.message("heard again"));

    site.django_does(&["peer_group_add", "room", mailbox.name().as_str()]);
    site.django_does(&["peer_group_add", "room", "jobs"]);
    make_older(&site.servers[0], "asgi:group:room", 70);
    let delivery = site.layer.group_send(&group("room"), Envelope::new(first.clone())).await.unwrap();
    assert_eq!((delivery.delivered, delivery.dropped), (0, 0));

    site.layer.group_add(&group("room"), mailbox.name()).await.unwrap();
    make_older(&site.servers[0], "asgi:group:room", 70);
    site.django_group_send("room", &first);
    site.layer.group_add(&group("room"), mailbox.name()).await.unwrap();
    site.django_group_send("room", &second);

    assert_eq!(next(&mut mailbox).await, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server and Django"]
async fn who_is_over_capacity_because_of_django_is_counted() {
    let retention = Retention::default().capacity(2);
    let site = Site::start_with(PLAIN, retention, [("PEER_CAPACITY", "2")]).await;
    let mut member = site.layer.new_channel("specific").await.unwrap();
    site.layer.group_add(&group("room"), member.name()).await.unwrap();
    site.django_does(&["peer_group_add", "room", "jobs"]);
    let message = site.message("one more");
    for _ in 0..2 {
        site.django_does(&["peer_send", "jobs", &Site::shown(&message).to_string()]);
    }

    let delivery = site.layer.group_send(&group("room"), Envelope::new(message.clone())).await.unwrap();

    assert_eq!((delivery.delivered, delivery.dropped), (1, 1));
    assert_eq!(next(&mut member).await, message);
}
