//! When something was sent: the score under which it is in Redis, which is its place in the order.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::redis::clock::now;

/// Unix time in seconds that never stands still: no two messages of a process have the same.
///
/// Redis orders members of one score by their bytes, and those begin at random: where channels_redis sends
/// twice within one step of the clock, the order is lost.
#[derive(Debug, Default)]
pub(super) struct Scores(AtomicU64);

impl Scores {
    /// The score of what is sent now.
    pub(super) fn next(&self) -> f64 {
        self.after(now())
    }

    /// `now`, or just after the last score if that is later.
    pub(super) fn after(&self, now: f64) -> f64 {
        let later = |last| Some(now.max(f64::from_bits(last).next_up()).to_bits());
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later) {
            Ok(last) | Err(last) => now.max(f64::from_bits(last).next_up()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_grow_even_when_the_clock_does_not() {
        let scores = Scores::default();

        let given = [scores.after(5.0), scores.after(5.0), scores.after(4.0), scores.after(6.0)];

        assert_eq!(given[0], 5.0);
        assert!(given.is_sorted_by(|one, next| one < next), "{given:?}");
        assert!(given[2] < 5.000_001 && given[3] == 6.0, "{given:?}");
    }
}
