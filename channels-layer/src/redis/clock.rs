//! The time, as others on the layer reckon it.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time, as Python's `time.time()`.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
