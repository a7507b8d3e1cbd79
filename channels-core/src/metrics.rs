//! What the connection layer counts, through the [`metrics`](https://docs.rs/metrics) facade.
//!
//! Install any recorder to see them. The channel layer's own are in [`channels_layer::metrics`].

use channels_layer::metrics::EVENTS_DROPPED;
use metrics::{counter, gauge};

use crate::CloseCode;

/// Gauge: connections whose consumer runs, or whose middleware does.
pub const CONNECTIONS: &str = "channels_connections";
/// Counter: connections that were accepted.
pub const ACCEPTED: &str = "channels_connections_accepted_total";
/// Counter: connections that were refused before they were accepted, by `code`.
pub const REFUSED: &str = "channels_connections_refused_total";
/// Counter: connections that ended after they were accepted, by `code`.
pub const CLOSED: &str = "channels_connections_closed_total";
/// Counter: hooks that returned an error, by `hook`.
pub const HOOK_ERRORS: &str = "channels_hook_errors_total";
/// Counter: hooks that panicked, by `hook`.
pub const HOOK_PANICS: &str = "channels_hook_panics_total";
/// Gauge: groups that have members on this process's workers, counted once a worker.
pub const GROUPS: &str = "channels_groups";
/// Gauge: members of those groups.
pub const GROUP_MEMBERS: &str = "channels_group_members";

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
