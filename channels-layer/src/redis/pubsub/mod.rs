//! Groups and channels in Redis' publish and subscribe: `channels_redis.pubsub.RedisPubSubChannelLayer`.

mod announcer;
mod cluster;
mod intake;
mod names;
mod publisher;
mod registry;
mod servers;
mod subscriber;
mod topics;
#[cfg(test)]
mod vectors;

use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;

pub(super) use self::announcer::Announcer;
use self::{
    cluster::Cluster,
    names::Names,
    publisher::ANYBODY,
    registry::Registry,
    servers::{Map, Servers},
    subscriber::Subscriber,
    topics::Confirmation,
};
use super::{
    OutboxStats, RedisOptions,
    connect::Connector,
    link::{Failed, Link},
    outbox::{self, Outbox, To},
    unreadable::unreadable,
};
use crate::{
    ChannelLayer, ChannelName, Delivery, Envelope, Group, LayerError, Mailbox, Retention, metrics,
    wire::Codec,
};

/// A channel layer over Redis that keeps nothing there: `channels_redis.pubsub` of Django.
///
/// What is sent reaches those who are there at that moment, in every process, Django's included: names and
/// messages are those of channels_redis 4.3. An event for a group is one command, however many processes have
/// members. It needs Redis 6 or newer. On a Redis Cluster of version 7, [`RedisOptions::cluster`] spreads events over
/// its servers.
///
/// ```no_run
/// use channels_layer::{Layer, RedisPubSubLayer};
///
/// # async fn example() -> Result<(), channels_layer::LayerError> {
/// let layer = Layer::new(RedisPubSubLayer::connect("redis://127.0.0.1:6379/0").await?);
/// # Ok(()) }
/// ```
///
/// Three things differ from [`RedisLayer`](crate::RedisLayer), because of what publishing is:
///
/// * A normal channel is no queue. *Each process* that receives on it gets each event, and what comes while nobody
///   does is gone. Several mailboxes of one process share the events.
/// * A group takes channels of its own process only: another is [`LayerError::Elsewhere`].
/// * Names of new channels begin with the layer's prefix and have no `!`. A sender does not learn that a channel
///   is full; the event is dropped where it arrives, and counted.
///
/// It works on the runtime on which it was connected: keep that running. Handles are cheap to clone. With the
/// last one the layer ends, and all of its mailboxes with it.
///
/// When the server is away, calls fail with [`LayerError::Unavailable`] within the
/// [time limit](RedisOptions::time_limit), or events [wait](RedisOptions::on_outage); mailboxes stay, and when it is back they are told by a
/// [`Gap`](crate::Gap).
#[derive(Clone)]
pub struct RedisPubSubLayer(Arc<Inner>);

/// What a [`RedisPubSubLayer`] holds in its process at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedisPubSubStats {
    /// Channels of one mailbox.
    pub channels: usize,
    /// Normal channels on which somebody here receives.
    pub receiving: usize,
    /// Groups that somebody here is in.
    pub groups: usize,
    /// Redis' own channels that servers send to this process, are told to, or are told not to any more.
    pub topics: usize,
    /// Events that wait in mailboxes.
    pub waiting: usize,
}

struct Inner {
    shared: Arc<Shared>,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

/// What a layer's tasks and mailboxes have in common.
struct Shared {
    registry: Registry,
    servers: watch::Sender<Arc<Servers>>,
    /// That a server sends all that it should again.
    whole: Notify,
    /// In a cluster: that it may not be as it is held to be.
    unsure: Notify,
    codec: Codec,
    retention: Retention,
    time_limit: Duration,
    outbox: Option<Outbox>,
}

impl RedisPubSubLayer {
    /// A layer on the server at a [URL](super::RedisHost::url), with channels_redis' defaults.
    ///
    /// # Errors
    ///
    /// [`LayerError::Host`] if it is no such URL; [`LayerError::Unavailable`] if the server cannot be reached
    /// within 5 s.
    pub async fn connect(url: &str) -> Result<Self, LayerError> {
        Self::with_options(RedisOptions::url(url)?).await
    }

    /// A layer as `options` say. [`random_prefix_length`](RedisOptions::random_prefix_length) and
    /// [`pin_channels`](RedisOptions::pin_channels) do not concern it.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if one of the servers cannot be reached within the time limit, or of a cluster
    /// none; [`LayerError::Host`] if a cluster is asked for, and the server is of none or older than Redis 7.
    pub async fn with_options(options: RedisOptions) -> Result<Self, LayerError> {
        // without the types beneath: rustc follows them into the `main` that awaits this, and may give up
        let opened: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(Self::open(options));
        opened.await
    }

