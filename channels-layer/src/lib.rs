//! Channel layers: typed events that reach one channel, or every channel of a group.
//!
//! This is Django Channels' channel layer for Rust. It knows nothing of WebSockets' connections or of
//! actix-web: a worker, a thread or another program can use it alone.
//!
//! * An [`Event`] is a struct with a wire name such as `chat.message`. It travels in an [`Envelope`], which
//!   encodes it at most once and decodes it at most once, however many receive it.
//! * A [`Mailbox`] is the receiving end of a channel: bounded, and gone from every group when it is dropped.
//! * A [`ChannelLayer`] carries envelopes. [`MemoryLayer`] does so within one process; [`Layer`] is the
//!   handle the rest of an application sends with, and [`BlockingLayer`] is the same for plain threads.
//! * [`conformance`] is the suite that every layer passes, yours included.
//!
//! ```
//! use channels_layer::{Event, Group, Layer, MemoryLayer};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct ChatMessage { text: String }
//! impl Event for ChatMessage { const TYPE: &str = "chat.message"; }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = Layer::new(MemoryLayer::default());
//! let lobby = Group::of("chat", "lobby")?;
//! let mut mailbox = layer.new_channel("specific").await?;
//! layer.group_add(&lobby, mailbox.name()).await?;
//!
//! layer.group_send(&lobby, ChatMessage { text: "hello".into() }).await?;
//!
//! let envelope = mailbox.recv().await.expect("the layer is alive");
//! assert_eq!(envelope.open::<ChatMessage>()?.text, "hello");
//! # Ok(()) }
//! ```

mod blocking;
mod capacity;
pub mod conformance;
mod envelope;
mod error;
mod event;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod gap;
mod layer;
mod mailbox;
mod memory;
pub mod metrics;
mod name;
#[cfg(feature = "redis")]
mod redis;
pub mod wire;

#[cfg(feature = "redis")]
pub use self::redis::{
    BlockingRedisPublisher, DeadLetter, DeadReason, OnOutage, OutboxStats, RedisHost, RedisHostError,
    RedisLayer, RedisOptions, RedisPubSubLayer, RedisPubSubStats, RedisPublisher, RedisScript, RedisServer,
    RedisStats, RedisTask, RedisTaskReceiver, RedisTasks, TaskPolicy, TaskStats,
};
pub use self::{
    blocking::BlockingLayer,
    capacity::{CapacityError, Retention},
    envelope::{Envelope, Received},
    error::{EventError, LayerError},
    event::Event,
    gap::Gap,
    layer::{ChannelLayer, Delivery, Layer},
    mailbox::{Mailbox, Offered, Postbox},
    memory::{MemoryLayer, MemoryStats},
    name::{ChannelName, Group, NameError},
};
