//! Keeps a server's groups as this process has them: takes out who left, renews who stays.

use std::sync::Arc;

use tokio::{
    select,
    time::{Instant, sleep, sleep_until},
};

use super::Shared;
use crate::redis::{backoff::Backoff, link::Failed};

/// Keeps the groups of one server. Ends with the layer.
pub(super) async fn keep(shared: Arc<Shared>, shard: usize) {
    let period = shared.store.renewal();
    let mut renewal = Instant::now() + period;
    let mut backoff = Backoff::default();
    loop {
        let due = select! {
            () = shared.registry.leaving[shard].notified() => false,
            () = sleep_until(renewal) => true,
        };
        if !shared.store.links[shard].is_up().await {
            return;
        }
        let done = async {
            shared.leave(shard).await?;
            if due { shared.renew(shard).await } else { Ok(()) }
        };
        match done.await {
            Ok(()) => {
                backoff.reset();
                if due {
                    renewal = Instant::now() + period;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "groups could not be brought up to date");
                sleep(backoff.next()).await;
                shared.registry.leaving[shard].notify_one();
            }
        }
    }
}

impl Shared {
    /// Takes out of a server's groups who is gone.
    pub(super) async fn leave(&self, shard: usize) -> Result<(), Failed> {
        // a membership that somebody else just renews must not come after its end
        let _alone = self.changing[shard].lock().await;
        let left = self.registry.take_left(shard);
        let outcome = self.store.remove_all(shard, &left).await;
        match &outcome {
            Ok(()) => self.registry.told(shard),
            Err(_) => self.registry.put_back(shard, left),
        }
        outcome
    }

    /// Renews the memberships of subscriptions: those last as long as their mailboxes.
    pub(super) async fn renew(&self, shard: usize) -> Result<(), Failed> {
        let _alone = self.changing[shard].lock().await;
        let is_there = |group: &_| self.store.shard_of(group) == shard;
        let joined = self.registry.subscriptions(self.store.score(), is_there);
        self.store.add_all(shard, &joined).await
    }
}
