//! A subscription gets all that is sent to a group, for as long as its mailbox lives.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    run::{LIFETIME, Maker, eventually},
    subject::group,
};
use crate::Retention;

/// It gets what one sender sends to the group, in the order it was sent.
pub async fn a_subscriber_gets_what_is_sent_to_its_group(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut subscriber = layer.subscriber(&room).await;

    for number in 0..50 {
        layer.group_send(&room, number).await;
    }

    assert_eq!(subscriber.rest().await, Vec::from_iter(0..50));
}

/// It gets nothing else, neither from a group of a similar name nor what is sent to a single member.
pub async fn a_subscriber_gets_nothing_of_other_groups(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let (room, attic) = (group("room.1"), group("room.11"));
    let mut subscriber = layer.subscriber(&room).await;
    let mut elsewhere = layer.subscriber(&attic).await;
    let member = layer.member(&room).await;

    layer.group_send(&attic, 1).await;
    layer.send(member.name(), 2).await;
    layer.group_send(&room, 3).await;

    assert_eq!(subscriber.rest().await, [3]);
    assert_eq!(elsewhere.rest().await, [1]);
}

/// Subscriptions and members do not take events from each other, nor double them.
pub async fn a_subscriber_and_a_member_get_an_event_once_each(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut member = layer.member(&room).await;
    let (mut one, mut other) = (layer.subscriber(&room).await, layer.subscriber(&room).await);

    layer.group_send(&room, 1).await;

    assert_eq!(member.rest().await, [1]);
    assert_eq!(one.rest().await, [1]);
    assert_eq!(other.rest().await, [1]);
}

/// It ends with its mailbox, and leaves other subscriptions of the group alone.
pub async fn a_dropped_subscription_ends(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let dropped = layer.subscriber(&room).await;
    let mut living = layer.subscriber(&room).await;

    drop(dropped);
    layer.group_send(&room, 1).await;
    assert_eq!(living.rest().await, [1]);

    drop(living);
    layer.nobody_gets(&room).await;
}

/// It outlives the group expiry by itself.
pub async fn a_subscription_needs_no_renewal(maker: Maker) {
    /// Longer than the group expiry, even if that is rounded up to a second or two.
    const LONG: Duration = Duration::from_millis(2500);
    let layer = maker.layer(Retention::default().group_expiry(LIFETIME)).await;
    let room = group("room");
    let mut subscriber = layer.subscriber(&room).await;

    sleep(LONG).await;

    // on a machine that stalls, the layer itself may be late with its renewal
    eventually("an event for a subscription older than the group expiry", async || {
        layer.group_send(&room, 1).await;
        subscriber.rest().await == [1]
    })
    .await;
}

/// It holds many more events than one channel may, since it serves many members at once.
pub async fn a_subscription_holds_more_than_a_channel(maker: Maker) {
    let layer = maker.layer(Retention::default().capacity(1)).await;
    let room = group("room");
    let mut subscriber = layer.subscriber(&room).await;

    for number in 0..100 {
        layer.group_send(&room, number).await;
    }

    assert_eq!(subscriber.rest().await, Vec::from_iter(0..100));
}

/// A flush is not its end: the mailbox still lives.
pub async fn a_subscription_outlives_a_flush(maker: Maker) {
    let layer = maker.layer(Retention::default().group_expiry(LIFETIME)).await;
    let room = group("room");
    let mut subscriber = layer.subscriber(&room).await;

    layer.flush().await;

    eventually("an event for a subscription older than a flush", async || {
        layer.group_send(&room, 1).await;
        subscriber.rest().await == [1]
    })
    .await;
}
