//! The revocations of the last while.

use std::collections::VecDeque;

use super::{Login, Revocation};

/// How many are remembered: far more than there are while one credential is looked at.
const CAPACITY: usize = 1_024;

/// The revocations of the last while: for a credential that was looked at before one of them, and whose connection is
/// known only after it.
#[derive(Default)]
pub(super) struct Recent {
    /// How many there were in all.
    count: u64,
    last: VecDeque<Revocation>,
}

/// What is known of a credential that was good a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meanwhile {
    Nothing,
    Revoked(super::Reason),
    /// There were too many revocations to know.
    Unknown,
}

impl Recent {
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn add(&mut self, revocation: Revocation) {
        if self.last.len() == CAPACITY {
            self.last.pop_front();
        }
        self.last.push_back(revocation);
        self.count += 1;
    }

    /// What happened since a credential was looked at.
    pub(super) fn since(&self, login: &Login) -> Meanwhile {
        let new = usize::try_from(self.count.saturating_sub(login.heard)).unwrap_or(usize::MAX);
        if new > self.last.len() {
            return Meanwhile::Unknown;
        }
        let revoked = self.last.iter().rev().take(new).find(|revocation| revocation.concerns(login));
        revoked.map_or(Meanwhile::Nothing, |revocation| Meanwhile::Revoked(revocation.reason()))
    }
}
