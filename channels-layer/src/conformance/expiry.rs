//! Nothing is kept for longer than a layer was told to.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    run::{LIFETIME, Maker, sooner_or_later},
    subject::group,
};
use crate::Retention;

/// An event that waits for longer than the expiry is not received, whether it was sent to a channel or to a
/// group.
pub async fn events_that_nobody_received_in_time_are_dropped(maker: Maker) {
    let layer = maker.layer(Retention::default().expiry(LIFETIME)).await;
    let room = group("room");
    let mut member = layer.member(&room).await;

    sooner_or_later("events that nobody received are dropped", async |wait| {
        layer.send(member.name(), 1).await;
        layer.group_send(&room, 2).await;
        sleep(wait).await;
        member.rest().await.is_empty()
    })
    .await;
}

/// Events that expired do not keep later ones from being received.
pub async fn events_behind_expired_ones_arrive(maker: Maker) {
    let layer = maker.layer(Retention::default().expiry(LIFETIME)).await;
    let mut listener = layer.listener().await;

    sooner_or_later("an event behind expired ones arrives, and they do not", async |wait| {
        for number in [1, 2] {
            layer.send(listener.name(), number).await;
        }
        sleep(wait).await;
        layer.send(listener.name(), 3).await;
        listener.rest().await == [3]
    })
    .await;
}

/// A channel that is not added again within the group expiry is no member any more. Events do not renew it.
pub async fn a_membership_that_is_not_renewed_lapses(maker: Maker) {
    let layer = maker.layer(Retention::default().group_expiry(LIFETIME)).await;
    let room = group("room");
    let mut member = layer.member(&room).await;

    sooner_or_later("a channel that was not added again leaves the group", async |wait| {
        layer.group_send(&room, 1).await;
        member.rest().await;
        sleep(wait).await;
        layer.group_send(&room, 2).await;
        member.rest().await.is_empty()
    })
    .await;
}

/// A channel that is added again in time stays a member for longer than the group expiry.
pub async fn a_membership_that_is_renewed_stays(maker: Maker) {
    const GROUP_EXPIRY: Duration = Duration::from_secs(1);
    let layer = maker.layer(Retention::default().group_expiry(GROUP_EXPIRY)).await;
    let room = group("room");

    sooner_or_later("a channel that is added again in time stays in the group", async |_| {
        let mut member = layer.member(&room).await;
        for _ in 0..10 {
            sleep(GROUP_EXPIRY / 4).await;
            layer.add(&room, member.name()).await;
        }
        layer.group_send(&room, 1).await;
        member.rest().await == [1]
    })
    .await;
}
