//! `cargo xtask bench`: ours and its peers, measured in one run and in turns.
//!
//! In turns, so that what else the machine does hits all alike; the ratios are within one round.

mod chart;
mod contestant;
mod finding;
mod install;
mod number;
mod program;
mod results;
mod samples;
mod scenario;
mod table;

use std::fs;
use std::time::Duration;

use self::{
    contestant::{Cluster, Contestant},
    finding::Finding,
    install::Tools,
    program::{Cores, Program},
    results::{Outcome, Results, Row},
    scenario::{SCENARIOS, Scenario},
};
use crate::report::Report;
use crate::shell::{self, Failure};

/// How long one run of the generator may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// Each line of the generator's is kept here.
const FOLDER: &str = "target/bench";

/// What was asked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    /// None means all.
    scenarios: Vec<String>,
    runs: usize,
    write: bool,
    pinnings: Vec<Pinning>,
}

/// Who may run where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinning {
    /// The servers on one core, the generator on another.
    Pinned,
    /// All of them where the kernel likes, the servers with two threads.
    Unpinned,
}

impl Pinning {
    fn cores(self) -> (Cores, Cores) {
        match self {
            Self::Pinned => (Cores::One(0), Cores::One(1)),
            Self::Unpinned => (Cores::All, Cores::All),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Unpinned => "unpinned",
        }
    }
}

impl Options {
    /// `None` if it is not to be understood.
    pub(crate) fn parse(args: &[&str]) -> Option<Self> {
        let mut options = Self { scenarios: Vec::new(), runs: 5, write: false, pinnings: Vec::new() };
        let mut args = args.iter();
        while let Some(&arg) = args.next() {
            match arg {
                "--write" => options.write = true,
                "--runs" => options.runs = args.next()?.parse().ok().filter(|runs| *runs > 0)?,
                "--pinned" => options.pinnings.push(Pinning::Pinned),
                "--unpinned" => options.pinnings.push(Pinning::Unpinned),
                name if SCENARIOS.iter().any(|scenario| scenario.name == name) => {
                    options.scenarios.push(name.to_owned());
                }
                _ => return None,
            }
        }
        if options.pinnings.is_empty() {
            options.pinnings = vec![Pinning::Pinned, Pinning::Unpinned];
        }
        Some(options)
    }

    fn scenarios(&self) -> impl Iterator<Item = &'static Scenario> {
        let all = self.scenarios.is_empty();
        SCENARIOS
            .iter()
            .filter(move |scenario| all || self.scenarios.iter().any(|name| name == scenario.name))
    }
}

/// # Errors
///
/// If one of ours cannot be measured, or loses, doubles or disorders a message. What peers do is told.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let tools = Tools::make_ready()?;
    let mut report = Report::new("bench");
    for scenario in options.scenarios() {
        let mut tables = String::new();
        for &pinning in &options.pinnings {
            report.step(format!("{}, {}", scenario.name, pinning.name()), || {
                if pinning == Pinning::Pinned && !tools.taskset {
                    return Ok("skipped: there is no taskset".to_owned());
                }
                let results = measure(scenario, pinning, options.runs, &tools);
                let table = results.markdown();
                eprintln!("\n{}\n\n{table}", scenario.title);
                tables += &table;
                if options.write {
                    results.draw()?;
                }
                results.verdict()
            });
        }
        if options.write {
            report.step(format!("{}, written", scenario.name), || {
                table::write(scenario, tables.trim_end()).map(|()| table::DOCUMENT.to_owned())
            });
        }
    }
    report.finish()
}

