//! What becomes of a message that is no event.

use super::link::cause;
use crate::{
    EventError,
    metrics::{self, Reason},
};

/// Counts and logs a message that is no event.
pub(super) fn unreadable(error: &EventError) {
    metrics::dropped(Reason::Unreadable);
    tracing::warn!(%error, cause = cause(error), "event dropped: it cannot be read");
}
