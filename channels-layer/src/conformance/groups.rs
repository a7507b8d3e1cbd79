//! What is sent to a group reaches its members, each once, and nobody else.

use super::{
    listener::NOTHING,
    run::Maker,
    subject::{channel, group},
};
use crate::Retention;

/// Of those who joined, those who have not left get it.
pub async fn a_group_reaches_its_members_and_nobody_else(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let (mut ann, mut bob) = (layer.member(&room).await, layer.member(&room).await);
    let mut left = layer.member(&room).await;
    let mut stranger = layer.listener().await;

    layer.discard(&room, left.name()).await;
    layer.group_send(&room, 1).await;

    assert_eq!(ann.rest().await, [1]);
    assert_eq!(bob.rest().await, [1]);
    assert_eq!(left.rest().await, NOTHING);
    assert_eq!(stranger.rest().await, NOTHING);
}

/// To add a channel again changes nothing but how long it stays.
pub async fn a_channel_added_twice_gets_an_event_once(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut member = layer.member(&room).await;

    layer.add(&room, member.name()).await;
    layer.group_send(&room, 1).await;

    assert_eq!(member.rest().await, [1]);
}

/// A channel that was added twice need not be discarded twice.
pub async fn a_channel_added_twice_leaves_at_once(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut member = layer.member(&room).await;

    layer.add(&room, member.name()).await;
    layer.discard(&room, member.name()).await;
    layer.group_send(&room, 1).await;

    assert_eq!(member.rest().await, NOTHING);
}

/// Neither for a channel that never joined, nor for one that left before, nor for a group that never was.
pub async fn discarding_what_is_no_member_is_no_error(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut member = layer.member(&room).await;
    let mut stranger = layer.listener().await;

    layer.discard(&room, stranger.name()).await;
    layer.discard(&group("attic"), member.name()).await;
    layer.discard(&room, &channel("jobs")).await;
    layer.add(&room, stranger.name()).await;
    layer.discard(&room, stranger.name()).await;
    layer.discard(&room, stranger.name()).await;
    layer.group_send(&room, 1).await;

    assert_eq!(member.rest().await, [1]);
    assert_eq!(stranger.rest().await, NOTHING);
}

/// To send to a group without members is no error, and whoever joins later does not get it.
pub async fn a_group_without_members_reaches_nobody(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut stranger = layer.listener().await;

    let delivery = layer.group_send(&room, 1).await;
    let mut late = layer.member(&room).await;

    assert_eq!((delivery.delivered, delivery.dropped), (0, 0), "an event for nobody was delivered");
    assert_eq!(late.rest().await, NOTHING);
    assert_eq!(stranger.rest().await, NOTHING);
}

/// Groups whose names have much in common are still different groups.
pub async fn groups_do_not_leak_into_each_other(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let names = ["room", "room.1", "room.11", "room-1", "Room", "oom"];
    let mut members = Vec::new();
    for name in names {
        members.push(layer.member(&group(name)).await);
    }

    for (number, name) in names.into_iter().enumerate() {
        layer.group_send(&group(name), number as u64).await;
    }

    for (number, member) in members.iter_mut().enumerate() {
        assert_eq!(member.rest().await, [number as u64], "of {}", names[number]);
    }
}

/// A channel may be in several groups, and an event for two of them is two events.
pub async fn a_channel_gets_the_events_of_all_its_groups(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let rooms = ["kitchen", "attic", "cellar"].map(group);
    let mut member = layer.listener().await;
    for room in &rooms {
        layer.add(room, member.name()).await;
    }

    for (number, room) in rooms.iter().enumerate() {
        layer.group_send(room, number as u64).await;
    }

    assert_eq!(member.rest().await, [0, 1, 2]);
}

/// A channel that leaves one of its groups stays in the others.
pub async fn leaving_one_group_keeps_the_others(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let (kitchen, attic) = (group("kitchen"), group("attic"));
    let mut member = layer.member(&kitchen).await;
    layer.add(&attic, member.name()).await;

    layer.discard(&kitchen, member.name()).await;
    layer.group_send(&kitchen, 1).await;
    layer.group_send(&attic, 2).await;

    assert_eq!(member.rest().await, [2]);
}

/// A group may have the name of a normal channel. Neither gets what is sent to the other.
pub async fn a_group_and_a_channel_of_one_name_are_two_things(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let name = channel("lobby");
    let mut receiver = layer.receiver(&name).await;
    let mut member = layer.member(&group(name.as_str())).await;

    layer.send(&name, 1).await;
    layer.group_send(&group(name.as_str()), 2).await;

    assert_eq!(receiver.rest().await, [1]);
    assert_eq!(member.rest().await, [2]);
}

/// A worker's channel may be in a group, and leaves it as any other.
pub async fn a_normal_channel_can_be_in_a_group(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut worker = layer.receiver(&channel("jobs")).await;

    layer.add(&room, worker.name()).await;
    layer.group_send(&room, 1).await;
    // the channel may be on another server than the group, where what is sent later arrives sooner
    assert_eq!(worker.next().await, 1);
    assert_eq!(worker.rest().await, NOTHING);

    layer.discard(&room, worker.name()).await;
    layer.group_send(&room, 2).await;
    assert_eq!(worker.rest().await, NOTHING);
}

/// A member gets what one sender sends to its group in the order it was sent.
pub async fn events_of_a_group_arrive_in_the_order_sent(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let (mut ann, mut bob) = (layer.member(&room).await, layer.member(&room).await);

    for number in 0..50 {
        layer.group_send(&room, number).await;
    }

    assert_eq!(ann.rest().await, Vec::from_iter(0..50));
    assert_eq!(bob.rest().await, Vec::from_iter(0..50));
}

/// A member that does not receive misses events. The sender is not disturbed, the others get them all, and the
/// slow one gets new ones once it has caught up.
pub async fn a_full_member_is_no_error_and_others_miss_nothing(maker: Maker) {
    let layer = maker.layer(Retention::default().capacity(3)).await;
    let room = group("room");
    let (mut slow, mut quick) = (layer.member(&room).await, layer.member(&room).await);

    for number in 0..10 {
        layer.group_send(&room, number).await;
        assert_eq!(quick.next().await, number);
    }
    assert_eq!(quick.rest().await, NOTHING);

    let held = slow.rest().await;
    assert!(held.is_sorted_by(|one, next| one < next) && held.len() <= 10, "it got {held:?}");
    layer.group_send(&room, 10).await;
    assert_eq!(slow.next().await, 10);
}
