//! What is sent while the server is away waits for it, where that is wished for: bounded, in order, once.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use channels_layer::{
    ChannelLayer, Delivery, Envelope, Event, Gap, LayerError, OnOutage, OutboxStats, RedisLayer,
    RedisOptions, RedisPubSubLayer,
};
use tokio::runtime::Handle;

use super::{
    Note, PATIENCE, Server,
    cluster::Cluster,
    eventually, group,
    outage::{LIMIT, next_note, send, send_until_taken, until_gap},
    soon,
};

const QUEUE: OnOutage =
    OnOutage::Queue { events: 1_000, bytes: 1024 * 1024, for_at_most: Duration::from_secs(60) };

/// A layer with an outbox.
#[async_trait]
trait Queues: ChannelLayer {
    async fn on(options: RedisOptions) -> Self
    where
        Self: Sized;

    fn outbox(&self) -> OutboxStats;

    async fn close(&self) -> Result<(), LayerError>;
}

macro_rules! queues {
    ($($layer:ident)*) => {$(
        #[async_trait]
        impl Queues for $layer {
            async fn on(options: RedisOptions) -> Self {
                Self::with_options(options).await.unwrap()
            }

            fn outbox(&self) -> OutboxStats {
                $layer::outbox(self)
            }

            async fn close(&self) -> Result<(), LayerError> {
                $layer::close(self).await
            }
        }
    )*};
}

queues!(RedisLayer RedisPubSubLayer);

fn options(server: &Server, on_outage: OnOutage) -> RedisOptions {
    RedisOptions::url(&server.url()).unwrap().on_outage(on_outage).time_limit(LIMIT)
}

fn only(events: usize, bytes: usize, for_at_most: Duration) -> OnOutage {
    OnOutage::Queue { events, bytes, for_at_most }
}

/// Sends, with 0 for a number, until the layer has seen that the server is away.
async fn until_it_waits(layer: &impl Queues) {
    eventually("an event to wait", async || {
        let sent = send(layer, &group("room"), 0).await;
        match layer.outbox().waiting {
            0 => false,
            _ => sent.unwrap() == Delivery::default(),
        }
    })
    .await;
}

mod checks {
    use super::*;

    pub(super) async fn what_is_sent_in_an_outage_arrives_after_it_once_and_in_order<L: Queues>() {
        let mut server = Server::start();
        let layer = L::on(options(&server, QUEUE)).await;
        let room = group("room");
        let mut subscriber = layer.subscribe(&room).await.unwrap();

        server.kill();
        until_it_waits(&layer).await;
        for number in 1..=300 {
            let started = Instant::now();
            assert_eq!(send(&layer, &room, number).await.unwrap(), Delivery::default());
            assert!(started.elapsed() < LIMIT, "it was waited for the server");
        }
        let waiting = layer.outbox();
        server.run();

        assert!(waiting.waiting == 301 && waiting.bytes > 301 * size_of::<Note>(), "{waiting:?}");
        until_gap(&mut subscriber).await;
        for number in 0..=300 {
            assert_eq!(next_note(&mut subscriber).await, number);
        }
        eventually("the outbox to be empty", async || layer.outbox().waiting == 0).await;
        assert_eq!(send(&layer, &room, 301).await.unwrap().delivered, 1);
        assert_eq!(next_note(&mut subscriber).await, 301);
        let OutboxStats { waiting, bytes, sent, expired, lost, .. } = layer.outbox();
        assert_eq!((waiting, bytes, sent, expired, lost), (0, 0, 301, 0, 0));
    }

    pub(super) async fn what_waits_is_bounded_and_the_newest_is_refused<L: Queues>() {
        let mut server = Server::start();
        let by_number = L::on(options(&server, only(10, usize::MAX, Duration::from_secs(60)))).await;
        let by_bytes = L::on(options(&server, only(usize::MAX, 4_096, Duration::from_secs(60)))).await;

        server.kill();
        for layer in [&by_number, &by_bytes] {
            until_it_waits(layer).await;
            let refused = soon("the outbox to be full", async {
                loop {
                    if let Err(error) = send(layer, &group("room"), 1).await {
                        return error;
                    }
                }
            });

            let refused = refused.await;

            assert!(matches!(refused, LayerError::OutboxFull { .. }), "{refused:?}");
        }
        assert_eq!(by_number.outbox().waiting, 10);
        let OutboxStats { waiting, bytes, .. } = by_bytes.outbox();
        assert!(waiting > 2 && bytes <= 4_096, "{waiting} events are {bytes} bytes");
    }

