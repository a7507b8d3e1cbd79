//! Publishing and subscribing: what reaches whom.

mod cluster;
mod faults;
mod intents;

use std::collections::BTreeSet;

use channels_layer::{
    ChannelLayer, Delivery, Envelope, LayerError, RedisHost, RedisOptions, RedisPubSubLayer,
    RedisPubSubStats, Retention,
};

use super::{
    Note, Server, channel, eventually, group, next,
    outage::{LIMIT, send},
    soon,
};

async fn layer_with(server: &Server, options: impl FnOnce(RedisOptions) -> RedisOptions) -> RedisPubSubLayer {
    RedisPubSubLayer::with_options(options(RedisOptions::url(&server.url()).unwrap())).await.unwrap()
}

async fn layer(server: &Server) -> RedisPubSubLayer {
    layer_with(server, |options| options).await
}

async fn quick_layer(server: &Server) -> RedisPubSubLayer {
    layer_with(server, |options| options.time_limit(LIMIT)).await
}

fn note(number: u64) -> Envelope {
    Envelope::new(Note { number })
}

fn delivered(processes: usize) -> Delivery {
    Delivery { delivered: processes, dropped: 0 }
}

/// The topics that somebody is subscribed to.
fn topics(server: &Server) -> BTreeSet<String> {
    server.ask::<Vec<String>>("PUBSUB CHANNELS").into_iter().collect()
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_group_costs_one_subscription_however_many_are_in_it() {
    let server = Server::start();
    let (one, other) = (layer(&server).await, layer(&server).await);
    let room = group("room");
    let mut mailboxes = Vec::new();
    for layer in [&one, &other] {
        for _ in 0..10 {
            mailboxes.push(layer.subscribe(&room).await.unwrap());
            let member = layer.new_channel("specific").await.unwrap();
            layer.group_add(&room, member.name()).await.unwrap();
            mailboxes.push(member);
        }
    }

    assert_eq!(send(&one, &room, 1).await.unwrap(), delivered(2));

    for mailbox in &mut mailboxes {
        assert_eq!(next(mailbox).await, 1);
    }
    assert_eq!(server.ask::<Vec<String>>("PUBSUB NUMSUB asgi__group__room")[1], "2");
    assert_eq!(topics(&server).len(), 21);
    drop(mailboxes);
    eventually("all to be unsubscribed", async || topics(&server).is_empty()).await;
    for layer in [one, other] {
        eventually("nothing to be left", async || layer.stats() == RedisPubSubStats::default()).await;
    }
}

/// Each process gets what is sent to a normal channel, and shares it among its own mailboxes.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_normal_channel_reaches_each_process() {
    let server = Server::start();
    let (one, other) = (layer(&server).await, layer(&server).await);
    let jobs = channel("jobs");
    one.send(&jobs, note(0)).await.unwrap();
    let mut first = one.receive(&jobs).await.unwrap();
    let mut second = one.receive(&jobs).await.unwrap();
    let mut elsewhere = other.receive(&jobs).await.unwrap();

    one.send(&jobs, note(1)).await.unwrap();
    one.send(&jobs, note(2)).await.unwrap();

    assert_eq!([next(&mut first).await, next(&mut second).await], [1, 2]);
    assert_eq!([next(&mut elsewhere).await, next(&mut elsewhere).await], [1, 2]);
    assert!(first.try_recv().is_none() && second.try_recv().is_none() && elsewhere.try_recv().is_none());
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn channels_of_others_are_refused_with_a_word_on_what_to_do() {
    let server = Server::start();
    let (one, other) = (layer(&server).await, layer(&server).await);
    let mailbox = other.new_channel("specific").await.unwrap();
    let own = one.new_channel("specific").await.unwrap();

    let refused = one.group_add(&group("room"), mailbox.name()).await.unwrap_err();

    assert!(matches!(&refused, LayerError::Elsewhere(channel) if channel == mailbox.name()), "{refused:?}");
    for specific in [own.name(), &channel("specific.other!one")] {
        let refused = one.receive(specific).await.unwrap_err();
        assert!(matches!(refused, LayerError::Specific(_)), "{refused:?}");
    }
    assert_eq!(send(&one, &group("room"), 1).await.unwrap(), delivered(0));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn several_servers_have_their_share() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let host = |server: &Server| RedisHost::url(&server.url()).unwrap();
    let shared = |options: RedisOptions| options.shard(host(&servers[1])).shard(host(&servers[2]));
    let (one, other) = (layer_with(&servers[0], shared).await, layer_with(&servers[0], shared).await);
    let mut mailboxes = Vec::new();
    for number in 0..30 {
        let room = group(&format!("room-{number}"));
        mailboxes.push((other.subscribe(&room).await.unwrap(), room));
    }

    for (number, (mailbox, room)) in mailboxes.iter_mut().enumerate() {
        let number = number as u64;
        assert_eq!(send(&one, room, number).await.unwrap(), delivered(1));
        assert_eq!(next(mailbox).await, number);
    }
    let shares = servers.each_ref().map(|server| topics(server).len());
    assert!(shares.iter().all(|share| *share > 0) && shares.iter().sum::<usize>() == 30, "{shares:?}");
}

/// The servers of a Redis Cluster pass on to each other what is published, and each counts its own subscribers.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_cluster_carries_it_from_one_server_to_another() {
    let ((one, _), (other, bus)) = (Server::start_in_cluster(), Server::start_in_cluster());
    one.ask::<()>(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", other.port()));
    let room = group("room");
    let (here, there) = (layer(&one).await, layer(&other).await);
    let mut mailbox = there.subscribe(&room).await.unwrap();

    eventually("the servers to meet, and an event to arrive", async || {
        assert_eq!(send(&here, &room, 1).await.unwrap(), delivered(0));
        there.stats().waiting > 0
    })
    .await;

    assert_eq!(next(&mut mailbox).await, 1);
    assert_eq!(send(&there, &room, 1).await.unwrap(), delivered(1));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_user_needs_few_rights_and_one_channel_that_is_refused_takes_no_other_with_it() {
    const RULES: &str = "resetchannels &asgi* -@all +publish +subscribe +unsubscribe +ping +hello";
    let server = Server::start();
    let mut client = server.client();
    let mut rules = redis::cmd("ACL");
    rules.arg("SETUSER").arg("ann").arg("on").arg(">s3cret");
    rules.arg(RULES.split(' ').collect::<Vec<_>>());
    rules.exec(&mut client).unwrap();
    let host = RedisHost::url(&server.url()).unwrap().login("ann", "s3cret");
    let layer = RedisPubSubLayer::with_options(RedisOptions::new(host)).await.unwrap();

    let (room, jobs) = (group("room"), channel("jobs"));
    let (subscribed, refused) = tokio::join!(layer.subscribe(&room), layer.receive(&jobs));

    let mut mailbox = subscribed.unwrap();
    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
    assert_eq!(send(&layer, &room, 1).await.unwrap(), delivered(1));
    assert_eq!(next(&mut mailbox).await, 1);
    assert_eq!(layer.stats(), RedisPubSubStats { groups: 1, topics: 1, ..RedisPubSubStats::default() });
}

/// Who does not receive loses events of its own, and holds nobody else up.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_full_mailbox_drops_what_comes() {
    let server = Server::start();
    let layer = layer_with(&server, |options| options.retention(Retention::default().capacity(3))).await;
    let room = group("room");
    let mut slow = layer.new_channel("specific").await.unwrap();
    layer.group_add(&room, slow.name()).await.unwrap();
    let mut quick = layer.subscribe(&room).await.unwrap();

    for number in 0..100 {
        send(&layer, &room, number).await.unwrap();
    }

    for number in 0..100 {
        assert_eq!(next(&mut quick).await, number);
    }
    assert_eq!([next(&mut slow).await, next(&mut slow).await, next(&mut slow).await], [0, 1, 2]);
    assert!(slow.try_recv().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_layer_that_ends_closes_its_mailboxes_and_connections() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mut mailbox = layer.subscribe(&group("room")).await.unwrap();
    send(&layer, &group("room"), 1).await.unwrap();

    eventually("the event to arrive", async || layer.stats().waiting == 1).await;
    drop(layer);

    assert_eq!(next(&mut mailbox).await, 1);
    assert!(soon("the end", mailbox.recv()).await.is_none());
    eventually("the connections to be closed", async || {
        server.ask::<String>("CLIENT LIST").lines().count() == 1
    })
    .await;
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_that_is_not_there_is_an_error_at_the_start() {
    let port = super::server::free_port();

    let refused = RedisPubSubLayer::connect(&format!("redis://127.0.0.1:{port}/")).await;

    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
    assert!(matches!(RedisPubSubLayer::connect("http://127.0.0.1/").await, Err(LayerError::Host(_))));
}
