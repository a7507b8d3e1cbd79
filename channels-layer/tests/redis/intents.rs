//! What channels_redis tests of its core layer (`test_core.py`, `test_serializers.py`), under the names it has there.
//!
//! | there | here |
//! | --- | --- |
//! | `test_sentinel.py` | the same layer found by other means: `topologies` |
//! | `test_serialize`, `test_deserialize`, serializers' vectors | the bytes themselves: `src/wire/vectors.rs`, `src/redis/queue/vectors.rs` |
//! | `test_utils.py`: `_consistent_hash` | `src/redis/ring.rs` |
//! | serializer classes that are none, a format nobody registered | do not compile: a format is a value, a serializer a trait |

use std::{collections::HashSet, time::Duration};

use channels_layer::{
    ChannelLayer, ChannelName, Delivery, Envelope, LayerError, RedisHost, Retention,
    wire::{Format, Message, Serializer},
};

use super::{Note, Server, channel, eventually, group, layer, layer_that_keeps, layer_with, next, soon};

fn note(number: u64) -> Envelope {
    Envelope::new(Note { number })
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_send_receive() {
    let server = Server::start();
    let layer = layer(&server).await;
    let jobs = channel("test-channel-1");

    layer.send(&jobs, note(1)).await.unwrap();

    assert_eq!(next(&mut layer.receive(&jobs).await.unwrap()).await, 1);
}

/// On two runtimes, as there on two event loops.
#[test]
#[ignore = "needs redis-server"]
fn test_double_receive() {
    let server = Server::start();
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (one, other) = (runtime(), runtime());
    let layer = one.block_on(layer(&server));

    for runtime in [&one, &other, &one] {
        runtime.block_on(async {
            let mut mailbox = layer.new_channel("specific").await.unwrap();
            layer.send(mailbox.name(), note(1)).await.unwrap();
            assert_eq!(next(&mut mailbox).await, 1);
        });
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_send_capacity() {
    let server = Server::start();
    let layer = layer_that_keeps(&server, Retention::default().capacity(3)).await;
    let jobs = channel("test-channel-1");
    for number in 0..3 {
        layer.send(&jobs, note(number)).await.unwrap();
    }

    let refused = layer.send(&jobs, note(3)).await;

    assert!(matches!(refused, Err(LayerError::ChannelFull { capacity: 3, .. })), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_send_specific_capacity() {
    let server = Server::start();
    let retention = Retention::default().capacity(3).channel_capacity("one", 1).unwrap();
    let layer = layer_that_keeps(&server, retention).await;
    layer.send(&channel("one"), note(0)).await.unwrap();

    let refused = layer.send(&channel("one"), note(1)).await;

    assert!(matches!(refused, Err(LayerError::ChannelFull { capacity: 1, .. })), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_process_local_send_receive() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mut mailbox = layer.new_channel("specific").await.unwrap();

    layer.send(mailbox.name(), note(1)).await.unwrap();

    assert_eq!(next(&mut mailbox).await, 1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_multi_send_receive() {
    let server = Server::start();
    let layer = layer(&server).await;
    let jobs = channel("test-channel-3");
    for number in 0..3 {
        layer.send(&jobs, note(number)).await.unwrap();
    }

    let mut mailbox = layer.receive(&jobs).await.unwrap();

    for number in 0..3 {
        assert_eq!(next(&mut mailbox).await, number);
    }
}

#[test]
fn test_reject_bad_channel() {
    for name in ["=+135!", "", "!a", "a b"] {
        ChannelName::new(name).unwrap_err();
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_reject_bad_client_prefix() {
    let server = Server::start();
    let layer = layer(&server).await;

    let refused = layer.receive(&channel("not-client-prefix!local_part")).await;

    assert!(matches!(refused, Err(LayerError::Specific(_))), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_groups_basic() {
    let server = Server::start();
    let layer = layer(&server).await;
    let room = group("test-group");
    let mut members = Vec::new();
    for _ in 0..3 {
        let mailbox = layer.new_channel("test-gr-chan").await.unwrap();
        layer.group_add(&room, mailbox.name()).await.unwrap();
        members.push(mailbox);
    }
    layer.group_discard(&room, members[1].name()).await.unwrap();

    let delivery = layer.group_send(&room, note(1)).await.unwrap();
    layer.send(members[1].name(), note(2)).await.unwrap();

    assert_eq!(delivery, Delivery { delivered: 2, dropped: 0 });
    assert_eq!(next(&mut members[0]).await, 1);
    assert_eq!(next(&mut members[2]).await, 1);
    assert_eq!(next(&mut members[1]).await, 2);
}

/// Members of one process are bundled: one message in Redis for all of them.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_groups_same_prefix() {
    let server = Server::start();
    let layer = layer(&server).await;
    let room = group("test-group");
    let members = ["specific.another!one", "specific.another!two", "specific.third!one"];
    for member in members {
        layer.group_add(&room, &channel(member)).await.unwrap();
    }

    let delivery = layer.group_send(&room, note(1)).await.unwrap();

    assert_eq!(delivery, Delivery { delivered: 3, dropped: 0 });
    assert_eq!(server.ask::<usize>("ZCARD asgispecific.another!"), 1);
    assert_eq!(server.ask::<usize>("ZCARD asgispecific.third!"), 1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_groups_channel_full() {
    let server = Server::start();
    let layer = layer_that_keeps(&server, Retention::default().capacity(1)).await;
    let room = group("test-group");
    layer.group_add(&room, &channel("jobs")).await.unwrap();

    for number in 0..3 {
        layer.group_send(&room, note(number)).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_groups_multiple_hosts() {
    let server = Server::start();
    let shard = |number| RedisHost::url(&server.url()).unwrap().database(number);
    let layer =
        layer_with(&server, |options| (1..10).map(shard).fold(options, |all, one| all.shard(one))).await;
    let rooms: Vec<_> = (0..20).map(|number| group(&format!("room-{number}"))).collect();
    let mut mailbox = layer.new_channel("specific").await.unwrap();
    for room in &rooms {
        layer.group_add(room, mailbox.name()).await.unwrap();
    }

    for (number, room) in rooms.iter().enumerate() {
        layer.group_send(room, note(number as u64)).await.unwrap();
        assert_eq!(next(&mut mailbox).await, number as u64);
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_groups_multiple_hosts_performance() {
    for members in [1, 10, 100] {
        let server = Server::start();
        let shard = |number| RedisHost::url(&server.url()).unwrap().database(number);
        let layer =
            layer_with(&server, |options| (1..10).map(shard).fold(options, |all, one| all.shard(one))).await;
        let room = group("test-group");
        let mut mailboxes = Vec::new();
        for _ in 0..members {
            let mailbox = layer.new_channel("specific").await.unwrap();
            layer.group_add(&room, mailbox.name()).await.unwrap();
            mailboxes.push(mailbox);
        }

        let all = async {
            layer.group_send(&room, note(1)).await.unwrap();
            for mailbox in &mut mailboxes {
                assert_eq!(next(mailbox).await, 1);
            }
        };
        tokio::time::timeout(Duration::from_secs(5), all).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_group_send_capacity() {
    let server = Server::start();
    let layer = layer_that_keeps(&server, Retention::default().capacity(3)).await;
    let room = group("test-group");
    layer.group_add(&room, &channel("jobs")).await.unwrap();
    for number in 0..3 {
        layer.group_send(&room, note(number)).await.unwrap();
    }

    assert_eq!(layer.group_send(&room, note(3)).await.unwrap(), Delivery { delivered: 0, dropped: 1 });

    let mut mailbox = layer.receive(&channel("jobs")).await.unwrap();
    for number in 0..3 {
        assert_eq!(next(&mut mailbox).await, number);
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_group_send_capacity_multiple_channels() {
    let server = Server::start();
    let layer = layer_that_keeps(&server, Retention::default().capacity(1)).await;
    let room = group("test-group");
    for name in ["full", "empty"] {
        layer.group_add(&room, &channel(name)).await.unwrap();
    }
    layer.send(&channel("full"), note(0)).await.unwrap();

    assert_eq!(layer.group_send(&room, note(1)).await.unwrap(), Delivery { delivered: 1, dropped: 1 });
}

/// From plain threads, as there through `async_to_sync`.
#[test]
#[ignore = "needs redis-server"]
fn test_repeated_group_send_with_async_to_sync() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let blocking = runtime.block_on(async { channels_layer::Layer::new(layer(&server).await).blocking() });

    let thread = std::thread::spawn(move || {
        for number in 0..10 {
            blocking.group_send(&group("channel_name_1"), Note { number }).unwrap();
        }
    });

    thread.join().unwrap();
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_receive_cancel() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mut mailbox = layer.new_channel("specific").await.unwrap();

    for number in 0..30 {
        drop(tokio::time::timeout(Duration::from_millis(1), mailbox.recv()).await);
        layer.send(mailbox.name(), note(number)).await.unwrap();
        assert_eq!(next(&mut mailbox).await, number);
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_random_reset_channel_name() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mut names = HashSet::new();

    for _ in 0..100 {
        names.insert(layer.new_channel("specific").await.unwrap().name().clone());
    }

    assert_eq!(names.len(), 100);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_random_reset_client_prefix() {
    let server = Server::start();
    let mut queues = HashSet::new();

    for _ in 0..10 {
        let mailbox = layer(&server).await.new_channel("specific").await.unwrap();
        queues.insert(mailbox.name().non_local().to_owned());
    }

    assert_eq!(queues.len(), 10, "two processes share a queue");
}

/// Each message expires by its own age, to the whole second.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_message_expiry_earliest_message_expires() {
    let server = Server::start();
    let layer = layer_that_keeps(&server, Retention::default().expiry(Duration::from_secs(3))).await;
    let jobs = channel("jobs");
    layer.send(&jobs, note(1)).await.unwrap();
    let mut client = server.client();
    let waiting: Vec<Vec<u8>> =
        redis::cmd("ZRANGE").arg("asgijobs").arg(0).arg(-1).query(&mut client).unwrap();
    redis::cmd("ZINCRBY").arg("asgijobs").arg(-5).arg(&waiting[0]).exec(&mut client).unwrap();

    layer.send(&jobs, note(2)).await.unwrap();

    assert_eq!(server.ask::<usize>("ZCARD asgijobs"), 1);
    assert_eq!(next(&mut layer.receive(&jobs).await.unwrap()).await, 2);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_message_expiry_all_messages_under_expiration_time() {
    let server = Server::start();
    let layer = layer_that_keeps(&server, Retention::default().expiry(Duration::from_secs(30))).await;
    let jobs = channel("jobs");
    for number in 0..3 {
        layer.send(&jobs, note(number)).await.unwrap();
    }

    let mut mailbox = layer.receive(&jobs).await.unwrap();

    for number in 0..3 {
        assert_eq!(next(&mut mailbox).await, number);
    }
    assert_eq!(server.ask::<i64>("EXISTS asgijobs"), 0);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_message_expiry_group_send() {
    let server = Server::start();
    let layer = layer_that_keeps(&server, Retention::default().expiry(Duration::from_secs(1))).await;
    let room = group("room");
    layer.group_add(&room, &channel("jobs")).await.unwrap();
    layer.group_send(&room, note(1)).await.unwrap();

    eventually("a queue to expire", async || server.ask::<i64>("EXISTS asgijobs") == 0).await;
}

/// There it is expected to fail: all keys of a group's channels expire together.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_message_expiry_group_send_one_channel_expires_message() {
    let server = Server::start();
    let layer = layer_that_keeps(&server, Retention::default().expiry(Duration::from_secs(3))).await;
    let (room, busy, idle) = (group("room"), channel("busy"), channel("idle"));
    for jobs in [&busy, &idle] {
        layer.group_add(&room, jobs).await.unwrap();
    }
    layer.group_send(&room, note(1)).await.unwrap();
    let mut client = server.client();
    let waiting: Vec<Vec<u8>> =
        redis::cmd("ZRANGE").arg("asgiidle").arg(0).arg(-1).query(&mut client).unwrap();
    redis::cmd("ZINCRBY").arg("asgiidle").arg(-5).arg(&waiting[0]).exec(&mut client).unwrap();

    layer.group_send(&room, note(2)).await.unwrap();

    let (mut busy, mut idle) = (layer.receive(&busy).await.unwrap(), layer.receive(&idle).await.unwrap());
    assert_eq!([next(&mut busy).await, next(&mut busy).await], [1, 2]);
    assert_eq!(next(&mut idle).await, 2);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_default_group_key_format() {
    let server = Server::start();
    let layer = layer(&server).await;

    layer.group_add(&group("test_group"), &channel("jobs")).await.unwrap();

    assert_eq!(server.ask::<Vec<String>>("ZRANGE asgi:group:test_group 0 -1"), ["jobs"]);
    assert_eq!(server.ask::<u64>("TTL asgi:group:test_group"), 86_400);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_custom_group_key_format() {
    let server = Server::start();
    let layer = layer_with(&server, |options| options.prefix("test_prefix")).await;

    layer.group_add(&group("test_group"), &channel("jobs")).await.unwrap();

    assert_eq!(server.ask::<Vec<String>>("ZRANGE test_prefix:group:test_group 0 -1"), ["jobs"]);
}

/// There, the last 100 of 10,000; here the first, as in every channel that is full.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_receive_buffer_respects_capacity() {
    let server = Server::start();
    let layer =
        layer_that_keeps(&server, Retention::default().channel_capacity("specific*", 100).unwrap()).await;
    let (mut slow, mut quick) =
        (layer.new_channel("specific").await.unwrap(), layer.new_channel("specific").await.unwrap());
    for number in 0..1_000 {
        layer.send(slow.name(), note(number)).await.unwrap();
        if number % 50 == 49 {
            // what was sent has been taken out of Redis when this arrives
            layer.send(quick.name(), note(number)).await.unwrap();
            assert_eq!(next(&mut quick).await, number);
        }
    }

    for number in 0..100 {
        assert_eq!(next(&mut slow).await, number);
    }
    assert!(slow.try_recv().is_none());
}

/// A serializer of one's own, as in `test_serializers.py`.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_custom_serializer() {
    struct Reversed;
    impl Serializer for Reversed {
        fn serialize(&self, message: &Message) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
            let mut bytes = serde_json::to_vec(message)?;
            bytes.reverse();
            Ok(bytes)
        }
        fn deserialize(&self, bytes: &[u8]) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
            let bytes: Vec<_> = bytes.iter().rev().copied().collect();
            Ok(serde_json::from_slice(&bytes)?)
        }
    }
    let server = Server::start();
    let layer = layer_with(&server, |options| options.format(Format::custom(Reversed))).await;
    let room = group("room");
    let mut mailbox = layer.subscribe(&room).await.unwrap();

    layer.group_send(&room, note(7)).await.unwrap();

    assert_eq!(next(&mut mailbox).await, 7);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_message_that_cannot_be_read_harms_nobody() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mut mailbox = layer.new_channel("specific").await.unwrap();
    let mut client = server.client();
    let queue = format!("asgi{}", mailbox.name().non_local());
    for bytes in [&b"short"[..], b"twelve bytes and no message", &[0; 4_000]] {
        redis::cmd("ZADD").arg(&queue).arg(4e9).arg(bytes).exec(&mut client).unwrap();
    }

    layer.send(mailbox.name(), note(1)).await.unwrap();

    assert_eq!(next(&mut mailbox).await, 1);
    eventually("the queue to be empty", async || server.ask::<i64>(&format!("EXISTS {queue}")) == 0).await;
    soon("the layer to go on", layer.send(mailbox.name(), note(2))).await.unwrap();
    assert_eq!(next(&mut mailbox).await, 2);
}
