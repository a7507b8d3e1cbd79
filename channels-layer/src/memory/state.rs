//! What a memory layer knows: its channels, and the members of its groups.
//!
//! Locks are taken in one order: a channel's shard, a group's shard, a mailbox. A channel stays locked while
//! it joins a group, so that a mailbox dropped meanwhile cannot come back as a ghost.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{MemoryStats, shards::Shards};
use crate::{
    ChannelName, Delivery, Envelope, Group, LayerError, Mailbox, Offered, Postbox, Retention,
    metrics::{self, Reason},
};

/// How often leftovers are looked for, at most.
const SWEEP: Duration = Duration::from_secs(1);

/// How many events a subscription holds: it serves all members of a group on one worker.
const SUBSCRIPTION: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct State {
    retention: Retention,
    channels: Shards<ChannelName, Channel>,
    groups: Shards<Group, HashMap<ChannelName, Member>>,
    swept: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Channel {
    postbox: Postbox,
    mailboxes: usize,
    groups: HashSet<Group>,
}

#[derive(Debug)]
struct Member {
    postbox: Postbox,
    /// Never, for a subscription.
    expires: Option<Instant>,
}

impl Channel {
    fn of(mailbox: &Mailbox) -> Self {
        Self { postbox: mailbox.postbox(), mailboxes: 1, groups: HashSet::new() }
    }

    fn is_leftover(&self) -> bool {
        self.mailboxes == 0 && self.groups.is_empty() && self.postbox.is_empty()
    }
}

impl State {
    pub(super) fn new(retention: Retention) -> Self {
        Self { retention, ..Self::default() }
    }

    /// A channel of one mailbox.
    pub(super) fn open(this: &Arc<Self>, name: ChannelName) -> Mailbox {
        let mailbox = this.mailbox(name.clone());
        this.channels.lock(&name).insert(name.clone(), Channel::of(&mailbox));
        Self::released(this, name, mailbox)
    }

    /// A channel that is in a group for as long as its mailbox lives.
    pub(super) fn subscribe(this: &Arc<Self>, group: &Group, name: ChannelName) -> Mailbox {
        let mailbox = Mailbox::new(name.clone(), SUBSCRIPTION, this.retention.event_lifetime());
        this.channels.lock(&name).insert(name.clone(), Channel::of(&mailbox));
        this.join(group, &name, None);
        Self::released(this, name, mailbox)
    }

    /// A further mailbox on a normal channel.
    pub(super) fn receive(this: &Arc<Self>, name: &ChannelName) -> Mailbox {
        let mailbox = {
            let mut channels = this.channels.lock(name);
            let channel = this.normal(&mut channels, name);
            channel.mailboxes += 1;
            Mailbox::on(name.clone(), &channel.postbox)
        };
        Self::released(this, name.clone(), mailbox)
    }

    fn released(this: &Arc<Self>, name: ChannelName, mailbox: Mailbox) -> Mailbox {
        let state = Arc::downgrade(this);
        mailbox.on_drop(move || {
            if let Some(state) = state.upgrade() {
                state.release(&name);
            }
        })
    }

    fn mailbox(&self, name: ChannelName) -> Mailbox {
        let capacity = self.retention.capacity_of(&name);
        Mailbox::new(name, capacity, self.retention.event_lifetime())
    }

    /// A normal channel comes to be when it is first named.
    fn normal<'a>(
        &self,
        channels: &'a mut HashMap<ChannelName, Channel>,
        name: &ChannelName,
    ) -> &'a mut Channel {
        channels.entry(name.clone()).or_insert_with(|| Channel {
            postbox: self.mailbox(name.clone()).postbox(),
            mailboxes: 0,
            groups: HashSet::new(),
        })
    }

    /// A mailbox was dropped.
    fn release(&self, name: &ChannelName) {
        let mut channels = self.channels.lock(name);
        let Some(channel) = channels.get_mut(name) else { return };
        channel.mailboxes -= 1;
        if name.is_specific() {
            let groups = std::mem::take(&mut channel.groups);
            channel.postbox.abandon();
            channels.remove(name);
            self.leave(name, groups);
        } else if channel.is_leftover() {
            channels.remove(name);
        }
    }

    fn leave(&self, name: &ChannelName, groups: impl IntoIterator<Item = Group>) {
        for group in groups {
            let mut members = self.groups.lock(&group);
            if let Entry::Occupied(mut entry) = members.entry(group) {
                entry.get_mut().remove(name);
                if entry.get().is_empty() {
                    entry.remove();
                }
            }
        }
    }

    pub(super) fn send(&self, name: &ChannelName, event: Envelope) -> Result<(), LayerError> {
        let mut channels = self.channels.lock(name);
        let postbox = match channels.get(name) {
            Some(channel) => &channel.postbox,
            None if name.is_specific() => {
                drop(channels);
                metrics::dropped(Reason::Gone);
                tracing::debug!(channel = %name, kind = event.kind(), "event dropped: its channel is gone");
                return Ok(());
            }
            None => &self.normal(&mut channels, name).postbox,
        };
        // still locked: a normal channel whose last mailbox goes is forgotten when it is empty, and an event
        // put into it after that would be lost
        match offer(postbox, name, event) {
            Offered::Full => {
                Err(LayerError::ChannelFull { channel: name.clone(), capacity: postbox.capacity() })
            }
            Offered::Taken | Offered::Closed => Ok(()),
        }
    }

    pub(super) fn group_add(&self, group: &Group, name: &ChannelName) {
        self.join(group, name, Some(Instant::now() + self.retention.membership_lifetime()));
    }

    fn join(&self, group: &Group, name: &ChannelName, expires: Option<Instant>) {
        let mut channels = self.channels.lock(name);
        let channel = match channels.get_mut(name) {
            Some(channel) => channel,
            None if name.is_specific() => {
                tracing::debug!(channel = %name, %group, "not added to the group: the channel is gone");
                return;
            }
            None => self.normal(&mut channels, name),
        };
        channel.groups.insert(group.clone());
        let mut groups = self.groups.lock(group);
        let members = groups.entry(group.clone()).or_default();
        // a subscription stays one, whoever adds its channel
        let member =
            members.entry(name.clone()).or_insert(Member { postbox: channel.postbox.clone(), expires });
        member.expires = member.expires.and(expires);
    }

    pub(super) fn group_discard(&self, group: &Group, name: &ChannelName) {
        let mut channels = self.channels.lock(name);
        let Some(channel) = channels.get_mut(name) else { return };
        if channel.groups.remove(group) {
            self.leave(name, [group.clone()]);
        }
        if channel.is_leftover() {
            channels.remove(name);
        }
    }

    pub(super) fn group_send(&self, group: &Group, event: &Envelope) -> Delivery {
        let now = Instant::now();
        let mut delivery = Delivery::default();
        let mut expired = Vec::new();
        if let Some(members) = self.groups.lock(group).get(group) {
            for (name, member) in members {
                if member.expires.is_some_and(|expires| expires <= now) {
                    expired.push(name.clone());
                    continue;
                }
                match offer(&member.postbox, name, event.clone()) {
                    Offered::Taken => delivery.delivered += 1,
                    Offered::Full => delivery.dropped += 1,
                    Offered::Closed => {}
                }
            }
        }
        for name in expired {
            tracing::debug!(channel = %name, %group, "left the group: not renewed within the group expiry");
            self.group_discard(group, &name);
        }
        delivery
    }

    /// Forgets what expired unread on normal channels; their membership goes with it, as in Channels.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        {
            let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
            let every = SWEEP.min(self.retention.event_lifetime());
            if swept.is_some_and(|last| now.duration_since(last) < every) {
                return;
            }
            *swept = Some(now);
        }
        for mut channels in self.channels.each() {
            channels.retain(|name, channel| {
                if name.is_specific() || channel.mailboxes > 0 {
                    return true;
                }
                if channel.postbox.drop_expired() > 0 {
                    self.leave(name, channel.groups.drain());
                }
                !channel.is_leftover()
            });
        }
    }

    /// Forgets events and memberships. A subscription stays: it is there for as long as its mailbox.
    pub(super) fn flush(&self) {
        for mut channels in self.channels.each() {
            channels.retain(|name, channel| {
                channel.postbox.clear();
                self.leave(name, channel.groups.extract_if(|group| !self.is_subscribed(group, name)));
                !channel.is_leftover()
            });
        }
    }

    fn is_subscribed(&self, group: &Group, name: &ChannelName) -> bool {
        let groups = self.groups.lock(group);
        let member = groups.get(group).and_then(|members| members.get(name));
        member.is_some_and(|member| member.expires.is_none())
    }

    pub(super) fn stats(&self) -> MemoryStats {
        let mut stats = MemoryStats::default();
        for channels in self.channels.each() {
            stats.channels += channels.len();
            stats.waiting += channels.values().map(|channel| channel.postbox.len()).sum::<usize>();
        }
        for groups in self.groups.each() {
            stats.groups += groups.len();
            stats.members += groups.values().map(HashMap::len).sum::<usize>();
        }
        stats
    }
}

fn offer(postbox: &Postbox, name: &ChannelName, event: Envelope) -> Offered {
    let kind = event.clone();
    let offered = postbox.offer(event);
    match offered {
        Offered::Taken => {}
        Offered::Full => {
            metrics::dropped(Reason::Full);
            tracing::debug!(channel = %name, kind = kind.kind(), "event dropped: the channel is full");
        }
        Offered::Closed => metrics::dropped(Reason::Gone),
    }
    offered
}
