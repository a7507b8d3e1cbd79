//! Sessions that are rows: Django's `db`, and `cached_db` with its cache.

use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;

use super::{SessionError, key::SessionKey};
use crate::{
    BoxError, StoreError,
    store::{SessionRow, SessionTable},
};

/// The cache of a Django site whose `SESSION_ENGINE` is `cached_db`.
///
/// Django reads a session from its row once, and from then on from the cache. What is changed or deleted here
/// it sees when the entry is gone.
///
/// ```
/// use channels_auth::{BoxError, SessionCache};
/// # struct Redis; impl Redis { async fn del(&self, key: String) -> std::io::Result<()> { Ok(()) } }
///
/// struct Cache { redis: Redis }
///
/// #[channels_core::async_trait]
/// impl SessionCache for Cache {
///     async fn delete(&self, key: &str) -> Result<(), BoxError> {
///         // KEY_PREFIX, which is empty, and VERSION
///         Ok(self.redis.del(format!(":1:{key}")).await?)
///     }
/// }
/// ```
#[async_trait]
pub trait SessionCache: Send + Sync + 'static {
    /// Deletes the entry of this key, if there is one. It is the key before Django's `make_key`, and holds that
    /// of a session: do not log it.
    ///
    /// # Errors
    ///
    /// If Django may still read the entry.
    async fn delete(&self, key: &str) -> Result<(), BoxError>;
}

#[derive(Clone)]
pub(super) struct Rows {
    pub(super) table: SessionTable,
    pub(super) cache: Option<Arc<dyn SessionCache>>,
}

impl Rows {
    pub(super) async fn read(&self, key: &SessionKey) -> Result<Option<SessionRow>, StoreError> {
        self.table.read(key.as_str()).await
    }

    /// The rows of these keys, by their keys.
    pub(super) async fn read_all(
        &self,
        keys: &[SessionKey],
    ) -> Result<HashMap<String, SessionRow>, StoreError> {
        let keys: Vec<_> = keys.iter().map(SessionKey::as_str).collect();
        self.table.read_all(&keys).await
    }

    /// A row under a new key.
    pub(super) async fn create(&self, row: &SessionRow) -> Result<SessionKey, SessionError> {
        loop {
            let key = SessionKey::random()?;
            if self.table.insert(key.as_str(), row).await? {
                return Ok(key);
            }
        }
    }

    pub(super) async fn update(&self, key: &SessionKey, row: &SessionRow) -> Result<(), SessionError> {
        if !self.table.update(key.as_str(), row).await? {
            return Err(SessionError::Gone);
        }
        self.forget(key).await
    }

    /// Deletes a row; `false` if there is none of this key.
    pub(super) async fn delete(&self, key: &SessionKey) -> Result<bool, SessionError> {
        let was_there = self.table.delete(key.as_str()).await?;
        self.forget(key).await?;
        Ok(was_there)
    }

    async fn forget(&self, key: &SessionKey) -> Result<(), SessionError> {
        let Some(cache) = &self.cache else { return Ok(()) };
        let key = format!("django.contrib.sessions.cached_db{}", key.as_str());
        cache.delete(&key).await.map_err(SessionError::Cache)
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("table", &self.table).field("cached", &self.cache.is_some()).finish()
    }
}
