//! What is sent to a channel arrives there, once, in order, and nowhere else.

use std::{collections::HashSet, time::Duration};

use tokio::{join, time::sleep};

use super::{
    run::{Maker, on_a_thread, on_threads, within},
    subject::channel,
};
use crate::{LayerError, Retention};

/// More than any check here sends.
const ROOM: usize = 10_000;

/// A mailbox gets what one sender sends in the order it was sent.
pub async fn events_arrive_in_the_order_sent(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let mut listener = layer.listener().await;

    for number in 0..50 {
        layer.send(listener.name(), number).await;
    }

    assert_eq!(listener.rest().await, Vec::from_iter(0..50));
}

/// The same on a normal channel.
pub async fn events_on_a_normal_channel_arrive_in_the_order_sent(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let mut receiver = layer.receiver(&channel("jobs")).await;

    for number in 0..50 {
        layer.send(receiver.name(), number).await;
    }

    assert_eq!(receiver.rest().await, Vec::from_iter(0..50));
}

/// An event reaches the channel it was sent to and no other, whatever they have in common.
pub async fn a_channel_gets_no_events_of_another(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let (mut one, mut other) = (layer.listener().await, layer.listener().await);
    let (mut jobs, mut mails) =
        (layer.receiver(&channel("jobs")).await, layer.receiver(&channel("mails")).await);

    for (number, listener) in [(1, &one), (2, &other), (3, &jobs), (4, &mails)] {
        layer.send(listener.name(), number).await;
    }

    assert_eq!(one.rest().await, [1]);
    assert_eq!(other.rest().await, [2]);
    assert_eq!(jobs.rest().await, [3]);
    assert_eq!(mails.rest().await, [4]);
}

/// No two new channels share a name, on whichever thread they are made.
pub async fn new_channels_have_names_of_their_own(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;

    let names = on_threads(4, async move |_| {
        let mut names = Vec::new();
        for _ in 0..50 {
            names.push(layer.listener().await.name().clone());
        }
        names
    })
    .await
    .concat();

    assert_eq!(HashSet::<_>::from_iter(&names).len(), names.len(), "two channels have one name");
}

/// The name of a new channel shows the prefix that was asked for. A layer may put its own before it.
pub async fn the_name_of_a_new_channel_has_its_prefix(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;

    let mailbox = layer.layer().new_channel("thumb-nails.v_2").await.expect("a new channel was refused");

    let name = mailbox.name();
    assert!(name.as_str().contains("thumb-nails.v_2"), "{name} does not have its prefix");
}

/// It begins with that prefix, and its `!` says that it belongs to one mailbox.
pub async fn the_name_of_a_new_channel_says_that_it_is_of_one_mailbox(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;

    let mailbox = layer.layer().new_channel("thumb-nails.v_2").await.expect("a new channel was refused");

    let name = mailbox.name();
    assert!(name.as_str().starts_with("thumb-nails.v_2"), "{name} does not begin with its prefix");
    assert!(name.is_specific(), "{name} is the name of a normal channel");
}

/// A prefix with characters that names do not have, or too many of them, is a [`LayerError::Name`].
pub async fn a_prefix_that_makes_no_name_is_refused(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;

    for prefix in ["with space", "slash/es", "colon:s", "gr\u{fc}n", "one!two", &"long".repeat(25)] {
        let made = layer.layer().new_channel(prefix).await;
        assert!(matches!(made, Err(LayerError::Name(_))), "the prefix {prefix:?} came to {made:?}");
    }
}

/// Whoever sends to a mailbox that was dropped is not told.
pub async fn sending_to_a_channel_that_is_gone_is_no_error(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let gone = layer.listener().await.name().clone();
    let mut living = layer.listener().await;

    layer.send(&gone, 1).await;
    layer.send(living.name(), 2).await;

    assert_eq!(living.rest().await, [2]);
}

/// A send is done when the layer has the event, received or not.
pub async fn a_sender_does_not_wait_for_a_receiver(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let mut listener = layer.listener().await;

    let everything = async {
        for number in 0..50 {
            layer.send(listener.name(), number).await;
        }
    };
    within("a sender whose events nobody receives", everything).await;

    assert_eq!(listener.rest().await, Vec::from_iter(0..50));
}

/// A `recv` that is dropped while it waits takes nothing with it.
pub async fn a_receiver_that_gives_up_waiting_loses_nothing(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let mut listener = layer.listener().await;

    for number in 0..10 {
        assert_eq!(listener.next_within(Duration::from_millis(5)).await, None, "nobody sent anything");
        layer.send(listener.name(), number).await;
        assert_eq!(listener.next().await, number);
    }
}

/// Nor does one that is dropped at the moment an event arrives: it is either returned or still there.
pub async fn a_receiver_that_gives_up_as_events_arrive_loses_none(maker: Maker) {
    const EVENTS: usize = 300;
    let layer = maker.layer(Retention::default().capacity(ROOM)).await;
    let mut listener = layer.listener().await;
    let name = listener.name().clone();

    let sending = on_a_thread(async move || {
        for number in 0..EVENTS as u64 {
            layer.send(&name, number).await;
            if number % 5 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
    });
    let receiving = within("all events, by a receiver that often gives up", async {
        let mut numbers = Vec::new();
        for turn in 0.. {
            numbers.extend(listener.next_within(Duration::from_micros(turn % 4 * 500)).await);
            if numbers.len() == EVENTS {
                break;
            }
        }
        numbers
    });
    let (numbers, ()) = join!(receiving, sending);

    assert_eq!(numbers, Vec::from_iter(0..EVENTS as u64));
}

/// Of what several threads send to one channel at once, all arrives, and that of each in its order.
pub async fn threads_that_send_at_once_each_keep_their_order(maker: Maker) {
    const THREADS: u64 = 4;
    const EACH: u64 = 100;
    let layer = maker.layer(Retention::default().capacity(ROOM)).await;
    let mut listener = layer.listener().await;
    let name = listener.name().clone();

    on_threads(THREADS as usize, async move |thread| {
        for number in 0..EACH {
            layer.send(&name, thread as u64 * EACH + number).await;
        }
    })
    .await;

    let mut numbers = listener.rest().await;
    // stable: what one thread sent keeps the order in which it arrived
    numbers.sort_by_key(|number| number / EACH);
    assert_eq!(numbers, Vec::from_iter(0..THREADS * EACH));
}
