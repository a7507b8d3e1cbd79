//! The chat as its users meet it: the real program, over real sockets.
#![cfg(unix)] // it takes signals and process groups to end what a test started
#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

mod api;
mod browser;
mod member;
mod program;
mod python;
mod redis;
mod rooms;
mod socket;
mod tls;
