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

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::UNIX_EPOCH};

    use super::*;
    use crate::{AuthError, Authenticator, Credential, Identity};

    struct Nothing;

    #[async_trait::async_trait]
    impl Authenticator for Nothing {
        async fn authenticate(&self, _: &Credential) -> Result<Option<Identity>, AuthError> {
            Ok(None)
        }
    }

    fn logged_out(user: u32) -> Revocation {
        Revocation::User { id: user.to_string(), at: UNIX_EPOCH }
    }

    #[test]
    fn what_is_revoked_after_a_credential_was_looked_at_is_not_missed() {
        let mut recent = Recent::default();
        recent.add(logged_out(7));
        let anns = Login::new(Credential::new("a"), &Identity::new(7), Arc::new(Nothing), recent.count());

        recent.add(logged_out(8));
        assert_eq!(recent.since(&anns), Meanwhile::Nothing);
        recent.add(logged_out(7));
        assert_eq!(recent.since(&anns), Meanwhile::Revoked(super::super::Reason::LoggedOutEverywhere));

        for _ in 0..CAPACITY {
            recent.add(logged_out(8));
        }
        assert_eq!(recent.since(&anns), Meanwhile::Unknown);
        assert_eq!(recent.last.len(), CAPACITY);
    }
}
