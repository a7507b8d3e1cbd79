//! A handle for programs that send and never receive: a script, a management command, a request handler elsewhere.

mod blocking;

use std::{fmt, pin::Pin, sync::Arc};

use tokio_util::task::AbortOnDropHandle;

pub use self::blocking::BlockingRedisPublisher;
use super::{
    RedisHostError, RedisOptions, connect::Connector, link::Link, pubsub::Announcer, queue::store::Store,
};
use crate::{ChannelName, Delivery, Envelope, Event, Group, LayerError, OnOutage};

/// A handle for programs that send and never receive. It has one connection to each server, and no channels.
///
/// ```no_run
/// use channels_layer::{Envelope, Group, RedisPublisher};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let publisher = RedisPublisher::connect("redis://127.0.0.1:6379/0").await?;
/// let news = Envelope::from_json(br#"{"type": "news.flash", "text": "it works"}"#)?;
/// publisher.forward(&Group::named("news")?, news).await?;
/// # Ok(()) }
/// ```
///
/// What cannot be sent fails, whatever [`on_outage`](RedisOptions::on_outage) says: nothing waits here.
///
/// A program without a tokio runtime has [`BlockingRedisPublisher`]; one that is on a layer already has
/// [`Layer`](crate::Layer). It works on the runtime on which it was connected. Cheap to clone.
#[derive(Clone)]
pub struct RedisPublisher(Arc<Inner>);

struct Inner {
    way: Way,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

/// Which of the two layers the receivers are on.
enum Way {
    Queues(Box<Store>),
    PubSub(Announcer),
}

impl RedisPublisher {
    /// Sends to those on a [`RedisLayer`](crate::RedisLayer), or Django's `channels_redis.core`, at a
    /// [URL](crate::RedisHost::url), with the defaults.
    ///
    /// # Errors
    ///
    /// [`LayerError::Host`] if it is no such URL; [`LayerError::Unavailable`] if the server cannot be reached
    /// within 5 s.
    pub async fn connect(url: &str) -> Result<Self, LayerError> {
        Self::with_options(RedisOptions::url(url)?).await
    }

    /// The same as `options` say.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if one of the servers cannot be reached within the time limit;
    /// [`LayerError::Host`] if it is part of a Redis Cluster.
    pub async fn with_options(options: RedisOptions) -> Result<Self, LayerError> {
        Self::open(options).await
    }

    /// Sends to those on a [`RedisPubSubLayer`](crate::RedisPubSubLayer), or Django's `channels_redis.pubsub`.
    ///
    /// # Errors
    ///
    /// As [`RedisPubSubLayer::with_options`](crate::RedisPubSubLayer::with_options).
    pub async fn pub_sub(options: RedisOptions) -> Result<Self, LayerError> {
        let way = Way::PubSub(Announcer::open(options).await?);
        Ok(Self(Arc::new(Inner { way, _tasks: Vec::new() })))
    }

    /// Without the types beneath: rustc follows them into the `main` that awaits this, and may give up.
    fn open(options: RedisOptions) -> Pin<Box<dyn Future<Output = Result<Self, LayerError>> + Send>> {
        Box::pin(async move {
            let options = options.on_outage(OnOutage::Fail);
            let connectors = Connector::all(&options).into_iter();
            let links: Vec<_> = connectors.map(|server| Link::new(server, options.time_limit)).collect();
            let mut tasks = Vec::new();
            for link in &links {
                link.open().await?;
                if options.cluster || link.is_in_a_cluster().await {
                    return Err(RedisHostError::Cluster(link.shown()).into());
                }
                tasks.push(AbortOnDropHandle::new(tokio::spawn(Arc::clone(link).keep())));
            }
            let way = Way::Queues(Box::new(Store::new(&options, links)));
            Ok(Self(Arc::new(Inner { way, _tasks: tasks })))
        })
    }

    /// Sends `event` to one channel.
    ///
    /// # Errors
    ///
    /// [`LayerError::ChannelFull`] if the channel holds as many events as it may, where it is a queue;
    /// [`LayerError::Unavailable`] if the server did not answer.
    pub async fn send(&self, channel: &ChannelName, event: impl Event) -> Result<(), LayerError> {
        self.forward_to(channel, Envelope::new(event)).await
    }

    /// Sends an envelope to one channel, as it is.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn forward_to(&self, channel: &ChannelName, envelope: Envelope) -> Result<(), LayerError> {
        match &self.0.way {
            Way::Queues(store) => store.send(channel, &envelope).await,
            Way::PubSub(announcer) => announcer.send(channel, &envelope).await,
        }
    }

    /// Sends `event` to every channel in `group`, at most once each.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the server did not answer.
    pub async fn group_send(&self, group: &Group, event: impl Event) -> Result<Delivery, LayerError> {
        self.forward(group, Envelope::new(event)).await
    }

    /// Sends an envelope to every channel in `group`, as it is.
    ///
    /// # Errors
    ///
    /// As [`group_send`](Self::group_send).
    pub async fn forward(&self, group: &Group, envelope: Envelope) -> Result<Delivery, LayerError> {
        match &self.0.way {
            Way::Queues(store) => store.group_send(group, &envelope).await,
            Way::PubSub(announcer) => announcer.group_send(group, &envelope).await,
        }
    }
}

impl Inner {
    fn links(&self) -> Vec<Arc<Link>> {
        match &self.way {
            Way::Queues(store) => store.links.clone(),
            Way::PubSub(announcer) => announcer.links(),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.links().iter().for_each(|link| link.close());
    }
}

impl fmt::Debug for RedisPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisPublisher")
            .field("servers", &self.0.links().iter().map(|link| link.shown()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
