//! *fanout*, and *cross* where it is said on another server than it is heard.

use std::time::Duration;

use super::{
    opening::open,
    room::{self, Room},
};
use crate::{flags::Flags, pace::Pace, report::Report, swarm::Swarm};

/// How long those that are connected are left alone before it begins.
const QUIET: Duration = Duration::from_millis(300);

/// # Errors
///
/// If it cannot be measured.
pub(crate) fn run(flags: &Flags) -> Result<Report, String> {
    let target = flags.target()?;
    let members = flags.number("members", 1000)?;
    let abreast = flags.number("abreast", 64)?;
    let idle = flags.number("idle", 0)?;
    let size = flags.number("size", 100)?;
    let pace = flags.pace(Pace::Window(1))?;
    let times = (flags.seconds("warmup", 1.0)?, flags.seconds("seconds", 3.0)?);
    let processes = flags.processes()?;

    let mut swarm = Swarm::new().map_err(|error| error.to_string())?;
    open(&mut swarm, &target, members, abreast)?;
    let publisher = match flags.target_if("publish-url")? {
        Some(elsewhere) => open(&mut swarm, &elsewhere, 1, 1)?.ids.start,
        None => 0,
    };
    if idle > 0 {
        let elsewhere = flags.target_if("idle-url")?.ok_or("--idle needs --idle-url")?;
        open(&mut swarm, &elsewhere, idle, abreast)?;
    }

    let patience = flags.seconds("patience", 10.0)?;
    let mut room = Room::new(members, publisher, size, target.dialect).with_patience(patience);
    room.rest(&mut swarm, QUIET)?;
    let mut busy = None;
    let measured = room.talk(&mut swarm, pace, times, |_, room, _| {
        // from when what is measured begins
        if busy.is_none() && room.is_measuring() {
            busy = Some(processes.time());
        }
        Ok(None)
    })?;
    let busy = processes.time() - busy.unwrap_or_default();
    room.settle(&mut swarm)?;

    let mut report = Report::of("fanout");
    report.number("members", members as f64);
    report.number("size", size as f64);
    report.number("idle", idle as f64);
    report.number("delivered", measured.delivered as f64);
    report.number("deliveries_per_s", measured.rate());
    report.number("cpu_us_per_delivery", busy * 1e6 / measured.delivered as f64);
    report.number("rss_mb", processes.memory() / 1e6);
    measured.latency.report("", &mut report);
    if let Some(trouble) = room.trouble() {
        report.fail(trouble);
    }
    room::tell(room.faults(), &mut report);
    if measured.delivered == 0 {
        report.fail("nothing came in the time that was measured");
    }
    Ok(report)
}
