//! Takes what is sent to this process out of Redis, at once, and hands it out here.
//!
//! All channels of a process share a queue. Who is slow fills a mailbox of its own, and not that queue.

use std::{sync::Arc, time::Duration};

use super::{
    Shared,
    source::{Source, Taken, Waited},
};
use crate::{
    Envelope, Gap,
    metrics::{self, Reason},
    redis::{clock::now, link::Failed, unreadable::unreadable},
    wire::Address,
};

/// How long Redis is told to wait for a message. A server that hangs is seen after this and the time limit.
const WAIT: Duration = Duration::from_secs(2);

/// Receives from one server what is sent to this process. Never ends.
///
/// It does so from every server, wherever the process's queue is by its name: channels_redis sends to single
/// channels by another name (django/channels#1492).
pub(super) async fn read(shared: Arc<Shared>, mut source: Source, shard: usize) {
    let mut well = now();
    let mut turn = 0;
    loop {
        let queues = shared.registry.queues(turn);
        turn = turn.wrapping_add(1);
        match source.wait(&queues, WAIT).await {
            Waited::Message(queue, taken) => {
                hand_out(&shared, taken);
                if drain(&shared, &mut source, &queue).await.is_err() {
                    come_back(&shared, &mut source, shard, well).await;
                }
            }
            Waited::Nothing => {}
            Waited::Lost => come_back(&shared, &mut source, shard, well).await,
        }
        well = now();
    }
}

/// Takes all that waits in a queue.
async fn drain(shared: &Shared, source: &mut Source, queue: &str) -> Result<(), ()> {
    loop {
        let (taken, more) = source.take(queue).await?;
        taken.into_iter().for_each(|taken| hand_out(shared, taken));
        if !more {
            return Ok(());
        }
        // a flood must not keep others of this thread waiting
        tokio::task::yield_now().await;
    }
}

/// Connects again, joins all groups again, and only then tells everybody: what comes after that is complete.
async fn come_back(shared: &Shared, source: &mut Source, shard: usize, since: f64) {
    shared.cut_off[shard].send_replace(true);
    loop {
        source.connected().await;
        match shared.restore(shard).await {
            Ok(()) => break,
            Err(error) => {
                tracing::warn!(%error, "groups could not be joined again");
                source.drop_connection();
            }
        }
    }
    metrics::layer_gap();
    tracing::warn!(since, server = shared.store.links[shard].shown(), "events may have been missed");
    shared.registry.announce(&Envelope::new(Gap { since }));
    shared.cut_off[shard].send_replace(false);
}

fn hand_out(shared: &Shared, taken: Taken) {
    if taken.message.is_empty() {
        // from `Store::wake`
        return;
    }
    if taken.score < shared.store.stale(now()) {
        metrics::dropped(Reason::Expired);
        return;
    }
    match shared.store.codec.read(taken.message) {
        Ok(arrived) => match arrived.address {
            Address::One(channel) => shared.registry.deliver(&[channel], &arrived.envelope),
            Address::Many(channels) => shared.registry.deliver(&channels, &arrived.envelope),
            Address::Implied => {
                metrics::dropped(Reason::Gone);
                tracing::debug!(
                    kind = arrived.envelope.kind(),
                    "event dropped: it does not say for whom it is"
                );
            }
        },
        Err(error) => unreadable(&error),
    }
}

impl Shared {
    /// Gives a server all memberships it should have.
    async fn restore(&self, shard: usize) -> Result<(), Failed> {
        let _alone = self.changing[shard].lock().await;
        let is_there = |group: &_| self.store.shard_of(group) == shard;
        let joined = self.registry.memberships(self.store.score(), is_there);
        self.store.add_all(shard, &joined).await
    }
}
