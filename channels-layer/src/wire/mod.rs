//! Events as bytes: for Redis, for a client, for a socket.

#[cfg_attr(
    not(feature = "redis"),
    expect(dead_code, reason = "only where a queue is shared has an event an address")
)]
mod address;
#[cfg(feature = "redis")]
mod codec;
pub mod deflate;
#[cfg(feature = "redis")]
mod fernet;
mod json;
pub(crate) mod msgpack;
mod serializer;
pub(crate) mod tagged;
mod value;
#[cfg(all(test, feature = "redis"))]
#[expect(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "that is how a test fails")]
pub(crate) mod vectors;
pub mod websocket;

use self::address::ADDRESS;
#[cfg(feature = "redis")]
pub(crate) use self::{address::Address, codec::Codec, fernet::Fernet};
pub use self::{
    serializer::{Format, Serializer},
    value::{Message, Value},
};
