//! *avalanche*: a server is restarted, and all its clients come back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::opening::open;
use crate::{
    chance::Chance,
    flags::Flags,
    latency::Latency,
    report::Report,
    swarm::{Id, Swarm, Watch},
};

/// The clients' policy: a random part of twice as long each time, from here …
const FIRST: Duration = Duration::from_millis(500);
/// … to here.
const LONGEST: Duration = Duration::from_secs(20);

/// How long the server may take to go, and then all clients to come back.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Debug)]
struct Herd {
    /// When the first one was lost.
    lost: Option<Instant>,
    /// How often each one tried.
    tries: Vec<u32>,
    /// When who tries again.
    again: BTreeMap<(Instant, Id), ()>,
    away: usize,
    back: Latency,
    chance: Chance,
}

impl Watch for Herd {
    fn opened(&mut self, _id: Id, now: Instant) {
        self.away -= 1;
        self.back.record(now.saturating_duration_since(self.lost.unwrap_or(now)));
    }

    fn closed(&mut self, id: Id, _why: &str, now: Instant) {
        self.lost.get_or_insert(now);
        if self.tries[id] == 0 {
            self.away += 1;
        }
        self.later(id, now);
    }
}

impl Herd {
    fn later(&mut self, id: Id, now: Instant) {
        let longest = FIRST.saturating_mul(2_u32.saturating_pow(self.tries[id])).min(LONGEST);
        self.tries[id] += 1;
        self.again.insert((now + longest.mul_f64(self.chance.share()), id), ());
    }
}

/// # Errors
///
/// If it cannot be measured.
pub(crate) fn run(flags: &Flags) -> Result<Report, String> {
    let target = flags.target()?;
    let members: usize = flags.number("members", 5000)?;
    let mut swarm = Swarm::new().map_err(|error| error.to_string())?;
    open(&mut swarm, &target, members, flags.number("abreast", 64)?)?;
    crate::print("ready");

    let mut herd = Herd {
        lost: None,
        tries: vec![0; members],
        again: BTreeMap::new(),
        away: 0,
        back: Latency::new(),
        chance: Chance::new(),
    };
    let mut attempts = 0_u64;
    let mut in_each_second = BTreeMap::<u64, u64>::new();
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end && (herd.lost.is_none() || herd.away > 0 || herd.back.count() < members as u64)
    {
        let now = Instant::now();
        while let Some(((when, id), ())) = herd.again.first_key_value().map(|(key, ())| (*key, ()))
            && when <= now
        {
            herd.again.pop_first();
            attempts += 1;
            let second = now.saturating_duration_since(herd.lost.unwrap_or(now)).as_secs();
            *in_each_second.entry(second).or_default() += 1;
            if swarm.reopen(id, &target, None).is_err() {
                herd.later(id, now);
            }
        }
        let next = herd.again.first_key_value().map_or(end, |((when, _), ())| *when);
        swarm.turn(next.min(end), &mut herd).map_err(|error| error.to_string())?;
    }

    let mut report = Report::of("avalanche");
    report.number("members", members as f64);
    report.number("back_share", herd.back.count() as f64 / members as f64);
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99), ("all", 1.0)] {
        report.number(&format!("{name}_back_s"), herd.back.at(quantile) / 1e6);
    }
    report.number("attempts_per_client", attempts as f64 / members as f64);
    let most = in_each_second.values().max().copied().unwrap_or_default();
    report.number("most_attempts_in_a_second", most as f64);
    if herd.back.count() < members as u64 {
        report.fail(format!("{} of {members} came back", herd.back.count()));
    }
    Ok(report)
}
