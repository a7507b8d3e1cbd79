//! A normal channel is a queue: it keeps events for whoever receives on it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    run::{Maker, on_threads, within},
    subject::channel,
};
use crate::Retention;

/// Events may be sent before anybody receives, and stay when a receiver goes.
pub async fn events_wait_on_a_normal_channel_until_somebody_receives(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let jobs = channel("jobs");

    for number in 0..3 {
        layer.send(&jobs, number).await;
    }
    assert_eq!(layer.receiver(&jobs).await.rest().await, [0, 1, 2]);

    // nobody receives any more
    for number in 3..6 {
        layer.send(&jobs, number).await;
    }
    assert_eq!(layer.receiver(&jobs).await.rest().await, [3, 4, 5]);
}

/// Of several mailboxes on one channel, on threads of their own, one gets each event.
pub async fn each_event_goes_to_one_of_several_receivers(maker: Maker) {
    const EVENTS: usize = 200;
    let layer = maker.layer(Retention::default().capacity(EVENTS)).await;
    let jobs = channel("jobs");
    for number in 0..EVENTS as u64 {
        layer.send(&jobs, number).await;
    }

    let received = Arc::new(AtomicUsize::new(0));
    let working = on_threads(3, async move |_| {
        let mut worker = layer.receiver(&jobs).await;
        let mut numbers = Vec::new();
        while received.load(Ordering::Relaxed) < EVENTS {
            let number = worker.next_within(Duration::from_millis(20)).await;
            received.fetch_add(number.iter().len(), Ordering::Relaxed);
            numbers.extend(number);
            tokio::task::yield_now().await;
        }
        numbers
    });
    let mut numbers = within("several receivers to get all events", working).await.concat();

    numbers.sort_unstable();
    assert_eq!(numbers, Vec::from_iter(0..EVENTS as u64));
}
