//! Every number that bounds a connection, in one place.

use std::time::Duration;

use crate::Rate;

/// What one connection may take and how long things may last.
///
/// The defaults are Daphne's and Django Channels' where those have one.
///
/// ```
/// use std::time::Duration;
/// use channels_core::Limits;
///
/// let limits = Limits { message: 64 * 1024, ping_interval: Duration::from_secs(10), ..Limits::default() };
/// ```
#[derive(Clone, Debug)]
pub struct Limits {
    /// The biggest message from a client, in bytes, its fragments joined. It is checked against the length
    /// that a frame's header declares, before any of it is stored; over it, the connection is closed with
    /// 1009. Default 1 MiB (Daphne's `--websocket-max-message-size`).
    pub message: usize,

    /// How many fragments a message may have; over it, 1009. Default 16,384.
    pub fragments: usize,

    /// How many messages a client may send a second, its control frames counted with them; over it, the
    /// connection is closed with 4029, and the reason says in how many seconds to come back. Default `None`: a
    /// client that is too fast is held back by TCP, when [`inbound`](Self::inbound) is full.
    pub message_rate: Option<Rate>,

    /// How many bytes a client may send a second, all of them counted; over it, 4029. Give it a burst of at least
    /// [`message`](Self::message). Default `None`.
    pub byte_rate: Option<Rate>,

    /// How many bytes of messages may wait for a busy consumer. When they are that many, reading stops and
    /// TCP holds the client back. One message always fits. Default 1 MiB.
    pub inbound: usize,

    /// How many bytes of frames may wait for a client that reads slowly. Then [`overflow`](Self::overflow)
    /// decides for relayed events, and a consumer's own sends wait. One frame always fits. Default 1 MiB.
    pub outbound: usize,

    /// What happens to a relayed event when [`outbound`](Self::outbound) is reached. Default
    /// [`Overflow::Close`].
    pub overflow: Overflow,

    /// From the request to the consumer's `accept` or `close`; also how long a first message with
    /// credentials may take. After it the connection is closed with 1013. Default 5 s (Daphne's
    /// `--websocket_connect_timeout`).
    pub handshake: Duration,

    /// How long a message may take from its first byte to its last. After it the connection counts as lost:
    /// whoever stops in the middle of a frame cannot even answer a ping. Default 60 s.
    pub message_timeout: Duration,

    /// How long a client may send no message, pongs aside, before the connection is closed with 1000. Default
    /// `None`: most clients listen, and heartbeats tell whether they are there.
    pub idle: Option<Duration>,

    /// How often an idle client is pinged; the first ping comes after a random part of it. Default 20 s
    /// (Daphne's `--ping-interval`).
    pub ping_interval: Duration,

    /// How long a pinged client may stay silent before the connection counts as lost. The clock stands still
    /// while reading stands still. Default 30 s (Daphne's `--ping-timeout`).
    pub ping_timeout: Duration,

    /// How long frames may wait without one byte being taken before the connection counts as lost. Default
    /// 30 s.
    pub write_timeout: Duration,

    /// How long a client may take to answer a close frame, a slow hook to end when its connection is closed
    /// from outside, and a `disconnect` hook to end. Default 10 s (Daphne's `--application-close-timeout`).
    pub close_timeout: Duration,
}

/// What happens to an event relayed to a client that does not read fast enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The connection is closed with 4008, and the client comes back when it can.
    #[default]
    Close,
    /// The oldest events that wait are dropped to make room. Counted and logged. For what a client can do
    /// without: a ticker, positions on a map.
    DropOldest,
    /// Of the events that wait, the newest of each type alone is kept; older ones are dropped, counted and
    /// logged. For state, where each event says all that one before it said. Where that makes no room, as with
    /// [`Close`](Self::Close).
    Latest,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 1 << 20,
            fragments: 1 << 14,
            message_rate: None,
            byte_rate: None,
            inbound: 1 << 20,
            outbound: 1 << 20,
            overflow: Overflow::Close,
            handshake: Duration::from_secs(5),
            message_timeout: Duration::from_secs(60),
            idle: None,
            ping_interval: Duration::from_secs(20),
            ping_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(10),
        }
    }
}
