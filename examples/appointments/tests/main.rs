//! The board as its users meet it: the real program, over real sockets, in a real browser.
#![cfg(unix)] // it takes signals and process groups to end what a test started
#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

mod account;
mod api;
mod browser;
mod login;
mod redis;
mod socket;
