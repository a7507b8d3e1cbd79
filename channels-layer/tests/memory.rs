//! What a memory layer does beyond the conformance suite: it counts, shares, and keeps no leftovers.
//!
//! Time stands still in most of these tests, and goes on when they sleep.

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use channels_layer::{
    ChannelLayer, ChannelName, Delivery, Envelope, Group, Layer, MemoryLayer, MemoryStats, Retention,
    metrics::{EVENTS_DROPPED, Reason},
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::{runtime::Builder, time::sleep};

use crate::events::{Numbered, number_of, numbered};

const EXPIRY: Duration = Duration::from_secs(60);
/// How long anything may take that is about to happen.
const PATIENCE: Duration = Duration::from_secs(10);
const GROUP_EXPIRY: Duration = Duration::from_secs(300);

fn layer() -> (MemoryLayer, Layer) {
    let memory = MemoryLayer::new(Retention::default().capacity(3).expiry(EXPIRY).group_expiry(GROUP_EXPIRY));
    (memory.clone(), Layer::new(memory))
}

fn group(name: &str) -> Group {
    Group::named(name).unwrap()
}

fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).unwrap()
}

/// Runs with a clock that stands still, and tells how many events were counted as dropped, by reason.
fn dropped_during(test: impl Future<Output = ()>) -> BTreeMap<String, u64> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(test));
    let mut dropped = BTreeMap::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        if let (EVENTS_DROPPED, DebugValue::Counter(count)) = (key.key().name(), value) {
            let labels = key.key().labels().map(|label| format!("{}={}", label.key(), label.value()));
            dropped.insert(labels.collect(), count);
        }
    }
    dropped
}

fn dropped_for(reason: Reason, count: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([(format!("reason={}", reason.as_str()), count)])
}

