//! Groups and channels in Redis' sorted sets: `channels_redis.core.RedisChannelLayer`.

mod keeper;
mod membership;
mod reader;
mod registry;
mod scores;
mod scripts;
mod source;
pub(super) mod store;
#[cfg(test)]
mod vectors;
mod worker;

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    runtime::Handle,
    sync::{Mutex, watch},
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use self::{membership::Answer, registry::Registry, source::Source, store::Store, worker::Worker};
use super::{
    OutboxStats, RedisHostError, RedisOptions,
    connect::Connector,
    link::Link,
    outbox::{self, Lane, Outbox, Sends, To},
};
use crate::{ChannelLayer, ChannelName, Delivery, Envelope, Group, LayerError, Mailbox, NameError};

/// A channel layer over Redis that keeps events until they are received: `channels_redis.core` of Django.
///
/// Several processes share groups and channels, and Django's processes may be among them: keys, members,
/// scores and lifetimes are those of channels_redis 4.3. It needs Redis 5 or newer, and no cluster.
///
/// ```no_run
/// use channels_layer::{Layer, RedisLayer};
///
/// # async fn example() -> Result<(), channels_layer::LayerError> {
/// let layer = Layer::new(RedisLayer::connect("redis://127.0.0.1:6379/0").await?);
/// # Ok(()) }
/// ```
///
/// It works on the runtime on which it was connected: keep that running. Handles are cheap to clone. With the
/// last one the layer ends, and all of its mailboxes with it.
///
/// When the server is away, calls fail with [`LayerError::Unavailable`] within the
/// [time limit](RedisOptions::time_limit), or events [wait](RedisOptions::on_outage); mailboxes stay, and when it is back they are told by a
/// [`Gap`](crate::Gap).
#[derive(Clone)]
pub struct RedisLayer(Arc<Inner>);

/// What a [`RedisLayer`] holds in its process at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedisStats {
    /// Channels of one mailbox.
    pub channels: usize,
    /// Groups that somebody here is subscribed to: memberships in Redis.
    pub subscriptions: usize,
    /// Normal channels on which somebody here receives, or did so a moment ago.
    pub receiving: usize,
    /// Events that wait in mailboxes.
    pub waiting: usize,
    /// Memberships that Redis has still to be told the end of.
    pub leaving: usize,
}

struct Inner {
    shared: Arc<Shared>,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

/// What a layer's tasks and mailboxes have in common.
struct Shared {
    store: Store,
    registry: Registry,
    /// Names this process in the names of its channels.
    client: String,
    time_limit: Duration,
    outbox: Option<Outbox>,
    /// For each server, whether the memberships there have still to be written again.
    cut_off: Vec<watch::Sender<bool>>,
    runtime: Handle,
    /// For each server, held by whoever changes memberships there on his own.
    changing: Vec<Mutex<()>>,
}

impl RedisLayer {
    /// A layer on the server at a [URL](super::RedisHost::url), with channels_redis' defaults.
    ///
    /// # Errors
    ///
    /// [`LayerError::Host`] if it is no such URL; [`LayerError::Unavailable`] if the server cannot be reached
    /// within 5 s.
    pub async fn connect(url: &str) -> Result<Self, LayerError> {
        Self::with_options(RedisOptions::url(url)?).await
    }

    /// A layer as `options` say.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if one of the servers cannot be reached within the time limit;
    /// [`LayerError::Host`] if it is part of a Redis Cluster.
    pub async fn with_options(options: RedisOptions) -> Result<Self, LayerError> {
        // without the types beneath: rustc follows them into the `main` that awaits this, and may give up
        let opened: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(Self::open(options));
        opened.await
    }

    async fn open(options: RedisOptions) -> Result<Self, LayerError> {
        let limit = options.time_limit;
        let links: Vec<_> =
            Connector::all(&options).into_iter().map(|connector| Link::new(connector, limit)).collect();
        let mut sources = Vec::new();
        for link in &links {
            link.open().await?;
            if options.cluster || link.is_in_a_cluster().await {
                return Err(RedisHostError::Cluster(link.shown()).into());
            }
            let mut source = Source::new(link, limit);
            source.open().await?;
            sources.push(source);
        }
        let outbox = Outbox::new(options.on_outage);
        let shared = Shared::new(Store::new(&options, links.clone()), limit, outbox);
        let mut tasks = Vec::new();
        let mut spawn = |task| tasks.push(AbortOnDropHandle::new(task));
        for (shard, source) in sources.into_iter().enumerate() {
            spawn(tokio::spawn(Arc::clone(&links[shard]).keep()));
            spawn(tokio::spawn(keeper::keep(Arc::clone(&shared), shard)));
            spawn(tokio::spawn(reader::read(Arc::clone(&shared), source, shard)));
        }
        spawn(tokio::spawn(worker::retire(Arc::clone(&shared))));
        Ok(Self(Arc::new(Inner { shared, _tasks: tasks })))
    }

