//! What a process has on the layer: its channels, its groups, and what servers are to send it.
//!
//! One lock, never held across an await, and under it nothing but this and mailboxes' own locks.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::RedisError;
use tokio::{sync::Notify, time::Instant};

use super::{
    RedisPubSubStats,
    names::Names,
    topics::{Changes, Confirmation, Place, Topics},
};
use crate::{
    ChannelName, Envelope, Group, Mailbox, Postbox,
    metrics::{self, Reason},
};

/// How many events a subscription holds: it serves all members of a group on one worker thread.
const SUBSCRIPTION: usize = 10_000;

#[derive(Debug)]
pub(super) struct Registry {
    pub(super) names: Names,
    /// How long a membership lasts.
    lifetime: Duration,
    state: Mutex<State>,
    /// For each server, that it has to be told something.
    pub(super) changed: Vec<Notify>,
}

#[derive(Debug)]
struct State {
    closed: bool,
    channels: HashMap<ChannelName, Channel>,
    groups: HashMap<Group, Members>,
    servers: Vec<Topics>,
    subscriptions: u64,
}

/// A channel that is received on here.
#[derive(Debug)]
struct Channel {
    postbox: Postbox,
    /// How many mailboxes are on it. `None` if it is that of one.
    shared: Option<usize>,
    groups: HashSet<Group>,
}

/// Who gets a group's events in this process.
#[derive(Debug, Default)]
struct Members {
    subscriptions: Vec<(u64, ChannelName, Postbox)>,
    channels: HashMap<ChannelName, Membership>,
}

#[derive(Debug)]
struct Membership {
    postbox: Postbox,
    since: Instant,
    /// How many wait for the server to send the group's events.
    asking: usize,
    /// Somebody was told that it is a member.
    joined: bool,
}

impl Registry {
    pub(super) fn new(names: Names, servers: usize, lifetime: Duration) -> Self {
        let state = State {
            closed: false,
            channels: HashMap::new(),
            groups: HashMap::new(),
            servers: (0..servers).map(|_| Topics::default()).collect(),
            subscriptions: 0,
        };
        let changed = (0..servers).map(|_| Notify::new()).collect();
        Self { names, lifetime, state: Mutex::new(state), changed }
    }

