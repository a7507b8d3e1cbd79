//! Facade.
pub use channels_core::*;
