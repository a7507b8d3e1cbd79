//! What is found, as one line of JSON: names and numbers.

use std::fmt::Write as _;

#[derive(Debug)]
pub(crate) struct Report {
    line: String,
    failure: Option<String>,
}

impl Report {
    pub(crate) fn of(mode: &str) -> Self {
        Self { line: format!("{{\"mode\":\"{mode}\""), failure: None }
    }

    /// Three digits behind the point are enough for microseconds, and for shares.
    pub(crate) fn number(&mut self, name: &str, value: f64) {
        // writing to a text does not fail
        if write!(self.line, ",\"{name}\":{:.3}", if value.is_finite() { value } else { 0.0 }).is_err() {
            unreachable!("a text takes all that is written to it");
        }
    }

    /// What was measured is not to be believed.
    pub(crate) fn fail(&mut self, why: impl Into<String>) {
        self.failure.get_or_insert(why.into());
    }

    pub(crate) fn line(&self) -> String {
        format!("{},\"failed\":{}}}", self.line, u8::from(self.failure.is_some()))
    }

    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_line_of_json() {
        let mut report = Report::of("echo");
        report.number("per_s", 12345.6789);
        report.number("share", f64::NAN);

        assert_eq!(report.line(), r#"{"mode":"echo","per_s":12345.679,"share":0.000,"failed":0}"#);
    }

    #[test]
    fn the_first_failure_is_the_one_that_is_told() {
        let mut report = Report::of("echo");
        report.fail("lost");
        report.fail("doubled");

        assert_eq!(report.failure(), Some("lost"));
        assert!(report.line().ends_with(r#""failed":1}"#));
    }
}
