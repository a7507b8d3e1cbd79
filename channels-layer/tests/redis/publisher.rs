//! Programs that send and never receive.

use channels_layer::{
    BlockingRedisPublisher, ChannelLayer, Delivery, Envelope, LayerError, RedisOptions, RedisPubSubLayer,
    RedisPublisher,
};

use super::{Note, Server, channel, eventually, group, layer, next, soon};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_publisher_reaches_groups_and_channels_with_one_connection() {
    let server = Server::start();
    let publisher = RedisPublisher::connect(&server.url()).await.unwrap();
    // the other is the one that asks
    assert_eq!(server.ask::<String>("CLIENT LIST TYPE normal").lines().count(), 2);
    let layer = layer(&server).await;
    let mut subscriber = layer.subscribe(&group("room")).await.unwrap();
    let mut own = layer.new_channel("specific").await.unwrap();
    let mut worker = layer.receive(&channel("jobs")).await.unwrap();

    let delivery = publisher.group_send(&group("room"), Note { number: 1 }).await.unwrap();
    publisher.send(own.name(), Note { number: 2 }).await.unwrap();
    let untyped = Envelope::from_json(br#"{"type": "note.made", "number": 3}"#).unwrap();
    publisher.forward_to(&channel("jobs"), untyped).await.unwrap();

    assert_eq!(delivery, Delivery { delivered: 1, dropped: 0 });
    assert_eq!(next(&mut subscriber).await, 1);
    assert_eq!(next(&mut own).await, 2);
    assert_eq!(next(&mut worker).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_publisher_reaches_those_who_are_subscribed() {
    let server = Server::start();
    let options = RedisOptions::url(&server.url()).unwrap();
    let publisher = RedisPublisher::pub_sub(options.clone()).await.unwrap();
    let layer = RedisPubSubLayer::with_options(options).await.unwrap();
    let mut subscriber = layer.subscribe(&group("room")).await.unwrap();
    let mut own = layer.new_channel("specific").await.unwrap();

    let delivery = publisher.group_send(&group("room"), Note { number: 1 }).await.unwrap();
    publisher.send(own.name(), Note { number: 2 }).await.unwrap();

    assert_eq!(delivery, Delivery { delivered: 1, dropped: 0 });
    assert_eq!(next(&mut subscriber).await, 1);
    assert_eq!(next(&mut own).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_program_without_a_runtime_publishes_and_leaves_nothing_behind() {
    let server = Server::start();
    let url = server.url();
    let layer = layer(&server).await;
    let mut subscriber = layer.subscribe(&group("room")).await.unwrap();
    let mut worker = layer.receive(&channel("jobs")).await.unwrap();
    let before = server.ask::<String>("CLIENT LIST TYPE normal").lines().count();

    let program = std::thread::spawn(move || {
        let publisher = BlockingRedisPublisher::connect(&url)?;
        publisher.send(&channel("jobs"), Note { number: 1 })?;
        publisher.group_send(&group("room"), Note { number: 2 })
    });

    assert_eq!(next(&mut worker).await, 1);
    assert_eq!(next(&mut subscriber).await, 2);
    soon("the program to end", async {
        while !program.is_finished() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(program.join().unwrap().unwrap(), Delivery { delivered: 1, dropped: 0 });
    eventually("its connection to end", async || {
        // one that waits for jobs may have come meanwhile
        server.ask::<String>("CLIENT LIST TYPE normal").lines().count() <= before + 1
    })
    .await;
}

#[test]
#[ignore = "needs redis-server"]
fn a_full_channel_and_a_server_that_is_away_are_told_without_a_runtime() {
    let mut server = Server::start();
    let options = RedisOptions::url(&server.url()).unwrap().time_limit(std::time::Duration::from_millis(200));
    let publisher = BlockingRedisPublisher::with_options(options.clone()).unwrap();
    for number in 0..100 {
        publisher.send(&channel("jobs"), Note { number }).unwrap();
    }

    let full = publisher.send(&channel("jobs"), Note { number: 100 });
    server.kill();
    let away = publisher.send(&channel("jobs"), Note { number: 101 });

    assert!(matches!(full, Err(LayerError::ChannelFull { capacity: 100, .. })), "{full:?}");
    assert!(matches!(away, Err(LayerError::Unavailable(_))), "{away:?}");
    let refused = BlockingRedisPublisher::with_options(options);
    assert!(matches!(refused, Err(LayerError::Unavailable(_))), "{refused:?}");
}
