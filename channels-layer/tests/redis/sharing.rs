//! Several processes on one server, and many members in one process.

use std::time::Duration;

use channels_layer::{
    ChannelLayer, ChannelName, Delivery, Envelope, Group, LayerError, Mailbox, OnOutage, RedisHost,
    RedisLayer, RedisOptions, Retention,
};

use super::{Note, Server, channel, eventually, group, layer, layer_that_keeps, layer_with, next};

async fn send(layer: &RedisLayer, room: &Group, number: u64) -> Delivery {
    layer.group_send(room, Envelope::new(Note { number })).await.unwrap()
}

/// Members of a group as Redis has them.
fn members(server: &Server, room: &str) -> Vec<String> {
    server.ask(&format!("ZRANGE asgi:group:{room} 0 -1"))
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_group_reaches_its_members_in_every_process() {
    let server = Server::start();
    let (one, other) = (layer(&server).await, layer(&server).await);
    let room = group("room");
    let mut here = one.subscribe(&room).await.unwrap();
    let mut there = other.subscribe(&room).await.unwrap();
    let mut member = other.new_channel("specific").await.unwrap();
    one.group_add(&room, member.name()).await.unwrap();

    let delivery = send(&one, &room, 1).await;

    assert_eq!(delivery, Delivery { delivered: 3, dropped: 0 });
    for mailbox in [&mut here, &mut there, &mut member] {
        assert_eq!(next(mailbox).await, 1);
    }
}

/// However many members a process has: one membership in Redis, and one message for an event.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_group_of_ten_thousand_in_one_process_costs_one_write() {
    let server = Server::start();
    let layer = layer(&server).await;
    let room = group("room");
    let mut all: Vec<Mailbox> = Vec::new();
    for _ in 0..10_000 {
        all.push(layer.subscribe(&room).await.unwrap());
    }
    assert_eq!(members(&server, "room").len(), 1);
    let calls = |command: &str| {
        let stats: String = server.ask("INFO commandstats");
        let line = stats.lines().find(|line| line.starts_with(&format!("cmdstat_{command}:")));
        line.map_or(0, |line| line.split(['=', ',']).nth(1).unwrap().parse::<u64>().unwrap())
    };
    let before = calls("zadd");

    assert_eq!(send(&layer, &room, 1).await, Delivery { delivered: 1, dropped: 0 });

    for mailbox in &mut all {
        assert_eq!(next(mailbox).await, 1);
    }
    assert_eq!(calls("zadd"), before + 1);
}

/// Its mailbox overflows, and not the queue of its process.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_slow_consumer_does_not_fill_the_queue_of_its_process() {
    let server = Server::start();
    let sender = layer_that_keeps(&server, Retention::default().capacity(10)).await;
    let receiver = layer_that_keeps(&server, Retention::default().capacity(10)).await;
    let (mut slow, mut quick) =
        (receiver.new_channel("specific").await.unwrap(), receiver.new_channel("specific").await.unwrap());
    let queue = format!("asgi{}", slow.name().non_local());

    for number in 0..100 {
        sender.send(slow.name(), Envelope::new(Note { number })).await.unwrap();
        sender.send(quick.name(), Envelope::new(Note { number })).await.unwrap();
        assert_eq!(next(&mut quick).await, number);
    }

    assert_eq!(server.ask::<u64>(&format!("EXISTS {queue}")), 0);
    for number in 0..10 {
        assert_eq!(next(&mut slow).await, number);
    }
    assert!(slow.try_recv().is_none());
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn the_last_mailbox_of_a_process_takes_it_out_of_the_group() {
    let server = Server::start();
    let (one, other) = (layer(&server).await, layer(&server).await);
    let room = group("room");
    let (first, second) = (one.subscribe(&room).await.unwrap(), one.subscribe(&room).await.unwrap());
    let stays = other.subscribe(&room).await.unwrap();

    drop(first);
    assert_eq!(members(&server, "room").len(), 2);
    drop(second);

    eventually("the group to be left", async || members(&server, "room") == [stays.name().as_str()]).await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_layer_that_is_closed_has_left_everything() {
    let server = Server::start();
    let layer = layer(&server).await;
    let (room, jobs) = (group("room"), channel("jobs"));
    let mut subscriber = layer.subscribe(&room).await.unwrap();
    let member = layer.new_channel("specific").await.unwrap();
    layer.group_add(&room, member.name()).await.unwrap();
    let mut worker = layer.receive(&jobs).await.unwrap();

    layer.close().await.unwrap();

    assert!(members(&server, "room").is_empty());
    assert!(subscriber.recv().await.is_none());
    assert!(worker.recv().await.is_none());
    layer.subscribe(&room).await.unwrap_err();
}

/// A subscription does not end with the group expiry, and comes back if somebody deletes it.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_subscription_is_renewed() {
    let server = Server::start();
    let layer = layer_that_keeps(&server, Retention::default().group_expiry(Duration::from_secs(1))).await;
    let mut subscriber = layer.subscribe(&group("room")).await.unwrap();
    let joined =
        || server.ask::<Option<f64>>(&format!("ZSCORE asgi:group:room {}", members(&server, "room")[0]));
    let first = joined();

    eventually("a renewal", async || joined() > first).await;
    server.ask::<()>("DEL asgi:group:room");

    eventually("the membership to be back", async || members(&server, "room").len() == 1).await;
    send(&layer, &group("room"), 1).await;
    assert_eq!(next(&mut subscriber).await, 1);
}

