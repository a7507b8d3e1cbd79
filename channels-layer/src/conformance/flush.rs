//! A flush makes a layer as good as new, for tests.

use tokio::time::sleep;

use super::{
    listener::NOTHING,
    run::{Maker, sooner_or_later},
    subject::{channel, group},
};
use crate::Retention;

/// Events that wait are gone, those of mailboxes and those of normal channels.
pub async fn a_flush_forgets_events(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let jobs = channel("jobs");
    let mut listener = layer.listener().await;

    // what is still under way to a mailbox cannot be taken back
    sooner_or_later("events are forgotten", async |wait| {
        layer.send(listener.name(), 1).await;
        layer.send(&jobs, 2).await;
        sleep(wait).await;
        layer.flush().await;
        let mut worker = layer.receiver(&jobs).await;
        listener.rest().await.is_empty() && worker.rest().await.is_empty()
    })
    .await;
}

/// No channel is in a group any more.
pub async fn a_flush_forgets_memberships(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut worker = layer.receiver(&channel("jobs")).await;
    let mut member = layer.member(&room).await;
    layer.add(&room, worker.name()).await;

    layer.flush().await;
    layer.group_send(&room, 1).await;

    assert_eq!(member.rest().await, NOTHING);
    assert_eq!(worker.rest().await, NOTHING);
}

/// A mailbox from before a flush receives what is sent after it, and can join groups again.
pub async fn mailboxes_work_after_a_flush(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let mut worker = layer.receiver(&channel("jobs")).await;
    let mut member = layer.member(&room).await;

    layer.flush().await;
    layer.send(worker.name(), 1).await;
    layer.send(member.name(), 2).await;
    layer.add(&room, member.name()).await;
    layer.add(&room, worker.name()).await;
    layer.group_send(&room, 3).await;

    // the channel may be on another server than the group: then nothing says which comes first
    let mut jobs = [worker.next().await, worker.next().await];
    jobs.sort_unstable();
    assert_eq!(jobs, [1, 3]);
    assert_eq!(worker.rest().await, NOTHING);
    assert_eq!(member.rest().await, [2, 3]);
}
