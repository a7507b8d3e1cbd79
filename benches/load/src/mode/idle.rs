//! *idle*: what a connection costs that only is there.

use std::time::Instant;

use super::opening::open;
use crate::{
    flags::Flags,
    report::Report,
    swarm::{Id, Swarm, Watch},
};

/// They may get pings, and must not end.
#[derive(Debug, Default)]
struct Silence {
    ended: Option<String>,
}

impl Watch for Silence {
    fn closed(&mut self, id: Id, why: &str, _now: Instant) {
        self.ended.get_or_insert_with(|| format!("connection {id} ended: {why}"));
    }
}

/// # Errors
///
/// If it cannot be measured.
pub(crate) fn run(flags: &Flags) -> Result<Report, String> {
    let members: usize = flags.number("members", 5000)?;
    let (abreast, seconds) = (flags.number("abreast", 64)?, flags.seconds("seconds", 3.0)?);
    let target = flags.target()?;
    let processes = flags.processes()?;
    let mut swarm = Swarm::new().map_err(|error| error.to_string())?;
    // what the first connections cost, they cost once
    open(&mut swarm, &target, abreast, abreast)?;

    let before = processes.memory();
    open(&mut swarm, &target, members, abreast)?;
    let (end, busy) = (Instant::now() + seconds, processes.time());
    let mut silence = Silence::default();
    while Instant::now() < end {
        swarm.turn(end, &mut silence).map_err(|error| error.to_string())?;
    }
    let each = (processes.memory() - before) / members as f64;

    let mut report = Report::of("idle");
    report.number("members", members as f64);
    report.number("bytes_per_connection", each);
    let busy = processes.time() - busy;
    report.number("cpu_us_per_s_and_connection", busy * 1e6 / seconds.as_secs_f64() / members as f64);
    if let Some(ended) = silence.ended {
        report.fail(ended);
    }
    if before == 0.0 {
        report.fail("no process of the server: --pid");
    }
    Ok(report)
}
