//! What authentication counts, through the [`metrics`](https://docs.rs/metrics) facade.

use metrics::{counter, gauge, histogram};

use crate::AuthError;

/// Counter: credentials that were refused or could not be checked, by `reason`: the codes of [`AuthError`].
pub const FAILURES: &str = "channels_auth_failures_total";

/// Gauge: connections whose user is known, and that a [`Revoker`](crate::Revoker) would reach.
pub const LIVE: &str = "channels_auth_connections";
/// Histogram: how many connections a user has in this process with one that is just opened.
pub const USER_CONNECTIONS: &str = "channels_auth_user_connections";
/// Counter: connections that were closed because their credential had expired.
pub const EXPIRED: &str = "channels_auth_expired_total";
/// Counter: credentials that came over an open connection, by `outcome`: `ok`, `another_user`, `bad_message`,
/// `revoked`, or a code of [`AuthError`].
pub const REFRESHES: &str = "channels_auth_refreshes_total";
/// Counter: connections that were closed because their credential was revoked, by `reason`: `revoked`,
/// `logged_out_everywhere`, or `gone`, which was noticed by looking again.
pub const REVOKED: &str = "channels_auth_revoked_total";
/// Counter: credentials of open connections that were looked at again, by `outcome`: `good`, `gone`, `expired`, or
/// `unavailable`.
pub const RECHECKS: &str = "channels_auth_rechecks_total";
/// Counter: attempts to load an issuer's keys, by `outcome`: `loaded`, or `failed`.
pub const KEY_LOADS: &str = "channels_auth_key_loads_total";
/// Counter: revoked credentials that are stored nowhere, and were forgotten before they had expired.
pub const DENIALS_DROPPED: &str = "channels_auth_denials_dropped_total";

pub(crate) fn live(change: f64) {
    gauge!(LIVE).increment(change);
}

pub(crate) fn user_connections(count: usize) {
    histogram!(USER_CONNECTIONS).record(count as f64);
}

pub(crate) fn expired() {
    counter!(EXPIRED).increment(1);
}

pub(crate) fn refreshed(outcome: &'static str) {
    counter!(REFRESHES, "outcome" => outcome).increment(1);
}

pub(crate) fn revoked(reason: &'static str) {
    counter!(REVOKED, "reason" => reason).increment(1);
}

pub(crate) fn rechecked(outcome: &'static str, count: usize) {
    counter!(RECHECKS, "outcome" => outcome).increment(count as u64);
}

pub(crate) fn denial_dropped() {
    counter!(DENIALS_DROPPED).increment(1);
}

#[cfg(feature = "jwks")]
pub(crate) fn keys_asked_for(outcome: &'static str) {
    counter!(KEY_LOADS, "outcome" => outcome).increment(1);
}

pub(crate) fn failed(error: &AuthError) {
    counter!(FAILURES, "reason" => error.code()).increment(1);
}

#[cfg(test)]
mod tests {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::*;

    #[test]
    fn failures_are_counted_by_reason() {
        let recorder = DebuggingRecorder::new();

        metrics::with_local_recorder(&recorder, || {
            failed(&AuthError::Expired);
            failed(&AuthError::Expired);
            failed(&AuthError::Missing);
        });

        let mut counted: Vec<_> = recorder.snapshotter().snapshot().into_vec();
        counted.sort_by_key(|(key, ..)| key.key().to_string());
        let counted: Vec<_> = counted
            .iter()
            .map(|(key, _, _, value)| (key.key().labels().next().map(|label| label.value()), value))
            .collect();
        assert_eq!(
            counted,
            [(Some("no_token"), &DebugValue::Counter(1)), (Some("token_expired"), &DebugValue::Counter(2))]
        );
    }
}
