//! Servers as they are found in the wild: with users, on a socket, with TLS, behind sentinels.

use std::{path::Path, sync::Arc};

use channels_layer::{
    ChannelLayer, Delivery, Envelope, Event, LayerError, Mailbox, RedisHost, RedisLayer, RedisOptions,
    RedisPubSubLayer,
};
use tokio::runtime::Handle;

use super::{
    Note, Server, eventually, group, next, outage,
    server::{Program, free_port, listens},
};

/// That a layer on this host does what it should.
async fn assert_works(options: RedisOptions) {
    assert_carries(&RedisLayer::with_options(options).await.unwrap()).await;
}

/// The same of one that publishes.
async fn assert_publishes(options: RedisOptions) {
    assert_carries(&RedisPubSubLayer::with_options(options).await.unwrap()).await;
}

async fn assert_carries(layer: &dyn ChannelLayer) {
    let mut mailbox = layer.subscribe(&group("room")).await.unwrap();
    layer.group_send(&group("room"), Envelope::new(Note { number: 1 })).await.unwrap();
    assert_eq!(next(&mut mailbox).await, 1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_asks_for_a_user_and_a_password() {
    // what channels_redis' own commands need, and no more
    const RULES: &str =
        "~asgi* &* -@all +@scripting +@sortedset +@transaction +expire +del +scan +ping +select";
    let server = Server::start();
    let mut client = server.client();
    let rules = RULES.split(' ');
    redis::cmd("ACL")
        .arg("SETUSER")
        .arg("ann")
        .arg("on")
        .arg(">s3cret")
        .arg(rules.collect::<Vec<_>>())
        .exec(&mut client)
        .unwrap();
    server.ask::<()>("ACL SETUSER default off");
    let port = server.port();

    assert_works(RedisOptions::url(&format!("redis://ann:s3cret@127.0.0.1:{port}/0")).unwrap()).await;
    let host = RedisHost::url(&format!("redis://127.0.0.1:{port}")).unwrap();
    assert_works(RedisOptions::new(host.clone().login("ann", "s3cret"))).await;

    for host in [host.clone(), host.login("ann", "wrong")] {
        let refused = RedisLayer::with_options(RedisOptions::new(host)).await.unwrap_err();
        assert!(matches!(refused, LayerError::Unavailable(_)), "{refused:?}");
        assert!(!format!("{refused:?}").contains("wrong"), "{refused:?}");
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_has_one_password_for_all() {
    let server = Server::start();
    server.ask::<()>("CONFIG SET requirepass s3cret");

    let host = RedisHost::url(&format!("redis://127.0.0.1:{}", server.port())).unwrap();

    let options = RedisOptions::new(host.password("s3cret"));
    assert_works(options.clone()).await;
    assert_publishes(options).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_is_on_a_unix_socket() {
    let socket = std::env::temp_dir().join(format!("channels-{}.sock", uuid::Uuid::new_v4().simple()));
    let server = Server::start_with(&["--unixsocket", socket.to_str().unwrap()]);
    // it takes connections over TCP a moment before there is the socket, and answers them after it
    assert_eq!(server.ask::<String>("PING"), "PONG");

    let options = RedisOptions::url(&format!("unix://{}?db=1", socket.display())).unwrap();
    assert_works(options.clone()).await;
    assert_publishes(options).await;

    std::fs::remove_file(socket).unwrap();
}

/// A certificate for this machine, and its key, in a folder.
fn certificate(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.pem()
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_speaks_tls() {
    let folder = std::env::temp_dir().join(format!("channels-tls-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&folder).unwrap();
    let pem = certificate(&folder);
    let port = free_port().to_string();
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let mut args = vec!["--tls-port", &port, "--tls-auth-clients", "no"];
    args.extend(["--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-ca-cert-file", &cert]);
    let _server = Server::start_with(&args);
    listens(port.parse().unwrap());
    let url = format!("rediss://localhost:{port}/0");

    let options = RedisOptions::url(&url).unwrap().tls_root(pem);
    assert_works(options.clone()).await;
    assert_publishes(options).await;

    let stranger = RedisLayer::connect(&url).await;
    assert!(matches!(stranger, Err(LayerError::Unavailable(_))), "a stranger's certificate was accepted");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_of_a_cluster_is_refused_with_a_word_on_what_to_do() {
    let (server, _) = Server::start_in_cluster();

    let refused = RedisLayer::connect(&server.url()).await.unwrap_err();

    assert!(refused.to_string().contains("name single servers"), "{refused}");
}

/// A cluster of one: its address is what it was asked at, and everything goes over TLS.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_cluster_speaks_tls() {
    let folder = std::env::temp_dir().join(format!("channels-tls-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&folder).unwrap();
    let pem = certificate(&folder);
    let port = free_port().to_string();
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let mut args = vec!["--tls-port", &port, "--tls-auth-clients", "no", "--tls-cluster", "yes"];
    args.extend(["--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-ca-cert-file", &cert]);
    let (server, _) = Server::start_in_cluster_with(&args);
    server.ask::<()>("CLUSTER ADDSLOTSRANGE 0 16383");
    eventually("the cluster to be whole", async || {
        server.ask::<String>("CLUSTER INFO").contains("cluster_state:ok")
    })
    .await;
    listens(port.parse().unwrap());
    let url = format!("rediss://localhost:{port}");

    assert_publishes(RedisOptions::cluster([url.as_str()]).unwrap().tls_root(pem)).await;

    assert_eq!(server.ask::<Vec<String>>("PUBSUB CHANNELS"), [""; 0]);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Three sentinels that watch a master with a replica.
struct Watched {
    master: Server,
    replica: Server,
    sentinels: Vec<(Program, u16)>,
    folder: std::path::PathBuf,
}

impl Watched {
    async fn start() -> Self {
        let master = Server::start();
        let master_port = master.port().to_string();
        let replica = Server::start_with(&["--replicaof", "127.0.0.1", &master_port]);
        eventually("the replica to follow", async || {
            replica.ask::<String>("INFO replication").contains("master_link_status:up")
        })
        .await;
        let folder =
            std::env::temp_dir().join(format!("channels-sentinel-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).unwrap();
        let sentinels = (0..3).map(|_| {
            let port = free_port();
            let file = folder.join(format!("{port}.conf"));
            let config = format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor ours 127.0.0.1 {master_port} 2\n\
                 sentinel down-after-milliseconds ours 500\nsentinel failover-timeout ours 3000\n",
                folder.display()
            );
            std::fs::write(&file, config).unwrap();
            let sentinel = Program::start("redis-server", &[file.to_str().unwrap(), "--sentinel"]);
            listens(port);
            (sentinel, port)
        });
        let sentinels: Vec<_> = sentinels.collect();
        let watched = Self { master, replica, sentinels, folder };
        eventually("the sentinels to know of each other and of the replica", async || {
            watched.sentinels.iter().all(|(_, port)| {
                let told = told(*port);
                told.contains("slaves=1,sentinels=3")
            })
        })
        .await;
        watched
    }

    fn host(&self) -> RedisHost {
        let urls: Vec<_> =
            self.sentinels.iter().map(|(_, port)| format!("redis://127.0.0.1:{port}")).collect();
        RedisHost::sentinel("ours", urls.iter().map(String::as_str)).unwrap()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.sentinels.clear();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn told(port: u16) -> String {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    redis::cmd("INFO").arg("sentinel").query(&mut client.get_connection().unwrap()).unwrap()
}

async fn assert_sends(layer: &RedisLayer, mailbox: &mut Mailbox, number: u64) {
    let sent = layer.group_send(&group("room"), Envelope::new(Note { number })).await.unwrap();
    assert_eq!(sent, Delivery { delivered: 1, dropped: 0 });
    loop {
        let envelope = super::soon("a note", mailbox.recv()).await.unwrap();
        if let Ok(note) = envelope.open::<Note>() {
            assert_eq!(note.number, number);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn sentinels_name_the_server_and_after_a_fail_over_the_next() {
    let mut watched = Watched::start().await;
    let layer = RedisLayer::with_options(RedisOptions::new(watched.host())).await.unwrap();
    let mut mailbox = layer.subscribe(&group("room")).await.unwrap();
    assert_sends(&layer, &mut mailbox, 1).await;

    watched.master.kill();

    super::soon("the other server to be the master", async {
        while layer.group_send(&group("attic"), Envelope::new(Note { number: 0 })).await.is_err() {}
    })
    .await;
    assert!(watched.replica.ask::<String>("INFO replication").contains("role:master"));
    eventually("the groups to be joined again", async || {
        watched.replica.ask::<usize>("ZCARD asgi:group:room") == 1
    })
    .await;
    assert_sends(&layer, &mut mailbox, 2).await;
}

/// A fail-over by hand: the old master lives on, as a replica that takes no writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_server_that_becomes_a_replica_is_left() {
    let watched = Watched::start().await;
    let layer = RedisLayer::with_options(RedisOptions::new(watched.host())).await.unwrap();
    let mut mailbox = layer.subscribe(&group("room")).await.unwrap();
    assert_sends(&layer, &mut mailbox, 1).await;
    let sentinel = redis::Client::open(format!("redis://127.0.0.1:{}", watched.sentinels[0].1)).unwrap();

    redis::cmd("SENTINEL").arg("FAILOVER").arg("ours").exec(&mut sentinel.get_connection().unwrap()).unwrap();

    let says = |command: &str, part: &str| {
        watched.replica.try_ask::<String>(command).is_ok_and(|answer| answer.contains(part))
    };
    eventually("the replica to be the master", async || says("INFO replication", "role:master")).await;
    eventually("the layer to receive there", async || says("CLIENT LIST TYPE normal", "cmd=bzpopmin")).await;
    eventually("the groups to be joined there", async || {
        layer
            .group_send(&group("room"), Envelope::new(Note { number: 2 }))
            .await
            .is_ok_and(|delivery| delivery.delivered == 1)
    })
    .await;
    loop {
        let envelope = super::soon("a note", mailbox.recv()).await.unwrap();
        if envelope.kind() == Note::TYPE {
            break;
        }
    }
}

/// A replica lets anybody publish: it is the sentinels that cut its connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_layer_that_publishes_follows_a_fail_over() {
    let watched = Watched::start().await;
    let layer = RedisPubSubLayer::with_options(RedisOptions::new(watched.host())).await.unwrap();
    let room = group("room");
    let mut mailbox = layer.subscribe(&room).await.unwrap();
    outage::send_until_taken(&layer, &room, 1).await;
    assert_eq!(next(&mut mailbox).await, 1);
    let sentinel = redis::Client::open(format!("redis://127.0.0.1:{}", watched.sentinels[0].1)).unwrap();

    redis::cmd("SENTINEL").arg("FAILOVER").arg("ours").exec(&mut sentinel.get_connection().unwrap()).unwrap();

    outage::until_gap(&mut mailbox).await;
    eventually("the layer to be subscribed at the new master", async || {
        let topics = watched.replica.try_ask::<Vec<String>>("PUBSUB CHANNELS asgi*");
        topics.is_ok_and(|topics| topics == ["asgi__group__room"])
    })
    .await;
    outage::send_until_taken(&layer, &room, 2).await;
    assert_eq!(outage::next_note(&mut mailbox).await, 2);
}

/// Sentinels take another master, the old one is killed: under traffic, and for both layers.
async fn assert_a_fail_over_is_told<L: ChannelLayer>(connect: impl AsyncFnOnce(RedisOptions) -> L) {
    let mut watched = Watched::start().await;
    let options = RedisOptions::new(watched.host()).time_limit(outage::LIMIT);
    let tasks = Handle::current().metrics().num_alive_tasks();
    {
        let layer: Arc<dyn ChannelLayer> = Arc::new(connect(options).await);
        let Watched { master, replica, .. } = &mut watched;
        outage::assert_faults_are_told(1, Arc::clone(&layer), async || {
            master.kill();
            eventually("the replica to be the master", async || {
                replica
                    .try_ask::<String>("INFO replication")
                    .is_ok_and(|answer| answer.contains("role:master"))
            })
            .await;
            outage::send_until_taken(&*layer, &group("room"), u64::MAX - 1).await;
        })
        .await;
    }
    eventually("all tasks to end", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn through_a_fail_over_everything_arrives_once_or_a_gap_is_told() {
    assert_a_fail_over_is_told(async |options| RedisLayer::with_options(options).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn through_a_fail_over_everything_that_is_published_arrives_once_or_a_gap_is_told() {
    assert_a_fail_over_is_told(async |options| RedisPubSubLayer::with_options(options).await.unwrap()).await;
}