    // No code of others runs under this lock, so what a poisoned one guards is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn want(&self, state: &mut State, topic: &str) -> Confirmation {
        let server = self.names.server_of(topic);
        let confirmation = state.servers[server].want(topic);
        if confirmation.is_some() {
            self.changed[server].notify_one();
        }
        confirmation
    }

    /// A taker of this topic is gone: perhaps the last.
    fn release(&self, state: &mut State, topic: &str) {
        let group = self.names.group_of(topic).is_some_and(|group| state.groups.contains_key(group));
        if group || state.channels.contains_key(topic) {
            return;
        }
        let server = self.names.server_of(topic);
        state.servers[server].unwant(topic);
        if state.servers[server].has_changes() {
            self.changed[server].notify_one();
        }
    }

    /// A new channel. `None` if the layer was closed.
    pub(super) fn open(&self, mailbox: &Mailbox) -> Option<Confirmation> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        let channel = Channel { postbox: mailbox.postbox(), shared: None, groups: HashSet::new() };
        state.channels.insert(mailbox.name().clone(), channel);
        Some(self.want(&mut state, mailbox.name().as_str()))
    }

    /// A further mailbox on a normal channel. `None` if the layer was closed.
    pub(super) fn receive(
        &self,
        name: &ChannelName,
        first: impl FnOnce() -> Mailbox,
    ) -> Option<(Mailbox, Confirmation)> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        let new = || Channel { postbox: first().postbox(), shared: Some(0), groups: HashSet::new() };
        let channel = state.channels.entry(name.clone()).or_insert_with(new);
        channel.shared = channel.shared.map(|mailboxes| mailboxes + 1);
        let mailbox = Mailbox::on(name.clone(), &channel.postbox);
        Some((mailbox, self.want(&mut state, name.as_str())))
    }

    /// A mailbox was dropped. With its last one, a channel is gone and in no group any more.
    pub(super) fn close_channel(&self, name: &ChannelName) {
        let mut state = self.lock();
        let Some(channel) = state.channels.get_mut(name) else { return };
        channel.shared = channel.shared.map(|mailboxes| mailboxes - 1);
        if channel.shared.is_some_and(|mailboxes| mailboxes > 0) {
            return;
        }
        let Some(channel) = state.channels.remove(name) else { return };
        for group in &channel.groups {
            self.leave(&mut state, group, name);
        }
        self.release(&mut state, name.as_str());
        drop(state);
        channel.postbox.abandon();
    }

    fn leave(&self, state: &mut State, group: &Group, name: &ChannelName) {
        let Some(members) = state.groups.get_mut(group) else { return };
        members.channels.remove(name);
        self.gone(state, group);
    }

    /// A member of this group is gone: perhaps the last.
    fn gone(&self, state: &mut State, group: &Group) {
        if state.groups.get(group).is_some_and(Members::is_empty) {
            state.groups.remove(group);
            self.release(state, &self.names.of_group(group));
        }
    }

    /// A channel is about to join. `None` if nobody receives on it here.
    pub(super) fn joins(&self, group: &Group, name: &ChannelName) -> Option<Confirmation> {
        let mut state = self.lock();
        let channel = state.channels.get_mut(name)?;
        channel.groups.insert(group.clone());
        let postbox = channel.postbox.clone();
        let since = Instant::now();
        let membership = Membership { postbox, since, asking: 0, joined: false };
        let members = state.groups.entry(group.clone()).or_default();
        let membership = members.channels.entry(name.clone()).or_insert(membership);
        membership.since = since;
        membership.asking += 1;
        Some(self.want(&mut state, &self.names.of_group(group)))
    }

    /// What became of it: who was told that it is no member must not become one.
    pub(super) fn joined(&self, group: &Group, name: &ChannelName, done: bool) {
        let mut state = self.lock();
        let members = state.groups.get_mut(group);
        // it may have left meanwhile
        let Some(membership) = members.and_then(|members| members.channels.get_mut(name)) else { return };
        membership.asking = membership.asking.saturating_sub(1);
        membership.joined |= done;
        if !membership.joined && membership.asking == 0 {
            state.leave_channel(name, group);
            self.leave(&mut state, group, name);
        }
    }

    /// A channel leaves.
    pub(super) fn leaves(&self, group: &Group, name: &ChannelName) {
        let mut state = self.lock();
        state.leave_channel(name, group);
        self.leave(&mut state, group, name);
    }

    /// A mailbox for a group, with its number. `None` if the layer was closed.
    pub(super) fn subscribe(
        &self,
        group: &Group,
        name: ChannelName,
        expiry: Duration,
    ) -> Option<(u64, Mailbox, Confirmation)> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        state.subscriptions += 1;
        let id = state.subscriptions;
        let mailbox = Mailbox::new(name.clone(), SUBSCRIPTION, expiry);
        let members = state.groups.entry(group.clone()).or_default();
        members.subscriptions.push((id, name, mailbox.postbox()));
        let confirmation = self.want(&mut state, &self.names.of_group(group));
        Some((id, mailbox, confirmation))
    }

    /// A mailbox for a group was dropped.
    pub(super) fn unsubscribe(&self, group: &Group, id: u64) {
        let mut state = self.lock();
        let Some(members) = state.groups.get_mut(group) else { return };
        let Some(place) = members.subscriptions.iter().position(|(other, ..)| *other == id) else { return };
        let (_, _, postbox) = members.subscriptions.swap_remove(place);
        self.gone(&mut state, group);
        drop(state);
        postbox.abandon();
    }

    /// Gives an event to all here who want what is published there.
    pub(super) fn deliver(&self, topic: &str, event: &Envelope) {
        let mut takers = Vec::new();
        {
            let mut state = self.lock();
            if let Some((name, channel)) = state.channels.get_key_value(topic) {
                takers.push((name.clone(), channel.postbox.clone()));
            }
            if let Some(group) = self.names.group_of(topic) {
                self.lapse(&mut state, group);
                if let Some(members) = state.groups.get(group) {
                    let all = members.subscriptions.iter().map(|(_, name, postbox)| (name, postbox));
                    let channels = members.channels.iter().map(|(name, member)| (name, &member.postbox));
                    takers.extend(all.chain(channels).map(|(name, postbox)| (name.clone(), postbox.clone())));
                }
            }
        }
        if takers.is_empty() {
            metrics::dropped(Reason::Gone);
            tracing::debug!(kind = event.kind(), "event dropped: its channel is gone");
        }
        for (name, postbox) in takers {
            // what it did not take is counted
            let _offered = postbox.deliver(&name, event);
        }
    }

    /// Takes out of a group who has not been added again in time. Subscriptions stay.
    fn lapse(&self, state: &mut State, group: &str) {
        let Some((group, members)) = state.groups.get_key_value(group) else { return };
        let lapsed = members.channels.iter().filter(|(_, member)| member.since.elapsed() >= self.lifetime);
        let lapsed: Vec<_> = lapsed.map(|(name, _)| name.clone()).collect();
        if lapsed.is_empty() {
            return;
        }
        let group = group.clone();
        for name in &lapsed {
            state.leave_channel(name, &group);
            self.leave(state, &group, name);
        }
    }

    /// Tells everybody, full or not. Not normal channels: those who receive there have no state to repair.
    pub(super) fn announce(&self, notice: &Envelope) {
        let state = self.lock();
        for members in state.groups.values() {
            members.subscriptions.iter().for_each(|(_, _, postbox)| postbox.announce(notice));
        }
        let single = state.channels.values().filter(|channel| channel.shared.is_none());
        single.for_each(|channel| channel.postbox.announce(notice));
    }

    pub(super) fn stats(&self) -> RedisPubSubStats {
        let state = self.lock();
        let subscriptions = state.groups.values().flat_map(|members| &members.subscriptions);
        let postboxes = subscriptions.map(|(_, _, postbox)| postbox);
        let postboxes = postboxes.chain(state.channels.values().map(|channel| &channel.postbox));
        let shared = state.channels.values().filter(|channel| channel.shared.is_some()).count();
        RedisPubSubStats {
            channels: state.channels.len() - shared,
            receiving: shared,
            groups: state.groups.len(),
            topics: state.servers.iter().map(Topics::len).sum(),
            waiting: postboxes.map(Postbox::len).sum(),
        }
    }

    /// Forgets events and memberships of channels. Subscriptions stay.
    pub(super) fn clear(&self) {
        let mut state = self.lock();
        for channel in state.channels.values_mut() {
            channel.postbox.clear();
            channel.groups.clear();
        }
        let groups: Vec<_> = state.groups.keys().cloned().collect();
        for group in groups {
            if let Some(members) = state.groups.get_mut(&group) {
                members.channels.clear();
                members.subscriptions.iter().for_each(|(_, _, postbox)| postbox.clear());
            }
            self.gone(&mut state, &group);
        }
    }

    /// Ends every mailbox. Whoever waits for a server is told that nothing comes of it.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for channel in state.channels.drain().map(|(_, channel)| channel) {
            channel.postbox.close();
        }
        for members in state.groups.drain().map(|(_, members)| members) {
            members.subscriptions.iter().for_each(|(_, _, postbox)| postbox.close());
        }
        state.servers.iter_mut().for_each(Topics::clear);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// What a server has to be told now: see [`Topics::take_changes`].
    pub(super) fn take_changes(&self, server: usize) -> Changes {
        self.lock().servers[server].take_changes()
    }

    /// The server did what it was asked to.
    pub(super) fn settled(&self, server: usize, topics: &[String], place: Place) {
        let mut state = self.lock();
        state.servers[server].settled(topics, place);
        if state.servers[server].has_changes() {
            self.changed[server].notify_one();
        }
    }

    /// The server will not send it.
    pub(super) fn refused(&self, server: usize, topic: &str, error: RedisError) {
        tracing::warn!(%error, "a subscription was refused");
        self.lock().servers[server].refused(topic, error);
    }

    /// The connection to a server is lost.
    pub(super) fn lost(&self, server: usize) {
        self.lock().servers[server].lost();
    }

    /// A server sends all that it should again.
    pub(super) fn is_back(&self, server: usize) {
        self.lock().servers[server].is_back();
    }

    /// Since when the server that has this topic has been away.
    pub(super) fn down(&self, topic: &str) -> Option<Instant> {
        self.lock().servers[self.names.server_of(topic)].down()
    }
}

impl State {
    /// A channel need not leave this group when it goes.
    fn leave_channel(&mut self, name: &ChannelName, group: &Group) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.groups.remove(group);
        }
    }
}

impl Members {
    fn is_empty(&self) -> bool {
        self.subscriptions.is_empty() && self.channels.is_empty()
    }
}
