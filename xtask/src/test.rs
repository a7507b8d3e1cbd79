//! `cargo xtask test`: every test of the workspace, the ignored ones too, those in the documentation, and the
//! browser client's.
//!
//! The tests' output goes through as it comes, and is read on the way: the summary counts and names.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::client;
use crate::machine::Machine;
use crate::peer;
use crate::report::Report;
use crate::secrets::{self, Searched};
use crate::shell::{self, Failure};

/// How long what the tests wrote may take to arrive after their end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// # Errors
///
/// If the machine lacks what tests need and cannot get it, or if a test fails.
pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    let machine = Machine::make_ready()?;
    let peer = peer::install(&machine.python)?;
    let logs = secrets::folder()?;
    let cargo_test = |what: &[&str], to_binaries: &[&str]| {
        let mut command = shell::cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
        command
            .args(what)
            .arg("--")
            .args(to_binaries)
            .args(args)
            .env("PYTHON", &machine.python)
            .env("PEER_VENV", &peer)
            .env(secrets::VARIABLE, &logs);
        run_and_count(&mut command, io::stdout())
    };

    let mut report = Report::new("test");
    report.step("tests", || cargo_test(&["--all-targets"], &["--include-ignored"]));
    report.step("secrets in logs", || searched(args, &logs));
    // an ignored example in the documentation is one that is not meant to compile
    report.step("doc tests", || cargo_test(&["--doc"], &[]));
    if args.is_empty() {
        client::steps(&mut report);
    }
    report.finish()
}

/// With arguments, only some of the tests may have been run: perhaps those that log nothing.
fn searched(args: &[&str], logs: &Path) -> Result<String, Failure> {
    match secrets::search(logs)? {
        Searched::Nothing if args.is_empty() => {
            Err(Failure::new("no secrets were noted: that proves nothing"))
        }
        Searched::Nothing => Ok("no test that was run has any".to_owned()),
        Searched::Clean(text) => Ok(text),
    }
}

fn run_and_count(command: &mut Command, to: impl Write + Send + 'static) -> Result<String, Failure> {
    shell::announce(command);
    let mut child = match shell::at_root(command).stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return shell::succeeded(command, Err(error)).map(|()| String::new()),
    };
    let (facts, arriving) = mpsc::channel();
    let reader = child.stdout.take().map(|stdout| thread::spawn(move || pass_through(stdout, to, &facts)));
    let status = child.wait();

    let mut tally = Tally::default();
    loop {
        match arriving.recv_timeout(LAST_WORDS) {
            Ok(fact) => tally.add(fact),
            Err(RecvTimeoutError::Disconnected) => break,
            // a browser that a test left behind holds the pipe open: to wait for its end is to hang
            Err(RecvTimeoutError::Timeout) => {
                tally.left_behind = true;
                break;
            }
        }
    }
    let passed_on = match reader {
        Some(reader) if reader.is_finished() => {
            reader.join().unwrap_or_else(|_| Err(ErrorKind::Other.into()))
        }
        Some(_) | None => Ok(()),
    };
    let counts = tally.text();
    shell::succeeded(command, status).map_err(|failure| Failure::new(format!("{counts}\n{failure}")))?;
    passed_on.map_err(|error| Failure::new(format!("{counts}\ntheir output could not be shown: {error}")))?;
    Ok(counts)
}

/// Copies the tests' output to ours, and sends on what it says of tests.
fn pass_through(from: impl Read, mut to: impl Write, facts: &Sender<Fact>) -> io::Result<()> {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        let fact = Fact::in_line(String::from_utf8_lossy(&line).trim_end());
        if fact.is_some_and(|fact| facts.send(fact).is_err()) {
            // the count is over: this is a process that was left behind
            return Ok(());
        }
        line.clear();
    }
    to.flush()
}

/// What one line of a test binary's output says.
#[derive(Debug, PartialEq)]
enum Fact {
    Failed(String),
    Result { passed: usize, failed: usize, ignored: usize, filtered: usize },
}

impl Fact {
    fn in_line(line: &str) -> Option<Self> {
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            return Some(Self::Failed(name.to_owned()));
        }
        // test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s
        let (_verdict, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |of: &str| {
            let count = counts.split("; ").find_map(|part| part.strip_suffix(of))?;
            count.trim_end().parse().ok()
        };
        Some(Self::Result {
            passed: count("passed")?,
            failed: count("failed")?,
            ignored: count("ignored")?,
            filtered: count("filtered out")?,
        })
    }
}

#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
    filtered: usize,
    names: Vec<String>,
    left_behind: bool,
}

impl Tally {
    fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Failed(name) => self.names.push(name),
            Fact::Result { passed, failed, ignored, filtered } => {
                self.passed += passed;
                self.failed += failed;
                self.ignored += ignored;
                self.filtered += filtered;
            }
        }
    }

    fn text(&self) -> String {
        let Self { passed, failed, ignored, filtered, names, left_behind } = self;
        let mut text = format!("{passed} passed, {failed} failed");
        for (count, what) in [(ignored, "ignored"), (filtered, "filtered out")] {
            if *count > 0 {
                text += &format!(", {count} {what}");
            }
        }
        if *left_behind {
            text += "\n(a test left a process behind)";
        }
        names.iter().for_each(|name| text += &format!("\n- {name}"));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
running 3 tests
test room::opens ... ok
test room::closes ... FAILED
test browser::connects - should panic ... ok

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

test result: ok. 40 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 1.20s
test result: nonsense
";

    #[test]
    fn the_tally_adds_all_binaries_and_names_what_failed() {
        let mut tally = Tally::default();

        OUTPUT.lines().filter_map(Fact::in_line).for_each(|fact| tally.add(fact));

        assert_eq!(tally.text(), "42 passed, 1 failed, 1 ignored, 7 filtered out\n- room::closes");
    }

    #[test]
    fn a_run_that_fails_is_a_failure_with_its_counts() {
        let script =
            "echo 'test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out'; exit 101";

        let failure = run_and_count(Command::new("sh").args(["-c", script]), io::sink()).unwrap_err();

        assert!(failure.to_string().starts_with("1 passed, 0 failed\n`sh -c"), "{failure}");
        assert!(failure.to_string().ends_with("exit status: 101"), "{failure}");
    }

    #[test]
    fn a_program_that_cannot_be_started_is_a_failure() {
        let failure = run_and_count(&mut Command::new("/nowhere/cargo"), io::sink()).unwrap_err();

        assert!(failure.to_string().starts_with("`cargo` could not be run"), "{failure}");
    }
}
