//! *connect*: how fast connections are opened, with all that a server does before it says yes.

use super::opening::open;
use crate::{flags::Flags, report::Report, swarm::Swarm};

/// # Errors
///
/// If it cannot be measured.
pub(crate) fn run(flags: &Flags) -> Result<Report, String> {
    let members: usize = flags.number("members", 5000)?;
    let abreast = flags.number("abreast", 64)?;
    let target = flags.target()?;
    let processes = flags.processes()?;
    let mut swarm = Swarm::new().map_err(|error| error.to_string())?;
    open(&mut swarm, &target, abreast, abreast)?;

    let busy = processes.time();
    let opened = open(&mut swarm, &target, members, abreast)?;
    let busy = processes.time() - busy;

    let mut report = Report::of("connect");
    report.number("members", members as f64);
    report.number("connects_per_s", members as f64 / opened.took.as_secs_f64());
    report.number("cpu_us_per_connect", busy * 1e6 / members as f64);
    opened.latency.report("", &mut report);
    Ok(report)
}
