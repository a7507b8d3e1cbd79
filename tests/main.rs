//! The framework over real sockets, through the facade alone.
#![expect(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "that is how a test fails")]

mod auth;
mod bad_input;
#[cfg(all(feature = "client", unix))]
mod browser;
mod closing;
mod compression;
mod connection_limits;
mod groups;
mod handshake;
mod heartbeat;
mod hooks;
mod kit;
mod log;
mod middleware;
mod origin;
mod ping;
mod publish;
mod rate;
#[cfg(feature = "redis")]
mod redis;
mod routing;
mod shutdown;
mod slow;
mod support;
#[cfg(feature = "redis")]
mod tasks;
mod time;
#[cfg(feature = "rustls")]
mod tls;
mod workers;
