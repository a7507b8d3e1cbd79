//! The tasks as their users meet them: the real program, over real sockets.
#![cfg(unix)] // it takes signals and process groups to end what a test started
#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

mod account;
mod api;
mod browser;
mod redis;
mod socket;