    async fn open(options: RedisOptions) -> Result<Self, LayerError> {
        let shared = Shared::new(&options);
        let mut tasks = Vec::new();
        let mut spawn = |task| tasks.push(AbortOnDropHandle::new(task));
        if options.cluster {
            let cluster = Cluster::find(&shared, Connector::all(&options)).await?;
            spawn(tokio::spawn(cluster.keep()));
        } else {
            for (&server, link) in &shared.servers().links {
                link.open().await?;
                let subscriber = Subscriber::open(&shared, server, link).await?;
                spawn(tokio::spawn(subscriber.run()));
                spawn(tokio::spawn(Arc::clone(link).keep()));
            }
        }
        Ok(Self(Arc::new(Inner { shared, _tasks: tasks })))
    }

    /// What it holds at the moment.
    pub fn stats(&self) -> RedisPubSubStats {
        self.0.shared.registry.stats()
    }

    /// What waits for a server that is away: nothing, unless [`OnOutage::Queue`](crate::OnOutage::Queue) was
    /// chosen.
    pub fn outbox(&self) -> OutboxStats {
        self.0.shared.outbox.as_ref().map(Outbox::stats).unwrap_or_default()
    }

    /// Ends the layer as it should: sends what waits for a server, and ends all mailboxes. Needed only with
    /// [`OnOutage::Queue`](crate::OnOutage::Queue): nothing else stays behind.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unsent`] if a server did not come back within the time limit, and events are lost which
    /// waited for it.
    pub async fn close(&self) -> Result<(), LayerError> {
        let shared = &self.0.shared;
        let flushed = outbox::close(shared.outbox.as_ref(), shared.time_limit).await;
        shared.registry.close();
        flushed
    }
}

impl Shared {
    fn new(options: &RedisOptions) -> Arc<Self> {
        let links = if options.cluster { Vec::new() } else { Connector::all(options) };
        let links = links.into_iter().map(|connector| Link::new(connector, options.time_limit));
        let links: BTreeMap<_, _> = links.enumerate().collect();
        let map = if options.cluster { Map::Cluster(Arc::new([])) } else { Map::Ring(links.len()) };
        let lifetime = options.retention.membership_lifetime();
        Arc::new(Self {
            registry: Registry::new(Names::new(&options.prefix), map.clone(), lifetime),
            servers: watch::Sender::new(Arc::new(Servers { map, links })),
            whole: Notify::new(),
            unsure: Notify::new(),
            // two equal messages are two messages; and one that was just published cannot be old
            codec: Codec { random_prefix: 0, ttl: None, ..options.codec() },
            retention: options.retention.clone(),
            time_limit: options.time_limit,
            outbox: Outbox::new(options.on_outage),
        })
    }

    fn is_cluster(&self) -> bool {
        matches!(self.servers.borrow().map, Map::Cluster(_))
    }

    fn servers(&self) -> Arc<Servers> {
        Arc::clone(&self.servers.borrow())
    }

    /// A message that arrived, for all here who want it.
    fn hand_out(&self, topic: &str, message: Bytes) {
        match self.codec.read(message) {
            Ok(arrived) => self.registry.deliver(topic, &arrived.envelope),
            Err(error) => unreadable(&error),
        }
    }

    /// Waits until the server sends what is published there: as long as a command may take, but no longer than
    /// until an outage is as old as that.
    async fn confirmed(&self, topic: &str, confirmation: Confirmation) -> Result<(), LayerError> {
        let Some(confirmation) = confirmation else { return Ok(()) };
        let shown = || {
            let servers = self.servers();
            servers.link_of(topic).map_or_else(|| ANYBODY.to_owned(), |link| link.shown())
        };
        let down = self.registry.down(topic);
        let failed = match timeout_at(down.unwrap_or_else(Instant::now) + self.time_limit, confirmation).await
        {
            Ok(Ok(Ok(()))) => return Ok(()),
            Ok(Ok(Err(error))) => Failed::Refused(shown(), error),
            Ok(Err(_)) if self.registry.is_closed() => return Err(Self::closed()),
            // whoever it was for is gone
            Ok(Err(_)) => return Ok(()),
            Err(_) if down.is_some() => Failed::NotSent(shown()),
            Err(_) => Failed::NoAnswer(shown(), self.time_limit),
        };
        metrics::layer_failed();
        Err(failed.into())
    }