#[tokio::test(start_paused = true)]
async fn channels_groups_members_and_waiting_events_are_counted() {
    let (memory, layer) = layer();

    let ann = layer.new_channel("specific").await.unwrap();
    let bob = layer.new_channel("specific").await.unwrap();
    let _worker = layer.receive(&channel("jobs")).await.unwrap();
    layer.group_add(&group("kitchen"), ann.name()).await.unwrap();
    layer.group_add(&group("kitchen"), bob.name()).await.unwrap();
    layer.group_add(&group("attic"), ann.name()).await.unwrap();
    layer.group_send(&group("kitchen"), numbered(1)).await.unwrap();
    layer.send(&channel("mails"), numbered(2)).await.unwrap();

    assert_eq!(memory.stats(), MemoryStats { channels: 4, groups: 2, members: 3, waiting: 3 });
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_when_all_mailboxes_are_dropped() {
    let (memory, layer) = layer();
    let mailbox = layer.new_channel("specific").await.unwrap();
    let subscription = layer.subscribe(&group("kitchen")).await.unwrap();
    let (one, other) =
        (layer.receive(&channel("jobs")).await.unwrap(), layer.receive(&channel("jobs")).await.unwrap());
    layer.group_add(&group("kitchen"), mailbox.name()).await.unwrap();
    layer.group_add(&group("attic"), mailbox.name()).await.unwrap();
    layer.group_send(&group("kitchen"), numbered(1)).await.unwrap();

    drop((mailbox, subscription, one, other));

    assert_eq!(memory.stats(), MemoryStats::default());
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_leaves_the_last_of_its_groups_leaves_no_group_behind() {
    let (memory, layer) = layer();
    let mailbox = layer.new_channel("specific").await.unwrap();
    layer.group_add(&group("kitchen"), mailbox.name()).await.unwrap();
    layer.group_add(&group("jobs"), &channel("jobs")).await.unwrap();

    layer.group_discard(&group("kitchen"), mailbox.name()).await.unwrap();
    layer.group_discard(&group("jobs"), &channel("jobs")).await.unwrap();

    assert_eq!(memory.stats(), MemoryStats { channels: 1, ..MemoryStats::default() });
}

#[tokio::test(start_paused = true)]
async fn a_normal_channel_is_forgotten_when_its_events_were_received() {
    let (memory, layer) = layer();
    layer.send(&channel("jobs"), numbered(1)).await.unwrap();
    assert_eq!(memory.stats(), MemoryStats { channels: 1, waiting: 1, ..MemoryStats::default() });

    let mut worker = layer.receive(&channel("jobs")).await.unwrap();
    assert_eq!(number_of(&worker.recv().await.unwrap()), 1);
    drop(worker);

    assert_eq!(memory.stats(), MemoryStats::default());
}

#[tokio::test(start_paused = true)]
async fn a_normal_channel_whose_events_expired_is_forgotten_and_leaves_its_groups() {
    let (memory, layer) = layer();
    layer.group_add(&group("kitchen"), &channel("jobs")).await.unwrap();
    layer.group_send(&group("kitchen"), numbered(1)).await.unwrap();
    assert_eq!(memory.stats(), MemoryStats { channels: 1, groups: 1, members: 1, waiting: 1 });

    sleep(EXPIRY).await;
    layer.group_send(&group("attic"), numbered(2)).await.unwrap();

    assert_eq!(memory.stats(), MemoryStats::default());
}

#[tokio::test(start_paused = true)]
async fn an_event_is_received_until_its_expiry_and_not_after_it() {
    let (_, layer) = layer();
    let mut mailbox = layer.new_channel("specific").await.unwrap();

    layer.send(mailbox.name(), numbered(1)).await.unwrap();
    sleep(EXPIRY / 2).await;
    layer.send(mailbox.name(), numbered(2)).await.unwrap();
    sleep(EXPIRY / 2).await;

    assert_eq!(mailbox.try_recv().as_ref().map(number_of), Some(2));
    assert!(mailbox.try_recv().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_membership_that_lapsed_is_forgotten_with_the_next_event() {
    let (memory, layer) = layer();
    let mut mailbox = layer.new_channel("specific").await.unwrap();
    layer.group_add(&group("kitchen"), mailbox.name()).await.unwrap();
    sleep(GROUP_EXPIRY - Duration::from_secs(1)).await;
    layer.group_add(&group("kitchen"), mailbox.name()).await.unwrap();

    sleep(GROUP_EXPIRY - Duration::from_secs(1)).await;
    assert_eq!(layer.group_send(&group("kitchen"), numbered(1)).await.unwrap().delivered, 1);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(layer.group_send(&group("kitchen"), numbered(2)).await.unwrap(), Delivery::default());

    assert_eq!(mailbox.try_recv().as_ref().map(number_of), Some(1));
    assert_eq!(memory.stats(), MemoryStats { channels: 1, ..MemoryStats::default() });
}

#[tokio::test(start_paused = true)]
async fn a_flush_leaves_mailboxes_and_subscriptions_alone() {
    let (memory, layer) = layer();
    let mailbox = layer.new_channel("specific").await.unwrap();
    let _subscription = layer.subscribe(&group("kitchen")).await.unwrap();
    layer.group_add(&group("kitchen"), mailbox.name()).await.unwrap();
    layer.group_add(&group("attic"), &channel("jobs")).await.unwrap();
    layer.group_send(&group("kitchen"), numbered(1)).await.unwrap();
    layer.send(&channel("mails"), numbered(2)).await.unwrap();

    layer.flush().await.unwrap();

    assert_eq!(memory.stats(), MemoryStats { channels: 2, groups: 1, members: 1, waiting: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_also_added_as_a_member_still_needs_no_renewal() {
    let (_, layer) = layer();
    let mut subscription = layer.subscribe(&group("kitchen")).await.unwrap();

    layer.group_add(&group("kitchen"), subscription.name()).await.unwrap();
    sleep(GROUP_EXPIRY * 2).await;
    layer.group_send(&group("kitchen"), numbered(1)).await.unwrap();

    assert_eq!(subscription.try_recv().as_ref().map(number_of), Some(1));
    assert!(subscription.try_recv().is_none());
}

#[tokio::test(start_paused = true)]
async fn members_share_one_event_that_is_never_copied() {
    let (_, layer) = layer();
    let mut ann = layer.subscribe(&group("kitchen")).await.unwrap();
    let mut bob = layer.subscribe(&group("kitchen")).await.unwrap();

    layer.group_send(&group("kitchen"), numbered(1)).await.unwrap();

    let one = ann.recv().await.unwrap().open::<Numbered>().unwrap();
    let other = bob.recv().await.unwrap().open::<Numbered>().unwrap();
    assert!(std::ptr::eq(&*one, &*other), "each got an event of its own");
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_layer_are_one_layer_and_two_layers_share_nothing() {
    let (memory, _) = layer();
    let (clone, other) = (memory.clone(), MemoryLayer::default());
    let mut mailbox = memory.subscribe(&group("kitchen")).await.unwrap();

    other.group_send(&group("kitchen"), Envelope::new(numbered(1))).await.unwrap();
    clone.group_send(&group("kitchen"), Envelope::new(numbered(2))).await.unwrap();

    assert_eq!(mailbox.try_recv().as_ref().map(number_of), Some(2));
    assert!(mailbox.try_recv().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_outlives_its_layer() {
    let (memory, layer) = layer();
    let mut mailbox = layer.new_channel("specific").await.unwrap();
    layer.send(mailbox.name(), numbered(1)).await.unwrap();

    drop((memory, layer));

    assert_eq!(mailbox.try_recv().as_ref().map(number_of), Some(1));
    drop(mailbox);
}

#[test]
fn an_event_for_a_full_channel_is_counted() {
    let dropped = dropped_during(async {
        let (_, layer) = layer();
        let member = layer.new_channel("specific").await.unwrap();
        layer.group_add(&group("kitchen"), member.name()).await.unwrap();
        for number in 0..3 {
            layer.send(member.name(), numbered(number)).await.unwrap();
        }

        layer.send(member.name(), numbered(3)).await.unwrap_err();
        layer.group_send(&group("kitchen"), numbered(4)).await.unwrap();

        // what waits when this mailbox is dropped is no part of the test
        layer.flush().await.unwrap();
    });

    assert_eq!(dropped, dropped_for(Reason::Full, 2));
}

#[test]
fn an_event_that_expired_is_counted_wherever_it_waited() {
    let dropped = dropped_during(async {
        let (_, layer) = layer();
        let mut mailbox = layer.new_channel("specific").await.unwrap();
        layer.send(mailbox.name(), numbered(1)).await.unwrap();
        layer.send(&channel("jobs"), numbered(2)).await.unwrap();

        sleep(EXPIRY).await;
        assert!(mailbox.try_recv().is_none());
        layer.receive(&channel("mails")).await.unwrap();
    });

    assert_eq!(dropped, dropped_for(Reason::Expired, 2));
}

#[test]
fn an_event_for_a_mailbox_that_is_gone_is_counted() {
    let dropped = dropped_during(async {
        let (_, layer) = layer();
        let mailbox = layer.new_channel("specific").await.unwrap();
        let name = mailbox.name().clone();
        layer.send(&name, numbered(1)).await.unwrap();

        drop(mailbox);
        layer.send(&name, numbered(2)).await.unwrap();
    });

    assert_eq!(dropped, dropped_for(Reason::Gone, 2));
}

#[test]
fn what_a_flush_forgets_is_not_counted() {
    let dropped = dropped_during(async {
        let (_, layer) = layer();
        let mailbox = layer.new_channel("specific").await.unwrap();
        layer.send(mailbox.name(), numbered(1)).await.unwrap();

        layer.flush().await.unwrap();
    });

    assert_eq!(dropped, BTreeMap::new());
}

#[test]
fn an_event_sent_as_the_last_mailbox_goes_waits_for_the_next() {
    const EVENTS: u64 = 20_000;
    let layer = Layer::new(MemoryLayer::default());
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();

    // each event is sent as soon as the one before was received: as its mailbox goes
    let (received, waited_for) = mpsc::channel();
    let sending = thread::spawn({
        let layer = layer.clone();
        move || {
            runtime().block_on(async {
                for number in 0..EVENTS {
                    layer.send(&channel("jobs"), numbered(number)).await.unwrap();
                    assert_eq!(waited_for.recv_timeout(PATIENCE), Ok(number));
                }
            });
        }
    });
    runtime().block_on(async {
        while !sending.is_finished() {
            let mut passing = layer.receive(&channel("jobs")).await.unwrap();
            if let Some(event) = passing.try_recv() {
                received.send(number_of(&event)).unwrap();
            }
        }
    });

    sending.join().unwrap();
}

#[test]
fn threads_that_do_all_there_is_to_do_at_once_leave_nothing() {
    let memory = MemoryLayer::new(Retention::default().capacity(100_000));
    let layer = Layer::new(memory.clone());
    let rooms = Arc::new(Vec::from_iter((0..10).map(|room| group(&format!("room.{room}")))));

    let threads = Vec::from_iter((0..8).map(|thread| {
        let (layer, rooms) = (layer.clone(), Arc::clone(&rooms));
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(churn(&layer, &rooms, thread));
        })
    }));
    for thread in threads {
        thread.join().unwrap();
    }

    assert_eq!(memory.stats(), MemoryStats::default());
}

async fn churn(layer: &Layer, rooms: &[Group], thread: usize) {
    for turn in 0..1000 {
        let (room, next) = (&rooms[(thread + turn) % rooms.len()], &rooms[turn % rooms.len()]);
        let mut mailbox = layer.new_channel("specific").await.unwrap();
        let _subscription = layer.subscribe(room).await.unwrap();
        let worker = layer.receive(&channel("jobs")).await.unwrap();
        layer.group_add(room, mailbox.name()).await.unwrap();
        layer.group_add(next, mailbox.name()).await.unwrap();
        layer.group_add(next, worker.name()).await.unwrap();
        layer.group_send(room, numbered(1)).await.unwrap();
        layer.send(mailbox.name(), numbered(2)).await.unwrap();
        mailbox.try_recv();
        if turn % 3 == 0 {
            layer.group_discard(room, mailbox.name()).await.unwrap();
        }
        if turn % 100 == 0 {
            layer.flush().await.unwrap();
        }
        // a normal channel stays in its groups, whoever receives on it
        layer.group_discard(next, worker.name()).await.unwrap();
    }
    let mut worker = layer.receive(&channel("jobs")).await.unwrap();
    while worker.try_recv().is_some() {}
}
