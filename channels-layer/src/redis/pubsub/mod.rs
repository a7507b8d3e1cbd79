//! Groups and channels in Redis' publish and subscribe: `channels_redis.pubsub.RedisPubSubChannelLayer`.

mod announcer;
mod intake;
mod names;
mod registry;
mod subscriber;
mod topics;
#[cfg(test)]
mod vectors;

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

pub(super) use self::announcer::Announcer;
use self::{names::Names, registry::Registry, subscriber::Subscriber, topics::Confirmation};
use super::{
    RedisOptions,
    connect::Connector,
    link::{Failed, Link},
    unreadable::unreadable,
};
use crate::{
    ChannelLayer, ChannelName, Delivery, Envelope, Group, LayerError, Mailbox, Retention,
    metrics::{self, Reason},
    wire::{Address, Codec},
};

/// A channel layer over Redis that keeps nothing there: `channels_redis.pubsub` of Django.
///
/// What is sent reaches those who are there at that moment, in every process, Django's included: names and
/// messages are those of channels_redis 4.3. An event for a group is one command, however many processes have
/// members. It needs Redis 6 or newer.
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
/// [time limit](RedisOptions::time_limit); mailboxes stay, and when it is back they are told by a
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
    links: Vec<Arc<Link>>,
    codec: Codec,
    retention: Retention,
    time_limit: Duration,
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
    /// [`LayerError::Unavailable`] if one of the servers cannot be reached within the time limit.
    pub async fn with_options(options: RedisOptions) -> Result<Self, LayerError> {
        // without the types beneath: rustc follows them into the `main` that awaits this, and may give up
        let opened: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(Self::open(options));
        opened.await
    }

    async fn open(options: RedisOptions) -> Result<Self, LayerError> {
        let shared = Shared::new(&options);
        let mut tasks = Vec::new();
        for (server, link) in shared.links.iter().enumerate() {
            link.open().await?;
            let subscriber = Subscriber::open(&shared, server).await?;
            tasks.push(AbortOnDropHandle::new(tokio::spawn(subscriber.run())));
            tasks.push(AbortOnDropHandle::new(tokio::spawn(Arc::clone(link).keep())));
        }
        Ok(Self(Arc::new(Inner { shared, _tasks: tasks })))
    }

    /// What it holds at the moment.
    pub fn stats(&self) -> RedisPubSubStats {
        self.0.shared.registry.stats()
    }
}

impl Shared {
    fn new(options: &RedisOptions) -> Arc<Self> {
        let limit = options.time_limit;
        let links: Vec<_> =
            Connector::all(options).into_iter().map(|connector| Link::new(connector, limit)).collect();
        let names = Names::new(&options.prefix, links.len());
        let lifetime = options.retention.membership_lifetime();
        Arc::new(Self {
            registry: Registry::new(names, links.len(), lifetime),
            links,
            // two equal messages are two messages; and one that was just published cannot be old
            codec: Codec { random_prefix: 0, ttl: None, ..options.codec() },
            retention: options.retention.clone(),
            time_limit: limit,
        })
    }

    /// Publishes an event. Returns how many processes got it.
    async fn publish(&self, topic: &str, event: &Envelope) -> Result<usize, LayerError> {
        let message = self.codec.write(event, &Address::Implied)?;
        let mut command = redis::cmd("PUBLISH");
        command.arg(topic).arg(&message[..]);
        let link = &self.links[self.registry.names.server_of(topic)];
        Ok(link.run(|mut connection| async move { command.query_async(&mut connection).await }).await?)
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
        let shown = || self.links[self.registry.names.server_of(topic)].shown();
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
        if self.0.shared.publish(channel.as_str(), &event).await? == 0 {
            metrics::dropped(Reason::Gone);
            tracing::debug!(%channel, kind = event.kind(), "event dropped: nobody receives there");
        }
        Ok(())
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
        let shared = &self.0.shared;
        let delivered = shared.publish(&shared.registry.names.of_group(group), &event).await?;
        Ok(Delivery { delivered, dropped: 0 })
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
        self.shared.links.iter().for_each(|link| link.close());
    }
}

impl fmt::Debug for RedisPubSubLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisPubSubLayer")
            .field("servers", &self.0.shared.links.iter().map(|link| link.shown()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