/// Jobs go to whoever waits, each to one, and none to a process that is busy.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_busy_worker_holds_no_jobs_back() {
    let server = Server::start();
    let (one, other) = (layer(&server).await, layer(&server).await);
    let jobs = channel("jobs");
    let mut busy = one.receive(&jobs).await.unwrap();
    one.send(&jobs, Envelope::new(Note { number: 0 })).await.unwrap();
    assert_eq!(next(&mut busy).await, 0);
    for number in 1..10 {
        one.send(&jobs, Envelope::new(Note { number })).await.unwrap();
    }

    let mut idle = other.receive(&jobs).await.unwrap();

    for number in 1..10 {
        assert_eq!(next(&mut idle).await, number);
    }
}

/// A job that was fetched for somebody who gave up goes back to where it was in the queue.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_job_that_nobody_took_goes_back() {
    let server = Server::start();
    let (one, other) = (layer(&server).await, layer(&server).await);
    let jobs = channel("jobs");
    let mut gives_up = one.receive(&jobs).await.unwrap();
    tokio::time::timeout(Duration::from_millis(50), gives_up.recv()).await.unwrap_err();
    for number in 0..3 {
        one.send(&jobs, Envelope::new(Note { number })).await.unwrap();
    }
    // the first went to the process that had asked for it
    eventually("the job to be fetched", async || server.ask::<u64>("ZCARD asgijobs") == 2).await;

    drop(gives_up);
    eventually("the job to be back", async || server.ask::<u64>("ZCARD asgijobs") == 3).await;

    let mut worker = other.receive(&jobs).await.unwrap();
    for number in 0..3 {
        assert_eq!(next(&mut worker).await, number);
    }
}

/// channels_redis sends to a single channel by its whole name, and receives by the part before the `!`: on
/// several servers, its own processes miss such messages (django/channels#1492).
#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_is_on_the_wrong_server_arrives() {
    let server = Server::start();
    let shard = |number| RedisHost::url(&server.url()).unwrap().database(number);
    let layer = layer_with(&server, |options| options.shard(shard(1)).shard(shard(2))).await;
    let one = layer_with(&server, |options| options).await;
    let mut mailbox = layer.new_channel("specific").await.unwrap();

    // a layer that knows the first server alone puts everything there
    one.send(mailbox.name(), Envelope::new(Note { number: 1 })).await.unwrap();
    assert_eq!(next(&mut mailbox).await, 1);
    for database in [1, 2] {
        let one = RedisLayer::with_options(channels_layer::RedisOptions::new(shard(database))).await.unwrap();
        one.send(mailbox.name(), Envelope::new(Note { number: 2 })).await.unwrap();
        assert_eq!(next(&mut mailbox).await, 2);
    }
}

