//! What channels_redis tests of its pub/sub layer (`test_pubsub.py`), under the names it has there.
//!
//! | there | here |
//! | --- | --- |
//! | `test_pubsub_sentinel.py` | the same layer found by other means: `topologies` |
//! | `test_serialize`, `test_deserialize` | the bytes themselves: `src/redis/pubsub/vectors.rs` |
//! | `test_loop_instance_channel_layer_reference`, `test_proxied_methods_coroutine_check` | there is no proxy with a layer for each event loop: one layer serves all runtimes |

use std::{collections::HashSet, time::Duration};

use channels_layer::{BlockingLayer, ChannelLayer, Layer, Mailbox};
use tokio::{
    runtime::{Handle, Runtime},
    time::timeout,
};

use super::{Note, Server, channel, delivered, eventually, group, layer, next, note, send};
use crate::redis::outage::{next_note, send_until_taken, until_gap};

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_send_receive() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mut mailbox = layer.new_channel("specific").await.unwrap();

    layer.send(mailbox.name(), note(1)).await.unwrap();

    assert_eq!(next(&mut mailbox).await, 1);
}

/// On two runtimes, as there on two event loops.
#[test]
#[ignore = "needs redis-server"]
fn test_multi_event_loop_garbage_collection() {
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
async fn test_multi_send_receive() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mut mailbox = layer.new_channel("specific").await.unwrap();

    for number in 0..3 {
        layer.send(mailbox.name(), note(number)).await.unwrap();
    }

    for number in 0..3 {
        assert_eq!(next(&mut mailbox).await, number);
    }
}

/// There, that no task is left when the event loop ends.
#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_layer_close() {
    let server = Server::start();
    let tasks = Handle::current().metrics().num_alive_tasks();
    let layer = layer(&server).await;
    let mut mailbox = layer.new_channel("specific").await.unwrap();
    layer.send(mailbox.name(), note(1)).await.unwrap();
    assert_eq!(next(&mut mailbox).await, 1);

    layer.close().await.unwrap();
    drop(layer);

    assert!(mailbox.recv().await.is_none());
    eventually("all tasks to end", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
}

/// A plain thread's handle on a layer, and the mailbox it sends to.
fn blocking(server: &Server) -> (Runtime, BlockingLayer, Mailbox) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (blocking, mailbox) = runtime.block_on(async {
        let layer = Layer::new(layer(server).await);
        let mailbox = layer.new_channel("specific").await.unwrap();
        (layer.blocking(), mailbox)
    });
    (runtime, blocking, mailbox)
}

/// From a plain thread, as there through `async_to_sync`.
#[test]
#[ignore = "needs redis-server"]
fn test_send_receive_sync() {
    let server = Server::start();
    let (runtime, blocking, mut mailbox) = blocking(&server);

    blocking.send(mailbox.name(), Note { number: 1 }).unwrap();

    assert_eq!(runtime.block_on(next(&mut mailbox)), 1);
}

#[test]
#[ignore = "needs redis-server"]
fn test_multi_send_receive_sync() {
    let server = Server::start();
    let (runtime, blocking, mut mailbox) = blocking(&server);

    for number in 0..3 {
        blocking.send(mailbox.name(), Note { number }).unwrap();
    }

    for number in 0..3 {
        assert_eq!(runtime.block_on(next(&mut mailbox)), number);
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_groups_same_prefix() {
    let server = Server::start();
    let layer = layer(&server).await;
    let room = group("test-group");
    let mut members = Vec::new();
    for _ in 0..3 {
        let mailbox = layer.new_channel("test-gr-chan").await.unwrap();
        layer.group_add(&room, mailbox.name()).await.unwrap();
        members.push(mailbox);
    }

    send(&layer, &room, 1).await.unwrap();

    for member in &mut members {
        assert_eq!(next(member).await, 1);
        assert!(member.try_recv().is_none());
    }
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

    assert_eq!(send(&layer, &room, 1).await.unwrap(), delivered(1));

    assert_eq!(next(&mut members[0]).await, 1);
    assert_eq!(next(&mut members[2]).await, 1);
    layer.send(members[1].name(), note(2)).await.unwrap();
    assert_eq!(next(&mut members[1]).await, 2);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_receive_on_non_owned_general_channel() {
    let server = Server::start();
    let (one, other) = (layer(&server).await, layer(&server).await);
    let general = channel("non-owned-channel");
    let mut mailbox = one.receive(&general).await.unwrap();

    other.send(&general, note(1)).await.unwrap();

    assert_eq!(next(&mut mailbox).await, 1);
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
async fn test_receive_hang() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mut mailbox = layer.new_channel("test-channel").await.unwrap();

    timeout(Duration::from_millis(50), mailbox.recv()).await.unwrap_err();

    layer.send(mailbox.name(), note(1)).await.unwrap();
    assert_eq!(next(&mut mailbox).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn test_auto_reconnect() {
    let server = Server::start();
    let layer = layer(&server).await;
    let room = group("test-group");
    let mut members = Vec::new();
    for _ in 0..3 {
        let mailbox = layer.new_channel("test-gr-chan").await.unwrap();
        layer.group_add(&room, mailbox.name()).await.unwrap();
        members.push(mailbox);
    }

    server.ask::<()>("CLIENT KILL TYPE pubsub");
    until_gap(&mut members[1]).await;
    layer.group_discard(&room, members[1].name()).await.unwrap();
    server.ask::<()>("CLIENT KILL TYPE pubsub");
    until_gap(&mut members[1]).await;
    send_until_taken(&layer, &room, 1).await;

    assert_eq!(next_note(&mut members[0]).await, 1);
    assert_eq!(next_note(&mut members[2]).await, 1);
    assert!(members[1].try_recv().is_none());
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn test_discard_before_add() {
    let server = Server::start();
    let layer = layer(&server).await;
    let mailbox = layer.new_channel("test-gr-chan").await.unwrap();

    layer.group_discard(&group("test-group"), mailbox.name()).await.unwrap();
}
