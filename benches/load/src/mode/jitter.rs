//! *jitter*: every member is away for two seconds once, as in a tunnel. How much of what was said does it get?

use std::time::{Duration, Instant};

use super::{
    opening::open,
    room::{self, Room},
};
use crate::{chance::Chance, flags::Flags, pace::Pace, report::Report, swarm::Swarm};

/// As in AnyCable's test of this name.
const AWAY: Duration = Duration::from_secs(2);

/// # Errors
///
/// If it cannot be measured.
pub(crate) fn run(flags: &Flags) -> Result<Report, String> {
    let target = flags.target()?;
    let members: usize = flags.number("members", 1000)?;
    let pace = flags.pace(Pace::Rate(10.0))?;
    let seconds = flags.seconds("seconds", 10.0)?;
    let mut swarm = Swarm::new().map_err(|error| error.to_string())?;
    open(&mut swarm, &target, members, flags.number("abreast", 64)?)?;
    // who talks is no member, and stays
    let publisher = open(&mut swarm, &target, 1, 1)?.ids.start;

    let mut room = Room::new(members, publisher, flags.number("size", 100)?, target.dialect);
    let start = Instant::now();
    let mut chance = Chance::new();
    let mut leaving: Vec<_> = (0..members)
        .map(|id| (start + seconds.saturating_sub(2 * AWAY).mul_f64(chance.share()), id))
        .collect();
    leaving.sort_unstable();
    let mut leaving = leaving.into_iter().peekable();
    let mut returning = std::collections::VecDeque::new();
    let measured = room.talk(&mut swarm, pace, (Duration::ZERO, seconds), |swarm, room, now| {
        while let Some((when, id)) = leaving.next_if(|(when, _)| *when <= now) {
            swarm.cut(id);
            room.ledger.leaves(id);
            returning.push_back((when + AWAY, id));
        }
        while returning.front().is_some_and(|(when, _)| *when <= now) {
            let Some((_, id)) = returning.pop_front() else { break };
            swarm.reopen(id, &target, None).map_err(|error| error.to_string())?;
            room.ledger.joins(id);
        }
        let next = [leaving.peek().map(|next| next.0), returning.front().map(|next| next.0)];
        Ok(next.into_iter().flatten().min())
    })?;
    room.fall_silent(&mut swarm)?;

    let owed = f64::from(room.sent()) * members as f64;
    let mut report = Report::of("jitter");
    report.number("members", members as f64);
    report.number("delivered_share", measured.delivered as f64 / owed);
    report.number("away_share", AWAY.as_secs_f64() / seconds.as_secs_f64());
    measured.latency.report("", &mut report);
    if let Some(trouble) = room.trouble() {
        report.fail(trouble);
    }
    // while a member was there
    room::tell(room.faults(), &mut report);
    Ok(report)
}
