//! Jobs that are kept until somebody says they are done: in Redis' streams.

mod claims;
mod dead;
mod policy;
mod queue;
mod receiver;
mod scripts;
mod task;
mod version;

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use self::queue::Queue;
pub use self::{
    dead::{DeadLetter, DeadReason},
    policy::TaskPolicy,
    queue::TaskStats,
    receiver::RedisTaskReceiver,
    task::RedisTask,
};
use super::{RedisHostError, RedisOptions, connect::Connector, link::Link, ring};
use crate::{ChannelName, Envelope, Event, LayerError, wire::Codec};

/// Jobs that are kept in Redis until somebody says they are done: delivery *at least once*.
///
/// What is sent with a channel layer is handed out and forgotten, so that a job is lost whose worker dies. Here it stays,
/// is given to another worker then, is tried again when it failed, and becomes a [dead letter](DeadLetter) when it was
/// tried often enough. It may be worked on twice: a worker that was taken for dead may have done its job. Whoever must
/// not do a thing twice remembers the job's key.
///
/// ```no_run
/// use channels_layer::{ChannelName, Event, RedisTasks};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct SendInvoice { id: u64 }
/// impl Event for SendInvoice { const TYPE: &str = "invoice.send"; }
///
/// # async fn example() -> Result<(), channels_layer::LayerError> {
/// let tasks = RedisTasks::connect("redis://127.0.0.1:6379/0").await?;
/// tasks.send(&ChannelName::new("invoices")?, SendInvoice { id: 7 }).await?;
/// # Ok(()) }
/// ```
///
/// It needs Redis 6.2 or newer, no cluster, and a server that writes to its disk (`appendonly yes`) if jobs are to
/// survive its end. Django has no part in it.
///
/// It works on the runtime on which it was connected: keep that running, and no job on it that blocks, for that is
/// where signs of life are given. Handles are cheap to clone.
#[derive(Clone)]
pub struct RedisTasks(Arc<Inner>);

struct Inner {
    links: Vec<Arc<Link>>,
    prefix: String,
    codec: Codec,
    policy: TaskPolicy,
    time_limit: Duration,
    runtime: Handle,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl RedisTasks {
    /// Jobs on the server at a [URL](super::RedisHost::url).
    ///
    /// # Errors
    ///
    /// [`LayerError::Host`] if it is no such URL, or the server is too old; [`LayerError::Unavailable`] if it cannot be
    /// reached within 5 s.
    pub async fn connect(url: &str) -> Result<Self, LayerError> {
        Self::with_options(RedisOptions::url(url)?, TaskPolicy::default()).await
    }

    /// Jobs as `options` and `policy` say. Of the options, [`retention`](RedisOptions::retention) does not concern
    /// them, nor the random bytes; with several servers, each channel is on one of them.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if one of the servers cannot be reached within the time limit;
    /// [`LayerError::Host`] if it is too old, or part of a Redis Cluster.
    pub async fn with_options(options: RedisOptions, policy: TaskPolicy) -> Result<Self, LayerError> {
        // without the types beneath: rustc follows them into the `main` that awaits this, and may give up
        let opened: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(Self::open(options, policy));
        opened.await
    }

    async fn open(options: RedisOptions, policy: TaskPolicy) -> Result<Self, LayerError> {
        let limit = options.time_limit;
        let links: Vec<_> =
            Connector::all(&options).into_iter().map(|connector| Link::new(connector, limit)).collect();
        let mut tasks = Vec::new();
        for link in &links {
            link.open().await?;
            if link.is_in_a_cluster().await {
                return Err(RedisHostError::Cluster(link.shown()).into());
            }
            version::check(link).await?;
            tasks.push(AbortOnDropHandle::new(tokio::spawn(Arc::clone(link).keep())));
        }
        Ok(Self(Arc::new(Inner {
            links,
            // a job may be as old as it likes, and its place in the stream makes it unique
            codec: Codec { random_prefix: 0, ttl: None, ..options.codec() },
            prefix: options.prefix,
            policy: policy.bounded(),
            time_limit: limit,
            runtime: Handle::current(),
            _tasks: tasks,
        })))
    }

    fn queue(&self, channel: &ChannelName) -> Queue {
        let Inner { links, prefix, codec, policy, .. } = &*self.0;
        let link = &links[ring::shard(channel.as_str(), links.len())];
        Queue::new(channel, prefix, link, codec, policy)
    }

    /// Sends a job to the workers of a channel. Returns its key, by which a log can tell it from others.
    ///
    /// # Errors
    ///
    /// [`LayerError::ChannelFull`] if as many are not done as may be; [`LayerError::Unavailable`] if the server did not
    /// answer: then it may have taken the job all the same.
    pub async fn send(&self, channel: &ChannelName, event: impl Event) -> Result<String, LayerError> {
        self.forward(channel, Envelope::new(event)).await
    }

    /// Sends an envelope, as it is: [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn forward(&self, channel: &ChannelName, envelope: Envelope) -> Result<String, LayerError> {
        let key = Uuid::new_v4().simple().to_string();
        self.queue(channel).send(&key, &envelope).await?;
        Ok(key)
    }

    /// Works on the jobs of a channel, beside others. `channels_core::Work::durable` does it for a worker.
    pub fn receive(&self, channel: &ChannelName) -> RedisTaskReceiver {
        RedisTaskReceiver::open(self, self.queue(channel))
    }

    /// How many jobs of a channel there are.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the server did not answer.
    pub async fn stats(&self, channel: &ChannelName) -> Result<TaskStats, LayerError> {
        Ok(self.queue(channel).stats().await?)
    }

    /// The dead letters of a channel, the oldest first.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the server did not answer.
    pub async fn dead_letters(
        &self,
        channel: &ChannelName,
        at_most: usize,
    ) -> Result<Vec<DeadLetter>, LayerError> {
        self.queue(channel).dead_letters(at_most).await
    }

    /// Sends a dead letter again, with its key, to be tried as often as a new job. `false` if it is not there.
    ///
    /// # Errors
    ///
    /// [`LayerError::ChannelFull`] if as many jobs are not done as may be; [`LayerError::Unavailable`] if the server did
    /// not answer.
    pub async fn requeue(&self, channel: &ChannelName, letter: &DeadLetter) -> Result<bool, LayerError> {
        self.queue(channel).requeue(&letter.id).await
    }

    /// Deletes a dead letter. `false` if it is not there.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the server did not answer.
    pub async fn discard(&self, channel: &ChannelName, letter: &DeadLetter) -> Result<bool, LayerError> {
        self.queue(channel).discard(&letter.id).await
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.links.iter().for_each(|link| link.close());
    }
}

impl fmt::Debug for RedisTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTasks")
            .field("servers", &self.0.links.iter().map(|link| link.shown()).collect::<Vec<_>>())
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}
