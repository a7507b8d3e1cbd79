//! Pings a client, and notices when it is gone.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use tokio::time::{Instant, sleep_until};

use super::Link;

/// Why a connection counts as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    NoPong,
    NoRoom,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPong => "no answer to a ping",
            Self::NoRoom => "nothing was read for the write timeout",
        })
    }
}

/// Pings at intervals, the first one after a random part of one, so that clients that come together are not
/// pinged together. Ends when the client is silent or stalls for too long.
pub(super) async fn watch(link: &Link) -> Silence {
    let limits = link.limits();
    let mut next_ping = Instant::now() + limits.ping_interval.mul_f64(jitter());
    // when the ping that is unanswered was sent
    let mut asked = None::<Instant>;
    loop {
        let pong_due = asked.map(|asked| asked + limits.ping_timeout);
        let write_due = link.outbound().stalled_since().map(|since| since + limits.write_timeout);
        sleep_until([pong_due, write_due].into_iter().flatten().fold(next_ping, Instant::min)).await;
        let now = Instant::now();
        if link.outbound().stalled_since().is_some_and(|since| now >= since + limits.write_timeout) {
            return Silence::NoRoom;
        }
        if let Some(asked_at) = asked {
            let silent = link.silent_for();
            if silent >= limits.ping_timeout {
                return Silence::NoPong;
            }
            if silent < now.duration_since(asked_at) {
                asked = None;
            }
        }
        if now >= next_ping {
            link.outbound().ping();
            asked.get_or_insert(now);
            next_ping = now + limits.ping_interval;
        }
    }
}

/// A random part of one.
fn jitter() -> f64 {
    let random = RandomState::new().hash_one(());
    random as f64 / u64::MAX as f64
}
