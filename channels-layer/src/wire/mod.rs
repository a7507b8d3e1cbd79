//! Events as bytes: for Redis, for a client, for a socket.

pub mod deflate;
pub(crate) mod msgpack;
pub(crate) mod tagged;
pub mod websocket;
