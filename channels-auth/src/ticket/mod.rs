//! Tickets: credentials for one connection, for those who would not put a token into a URL.

#[cfg(feature = "database")]
mod database;
mod endpoint;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod store;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

#[cfg(feature = "database")]
pub use self::database::DatabaseTickets;
#[cfg(feature = "redis")]
pub use self::redis::RedisTickets;
pub use self::{
    memory::MemoryTickets,
    store::{StoredTicket, TicketStore},
};
use crate::{
    AuthError, Authenticator, Credential, Identity,
    clock::Clock,
    digest::Digest,
    random::{self, to_hex},
    revoker::TICKETS,
};

/// What every ticket begins with: so that it is told from other credentials, by us and by those who search
/// for secrets where none should be.
const PREFIX: &str = "tkt_";

/// How many tickets of one user wait at a time, where that is bounded.
const PER_USER: usize = 16;

/// Issues tickets: credentials that open one connection, to one path, within 30 seconds. Cheap to clone.
///
/// A token in a URL lives on in the logs of proxies. A ticket there is worthless: it was used, or is too old.
/// The page asks for one over HTTP, with the token in a header, and connects with `?token=<ticket>`.
///
/// ```
/// use actix_web::{App, web};
/// use channels_auth::{Identity, Jwt, Ticket, Tickets, TokenAuth};
///
/// let tickets = Tickets::in_memory();
/// let jwt = Jwt::hs256("SECRET_KEY of settings.py");
/// let rest = TokenAuth::stateless().accept(jwt).rest();
/// let sockets = TokenAuth::stateless().accept(Ticket::new(tickets.clone())); // `wrap` it around the routes
///
/// let app = App::new()
///     .app_data(rest)
///     // POST {"path": "/ws/chat/lobby/"} is answered {"ticket": "tkt_…", "expires_in": 30}
///     .service(tickets.resource::<Identity>("/ws/ticket/"));
/// ```
///
/// The tickets of [`in_memory`](Self::in_memory) are good in the process that issued them. For several there is
/// `in_redis`, with the feature `redis`, `in_database`, with `database`, or a [`TicketStore`] of your own.
#[derive(Clone)]
pub struct Tickets {
    store: Arc<dyn TicketStore>,
    lifetime: Duration,
    clock: Clock,
}

/// Accepts tickets, each of them once: for [`TokenAuth::accept`](crate::TokenAuth::accept).
///
/// What begins with `tkt_` is a ticket. One that was used, is too old, or is for another path is refused, and
/// the last attempt was the only one: a ticket that is shown anywhere is used up.
#[derive(Clone, Debug)]
pub struct Ticket {
    tickets: Tickets,
}

/// What a ticket stands for, as stores keep it.
#[derive(Serialize, Deserialize)]
struct Content {
    path: String,
    user_id: String,
    expires: Option<SystemTime>,
    claims: Map<String, Value>,
    /// The digest of what it was issued for: its sockets are closed when that is revoked.
    #[serde(default)]
    origin: Option<String>,
}

impl Tickets {
    /// Tickets in this process's memory, [so many at most](MemoryTickets).
    pub fn in_memory() -> Self {
        Self::new(MemoryTickets::default())
    }

    /// Tickets in a table, for several processes.
    ///
    /// # Errors
    ///
    /// [`StoreError`](crate::StoreError) if the table is not there and cannot be made.
    #[cfg(feature = "database")]
    pub async fn in_database(database: impl Into<crate::Database>) -> Result<Self, crate::StoreError> {
        Ok(Self::new(DatabaseTickets::open(database).await?))
    }

    /// Tickets in Redis, for several processes: on the first of the servers that `options` name.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use channels_auth::Tickets;
    /// use channels_layer::RedisOptions;
    ///
    /// let tickets = Tickets::in_redis(&RedisOptions::url("redis://127.0.0.1:6379/0")?).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`LayerError`](channels_core::LayerError) if the server cannot be reached.
    #[cfg(feature = "redis")]
    pub async fn in_redis(options: &channels_layer::RedisOptions) -> Result<Self, channels_core::LayerError> {
        Ok(Self::new(RedisTickets::connect(options).await?))
    }

    /// Tickets in a store of your own.
    pub fn new(store: impl TicketStore) -> Self {
        Self { store: Arc::new(store), lifetime: Duration::from_secs(30), clock: Clock::default() }
    }

    /// How long a ticket is good; by default 30 s, and 60 s at the most: so long it is remembered that the token which
    /// it was issued for was revoked.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime.min(TICKETS);
        self
    }

    /// The clock to go by, instead of the system's: for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// A ticket for whoever this is, good for one connection to this path: percent-decoded, and without a
    /// query string, as [`Scope::path`](channels_core::Scope::path) has it.
    ///
    /// It says of its user what the credential said that it was issued for, and its connection ends no later.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] if the store takes no more, or cannot be reached.
    pub async fn issue(&self, identity: &Identity, path: impl Into<String>) -> Result<Credential, AuthError> {
        let secret = random::bytes::<32>().map_err(AuthError::unavailable)?;
        let ticket = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(secret));
        let Identity { user_id, expires, claims, origin, issued: _ } = identity.clone();
        let origin = origin.map(Digest::to_text);
        let content = Content { path: path.into(), user_id: user_id.clone(), expires, claims, origin };
        let now = self.clock.now();
        let stored = StoredTicket {
            owner: user_id,
            content: serde_json::to_string(&content).map_err(AuthError::unavailable)?,
            expires: now.checked_add(self.lifetime).unwrap_or(now),
        };
        self.store.put(&digest(&ticket), stored, now).await?;
        Ok(Credential::new(ticket))
    }
}

impl Ticket {
    /// Accepts what these tickets issue.
    pub fn new(tickets: Tickets) -> Self {
        Self { tickets }
    }
}

#[async_trait]
impl Authenticator for Ticket {
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
        let ticket = credential.expose();
        if !ticket.starts_with(PREFIX) {
            return Ok(None);
        }
        if ticket.len() != PREFIX.len() + 43 {
            return Err(AuthError::Invalid("it is no ticket, though it begins like one"));
        }
        let Some(stored) = self.tickets.store.take(&digest(ticket)).await? else {
            return Err(AuthError::Invalid("there is no such ticket; it may have been used"));
        };
        let content: Content = serde_json::from_str(&stored.content).map_err(AuthError::unavailable)?;
        let ends = content.expires.into_iter().chain([stored.expires]).min();
        if ends.is_some_and(|end| end <= self.tickets.clock.now()) {
            return Err(AuthError::Expired);
        }
        if credential.path() != Some(&content.path) {
            return Err(AuthError::Invalid("it is a ticket for another path"));
        }
        let Content { user_id, expires, claims, origin, path: _ } = content;
        let origin = origin.as_deref().and_then(Digest::parse);
        let issued = stored.expires.checked_sub(self.tickets.lifetime);
        Ok(Some(Identity { expires, claims, origin, issued, ..Identity::new(user_id) }))
    }
}

/// What a ticket is kept under: who reads the store opens no socket with it.
fn digest(ticket: &str) -> String {
    to_hex(&Sha256::digest(ticket))
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}
