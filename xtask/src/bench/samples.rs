//! Several runs of the same: the middle one, and how far they are apart.

/// Never empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Samples {
    sorted: Vec<f64>,
}

impl Samples {
    /// `None` of nothing.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<_> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        (!sorted.is_empty()).then_some(Self { sorted })
    }

    pub(crate) fn median(&self) -> f64 {
        let half = self.sorted.len() / 2;
        match self.sorted.len() % 2 {
            0 => f64::midpoint(self.sorted[half - 1], self.sorted[half]),
            _ => self.sorted[half],
        }
    }

    /// One by each.
    pub(crate) fn inverted(&self) -> Self {
        Self { sorted: self.sorted.iter().rev().map(|value| 1.0 / value).collect() }
    }

    pub(crate) fn min(&self) -> f64 {
        self.sorted[0]
    }

    pub(crate) fn max(&self) -> f64 {
        self.sorted[self.sorted.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let samples = Samples::of([3.0, 100.0, 1.0]).unwrap();

        assert_eq!((samples.min(), samples.median(), samples.max()), (1.0, 3.0, 100.0));
        assert_eq!(Samples::of([4.0, 2.0]).unwrap().median(), 3.0);
    }

    #[test]
    fn what_is_inverted_is_sorted_still() {
        let inverted = Samples::of([4.0, 2.0, 1.0]).unwrap().inverted();

        assert_eq!((inverted.min(), inverted.median(), inverted.max()), (0.25, 0.5, 1.0));
    }

    #[test]
    fn of_nothing_there_is_no_median() {
        assert_eq!(Samples::of([]), None);
        assert_eq!(Samples::of([f64::NAN]), None);
    }
}
