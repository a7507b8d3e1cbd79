//! `cargo xtask client`: the browser client's types, its tests on Node, and its size.
//!
//! What they use comes from npm, as the lockfile has it; what is published needs none of it.

use std::process::Command;

use crate::machine;
use crate::needs::NODE;
use crate::report::Report;
use crate::shell::{self, Failure};

/// # Errors
///
/// If there is no Node and it cannot be installed, or if a step fails.
pub(crate) fn run() -> Result<(), Failure> {
    machine::install(NODE)?;
    let mut report = Report::new("client");
    steps(&mut report);
    report.finish()
}

pub(crate) fn steps(report: &mut Report) {
    report.step("client, packages", || npm(&["ci", "--no-audit", "--no-fund"]));
    report.step("client, types", || npm(&["run", "check"]));
    report.step("client, tests", || npm(&["test"]));
    report.step("client, size", || npm(&["run", "size"]));
}

fn npm(args: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new("npm");
    shell::run(command.args(["--prefix", "channels-client"]).args(args)).map(|()| String::new())
}
