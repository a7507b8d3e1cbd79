//! A normal channel holds as many events as it may, and says so when it is full.

use super::{
    run::{LIFETIME, Maker, eventually},
    subject::{Subject, channel},
};
use crate::{ChannelName, LayerError, Retention};

/// How many events go into a channel before it is full.
pub(super) async fn room(layer: &Subject, channel: &ChannelName) -> u64 {
    const NO_END: u64 = 100;
    for number in 0..NO_END {
        if !layer.fits(channel, number).await {
            return number;
        }
    }
    panic!("{channel} took {NO_END} events and was not full");
}

/// The event too many is a [`LayerError::ChannelFull`] with the name and the capacity. What was taken stays.
pub async fn a_full_channel_refuses_and_says_how_much_it_holds(maker: Maker) {
    let layer = maker.layer(Retention::default().capacity(3)).await;
    let jobs = channel("jobs");
    for number in 0..3 {
        layer.send(&jobs, number).await;
    }

    let refused = layer.offer(&jobs, 3).await;

    match refused {
        Err(LayerError::ChannelFull { channel, capacity }) => {
            assert_eq!((channel, capacity), (jobs.clone(), 3))
        }
        other => panic!("the fourth event for a channel of three came to {other:?}"),
    }
    assert_eq!(layer.receiver(&jobs).await.rest().await, [0, 1, 2]);
}

/// A channel's capacity is that of the first pattern that its whole name fits, else the layer's.
pub async fn the_first_pattern_that_fits_decides_the_capacity(maker: Maker) {
    let retention = Retention::default().capacity(3).channel_capacity("jobs.*", 5);
    let retention = retention.and_then(|retention| retention.channel_capacity("jobs.slow*", 7));
    let retention = retention.and_then(|retention| retention.channel_capacity("mail[a-c]?[!-].*", 2));
    let layer = maker.layer(retention.expect("a check's pattern is bad")).await;

    for (name, capacity) in
        [("jobs", 5), ("jobs.slow", 5), ("myjobs", 3), ("mailb1s", 2), ("mailb1-", 3), ("maild1s", 3)]
    {
        let channel = channel(name);
        assert_eq!(room(&layer, &channel).await, capacity, "is the room of {channel}");
    }
}

/// Each normal channel has a capacity of its own.
pub async fn a_full_channel_does_not_limit_another(maker: Maker) {
    let layer = maker.layer(Retention::default().capacity(3)).await;
    let (jobs, mails) = (channel("jobs"), channel("mails"));

    assert_eq!(room(&layer, &jobs).await, 3);
    assert_eq!(room(&layer, &mails).await, 3);

    assert_eq!(layer.receiver(&mails).await.rest().await, [0, 1, 2]);
}

/// A full channel takes events again when some were received.
pub async fn a_receive_makes_room(maker: Maker) {
    let layer = maker.layer(Retention::default().capacity(3)).await;
    let jobs = channel("jobs");
    assert_eq!(room(&layer, &jobs).await, 3);

    let mut receiver = layer.receiver(&jobs).await;
    assert_eq!(receiver.next().await, 0);
    eventually("room after a receive", async || layer.fits(&jobs, 3).await).await;

    assert_eq!(receiver.rest().await, [1, 2, 3]);
}

/// A full channel takes events again when those it held expired.
pub async fn expiry_makes_room(maker: Maker) {
    let layer = maker.layer(Retention::default().capacity(3).expiry(LIFETIME)).await;
    let jobs = channel("jobs");
    for number in 0..3 {
        layer.send(&jobs, number).await;
    }

    eventually("room after events expired", async || layer.fits(&jobs, 3).await).await;
}
