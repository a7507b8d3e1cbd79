//! A room: one says something, all members get it.

use std::time::{Duration, Instant};

use crate::{
    dialect::Dialect,
    latency::Latency,
    ledger::{Faults, Ledger, Receipt},
    pace::{Pace, Schedule},
    payload::{self, Finder},
    report::Report,
    swarm::{Id, Swarm, Watch},
};

/// How long nothing may come though something is under way, where nothing else is said. It then counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// After so long nothing more is under way.
const SILENCE: Duration = Duration::from_secs(2);

/// Members are the connections from 0 on: their ids are their places in the ledger.
#[derive(Debug)]
pub(crate) struct Room {
    members: usize,
    publisher: Id,
    size: usize,
    dialect: Dialect,
    patience: Duration,
    pub(crate) ledger: Ledger,
    said: Vec<Said>,
    under_way: usize,
    measured: Measured,
    /// What comes outside of it is not counted in `measured`.
    window: Option<(Instant, Instant)>,
    last: Instant,
    finder: Finder,
    /// Why the first connection ended, or what came first that nobody said.
    trouble: Option<String>,
}

/// A message, from 1 on.
#[derive(Debug)]
struct Said {
    due: Instant,
    /// Members that have not got it.
    left: usize,
}

/// What came in the time that is measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) delivered: u64,
    pub(crate) latency: Latency,
    pub(crate) took: Duration,
}

impl Room {
    pub(crate) fn new(members: usize, publisher: Id, size: usize, dialect: Dialect) -> Self {
        Self {
            members,
            publisher,
            size,
            dialect,
            patience: PATIENCE,
            ledger: Ledger::of(members),
            said: Vec::new(),
            under_way: 0,
            measured: Measured::nothing(),
            window: None,
            last: Instant::now(),
            finder: Finder::default(),
            trouble: None,
        }
    }

    /// For so long nothing may come though something is under way; by default 10 s.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether what comes now counts.
    pub(crate) fn is_measuring(&self) -> bool {
        self.window.is_some_and(|(begin, _)| begin <= Instant::now())
    }

    /// How many messages were said.
    pub(crate) fn sent(&self) -> u32 {
        self.said.len() as u32
    }

    pub(crate) fn faults(&self) -> Faults {
        self.ledger.close(self.sent())
    }

    /// Why the first connection ended, or what came first that nobody said.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Talks at `pace`, for `warmup` and then for `seconds`, which are measured. `meanwhile` is called after each turn
    /// and says when it wants to be called again.
    ///
    /// # Errors
    ///
    /// If the one who talks cannot, or nothing comes any more.
    pub(crate) fn talk(
        &mut self,
        swarm: &mut Swarm,
        pace: Pace,
        (warmup, seconds): (Duration, Duration),
        mut meanwhile: impl FnMut(&mut Swarm, &mut Self, Instant) -> Result<Option<Instant>, String>,
    ) -> Result<Measured, String> {
        let start = Instant::now();
        let (begin, end) = (start + warmup, start + warmup + seconds);
        let mut schedule = Schedule::start(pace, start);
        self.window = Some((begin, end));
        self.last = start;
        loop {
            let now = Instant::now();
            if now >= end {
                break;
            }
            while let Some(due) = schedule.next(now, self.under_way) {
                self.say(swarm, due)?;
            }
            let again = meanwhile(swarm, self, now)?;
            let wake = schedule.wake(end).min(self.last + self.patience);
            let wake = again.map_or(wake, |again| again.min(wake));
            swarm.turn(wake, self).map_err(|error| error.to_string())?;
            self.give_up()?;
        }
        self.window = None;
        let mut measured = std::mem::replace(&mut self.measured, Measured::nothing());
        measured.took = seconds;
        Ok(measured)
    }

    /// Waits for what is under way.
    ///
    /// # Errors
    ///
    /// If the kernel fails us.
    pub(crate) fn settle(&mut self, swarm: &mut Swarm) -> Result<(), String> {
        self.last = Instant::now();
        while self.under_way > 0 && self.last.elapsed() < self.patience {
            swarm.turn(self.last + self.patience, self).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Waits until nothing has come for a while: where members come and go, nobody knows what is under way.
    ///
    /// # Errors
    ///
    /// If the kernel fails us.
    pub(crate) fn fall_silent(&mut self, swarm: &mut Swarm) -> Result<(), String> {
        self.last = Instant::now();
        while self.last.elapsed() < SILENCE {
            swarm.turn(self.last + SILENCE, self).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Waits for a time, for members to end or for what they get.
    ///
    /// # Errors
    ///
    /// If the kernel fails us.
    pub(crate) fn rest(&mut self, swarm: &mut Swarm, time: Duration) -> Result<(), String> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            swarm.turn(end, self).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn say(&mut self, swarm: &mut Swarm, due: Instant) -> Result<(), String> {
        let seq = self.sent() + 1;
        let message = self.dialect.wrap(payload::of(seq, self.size));
        swarm.say(self.publisher, &message).map_err(|error| match &self.trouble {
            Some(trouble) => format!("who talks was closed: {error}; first: {trouble}"),
            None => format!("who talks was closed: {error}"),
        })?;
        self.said.push(Said { due, left: self.members });
        self.under_way += 1;
        Ok(())
    }

    fn give_up(&self) -> Result<(), String> {
        if self.under_way == 0 || self.last.elapsed() < self.patience {
            return Ok(());
        }
        let faults = self.faults();
        Err(format!(
            "nothing came for {} s: {} deliveries are missing",
            self.patience.as_secs_f64(),
            faults.lost
        ))
    }
}

impl Watch for Room {
    fn message(&mut self, id: Id, message: &[u8], now: Instant) {
        if id >= self.members {
            return;
        }
        let seq = self.finder.seq(message);
        let Some(said) = seq.and_then(|seq| self.said.get_mut((seq as usize).checked_sub(1)?)) else {
            self.trouble.get_or_insert_with(|| format!("nobody said {:?}", String::from_utf8_lossy(message)));
            return;
        };
        if self.ledger.receives(id, seq.unwrap_or_default()) != Receipt::Owed {
            return;
        }
        self.last = now;
        said.left = said.left.saturating_sub(1);
        if said.left == 0 {
            self.under_way -= 1;
        }
        if self.window.is_some_and(|(begin, end)| begin <= now && now < end) {
            self.measured.delivered += 1;
            self.measured.latency.record(now.saturating_duration_since(said.due));
        }
    }

    fn closed(&mut self, id: Id, why: &str, _now: Instant) {
        self.trouble.get_or_insert_with(|| format!("connection {id} ended: {why}"));
    }
}

impl Measured {
    fn nothing() -> Self {
        Self { delivered: 0, latency: Latency::new(), took: Duration::ZERO }
    }

    pub(crate) fn rate(&self) -> f64 {
        self.delivered as f64 / self.took.as_secs_f64()
    }
}

/// Tells what was lost, doubled or out of order, and that there was anything.
pub(crate) fn tell(faults: Faults, report: &mut Report) {
    report.number("lost", faults.lost as f64);
    report.number("doubled", faults.doubled as f64);
    report.number("disordered", faults.disordered as f64);
    if faults.any() {
        let Faults { lost, doubled, disordered } = faults;
        report.fail(format!("{lost} deliveries lost, {doubled} doubled, {disordered} out of order"));
    }
}
