//! What a layer within one process can promise, since it knows every mailbox.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{join, time::sleep};

use super::{
    capacity::room,
    run::{Maker, on_a_thread, on_threads, within},
    subject::{channel, group},
};
use crate::{Delivery, LayerError, Retention};

/// A mailbox is full like any channel, and whoever sends to it learns that.
pub async fn a_full_mailbox_refuses_and_says_how_much_it_holds(maker: Maker) {
    let retention = Retention::default().capacity(5).channel_capacity("specific.*", 3);
    let layer = maker.layer(retention.expect("a check's pattern is bad")).await;
    let mut listener = layer.listener().await;
    for number in 0..3 {
        layer.send(listener.name(), number).await;
    }

    let refused = layer.offer(listener.name(), 3).await;

    match refused {
        Err(LayerError::ChannelFull { channel, capacity }) => {
            assert_eq!((&channel, capacity), (listener.name(), 3));
        }
        other => panic!("the fourth event for a mailbox of three came to {other:?}"),
    }
    assert_eq!(listener.rest().await, [0, 1, 2]);
}

/// Each mailbox has room of its own.
pub async fn a_full_mailbox_does_not_limit_another(maker: Maker) {
    let layer = maker.layer(Retention::default().capacity(3)).await;
    let (full, mut other) = (layer.listener().await, layer.listener().await);
    room(&layer, full.name()).await;

    for number in 0..3 {
        layer.send(other.name(), number).await;
    }

    assert_eq!(other.rest().await, [0, 1, 2]);
}

/// A [`Delivery`] counts members: those that took the event, and those that were full.
pub async fn a_delivery_tells_how_many_got_it_and_how_many_missed_it(maker: Maker) {
    let layer = maker.layer(Retention::default().capacity(2)).await;
    let room = group("room");
    let (_ann, _bob, full) =
        (layer.member(&room).await, layer.member(&room).await, layer.member(&room).await);
    for number in 0..2 {
        layer.send(full.name(), number).await;
    }

    assert_eq!(layer.group_send(&room, 2).await, Delivery { delivered: 2, dropped: 1 });

    drop(full);
    assert_eq!(layer.group_send(&room, 3).await, Delivery { delivered: 2, dropped: 0 });
}

/// When a mailbox has been dropped, the next event for its group does not go there.
pub async fn a_dropped_mailbox_is_gone_at_once(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let (member, subscriber) = (layer.member(&room).await, layer.subscriber(&room).await);
    assert_eq!(layer.group_send(&room, 1).await.delivered, 2);

    drop(member);
    assert_eq!(layer.group_send(&room, 2).await.delivered, 1);

    drop(subscriber);
    assert_eq!(layer.group_send(&room, 3).await, Delivery::default());
}

/// Where several mailboxes on one channel wait and as many events come, none goes on waiting.
pub async fn every_receiver_that_waits_is_woken(maker: Maker) {
    const ROUNDS: usize = 200;
    const RECEIVERS: usize = 3;
    let layer = maker.layer(Retention::default()).await;
    let jobs = channel("jobs");
    let (mut one, mut two, mut three) =
        (layer.receiver(&jobs).await, layer.receiver(&jobs).await, layer.receiver(&jobs).await);

    // all of them wait by the time the first event is sent
    let send = async {
        for number in 0..RECEIVERS as u64 {
            layer.send(&jobs, number).await;
        }
    };
    let (first, second, third, ()) = join!(one.next(), two.next(), three.next(), send);
    let mut numbers = [first, second, third];
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2]);
    drop((one, two, three));

    // some are about to wait
    for _ in 0..ROUNDS {
        let (receiving, channel) = (layer.clone(), jobs.clone());
        let receive = on_threads(RECEIVERS, async move |_| receiving.receiver(&channel).await.next().await);
        let (mut numbers, ()) = join!(receive, async {
            for number in 0..RECEIVERS as u64 {
                layer.send(&jobs, number).await;
            }
        });
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
    }
}

/// Mailboxes on one channel that give up waiting and are dropped leave each event for another.
pub async fn receivers_that_come_and_go_lose_nothing(maker: Maker) {
    const EVENTS: usize = 300;
    let layer = maker.layer(Retention::default().capacity(EVENTS)).await;
    let jobs = channel("jobs");
    let received = Arc::new(AtomicUsize::new(0));

    let (sender, to) = (layer.clone(), jobs.clone());
    let send = on_a_thread(async move || {
        for number in 0..EVENTS as u64 {
            sender.send(&to, number).await;
            if number % 5 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let receive = on_threads(3, async move |_| {
        let mut numbers = Vec::new();
        while received.load(Ordering::Relaxed) < EVENTS {
            let mut passing = layer.receiver(&jobs).await;
            for micros in [0, 500, 1500] {
                let number = passing.next_within(Duration::from_micros(micros)).await;
                received.fetch_add(number.iter().len(), Ordering::Relaxed);
                numbers.extend(number);
            }
        }
        numbers
    });
    let (numbers, ()) = join!(within("receivers that come and go to get all events", receive), send);

    let mut numbers = numbers.concat();
    numbers.sort_unstable();
    assert_eq!(numbers, Vec::from_iter(0..EVENTS as u64));
}
