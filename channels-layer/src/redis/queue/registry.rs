//! What a process has on the layer: its channels, its subscriptions, and what Redis has to forget.
//!
//! One lock, never held across an await, and under it nothing but this and mailboxes' own locks.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    RedisStats,
    membership::{Answer, Membership},
    store::Joined,
    worker::{Held, Worker},
};
use crate::{
    ChannelName, Envelope, Group, Mailbox, Postbox,
    metrics::{self, Reason},
};

/// How many events a subscription holds: it serves all members of a group on one worker thread.
const SUBSCRIPTION: usize = 10_000;

/// How many memberships a server has to be told the end of, at most. What is beyond lapses by itself.
const MOST_LEFT: usize = 100_000;

#[derive(Debug)]
pub(super) struct Registry {
    state: Mutex<State>,
    /// For each server, that there is something to forget.
    pub(super) leaving: Vec<Notify>,
    /// That a normal channel has become idle.
    pub(super) idling: Notify,
}

#[derive(Debug)]
struct State {
    closed: bool,
    channels: HashMap<ChannelName, Channel>,
    subscriptions: HashMap<Group, Subscription>,
    /// Which group the channel of a subscription is for.
    proxies: HashMap<ChannelName, Group>,
    workers: HashMap<ChannelName, Worker>,
    /// Normal channels nobody here receives on any more.
    idle: Vec<ChannelName>,
    /// The queues of this process, and how many channels each has.
    queues: Vec<(String, usize)>,
    /// For each server, memberships it has to forget.
    left: Vec<HashSet<(Group, ChannelName)>>,
    /// How many of them it is just being told.
    telling: Vec<usize>,
    mailboxes: u64,
}

/// A channel of one mailbox.
#[derive(Debug)]
struct Channel {
    postbox: Postbox,
    groups: HashMap<Group, Membership>,
}

/// What this process gets of one group: one channel in Redis, and a mailbox for each worker thread.
#[derive(Debug)]
struct Subscription {
    proxy: ChannelName,
    postboxes: Vec<(u64, Postbox)>,
    membership: Membership,
}

/// A mailbox for a group's events, and whether Redis knows of the group's channel.
pub(super) struct Subscribed {
    pub(super) id: u64,
    pub(super) mailbox: Mailbox,
    pub(super) joined: bool,
}

impl Registry {
    pub(super) fn new(shards: usize, queue: String) -> Self {
        let state = State {
            closed: false,
            channels: HashMap::new(),
            subscriptions: HashMap::new(),
            proxies: HashMap::new(),
            workers: HashMap::new(),
            idle: Vec::new(),
            // the first is that of subscriptions, too, and stays
            queues: vec![(queue, 1)],
            left: vec![HashSet::new(); shards],
            telling: vec![0; shards],
            mailboxes: 0,
        };
        let leaving = (0..shards).map(|_| Notify::new()).collect();
        Self { state: Mutex::new(state), leaving, idling: Notify::new() }
    }

    // No code of others runs under this lock, so what a poisoned one guards is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queues of this process, beginning with another each turn: a busy one must not keep us from others.
    pub(super) fn queues(&self, turn: usize) -> Vec<String> {
        let state = self.lock();
        let mut queues: Vec<_> = state.queues.iter().map(|(queue, _)| queue.clone()).collect();
        let first = turn % queues.len().max(1);
        queues.rotate_left(first);
        queues
    }