    /// What it holds at the moment.
    pub fn stats(&self) -> RedisStats {
        self.0.shared.registry.stats()
    }

    /// What waits for a server that is away: nothing, unless [`OnOutage::Queue`](crate::OnOutage::Queue) was
    /// chosen.
    pub fn outbox(&self) -> OutboxStats {
        self.0.shared.outbox.as_ref().map(Outbox::stats).unwrap_or_default()
    }

    /// Ends the layer as it should: sends what waits for a server, leaves every group, and gives back what was
    /// fetched and not received. Call it when a server has shut down; else others write to its channels until the
    /// group expiry.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if a server did not answer within the time limit; [`LayerError::Unsent`] if
    /// that is why events are lost which waited for it.
    pub async fn close(&self) -> Result<(), LayerError> {
        let shared = &self.0.shared;
        let flushed = outbox::close(shared.outbox.as_ref(), shared.time_limit).await;
        for held in shared.registry.held() {
            held.settle(shared).await;
        }
        shared.registry.close(|group| shared.store.shard_of(group));
        for shard in 0..shared.store.links.len() {
            shared.leave(shard).await?;
        }
        flushed
    }
}

#[async_trait]
impl Sends for Shared {
    fn outbox(&self) -> Option<&Outbox> {
        self.outbox.as_ref()
    }

    fn lane_of(&self, to: &To) -> Lane {
        match to {
            To::Channel(channel) => self.store.shard_of_queue(channel.as_str()),
            To::Group(group) => self.store.shard_of(group),
        }
    }

    fn has_connection(&self, lane: Lane) -> bool {
        self.store.links[lane].has_connection()
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }

    async fn is_up(&self, lane: Lane) -> bool {
        // what is sent to a group before its members are back reaches nobody
        self.store.links[lane].is_up().await
            && self.cut_off[lane].subscribe().wait_for(|is_cut_off| !is_cut_off).await.is_ok()
    }

    async fn send_now(&self, to: &To, event: &Envelope) -> Result<Delivery, LayerError> {
        match to {
            To::Channel(channel) => self.store.send(channel, event).await.map(|()| Delivery::default()),
            To::Group(group) => self.store.group_send(group, event).await,
        }
    }
}

impl Shared {
    fn new(store: Store, time_limit: Duration, outbox: Option<Outbox>) -> Arc<Self> {
        let client = Uuid::new_v4().simple().to_string();
        let shards = store.links.len();
        let queue = store.queue(&format!("specific.{client}!"));
        Arc::new(Self {
            registry: Registry::new(shards, queue),
            store,
            client,
            time_limit,
            outbox,
            cut_off: (0..shards).map(|_| watch::Sender::new(false)).collect(),
            runtime: Handle::current(),
            changing: (0..shards).map(|_| Mutex::default()).collect(),
        })
    }

    /// A name for a new channel of this process.
    fn name(&self, prefix: &str) -> Result<ChannelName, NameError> {
        ChannelName::new(format!("{prefix}.{}!{}", self.client, Uuid::new_v4().simple()))
    }

    /// The queue that is always received on.
    fn first_queue(&self) -> String {
        self.store.queue(&format!("specific.{}!", self.client))
    }

    fn is_own(&self, channel: &ChannelName) -> bool {
        let process = channel.non_local().strip_suffix('!').and_then(|name| name.strip_suffix(&self.client));
        process.is_some_and(|prefix| prefix.ends_with('.'))
    }

