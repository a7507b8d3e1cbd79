//! Jobs that were given up: to be looked at, and tried again.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use redis::cmd;

use super::queue::Queue;
use crate::{Envelope, LayerError};

/// A job that was given up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadLetter {
    /// What names it among the dead letters of its channel.
    pub id: String,
    /// What names the job, the same at each attempt; the log has it, too.
    pub key: String,
    /// The event. `None` if it cannot be read.
    pub event: Option<Envelope>,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: DeadReason,
    /// When it was given up, by the server's clock.
    pub at: SystemTime,
}

/// Why a job was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadReason {
    /// `failed`: the last attempt ended with an error.
    Failed,
    /// `panicked`: the last attempt ended with a panic.
    Panicked,
    /// `late`: the last attempt took too long.
    Late,
    /// `crashed`: its workers died with it, as often as it may be tried.
    Crashed,
    /// `unhandled`: the worker has no method for events of its type.
    Unhandled,
    /// `unreadable`: it is no event, is not of the type that its method takes, or was encrypted with another key.
    Unreadable,
}

impl DeadReason {
    /// As it is written, and the metric's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Late => "late",
            Self::Crashed => "crashed",
            Self::Unhandled => "unhandled",
            Self::Unreadable => "unreadable",
        }
    }

    /// What is none of the others was not written here.
    fn of(text: &[u8]) -> Self {
        let all = [Self::Failed, Self::Panicked, Self::Late, Self::Crashed, Self::Unhandled];
        all.into_iter().find(|reason| reason.as_str().as_bytes() == text).unwrap_or(Self::Unreadable)
    }
}

impl Queue {
    /// The dead letters, the oldest first.
    pub(super) async fn dead_letters(&self, at_most: usize) -> Result<Vec<DeadLetter>, LayerError> {
        let mut command = cmd("XRANGE");
        command.arg(&self.keys[2]).arg("-").arg("+").arg("COUNT").arg(at_most);
        let letters: Vec<(String, HashMap<String, Bytes>)> =
            self.link.run(|mut connection| async move { command.query_async(&mut connection).await }).await?;
        Ok(letters.into_iter().map(|(id, fields)| self.letter(id, &fields)).collect())
    }

    fn letter(&self, id: String, fields: &HashMap<String, Bytes>) -> DeadLetter {
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let number = |text: &[u8]| str::from_utf8(text).map_or(0, |text| text.parse().unwrap_or(0));
        // an id begins with the time, in milliseconds
        let at = id.split('-').next().map_or(0, |time| time.parse().unwrap_or(0));
        DeadLetter {
            key: String::from_utf8_lossy(&field("key")).into_owned(),
            event: self.codec.read(field("event")).ok().map(|arrived| arrived.envelope),
            attempts: number(&field("attempts")),
            reason: DeadReason::of(&field("reason")),
            at: UNIX_EPOCH + Duration::from_millis(at),
            id,
        }
    }

    /// Whether there was such a dead letter.
    pub(super) async fn discard(&self, id: &str) -> Result<bool, LayerError> {
        let mut command = cmd("XDEL");
        command.arg(&self.keys[2]).arg(id);
        Ok(self.link.run(|mut connection| async move { command.query_async(&mut connection).await }).await?)
    }
}