    pub(super) async fn what_has_waited_too_long_is_dropped_and_counted<L: Queues>() {
        let mut server = Server::start();
        let layer = L::on(options(&server, only(100, 65_536, Duration::from_millis(200)))).await;
        let mut subscriber = layer.subscribe(&group("room")).await.unwrap();

        server.kill();
        until_it_waits(&layer).await;
        for number in 1..5 {
            send(&layer, &group("room"), number).await.unwrap();
        }
        eventually("all to be too old", async || layer.outbox().waiting == 0).await;
        server.run();

        assert_eq!((layer.outbox().expired, layer.outbox().bytes), (5, 0));
        until_gap(&mut subscriber).await;
        eventually("the server to take an event", async || {
            send(&layer, &group("room"), 5).await.is_ok_and(|delivery| delivery.delivered > 0)
        })
        .await;
        assert_eq!(next_note(&mut subscriber).await, 5);
    }

    /// What was written to a server that hangs is not written again.
    pub(super) async fn what_may_have_been_written_is_not_repeated<L: Queues>() {
        let server = Server::start();
        let layer = L::on(options(&server, QUEUE)).await;
        let room = group("room");
        let mut subscriber = layer.subscribe(&room).await.unwrap();

        server.hang();
        let first = send(&layer, &room, 1).await;
        for number in 2..20 {
            send(&layer, &room, number).await.unwrap();
        }
        server.go_on();

        assert!(matches!(first, Err(LayerError::Unavailable(_))), "{first:?}");
        let mut numbers = vec![next_note(&mut subscriber).await];
        while numbers.last() != Some(&19) {
            numbers.push(next_note(&mut subscriber).await);
        }
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        assert!(numbers.iter().filter(|number| **number > 1).count() == 18, "{numbers:?}");
    }

    pub(super) async fn closing_sends_what_waits_or_says_how_much_is_lost<L: Queues>() {
        let mut server = Server::start();
        let patient = options(&server, QUEUE).time_limit(PATIENCE);
        let (one, other) = (L::on(options(&server, QUEUE)).await, L::on(patient).await);

        server.kill();
        until_it_waits(&one).await;
        until_it_waits(&other).await;
        let in_vain = one.close().await;
        let (flushed, ()) = tokio::join!(other.close(), async { server.run() });

        assert!(matches!(in_vain, Err(LayerError::Unsent(1))), "{in_vain:?}");
        assert_eq!((one.outbox().lost, one.outbox().waiting), (1, 0));
        flushed.unwrap();
        assert_eq!((other.outbox().sent, other.outbox().lost), (1, 0));
    }

