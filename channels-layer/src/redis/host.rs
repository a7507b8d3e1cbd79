//! Where a Redis server is, and how one logs in there.

use std::fmt;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, TlsMode};

use crate::error::BoxError;

/// Where a Redis server is, and how one logs in there.
///
/// ```
/// use channels_layer::RedisHost;
///
/// RedisHost::url("redis://127.0.0.1:6379/0")?;
/// RedisHost::url("redis://user:password@cache.example.org/2")?;
/// RedisHost::url("rediss://cache.example.org")?; // with TLS
/// RedisHost::url("unix:///run/redis/redis.sock?db=1")?;
/// RedisHost::sentinel("mymaster", ["redis://10.0.0.1:26379", "redis://10.0.0.2:26379"])?
///     .login("user", "password")
///     .database(2);
/// # Ok::<_, channels_layer::RedisHostError>(())
/// ```
#[derive(Clone)]
pub struct RedisHost(pub(super) Place);

#[derive(Clone)]
pub(super) enum Place {
    Server(ConnectionInfo),
    Sentinel(Sentinel),
}

/// A server that is found by asking others which it is at the moment.
#[derive(Clone)]
pub(super) struct Sentinel {
    pub(super) service: String,
    pub(super) sentinels: Vec<ConnectionInfo>,
    pub(super) server: RedisConnectionInfo,
    pub(super) tls: bool,
}

/// Why a host was refused. It does not show the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisHostError {
    /// No URL of a Redis server.
    #[error("this is no URL of a Redis server; write redis://, rediss:// or unix://")]
    Url(#[source] BoxError),
    /// A kind of address that cannot be used on this machine.
    #[error("this kind of address cannot be used here")]
    Unsupported,
    /// No sentinel was named.
    #[error("at least one sentinel is needed to find the server")]
    NoSentinel,
    /// A server of a Redis Cluster, where the layer's format cannot be kept.
    #[error("{0} is part of a Redis Cluster; name single servers, each a shard of its own")]
    Cluster(String),
    /// No server of a cluster was named.
    #[error("at least one server of the cluster is needed to find the others")]
    NoServer,
    /// A server that is no part of a Redis Cluster.
    #[error(
        "{0} is no part of a Redis Cluster; name it with RedisOptions::url, or start it with cluster-enabled yes"
    )]
    NoCluster(String),
    /// A cluster on a Unix socket: there is no way for it to tell of its other servers.
    #[error("a server of a cluster is reached over TCP; write redis:// or rediss://")]
    ClusterSocket,
    /// A server that lacks commands which are needed.
    #[error("{server} is too old: {what} needs Redis {needs} or newer")]
    TooOld {
        /// Where it is.
        server: String,
        /// What is not to be had there.
        what: &'static str,
        /// The oldest version that has it.
        needs: &'static str,
    },
    /// A sentinel on a Unix socket: there is no way for it to tell of others.
    #[error("a sentinel is reached over TCP; write redis:// or rediss://")]
    SentinelSocket,
}

impl RedisHost {
    /// The server at a URL: `redis://[user:password@]host[:port][/database]`, `rediss://` with TLS, or
    /// `unix:///path[?db=database&user=…&pass=…]`.
    ///
    /// # Errors
    ///
    /// [`RedisHostError`] if it is no such URL.
    pub fn url(url: &str) -> Result<Self, RedisHostError> {
        Ok(Self(Place::Server(parse(url)?)))
    }

    /// A server of a cluster.
    pub(super) fn of_cluster(url: &str) -> Result<Self, RedisHostError> {
        let info = parse(url)?;
        if matches!(info.addr(), ConnectionAddr::Unix(_)) {
            return Err(RedisHostError::ClusterSocket);
        }
        Ok(Self(Place::Server(info)))
    }

    /// The server that sentinels call `service` and hold for the master. After a fail-over they are asked
    /// again. The URLs are those of the sentinels, each with its login if it asks for one.
    ///
    /// # Errors
    ///
    /// [`RedisHostError`] if there is no sentinel, or a URL is none.
    pub fn sentinel<'a>(
        service: &str,
        sentinels: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, RedisHostError> {
        let sentinels = sentinels.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        if sentinels.is_empty() {
            return Err(RedisHostError::NoSentinel);
        }
        if sentinels.iter().any(|sentinel| matches!(sentinel.addr(), ConnectionAddr::Unix(_))) {
            return Err(RedisHostError::SentinelSocket);
        }
        let server = RedisConnectionInfo::default();
        Ok(Self(Place::Sentinel(Sentinel { service: service.to_owned(), sentinels, server, tls: false })))
    }

    /// How to log in at the server (Redis 6's access control lists). For a URL, instead of what is in it.
    #[must_use]
    pub fn login(self, user: &str, password: &str) -> Self {
        self.with(|server| server.set_username(user).set_password(password))
    }

    /// The password of a server without users (`requirepass`).
    #[must_use]
    pub fn password(self, password: &str) -> Self {
        self.with(|server| server.set_password(password))
    }

    /// The number of the database. Default 0, or what is in the URL.
    #[must_use]
    pub fn database(self, number: u32) -> Self {
        self.with(|server| server.set_db(number.into()))
    }

    /// That the servers which sentinels name are reached with TLS. For one at a URL, write `rediss://`.
    #[must_use]
    pub fn with_tls(mut self) -> Self {
        if let Place::Sentinel(sentinel) = &mut self.0 {
            sentinel.tls = true;
        }
        self
    }

    fn with(self, change: impl FnOnce(RedisConnectionInfo) -> RedisConnectionInfo) -> Self {
        Self(match self.0 {
            Place::Server(info) => {
                let settings = change(info.redis_settings().clone());
                Place::Server(info.set_redis_settings(settings))
            }
            Place::Sentinel(sentinel) => {
                Place::Sentinel(Sentinel { server: change(sentinel.server), ..sentinel })
            }
        })
    }

    /// Where it is, without how one logs in: for the log.
    pub(super) fn shown(&self) -> String {
        match &self.0 {
            Place::Server(info) => info.addr().to_string(),
            Place::Sentinel(sentinel) => format!("{} (by sentinel)", sentinel.service),
        }
    }
}

impl Sentinel {
    pub(super) fn tls_mode(&self) -> Option<TlsMode> {
        self.tls.then_some(TlsMode::Secure)
    }
}

fn parse(url: &str) -> Result<ConnectionInfo, RedisHostError> {
    let info = url.into_connection_info().map_err(|error| RedisHostError::Url(error.into()))?;
    if !info.addr().is_supported() {
        return Err(RedisHostError::Unsupported);
    }
    Ok(info)
}

impl fmt::Debug for RedisHost {
    /// Where it is, and not how one logs in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisHost").field(&self.shown()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_does_not_show() {
        let host = RedisHost::url("redis://ann:s3cret@cache.example.org:7000/2").unwrap();
        assert_eq!(format!("{host:?}"), r#"RedisHost("cache.example.org:7000")"#);

        let error = RedisHost::url("http://ann:s3cret@example.org").unwrap_err();
        assert!(!format!("{error:?} {error}").contains("s3cret"), "{error:?}");
    }

    #[test]
    fn a_sentinel_is_no_socket_and_there_is_one() {
        assert!(matches!(RedisHost::sentinel("m", []), Err(RedisHostError::NoSentinel)));
        assert!(matches!(RedisHost::sentinel("m", ["unix:///x"]), Err(RedisHostError::SentinelSocket)));
    }
}
