//! `cargo xtask autobahn`: the WebSocket conformance suite of the field, run against what the library's users get.
//!
//! wstest runs one case after the other, so as many of it run at a time as there are processors.

mod case;
mod server;
mod suite;
mod table;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use self::{
    case::Case,
    server::{OURS, PEERS, Server},
    suite::Suite,
    table::Column,
};
use crate::report::Report;
use crate::shell::Failure;

/// All the cases, in parts: the longest first, so that no processor is idle at the end.
const PARTS: &[&str] = &[
    "12.2.*", "12.3.*", "12.1.*", "13.1.*", "13.2.*", "12.5.*", "13.7.*", "12.4.*", "13.3.*", "13.5.*",
    "13.4.*", "13.6.*", "9.*", "6.*", "5.*", "7.*", "1.*", "2.*", "3.*", "4.*", "10.*",
];

/// What was asked for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    peers: bool,
    write: bool,
    /// None means all.
    cases: Vec<String>,
}

impl Options {
    /// `None` if it is not to be understood.
    pub(crate) fn parse(args: &[&str]) -> Option<Self> {
        let mut options = Self::default();
        for &arg in args {
            match arg {
                "--peers" => options.peers = true,
                "--write" => (options.peers, options.write) = (true, true),
                case if is_case(case) => options.cases.push(case.to_owned()),
                _ => return None,
            }
        }
        // the table in the document is of all cases
        (options.cases.is_empty() || !options.write).then_some(options)
    }

    fn parts(&self) -> Vec<&str> {
        if self.cases.is_empty() { PARTS.to_vec() } else { self.cases.iter().map(String::as_str).collect() }
    }
}

/// Whether it looks like `6.4.1` or `6.4.*`: it gets into a file's name and into the suite's specification.
fn is_case(arg: &str) -> bool {
    let numbers = arg.strip_suffix(".*").unwrap_or(arg).split('.');
    numbers.into_iter().all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// # Errors
///
/// If a case of ours is neither OK nor informational, or did not run. Of peers, whatever they do is told.
/// [`Failure::unavailable`] if the suite cannot be had.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let suite = Suite::install()?;
    let peers = if options.peers { PEERS } else { &[] };

    let mut report = Report::new("autobahn");
    let mut columns = Vec::new();
    for server in [&OURS].into_iter().chain(peers) {
        report.step(server.name, || {
            server.build()?;
            let column =
                Column { server: server.version()?, cases: cases(&suite, server, &options.parts())? };
            let counts = column.counts();
            let missing = if options.cases.is_empty() { column.missing() } else { None };
            let faults = column.faults();
            columns.push(column);
            match (missing, faults) {
                (Some(missing), _) => Err(Failure::new(missing)),
                (None, Some(faults)) if server.is_ours() => Err(Failure::new(format!("{counts}\n{faults}"))),
                (None, _) => Ok(counts),
            }
        });
    }
    let table = format!("{}.\n\n{}", suite.version(), table::markdown(&columns));
    eprintln!("\n{table}");
    if options.write {
        report.step("docs/conformance.md", || table::write(&table).map(|()| "written".to_owned()));
    }
    report.finish()
}

/// Runs parts of the suite against a server, some at a time.
fn cases(suite: &Suite, server: &Server, parts: &[&str]) -> Result<Vec<Case>, Failure> {
    let running = server.start()?;
    let waiting = Mutex::new(VecDeque::from_iter(parts));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || {
        let mut done = Vec::new();
        while let Some(part) = next() {
            let start = Instant::now();
            let cases = suite.run(server.name, &running.url, part)?;
            let took = start.elapsed().as_secs_f64();
            eprintln!("{}: {part:8} {:4} cases {took:7.1} s", server.name, cases.len());
            if cases.is_empty() {
                return Err(Failure::new(format!("{part}: the suite has no such case")));
            }
            done.extend(cases);
        }
        Ok(done)
    };
    let at_a_time = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_a_time).map(|_| scope.spawn(work)).collect();
        let mut cases = Vec::new();
        for worker in workers {
            let done = worker.join().unwrap_or_else(|_| Err(Failure::new("a worker panicked")));
            cases.extend(done?);
        }
        Ok(cases)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_of_all_groups_and_no_others() {
        let group = |part: &&str| part.split('.').next().map(str::to_owned);
        let of_parts: std::collections::BTreeSet<_> = PARTS.iter().filter_map(group).collect();

        let groups = table::GROUPS.iter().map(|group| group.number.to_owned()).collect();

        assert_eq!(of_parts, groups);
    }

    #[test]
    fn cases_are_chosen_by_number() {
        let options = Options::parse(&["--peers", "6.4.*", "12.1.1"]).unwrap();

        assert_eq!(
            options,
            Options { peers: true, write: false, cases: vec!["6.4.*".into(), "12.1.1".into()] }
        );
    }

    #[test]
    fn what_is_no_case_and_no_option_is_not_understood() {
        for arg in ["--all", "6.", "*", "6*", "6.4.1\"", "../1", ""] {
            assert_eq!(Options::parse(&[arg]), None, "{arg}");
        }
    }

    #[test]
    fn a_table_of_some_cases_is_not_written() {
        assert_eq!(Options::parse(&["--write", "6.4.*"]), None);
        assert!(Options::parse(&["--write"]).unwrap().peers, "the document's table has the peers");
    }
}
