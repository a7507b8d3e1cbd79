//! What was revoked, as processes tell each other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use channels_core::Event;
use serde::{Deserialize, Serialize};

use super::{Login, login::user_id};
use crate::digest::Digest;

/// What was revoked.
#[derive(Clone)]
pub(crate) enum Revocation {
    /// One credential, which is refused until then, whatever its store says.
    Credential { digest: Digest, deny_until: SystemTime },
    /// All that a user had until then.
    User { id: String, at: SystemTime },
}

impl Revocation {
    pub(super) fn concerns(&self, login: &Login) -> bool {
        match self {
            Self::Credential { digest, .. } => login.digest == *digest,
            Self::User { id, .. } => login.user_id == *id,
        }
    }

    /// What the sockets that it closes are told, and what the metric says.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Credential { .. } => Reason::Revoked,
            Self::User { .. } => Reason::LoggedOutEverywhere,
        }
    }
}

/// Why a socket is closed with 4500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Revoked,
    LoggedOutEverywhere,
    /// It was seen to be gone from where it is stored.
    Gone,
}

impl Reason {
    /// The close frame's.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Revoked | Self::Gone => "token revoked",
            Self::LoggedOutEverywhere => "logged out everywhere",
        }
    }

    /// The metric's.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::LoggedOutEverywhere => "logged_out_everywhere",
            Self::Gone => "gone",
        }
    }
}

/// The event that tells all processes of it. A Django site may send one, too: what is optional it leaves out.
#[derive(Serialize, Deserialize)]
pub(super) struct Revoked {
    /// The credential's SHA-256, in hexadecimal digits.
    #[serde(default)]
    digest: Option<String>,
    /// Until when it is refused, in seconds since 1970.
    #[serde(default)]
    until: Option<f64>,
    /// Instead of a credential: the user's id.
    #[serde(default)]
    user: Option<String>,
    /// Since when, in seconds since 1970.
    #[serde(default)]
    at: Option<f64>,
    /// Who sent it, and needs not be told.
    #[serde(default)]
    pub(super) from: Option<String>,
}

impl Event for Revoked {
    const TYPE: &str = "channels.revoked";
}

impl Revoked {
    pub(super) fn new(revocation: &Revocation, from: &str) -> Self {
        let mut event = Self { digest: None, until: None, user: None, at: None, from: Some(from.to_owned()) };
        match revocation {
            Revocation::Credential { digest, deny_until } => {
                event.digest = Some(digest.to_text());
                event.until = Some(seconds(*deny_until));
            }
            Revocation::User { id, at } => {
                event.user = Some(id.clone());
                event.at = Some(seconds(*at));
            }
        }
        event
    }

    /// `None` if it says nothing that is understood.
    pub(super) fn read(&self, now: SystemTime) -> Option<Revocation> {
        match (&self.digest, &self.user) {
            (Some(digest), None) => Some(Revocation::Credential {
                digest: Digest::parse(digest)?,
                deny_until: self.until.map_or(now, time),
            }),
            (None, Some(id)) => Some(Revocation::User { id: user_id(id), at: self.at.map_or(now, time) }),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// A time that another process wrote. One that no clock has is the far end of it.
fn time(seconds: f64) -> SystemTime {
    let since_1970 = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(super::denied::FOR_EVER);
    UNIX_EPOCH.checked_add(since_1970.min(super::denied::FOR_EVER)).unwrap_or(UNIX_EPOCH)
}
