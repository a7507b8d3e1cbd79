//! `cargo xtask fuzz`: every fuzz target for a short time, from its corpus on.
//!
//! On stable Rust: cargo-fuzz is told to leave the sanitizers out, which are for unsafe code, and we have none.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::machine;
use crate::needs::{Check, Need};
use crate::report::Report;
use crate::shell::{self, Failure};

const CARGO_FUZZ: &str = "0.13.2";

const NEEDS: &[Need] = &[Need {
    check: Check::Program("c++"),
    packages: &["g++"],
    why: "libFuzzer, which is built with the targets, is written in C++",
}];

/// How long each target is run.
const SECONDS: u32 = 20;

/// What is asked of one run.
#[derive(Debug, PartialEq)]
struct Run<'a> {
    seconds: u32,
    /// All, if none is named.
    targets: Vec<&'a str>,
}

/// # Errors
///
/// If the fuzzer cannot be had or built, or finds something: the failure says how to see it again.
pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    let Run { seconds, targets } = Run::parse(args)?;
    let known = targets_in(&shell::root().join("fuzz/fuzz_targets"))?;
    let targets = chosen(&known, &targets)?;
    machine::install(NEEDS)?;
    let cargo_fuzz = cargo_fuzz()?;
    shell::run(Command::new(&cargo_fuzz).args(["build", "--sanitizer", "none"]))?;

    let mut report = Report::new("fuzz");
    for target in targets {
        report.step(target, || fuzz(&cargo_fuzz, target, seconds));
    }
    report.finish()
}

impl<'a> Run<'a> {
    fn parse(args: &[&'a str]) -> Result<Self, Failure> {
        let (seconds, targets) = match args {
            ["--seconds", seconds, targets @ ..] => match seconds.parse() {
                Ok(seconds) if seconds > 0 => (seconds, targets),
                Ok(_) | Err(_) => return Err(Failure::new(format!("{seconds} is no number of seconds"))),
            },
            targets => (SECONDS, targets),
        };
        Ok(Self { seconds, targets: targets.to_vec() })
    }
}

/// The names of the programs in `folder`.
fn targets_in(folder: &Path) -> Result<Vec<String>, Failure> {
    let unreadable = |error| Failure::new(format!("{} cannot be read: {error}", folder.display()));
    let mut targets = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    targets.sort_unstable();
    Ok(targets)
}

fn chosen<'a>(known: &'a [String], wanted: &[&str]) -> Result<Vec<&'a str>, Failure> {
    if let Some(unknown) = wanted.iter().find(|name| !known.iter().any(|known| known == *name)) {
        return Err(Failure::new(format!("there is no target {unknown}, but: {}", known.join(", "))));
    }
    let chosen = known.iter().map(String::as_str);
    Ok(chosen.filter(|name| wanted.is_empty() || wanted.contains(name)).collect())
}

/// The cargo-fuzz of this workspace, installed where `cargo clean` takes it away again.
fn cargo_fuzz() -> Result<PathBuf, Failure> {
    let tools = shell::root().join("target/tools");
    let program = tools.join("bin/cargo-fuzz");
    let version = shell::quiet_output(Command::new(&program).arg("--version"));
    if version.is_none_or(|version| !version.contains(CARGO_FUZZ)) {
        let install = ["install", "cargo-fuzz", "--version", CARGO_FUZZ, "--locked", "--root"];
        shell::run(shell::cargo(&install).arg(&tools))?;
    }
    Ok(program)
}

/// Runs one target from its corpus on. What it learns goes into a folder of its own, where the next run finds it.
fn fuzz(cargo_fuzz: &Path, target: &str, seconds: u32) -> Result<String, Failure> {
    let [corpus, learned] = ["corpus", "target/corpus"].map(|folder| format!("fuzz/{folder}/{target}"));
    let learned_at = shell::root().join(&learned);
    fs::create_dir_all(&learned_at)
        .map_err(|error| Failure::new(format!("{learned} cannot be made: {error}")))?;
    let mut command = Command::new(cargo_fuzz);
    command.args(["run", "--sanitizer", "none", target, &learned, &corpus, "--"]);
    command.arg(format!("-max_total_time={seconds}"));
    // an input that takes longer, or so much memory, is a finding too
    command.args(["-timeout=10", "-rss_limit_mb=512", "-verbosity=0", "-print_final_stats=1"]);
    let dictionary = shell::root().join(format!("fuzz/dictionaries/{target}.dict"));
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    let again = format!(
        "what it found is above, and in fuzz/artifacts/{target}; to see it again, and keep it fixed, copy that to \
         {corpus}, and run\ncargo test --workspace the_corpus_of_{target}_holds"
    );
    shell::run(&mut command).map_err(|failure| Failure::new(format!("{failure}\n{again}")))?;
    Ok(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<String> {
        targets_in(&shell::root().join("fuzz/fuzz_targets")).unwrap()
    }

    #[test]
    fn the_time_comes_first_and_then_the_targets() {
        let run = |seconds, targets: &[&'static str]| Run { seconds, targets: targets.to_vec() };

        assert_eq!(Run::parse(&[]).unwrap(), run(20, &[]));
        assert_eq!(Run::parse(&["jwt"]).unwrap(), run(20, &["jwt"]));
        assert_eq!(Run::parse(&["--seconds", "5", "jwt", "event"]).unwrap(), run(5, &["jwt", "event"]));
        for bad in ["0", "-1", "soon"] {
            Run::parse(&["--seconds", bad]).unwrap_err();
        }
    }

    #[test]
    fn without_names_all_targets_are_run() {
        let known = known();

        assert_eq!(chosen(&known, &[]).unwrap(), known);
        assert_eq!(chosen(&known, &["jwt", "close"]).unwrap(), ["close", "jwt"]);
    }

    #[test]
    fn a_target_that_is_none_is_a_failure_that_names_them_all() {
        let failure = chosen(&known(), &["nonsense"]).unwrap_err().to_string();

        assert!(failure.starts_with("there is no target nonsense, but: close, "), "{failure}");
    }

    #[test]
    fn every_target_has_a_corpus_and_is_in_the_manifest() {
        let manifest = fs::read_to_string(shell::root().join("fuzz/Cargo.toml")).unwrap();

        for target in known() {
            assert!(shell::root().join("fuzz/corpus").join(&target).is_dir(), "{target} has no corpus");
            assert!(manifest.contains(&format!("name = \"{target}\"")), "{target} is not built");
        }
    }
}
