//! Layers over Redis, in channels_redis' own formats: a Django site can be on the same layer.

mod backoff;
mod clock;
mod connect;
mod host;
mod link;
mod options;
mod outbox;
mod publisher;
mod pubsub;
mod queue;
mod ring;
mod server;
mod tasks;
mod unreadable;

pub use self::{
    host::{RedisHost, RedisHostError},
    options::RedisOptions,
    outbox::{OnOutage, OutboxStats},
    publisher::{BlockingRedisPublisher, RedisPublisher},
    pubsub::{RedisPubSubLayer, RedisPubSubStats},
    queue::{RedisLayer, RedisStats},
    server::{RedisScript, RedisServer},
    tasks::{DeadLetter, DeadReason, RedisTask, RedisTaskReceiver, RedisTasks, TaskPolicy, TaskStats},
};
