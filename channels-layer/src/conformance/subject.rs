//! The layer that a check is about. Its methods panic where the layer returns an error.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    listener::Listener,
    run::{eventually, within},
};
use crate::{ChannelName, Delivery, Event, Group, Layer, LayerError};

/// What checks send: an event that tells which it is.
#[derive(Serialize, Deserialize)]
pub(super) struct Probe {
    pub(super) number: u64,
}

impl Event for Probe {
    const TYPE: &str = "conformance.probe";
}

#[derive(Clone)]
pub(super) struct Subject(Layer);

impl Subject {
    pub(super) fn new(layer: Layer) -> Self {
        Self(layer)
    }

    pub(super) fn layer(&self) -> &Layer {
        &self.0
    }

    /// Somebody with a channel of its own.
    pub(super) async fn listener(&self) -> Listener {
        let made = within("a new channel", self.0.new_channel("specific")).await;
        Listener::of_channel(self.clone(), made.expect("a new channel was refused"))
    }

    /// Somebody who is in `group`.
    pub(super) async fn member(&self, group: &Group) -> Listener {
        let member = self.listener().await;
        self.add(group, member.name()).await;
        member
    }

    /// Somebody who receives on a normal channel.
    pub(super) async fn receiver(&self, channel: &ChannelName) -> Listener {
        let made = within("a mailbox on a normal channel", self.0.receive(channel)).await;
        Listener::of_channel(self.clone(), made.expect("receiving on a normal channel was refused"))
    }

    /// Somebody who gets all that is sent to `group`.
    pub(super) async fn subscriber(&self, group: &Group) -> Listener {
        let made = within("a subscription", self.0.subscribe(group)).await;
        Listener::of_group(self.clone(), made.expect("a subscription was refused"), group)
    }

    pub(super) async fn send(&self, channel: &ChannelName, number: u64) {
        self.offer(channel, number).await.expect("an event was refused");
    }

    /// Sends, and leaves it to the check what to do if the layer refuses.
    pub(super) async fn offer(&self, channel: &ChannelName, number: u64) -> Result<(), LayerError> {
        within("an event to be taken", self.0.send(channel, Probe { number })).await
    }

    /// Whether there was room for the event.
    pub(super) async fn fits(&self, channel: &ChannelName, number: u64) -> bool {
        match self.offer(channel, number).await {
            Ok(()) => true,
            Err(LayerError::ChannelFull { .. }) => false,
            Err(error) => panic!("an event was refused, and not because the channel is full: {error}"),
        }
    }

    pub(super) async fn add(&self, group: &Group, channel: &ChannelName) {
        let added = within("a channel to be added", self.0.group_add(group, channel)).await;
        added.expect("a channel was not added to a group");
    }

    pub(super) async fn discard(&self, group: &Group, channel: &ChannelName) {
        let discarded = within("a channel to be discarded", self.0.group_discard(group, channel)).await;
        discarded.expect("a channel was not discarded from a group");
    }

    pub(super) async fn group_send(&self, group: &Group, number: u64) -> Delivery {
        let delivery = within("an event for a group to be taken", self.0.group_send(group, Probe { number }));
        delivery.await.expect("an event for a group was refused")
    }

    pub(super) async fn flush(&self) {
        within("a flush", self.0.flush()).await.expect("a flush was refused");
    }

    /// Waits until an event for `group` has nowhere to go: a layer with a server may take a while to forget a
    /// mailbox.
    pub(super) async fn nobody_gets(&self, group: &Group) {
        eventually("a group to be without members", async || {
            self.group_send(group, 0).await == Delivery::default()
        })
        .await;
    }
}

pub(super) fn group(name: &str) -> Group {
    Group::named(name).expect("a check's group has a bad name")
}

/// A normal channel that no other check uses: not every layer puts a prefix before the names of those.
pub(super) fn channel(name: &str) -> ChannelName {
    ChannelName::new(format!("{name}.{}", Uuid::new_v4().simple())).expect("a check's channel has a bad name")
}
