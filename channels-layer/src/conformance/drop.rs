//! A mailbox that is dropped is gone: from its groups, and from everybody's way.

use std::time::Duration;

use tokio::{join, time::sleep};

use super::{
    run::{Maker, on_a_thread, on_threads},
    subject::group,
};
use crate::Retention;

/// Nobody has to discard a channel whose mailbox was dropped, from however many groups.
pub async fn a_dropped_mailbox_leaves_its_groups(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let (kitchen, attic) = (group("kitchen"), group("attic"));
    let gone = layer.member(&kitchen).await;
    layer.add(&attic, gone.name()).await;
    let mut living = layer.member(&attic).await;

    drop(gone);
    layer.nobody_gets(&kitchen).await;
    layer.group_send(&attic, 1).await;
    assert_eq!(living.rest().await, [1]);

    drop(living);
    layer.nobody_gets(&attic).await;
}

/// A channel that is added after its mailbox was dropped does not become a member.
pub async fn a_channel_that_is_gone_joins_no_group(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let gone = layer.listener().await.name().clone();

    layer.add(&room, &gone).await;

    layer.nobody_gets(&room).await;
}

/// Whichever comes first, the last word has the drop.
pub async fn a_mailbox_dropped_while_it_joins_does_not_stay(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");

    for _ in 0..100 {
        let listener = layer.listener().await;
        let name = listener.name().clone();
        let (layer, room) = (layer.clone(), room.clone());
        let joining = on_a_thread(async move || layer.add(&room, &name).await);
        let dropping = on_a_thread(async move || drop(listener));
        join!(joining, dropping);
    }

    layer.nobody_gets(&room).await;
}

/// However many mailboxes join a group and are dropped, on however many threads: in the end it has no members.
pub async fn mailboxes_that_come_and_go_leave_nothing_that_receives(maker: Maker) {
    let layer = maker.layer(Retention::default()).await;
    let room = group("room");
    let (churned, churning) = (layer.clone(), room.clone());

    on_threads(4, async move |thread| {
        for turn in 0..100 {
            let member = churned.member(&churning).await;
            if turn % 4 == thread {
                churned.discard(&churning, member.name()).await;
            }
            if turn % 4 == 3 {
                churned.group_send(&churning, 1).await;
            }
        }
    })
    .await;

    layer.nobody_gets(&room).await;
}

/// Who stays gets every event, in order, however many come and go meanwhile.
pub async fn mailboxes_dropped_while_others_send_disturb_nobody(maker: Maker) {
    const EVENTS: u64 = 200;
    let layer = maker.layer(Retention::default().capacity(10_000)).await;
    let room = group("room");
    let mut steady = layer.member(&room).await;
    let (churned, churning) = (layer.clone(), room.clone());

    let come_and_go = on_threads(3, async move |_| {
        for _ in 0..EVENTS {
            drop(churned.member(&churning).await);
        }
    });
    let (sent, sending) = (layer.clone(), room.clone());
    let send = on_a_thread(async move || {
        for number in 0..EVENTS {
            sent.group_send(&sending, number).await;
            if number % 10 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
    });
    join!(come_and_go, send);

    assert_eq!(steady.rest().await, Vec::from_iter(0..EVENTS));
    drop(steady);
    layer.nobody_gets(&room).await;
}
