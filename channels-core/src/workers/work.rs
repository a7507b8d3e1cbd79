//! What a worker works on, and how much of it at a time.

use std::{fmt, time::Duration};

#[cfg(feature = "redis")]
use channels_layer::RedisTasks;

/// What a worker works on: a channel's name, or more than that.
///
/// ```no_run
/// use std::time::Duration;
/// # use channels_core::*;
/// # struct Thumbnails;
/// # impl Thumbnails { fn new() -> Self { Self } }
/// # impl Worker for Thumbnails { fn events(_: &mut Handlers<Self, Job>) {} }
/// let channels = Channels::new(MemoryLayer::default())
///     .worker("thumbnails", Thumbnails::new)
///     .worker(Work::on("previews").concurrency(8).time_limit(Duration::from_secs(60)), Thumbnails::new);
/// ```
///
/// By default jobs are worked on *at most once*, as in Django: the channel layer hands each to one worker and forgets
/// it. A job that fails, or whose program is killed, is lost. With `Work::durable` (feature `redis`) they are worked on
/// *at least once*.
#[derive(Clone)]
pub struct Work {
    pub(super) channel: String,
    pub(super) concurrency: usize,
    pub(super) threads: usize,
    pub(super) time_limit: Option<Duration>,
    #[cfg(feature = "redis")]
    pub(super) tasks: Option<RedisTasks>,
}

impl Work {
    /// Work on a normal channel. Its name holds letters, digits, `-`, `_` and `.`.
    pub fn on(channel: impl Into<String>) -> Self {
        Self {
            channel: channel.into(),
            concurrency: 1,
            threads: 1,
            time_limit: None,
            #[cfg(feature = "redis")]
            tasks: None,
        }
    }

    /// How many jobs are worked on at a time, on each thread. Default 1, as in Django: one after the other, in the
    /// order they come. More is for jobs that mostly wait; they share a thread.
    #[must_use]
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.concurrency = jobs.max(1);
        self
    }

    /// How many threads there are. Default 1. More is for jobs that compute: one of them keeps its thread from the
    /// others.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// How long a job may take. After that it is dropped at its await, and has failed. By default there is no limit.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit.min(crate::limits::LONGEST));
        self
    }

    /// Works on what was sent with [`RedisTasks::send`], instead of what was sent with a channel layer: each job at
    /// least once, again when it fails, and by somebody else when this program is killed.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn durable(mut self, tasks: &RedisTasks) -> Self {
        self.tasks = Some(tasks.clone());
        self
    }

    pub(super) fn is_durable(&self) -> bool {
        #[cfg(feature = "redis")]
        return self.tasks.is_some();
        #[cfg(not(feature = "redis"))]
        return false;
    }
}

impl From<&str> for Work {
    fn from(channel: &str) -> Self {
        Self::on(channel)
    }
}

impl From<String> for Work {
    fn from(channel: String) -> Self {
        Self::on(channel)
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("channel", &self.channel)
            .field("durable", &self.is_durable())
            .field("concurrency", &self.concurrency)
            .field("threads", &self.threads)
            .field("time_limit", &self.time_limit)
            .finish()
    }
}
