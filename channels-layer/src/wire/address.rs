//! Which of the channels that share a queue a message is for.

use super::Value;

/// The key under which channels_redis writes it into the message.
pub(crate) const ADDRESS: &str = "__asgi_channel__";

/// Which channels a message is for, where its queue does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// The queue says it: a message sent to a normal channel.
    Implied,
    /// A message sent to one channel.
    One(String),
    /// A message sent to a group: its members that share the queue.
    Many(Vec<String>),
}

impl Address {
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Implied => Value::Nil,
            Self::One(channel) => Value::Text(channel.clone()),
            Self::Many(channels) => Value::List(channels.iter().cloned().map(Value::Text).collect()),
        }
    }

    /// What another wrote. What is no text in it names no channel.
    pub(super) fn of(value: Option<Value>) -> Self {
        let text = |value| match value {
            Value::Text(text) => Some(text),
            Value::Nil
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Extension(..) => None,
        };
        match value {
            None => Self::Implied,
            Some(Value::List(channels)) => Self::Many(channels.into_iter().filter_map(text).collect()),
            Some(value) => text(value).map_or(Self::Implied, Self::One),
        }
    }
}
