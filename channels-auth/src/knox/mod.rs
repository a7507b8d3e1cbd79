//! Tokens of [django-rest-knox](https://jazzband.github.io/django-rest-knox/): its table, its rules.

mod digest;
mod table;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod vectors;

use std::{
    fmt::{self, Display},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use subtle::ConstantTimeEq as _;

pub use self::{digest::KnoxHash, table::KnoxToken};
use self::{
    digest::{Format, is_shaped},
    table::{Found, Tokens},
};
use crate::{
    AuthError, Authenticator, Credential, Database, Identity, Standing, StoreError, UserTable,
    clock::Clock,
    random::{self, to_hex},
};

/// Tokens of [django-rest-knox], in its table: accepted, made, listed and revoked.
///
/// Its methods are named for Knox's settings and have Knox's defaults. Tokens that it makes are good in
/// Django, and the other way round. It is cheap to clone: one goes to the stack, one to the handlers that log
/// in and out.
///
/// ```no_run
/// # async fn setting_up(users: impl channels_auth::UserLoader) -> Result<(), Box<dyn std::error::Error>> {
/// use channels_auth::{Database, Knox, TokenAuth};
///
/// let database = Database::connect("sqlite:///srv/site/db.sqlite3").await?; // Django's
/// let knox = Knox::new(database).token_prefix("knx_").auto_refresh();
/// let auth = TokenAuth::new(users).accept(knox.clone());
///
/// let (token, _) = knox.create(7).await?; // user 7 has just logged in
/// println!("{}", token.expose());
/// # Ok(()) }
/// ```
///
/// A token is *mine* if its row is there, and its digest fits. What fits no row is left to the next
/// authenticator: one for DRF's tokens may stand before it or behind it. No answer tells whether the first
/// characters of a token were right.
///
/// Without Django, [`create_table`](Self::create_table) makes the table, and
/// [`users`](Self::users) names your own table of users.
///
/// [django-rest-knox]: https://jazzband.github.io/django-rest-knox/
#[derive(Clone)]
pub struct Knox {
    tokens: Tokens,
    format: Format,
    hash: KnoxHash,
    prefix: String,
    characters: usize,
    ttl: Option<Duration>,
    limit: Option<u32>,
    refresh: Option<Refresh>,
    expired: Expired,
    clock: Clock,
}

/// How a token that is used lives longer.
#[derive(Clone, Copy, Debug)]
struct Refresh {
    min_interval: Duration,
    max_ttl: Option<Duration>,
}

/// What happens to a user's expired tokens when one is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expired {
    Delete,
    Keep,
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnoxError {
    /// The user has as many as [`Knox::token_limit_per_user`] allows.
    #[error("the user has as many tokens as allowed")]
    TooMany,
    /// The database is of no use.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Knox {
    /// The tokens in this database: a [`Database`], or a pool of sqlx.
    pub fn new(database: impl Into<Database>) -> Self {
        Self {
            tokens: Tokens::new(database.into()),
            format: Format::V5,
            hash: KnoxHash::default(),
            prefix: String::new(),
            characters: 64,
            ttl: Some(Duration::from_secs(10 * 60 * 60)),
            limit: None,
            refresh: None,
            expired: Expired::Delete,
            clock: Clock::default(),
        }
    }

    /// `SECURE_HASH_ALGORITHM`; by default SHA-512.
    #[must_use]
    pub fn secure_hash_algorithm(mut self, hash: KnoxHash) -> Self {
        self.hash = hash;
        self
    }

    /// `TOKEN_PREFIX`: what new tokens begin with; by default nothing. Those without it stay good, as in Knox.
    ///
    /// # Panics
    ///
    /// If it is longer than ten characters, or has space in it.
    #[must_use]
    #[track_caller]
    pub fn token_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        assert!(
            is_shaped(&format!("{}{}", self.prefix, "0".repeat(16))),
            "Knox's token prefix has at most 10 characters, and no space: {:?}",
            self.prefix
        );
        self
    }

    /// `AUTH_TOKEN_CHARACTER_LENGTH`: how many hexadecimal digits new tokens have; by default 64.
    ///
    /// # Panics
    ///
    /// If it is odd, below 32, which is 128 bits, or above 256.
    #[must_use]
    #[track_caller]
    pub fn auth_token_character_length(mut self, characters: usize) -> Self {
        assert!(
            (32..=256).contains(&characters) && characters.is_multiple_of(2),
            "a token has 32 to 256 digits, and two for each byte, not {characters}"
        );
        self.characters = characters;
        self
    }

    /// `TOKEN_TTL`: how long new tokens are good; by default 10 hours. `None`: for ever.
    #[must_use]
    pub fn token_ttl(mut self, ttl: impl Into<Option<Duration>>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// `TOKEN_LIMIT_PER_USER`: how many good tokens a user may have when one more is made; by default any
    /// number. Those without an end count, too, which they do not in Knox.
    #[must_use]
    pub fn token_limit_per_user(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// `AUTO_REFRESH`: a token that is used is good for [`token_ttl`](Self::token_ttl) from then on.
    #[must_use]
    pub fn auto_refresh(mut self) -> Self {
        self.refreshing();
        self
    }

    /// `AUTO_REFRESH_MAX_TTL`: with [`auto_refresh`](Self::auto_refresh), how long after it was made a token
    /// ends all the same; by default never.
    #[must_use]
    pub fn auto_refresh_max_ttl(mut self, max_ttl: Duration) -> Self {
        self.refreshing().max_ttl = Some(max_ttl);
        self
    }

    /// `MIN_REFRESH_INTERVAL`: with [`auto_refresh`](Self::auto_refresh), by how much a token's end has to
    /// move for the database to be written to; by default 60 s.
    #[must_use]
    pub fn min_refresh_interval(mut self, interval: Duration) -> Self {
        self.refreshing().min_interval = interval;
        self
    }

    fn refreshing(&mut self) -> &mut Refresh {
        self.refresh.get_or_insert(Refresh { min_interval: Duration::from_secs(60), max_ttl: None })
    }

    /// Leaves expired tokens where they are: where the database may only be read. By default a user's are
    /// deleted when one of their tokens is looked up, as Knox does.
    #[must_use]
    pub fn keep_expired(mut self) -> Self {
        self.expired = Expired::Keep;
        self
    }

    /// Tokens as Knox 4.2 makes them: with another digest, and found by their first 8 digits.
    #[must_use]
    pub fn version_4_2(mut self) -> Self {
        self.format = Format::V4;
        self
    }

    /// The table of tokens; by default `knox_authtoken`. For a `KNOX_TOKEN_MODEL` of your own.
    ///
    /// # Panics
    ///
    /// If it is no name of ASCII letters, digits and `_`, with a schema's before it or not.
    #[must_use]
    #[track_caller]
    pub fn table(mut self, name: &str) -> Self {
        self.tokens = self.tokens.named(name);
        self
    }

    /// The table of users; by default Django's `auth_user`. A user who is not active there is refused.
    #[must_use]
    pub fn users(mut self, users: UserTable) -> Self {
        self.tokens = self.tokens.of(users);
        self
    }

    /// The clock to go by, instead of the system's: for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// Makes the table, unless it is there: for those without Django. Its columns are Knox's.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database refuses.
    pub async fn create_table(&self) -> Result<(), StoreError> {
        self.tokens.create_table().await
    }

    /// A new token for this user, and its row. The token is nowhere but here: the table has a digest.
    ///
    /// # Errors
    ///
    /// [`KnoxError::TooMany`] at the [limit](Self::token_limit_per_user), [`KnoxError::Store`] if the database
    /// is of no use.
    pub async fn create(&self, user_id: impl Display) -> Result<(Credential, KnoxToken), KnoxError> {
        let random = random::bytes::<128>().map_err(StoreError::Random)?;
        let secret = format!("{}{}", self.prefix, to_hex(&random[..self.characters / 2]));
        let created = self.clock.now();
        let digest = self
            .format
            .digest(&secret, self.hash)
            .ok_or(StoreError::Unreadable("a token of Knox 4.2 has no prefix"))?;
        let token = KnoxToken {
            token_key: self.format.key(&secret).to_owned(),
            digest,
            created,
            expiry: self.ttl.and_then(|ttl| created.checked_add(ttl)),
        };
        if !self.tokens.insert(&token, user_id, self.limit, created).await? {
            return Err(KnoxError::TooMany);
        }
        Ok((Credential::new(secret), token))
    }

    /// The tokens of this user that are good, the newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database is of no use.
    pub async fn list(&self, user_id: impl Display) -> Result<Vec<KnoxToken>, StoreError> {
        self.tokens.of_user(user_id, self.clock.now()).await
    }

    /// Revokes a token that its owner brings (Knox's logout); `false` if it was not good any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database is of no use.
    pub async fn revoke(&self, token: &Credential) -> Result<bool, StoreError> {
        match self.format.digest(token.expose(), self.hash) {
            Some(digest) if is_shaped(token.expose()) => self.tokens.delete(&digest).await,
            Some(_) | None => Ok(false),
        }
    }

    /// Revokes one of the [list](Self::list); `false` if it is gone already.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database is of no use.
    pub async fn revoke_listed(&self, token: &KnoxToken) -> Result<bool, StoreError> {
        self.tokens.delete(&token.digest).await
    }

    /// Revokes all tokens of this user (Knox's logoutall), and says how many there were.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database is of no use.
    pub async fn revoke_all(&self, user_id: impl Display) -> Result<u64, StoreError> {
        self.tokens.delete_all(user_id).await
    }

    /// Knox's `renew_token`: when this token ends, once it was used. Its new end is written down if that moves
    /// it far enough.
    async fn refreshed(&self, found: &Found, now: SystemTime) -> Option<SystemTime> {
        let (Some(refresh), Some(ttl), Some(old)) = (self.refresh, self.ttl, found.expiry) else {
            return found.expiry;
        };
        let latest = refresh.max_ttl.and_then(|max| found.created.checked_add(max));
        let new = now.checked_add(ttl).into_iter().chain(latest).min().unwrap_or(old);
        if !new.duration_since(old).is_ok_and(|longer| longer > refresh.min_interval) {
            return Some(old);
        }
        match self.tokens.prolong(&found.digest, new).await {
            Ok(()) => Some(new),
            Err(error) => {
                tracing::warn!(%error, "a Knox token is good, but could not be refreshed");
                Some(old)
            }
        }
    }

    /// The expired tokens of whoever has one of this key, the one that was looked up among them.
    async fn delete_expired(&self, key: &str, now: SystemTime) {
        if let Err(error) = self.tokens.delete_expired(key, now).await {
            tracing::warn!(%error, "expired Knox tokens could not be deleted");
        }
    }
}

#[async_trait]
impl Authenticator for Knox {
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
        let token = credential.expose();
        if !is_shaped(token) {
            return Ok(None);
        }
        let Some(digest) = self.format.digest(token, self.hash) else { return Ok(None) };
        let (key, now) = (self.format.key(token), self.clock.now());

        let rows = self.tokens.find(key, now).await?;
        if self.expired == Expired::Delete && rows.iter().any(|row| row.owner_has_expired_ones) {
            self.delete_expired(key, now).await;
        }
        // every row is compared: that none fits, or the last, takes as long
        let mut found = None;
        for row in &rows {
            if bool::from(row.digest.as_bytes().ct_eq(digest.as_bytes())) {
                found = Some(row);
            }
        }
        let Some(found) = found else { return Ok(None) };
        if found.expiry.is_some_and(|end| end < now) {
            return Err(AuthError::Expired);
        }
        if !found.is_active {
            return Err(AuthError::Inactive);
        }
        let expires = self.refreshed(found, now).await;
        Ok(Some(Identity { expires, ..Identity::new(&found.user_id) }))
    }

    async fn recheck(&self, credentials: &[&Credential]) -> Result<Vec<Standing>, AuthError> {
        let digest = |token: &Credential| self.format.digest(token.expose(), self.hash).unwrap_or_default();
        let digests: Vec<_> = credentials.iter().map(|token| digest(token)).collect();
        let kept = self.tokens.keep(digests.clone()).await?;
        let standing = |digest: &String| match kept.get(digest) {
            Some((expiry, true)) => Standing::Good(*expiry),
            Some((_, false)) | None => Standing::Revoked,
        };
        Ok(digests.iter().map(standing).collect())
    }

    async fn delete(&self, credential: &Credential) -> Result<bool, AuthError> {
        Ok(self.revoke(credential).await?)
    }

    async fn delete_all(&self, user_id: &str) -> Result<(), AuthError> {
        match self.revoke_all(user_id).await {
            // the id is of no user that has tokens here
            Ok(_) | Err(StoreError::UserId) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl fmt::Debug for Knox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knox")
            .field("tokens", &self.tokens)
            .field("format", &self.format)
            .field("hash", &self.hash)
            .field("ttl", &self.ttl)
            .field("limit", &self.limit)
            .field("refresh", &self.refresh)
            .field("expired", &self.expired)
            .finish_non_exhaustive()
    }
}