    fn mailbox(&self, name: &ChannelName) -> Mailbox {
        Mailbox::new(name.clone(), self.retention.capacity_of(name), self.retention.event_lifetime())
    }

    fn closed() -> LayerError {
        LayerError::Unavailable("the layer was closed".into())
    }
}

/// Does something to the registry when a mailbox is dropped, if there still is one.
fn release<F: FnOnce(&Registry)>(shared: &Arc<Shared>, what: F) -> impl FnOnce() + use<F> {
    let owner = Arc::downgrade(shared);
    move || {
        if let Some(shared) = Weak::upgrade(&owner) {
            what(&shared.registry);
        }
    }
}

#[async_trait]
impl ChannelLayer for RedisPubSubLayer {
    async fn new_channel(&self, prefix: &str) -> Result<Mailbox, LayerError> {
        let shared = &self.0.shared;
        let name = shared.registry.names.new_channel(prefix)?;
        let mailbox = shared.mailbox(&name);
        let confirmation = shared.registry.open(&mailbox).ok_or_else(Shared::closed)?;
        let gone = name.clone();
        let mailbox = mailbox.on_drop(release(shared, move |registry| registry.close_channel(&gone)));
        shared.confirmed(name.as_str(), confirmation).await?;
        Ok(mailbox)
    }

    async fn send(&self, channel: &ChannelName, event: Envelope) -> Result<(), LayerError> {
        outbox::send(&self.0.shared, To::Channel(channel.clone()), event).await.map(drop)
    }

    async fn receive(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        let shared = &self.0.shared;
        if channel.is_specific() || shared.registry.names.is_own(channel) {
            return Err(LayerError::Specific(channel.clone()));
        }
        let received = shared.registry.receive(channel, || shared.mailbox(channel));
        let (mailbox, confirmation) = received.ok_or_else(Shared::closed)?;
        let gone = channel.clone();
        let mailbox = mailbox.on_drop(release(shared, move |registry| registry.close_channel(&gone)));
        shared.confirmed(channel.as_str(), confirmation).await?;
        Ok(mailbox)
    }

    async fn group_add(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError> {
        let Shared { registry, .. } = &*self.0.shared;
        let Some(confirmation) = registry.joins(group, channel) else {
            if registry.names.is_own(channel) {
                tracing::debug!(%channel, %group, "not added to the group: the channel is gone");
                return Ok(());
            }
            return Err(LayerError::Elsewhere(channel.clone()));
        };
        let outcome = self.0.shared.confirmed(&registry.names.of_group(group), confirmation).await;
        registry.joined(group, channel, outcome.is_ok());
        outcome
    }

    async fn group_discard(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError> {
        self.0.shared.registry.leaves(group, channel);
        Ok(())
    }

    /// [`Delivery::delivered`] counts processes; what is dropped there is counted there.
    async fn group_send(&self, group: &Group, event: Envelope) -> Result<Delivery, LayerError> {
        outbox::send(&self.0.shared, To::Group(group.clone()), event).await
    }

    async fn subscribe(&self, group: &Group) -> Result<Mailbox, LayerError> {
        let Shared { registry, retention, .. } = &*self.0.shared;
        let name = registry.names.new_channel("specific")?;
        let subscribed = registry.subscribe(group, name, retention.event_lifetime());
        let (id, mailbox, confirmation) = subscribed.ok_or_else(Shared::closed)?;
        let left = group.clone();
        let mailbox =
            mailbox.on_drop(release(&self.0.shared, move |registry| registry.unsubscribe(&left, id)));
        self.0.shared.confirmed(&registry.names.of_group(group), confirmation).await?;
        Ok(mailbox)
    }

    /// Redis keeps nothing: this process forgets, others do not.
    async fn flush(&self) -> Result<(), LayerError> {
        self.0.shared.registry.clear();
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.registry.close();
        if let Some(outbox) = &self.shared.outbox {
            outbox.abandon();
        }
        self.shared.servers().links.values().for_each(|link| link.close());
    }
}

impl fmt::Debug for RedisPubSubLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisPubSubLayer")
            .field(
                "servers",
                &self.0.shared.servers().links.values().map(|link| link.shown()).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}
