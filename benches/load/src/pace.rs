//! When the next message is due: so many under way, or so many a second.

use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// So many under way at a time: as fast as the server goes.
    Window(usize),
    /// So many a second, however fast the server is. Each has a time at which it is due, and its latency counts from
    /// then, whether or not we were on time: else a server that stops us would hide what it costs.
    Rate(f64),
}

/// A pace under way.
#[derive(Debug)]
pub(crate) struct Schedule {
    pace: Pace,
    start: Instant,
    sent: u32,
}

impl Schedule {
    pub(crate) fn start(pace: Pace, start: Instant) -> Self {
        Self { pace, start, sent: 0 }
    }

    /// The time that the next message counts from, if it is to be sent now; it counts as sent then.
    pub(crate) fn next(&mut self, now: Instant, under_way: usize) -> Option<Instant> {
        let due = match self.pace {
            Pace::Window(window) => (under_way < window).then_some(now),
            Pace::Rate(_) => Some(self.due()).filter(|due| *due <= now),
        };
        if due.is_some() {
            self.sent += 1;
        }
        due
    }

    /// When to look again, unless something comes before.
    pub(crate) fn wake(&self, end: Instant) -> Instant {
        match self.pace {
            Pace::Window(_) => end,
            Pace::Rate(_) => self.due().min(end),
        }
    }

    fn due(&self) -> Instant {
        match self.pace {
            Pace::Window(_) => self.start,
            Pace::Rate(rate) => self.start + Duration::from_secs_f64(f64::from(self.sent) / rate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_window_is_never_exceeded() {
        let start = Instant::now();
        let mut schedule = Schedule::start(Pace::Window(2), start);

        assert_eq!(schedule.next(start, 0), Some(start));
        assert_eq!(schedule.next(start, 1), Some(start));
        assert_eq!(schedule.next(start, 2), None);
        assert_eq!(schedule.next(start + MS, 1), Some(start + MS));
    }

    #[test]
    fn what_was_sent_late_counts_from_when_it_was_due() {
        let start = Instant::now();
        let mut schedule = Schedule::start(Pace::Rate(100.0), start);

        let late = start + 25 * MS;
        let due: Vec<_> = std::iter::from_fn(|| schedule.next(late, 0)).collect();

        assert_eq!(due, [start, start + 10 * MS, start + 20 * MS]);
    }

    #[test]
    fn a_rate_does_not_wait_for_what_is_under_way() {
        let start = Instant::now();
        let mut schedule = Schedule::start(Pace::Rate(1000.0), start);

        assert_eq!(schedule.next(start, 1_000_000), Some(start));
    }

    #[test]
    fn it_wakes_for_the_next_message_and_for_the_end() {
        let start = Instant::now();
        let mut schedule = Schedule::start(Pace::Rate(100.0), start);
        schedule.next(start, 0);

        assert_eq!(schedule.wake(start + 50 * MS), start + 10 * MS);
        assert_eq!(schedule.wake(start + 5 * MS), start + 5 * MS);
    }
}
