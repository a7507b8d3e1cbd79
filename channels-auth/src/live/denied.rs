//! What was revoked, and is refused whatever a store says: most of it is in none.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, SystemTime},
};

use super::{Revocation, login::issued};
use crate::{AuthError, Identity, digest::Digest, metrics};

/// How many credentials, and how many users, are remembered.
const CAPACITY: usize = 10_000;

/// How long it is remembered that a user was logged out everywhere: as long as tokens live that were issued before, and
/// are in no store. SimpleJWT's refresh tokens, which live longer than what they are exchanged for, have a day.
const USERS: Duration = Duration::from_secs(86_400);

/// Until the year 9999: for what has no end of its own.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(253_402_300_799);

/// What was revoked, and is refused whatever a store says: a list in this process's memory.
#[derive(Default)]
pub(super) struct Denied {
    credentials: Bounded<Digest, ()>,
    /// When each was logged out everywhere.
    users: Bounded<String, SystemTime>,
}

impl Denied {
    pub(super) fn add(&mut self, revocation: &Revocation, now: SystemTime) {
        match revocation {
            Revocation::Credential { digest, deny_until } => {
                self.credentials.insert(*digest, (), *deny_until, now);
            }
            Revocation::User { id, at } => {
                let until = at.checked_add(USERS).unwrap_or(*at);
                self.users.insert(id.clone(), *at, until, now);
            }
        }
    }

    pub(super) fn has(&self, digest: &Digest, now: SystemTime) -> bool {
        self.credentials.find(digest, now).is_some()
    }

    /// Refuses what a user had before being logged out everywhere: tokens that say when they were issued. What says
    /// nothing is in a store, which has forgotten it.
    pub(super) fn check(&self, user_id: &str, identity: &Identity, now: SystemTime) -> Result<(), AuthError> {
        match (self.users.find(user_id, now), issued(identity)) {
            // tokens count whole seconds: one that was issued in the same second counts as issued before
            (Some(logged_out), Some(issued)) if issued <= *logged_out => {
                Err(AuthError::Invalid("its user was logged out everywhere since"))
            }
            (Some(_) | None, _) => Ok(()),
        }
    }
}

/// Values that count until a time each. When there are too many, the one that would go first goes, and is counted.
struct Bounded<K, V>(HashMap<K, (V, SystemTime)>);

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    fn find<Q: ?Sized + Hash + Eq>(&self, key: &Q, now: SystemTime) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.0.get(key).filter(|(_, until)| *until > now).map(|(value, _)| value)
    }

    fn insert(&mut self, key: K, value: V, until: SystemTime, now: SystemTime) {
        if self.0.len() >= CAPACITY && !self.0.contains_key(&key) {
            self.0.retain(|_, (_, until)| *until > now);
        }
        if self.0.len() >= CAPACITY && !self.0.contains_key(&key) {
            let first = self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(key, _)| key.clone());
            if let Some(first) = first {
                self.0.remove(&first);
                metrics::denial_dropped();
                tracing::warn!("a revoked credential is forgotten before it has expired: there are too many");
            }
        }
        // of two revocations of one credential, the one counts that lasts
        let until = self.0.get(&key).map_or(until, |(_, before)| until.max(*before));
        self.0.insert(key, (value, until));
    }
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use serde_json::json;

    use super::*;
    use crate::Credential;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn digest(number: u64) -> Digest {
        Digest::of(&Credential::new(number.to_string()))
    }

    #[test]
    fn of_too_many_credentials_those_are_forgotten_that_expire_first() {
        let mut denied = Denied::default();

        for number in 0..2 * CAPACITY as u64 {
            let revocation =
                Revocation::Credential { digest: digest(number), deny_until: at(1_000 + number) };
            denied.add(&revocation, at(0));
        }

        assert_eq!(denied.credentials.0.len(), CAPACITY);
        assert!(!denied.has(&digest(0), at(0)));
        assert!(denied.has(&digest(2 * CAPACITY as u64 - 1), at(0)));
    }

    #[test]
    fn a_credential_is_denied_until_it_expires() {
        let mut denied = Denied::default();
        denied.add(&Revocation::Credential { digest: digest(1), deny_until: at(10) }, at(0));

        assert!(denied.has(&digest(1), at(9)));
        assert!(!denied.has(&digest(1), at(10)));
    }

    #[test]
    fn a_second_revocation_shortens_nothing() {
        let mut denied = Denied::default();
        for until in [10, 5] {
            denied.add(&Revocation::Credential { digest: digest(1), deny_until: at(until) }, at(0));
        }

        assert!(denied.has(&digest(1), at(9)));
    }

    #[test]
    fn what_a_user_had_before_being_logged_out_everywhere_is_denied_for_a_day() {
        let mut denied = Denied::default();
        denied.add(&Revocation::User { id: "7".into(), at: at(100) }, at(100));
        let issued = |iat| {
            let mut identity = Identity::new(7);
            identity.claims.insert("iat".into(), json!(iat));
            identity
        };
        let is_denied = |id, identity: &Identity, now| denied.check(id, identity, now).is_err();

        assert!(is_denied("7", &issued(99), at(101)));
        assert!(is_denied("7", &issued(100), at(101)));
        assert!(!is_denied("7", &issued(101), at(101)));
        assert!(!is_denied("8", &issued(99), at(101)));
        assert!(!is_denied("7", &Identity::new(7), at(101)));
        assert!(!is_denied("7", &issued(99), at(100 + 86_400)));
    }
}
