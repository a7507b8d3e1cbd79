//! How long to wait before the next attempt to reconnect.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// Waits that double from 50 ms to 5 s, each of them random between half of that and all, so that the
/// processes that lost a server do not all come back to it at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// How long to wait now.
    pub(super) fn next(&mut self) -> Duration {
        let longest = (FIRST * 2_u32.saturating_pow(self.attempts.min(16))).min(LONGEST);
        self.attempts += 1;
        longest.mul_f64(0.5 + 0.5 * fraction())
    }

    /// An attempt succeeded.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// At random, from 0 up to 1. Without a source of randomness, the middle: that is no reason to stop.
pub(super) fn fraction() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_start_anew_after_a_success() {
        let mut backoff = Backoff::default();

        let waits: Vec<_> = (0..40).map(|_| backoff.next()).collect();

        assert!(waits[0] <= FIRST && waits[0] >= FIRST / 2, "{waits:?}");
        assert!(waits.iter().skip(10).all(|wait| *wait >= LONGEST / 2 && *wait <= LONGEST), "{waits:?}");
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
