//! What a second look at a credential finds.

use std::time::SystemTime;

/// What a second look at a credential finds, while a connection is open that it was good for:
/// [`Authenticator::recheck`](crate::Authenticator::recheck).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// It is there, until then; `None` if it does not end. A time that is over closes its connections with 4001.
    Good(Option<SystemTime>),
    /// It is gone, or its user may not log in any more, or has changed the password: its connections are closed
    /// with 4500.
    Revoked,
    /// There is nothing to look at: it counts for as long as it said at first.
    Unknown,
}
