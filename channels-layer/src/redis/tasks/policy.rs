//! How much is kept of jobs that are not done, and what becomes of those that fail.

use std::time::Duration;

use crate::redis::backoff::fraction;

/// How much is kept of jobs, and what becomes of those that fail. All who share a queue should agree.
///
/// ```
/// use channels_layer::TaskPolicy;
///
/// let policy = TaskPolicy { attempts: 10, ..TaskPolicy::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskPolicy {
    /// How many jobs of one channel may not be done: those that wait, those under way, those that are to be tried
    /// again. Then `send` fails with [`ChannelFull`](crate::LayerError::ChannelFull). Default 10,000.
    pub capacity: usize,

    /// How long after its last sign of life a worker counts as dead, and another gets its job. A living one gives a
    /// sign three times within it. Default 60 s; at least 1 s.
    pub claim: Duration,

    /// How often a job is tried, before it goes to the dead letters. Default 5; at least 1.
    pub attempts: u32,

    /// How long a job waits that failed for the first time. It is twice as long each further time, and a random part
    /// of up to half less. Default 1 s.
    pub first_wait: Duration,

    /// How long it waits at most. Default 5 min.
    pub longest_wait: Duration,

    /// How many dead letters of a channel are kept. Then the oldest gives way, which is counted and logged. Default
    /// 10,000; at least 1.
    pub dead_letters: usize,
}

impl Default for TaskPolicy {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            claim: Duration::from_secs(60),
            attempts: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(300),
            dead_letters: 10_000,
        }
    }
}

impl TaskPolicy {
    /// With numbers that work.
    pub(super) fn bounded(mut self) -> Self {
        const LONGEST: Duration = Duration::from_secs(365 * 86_400);
        self.claim = self.claim.clamp(Duration::from_secs(1), LONGEST);
        self.attempts = self.attempts.max(1);
        self.first_wait = self.first_wait.min(LONGEST);
        self.longest_wait = self.longest_wait.min(LONGEST);
        self.dead_letters = self.dead_letters.max(1);
        self
    }

    /// How long a job waits whose attempt of this number failed.
    pub(super) fn wait_after(&self, attempt: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let longest = self.first_wait.saturating_mul(doubled).min(self.longest_wait);
        longest.mul_f64(1.0 - 0.5 * fraction())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_however_often_a_job_fails() {
        let policy = TaskPolicy { first_wait: Duration::from_secs(2), ..TaskPolicy::default() };

        for (attempt, longest) in [(1, 2), (2, 4), (5, 32), (9, 300), (1_000, 300), (u32::MAX, 300)] {
            let (wait, longest) = (policy.wait_after(attempt), Duration::from_secs(longest));
            assert!(wait >= longest / 2 && wait <= longest, "{wait:?} after attempt {attempt}");
        }
    }
}
