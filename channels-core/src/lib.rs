//! The heart of channels-actix: scope, consumers, routing, middleware, and the WebSocket transport.
//!
//! Applications depend on the facade, `channels-actix`, which has the guide. This crate is for those who
//! build on the pieces alone.

mod channels;
mod close;
mod connection;
mod consumer;
mod drain;
mod error;
mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod groups;
mod limits;
pub mod metrics;
mod middleware;
mod publish;
mod random;
mod reply;
mod routing;
mod scope;
mod socket;
pub mod testing;
mod transport;
mod tuning;
mod workers;

pub use async_trait::async_trait;
pub use channels_layer::{
    BlockingLayer, ChannelLayer, ChannelName, Delivery, Envelope, Event, EventError, Gap, Group, Layer,
    LayerError, Mailbox, MemoryLayer, MemoryStats, NameError, Received, Retention,
};

pub use self::{
    channels::{Channels, Refusal},
    close::{CloseCode, CloseReason},
    connection::{Accept, ConnectionHandle, ConnectionId, SocketError},
    consumer::{Handlers, JsonWebsocketConsumer, WebsocketConsumer, Worker},
    drain::Drain,
    error::{Error, Result},
    frame::Frame,
    limits::{Limits, Overflow},
    middleware::{
        AllowedHosts, AllowedOrigins, Aside, ConnectionLimit, FromFn, Middleware, Next, OriginPatternError,
        Rejection, from_fn,
    },
    publish::Publish,
    routing::{PatternError, Routes},
    scope::{ProxyError, Scope, ScopeError, TrustedProxies, cookie},
    socket::Socket,
    transport::{Compression, Rate},
    tuning::Tuning,
    workers::{Job, Work, Workers},
};
