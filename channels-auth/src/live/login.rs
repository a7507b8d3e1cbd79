//! The credential that somebody came in with.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use crate::{Authenticator, Credential, Identity, digest::Digest};

/// The credential that somebody came in with, and what is known of it.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) user_id: String,
    /// Of the credential, or of what a ticket was issued for: what its sockets are found by.
    pub(crate) digest: Digest,
    /// Whether that is the credential's own.
    pub(crate) is_original: bool,
    pub(crate) credential: Credential,
    /// Who said that it is good.
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) expires: Option<SystemTime>,
    /// How many revocations had been heard of when it was looked at.
    pub(crate) heard: u64,
}

impl Login {
    pub(crate) fn new(
        credential: Credential,
        identity: &Identity,
        authenticator: Arc<dyn Authenticator>,
        heard: u64,
    ) -> Self {
        let own = Digest::of(&credential);
        let digest = identity.origin.unwrap_or(own);
        Self {
            user_id: user_id(&identity.user_id),
            digest,
            is_original: digest == own,
            credential,
            authenticator,
            expires: identity.expires,
            heard,
        }
    }
}

/// A user's id, as all kinds of credentials spell it: space around it does not count, as in Django.
pub(crate) fn user_id(id: &str) -> String {
    id.trim().to_owned()
}

/// When a token was issued, by its own words (RFC 7519 section 4.1.6), or a ticket.
pub(super) fn issued(identity: &Identity) -> Option<SystemTime> {
    let claimed = identity.claims.get("iat").and_then(Value::as_f64);
    let claimed = claimed.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let claimed = claimed.and_then(|since_1970| UNIX_EPOCH.checked_add(since_1970));
    claimed.into_iter().chain(identity.issued).min()
}

/// Without the credential, and without its digest, which finds it in a list.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user_id", &self.user_id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
