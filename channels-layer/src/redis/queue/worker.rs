//! A normal channel on which this process receives, beside others.
//!
//! Nothing is fetched before somebody waits for it, and what nobody took goes back: other processes may be idle.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::RwLock;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Shared,
    membership::Membership,
    source::{Source, Taken, Waited},
};
use crate::{
    ChannelName, Group, Mailbox, Postbox,
    metrics::{self, Reason},
    redis::{clock::now, unreadable::unreadable},
};

/// How long Redis is told to wait for a message. Nobody receiving any more is seen after that.
const WAIT: Duration = Duration::from_secs(1);
/// How often the copies are looked at that channels_redis keeps. It deletes them after a few milliseconds.
const LOOK: Duration = Duration::from_secs(5);

/// A normal channel on which this process receives.
#[derive(Debug)]
pub(super) struct Worker {
    postbox: Postbox,
    mailboxes: usize,
    groups: HashMap<Group, Membership>,
    /// Read by those who fetch. Who writes knows that nothing is under way.
    gate: Arc<RwLock<()>>,
    /// One for each server.
    _fetchers: Vec<AbortOnDropHandle<()>>,
}

/// What a process has fetched of a normal channel.
pub(super) struct Held {
    name: ChannelName,
    postbox: Postbox,
    gate: Arc<RwLock<()>>,
}

impl Worker {
    /// Begins to fetch as soon as a mailbox waits.
    pub(super) fn start(shared: &Arc<Shared>, name: &ChannelName) -> Self {
        let retention = &shared.store.retention;
        let mailbox = Mailbox::new(name.clone(), retention.capacity_of(name), retention.event_lifetime());
        let (postbox, gate) = (mailbox.postbox(), Arc::default());
        let fetchers = (0..shared.store.links.len()).map(|shard| {
            let held = Held { name: name.clone(), postbox: postbox.clone(), gate: Arc::clone(&gate) };
            AbortOnDropHandle::new(shared.runtime.spawn(fetch(Arc::clone(shared), held, shard)))
        });
        let fetchers = fetchers.collect();
        Self { postbox, mailboxes: 0, groups: HashMap::new(), gate, _fetchers: fetchers }
    }

    /// A further mailbox.
    pub(super) fn mailbox(&mut self, name: &ChannelName) -> Mailbox {
        self.mailboxes += 1;
        Mailbox::on(name.clone(), &self.postbox)
    }

    /// One mailbox less. Says whether it was the last.
    pub(super) fn release(&mut self) -> bool {
        self.mailboxes -= 1;
        self.is_idle()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.mailboxes == 0
    }

    pub(super) fn groups(&self) -> &HashMap<Group, Membership> {
        &self.groups
    }

    pub(super) fn groups_mut(&mut self) -> &mut HashMap<Group, Membership> {
        &mut self.groups
    }

    pub(super) fn held(&self, name: &ChannelName) -> Held {
        Held { name: name.clone(), postbox: self.postbox.clone(), gate: Arc::clone(&self.gate) }
    }

    pub(super) fn clear(&mut self) {
        self.postbox.clear();
        self.groups.clear();
    }

    pub(super) fn close(self) {
        self.postbox.close();
    }
}

/// Ends normal channels on which nobody receives. Never ends itself.
pub(super) async fn retire(shared: Arc<Shared>) {
    loop {
        shared.registry.idling.notified().await;
        for held in shared.registry.take_idle() {
            // whoever comes now receives what went back before anything newer
            let _nothing_under_way = held.gate.write().await;
            held.give_back(&shared).await;
            shared.registry.retire(&held.name);
        }
    }
}

impl Held {
    /// Gives back what nobody took, once nothing is under way.
    pub(super) async fn settle(&self, shared: &Shared) {
        let _nothing_under_way = self.gate.write().await;
        self.give_back(shared).await;
    }

    async fn give_back(&self, shared: &Shared) {
        for (event, score) in self.postbox.take_back() {
            if let Err(error) = shared.store.put_back(0, &self.name, &event, score).await {
                metrics::dropped(Reason::Gone);
                tracing::warn!(channel = %self.name, kind = event.kind(), %error, "event lost: it could not be given back");
            }
        }
    }

    /// A message that was fetched, for whoever waits.
    fn hand_over(&self, shared: &Shared, taken: Taken) {
        if taken.score < shared.store.stale(now()) {
            metrics::dropped(Reason::Expired);
            return;
        }
        match shared.store.codec.read(taken.message) {
            Ok(arrived) => self.postbox.hand_over(arrived.envelope, taken.score),
            Err(error) => unreadable(&error),
        }
    }
}

async fn fetch(shared: Arc<Shared>, held: Held, shard: usize) {
    let mut source = Source::new(&shared.store.links[shard], shared.time_limit);
    let mut copies = Copies::default();
    let queue = [shared.store.queue(held.name.as_str())];
    loop {
        held.postbox.wanted().await;
        source.connected().await;
        let _fetching = held.gate.read().await;
        copies.look(&shared, &held.name, shard).await;
        match source.wait(&queue, WAIT).await {
            Waited::Message(_, taken) => held.hand_over(&shared, taken),
            Waited::Nothing => {}
            Waited::Lost => metrics::layer_gap(),
        }
    }
}

/// What channels_redis copied when it handed a message out, and deletes a moment later. What stays belongs to a
/// process that has died.
///
/// channels_redis itself puts all of it back at every turn, and so hands out twice what another is just
/// receiving.
#[derive(Default)]
struct Copies {
    seen: HashSet<Bytes>,
    looked: Option<Instant>,
}

impl Copies {
    async fn look(&mut self, shared: &Shared, channel: &ChannelName, shard: usize) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        self.looked = Some(Instant::now());
        let outcome = async {
            let copies = shared.store.handed_out(shard, channel).await?;
            let left: Vec<_> =
                copies.iter().filter(|(message, _)| self.seen.contains(message)).cloned().collect();
            self.seen = copies.into_iter().map(|(message, _)| message).collect();
            if left.is_empty() { Ok(0) } else { shared.store.recover(shard, channel, &left).await }
        };
        match outcome.await {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(%channel, count, "took back what a process that has died was handed out")
            }
            Err(error) => tracing::debug!(%channel, %error, "copies could not be looked at"),
        }
    }
}
