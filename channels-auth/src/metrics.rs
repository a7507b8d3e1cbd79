//! What authentication counts, through the [`metrics`](https://docs.rs/metrics) facade.

use metrics::counter;

use crate::AuthError;

/// Counter: credentials that were refused or could not be checked, by `reason`: the codes of [`AuthError`].
pub const FAILURES: &str = "channels_auth_failures_total";

/// Counter: attempts to load an issuer's keys, by `outcome`: `loaded`, or `failed`.
pub const KEY_LOADS: &str = "channels_auth_key_loads_total";

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
