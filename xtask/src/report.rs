//! The summary at the end: each step, how it went, how long it took.
//!
//! A step that fails does not stop the next one: one run tells all there is to mend.

use std::time::{Duration, Instant};

use crate::shell::Failure;

#[derive(Debug)]
pub(crate) struct Report {
    command: &'static str,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    outcome: Result<String, Failure>,
}

impl Report {
    pub(crate) fn new(command: &'static str) -> Self {
        Self { command, steps: Vec::new() }
    }

    /// Runs `step`; what it returns is said behind its name in the summary.
    pub(crate) fn step(&mut self, name: impl Into<String>, step: impl FnOnce() -> Result<String, Failure>) {
        let start = Instant::now();
        let outcome = step();
        self.steps.push(Step { name: name.into(), took: start.elapsed(), outcome });
    }

    /// Prints the summary.
    ///
    /// # Errors
    ///
    /// If a step failed, or none was run.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        eprintln!("\n{}", self.summary());
        let failed = self.steps.iter().filter(|step| step.outcome.is_err()).count();
        match (failed, self.steps.len()) {
            (_, 0) => Err(Failure::new(format!("{}: nothing was run", self.command))),
            (0, _) => Ok(()),
            (failed, all) => Err(Failure::new(format!("{}: {failed} of {all} steps failed", self.command))),
        }
    }

    fn summary(&self) -> String {
        let mut summary = format!("cargo xtask {}", self.command);
        let width = self.steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
        for Step { name, took, outcome } in &self.steps {
            let (mark, said) = match outcome {
                Ok(said) => ("ok    ", said.clone()),
                Err(failure) => ("FAILED", failure.to_string()),
            };
            let under_the_first_line = " ".repeat("  FAILED    1234.5 s  ".len() + width);
            let said = said.replace('\n', &format!("\n{under_the_first_line}"));
            let line = format!("\n  {mark}  {name:width$}  {:>6.1} s  {said}", took.as_secs_f64());
            summary += line.trim_end();
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(steps: Vec<(&str, Result<&str, &str>)>) -> Report {
        let steps = steps.into_iter().map(|(name, outcome)| Step {
            name: name.to_owned(),
            took: Duration::from_millis(1500),
            outcome: outcome.map(str::to_owned).map_err(Failure::new),
        });
        Report { command: "test", steps: steps.collect() }
    }

    #[test]
    fn the_summary_shows_every_step_in_one_table() {
        let report = report(vec![("tests", Err("1 failed\nroom::closes")), ("doc tests", Ok("3 passed"))]);

        assert_eq!(
            report.summary(),
            "cargo xtask test\n  \
             FAILED  tests         1.5 s  1 failed\n                               room::closes\n  \
             ok      doc tests     1.5 s  3 passed"
        );
    }

    #[test]
    fn one_failed_step_fails_the_whole() {
        let failure = report(vec![("a", Ok("")), ("b", Err("no")), ("c", Ok(""))]).finish().unwrap_err();

        assert_eq!(failure.to_string(), "test: 1 of 3 steps failed");
    }

    #[test]
    fn a_step_after_a_failed_one_still_runs() {
        let mut report = Report::new("test");

        report.step("first", || Err(Failure::new("no")));
        report.step("second", || Ok("yes".to_owned()));

        assert_eq!(report.steps.len(), 2);
    }

    #[test]
    fn a_report_of_nothing_is_a_failure() {
        report(vec![]).finish().unwrap_err();
    }
}
