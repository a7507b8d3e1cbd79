//! What authentication counts, through the [`metrics`](https://docs.rs/metrics) facade.

use metrics::counter;

use crate::AuthError;

/// Counter: credentials that were refused or could not be checked, by `reason`: the codes of [`AuthError`].
pub const FAILURES: &str = "channels_auth_failures_total";

pub(crate) fn failed(error: &AuthError) {
    counter!(FAILURES, "reason" => error.code()).increment(1);
}
