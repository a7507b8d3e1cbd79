//! Pings a client, and notices when it is gone.

use std::{fmt, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::Link;
use crate::random;

/// Why a connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    NoPong,
    NoRoom,
    /// A message began, and was not finished.
    HalfMessage,
    /// Nothing is wrong, but the client may not be silent for so long.
    Idle,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPong => "no answer to a ping",
            Self::NoRoom => "nothing was read for the write timeout",
            Self::HalfMessage => "a message was not finished in time",
            Self::Idle => "no message for the idle time",
        })
    }
}

/// Pings at intervals, the first one after a random part of one, so that clients that come together are not
/// pinged together. Ends when the client is silent or stalls for too long.
pub(super) async fn watch(link: &Link) -> Silence {
    let limits = link.limits();
    // a stall that begins while we sleep is noticed when we wake
    let shortest = limits.write_timeout.min(limits.message_timeout).min(limits.idle.unwrap_or(Duration::MAX));
    let mut next_ping = Instant::now() + limits.ping_interval.mul_f64(random::part_of_one());
    // when the ping that is unanswered was sent
    let mut asked = None::<Instant>;
    loop {
        let due = [
            asked.map(|asked| asked + limits.ping_timeout),
            link.write_due(),
            link.message_due(),
            link.message_wanted(),
        ];
        let wake = next_ping.min(Instant::now() + shortest.min(limits.ping_interval));
        sleep_until(due.into_iter().flatten().fold(wake, Instant::min)).await;
        let now = Instant::now();
        let is_over = |due: Option<Instant>| due.is_some_and(|due| now >= due);
        if is_over(link.write_due()) {
            return Silence::NoRoom;
        }
        if is_over(link.message_due()) {
            return Silence::HalfMessage;
        }
        if is_over(link.message_wanted()) {
            return Silence::Idle;
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
