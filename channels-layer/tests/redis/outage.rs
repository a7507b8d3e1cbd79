//! What tests of outages have in common, whichever layer it is.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use channels_layer::{ChannelLayer, Delivery, Envelope, Event, Gap, Group, LayerError, Mailbox};
use tokio::sync::watch;

use super::{Note, Server, eventually, group, soon};

/// How long a call may take in these tests.
pub(super) const LIMIT: Duration = Duration::from_millis(500);

pub(super) async fn send(
    layer: &dyn ChannelLayer,
    room: &Group,
    number: u64,
) -> Result<Delivery, LayerError> {
    layer.group_send(room, Envelope::new(Note { number })).await
}

/// Hangs for so long that every layer whose calls may take [`LIMIT`] sees it, and then goes on.
pub(super) async fn hang_for_long(server: &Server) {
    // as long as Redis is told to wait for a message, or until it is asked whether it is there, and twice the limit
    let long = Duration::from_secs(2) + LIMIT + LIMIT;
    server.hang();
    let started = Instant::now();
    while started.elapsed() < long {
        tokio::task::yield_now().await;
    }
    server.go_on();
}

/// Sends until the server takes it and has somebody to give it to.
pub(super) async fn send_until_taken(layer: &dyn ChannelLayer, room: &Group, number: u64) -> Delivery {
    soon("the server to take an event", async {
        loop {
            match send(layer, room, number).await {
                Ok(Delivery { delivered: 0, .. }) | Err(LayerError::Unavailable(_)) => {}
                Ok(delivery) => return delivery,
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await
}

/// What a mailbox got up to the first notice of a gap.
pub(super) async fn until_gap(mailbox: &mut Mailbox) -> (Vec<u64>, Gap) {
    let mut numbers = Vec::new();
    loop {
        let envelope = soon("a gap to be told", mailbox.recv()).await.expect("the mailbox is open");
        if envelope.kind() == Gap::TYPE {
            return (numbers, *envelope.open::<Gap>().unwrap());
        }
        numbers.push(envelope.open::<Note>().unwrap().number);
    }
}

/// The next note, whatever is told of gaps before.
pub(super) async fn next_note(mailbox: &mut Mailbox) -> u64 {
    loop {
        let envelope = soon("a note", mailbox.recv()).await.expect("the mailbox is open");
        if envelope.kind() == Note::TYPE {
            return envelope.open::<Note>().unwrap().number;
        }
    }
}

/// Three senders, a server that is killed again and again. See [`assert_faults_are_told`].
pub(super) async fn assert_everything_arrives_once_or_a_gap_is_told(
    server: &mut Server,
    layer: Arc<dyn ChannelLayer>,
) {
    assert_faults_are_told(3, layer, async || {
        server.kill();
        server.run();
    })
    .await;
}

/// Three senders, and something that goes wrong so many times. What a sender was told is delivered arrived, unless a
/// gap was told; nothing arrived twice; and each sender's order is kept.
pub(super) async fn assert_faults_are_told(
    faults: usize,
    layer: Arc<dyn ChannelLayer>,
    mut fault: impl AsyncFnMut(),
) {
    const SENDERS: u64 = 3;
    const EACH: u64 = 1_000_000;
    let room = group("room");
    let mut subscriber = layer.subscribe(&room).await.unwrap();
    let (end, ended) = watch::channel(false);
    let senders = (0..SENDERS).map(|sender| {
        let (layer, room, ended) = (Arc::clone(&layer), room.clone(), ended.clone());
        tokio::spawn(async move {
            let mut taken = BTreeSet::new();
            for number in (sender * EACH..).take_while(|_| !*ended.borrow()) {
                if send(&*layer, &room, number).await.is_ok_and(|delivery| delivery.delivered == 1) {
                    taken.insert(number);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            taken
        })
    });
    let senders: Vec<_> = senders.collect();
    let received = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&received);
    let receiver = tokio::spawn(async move {
        let (mut numbers, mut gaps) = (Vec::new(), 0);
        while let Some(envelope) = subscriber.recv().await {
            match envelope.kind() {
                Gap::TYPE => gaps += 1,
                _ => match envelope.open::<Note>().unwrap().number {
                    u64::MAX => break,
                    number => {
                        numbers.push(number);
                        counted.store(numbers.len(), Ordering::Relaxed);
                    }
                },
            }
        }
        (numbers, gaps)
    });
    let arrive = async || {
        let before = received.load(Ordering::Relaxed);
        eventually("events to arrive", async || received.load(Ordering::Relaxed) > before + 60).await;
    };
    for _ in 0..faults {
        arrive().await;
        fault().await;
    }
    arrive().await;
    end.send(true).unwrap();
    let mut taken = BTreeSet::new();
    for sender in senders {
        taken.extend(sender.await.unwrap());
    }
    send_until_taken(&*layer, &room, u64::MAX).await;
    let (numbers, gaps) = soon("the receiver to end", receiver).await.unwrap();

    let arrived = BTreeSet::from_iter(numbers.iter().copied());
    assert_eq!(arrived.len(), numbers.len(), "something arrived twice");
    for sender in 0..SENDERS {
        let own = |number: &&u64| **number / EACH == sender;
        assert!(numbers.iter().filter(own).is_sorted(), "the order of sender {sender} was lost");
    }
    let lost = taken.difference(&arrived).count();
    assert!(gaps >= faults, "it went wrong {faults} times, and {gaps} gaps were told");
    assert!(taken.len() > 100, "only {} events were taken", taken.len());
    assert!(lost < 50, "{lost} events were lost in {faults} outages");
}
