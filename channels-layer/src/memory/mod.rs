//! Groups and channels within one process.

mod shards;
mod state;

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use self::state::State;
use crate::{ChannelLayer, ChannelName, Delivery, Envelope, Group, LayerError, Mailbox, Retention};

/// A channel layer within one process: the default.
///
/// Django's `InMemoryChannelLayer`, fit for production where there is one process: sharded, bounded, and
/// without leftovers, since a mailbox leaves every group when it is dropped.
#[derive(Clone, Debug, Default)]
pub struct MemoryLayer(Arc<State>);

/// What a [`MemoryLayer`] holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryStats {
    /// Channels that exist: mailboxes, and normal channels with events or members' rights.
    pub channels: usize,
    /// Groups with at least one member.
    pub groups: usize,
    /// Members of all groups together.
    pub members: usize,
    /// Events that wait to be received.
    pub waiting: usize,
}

impl MemoryLayer {
    /// A layer that keeps as much as `retention` says.
    pub fn new(retention: Retention) -> Self {
        Self(Arc::new(State::new(retention)))
    }

    /// What it holds at the moment.
    pub fn stats(&self) -> MemoryStats {
        self.0.stats()
    }
}

#[async_trait]
impl ChannelLayer for MemoryLayer {
    async fn new_channel(&self, prefix: &str) -> Result<Mailbox, LayerError> {
        let name = ChannelName::new(format!("{prefix}.inmemory!{}", Uuid::new_v4().simple()))?;
        Ok(State::open(&self.0, name))
    }

    async fn send(&self, channel: &ChannelName, event: Envelope) -> Result<(), LayerError> {
        self.0.sweep();
        self.0.send(channel, event)
    }

    async fn receive(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        self.0.sweep();
        Ok(State::receive(&self.0, channel))
    }

    async fn group_add(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError> {
        self.0.group_add(group, channel);
        Ok(())
    }

    async fn group_discard(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError> {
        self.0.group_discard(group, channel);
        Ok(())
    }

    async fn group_send(&self, group: &Group, event: Envelope) -> Result<Delivery, LayerError> {
        self.0.sweep();
        Ok(self.0.group_send(group, &event))
    }

    async fn subscribe(&self, group: &Group) -> Result<Mailbox, LayerError> {
        let name = ChannelName::new(format!("group.inmemory!{}", Uuid::new_v4().simple()))?;
        Ok(State::subscribe(&self.0, group, name))
    }

    async fn flush(&self) -> Result<(), LayerError> {
        self.0.flush();
        Ok(())
    }
}
