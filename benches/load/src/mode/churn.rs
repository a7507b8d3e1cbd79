//! *churn*: connections that come, say one thing, get it back, and are gone.

use std::time::Instant;

use super::opening::open;
use crate::{
    flags::Flags,
    latency::Latency,
    payload::{self, Finder},
    report::Report,
    swarm::{Id, Swarm, Watch},
};

#[derive(Debug)]
struct Churn {
    begun: Vec<Instant>,
    opened: Vec<Id>,
    done: Vec<Id>,
    window: (Instant, Instant),
    lives: u64,
    latency: Latency,
    finder: Finder,
    trouble: Option<String>,
}

impl Watch for Churn {
    fn opened(&mut self, id: Id, _now: Instant) {
        self.opened.push(id);
    }

    fn message(&mut self, id: Id, message: &[u8], now: Instant) {
        if self.finder.seq(message) != Some(1) {
            self.trouble.get_or_insert_with(|| format!("came back: {:?}", String::from_utf8_lossy(message)));
        }
        self.done.push(id);
        if self.window.0 <= now && now < self.window.1 {
            self.lives += 1;
            self.latency.record(now.saturating_duration_since(self.begun[id]));
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
    let abreast = flags.number("abreast", 64)?;
    let (warmup, seconds) = (flags.seconds("warmup", 1.0)?, flags.seconds("seconds", 5.0)?);
    let target = flags.target()?;
    let processes = flags.processes()?;
    let mut swarm = Swarm::new().map_err(|error| error.to_string())?;
    open(&mut swarm, &target, abreast, abreast)?;

    let start = Instant::now();
    let end = start + warmup + seconds;
    let mut churn = Churn {
        begun: vec![start; abreast],
        opened: (0..abreast).collect(),
        done: Vec::new(),
        window: (start + warmup, end),
        lives: 0,
        latency: Latency::new(),
        finder: Finder::default(),
        trouble: None,
    };
    let message = target.dialect.wrap(payload::of(1, flags.number("size", 128)?));
    let mut memory = None;
    while Instant::now() < end && churn.trouble.is_none() {
        for id in std::mem::take(&mut churn.opened) {
            swarm.say(id, &message).map_err(|error| format!("connection {id}: {error}"))?;
        }
        for id in std::mem::take(&mut churn.done) {
            swarm.cut(id);
            churn.begun[id] = Instant::now();
            swarm.reopen(id, &target, None).map_err(|error| format!("connection {id}: {error}"))?;
        }
        swarm.turn(end, &mut churn).map_err(|error| error.to_string())?;
        if memory.is_none() && Instant::now() > churn.window.0 {
            memory = Some(processes.memory());
        }
    }

    let mut report = Report::of("churn");
    report.number("lives_per_s", churn.lives as f64 / seconds.as_secs_f64());
    report.number("rss_growth_mb", (processes.memory() - memory.unwrap_or_default()) / 1e6);
    churn.latency.report("", &mut report);
    if let Some(trouble) = churn.trouble {
        report.fail(trouble);
    }
    if churn.lives == 0 {
        report.fail("nothing came back in the time that was measured");
    }
    Ok(report)
}
