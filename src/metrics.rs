//! What is counted, through the [`metrics`](https://docs.rs/metrics) facade: install any recorder to see it.

pub use channels_auth::metrics::*;
#[cfg(feature = "client")]
pub use channels_client::metrics::*;
pub use channels_core::metrics::*;
pub use channels_layer::metrics::*;
