//! What a layer counts, through the [`metrics`](https://docs.rs/metrics) facade.

#[cfg(feature = "redis")]
use crate::ChannelName;

/// Counter: events that a channel did not take or did not deliver, by `reason`.
pub const EVENTS_DROPPED: &str = "channels_events_dropped_total";

/// Counter: calls that a layer's server did not answer, in time or at all.
pub const LAYER_FAILURES: &str = "channels_layer_failures_total";

/// Counter: connections to a layer's server that were opened again.
pub const LAYER_RECONNECTS: &str = "channels_layer_reconnects_total";

/// Counter: times that events may have been missed since a layer was cut off from its server.
pub const LAYER_GAPS: &str = "channels_layer_gaps_total";

/// Gauge: events that wait in this process for a layer's server that is away.
pub const LAYER_OUTBOX_EVENTS: &str = "channels_layer_outbox_events";

/// Gauge: the memory they take, in bytes.
pub const LAYER_OUTBOX_BYTES: &str = "channels_layer_outbox_bytes";

/// Counter: jobs that failed and are tried again, by `channel`.
pub const JOBS_RETRIED: &str = "channels_jobs_retried_total";

/// Counter: jobs that were taken over from a worker that counts as dead, by `channel`.
pub const JOBS_TAKEN_OVER: &str = "channels_jobs_taken_over_total";

/// Counter: jobs that were given up and are dead letters, by `channel` and `reason`.
pub const JOBS_DEAD: &str = "channels_jobs_dead_total";

/// Counter: dead letters that gave way to newer ones, by `channel`.
pub const DEAD_LETTERS_DROPPED: &str = "channels_dead_letters_dropped_total";

/// Why an event was dropped: the label `reason` of [`EVENTS_DROPPED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// `full`: the channel held as many as it may.
    Full,
    /// `expired`: nobody received it in time.
    Expired,
    /// `gone`: the channel's mailbox no longer exists.
    Gone,
    /// `unreadable`: what came from the server is no event, or was encrypted with another key.
    Unreadable,
    /// `unsent`: it waited for the layer's server in vain, or was lost with the connection over which it was sent
    /// after that.
    Unsent,
}

impl Reason {
    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Expired => "expired",
            Self::Gone => "gone",
            Self::Unreadable => "unreadable",
            Self::Unsent => "unsent",
        }
    }
}

pub(crate) fn dropped(reason: Reason) {
    metrics::counter!(EVENTS_DROPPED, "reason" => reason.as_str()).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn layer_failed() {
    metrics::counter!(LAYER_FAILURES).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn layer_reconnected() {
    metrics::counter!(LAYER_RECONNECTS).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn layer_gap() {
    metrics::counter!(LAYER_GAPS).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn outbox(events: f64, bytes: f64) {
    metrics::gauge!(LAYER_OUTBOX_EVENTS).increment(events);
    metrics::gauge!(LAYER_OUTBOX_BYTES).increment(bytes);
}

#[cfg(feature = "redis")]
pub(crate) fn task_retried(channel: &ChannelName) {
    metrics::counter!(JOBS_RETRIED, "channel" => channel.to_string()).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn task_taken_over(channel: &ChannelName) {
    metrics::counter!(JOBS_TAKEN_OVER, "channel" => channel.to_string()).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn task_dead(channel: &ChannelName, reason: &'static str) {
    metrics::counter!(JOBS_DEAD, "channel" => channel.to_string(), "reason" => reason).increment(1);
}

#[cfg(feature = "redis")]
pub(crate) fn dead_letters_dropped(channel: &ChannelName, count: u64) {
    metrics::counter!(DEAD_LETTERS_DROPPED, "channel" => channel.to_string()).increment(count);
}
