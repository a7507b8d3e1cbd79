//! How a job ended.

use std::time::Duration;

use channels_layer::{ChannelName, EventError};

use crate::{Error, consumer::unhandled, metrics};

/// How a job ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Done,
    Failed(Error),
    Panicked,
    /// It took longer than it may.
    Late,
    /// The worker has no method for it.
    Unhandled,
    /// It is no event of the type its method takes.
    Unreadable(Error),
    /// The program had to end before it.
    Dropped,
}

impl Outcome {
    /// What a method returned for an event of this type.
    pub(super) fn of(returned: crate::Result<()>, kind: &str) -> Self {
        match returned {
            Ok(()) => Self::Done,
            Err(error) => match error.downcast_ref() {
                Some(EventError::Decode { kind: unread, .. }) if unread == kind => Self::Unreadable(error),
                _ => Self::Failed(error),
            },
        }
    }

    /// Whether the value that worked on it can work on another.
    pub(super) fn spares_the_worker(&self) -> bool {
        match self {
            Self::Done | Self::Failed(_) | Self::Unhandled | Self::Unreadable(_) => true,
            Self::Panicked | Self::Late | Self::Dropped => false,
        }
    }

    /// The metric's label.
    fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Panicked => "panicked",
            Self::Late => "late",
            Self::Unhandled => "unhandled",
            Self::Unreadable(_) => "unreadable",
            Self::Dropped => "dropped",
        }
    }

    /// Counts and logs it.
    pub(super) fn note(&self, channel: &ChannelName, kind: &str, key: &str, attempt: u32, took: Duration) {
        metrics::job_ended(channel, self.as_str(), took);
        match self {
            Self::Done => tracing::debug!(%channel, kind, key, attempt, ?took, "job done"),
            Self::Failed(error) => tracing::error!(%channel, kind, key, attempt, %error, "job failed"),
            Self::Unreadable(error) => {
                tracing::error!(%channel, kind, key, %error, "job not done: it cannot be read");
            }
            Self::Panicked => {
                tracing::error!(%channel, kind, key, attempt, "a worker panicked; it goes on with the next job");
            }
            Self::Late => {
                tracing::error!(%channel, kind, key, attempt, ?took, "job dropped: it took too long")
            }
            Self::Unhandled => unhandled::note(kind),
            Self::Dropped => {
                tracing::warn!(%channel, kind, key, attempt, ?took, "job dropped: the program had to end before it");
            }
        }
    }
}
