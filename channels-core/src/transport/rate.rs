//! How fast a client may send.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
};

use crate::{CloseCode, Limits, Rejection};

/// So many a second, in the long run: for [`Limits::message_rate`] and [`Limits::byte_rate`].
///
/// It is a token bucket: what was not used is saved up to [`burst`](Self::burst).
///
/// ```
/// # use channels_core::{Limits, Rate};
/// let limits = Limits {
///     message_rate: Some(Rate::per_second(10).burst(50)),
///     byte_rate: Some(Rate::per_second(64 * 1024).burst(1024 * 1024)),
///     ..Limits::default()
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(Quota);

impl Rate {
    /// So many a second, and no more at once.
    ///
    /// # Panics
    ///
    /// If it is 0: nobody could send anything.
    #[track_caller]
    pub const fn per_second(count: u32) -> Self {
        Self(Quota::per_second(positive(count)))
    }

    /// So many at once, after a time of silence.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub const fn burst(self, count: u32) -> Self {
        Self(self.0.allow_burst(positive(count)))
    }
}

#[track_caller]
const fn positive(count: u32) -> NonZeroU32 {
    match NonZeroU32::new(count) {
        Some(count) => count,
        None => panic!("a rate of 0 lets nothing through; `None` is for no limit"),
    }
}

/// What one client has sent lately.
pub(super) struct Meter {
    messages: Option<Bucket>,
    bytes: Option<Bucket>,
}

/// A [`Rate`] at work.
pub(crate) struct Bucket {
    limiter: DefaultDirectRateLimiter,
    burst: u32,
}

/// The client sends too fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rate limited, retry after {} s", .retry_after.as_secs() + 1)]
pub(crate) struct TooFast {
    retry_after: Duration,
}

impl TooFast {
    pub(crate) fn retry_after(self) -> Duration {
        self.retry_after
    }
}

impl From<TooFast> for Rejection {
    fn from(too_fast: TooFast) -> Self {
        Self::new(CloseCode::RATE_LIMITED, too_fast.to_string())
    }
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { messages: limits.message_rate.map(Bucket::new), bytes: limits.byte_rate.map(Bucket::new) }
    }

    /// Counts a message, or a control frame.
    pub(super) fn message(&self) -> Result<(), TooFast> {
        self.messages.as_ref().map_or(Ok(()), |bucket| bucket.take(1))
    }

    /// Counts what was read, headers and all.
    pub(super) fn bytes(&self, count: usize) -> Result<(), TooFast> {
        self.bytes.as_ref().map_or(Ok(()), |bucket| bucket.take(count))
    }
}

impl Bucket {
    pub(crate) fn new(Rate(quota): Rate) -> Self {
        Self { limiter: RateLimiter::direct(quota), burst: quota.burst_size().get() }
    }

    pub(crate) fn take(&self, count: usize) -> Result<(), TooFast> {
        // more than ever fits takes all there is: one read may be bigger than the burst
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(self.burst);
        let Some(count) = NonZeroU32::new(count) else { return Ok(()) };
        match self.limiter.check_n(count) {
            Ok(Err(until)) => Err(TooFast { retry_after: until.wait_time_from(MonotonicClock.now()) }),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_one_more_does_not() {
        let meter =
            Meter::new(&Limits { message_rate: Some(Rate::per_second(1).burst(3)), ..Limits::default() });

        for _ in 0..3 {
            assert_eq!(meter.message(), Ok(()));
        }

        assert_eq!(meter.message().unwrap_err().to_string(), "rate limited, retry after 1 s");
    }

    #[test]
    fn a_read_bigger_than_the_burst_takes_all_of_it() {
        let meter =
            Meter::new(&Limits { byte_rate: Some(Rate::per_second(10).burst(100)), ..Limits::default() });

        assert_eq!(meter.bytes(1 << 20), Ok(()));

        assert!(meter.bytes(50).is_err());
    }

    #[test]
    fn without_a_rate_all_passes() {
        let meter = Meter::new(&Limits::default());

        assert!((0..100_000).all(|_| meter.message().is_ok() && meter.bytes(1 << 20).is_ok()));
    }
}
