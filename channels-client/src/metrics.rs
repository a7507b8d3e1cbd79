//! What clients report, through the [`metrics`](https://docs.rs/metrics) facade.

use std::time::Duration;

use metrics::{counter, histogram};

/// Counter: times that a client was connected again.
pub const CLIENT_RECONNECTS: &str = "channels_client_reconnects_total";
/// Counter: times that a client took to polling.
pub const CLIENT_FALLBACKS: &str = "channels_client_fallbacks_total";
/// Counter: messages that a client could not send.
pub const CLIENT_DROPPED: &str = "channels_client_dropped_total";
/// Histogram, in seconds: how long a client's ping took to be answered.
pub const CLIENT_LATENCY: &str = "channels_client_latency_seconds";

pub(crate) fn reconnects(count: u32) {
    counter!(CLIENT_RECONNECTS).increment(count.into());
}

pub(crate) fn fallbacks(count: u32) {
    counter!(CLIENT_FALLBACKS).increment(count.into());
}

pub(crate) fn dropped(count: u32) {
    counter!(CLIENT_DROPPED).increment(count.into());
}

pub(crate) fn latency(time: Duration) {
    histogram!(CLIENT_LATENCY).record(time);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::*;
    use crate::ClientStats;

    #[test]
    fn what_a_client_tells_is_counted() {
        let recorder = DebuggingRecorder::new();
        let stats = ClientStats { reconnects: 2, fallbacks: 1, latency: Some(30), ..ClientStats::default() };

        metrics::with_local_recorder(&recorder, || {
            stats.record();
            stats.record();
        });

        let counted = recorder.snapshotter().snapshot().into_vec().into_iter();
        let counted: BTreeMap<_, _> =
            counted.map(|(key, _, _, value)| (key.key().name().to_owned(), value)).collect();
        assert_eq!(counted[CLIENT_RECONNECTS], DebugValue::Counter(4));
        assert_eq!(counted[CLIENT_FALLBACKS], DebugValue::Counter(2));
        assert_eq!(counted[CLIENT_DROPPED], DebugValue::Counter(0));
        assert_eq!(counted[CLIENT_LATENCY], DebugValue::Histogram(vec![0.03.into(), 0.03.into()]));
    }
}
