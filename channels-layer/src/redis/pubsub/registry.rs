//! What a process has on the layer: its channels, its groups, and what servers are to send it.
//!
//! One lock, never held across an await, and under it nothing but this and mailboxes' own locks.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::RedisError;
use tokio::{sync::Notify, time::Instant};

use super::{
    RedisPubSubStats,
    names::Names,
    servers::{Map, NOBODY, Server},
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
}

#[derive(Debug)]
struct State {
    closed: bool,
    channels: HashMap<ChannelName, Channel>,
    groups: HashMap<Group, Members>,
    map: Map,
    servers: BTreeMap<Server, Topics>,
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
    pub(super) fn new(names: Names, map: Map, lifetime: Duration) -> Self {
        let servers = match map {
            Map::Ring(servers) => (0..servers).map(|server| (server, Topics::default())).collect(),
            Map::Cluster(_) => BTreeMap::from([(NOBODY, Topics::of_nobody())]),
        };
        let state = State {
            closed: false,
            channels: HashMap::new(),
            groups: HashMap::new(),
            map,
            servers,
            subscriptions: 0,
        };
        Self { names, lifetime, state: Mutex::new(state) }
    }

    // No code of others runs under this lock, so what a poisoned one guards is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn want(&self, state: &mut State, topic: &str) -> Confirmation {
        let topics = state.home_of(topic);
        let confirmation = topics.want(topic);
        if confirmation.is_some() {
            topics.news.notify_one();
        }
        confirmation
    }

    /// A taker of this topic is gone: perhaps the last.
    fn release(&self, state: &mut State, topic: &str) {
        let group = self.names.group_of(topic).is_some_and(|group| state.groups.contains_key(group));
        if group || state.channels.contains_key(topic) {
            return;
        }
        let topics = state.home_of(topic);
        topics.unwant(topic);
        if topics.has_changes() {
            topics.news.notify_one();
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

    /// Whether what is published there is taken from this server: from one that had it before, it might come twice.
    pub(super) fn is_from(&self, server: Server, topic: &str) -> bool {
        self.lock().map.server_of(topic) == server
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
            topics: state.servers.values().map(Topics::len).sum(),
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
        state.servers.values_mut().for_each(Topics::clear);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// What a server has to be told now: see [`Topics::take_changes`].
    pub(super) fn take_changes(&self, server: Server) -> Changes {
        self.with(server, Topics::take_changes).unwrap_or_default()
    }

    /// That a server has to be told something. `None` if there is no such server any more.
    pub(super) fn news(&self, server: Server) -> Option<Arc<Notify>> {
        self.with(server, |topics| Arc::clone(&topics.news))
    }

    /// The server did what it was asked to.
    pub(super) fn settled(&self, server: Server, topics: &[String], place: Place) {
        self.with(server, |all| {
            all.settled(topics, place);
            if all.has_changes() {
                all.news.notify_one();
            }
        });
    }

    /// The server says that it sends it now.
    pub(super) fn confirmed(&self, server: Server, topic: &str) {
        self.with(server, |topics| {
            topics.confirmed(topic);
            if topics.has_changes() {
                topics.news.notify_one();
            }
        });
    }

    /// The server says that it does not send it any more, whoever wished that.
    pub(super) fn ended(&self, server: Server, topic: &str) {
        self.with(server, |topics| {
            topics.ended(topic);
            if topics.has_changes() {
                topics.news.notify_one();
            }
        });
    }

    /// Asked for again, what was not answered, when the server is next told something.
    pub(super) fn unsettled(&self, server: Server, topics: &[String]) {
        self.with(server, |all| all.unsettled(topics));
    }

    /// The server will not send it.
    pub(super) fn refused(&self, server: Server, topic: &str, error: RedisError) {
        tracing::warn!(%error, "a subscription was refused");
        self.with(server, |topics| {
            if topics.is_asked(topic) {
                topics.refused(topic, error);
            }
        });
    }

    /// The connection to a server is lost.
    pub(super) fn lost(&self, server: Server) {
        self.with(server, Topics::lost);
    }

    /// A server sends all that it should again.
    pub(super) fn is_back(&self, server: Server) {
        self.with(server, Topics::is_back);
    }

    /// Whether a server sends all that it did.
    pub(super) fn is_whole(&self, server: Server) -> bool {
        self.with(server, |topics| topics.is_whole()).unwrap_or(true)
    }

    /// What a server was told to send before this has arrived.
    pub(super) fn is_well(&self, server: Server, at: f64) {
        self.with(server, |topics| topics.is_well(at));
    }

    /// When a server was last known to be well.
    pub(super) fn well(&self, server: Server) -> f64 {
        self.with(server, |topics| topics.well()).unwrap_or_default()
    }

    /// Since when the server that has this topic has been away.
    pub(super) fn down(&self, topic: &str) -> Option<Instant> {
        self.lock().home_of(topic).down()
    }

    /// Topics have other servers now: those of `map`, some of them new, and no others.
    pub(super) fn assign(&self, map: Map, servers: impl IntoIterator<Item = Server>) {
        let mut state = self.lock();
        state.map = map.clone();
        let (mut all, mut moved) = (std::mem::take(&mut state.servers), Vec::new());
        for (&server, topics) in &mut all {
            moved.extend(topics.take_moved(|topic| map.server_of(topic) != server));
            if topics.has_changes() {
                topics.news.notify_one();
            }
        }
        for server in servers.into_iter().chain([NOBODY]) {
            state.servers.insert(server, all.remove(&server).unwrap_or_default());
        }
        for topic in moved {
            let home = state.home_of(topic.name());
            home.arrive(topic);
            home.news.notify_one();
        }
    }

    fn with<T>(&self, server: Server, what: impl FnOnce(&mut Topics) -> T) -> Option<T> {
        self.lock().servers.get_mut(&server).map(what)
    }
}

impl State {
    /// The topics of the server that has this one.
    fn home_of(&mut self, topic: &str) -> &mut Topics {
        self.servers.entry(self.map.server_of(topic)).or_default()
    }

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
