//! What can go wrong between a sender and a receiver.

use crate::{CapacityError, ChannelName, NameError};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a layer could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The channel holds as many events as it may.
    #[error("channel {channel} is full ({capacity} events); raise its capacity or make its consumer faster")]
    ChannelFull {
        /// The full channel.
        channel: ChannelName,
        /// How many events it may hold.
        capacity: usize,
    },
    /// A specific channel, asked for by somebody who is not its mailbox.
    #[error("channel {0} belongs to the mailbox that made it; receive on a normal one, without `!`")]
    Specific(ChannelName),
    /// A channel that is not received on in this process, where a layer takes no others into a group.
    #[error("channel {0} is not one of this process; whoever receives on it adds it to a group")]
    Elsewhere(ChannelName),
    /// The layer's server did not answer, or not in time.
    #[error("the channel layer's server cannot be reached")]
    Unavailable(#[source] BoxError),
    /// The server is away, and as many events wait for it as may: see `OnOutage::Queue`.
    #[error("the channel layer's server is away, and {waiting} events ({bytes} bytes) wait for it already")]
    OutboxFull {
        /// How many events wait.
        waiting: usize,
        /// The memory they take.
        bytes: usize,
    },
    /// So many events still waited for the layer's server when the layer was closed, and are lost.
    #[error("{0} events that waited for the channel layer's server were not sent")]
    Unsent(usize),
    /// The event could not be written.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A name that breaks the rules.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A server's address that is none.
    #[cfg(feature = "redis")]
    #[error(transparent)]
    Host(crate::RedisHostError),
    /// A capacity pattern that does not compile.
    #[error(transparent)]
    Capacity(#[from] CapacityError),
}

/// Why an event could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The value does not serialize, or not to a map.
    #[error("event {kind} does not serialize; an event is a struct with named fields")]
    Encode {
        /// The event's wire name.
        kind: String,
        /// What serde said.
        #[source]
        source: BoxError,
    },
    /// The bytes are not the event its handler takes.
    #[error("event {kind} is not a {expected}")]
    Decode {
        /// The event's wire name.
        kind: String,
        /// The Rust type that was asked for.
        expected: &'static str,
        /// What serde said.
        #[source]
        source: BoxError,
    },
    /// The bytes are no event at all: not a map, or without `type`.
    #[error("a message from the layer is not a map with a `type`")]
    Malformed(#[source] BoxError),
}
