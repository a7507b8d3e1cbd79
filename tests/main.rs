//! The framework over real sockets, through the facade alone.

mod bad_input;
mod closing;
mod groups;
mod handshake;
mod heartbeat;
mod hooks;
mod kit;
mod log;
mod origin;
mod routing;
mod shutdown;
mod slow;
mod support;
