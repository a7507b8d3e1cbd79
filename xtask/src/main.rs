//! What this workspace needs done, as `cargo xtask <command>`.
//!
//! Built first on a fresh machine, so it depends on nothing but `std`.

mod check;
mod deps;
mod fuzz;
mod machine;
mod needs;
mod report;
mod shell;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <command>

  test [-- ARGS]   install what the tests need, then run every test: unit, integration, documentation.
                   ARGS go to the test binaries: cargo xtask test -- reconnects --nocapture
  check            formatting, lints, documentation, check-deps, and each feature alone
  fuzz [--seconds N] [TARGET...]
                   install cargo-fuzz, then run every fuzz target, or those named, for N seconds (20) each
  check-deps       fail if a crate depends on one it must not know
  help             this text
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["test"] => test::run(&[]),
        ["test", "--", ref rest @ ..] => test::run(rest),
        ["check"] => check::run(),
        ["fuzz", ref rest @ ..] => fuzz::run(rest),
        ["check-deps"] => deps::run(),
        ["help" | "--help" | "-h"] => return help(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "help that was asked for is this program's output")]
fn help() -> ExitCode {
    print!("{USAGE}");
    ExitCode::SUCCESS
}