    /// A new channel. Says whether its queue is new as well. `None` if the layer was closed.
    pub(super) fn open(&self, mailbox: &Mailbox, queue: String) -> Option<bool> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        let channel = Channel { postbox: mailbox.postbox(), groups: HashMap::new() };
        state.channels.insert(mailbox.name().clone(), channel);
        match state.queues.iter_mut().find(|(name, _)| *name == queue) {
            Some((_, channels)) => {
                *channels += 1;
                Some(false)
            }
            None => {
                state.queues.push((queue, 1));
                Some(true)
            }
        }
    }

    /// The mailbox of a channel was dropped: it is in no group any more.
    pub(super) fn release(&self, name: &ChannelName, queue: &str, shard_of: impl Fn(&Group) -> usize) {
        let mut state = self.lock();
        let Some(channel) = state.channels.remove(name) else { return };
        if let Some(place) = state.queues.iter().position(|(name, _)| name == queue) {
            state.queues[place].1 -= 1;
            if state.queues[place].1 == 0 {
                state.queues.remove(place);
            }
        }
        for (group, membership) in channel.groups {
            if membership.may_be_there() {
                self.forget(&mut state, shard_of(&group), group, name.clone());
            }
        }
        drop(state);
        channel.postbox.abandon();
    }

    fn forget(&self, state: &mut State, shard: usize, group: Group, channel: ChannelName) {
        if state.left[shard].len() < MOST_LEFT {
            state.left[shard].insert((group, channel));
        }
        self.leaving[shard].notify_one();
    }

    /// A channel of this process is about to join. `false` if it is gone.
    pub(super) fn joins(&self, group: &Group, name: &ChannelName, since: f64) -> bool {
        let mut state = self.lock();
        let Some(groups) = state.groups_of(name) else { return false };
        let membership = groups.entry(group.clone()).or_insert_with(|| Membership::new(since));
        membership.since = since;
        membership.ask();
        true
    }

    /// What became of it.
    pub(super) fn joined(&self, group: &Group, name: &ChannelName, shard: usize, answer: Answer) {
        let mut state = self.lock();
        let membership = state.groups_of(name).and_then(|groups| groups.get_mut(group));
        let Some(membership) = membership else {
            // its mailbox was dropped meanwhile, or it left: perhaps before Redis added it
            if answer != Answer::NotAsked {
                self.forget(&mut state, shard, group.clone(), name.clone());
            }
            return;
        };
        membership.answered(answer);
        let (joined, may_be_there) = (membership.joined, membership.may_be_there());
        if answer != Answer::Done && !joined && membership.asking == 0 {
            // the caller is told that it is no member, so it must not become one
            if let Some(groups) = state.groups_of(name) {
                groups.remove(group);
            }
            if may_be_there {
                self.forget(&mut state, shard, group.clone(), name.clone());
            }
        }
    }

    /// A channel of this process leaves, by its own will.
    pub(super) fn leaves(&self, group: &Group, name: &ChannelName) {
        if let Some(groups) = self.lock().groups_of(name) {
            groups.remove(group);
        }
    }

    /// That Redis was not told, and has to be.
    pub(super) fn has_left(&self, shard: usize, group: Group, name: ChannelName) {
        let mut state = self.lock();
        self.forget(&mut state, shard, group, name);
    }

    /// A further mailbox for a group. `None` if the layer was closed.
    pub(super) fn subscribe(
        &self,
        group: &Group,
        since: f64,
        expiry: Duration,
        new_name: impl FnOnce() -> ChannelName,
    ) -> Option<Subscribed> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        state.mailboxes += 1;
        let id = state.mailboxes;
        let State { subscriptions, proxies, .. } = &mut *state;
        let subscription = subscriptions.entry(group.clone()).or_insert_with(|| {
            let proxy = new_name();
            proxies.insert(proxy.clone(), group.clone());
            Subscription { proxy, postboxes: Vec::new(), membership: Membership::new(since) }
        });
        let mailbox = Mailbox::new(subscription.proxy.clone(), SUBSCRIPTION, expiry);
        subscription.postboxes.push((id, mailbox.postbox()));
        let joined = subscription.membership.joined;
        if !joined {
            subscription.membership.ask();
        }
        Some(Subscribed { id, mailbox, joined })
    }

    /// What became of asking Redis for a subscription.
    pub(super) fn subscribed(&self, group: &Group, proxy: &ChannelName, answer: Answer) {
        if let Some(subscription) = self.lock().subscriptions.get_mut(group)
            && subscription.proxy == *proxy
        {
            subscription.membership.answered(answer);
        }
    }

    /// A mailbox for a group was dropped. The last one takes the process out of the group.
    pub(super) fn unsubscribe(&self, group: &Group, id: u64, shard: usize) {
        let mut state = self.lock();
        let Some(subscription) = state.subscriptions.get_mut(group) else { return };
        let Some(place) = subscription.postboxes.iter().position(|(other, _)| *other == id) else { return };
        let (_, postbox) = subscription.postboxes.swap_remove(place);
        if subscription.postboxes.is_empty() {
            let may_be_there = subscription.membership.may_be_there();
            let proxy = subscription.proxy.clone();
            state.subscriptions.remove(group);
            state.proxies.remove(&proxy);
            if may_be_there {
                self.forget(&mut state, shard, group.clone(), proxy);
            }
        }
        drop(state);
        postbox.abandon();
    }

    /// A further mailbox on a normal channel. `None` if the layer was closed.
    pub(super) fn receive(&self, name: &ChannelName, start: impl FnOnce() -> Worker) -> Option<Mailbox> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        Some(state.workers.entry(name.clone()).or_insert_with(start).mailbox(name))
    }

    /// A mailbox on a normal channel was dropped.
    pub(super) fn stop_receiving(&self, name: &ChannelName) {
        let mut state = self.lock();
        if state.workers.get_mut(name).is_some_and(Worker::release) {
            state.idle.push(name.clone());
            self.idling.notify_one();
        }
    }

    /// The normal channels on which nobody received a moment ago, and how their events are given back.
    pub(super) fn take_idle(&self) -> Vec<Held> {
        let mut state = self.lock();
        let idle = std::mem::take(&mut state.idle);
        let held = |name| state.workers.get(&name).map(|worker| worker.held(&name));
        idle.into_iter().filter_map(held).collect()
    }

    /// All normal channels on which somebody receives.
    pub(super) fn held(&self) -> Vec<Held> {
        self.lock().workers.iter().map(|(name, worker)| worker.held(name)).collect()
    }

    /// Ends what receives on a normal channel, if no mailbox needs it.
    pub(super) fn retire(&self, name: &ChannelName) {
        let mut state = self.lock();
        if state.workers.get(name).is_some_and(Worker::is_idle) {
            state.workers.remove(name);
        }
    }

    /// Gives an event to channels of this process, once each.
    pub(super) fn deliver(&self, channels: &[String], event: &Envelope) {
        let mut postboxes = Vec::new();
        let mut gone = 0;
        {
            let state = self.lock();
            for name in channels {
                if let Some((name, channel)) = state.channels.get_key_value(name.as_str()) {
                    postboxes.push((name.clone(), channel.postbox.clone()));
                } else if let Some(subscription) = state.subscription_of(name) {
                    let all = subscription.postboxes.iter();
                    postboxes.extend(all.map(|(_, postbox)| (subscription.proxy.clone(), postbox.clone())));
                } else {
                    gone += 1;
                }
            }
        }
        for (name, postbox) in postboxes {
            // what it did not take is counted
            let _offered = postbox.deliver(&name, event);
        }
        for _ in 0..gone {
            metrics::dropped(Reason::Gone);
        }
        if gone > 0 {
            tracing::debug!(kind = event.kind(), "event dropped: its channel is gone");
        }
    }

    /// Tells everybody, full or not. Not normal channels: those who receive there have no state to repair.
    pub(super) fn announce(&self, notice: &Envelope) {
        let state = self.lock();
        for subscription in state.subscriptions.values() {
            subscription.postboxes.iter().for_each(|(_, postbox)| postbox.announce(notice));
        }
        state.channels.values().for_each(|channel| channel.postbox.announce(notice));
    }

    /// All memberships that a server should have. Those of subscriptions last, and begin anew.
    pub(super) fn memberships(&self, now: f64, is_there: impl Fn(&Group) -> bool) -> Vec<Joined> {
        let state = self.lock();
        let subscribed =
            state.subscriptions.iter().filter(|(_, subscription)| subscription.membership.joined);
        let subscribed = subscribed.map(|(group, subscription)| (group, &subscription.proxy, now));
        let channels = state.channels.iter().map(|(name, channel)| (name, &channel.groups));
        let workers = state.workers.iter().map(|(name, worker)| (name, worker.groups()));
        let added = channels.chain(workers).flat_map(|(name, groups)| {
            let joined = groups.iter().filter(|(_, membership)| membership.joined);
            joined.map(move |(group, membership)| (group, name, membership.since))
        });
        let there = subscribed.chain(added).filter(|(group, _, _)| is_there(group));
        there.map(|(group, name, since)| (group.clone(), name.clone(), since)).collect()
    }

    /// Those of subscriptions alone, to be renewed.
    pub(super) fn subscriptions(&self, now: f64, is_there: impl Fn(&Group) -> bool) -> Vec<Joined> {
        let state = self.lock();
        let joined = state.subscriptions.iter().filter(|(_, subscription)| subscription.membership.joined);
        let there = joined.filter(|(group, _)| is_there(group));
        there.map(|(group, subscription)| (group.clone(), subscription.proxy.clone(), now)).collect()
    }

    /// What a server has to forget. Whoever takes it gets it [done](Self::told), or [puts it back](Self::put_back);
    /// one takes at a time.
    pub(super) fn take_left(&self, shard: usize) -> HashSet<(Group, ChannelName)> {
        let mut state = self.lock();
        let left = std::mem::take(&mut state.left[shard]);
        state.telling[shard] = left.len();
        left
    }

    /// What was taken is forgotten.
    pub(super) fn told(&self, shard: usize) {
        self.lock().telling[shard] = 0;
    }

    pub(super) fn put_back(&self, shard: usize, left: HashSet<(Group, ChannelName)>) {
        let mut state = self.lock();
        state.telling[shard] = 0;
        let room = MOST_LEFT.saturating_sub(state.left[shard].len());
        state.left[shard].extend(left.into_iter().take(room));
    }

    pub(super) fn stats(&self) -> RedisStats {
        let state = self.lock();
        let channels = state.channels.values().map(|channel| &channel.postbox);
        let subscriptions = state.subscriptions.values().flat_map(|subscription| &subscription.postboxes);
        let postboxes = channels.chain(subscriptions.map(|(_, postbox)| postbox));
        RedisStats {
            channels: state.channels.len(),
            subscriptions: state.subscriptions.len(),
            receiving: state.workers.len(),
            waiting: postboxes.map(Postbox::len).sum(),
            leaving: state.left.iter().map(HashSet::len).chain(state.telling.iter().copied()).sum(),
        }
    }

    /// Forgets events and memberships of channels. Subscriptions stay.
    pub(super) fn clear(&self) {
        let mut state = self.lock();
        for channel in state.channels.values_mut() {
            channel.postbox.clear();
            channel.groups.clear();
        }
        state.workers.values_mut().for_each(Worker::clear);
        for subscription in state.subscriptions.values() {
            subscription.postboxes.iter().for_each(|(_, postbox)| postbox.clear());
        }
    }

    /// Ends every channel, and takes the process out of every group.
    pub(super) fn close(&self, shard_of: impl Fn(&Group) -> usize) {
        let mut state = self.lock();
        state.closed = true;
        let channels = std::mem::take(&mut state.channels);
        let subscriptions = std::mem::take(&mut state.subscriptions);
        state.proxies.clear();
        for (name, channel) in channels {
            channel.postbox.close();
            for (group, membership) in channel.groups {
                if membership.may_be_there() {
                    self.forget(&mut state, shard_of(&group), group, name.clone());
                }
            }
        }
        for (group, subscription) in subscriptions {
            subscription.postboxes.iter().for_each(|(_, postbox)| postbox.close());
            if subscription.membership.may_be_there() {
                self.forget(&mut state, shard_of(&group), group, subscription.proxy);
            }
        }
        let workers = std::mem::take(&mut state.workers);
        drop(state);
        workers.into_values().for_each(Worker::close);
    }
}

impl State {
    fn subscription_of(&self, proxy: &str) -> Option<&Subscription> {
        self.subscriptions.get(self.proxies.get(proxy)?)
    }

    /// The groups of a channel that is received on here.
    fn groups_of(&mut self, name: &ChannelName) -> Option<&mut HashMap<Group, Membership>> {
        if name.is_specific() {
            return self.channels.get_mut(name).map(|channel| &mut channel.groups);
        }
        self.workers.get_mut(name).map(Worker::groups_mut)
    }
}
