//! The server dies, hangs, refuses, fills up: what arrives arrived once, what may be missing is told of.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use channels_layer::{ChannelLayer, Delivery, Envelope, LayerError, RedisLayer, RedisStats};
use tokio::runtime::Handle;

use super::{
    Note, PATIENCE, Server, channel, eventually, group, layer, layer_with, next,
    outage::{
        LIMIT, assert_everything_arrives_once_or_a_gap_is_told, assert_faults_are_told, hang_for_long,
        next_note, send, send_until_taken, until_gap,
    },
    soon,
};

async fn quick_layer(server: &Server) -> RedisLayer {
    layer_with(server, |options| options.time_limit(LIMIT)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_server_that_was_killed_is_told_all_groups_again_and_consumers_of_the_gap() {
    let mut server = Server::start();
    let layer = quick_layer(&server).await;
    let (room, attic) = (group("room"), group("attic"));
    let mut subscriber = layer.subscribe(&room).await.unwrap();
    let mut member = layer.new_channel("specific").await.unwrap();
    layer.group_add(&attic, member.name()).await.unwrap();
    send(&layer, &room, 1).await.unwrap();
    assert_eq!(next(&mut subscriber).await, 1);
    let before = std::time::SystemTime::now();

    server.kill();
    let failed = send(&layer, &room, 2).await;
    server.run();

    assert!(matches!(failed, Err(LayerError::Unavailable(_))), "{failed:?}");
    let (numbers, gap) = until_gap(&mut subscriber).await;
    assert!(numbers.is_empty(), "{numbers:?}");
    let age = gap.since - before.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!(age.abs() < PATIENCE.as_secs_f64(), "the gap began {age} s after the server was killed");
    until_gap(&mut member).await;
    // who was told of the gap is in its groups again
    assert_eq!(send_until_taken(&layer, &room, 3).await, Delivery { delivered: 1, dropped: 0 });
    assert_eq!(send_until_taken(&layer, &attic, 4).await, Delivery { delivered: 1, dropped: 0 });
    assert_eq!(next_note(&mut subscriber).await, 3);
    assert_eq!(next_note(&mut member).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_call_to_a_server_that_hangs_fails_within_the_time_limit_and_later_ones_at_once() {
    let server = Server::start();
    let layer = quick_layer(&server).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();

    server.hang();
    let started = Instant::now();
    let first = send(&layer, &room, 1).await;
    let first_took = started.elapsed();
    let mut quick = 0;
    for number in 2..20 {
        let started = Instant::now();
        assert!(matches!(send(&layer, &room, number).await, Err(LayerError::Unavailable(_))));
        quick += u64::from(started.elapsed() < LIMIT / 2);
    }
    server.go_on();

    assert!(matches!(first, Err(LayerError::Unavailable(_))), "{first:?}");
    assert!(first_took >= LIMIT && first_took < LIMIT * 4, "it took {first_took:?}");
    // the outage is older than the limit after the second at the latest
    assert!(quick >= 15, "only {quick} failed at once");
    send_until_taken(&layer, &room, 20).await;
    let mut numbers = vec![next_note(&mut subscriber).await];
    while numbers.last() != Some(&20) {
        numbers.push(next_note(&mut subscriber).await);
    }
    // what was not answered may have happened all the same, but once and in order
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_server_that_hung_for_long_is_a_gap() {
    // as long as Redis is told to wait for a message, the time limit, and a little more
    const LONG: Duration = Duration::from_secs(2).saturating_add(LIMIT).saturating_add(LIMIT);
    let server = Server::start();
    let layer = quick_layer(&server).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();

    server.hang();
    let started = Instant::now();
    while started.elapsed() < LONG {
        tokio::task::yield_now().await;
        assert!(matches!(send(&layer, &room, 1).await, Err(LayerError::Unavailable(_))));
    }
    server.go_on();

    until_gap(&mut subscriber).await;
    send_until_taken(&layer, &room, 2).await;
    while next_note(&mut subscriber).await != 2 {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_short_outage_goes_unnoticed_by_senders() {
    let mut server = Server::start();
    let layer = layer(&server).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();

    server.kill();
    // as soon as the layer has seen it, sends wait
    eventually("the layer to see it", async || {
        tokio::time::timeout(Duration::from_millis(50), send(&layer, &room, 1)).await.is_err()
    })
    .await;
    let (sent, ()) = tokio::join!(send(&layer, &room, 2), async { server.run() });

    sent.unwrap();
    until_gap(&mut subscriber).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_channel_dropped_during_an_outage_does_not_come_back() {
    let server = Server::start();
    let layer = quick_layer(&server).await;
    let (room, attic) = (group("room"), group("attic"));
    let (gone, mut living) = (layer.subscribe(&room).await.unwrap(), layer.subscribe(&attic).await.unwrap());
    let member = layer.new_channel("specific").await.unwrap();
    layer.group_add(&room, member.name()).await.unwrap();
    layer.group_add(&attic, member.name()).await.unwrap();
    assert_eq!(server.ask::<usize>("ZCARD asgi:group:room"), 2);

    server.hang();
    // a membership whose answer never comes
    let late = layer.subscribe(&group("cellar")).await;
    assert!(matches!(late, Err(LayerError::Unavailable(_))), "{late:?}");
    drop((gone, member));
    server.go_on();

    eventually("the groups to be left", async || {
        server.ask::<usize>("ZCARD asgi:group:room") == 0
            && server.ask::<usize>("ZCARD asgi:group:cellar") == 0
            && server.ask::<usize>("ZCARD asgi:group:attic") == 1
    })
    .await;
    send_until_taken(&layer, &attic, 1).await;
    assert_eq!(next_note(&mut living).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_channel_dropped_while_the_server_is_dead_does_not_come_back() {
    let mut server = Server::start();
    let layer = quick_layer(&server).await;
    let room = group("room");
    let (gone, mut living) =
        (layer.subscribe(&room).await.unwrap(), layer.subscribe(&group("attic")).await.unwrap());

    server.kill();
    drop(gone);
    for number in 0..100 {
        // nobody who is refused leaves anything behind
        drop(layer.subscribe(&group(&format!("refused-{number}"))).await.unwrap_err());
    }
    server.run();

    until_gap(&mut living).await;
    assert_eq!(server.ask::<Vec<String>>("KEYS *"), ["asgi:group:attic"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_full_server_refuses_and_disturbs_nobody() {
    let server = Server::start();
    let layer = quick_layer(&server).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();
    send(&layer, &room, 1).await.unwrap();
    assert_eq!(next(&mut subscriber).await, 1);

    server.ask::<()>("CONFIG SET maxmemory 1");
    let refused = send(&layer, &room, 2).await;
    let not_joined = layer.subscribe(&group("attic")).await;
    server.ask::<()>("CONFIG SET maxmemory 0");

    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
    assert!(matches!(not_joined, Err(LayerError::Unavailable(_))), "{not_joined:?}");
    send(&layer, &room, 3).await.unwrap();
    assert_eq!(next(&mut subscriber).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn connections_that_are_cut_are_opened_again_and_the_gap_is_told() {
    let server = Server::start();
    let layer = layer(&server).await;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();

    for number in 0..5 {
        server.ask::<()>("CLIENT KILL TYPE normal SKIPME yes");
        until_gap(&mut subscriber).await;
        send_until_taken(&layer, &room, number).await;
        assert_eq!(next_note(&mut subscriber).await, number);
    }
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
        eventually("the group to be left", async || layer.stats() == RedisStats::default()).await;
    }
    eventually("all tasks to end", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
    assert_eq!(server.ask::<Vec<String>>("KEYS *asgi:group:*"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_worker_goes_on_after_an_outage() {
    let mut server = Server::start();
    let layer = quick_layer(&server).await;
    let jobs = channel("jobs");
    let mut worker = layer.receive(&jobs).await.unwrap();
    layer.send(&jobs, Envelope::new(Note { number: 1 })).await.unwrap();
    assert_eq!(next(&mut worker).await, 1);
    let waiting = tokio::spawn(async move { next(&mut worker).await });

    server.kill();
    server.run();
    soon("the server to take a job", async {
        while layer.send(&jobs, Envelope::new(Note { number: 2 })).await.is_err() {}
    })
    .await;

    assert_eq!(soon("the job", waiting).await.unwrap(), 2);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_that_is_not_there_is_an_error_at_the_start() {
    let port = super::server::free_port();

    let refused = RedisLayer::connect(&format!("redis://127.0.0.1:{port}/")).await;

    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
    assert!(matches!(RedisLayer::connect("http://127.0.0.1/").await, Err(LayerError::Host(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn through_hangs_everything_arrives_once_or_a_gap_is_told() {
    let server = Server::start();
    let tasks = Handle::current().metrics().num_alive_tasks();
    {
        let layer = quick_layer(&server).await;
        assert_faults_are_told(2, Arc::new(layer.clone()), async || hang_for_long(&server).await).await;
        eventually("the group to be left", async || layer.stats() == RedisStats::default()).await;
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