    fn closed() -> LayerError {
        LayerError::Unavailable("the layer was closed".into())
    }
}

#[async_trait]
impl ChannelLayer for RedisLayer {
    async fn new_channel(&self, prefix: &str) -> Result<Mailbox, LayerError> {
        let shared = &self.0.shared;
        let name = shared.name(prefix)?;
        let retention = &shared.store.retention;
        let mailbox = Mailbox::new(name.clone(), retention.capacity_of(&name), retention.event_lifetime());
        let queue = shared.store.queue(name.as_str());
        let is_new = shared.registry.open(&mailbox, queue.clone()).ok_or_else(Shared::closed)?;
        let (owner, released) = (Arc::downgrade(shared), queue.clone());
        let mailbox = mailbox.on_drop(move || {
            if let Some(shared) = Weak::upgrade(&owner) {
                shared.registry.release(&name, &released, |group| shared.store.shard_of(group));
            }
        });
        if is_new {
            for shard in 0..shared.store.links.len() {
                // those who wait there learn of the new queue when their wait ends, at the latest
                if let Err(error) = shared.store.wake(shard, &shared.first_queue()).await {
                    tracing::debug!(%error, "a new queue is received on a little later");
                }
            }
        }
        Ok(mailbox)
    }

    async fn send(&self, channel: &ChannelName, event: Envelope) -> Result<(), LayerError> {
        outbox::send(&self.0.shared, To::Channel(channel.clone()), event).await.map(drop)
    }

    async fn receive(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        if channel.is_specific() {
            return Err(LayerError::Specific(channel.clone()));
        }
        let shared = &self.0.shared;
        let started = shared.registry.receive(channel, || Worker::start(shared, channel));
        let (owner, name) = (Arc::downgrade(shared), channel.clone());
        Ok(started.ok_or_else(Shared::closed)?.on_drop(move || {
            if let Some(shared) = Weak::upgrade(&owner) {
                shared.registry.stop_receiving(&name);
            }
        }))
    }

    async fn group_add(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError> {
        let shared = &self.0.shared;
        let since = shared.store.score();
        let is_here = shared.registry.joins(group, channel, since);
        if !is_here && shared.is_own(channel) {
            tracing::debug!(%channel, %group, "not added to the group: the channel is gone");
            return Ok(());
        }
        let outcome = shared.store.add(group, channel, since).await;
        if is_here {
            let answer = Answer::from(&outcome);
            shared.registry.joined(group, channel, shared.store.shard_of(group), answer);
        }
        Ok(outcome?)
    }

    async fn group_discard(&self, group: &Group, channel: &ChannelName) -> Result<(), LayerError> {
        let shared = &self.0.shared;
        shared.registry.leaves(group, channel);
        let shard = shared.store.shard_of(group);
        let member = (group.clone(), channel.clone());
        let outcome = shared.store.remove_all(shard, [&member]).await;
        if outcome.is_err() && shared.is_own(channel) {
            shared.registry.has_left(shard, member.0, member.1);
        }
        Ok(outcome?)
    }

    async fn group_send(&self, group: &Group, event: Envelope) -> Result<Delivery, LayerError> {
        outbox::send(&self.0.shared, To::Group(group.clone()), event).await
    }

    async fn subscribe(&self, group: &Group) -> Result<Mailbox, LayerError> {
        let shared = &self.0.shared;
        let (since, shard) = (shared.store.score(), shared.store.shard_of(group));
        let name = shared.name("specific")?;
        let expiry = shared.store.retention.event_lifetime();
        let subscribed =
            shared.registry.subscribe(group, since, expiry, || name).ok_or_else(Shared::closed)?;
        let (owner, left, id) = (Arc::downgrade(shared), group.clone(), subscribed.id);
        let mailbox = subscribed.mailbox.on_drop(move || {
            if let Some(shared) = Weak::upgrade(&owner) {
                shared.registry.unsubscribe(&left, id, shard);
            }
        });
        if !subscribed.joined {
            let outcome = shared.store.add(group, mailbox.name(), since).await;
            shared.registry.subscribed(group, mailbox.name(), Answer::from(&outcome));
            outcome?;
        }
        Ok(mailbox)
    }

    async fn flush(&self) -> Result<(), LayerError> {
        let shared = &self.0.shared;
        shared.store.flush().await?;
        shared.registry.clear();
        for shard in 0..shared.store.links.len() {
            shared.renew(shard).await?;
        }
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.registry.close(|group| self.shared.store.shard_of(group));
        self.shared.store.links.iter().for_each(|link| link.close());
        if let Some(outbox) = &self.shared.outbox {
            outbox.abandon();
        }
    }
}

impl From<RedisHostError> for LayerError {
    fn from(error: RedisHostError) -> Self {
        Self::Host(error)
    }
}

impl fmt::Debug for RedisLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLayer")
            .field("servers", &self.0.shared.store.links.iter().map(|link| link.shown()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
