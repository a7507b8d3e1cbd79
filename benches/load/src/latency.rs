//! Latencies, in a histogram with an error of 1 % at most.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::report::Report;

/// What is longer counts as this.
const LONGEST: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(crate) struct Latency {
    nanoseconds: Histogram<u64>,
}

impl Latency {
    pub(crate) fn new() -> Self {
        let longest = LONGEST.as_nanos() as u64;
        let nanoseconds = Histogram::new_with_bounds(100, longest, 2).unwrap_or_else(|error| {
            unreachable!("these bounds are constants, and good: {error}");
        });
        Self { nanoseconds }
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        self.nanoseconds.saturating_record(latency.as_nanos() as u64);
    }

    pub(crate) fn count(&self) -> u64 {
        self.nanoseconds.len()
    }

    /// In microseconds; `quantile` from 0 to 1.
    pub(crate) fn at(&self, quantile: f64) -> f64 {
        self.nanoseconds.value_at_quantile(quantile) as f64 / 1000.0
    }

    /// Writes `p50_us`, `p99_us` and so on, with `suffix` behind the names.
    pub(crate) fn report(&self, suffix: &str, report: &mut Report) {
        for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)] {
            report.number(&format!("{name}_us{suffix}"), self.at(quantile));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_right_within_a_hundredth() {
        let mut latency = Latency::new();
        for microseconds in 1..=1000 {
            latency.record(Duration::from_micros(microseconds));
        }

        assert!((latency.at(0.5) - 500.0).abs() < 5.0, "{}", latency.at(0.5));
        assert!((latency.at(0.99) - 990.0).abs() < 10.0, "{}", latency.at(0.99));
    }

    #[test]
    fn what_is_too_long_is_not_left_out() {
        let mut latency = Latency::new();

        latency.record(Duration::from_secs(1000));

        assert_eq!(latency.count(), 1);
        assert!(latency.at(1.0) > 119e6);
    }
}
