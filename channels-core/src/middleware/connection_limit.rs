//! How many connections there may be: in all, from one address, of one user.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError},
};

use async_trait::async_trait;

use super::{Middleware, Next, Rejection};
use crate::{CloseCode, ConnectionHandle, ConnectionId, Scope};

/// How many connections there may be at a time, in all or of a kind.
///
/// Each counts the connections that run inside of it, on all workers of the process: one around authentication
/// counts those who are not let in, too, for the moment it takes to tell them.
///
/// ```
/// # use channels_core::*;
/// # struct User { id: u64 }
/// # struct Auth;
/// # #[async_trait(?Send)] impl Middleware for Auth {
/// #     async fn handle(&self, scope: Scope, next: Next<'_>) -> Result<(), Rejection> { next.run(scope).await }
/// # }
/// # let auth = Auth;
/// let channels = Channels::new(MemoryLayer::default())
///     .wrap(ConnectionLimit::per_process(50_000))
///     .wrap(ConnectionLimit::per_address(200))
///     .wrap(auth)
///     .wrap(ConnectionLimit::per_user(5, |user: &User| user.id).replace_oldest());
/// ```
pub struct ConnectionLimit<K> {
    limit: usize,
    key: Key<K>,
    refusal: Rejection,
    replace: bool,
    open: Arc<Open<K>>,
}

/// What a connection is counted by; `None` if it is not.
type Key<K> = Box<dyn Fn(&Scope) -> Option<K> + Send + Sync>;

/// The connections there are, by what they are counted by. Their numbers grow: the first is the oldest.
struct Open<K>(Mutex<HashMap<K, BTreeMap<ConnectionId, ConnectionHandle>>>);

/// A connection's place among those that are counted. Dropping it makes room.
struct Place<K: Hash + Eq> {
    open: Arc<Open<K>>,
    key: K,
    id: ConnectionId,
}

impl ConnectionLimit<()> {
    /// So many in this process. One more is closed with 1013: it may find room in another process, or later.
    pub fn per_process(limit: usize) -> Self {
        let refusal = Rejection::new(CloseCode::TRY_AGAIN, "too many connections");
        Self::new(limit, refusal, |_| Some(()))
    }
}

impl ConnectionLimit<IpAddr> {
    /// So many from one address, or from one IPv6 network of 64 bits, which is what one household has. One more is
    /// closed with 4029. Behind a proxy, see [`Channels::trusted_proxies`](crate::Channels::trusted_proxies); where
    /// no address is known, as on a Unix socket, there is no limit.
    pub fn per_address(limit: usize) -> Self {
        let refusal = Rejection::new(CloseCode::RATE_LIMITED, "too many connections from this address");
        Self::new(limit, refusal, Scope::client_network)
    }
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> ConnectionLimit<K> {
    /// So many of one user, as `key` names them: their tabs and devices. One more is closed with 4029, or closes the
    /// [oldest](Self::replace_oldest). It goes inside of authentication; who has no user of type `U` is not counted.
    pub fn per_user<U: Send + Sync + 'static>(
        limit: usize,
        key: impl Fn(&U) -> K + Send + Sync + 'static,
    ) -> Self {
        let refusal = Rejection::new(CloseCode::RATE_LIMITED, "too many connections of this user");
        let told = Once::new();
        Self::new(limit, refusal, move |scope| match scope.user::<U>() {
            Ok(user) => Some(key(&user)),
            Err(error) => {
                // a visitor who may be anonymous, or the two were wrapped in the wrong order
                told.call_once(|| tracing::warn!(%error, "a connection is not counted by its user"));
                None
            }
        })
    }

    fn new(
        limit: usize,
        refusal: Rejection,
        key: impl Fn(&Scope) -> Option<K> + Send + Sync + 'static,
    ) -> Self {
        let open = Arc::new(Open(Mutex::default()));
        Self { limit, key: Box::new(key), refusal, replace: false, open }
    }

    /// Where there is no room, closes the oldest with 4009 instead of refusing the newest.
    #[must_use]
    pub fn replace_oldest(mut self) -> Self {
        self.replace = true;
        self
    }

    fn admit(&self, key: K, connection: &ConnectionHandle) -> Result<Place<K>, Rejection> {
        let mut replaced = Vec::new();
        {
            let mut open = self.open.lock();
            let peers = open.entry(key.clone()).or_default();
            while self.replace && peers.len() >= self.limit.max(1) {
                replaced.extend(peers.pop_first().map(|(_, oldest)| oldest));
            }
            if peers.len() >= self.limit {
                if peers.is_empty() {
                    open.remove(&key);
                }
                return Err(self.refusal.clone());
            }
            peers.insert(connection.id(), connection.clone());
        }
        for oldest in replaced {
            oldest.close(CloseCode::REPLACED, "replaced by a newer connection");
        }
        Ok(Place { open: Arc::clone(&self.open), key, id: connection.id() })
    }
}

#[async_trait(?Send)]
impl<K: Hash + Eq + Clone + Send + Sync + 'static> Middleware for ConnectionLimit<K> {
    async fn handle(&self, scope: Scope, next: Next<'_>) -> Result<(), Rejection> {
        let Some(key) = (self.key)(&scope) else { return next.run(scope).await };
        let _place = self.admit(key, next.handle())?;
        next.run(scope).await
    }
}

impl<K> Open<K> {
    // Nothing that can panic runs under this lock but a key's own hash, before anything is changed.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, BTreeMap<ConnectionId, ConnectionHandle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Drop for Place<K> {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(peers) = open.get_mut(&self.key) {
            // one that was replaced is no longer there
            peers.remove(&self.id);
            if peers.is_empty() {
                open.remove(&self.key);
            }
        }
    }
}

impl<K> fmt::Debug for ConnectionLimit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionLimit")
            .field("limit", &self.limit)
            .field("replace", &self.replace)
            .finish_non_exhaustive()
    }
}
