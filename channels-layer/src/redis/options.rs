//! What a layer over Redis can be told.

use std::{fmt, time::Duration};

use super::{OnOutage, RedisHost};
use crate::{
    RedisHostError, Retention,
    wire::{Codec, Fernet, Format},
};

/// What a layer over Redis can be told. The defaults are channels_redis'.
///
/// All who share a layer, Django too, must agree on everything but the time limit and what becomes of events in an
/// outage.
///
/// ```
/// use channels_layer::{RedisOptions, Retention, wire::Format};
///
/// let options = RedisOptions::url("redis://127.0.0.1:6379/0")?
///     .prefix("chat")
///     .retention(Retention::default().capacity(500))
///     .encryption_keys(["the key in use", "the one before"])
///     .format(Format::Json);
/// # Ok::<_, channels_layer::RedisHostError>(())
/// ```
#[derive(Clone)]
pub struct RedisOptions {
    pub(super) hosts: Vec<RedisHost>,
    pub(super) cluster: bool,
    pub(super) prefix: String,
    pub(super) retention: Retention,
    pub(super) format: Format,
    pub(super) keys: Vec<String>,
    pub(super) random_prefix: usize,
    pub(super) pinned: bool,
    pub(super) time_limit: Duration,
    pub(super) on_outage: OnOutage,
    pub(super) tls_root: Option<Vec<u8>>,
}

impl RedisOptions {
    /// One server.
    pub fn new(host: RedisHost) -> Self {
        Self {
            hosts: vec![host],
            cluster: false,
            prefix: "asgi".to_owned(),
            retention: Retention::default(),
            format: Format::default(),
            keys: Vec::new(),
            random_prefix: 12,
            pinned: false,
            time_limit: Duration::from_secs(5),
            on_outage: OnOutage::Fail,
            tls_root: None,
        }
    }

    /// One server at a [URL](RedisHost::url).
    ///
    /// # Errors
    ///
    /// [`RedisHostError`] if it is no such URL.
    pub fn url(url: &str) -> Result<Self, RedisHostError> {
        Ok(Self::new(RedisHost::url(url)?))
    }

    /// A Redis Cluster, for [`RedisPubSubLayer`](crate::RedisPubSubLayer), in sharded publish and subscribe: each
    /// event goes to the one server that has its slot, not to all. It needs Redis 7.
    ///
    /// The URLs are those of some of its servers, to ask for the others; logins and TLS are the same for all.
    /// Django does not hear what is sent here: channels_redis has no sharded publishing.
    ///
    /// ```
    /// use channels_layer::RedisOptions;
    ///
    /// let options = RedisOptions::cluster(["redis://10.0.0.1:6379", "redis://10.0.0.2:6379"])?.prefix("chat");
    /// # Ok::<_, channels_layer::RedisHostError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RedisHostError`] if there is no URL, or one is none of a server that is reached over TCP.
    pub fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, RedisHostError> {
        let hosts = urls.into_iter().map(RedisHost::of_cluster).collect::<Result<Vec<_>, _>>()?;
        let first = hosts.first().cloned().ok_or(RedisHostError::NoServer)?;
        Ok(Self { hosts, cluster: true, ..Self::new(first) })
    }

    /// A further server, which takes its share of groups and channels: channels_redis' `hosts`. All who share
    /// the layer name the same servers in the same order.
    #[must_use]
    pub fn shard(mut self, host: RedisHost) -> Self {
        self.hosts.push(host);
        self
    }

    /// What every key begins with. Default `asgi`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How much is kept, and for how long. Redis counts whole seconds: parts of one are rounded up.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// In which format messages are: channels_redis' `serializer_format`. Default MessagePack.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Keys to encrypt messages with: channels_redis' `symmetric_encryption_keys`. The first encrypts, all of
    /// them decrypt: to change a key, put the new one first everywhere, later take the old one away.
    ///
    /// Names of groups and channels are not encrypted.
    #[must_use]
    pub fn encryption_keys<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// How many random bytes are in front of each message: channels_redis' `random_prefix_length`. Default 12.
    #[must_use]
    pub fn random_prefix_length(mut self, bytes: usize) -> Self {
        self.random_prefix = bytes;
        self
    }

    /// With several servers, keeps each normal channel on one of them, so that its order and its capacity hold.
    ///
    /// By default they take turns, as in channels_redis: then order and capacity hold on each server alone.
    /// Workers of Django do not find what is sent to a pinned channel.
    #[must_use]
    pub fn pin_channels(mut self) -> Self {
        self.pinned = true;
        self
    }

    /// How long any call may take, waiting for a lost connection included. Default 5 s. After that it fails
    /// with [`LayerError::Unavailable`](crate::LayerError::Unavailable).
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// What becomes of an event that is sent while the server is away. By default the send fails.
    #[must_use]
    pub fn on_outage(mut self, what: OnOutage) -> Self {
        self.on_outage = what;
        self
    }

    /// The certificates, in PEM, of those who may vouch for a server reached with TLS, instead of the
    /// system's.
    #[must_use]
    pub fn tls_root(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls_root = Some(pem.into());
        self
    }

    /// How messages are written and read.
    pub(super) fn codec(&self) -> Codec {
        Codec {
            format: self.format.clone(),
            fernet: Fernet::of(&self.keys),
            random_prefix: self.random_prefix,
            // channels_redis' own allowance for clocks that differ
            ttl: Some(whole_seconds(self.retention.event_lifetime()) + Duration::from_secs(10)),
        }
    }
}

/// As Redis counts time: never less than was asked for.
pub(super) fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs() + u64::from(duration.subsec_nanos() > 0))
}

impl fmt::Debug for RedisOptions {
    /// Without keys and passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("hosts", &self.hosts)
            .field("prefix", &self.prefix)
            .field("retention", &self.retention)
            .field("format", &self.format)
            .field("encrypted", &!self.keys.is_empty())
            .field("time_limit", &self.time_limit)
            .field("on_outage", &self.on_outage)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_keys_nor_passwords_show() {
        let options = RedisOptions::url("redis://ann:s3cret@example.org").unwrap().encryption_keys(["k3y"]);

        let shown = format!("{options:?}");

        assert!(!shown.contains("s3cret") && !shown.contains("k3y"), "{shown}");
    }

    #[test]
    fn parts_of_a_second_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::from_millis(100)), Duration::from_secs(1));
        assert_eq!(whole_seconds(Duration::from_secs(60)), Duration::from_secs(60));
    }
}
