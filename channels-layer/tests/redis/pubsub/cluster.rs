//! Sharded publishing on a Redis Cluster: slots move, masters die, servers come.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use channels_layer::{
    ChannelLayer, Gap, Group, LayerError, RedisHostError, RedisLayer, RedisOptions, RedisPubSubLayer,
    RedisPubSubStats,
};
use tokio::{runtime::Handle, sync::oneshot};

use super::{Server, channel, delivered, eventually, group, next, note, send, soon};
use crate::redis::{
    Note,
    cluster::Cluster,
    outage::{
        LIMIT, assert_everything_arrives_once_or_a_gap_is_told, next_note, send_until_taken, until_gap,
    },
};

/// Where what is for the group `room` is published.
const ROOM: &str = "asgi__group__room";

fn options(cluster: &Cluster) -> RedisOptions {
    let urls = cluster.urls();
    RedisOptions::cluster(urls.iter().map(String::as_str)).unwrap()
}

async fn layer(cluster: &Cluster) -> RedisPubSubLayer {
    RedisPubSubLayer::with_options(options(cluster)).await.unwrap()
}

async fn quick_layer(cluster: &Cluster) -> RedisPubSubLayer {
    RedisPubSubLayer::with_options(options(cluster).time_limit(LIMIT)).await.unwrap()
}

/// A group that such a server has.
fn group_at(cluster: &Cluster, is_it: impl Fn(usize) -> bool) -> Group {
    let mut names = (0..).map(|number| format!("other-{number}"));
    group(&names.find(|name| is_it(cluster.owner(&format!("asgi__group__{name}")))).unwrap())
}

mod conformance {
    use uuid::Uuid;

    use super::*;

