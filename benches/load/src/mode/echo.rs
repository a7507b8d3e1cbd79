//! *echo*: each connection says something and waits until it comes back.

use std::time::{Duration, Instant};

use super::{opening::open, room};
use crate::{
    flags::Flags,
    latency::Latency,
    ledger::{Ledger, Receipt},
    payload::{self, Finder},
    report::Report,
    swarm::{Id, Swarm, Watch},
};

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Echoes {
    ledger: Ledger,
    said: Vec<(u32, Instant)>,
    /// Whose message came back.
    ready: Vec<Id>,
    window: (Instant, Instant),
    echoed: u64,
    latency: Latency,
    finder: Finder,
    trouble: Option<String>,
}

impl Watch for Echoes {
    fn message(&mut self, id: Id, message: &[u8], now: Instant) {
        let (said, when) = self.said[id];
        if self.finder.seq(message) != Some(said) {
            let message = String::from_utf8_lossy(message);
            self.trouble.get_or_insert_with(|| format!("instead of message {said} came {message:?}"));
            return;
        }
        if self.ledger.receives(id, said) != Receipt::Owed {
            return;
        }
        self.ready.push(id);
        if self.window.0 <= now && now < self.window.1 {
            self.echoed += 1;
            self.latency.record(now.saturating_duration_since(when));
        }
    }

    fn closed(&mut self, id: Id, why: &str, _now: Instant) {
        self.trouble.get_or_insert_with(|| format!("connection {id} ended: {why}"));
    }
}

/// # Errors
///
/// If it cannot be measured.
pub(crate) fn run(flags: &Flags) -> Result<Report, String> {
    let members = flags.number("members", 64)?;
    let size = flags.number("size", 128)?;
    let (warmup, seconds) = (flags.seconds("warmup", 1.0)?, flags.seconds("seconds", 3.0)?);
    let target = flags.target()?;
    let processes = flags.processes()?;
    let mut swarm = Swarm::new().map_err(|error| error.to_string())?;
    open(&mut swarm, &target, members, flags.number("abreast", 64)?)?;

    let start = Instant::now();
    let end = start + warmup + seconds;
    let mut echoes = Echoes {
        ledger: Ledger::of(members),
        said: vec![(0, start); members],
        ready: (0..members).collect(),
        window: (start + warmup, end),
        echoed: 0,
        latency: Latency::new(),
        finder: Finder::default(),
        trouble: None,
    };
    let mut busy = None;
    let mut under_way = 0;
    loop {
        let now = Instant::now();
        if busy.is_none() && now >= echoes.window.0 {
            busy = Some(processes.time());
        }
        if now >= end || echoes.trouble.is_some() {
            break;
        }
        for id in std::mem::take(&mut echoes.ready) {
            let seq = echoes.said[id].0 + 1;
            let message = target.dialect.wrap(payload::of(seq, size));
            swarm.say(id, &message).map_err(|error| format!("connection {id}: {error}"))?;
            echoes.said[id] = (seq, Instant::now());
        }
        under_way = members;
        swarm.turn(end, &mut echoes).map_err(|error| error.to_string())?;
        under_way -= echoes.ready.len();
    }
    let busy = processes.time() - busy.unwrap_or_default();
    let patience = Instant::now() + PATIENCE;
    while under_way > 0 && Instant::now() < patience && echoes.trouble.is_none() {
        swarm.turn(patience, &mut echoes).map_err(|error| error.to_string())?;
        under_way = members - echoes.ready.len();
    }

    let mut report = Report::of("echo");
    report.number("members", members as f64);
    report.number("size", size as f64);
    report.number("messages_per_s", echoes.echoed as f64 / seconds.as_secs_f64());
    report.number("cpu_us_per_message", busy * 1e6 / echoes.echoed as f64);
    echoes.latency.report("", &mut report);
    if let Some(trouble) = echoes.trouble {
        report.fail(trouble);
    }
    let mut faults = echoes.ledger.close(0);
    faults.lost += under_way as u64;
    room::tell(faults, &mut report);
    if echoes.echoed == 0 {
        report.fail("nothing came back in the time that was measured");
    }
    Ok(report)
}
