//! The server dies, hangs, cuts connections: what arrives arrived once, what may be missing is told of.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use channels_layer::{ChannelLayer, LayerError, RedisPubSubStats};
use tokio::{runtime::Handle, time::timeout};

use super::{
    Server, channel, delivered, eventually, group, layer, layer_with, next, note, quick_layer, topics,
};
use crate::redis::{
    PATIENCE,
    outage::{
        LIMIT, assert_everything_arrives_once_or_a_gap_is_told, assert_faults_are_told, hang_for_long,
        next_note, send, send_until_taken, until_gap,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_server_that_was_killed_is_told_all_again_and_consumers_of_the_gap() {
    let mut server = Server::start();
    let layer = quick_layer(&server).await;
    let (room, attic) = (group("room"), group("attic"));
    let mut subscriber = layer.subscribe(&room).await.unwrap();
    let mut member = layer.new_channel("specific").await.unwrap();
    layer.group_add(&attic, member.name()).await.unwrap();
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    send(&layer, &room, 1).await.unwrap();
    assert_eq!(next(&mut subscriber).await, 1);

    server.kill();
    let failed = send(&layer, &room, 2).await;
    server.run();

    assert!(matches!(failed, Err(LayerError::Unavailable(_))), "{failed:?}");
    let (numbers, gap) = until_gap(&mut subscriber).await;
    assert!(numbers.is_empty(), "{numbers:?}");
    assert!((gap.since - before.as_secs_f64()).abs() < PATIENCE.as_secs_f64(), "{gap:?}");
    until_gap(&mut member).await;
    // who was told of the gap is in its groups again, and has its own channel
    send_until_taken(&layer, &room, 3).await;
    send_until_taken(&layer, &attic, 4).await;
    layer.send(member.name(), note(5)).await.unwrap();
    assert_eq!(next_note(&mut subscriber).await, 3);
    assert_eq!(next_note(&mut member).await, 4);
    assert_eq!(next_note(&mut member).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn calls_to_a_server_that_hangs_fail_in_time_and_it_is_a_gap() {
    let server = Server::start();
    let layer = quick_layer(&server).await;
    let (room, attic) = (group("room"), group("attic"));
    let mut subscriber = layer.subscribe(&room).await.unwrap();
    assert_eq!(send(&layer, &room, 0).await.unwrap(), delivered(1));

    server.hang();
    let started = Instant::now();
    let (sent, subscribed) = tokio::join!(send(&layer, &room, 1), layer.subscribe(&attic));
    let took = started.elapsed();
    eventually("subscribing to fail at once", async || {
        let started = Instant::now();
        drop(layer.subscribe(&group("cellar")).await.unwrap_err());
        started.elapsed() < LIMIT / 4
    })
    .await;
    server.go_on();

    assert!(matches!(sent, Err(LayerError::Unavailable(_))), "{sent:?}");
    assert!(matches!(subscribed, Err(LayerError::Unavailable(_))), "{subscribed:?}");
    assert!(took >= LIMIT && took < LIMIT * 4, "it took {took:?}");
    until_gap(&mut subscriber).await;
    send_until_taken(&layer, &room, 2).await;
    while next_note(&mut subscriber).await != 2 {}
    eventually("those who were refused to be gone", async || topics(&server).len() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn who_leaves_during_an_outage_does_not_come_back() {
    let mut server = Server::start();
    let layer = quick_layer(&server).await;
    let (room, attic) = (group("room"), group("attic"));
    let (gone, mut living) = (layer.subscribe(&room).await.unwrap(), layer.subscribe(&attic).await.unwrap());
    let member = layer.new_channel("specific").await.unwrap();
    let worker = layer.receive(&channel("jobs")).await.unwrap();
    layer.group_add(&room, member.name()).await.unwrap();
    layer.group_add(&attic, member.name()).await.unwrap();

    server.kill();
    drop((gone, member, worker));
    for number in 0..100 {
        // nobody who is refused leaves anything behind
        drop(layer.subscribe(&group(&format!("refused-{number}"))).await.unwrap_err());
        drop(layer.new_channel("specific").await.unwrap_err());
    }
    server.run();

    until_gap(&mut living).await;
    assert_eq!(topics(&server), BTreeSet::from(["asgi__group__attic".to_owned()]));
    assert_eq!(layer.stats(), RedisPubSubStats { groups: 1, topics: 1, ..RedisPubSubStats::default() });
}

/// Whoever comes while the server is away for a moment waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_short_outage_goes_unnoticed() {
    let mut server = Server::start();
    let layer = layer(&server).await;
    let (room, attic) = (group("room"), group("attic"));
    let mut subscriber = layer.subscribe(&room).await.unwrap();

    server.kill();
    // as soon as the layer has seen it, everybody waits
    eventually("the layer to see it", async || {
        timeout(Duration::from_millis(50), send(&layer, &room, 1)).await.is_err()
    })
    .await;
    let (sent, joined, ()) =
        tokio::join!(send(&layer, &room, 2), layer.subscribe(&attic), async { server.run() });

    sent.unwrap();
    let mut joined = joined.unwrap();
    until_gap(&mut subscriber).await;
    send(&layer, &attic, 3).await.unwrap();
    assert_eq!(next_note(&mut joined).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn connections_that_are_cut_are_opened_again_and_the_gap_is_told() {
    let server = Server::start();
    let layer = layer(&server).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();

    for number in 0..5 {
        server.ask::<()>("CLIENT KILL TYPE pubsub");
        until_gap(&mut subscriber).await;
        send_until_taken(&layer, &room, number).await;
        assert_eq!(next_note(&mut subscriber).await, number);
    }
}

/// Nothing grows here: Redis cuts off who does not read as fast as others publish.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn who_is_too_slow_for_redis_is_cut_off_and_told() {
    const FLOOD: &str = "for _ = 1, 1000 do redis.call('PUBLISH', KEYS[1], string.rep('x', 10000)) end";
    let server = Server::start();
    let layer = layer(&server).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();
    redis::cmd("CONFIG")
        .arg(&["SET", "client-output-buffer-limit", "pubsub 100kb 0 0"])
        .exec(&mut server.client())
        .unwrap();

    redis::cmd("EVAL").arg(&[FLOOD, "1", "asgi__group__room"]).exec(&mut server.client()).unwrap();

    until_gap(&mut subscriber).await;
    send_until_taken(&layer, &room, 1).await;
    assert_eq!(next_note(&mut subscriber).await, 1);
}

/// And no task is left over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn through_outages_everything_arrives_once_or_a_gap_is_told() {
    let mut server = Server::start();
    let tasks = Handle::current().metrics().num_alive_tasks();
    {
        let layer = layer_with(&server, |options| options.time_limit(Duration::from_millis(200))).await;
        assert_everything_arrives_once_or_a_gap_is_told(&mut server, Arc::new(layer.clone())).await;
        eventually("the group to be left", async || layer.stats() == RedisPubSubStats::default()).await;
    }
    eventually("all tasks to end", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
    assert!(topics(&server).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn through_hangs_everything_arrives_once_or_a_gap_is_told() {
    let server = Server::start();
    let tasks = Handle::current().metrics().num_alive_tasks();
    {
        let layer = quick_layer(&server).await;
        assert_faults_are_told(2, Arc::new(layer.clone()), async || hang_for_long(&server).await).await;
        eventually("the group to be left", async || layer.stats() == RedisPubSubStats::default()).await;
    }
    eventually("all tasks to end", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
}

/// It takes connections, and nothing else: as while it loads, or with another password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_server_that_refuses_is_tried_until_it_no_longer_does() {
    let server = Server::start();
    server.ask::<()>("ACL SETUSER root on >s3cret ~* &* +@all");
    let mut root = server.client();
    redis::cmd("AUTH").arg(&["root", "s3cret"]).exec(&mut root).unwrap();
    let layer = quick_layer(&server).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();

    redis::cmd("ACL").arg(&["SETUSER", "default", "off"]).exec(&mut root).unwrap();
    redis::cmd("CLIENT").arg(&["KILL", "SKIPME", "yes"]).exec(&mut root).unwrap();
    eventually("sends to fail at once", async || {
        let started = Instant::now();
        let refused = send(&layer, &room, 1).await;
        assert!(!refused.as_ref().is_ok_and(|delivery| delivery.delivered > 0), "{refused:?}");
        started.elapsed() < LIMIT / 4 && matches!(refused, Err(LayerError::Unavailable(_)))
    })
    .await;
    redis::cmd("ACL").arg(&["SETUSER", "default", "on"]).exec(&mut root).unwrap();

    until_gap(&mut subscriber).await;
    send_until_taken(&layer, &room, 2).await;
    assert_eq!(next_note(&mut subscriber).await, 2);
}

/// Publishing needs no memory that lasts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_full_server_carries_events_as_before() {
    let server = Server::start();
    let layer = quick_layer(&server).await;
    let (room, attic) = (group("room"), group("attic"));
    let mut subscriber = layer.subscribe(&room).await.unwrap();

    server.ask::<()>("CONFIG SET maxmemory 1");
    let mut late = layer.subscribe(&attic).await.unwrap();

    assert_eq!(send(&layer, &room, 1).await.unwrap(), delivered(1));
    assert_eq!(send(&layer, &attic, 2).await.unwrap(), delivered(1));
    assert_eq!([next(&mut subscriber).await, next(&mut late).await], [1, 2]);
}
