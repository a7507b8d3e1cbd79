//! The layers of this crate, through its public items alone.
#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

mod blocking;
mod conformance;
mod events;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod vectors;
