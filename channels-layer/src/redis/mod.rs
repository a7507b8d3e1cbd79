//! Layers over Redis, in channels_redis' own formats: a Django site can be on the same layer.

mod backoff;
mod clock;
mod connect;
mod host;
mod link;
mod options;
mod pubsub;
mod queue;
mod ring;
mod server;
mod unreadable;

pub use self::{
    host::{RedisHost, RedisHostError},
    options::RedisOptions,
    pubsub::{RedisPubSubLayer, RedisPubSubStats},
    queue::{RedisLayer, RedisStats},
    server::{RedisScript, RedisServer},
};
