//! What the connection layer counts, through the [`metrics`](https://docs.rs/metrics) facade.
//!
//! Install any recorder to see them. The channel layer's own are in [`channels_layer::metrics`].

use std::time::Duration;

use channels_layer::{ChannelName, metrics::EVENTS_DROPPED};
use metrics::{counter, gauge, histogram};

use crate::CloseCode;

/// Gauge: connections whose consumer runs, or whose middleware does.
pub const CONNECTIONS: &str = "channels_connections";
/// Counter: connections that were accepted.
pub const ACCEPTED: &str = "channels_connections_accepted_total";
/// Counter: connections that were refused before they were accepted, by `code`.
pub const REFUSED: &str = "channels_connections_refused_total";
/// Counter: connections that ended after they were accepted, by `code`.
pub const CLOSED: &str = "channels_connections_closed_total";
/// Counter: hooks that failed, by `hook`; what a client did wrong is none.
pub const HOOK_ERRORS: &str = "channels_hook_errors_total";
/// Counter: hooks that panicked, by `hook`.
pub const HOOK_PANICS: &str = "channels_hook_panics_total";
/// Gauge: groups that have members on this process's workers, counted once a worker.
pub const GROUPS: &str = "channels_groups";
/// Gauge: members of those groups.
pub const GROUP_MEMBERS: &str = "channels_group_members";
/// Histogram, in seconds: from when an event was sent to a group, or came from the layer's server, until it was handed
/// to all members on a worker. Once for each worker.
pub const DELIVERY: &str = "channels_delivery_seconds";
/// Counter: requests to publish events, by `status`.
pub const PUBLISH_REQUESTS: &str = "channels_publish_requests_total";
/// Counter: events of such requests, by `outcome`.
pub const PUBLISHED: &str = "channels_published_events_total";
/// Counter: jobs that ended, by `channel` and `outcome`.
pub const JOBS: &str = "channels_jobs_total";
/// Gauge: jobs that are worked on, by `channel`.
pub const JOBS_RUNNING: &str = "channels_jobs_running";
/// Histogram: how long jobs took, in seconds, by `channel` and `outcome`.
pub const JOB_SECONDS: &str = "channels_job_seconds";

pub(crate) fn opened() {
    gauge!(CONNECTIONS).increment(1.0);
}

pub(crate) fn accepted() {
    counter!(ACCEPTED).increment(1);
}

pub(crate) fn ended(was_accepted: bool, code: CloseCode) {
    gauge!(CONNECTIONS).decrement(1.0);
    let name = if was_accepted { CLOSED } else { REFUSED };
    counter!(name, "code" => code.to_string()).increment(1);
}

pub(crate) fn hook_error(hook: &'static str) {
    counter!(HOOK_ERRORS, "hook" => hook).increment(1);
}

pub(crate) fn hook_panic(hook: &'static str) {
    counter!(HOOK_PANICS, "hook" => hook).increment(1);
}

pub(crate) fn delivered(after: Duration) {
    histogram!(DELIVERY).record(after);
}

/// An event that reached a consumer's connection and went no further.
pub(crate) fn event_dropped(reason: &'static str) {
    events_dropped(reason, 1);
}

pub(crate) fn events_dropped(reason: &'static str, count: usize) {
    if count > 0 {
        counter!(EVENTS_DROPPED, "reason" => reason).increment(count as u64);
    }
}

pub(crate) fn groups(change: f64) {
    gauge!(GROUPS).increment(change);
}

pub(crate) fn group_members(change: f64) {
    gauge!(GROUP_MEMBERS).increment(change);
}

pub(crate) fn publish_answered(status: u16) {
    counter!(PUBLISH_REQUESTS, "status" => status.to_string()).increment(1);
}

pub(crate) fn published(outcome: &'static str) {
    counter!(PUBLISHED, "outcome" => outcome).increment(1);
}

/// A job that is worked on, for as long as this lives.
pub(crate) fn job_runs(channel: &ChannelName) -> impl Drop + use<> {
    struct Running(metrics::Gauge);
    impl Drop for Running {
        fn drop(&mut self) {
            self.0.decrement(1.0);
        }
    }
    let gauge = gauge!(JOBS_RUNNING, "channel" => channel.to_string());
    gauge.increment(1.0);
    Running(gauge)
}

pub(crate) fn job_ended(channel: &ChannelName, outcome: &'static str, took: Duration) {
    counter!(JOBS, "channel" => channel.to_string(), "outcome" => outcome).increment(1);
    histogram!(JOB_SECONDS, "channel" => channel.to_string(), "outcome" => outcome).record(took);
}