    /// One for all tests, which have prefixes of their own.
    static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
        let start = || tokio::runtime::Runtime::new().unwrap().block_on(Cluster::start());
        std::thread::spawn(start).join().unwrap()
    });

    channels_layer::conformance_tests!(
        async |retention| {
            // what is in braces is in one slot, and what is on one server has an order
            let options = options(&CLUSTER).prefix(format!("{{{}}}", Uuid::new_v4().simple()));
            RedisPubSubLayer::with_options(options.retention(retention)).await.unwrap()
        },
        pub_sub;
        ignore = "needs redis-server"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn groups_are_spread_over_the_servers_and_an_event_goes_to_one_of_them() {
    let cluster = Cluster::start().await;
    let (one, other) = (layer(&cluster).await, layer(&cluster).await);
    let mut mailboxes = Vec::new();
    for number in 0..30 {
        let room = group(&format!("room-{number}"));
        mailboxes.push((
            room.clone(),
            one.subscribe(&room).await.unwrap(),
            other.subscribe(&room).await.unwrap(),
        ));
    }

    for (number, (room, here, there)) in mailboxes.iter_mut().enumerate() {
        let number = number as u64;
        assert_eq!(send(&one, room, number).await.unwrap(), delivered(2));
        assert_eq!([next(here).await, next(there).await], [number; 2]);
    }
    for number in 0..3 {
        let topics = cluster.topics(number);
        assert!(
            !topics.is_empty() && topics.iter().all(|topic| cluster.owner(topic) == number),
            "{topics:?}"
        );
    }
    assert_eq!((0..3).map(|number| cluster.topics(number).len()).sum::<usize>(), 30);
    drop(mailboxes);
    eventually("all to be unsubscribed", async || (0..3).all(|number| cluster.topics(number).is_empty()))
        .await;
    for layer in [one, other] {
        eventually("nothing to be left", async || layer.stats() == RedisPubSubStats::default()).await;
    }
}

/// To a server that is new in the cluster, and that nobody named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_slot_that_moves_under_traffic_takes_its_subscribers_along_and_nothing_comes_twice() {
    let mut cluster = Cluster::start().await;
    let layer = Arc::new(layer(&cluster).await);
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();
    let mut member = layer.new_channel("specific").await.unwrap();
    send(&*layer, &room, 0).await.unwrap();
    assert_eq!(next(&mut subscriber).await, 0);
    let new = cluster.add().await;
    let (slot, old) = (cluster.slot(ROOM), cluster.owner(ROOM));
    let (end, mut ended) = oneshot::channel();
    let sender = {
        let (layer, room) = (Arc::clone(&layer), room.clone());
        tokio::spawn(async move {
            let mut taken = Vec::new();
            for number in 1.. {
                if send(&*layer, &room, number).await.unwrap().delivered > 0 {
                    taken.push(number);
                }
                if ended.try_recv().is_ok() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            taken
        })
    };
    let received = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&received);
    let receiver = tokio::spawn(async move {
        let (mut numbers, mut gaps) = (Vec::new(), Vec::new());
        while let Some(envelope) = subscriber.recv().await {
            if let Ok(note) = envelope.open::<Note>() {
                match note.number {
                    u64::MAX => break,
                    number => numbers.push(number),
                }
                counted.store(numbers.len(), Ordering::Relaxed);
            } else {
                gaps.push(*envelope.open::<Gap>().unwrap());
            }
        }
        (numbers, gaps)
    });
    let flow = async || {
        let before = received.load(Ordering::Relaxed);
        eventually("events to arrive", async || received.load(Ordering::Relaxed) > before + 50).await;
    };
    flow().await;
    cluster.migrate(slot, old, new);
    eventually("the topic to be sent by the new server alone", async || {
        cluster.topics(new).contains(&ROOM.to_owned()) && !cluster.topics(old).contains(&ROOM.to_owned())
    })
    .await;
    flow().await;
    end.send(()).unwrap();
    let taken = soon("the sender to end", sender).await.unwrap();
    send_until_taken(&*layer, &room, u64::MAX).await;
    let (numbers, gaps) = soon("the receiver to end", receiver).await.unwrap();

    assert!(numbers.is_sorted_by(|one, next| one < next), "something came twice, or out of order");
    let lost = taken.iter().filter(|number| !numbers.contains(number)).count();
    assert!(!gaps.is_empty() && gaps.len() <= 3, "{} gaps", gaps.len());
    assert!(lost < 100, "{lost} were lost while one slot moved");
    // a consumer learns of it by its own channel, whose slot did not move
    until_gap(&mut member).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_master_that_is_killed_is_followed_by_its_replica() {
    let mut cluster = Cluster::start().await;
    let owner = cluster.owner(ROOM);
    let replica = cluster.add_replica(owner).await;
    let layer = layer(&cluster).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();
    assert_eq!(send(&layer, &room, 1).await.unwrap(), delivered(1));
    assert_eq!(next(&mut subscriber).await, 1);

    cluster.servers[owner].kill();

    // what is under way when it dies is not repeated; whoever comes after that waits for the replica
    eventually("a send to succeed", async || send(&layer, &room, 2).await.is_ok()).await;
    until_gap(&mut subscriber).await;
    assert_eq!(cluster.topics(replica), [ROOM]);
    assert_eq!(send_until_taken(&layer, &room, 3).await, delivered(1));
    while next_note(&mut subscriber).await != 3 {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_master_that_hangs_is_followed_by_its_replica_and_comes_back_as_one() {
    let mut cluster = Cluster::start().await;
    let owner = cluster.owner(ROOM);
    let replica = cluster.add_replica(owner).await;
    let layer = quick_layer(&cluster).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();

    cluster.servers[owner].hang();
    let refused = send(&layer, &room, 1).await;
    until_gap(&mut subscriber).await;
    send_until_taken(&layer, &room, 2).await;
    cluster.servers[owner].go_on();

    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
    assert_eq!(next_note(&mut subscriber).await, 2);
    eventually("the old master to follow the new", async || {
        let roles = [owner, replica].map(|number| cluster.servers[number].ask::<String>("INFO replication"));
        roles[0].contains("role:slave") && roles[1].contains("role:master")
    })
    .await;
    assert_eq!(send_until_taken(&layer, &room, 3).await, delivered(1));
    // what was written to the old master may still come, but once
    let mut late = next_note(&mut subscriber).await;
    if late == 1 {
        late = next_note(&mut subscriber).await;
    }
    assert_eq!(late, 3);
    assert!(subscriber.try_recv().is_none(), "something came twice");
}

/// And groups on other servers go on; and no task is left over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn through_outages_of_one_master_everything_arrives_once_or_a_gap_is_told() {
    let mut cluster = Cluster::start().await;
    let owner = cluster.owner(ROOM);
    let tasks = Handle::current().metrics().num_alive_tasks();
    {
        let options = options(&cluster).time_limit(Duration::from_millis(200));
        let layer = RedisPubSubLayer::with_options(options).await.unwrap();
        let elsewhere = group_at(&cluster, |number| number != owner);
        let mut other = layer.subscribe(&elsewhere).await.unwrap();

        let server = &mut cluster.servers[owner];
        assert_everything_arrives_once_or_a_gap_is_told(server, Arc::new(layer.clone())).await;

        assert_eq!(send(&layer, &elsewhere, 1).await.unwrap(), delivered(1));
        assert_eq!(next_note(&mut other).await, 1);
        drop(other);
        eventually("the groups to be left", async || layer.stats() == RedisPubSubStats::default()).await;
    }
    eventually("all tasks to end", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn who_leaves_during_an_outage_does_not_come_back() {
    let mut cluster = Cluster::start().await;
    let owner = cluster.owner(ROOM);
    let layer = quick_layer(&cluster).await;
    // a channel of its own, wherever its slot is, learns of every gap
    let mut witness = layer.new_channel("specific").await.unwrap();
    let gone = layer.subscribe(&group("room")).await.unwrap();
    let other = group_at(&cluster, |number| number == owner);

    cluster.servers[owner].kill();
    drop(gone);
    let refused = layer.subscribe(&other).await;
    cluster.servers[owner].run();

    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
    until_gap(&mut witness).await;
    assert!(!cluster.topics(owner).contains(&ROOM.to_owned()));
    assert_eq!(layer.stats(), RedisPubSubStats { channels: 1, topics: 1, ..RedisPubSubStats::default() });
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_user_needs_few_rights_and_what_is_refused_takes_no_other_with_it() {
    const RULES: &str =
        "resetchannels &asgi* -@all +spublish +ssubscribe +sunsubscribe +ping +hello +cluster|nodes";
    let cluster = Cluster::start().await;
    for server in &cluster.servers {
        server.ask::<()>(&format!("ACL SETUSER ann on >s3cret {RULES}"));
    }
    let urls: Vec<_> = cluster
        .servers
        .iter()
        .map(|server| format!("redis://ann:s3cret@127.0.0.1:{}", server.port()))
        .collect();
    let options = RedisOptions::cluster(urls.iter().map(String::as_str)).unwrap();
    let layer = RedisPubSubLayer::with_options(options).await.unwrap();

    let (room, jobs) = (group("room"), channel("jobs"));
    let (subscribed, refused) = tokio::join!(layer.subscribe(&room), layer.receive(&jobs));

    let mut mailbox = subscribed.unwrap();
    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
    assert_eq!(send(&layer, &room, 1).await.unwrap(), delivered(1));
    assert_eq!(next(&mut mailbox).await, 1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_that_cannot_do_it_is_refused_with_a_word_on_what_to_do() {
    let alone = Server::start();
    // as a server is that does not know it yet
    let (old, _) = Server::start_in_cluster_with(&["--rename-command", "SPUBLISH", ""]);
    let connect = async |server: &Server| {
        let options = RedisOptions::cluster([server.url().as_str()]).unwrap();
        RedisPubSubLayer::with_options(options).await.unwrap_err()
    };

    let (no_cluster, too_old) = (connect(&alone).await, connect(&old).await);

    assert!(matches!(&no_cluster, LayerError::Host(RedisHostError::NoCluster(_))), "{no_cluster:?}");
    assert!(matches!(&too_old, LayerError::Host(RedisHostError::TooOld { .. })), "{too_old:?}");
    assert!(too_old.to_string().contains("Redis 7"), "{too_old}");
    assert!(matches!(RedisOptions::cluster([]), Err(RedisHostError::NoServer)));
    assert!(matches!(RedisOptions::cluster(["unix:///x"]), Err(RedisHostError::ClusterSocket)));
}

/// What its scripts touch would have to be in one slot.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn the_layer_that_keeps_events_is_refused_a_cluster() {
    let cluster = Cluster::start().await;
    let single = RedisOptions::url(&cluster.servers[1].url()).unwrap();

    for options in [single, options(&cluster)] {
        let refused = RedisLayer::with_options(options).await.unwrap_err();
        assert!(matches!(&refused, LayerError::Host(RedisHostError::Cluster(_))), "{refused:?}");
    }
}

/// One of the servers that were named is enough.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_cluster_is_found_while_a_server_that_was_named_is_away() {
    let cluster = Cluster::start().await;
    let nobody = format!("redis://127.0.0.1:{}", crate::redis::server::free_port());
    let urls = [nobody.as_str(), &cluster.servers[2].url()];
    let layer = RedisPubSubLayer::with_options(RedisOptions::cluster(urls).unwrap()).await.unwrap();
    let mut mailbox = layer.receive(&channel("jobs")).await.unwrap();

    layer.send(&channel("jobs"), note(1)).await.unwrap();

    assert_eq!(next(&mut mailbox).await, 1);
    let refused = RedisPubSubLayer::with_options(RedisOptions::cluster([nobody.as_str()]).unwrap()).await;
    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
}
