//! Where tasks wait for a worker: in Redis, which keeps them until they are done, or in this process's memory.

use std::time::Duration;

use channels_actix::{
    ChannelName, Layer, LayerError, NameError, RedisOptions, RedisTasks, TaskPolicy, Tickets, Work,
};

use crate::events::{Count, WORK};

/// How many tasks a process works on at a time: each takes a core.
const AT_A_TIME: usize = 2;

/// Where tasks wait for a worker. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Queue {
    channel: ChannelName,
    place: Place,
    attempts: u32,
}

#[derive(Clone)]
enum Place {
    Memory(Layer),
    Redis(RedisTasks),
}

impl Queue {
    /// A worker in the same process takes them, once.
    pub(crate) fn in_memory(layer: Layer) -> Result<Self, NameError> {
        Ok(Self { channel: ChannelName::new(WORK)?, place: Place::Memory(layer), attempts: 1 })
    }

    /// Any worker takes them, and another one if that has given no sign of life for as long as `claim`.
    pub(crate) async fn in_redis(url: &str, claim: Duration) -> Result<Self, LayerError> {
        let policy = TaskPolicy { claim, ..TaskPolicy::default() };
        let attempts = policy.attempts;
        let tasks = RedisTasks::with_options(RedisOptions::url(url)?, policy).await?;
        Ok(Self { channel: ChannelName::new(WORK)?, place: Place::Redis(tasks), attempts })
    }

    /// How often a task is tried.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What a worker works on.
    pub(crate) fn work(&self) -> Work {
        let work = Work::on(WORK).concurrency(AT_A_TIME);
        match &self.place {
            Place::Memory(_) => work,
            Place::Redis(tasks) => work.durable(tasks),
        }
    }

    pub(crate) async fn send(&self, count: Count) -> Result<(), LayerError> {
        match &self.place {
            Place::Memory(layer) => layer.send(&self.channel, count).await.map(drop),
            Place::Redis(tasks) => tasks.send(&self.channel, count).await.map(drop),
        }
    }
}

/// Tickets that are good in every process.
pub(crate) async fn tickets(redis: Option<&str>) -> Result<Tickets, LayerError> {
    match redis {
        Some(url) => Tickets::in_redis(&RedisOptions::url(url)?).await,
        None => Ok(Tickets::in_memory()),
    }
}
