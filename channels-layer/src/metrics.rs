//! What a layer counts, through the [`metrics`](https://docs.rs/metrics) facade.

/// Counter: events that a channel did not take or did not deliver, by `reason`.
pub const EVENTS_DROPPED: &str = "channels_events_dropped_total";

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
}

impl Reason {
    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Expired => "expired",
            Self::Gone => "gone",
        }
    }
}

pub(crate) fn dropped(reason: Reason) {
    metrics::counter!(EVENTS_DROPPED, "reason" => reason.as_str()).increment(1);
}
