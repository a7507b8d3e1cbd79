//! In which format a layer's messages are: channels_redis' `serializer_format`.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use super::{Message, json};
use crate::error::BoxError;

/// In which format a layer's messages are. All who share a layer, Django too, use the same.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Format {
    /// MessagePack, channels_redis' default. The fastest: an event goes to the wire without a detour.
    #[default]
    MessagePack,
    /// JSON, as Python's `json.dumps` writes it. It has no bytes: an event with some is not sent.
    Json,
    /// A serializer of one's own.
    Custom(Arc<dyn Serializer>),
}

/// A format of one's own: the counterpart of a class in channels_redis' serializer registry.
///
/// ```
/// use channels_layer::wire::{Format, Message, Serializer};
///
/// /// JSON, but readable by people.
/// struct Pretty;
///
/// impl Serializer for Pretty {
///     fn serialize(&self, message: &Message) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(serde_json::to_vec_pretty(message)?)
///     }
///     fn deserialize(&self, bytes: &[u8]) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(serde_json::from_slice(bytes)?)
///     }
/// }
///
/// let format = Format::custom(Pretty);
/// ```
pub trait Serializer: Send + Sync + 'static {
    /// A message as bytes. Called once for each event and process it goes to.
    ///
    /// # Errors
    ///
    /// If the format has no word for something in the message.
    fn serialize(&self, message: &Message) -> Result<Vec<u8>, BoxError>;

    /// A message from bytes.
    ///
    /// # Errors
    ///
    /// If the bytes are no message in this format.
    fn deserialize(&self, bytes: &[u8]) -> Result<Message, BoxError>;
}

impl Format {
    /// A format of one's own.
    pub fn custom(serializer: impl Serializer) -> Self {
        Self::Custom(Arc::new(serializer))
    }

    /// A message as bytes.
    ///
    /// # Errors
    ///
    /// If the format has no word for something in the message.
    pub fn serialize(&self, message: &Message) -> Result<Vec<u8>, BoxError> {
        match self {
            Self::MessagePack => super::msgpack::write(message),
            Self::Json => json::write(message),
            Self::Custom(serializer) => serializer.serialize(message),
        }
    }

    /// A message from bytes.
    ///
    /// # Errors
    ///
    /// If the bytes are no message in this format.
    pub fn deserialize(&self, bytes: &Bytes) -> Result<Message, BoxError> {
        match self {
            Self::MessagePack => super::msgpack::read(bytes),
            Self::Json => json::read(bytes),
            Self::Custom(serializer) => serializer.deserialize(bytes),
        }
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MessagePack => "MessagePack",
            Self::Json => "Json",
            Self::Custom(_) => "Custom",
        })
    }
}