    /// Three senders, a server that is killed, hung and cut off: what was taken arrived once, in order, or was
    /// counted as lost, or a gap was told; and nothing is left over.
    pub(super) async fn through_outages_everything_arrives_once_or_is_counted<L: Queues>() {
        const SENDERS: u64 = 3;
        const EACH: u64 = 1_000_000;
        let mut server = Server::start();
        let tasks = Handle::current().metrics().num_alive_tasks();
        {
            let layer = Arc::new(L::on(options(&server, QUEUE)).await);
            let room = group("room");
            let mut subscriber = layer.subscribe(&room).await.unwrap();
            let (end, ended) = tokio::sync::watch::channel(false);
            let senders = (0..SENDERS).map(|sender| {
                let (layer, room, ended) = (Arc::clone(&layer), room.clone(), ended.clone());
                tokio::spawn(async move {
                    let mut taken = Vec::new();
                    for number in sender * EACH.. {
                        if send(&*layer, &room, number).await.is_ok() {
                            taken.push(number);
                        }
                        if *ended.borrow() {
                            return taken;
                        }
                        tokio::time::sleep(Duration::from_millis(3)).await;
                    }
                    unreachable!("there are always more numbers")
                })
            });
            let senders: Vec<_> = senders.collect();
            let receiver = tokio::spawn(async move {
                let (mut numbers, mut gaps) = (Vec::new(), 0);
                while let Some(envelope) = subscriber.recv().await {
                    if envelope.kind() == Gap::TYPE {
                        gaps += 1;
                        continue;
                    }
                    match envelope.open::<Note>().unwrap().number {
                        u64::MAX => break,
                        number => numbers.push(number),
                    }
                }
                (numbers, gaps)
            });
            let waited = async |layer: &L| {
                eventually("events to wait", async || layer.outbox().waiting > 20).await;
            };
            let went = async |layer: &L| {
                eventually("events to be sent", async || layer.outbox().waiting == 0).await;
            };
            for _ in 0..2 {
                server.kill();
                waited(&layer).await;
                server.run();
                went(&layer).await;
            }
            server.hang();
            waited(&layer).await;
            server.go_on();
            went(&layer).await;
            end.send(true).unwrap();
            let mut taken = BTreeSet::new();
            for sender in senders {
                taken.extend(sender.await.unwrap());
            }
            went(&layer).await;
            send_until_taken(&*layer, &room, u64::MAX).await;
            let (numbers, gaps) = soon("the receiver to end", receiver).await.unwrap();

            let arrived = BTreeSet::from_iter(numbers.iter().copied());
            assert_eq!(arrived.len(), numbers.len(), "something arrived twice");
            for sender in 0..SENDERS {
                let own = |number: &&u64| **number / EACH == sender;
                assert!(numbers.iter().filter(own).is_sorted(), "the order of sender {sender} was lost");
            }
            let missing = taken.difference(&arrived).count();
            let OutboxStats { waiting, bytes, sent, expired, lost, .. } = layer.outbox();
            assert_eq!((waiting, bytes, expired), (0, 0, 0));
            assert!(sent > 50, "only {sent} waited");
            assert!(gaps >= 2, "the server died twice, and {gaps} gaps were told");
            // what a server had not handed out when it died, or had been told before all were subscribed again
            assert!(missing < 50 + lost as usize, "{missing} of {} are missing, {lost} counted", taken.len());
        }
        eventually("all tasks to end", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
    }
}

macro_rules! for_both {
    ($($check:ident)*) => {
        mod core { for_both! { @each RedisLayer; $($check)* } }
        mod pub_sub { for_both! { @each RedisPubSubLayer; $($check)* } }
    };
    (@each $layer:ident; $($check:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "needs redis-server"]
        async fn $check() {
            super::checks::$check::<super::$layer>().await;
        }
    )*};
}

for_both! {
    what_is_sent_in_an_outage_arrives_after_it_once_and_in_order
    what_waits_is_bounded_and_the_newest_is_refused
    what_has_waited_too_long_is_dropped_and_counted
    what_may_have_been_written_is_not_repeated
    closing_sends_what_waits_or_says_how_much_is_lost
    through_outages_everything_arrives_once_or_is_counted
}

/// What waits for a slot of a cluster goes to whoever has it then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn what_waits_for_a_master_is_sent_to_its_replica() {
    let mut cluster = Cluster::start().await;
    let owner = cluster.owner("asgi__group__room");
    cluster.add_replica(owner).await;
    let urls = cluster.urls();
    let options = RedisOptions::cluster(urls.iter().map(String::as_str)).unwrap().on_outage(QUEUE);
    let layer = RedisPubSubLayer::on(options).await;
    let mut subscriber = layer.subscribe(&group("room")).await.unwrap();

    cluster.servers[owner].kill();
    until_it_waits(&layer).await;
    for number in 1..20 {
        send(&layer, &group("room"), number).await.unwrap();
    }

    for number in 0..20 {
        assert_eq!(next_note(&mut subscriber).await, number);
    }
    eventually("the outbox to be empty", async || layer.outbox().waiting == 0).await;
    assert_eq!(layer.outbox().sent, 20);
}

/// One that cannot be written is refused at once, server or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn what_cannot_be_written_does_not_wait() {
    struct Broken;
    impl serde::Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("it cannot be written"))
        }
    }
    impl<'de> serde::Deserialize<'de> for Broken {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("it cannot be read"))
        }
    }
    impl Event for Broken {
        const TYPE: &str = "note.broken";
    }
    let mut server = Server::start();
    let layer = RedisLayer::on(options(&server, QUEUE)).await;

    server.kill();
    until_it_waits(&layer).await;
    let refused = layer.group_send(&group("room"), Envelope::new(Broken)).await;

    assert!(matches!(refused, Err(LayerError::Event(_))), "{refused:?}");
    assert_eq!(layer.outbox().waiting, 1);
}