/// A queue of a new kind of channel is received on at once, and not when a wait ends.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn channels_of_any_prefix_are_received_on() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mut mailboxes = Vec::new();
    for number in 0..20 {
        mailboxes.push(layer.new_channel(&format!("kind-{number}")).await.unwrap());
    }

    for (number, mailbox) in mailboxes.iter_mut().enumerate() {
        layer.send(mailbox.name(), Envelope::new(Note { number: number as u64 })).await.unwrap();
        assert_eq!(next(mailbox).await, number as u64);
    }
}

/// channels_redis copies a message when it hands it out, and deletes the copy when it has done so.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_a_process_that_died_was_handed_out_is_taken_back_and_nothing_else() {
    const HAND_OUT: &str = "
        for _ = 1, 2 do
            local taken = redis.call('ZPOPMIN', 'asgijobs')
            redis.call('ZADD', 'asgijobs$inflight', taken[2], taken[1])
        end";
    let server = Server::start();
    let layer = layer(&server).await;
    let jobs = channel("jobs");
    for number in [1, 2] {
        layer.send(&jobs, Envelope::new(Note { number })).await.unwrap();
    }
    redis::cmd("EVAL").arg(HAND_OUT).arg(0).exec(&mut server.client()).unwrap();
    let mut worker = layer.receive(&jobs).await.unwrap();
    // one of them lives, and is done with the first while we wait
    tokio::time::timeout(Duration::from_secs(1), worker.recv()).await.unwrap_err();
    server.ask::<()>("ZREMRANGEBYRANK asgijobs$inflight 0 0");

    assert_eq!(next(&mut worker).await, 2);
    tokio::time::timeout(Duration::from_millis(100), worker.recv()).await.unwrap_err();
    assert_eq!(server.ask::<u64>("EXISTS asgijobs$inflight"), 0);
}

/// It is not sent again to them, and it waits in nobody's way.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn members_on_a_server_that_is_well_get_an_event_though_another_server_is_away() {
    let (well, mut away) = (Server::start(), Server::start());
    let soon = Duration::from_millis(200);
    let wait = OnOutage::Queue { events: 10, bytes: 1 << 20, for_at_most: soon };
    let options = RedisOptions::url(&well.url()).unwrap().shard(RedisHost::url(&away.url()).unwrap());
    let layer = RedisLayer::with_options(options.time_limit(soon).on_outage(wait)).await.unwrap();
    let sent = async |server: &Server, name: &ChannelName| {
        layer.send(name, Envelope::new(Note { number: 0 })).await.unwrap();
        server.ask::<usize>(&format!("ZCARD asgi{}", name.non_local())) == 1
    };
    // a queue on each server, and a group whose members the first one knows
    let names: Vec<_> = (0..20).map(|number| channel(&format!("specific.{number}!x"))).collect();
    let mut places = Vec::new();
    for name in &names {
        places.push(sent(&well, name).await);
    }
    let on = |is_well: bool| &names[places.iter().position(|&place| place == is_well).unwrap()];
    let rooms: Vec<_> = (0..20).map(|number| group(&format!("room-{number}"))).collect();
    for room in &rooms {
        layer.group_add(room, on(true)).await.unwrap();
        layer.group_add(room, on(false)).await.unwrap();
    }
    let room = rooms.iter().find(|room| !members(&well, room.as_str()).is_empty()).unwrap();
    let queue = format!("ZCARD asgi{}", on(true).non_local());

    away.kill();
    // by then it is known to be away
    layer.send(on(false), Envelope::new(Note { number: 1 })).await.unwrap_err();
    let partly = layer.group_send(room, Envelope::new(Note { number: 2 })).await;
    layer.send(on(true), Envelope::new(Note { number: 3 })).await.unwrap();

    assert!(matches!(partly, Err(LayerError::Unavailable(_))), "{partly:?}");
    assert_eq!(well.ask::<usize>(&queue), 3);
    assert_eq!(layer.outbox().waiting, 0);
}
