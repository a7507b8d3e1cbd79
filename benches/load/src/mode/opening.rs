//! Opening many connections, some at a time, so that no backlog overflows.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::{
    latency::Latency,
    swarm::{Id, Swarm, Watch},
    target::Target,
};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Connections that were opened, and what that took.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) ids: Range<Id>,
    pub(crate) took: Duration,
    /// Of each, from the first packet to the whole handshake.
    pub(crate) latency: Latency,
}

#[derive(Debug)]
struct Opening {
    begun: Vec<Instant>,
    first: Id,
    open: usize,
    latency: Latency,
    trouble: Option<String>,
}

impl Watch for Opening {
    fn opened(&mut self, id: Id, now: Instant) {
        self.open += 1;
        self.latency.record(now.saturating_duration_since(self.begun[id - self.first]));
    }

    fn closed(&mut self, id: Id, why: &str, _now: Instant) {
        self.trouble.get_or_insert_with(|| format!("connection {id} did not open, or ended: {why}"));
    }
}

/// Opens `count` connections, `abreast` at a time.
///
/// # Errors
///
/// If one of them does not open, or another ends meanwhile.
pub(crate) fn open(
    swarm: &mut Swarm,
    target: &Target,
    count: usize,
    abreast: usize,
) -> Result<Opened, String> {
    open_with(swarm, count, abreast, |swarm, _| swarm.open(target))
}

/// As [`open`], each in its own way.
///
/// # Errors
///
/// As there.
pub(crate) fn open_with(
    swarm: &mut Swarm,
    count: usize,
    abreast: usize,
    mut begin: impl FnMut(&mut Swarm, usize) -> std::io::Result<Id>,
) -> Result<Opened, String> {
    let start = Instant::now();
    let mut opening =
        Opening { begun: Vec::new(), first: swarm.len(), open: 0, latency: Latency::new(), trouble: None };
    while opening.open < count {
        while opening.begun.len() < count && opening.begun.len() - opening.open < abreast {
            opening.begun.push(Instant::now());
            let nth = opening.begun.len() - 1;
            begin(swarm, nth).map_err(|error| format!("connection {nth}: {error}"))?;
        }
        swarm.turn(start + PATIENCE, &mut opening).map_err(|error| error.to_string())?;
        if let Some(trouble) = opening.trouble {
            return Err(trouble);
        }
        if start.elapsed() >= PATIENCE {
            return Err(format!("only {} of {count} connections opened", opening.open));
        }
    }
    Ok(Opened { ids: opening.first..opening.first + count, took: start.elapsed(), latency: opening.latency })
}
