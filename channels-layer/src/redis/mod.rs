//! Layers over Redis, in channels_redis' own formats: a Django site can be on the same layer.

mod backoff;
mod connect;
mod host;
mod link;
mod options;
mod queue;
mod ring;

pub use self::{
    host::{RedisHost, RedisHostError},
    options::RedisOptions,
    queue::{RedisLayer, RedisStats},
};
