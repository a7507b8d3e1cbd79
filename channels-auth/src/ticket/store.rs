//! Where tickets wait until they are used.

use std::{fmt, time::SystemTime};

use async_trait::async_trait;

use crate::AuthError;

/// Where tickets wait until they are used: [memory](super::MemoryTickets), a database, Redis, or a store of your
/// own that several processes share.
///
/// A ticket is kept under its digest, 64 hexadecimal digits. Nobody who reads the store can use it.
#[async_trait]
pub trait TicketStore: Send + Sync + 'static {
    /// Keeps a ticket. `now` is the time by the clock that its end is counted by: what has ended may go.
    ///
    /// # Errors
    ///
    /// [`AuthError::unavailable`] if there is no room, or the store cannot be reached.
    async fn put(&self, digest: &str, ticket: StoredTicket, now: SystemTime) -> Result<(), AuthError>;

    /// Takes a ticket out. However many ask for it at a time, in whatever process, one gets it.
    ///
    /// # Errors
    ///
    /// [`AuthError::unavailable`] if the store cannot be reached.
    async fn take(&self, digest: &str) -> Result<Option<StoredTicket>, AuthError>;
}

/// A ticket, as a store keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredTicket {
    /// Whom it is for: the user's id.
    pub owner: String,
    /// What it stands for, as JSON: nothing to look at.
    pub content: String,
    /// When it is worth nothing any more.
    pub expires: SystemTime,
}

/// Without the content, which has the user's claims.
impl fmt::Debug for StoredTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredTicket")
            .field("owner", &self.owner)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
