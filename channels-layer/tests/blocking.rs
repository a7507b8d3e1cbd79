//! The layer from threads that cannot await.

use std::{panic::catch_unwind, thread};

use channels_layer::{
    BlockingLayer, ChannelName, Delivery, Group, Layer, LayerError, MemoryLayer, Retention,
};

use crate::events::{number_of, numbered};

fn layer(capacity: usize) -> Layer {
    Layer::new(MemoryLayer::new(Retention::default().capacity(capacity)))
}

fn room() -> Group {
    Group::named("room").unwrap()
}

/// Runs on a plain thread while the runtime goes on.
async fn on_a_thread<T: Send + 'static>(task: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(|| thread::spawn(task).join().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_plain_thread_reaches_a_channel_and_a_group() {
    let layer = layer(10);
    let mut member = layer.new_channel("specific").await.unwrap();
    layer.group_add(&room(), member.name()).await.unwrap();
    let (blocking, name) = (layer.blocking(), member.name().clone());

    let delivery = on_a_thread(move || {
        blocking.send(&name, numbered(1)).unwrap();
        blocking.group_send(&room(), numbered(2)).unwrap()
    })
    .await;

    assert_eq!(delivery, Delivery { delivered: 1, dropped: 0 });
    assert_eq!(number_of(&member.recv().await.unwrap()), 1);
    assert_eq!(number_of(&member.recv().await.unwrap()), 2);
}

#[tokio::test]
async fn a_plain_thread_learns_that_a_channel_is_full() {
    let layer = layer(1);
    let jobs = ChannelName::new("jobs").unwrap();
    let (blocking, name) = (layer.blocking(), jobs.clone());

    let refused = on_a_thread(move || {
        blocking.send(&name, numbered(1)).unwrap();
        blocking.send(&name, numbered(2))
    })
    .await;

    assert!(matches!(refused, Err(LayerError::ChannelFull { channel, capacity: 1 }) if channel == jobs));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_plain_threads_send_at_once_and_each_keeps_its_order() {
    const THREADS: u64 = 8;
    const EACH: u64 = 100;
    let layer = layer(10);
    let mut subscription = layer.subscribe(&room()).await.unwrap();

    let threads = Vec::from_iter((0..THREADS).map(|thread| {
        let blocking: BlockingLayer = layer.blocking();
        thread::spawn(move || {
            for number in 0..EACH {
                blocking.group_send(&room(), numbered(thread * EACH + number)).unwrap();
            }
        })
    }));
    let mut numbers = Vec::new();
    for _ in 0..THREADS * EACH {
        numbers.push(number_of(&subscription.recv().await.unwrap()));
    }
    for thread in threads {
        thread.join().unwrap();
    }

    // stable: what one thread sent keeps the order in which it arrived
    numbers.sort_by_key(|number| number / EACH);
    assert_eq!(numbers, Vec::from_iter(0..THREADS * EACH));
}

#[tokio::test]
#[should_panic(expected = "runtime")]
async fn a_thread_that_runs_tasks_is_told_to_await() {
    let blocking = layer(1).blocking();

    blocking.group_send(&room(), numbered(1)).unwrap();
}

#[test]
fn without_a_runtime_there_is_no_blocking_handle() {
    let layer = layer(1);

    assert!(catch_unwind(std::panic::AssertUnwindSafe(|| layer.blocking())).is_err());
}
