//! *slow*: some members stop reading, and the others should not feel it.

use std::time::{Duration, Instant};

use super::{
    opening::{open, open_with},
    room::{self, Room},
};
use crate::{flags::Flags, pace::Pace, report::Report, swarm::Swarm};

/// How often the server's memory is looked at, while it may grow.
const LOOK: Duration = Duration::from_millis(100);

/// # Errors
///
/// If it cannot be measured.
pub(crate) fn run(flags: &Flags) -> Result<Report, String> {
    let target = flags.target()?;
    let members: usize = flags.number("members", 1000)?;
    let stalled: usize = flags.number("stalled", 100)?;
    let abreast = flags.number("abreast", 64)?;
    let pace = flags.pace(Pace::Rate(50.0))?;
    let times = (flags.seconds("warmup", 1.0)?, flags.seconds("seconds", 15.0)?);
    let processes = flags.processes()?;
    let mut swarm = Swarm::new().map_err(|error| error.to_string())?;
    let good = members.checked_sub(stalled).ok_or("more are stalled than there are")?;
    open(&mut swarm, &target, good, abreast)?;
    let narrow = open_with(&mut swarm, stalled, abreast, |swarm, _| swarm.open_narrow(&target))?;

    let mut room = Room::new(members, 0, flags.number("size", 8192)?, target.dialect);
    let before = room.talk(&mut swarm, pace, times, |_, _, _| Ok(None))?;
    room.settle(&mut swarm)?;
    if let Some(trouble) = room.trouble() {
        return Err(format!("before anybody stalled: {trouble}"));
    }
    let memory = processes.memory();
    for id in narrow.ids {
        swarm.stop_reading(id).map_err(|error| error.to_string())?;
        room.ledger.leaves(id);
    }
    let (mut most, mut again) = (memory, Instant::now());
    let after = room.talk(&mut swarm, pace, times, |_, _, now| {
        if now >= again {
            most = most.max(processes.memory());
            again = now + LOOK;
        }
        Ok(Some(again))
    })?;
    room.fall_silent(&mut swarm)?;

    let mut report = Report::of("slow");
    report.number("members", members as f64);
    report.number("stalled", stalled as f64);
    before.latency.report("_before", &mut report);
    after.latency.report("_after", &mut report);
    report.number("p99_ratio", after.latency.at(0.99) / before.latency.at(0.99));
    report.number(
        "deliveries_ratio_of_the_others",
        after.rate() / before.rate() * members as f64 / good as f64,
    );
    report.number("rss_growth_mb", (most - memory) / 1e6);
    if let Some(trouble) = room.trouble() {
        report.fail(trouble);
    }
    room::tell(room.faults(), &mut report);
    Ok(report)
}
