//! The publisher for programs without a runtime.

use std::{fmt, thread};

use tokio::{
    runtime::{self, Handle},
    sync::oneshot,
};

use super::RedisPublisher;
use crate::{ChannelName, Delivery, Envelope, Event, Group, LayerError, RedisOptions};

/// A [`RedisPublisher`] for programs without a tokio runtime. It brings one along, on a thread that ends with it.
///
/// ```no_run
/// use channels_layer::{BlockingRedisPublisher, Event, Group};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Deployed { version: String }
/// impl Event for Deployed { const TYPE: &str = "site.deployed"; }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let publisher = BlockingRedisPublisher::connect("redis://127.0.0.1:6379/0")?;
///     publisher.group_send(&Group::named("admins")?, Deployed { version: "1.2".to_owned() })?;
///     Ok(())
/// }
/// ```
///
/// Its calls, the first too, panic on a thread that runs async tasks: await those of [`RedisPublisher`] there.
pub struct BlockingRedisPublisher {
    publisher: RedisPublisher,
    thread: Thread,
}

/// A runtime on a thread of its own.
struct Thread {
    runtime: Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl BlockingRedisPublisher {
    /// As [`RedisPublisher::connect`].
    ///
    /// # Errors
    ///
    /// As [`RedisPublisher::connect`]; [`LayerError::Unavailable`], too, if no thread can be started.
    pub fn connect(url: &str) -> Result<Self, LayerError> {
        Self::with_options(RedisOptions::url(url)?)
    }

    /// As [`RedisPublisher::with_options`].
    ///
    /// # Errors
    ///
    /// As [`RedisPublisher::with_options`]; [`LayerError::Unavailable`], too, if no thread can be started.
    pub fn with_options(options: RedisOptions) -> Result<Self, LayerError> {
        Self::open(RedisPublisher::with_options(options))
    }

    /// As [`RedisPublisher::pub_sub`].
    ///
    /// # Errors
    ///
    /// As [`RedisPublisher::pub_sub`]; [`LayerError::Unavailable`], too, if no thread can be started.
    pub fn pub_sub(options: RedisOptions) -> Result<Self, LayerError> {
        Self::open(RedisPublisher::pub_sub(options))
    }

    fn open(opening: impl Future<Output = Result<RedisPublisher, LayerError>>) -> Result<Self, LayerError> {
        let thread = Thread::start().map_err(|error| LayerError::Unavailable(error.into()))?;
        let publisher = thread.runtime.block_on(opening)?;
        Ok(Self { publisher, thread })
    }

    /// Sends `event` to one channel, and waits until the server has it.
    ///
    /// # Errors
    ///
    /// As [`RedisPublisher::send`].
    pub fn send(&self, channel: &ChannelName, event: impl Event) -> Result<(), LayerError> {
        self.forward_to(channel, Envelope::new(event))
    }

    /// Sends an envelope to one channel, as it is.
    ///
    /// # Errors
    ///
    /// As [`RedisPublisher::send`].
    pub fn forward_to(&self, channel: &ChannelName, envelope: Envelope) -> Result<(), LayerError> {
        self.thread.runtime.block_on(self.publisher.forward_to(channel, envelope))
    }

    /// Sends `event` to every channel in `group`, and waits until the server has it.
    ///
    /// # Errors
    ///
    /// As [`RedisPublisher::group_send`].
    pub fn group_send(&self, group: &Group, event: impl Event) -> Result<Delivery, LayerError> {
        self.forward(group, Envelope::new(event))
    }

    /// Sends an envelope to every channel in `group`, as it is.
    ///
    /// # Errors
    ///
    /// As [`RedisPublisher::group_send`].
    pub fn forward(&self, group: &Group, envelope: Envelope) -> Result<Delivery, LayerError> {
        self.thread.runtime.block_on(self.publisher.forward(group, envelope))
    }
}

impl Thread {
    fn start() -> std::io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (handle, (end, ended)) = (runtime.handle().clone(), oneshot::channel());
        let drive = move || match runtime.block_on(ended) {
            // told, or dropped: either is the end
            Ok(()) | Err(_) => runtime.shutdown_background(),
        };
        let thread = thread::Builder::new().name("redis-publisher".to_owned()).spawn(drive)?;
        Ok(Self { runtime: handle, end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.end.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of a publisher panicked");
        }
    }
}

impl fmt::Debug for BlockingRedisPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingRedisPublisher").field("publisher", &self.publisher).finish_non_exhaustive()
    }
}
