//! What a channel layer is, and the handle an application holds.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::{BlockingLayer, ChannelName, Envelope, Event, Group, LayerError, Mailbox};

/// Carries events between consumers, workers, and processes: Django Channels' channel layer.
///
/// Delivery is at most once, in the order of each sender. A layer is used through [`Layer`]; this trait is
/// for those who write one, and [`conformance`](crate::conformance) tells whether they got it right.
#[async_trait]
pub trait ChannelLayer: Send + Sync + 'static {
    /// Makes a channel that belongs to the mailbox returned. `prefix` begins its name; it holds letters,
    /// digits, `-`, `_` and `.`.
    async fn new_channel(&self, prefix: &str) -> Result<Mailbox, LayerError>;

    /// Sends `event` to one channel. Never waits for a receiver.
    async fn send(&self, channel: &ChannelName, event: Envelope) -> Result<(), LayerError>;

    /// Receives on a normal channel; [`Layer`] asks for no other. Of several mailboxes on one channel, one gets each
    /// event: of all, or of those in one process where a layer publishes.
    async fn receive(&self, channel: &ChannelName) -> Result<Mailbox, LayerError>;

    /// Adds `channel` to `group`; again, to renew it.
    async fn group_add(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError>;

    /// Takes `channel` out of `group`. Nothing happens if it is not in it.
    async fn group_discard(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError>;

    /// Sends `event` to every channel in `group`, at most once each. Never fails because a member is full.
    async fn group_send(&self, group: &Group, event: Envelope) -> Result<Delivery, LayerError>;

    /// A mailbox for all that is sent to `group`: how one worker thread serves its many members at once.
    ///
    /// Unlike a channel added with [`group_add`](Self::group_add), it needs no renewal, since the layer does
    /// that as long as the mailbox lives, and it holds many more events than one consumer's channel.
    async fn subscribe(&self, group: &Group) -> Result<Mailbox, LayerError>;

    /// Forgets every event and every membership. A subscription stays as long as its mailbox.
    async fn flush(&self) -> Result<(), LayerError>;
}

/// What became of an event sent to a group.
///
/// A layer that spans processes knows only its own part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// How many channels took it.
    pub delivered: usize,
    /// How many missed it because they were full. Counted and logged by the layer.
    pub dropped: usize,
}

/// A handle on a channel layer for the rest of an application: REST handlers, jobs, other actors. Cheap to
/// clone.
///
/// ```
/// # use channels_layer::*;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize)] struct Created { id: u64 }
/// # impl Event for Created { const TYPE: &str = "notification.created"; }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), LayerError> {
/// let layer = Layer::new(MemoryLayer::default());
/// let delivery = layer.group_send(&Group::of("user", 5)?, Created { id: 1 }).await?;
/// assert_eq!(delivery.delivered, 0); // nobody is connected
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Layer(Arc<dyn ChannelLayer>);

impl Layer {
    /// A handle on `layer`.
    pub fn new(layer: impl ChannelLayer) -> Self {
        Self(Arc::new(layer))
    }

    /// Makes a channel of its own. `prefix` begins its name; consumers' is `specific`.
    ///
    /// # Errors
    ///
    /// [`LayerError::Name`] if the prefix makes no good name; [`LayerError::Unavailable`] if the layer's
    /// server did not answer.
    pub async fn new_channel(&self, prefix: &str) -> Result<Mailbox, LayerError> {
        self.0.new_channel(prefix).await
    }

    /// Sends `event` to one channel. Never waits for a receiver.
    ///
    /// # Errors
    ///
    /// [`LayerError::ChannelFull`] if the channel holds as many events as it may;
    /// [`LayerError::Unavailable`] if the layer's server did not answer.
    pub async fn send(&self, channel: &ChannelName, event: impl Event) -> Result<(), LayerError> {
        self.forward_to(channel, Envelope::new(event)).await
    }

    /// Sends an envelope to one channel, as it is.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn forward_to(&self, channel: &ChannelName, envelope: Envelope) -> Result<(), LayerError> {
        self.0.send(channel, envelope).await
    }

    /// Receives on a normal channel, as a worker does.
    ///
    /// # Errors
    ///
    /// [`LayerError::Specific`] if it is none; [`LayerError::Unavailable`] if the layer's server did not answer.
    pub async fn receive(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        if channel.is_specific() {
            return Err(LayerError::Specific(channel.clone()));
        }
        self.0.receive(channel).await
    }

    /// Adds `channel` to `group`. A consumer calls its socket's `join` instead.
    ///
    /// # Errors
    ///
    /// [`LayerError::Elsewhere`] if it is another process's, on a layer that publishes;
    /// [`LayerError::Unavailable`] if the layer's server did not answer.
    pub async fn group_add(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError> {
        self.0.group_add(group, channel).await
    }

    /// Takes `channel` out of `group`.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the layer's server did not answer.
    pub async fn group_discard(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError> {
        self.0.group_discard(group, channel).await
    }

    /// Sends `event` to every channel in `group`, at most once each.
    ///
    /// A member whose channel is full misses it; that is counted, logged and told in
    /// [`Delivery::dropped`], and no error.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the layer's server did not answer.
    pub async fn group_send(&self, group: &Group, event: impl Event) -> Result<Delivery, LayerError> {
        self.forward(group, Envelope::new(event)).await
    }

    /// Sends an envelope to every channel in `group`, as it is.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the layer's server did not answer.
    pub async fn forward(&self, group: &Group, envelope: Envelope) -> Result<Delivery, LayerError> {
        self.0.group_send(group, envelope).await
    }

    /// Forgets every event and every membership, in every process on this layer. Subscriptions stay. For
    /// tests.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the layer's server did not answer.
    pub async fn flush(&self) -> Result<(), LayerError> {
        self.0.flush().await
    }

    /// A mailbox for all that is sent to `group`, for as long as it lives.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the layer's server did not answer.
    pub async fn subscribe(&self, group: &Group) -> Result<Mailbox, LayerError> {
        self.0.subscribe(group).await
    }

    /// Whether both are handles on one layer.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The same handle for plain threads. Call it on a thread of the runtime: where the server is built.
    ///
    /// # Panics
    ///
    /// If there is no tokio runtime here to do the work.
    #[track_caller]
    pub fn blocking(&self) -> BlockingLayer {
        BlockingLayer::new(self.clone())
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").finish_non_exhaustive()
    }
}
