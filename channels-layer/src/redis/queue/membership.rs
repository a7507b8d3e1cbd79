//! A channel in a group, as far as this process knows what Redis knows.

use crate::redis::link::Failed;

/// A channel in a group, as far as we know.
#[derive(Debug)]
pub(super) struct Membership {
    /// When it joined.
    pub(super) since: f64,
    /// How many are just asking Redis to add it.
    pub(super) asking: usize,
    /// Redis said that it did, or may have done it without saying.
    known: bool,
    /// Redis said that it did.
    pub(super) joined: bool,
}

/// What became of asking Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is done.
    Done,
    /// Redis has not heard of it.
    NotAsked,
    /// Nobody knows.
    None,
}

impl Membership {
    pub(super) fn new(since: f64) -> Self {
        Self { since, asking: 0, known: false, joined: false }
    }

    pub(super) fn ask(&mut self) {
        self.asking += 1;
    }

    pub(super) fn answered(&mut self, answer: Answer) {
        self.asking -= 1;
        self.known |= answer != Answer::NotAsked;
        self.joined |= answer == Answer::Done;
    }

    /// Whether Redis may have it, now or soon.
    pub(super) fn may_be_there(&self) -> bool {
        self.known || self.asking > 0
    }
}

impl<T> From<&Result<T, Failed>> for Answer {
    fn from(outcome: &Result<T, Failed>) -> Self {
        match outcome {
            Ok(_) => Self::Done,
            Err(failed) if failed.may_have_happened() => Self::None,
            Err(_) => Self::NotAsked,
        }
    }
}
