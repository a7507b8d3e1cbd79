//! What this workspace needs done, as `cargo xtask <command>`.
//!
//! Built first on a fresh machine, so it depends on nothing but `std`.

mod autobahn;
mod check;
mod client;
mod deps;
mod fuzz;
mod machine;
mod needs;
mod peer;
mod report;
mod secrets;
mod shell;
mod soak;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <command>

  test [-- ARGS]   install what the tests need, then run every test: unit, integration, documentation. Then search
                   what was logged, at every level, for the secrets of the tests.
                   ARGS go to the test binaries: cargo xtask test -- reconnects --nocapture
  client           the browser client alone: its types, its tests on Node, and its size; `test` does this too
  check            formatting, lints, documentation, check-deps, and each feature alone
  fuzz [--seconds N] [TARGET...]
                   install cargo-fuzz, then run every fuzz target, or those named, for N seconds (20) each
  check-deps       fail if a crate depends on one it must not know
  soak [MINUTES]   connections that come, talk and go in every way, for so long (15): nothing may be left, or grow
  autobahn [--peers] [--write] [CASES]
                   run the Autobahn suite against examples/echo, and fail if a case is not OK or informational.
                   It needs Python 2.7; the rest goes to target/autobahn, from PyPI. Where it cannot be had, this
                   ends with 3. Reports: target/autobahn/reports.
                   --peers runs it against the servers of benches/peers too, for comparison; --write does that
                   and puts the table into docs/conformance.md; CASES, as 6.4.* or 12.1.1, runs no others
  help             this text
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["test"] => test::run(&[]),
        ["test", "--", ref rest @ ..] => test::run(rest),
        ["client"] => client::run(),
        ["check"] => check::run(),
        ["soak"] => soak::run(None),
        ["soak", minutes] => soak::run(Some(minutes)),
        ["fuzz", ref rest @ ..] => fuzz::run(rest),
        ["check-deps"] => deps::run(),
        ["autobahn", ref rest @ ..] => match autobahn::Options::parse(rest) {
            Some(options) => autobahn::run(&options),
            None => return usage(),
        },
        ["help" | "--help" | "-h"] => return help(),
        _ => return usage(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn usage() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}

#[expect(clippy::print_stdout, reason = "help that was asked for is this program's output")]
fn help() -> ExitCode {
    print!("{USAGE}");
    ExitCode::SUCCESS
}