/// Runs every contestant once a round.
fn measure(scenario: &'static Scenario, pinning: Pinning, runs: usize, tools: &Tools) -> Results {
    let mut rows: Vec<_> = scenario.contestants.iter().map(Row::new).collect();
    for round in 1..=runs {
        for row in &mut rows {
            if let Some(why) = row.contestant.lacking(tools) {
                row.outcomes.push(Outcome::Skipped(why));
                continue;
            }
            let outcome = match once(scenario, row.contestant, pinning) {
                Ok(finding) => Outcome::Found(finding),
                Err(failure) => Outcome::Failed(failure.to_string()),
            };
            let name = row.contestant.name;
            eprintln!(
                "{} {} {round}/{runs} {name}: {}",
                scenario.name,
                pinning.name(),
                outcome.brief(scenario)
            );
            row.outcomes.push(outcome);
        }
    }
    Results { scenario, pinning, rows }
}

/// Starts one, and has the generator measure it.
fn once(scenario: &Scenario, contestant: &Contestant, pinning: Pinning) -> Result<Finding, Failure> {
    let (server_cores, client_cores) = pinning.cores();
    let mut cluster = contestant.start(scenario.processes, server_cores)?;
    let load = generator(scenario, contestant, &cluster, client_cores);
    let line = if scenario.restart {
        let mut load = load.start()?;
        // the generator's first line says that all are connected
        load.line()?;
        let port = cluster.servers.remove(0).port;
        cluster.servers.push(contestant.serve(port, server_cores, "")?);
        load.last_line(PATIENCE)
    } else {
        load.start()?.last_line(PATIENCE)
    };
    let (line, succeeded) = line?;
    keep(scenario, contestant, pinning, &line)?;
    let finding = Finding::new(&line);
    // what is not to be believed is not measured
    if succeeded { Ok(finding) } else { Err(Failure::new(finding.faults())) }
}

/// The generator, about to measure `cluster`: who says something says it at the first, and the last one is measured.
fn generator(scenario: &Scenario, contestant: &Contestant, cluster: &Cluster, cores: Cores) -> Program {
    let mut args: Vec<String> =
        scenario.load.iter().chain(contestant.load).map(|&arg| arg.to_owned()).collect();
    let mut give = |name: &str, value: String| args.extend([name.to_owned(), value]);
    if let [first, .., last] = &cluster.servers[..] {
        give("--publish-url", first.url(contestant.path));
        give("--url", last.url(contestant.path));
    } else if let [only] = &cluster.servers[..] {
        give("--url", only.url(contestant.path));
        give("--idle-url", only.url("/echo"));
    }
    for server in &cluster.servers {
        give("--pid", server.pid().to_string());
    }
    Program::new("load", cores, shell::root().join("target/release/load")).args(args).that_says()
}

fn keep(scenario: &Scenario, contestant: &Contestant, pinning: Pinning, line: &str) -> Result<(), Failure> {
    use std::io::Write as _;

    let path = shell::root().join(FOLDER).join(format!("{}-{}.jsonl", scenario.name, pinning.name()));
    let file = fs::File::options().create(true).append(true).open(path);
    let written =
        file.and_then(|mut file| writeln!(file, "{{\"server\":\"{}\",{}", contestant.name, &line[1..]));
    written.map_err(|error| Failure::new(format!("{FOLDER}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_chosen_by_name() {
        let options = Options::parse(&["cross", "--runs", "7", "--pinned"]).unwrap();

        let names: Vec<_> = options.scenarios().map(|scenario| scenario.name).collect();
        assert_eq!(names, ["cross"]);
        assert_eq!((options.runs, options.write), (7, false));
        assert_eq!(options.pinnings, [Pinning::Pinned]);
    }

    #[test]
    fn all_are_measured_both_ways_where_nothing_is_said() {
        let options = Options::parse(&[]).unwrap();

        assert_eq!(options.scenarios().count(), SCENARIOS.len());
        assert_eq!(options.pinnings, [Pinning::Pinned, Pinning::Unpinned]);
        assert!(options.runs >= 5);
    }

    #[test]
    fn what_is_no_scenario_and_no_option_is_not_understood() {
        for args in [&["--runs"][..], &["--runs", "0"], &["crosses"], &["--all"]] {
            assert_eq!(Options::parse(args), None, "{args:?}");
        }
    }
}
