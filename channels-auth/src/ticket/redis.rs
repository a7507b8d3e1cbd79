//! Tickets in Redis.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use channels_layer::{LayerError, RedisOptions, RedisScript, RedisServer};

use super::{PER_USER, StoredTicket, TicketStore};
use crate::AuthError;

/// Tickets in Redis, which all processes share that name the same server and prefix. It needs Redis 5 or newer, and no
/// cluster.
///
/// Redis drops them when they have ended. One user has 16: with the next one the oldest is gone. How many there may be
/// of all users is for `maxmemory` to say; beyond it no more are issued.
#[derive(Debug)]
pub struct RedisTickets {
    server: RedisServer,
}

/// `KEYS` are the ticket's and the list of its owner's. `ARGV` are the owner, what is kept, its end, the milliseconds to
/// it, and how many one user has.
///
/// The list goes with the last of its tickets. What is in it may have ended: that is the oldest, and goes first.
static PUT: LazyLock<RedisScript> = LazyLock::new(|| {
    RedisScript::new(
        r"
        local lifetime = tonumber(ARGV[4])
        redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'content', ARGV[2], 'expires', ARGV[3])
        redis.call('PEXPIRE', KEYS[1], lifetime)
        redis.call('RPUSH', KEYS[2], KEYS[1])
        while redis.call('LLEN', KEYS[2]) > tonumber(ARGV[5]) do
            redis.call('DEL', redis.call('LPOP', KEYS[2]))
        end
        if redis.call('PTTL', KEYS[2]) < lifetime then
            redis.call('PEXPIRE', KEYS[2], lifetime)
        end
        return {}
        ",
    )
});

/// `KEYS` is the ticket's. `ARGV` is what the keys of owners begin with: whose it is, only the ticket knows.
static TAKE: LazyLock<RedisScript> = LazyLock::new(|| {
    RedisScript::new(
        r"
        local ticket = redis.call('HMGET', KEYS[1], 'owner', 'content', 'expires')
        if not ticket[1] then
            return {}
        end
        redis.call('DEL', KEYS[1])
        redis.call('LREM', ARGV[1] .. ticket[1], 1, KEYS[1])
        return ticket
        ",
    )
});

impl RedisTickets {
    /// Tickets on the first of the servers that `options` name, beside the events of a layer with the same options.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if it cannot be reached within the [time limit](RedisOptions::time_limit);
    /// [`LayerError::Host`] if it is part of a Redis Cluster.
    pub async fn connect(options: &RedisOptions) -> Result<Self, LayerError> {
        Ok(Self { server: RedisServer::connect(options).await? })
    }

    fn ticket(&self, digest: &str) -> String {
        self.server.key(&format!("ticket:{digest}"))
    }

    fn owner(&self, owner: &str) -> String {
        self.server.key(&format!("tickets:{owner}"))
    }
}

#[async_trait]
impl TicketStore for RedisTickets {
    async fn put(&self, digest: &str, ticket: StoredTicket, now: SystemTime) -> Result<(), AuthError> {
        let StoredTicket { owner, content, expires } = ticket;
        // no earlier by Redis' clock than by ours
        let left = expires.duration_since(now).unwrap_or_default().as_millis() + 1;
        let [expires, left, most] = [since_1970(expires).to_string(), left.to_string(), PER_USER.to_string()];
        let (ticket, list) = (self.ticket(digest), self.owner(&owner));
        let put = self.server.run(&PUT, &[&ticket, &list], &[&owner, &content, &expires, &left, &most]).await;
        put.map(drop).map_err(AuthError::unavailable)
    }

    async fn take(&self, digest: &str) -> Result<Option<StoredTicket>, AuthError> {
        let taken = self.server.run(&TAKE, &[&self.ticket(digest)], &[&self.owner("")]).await;
        let taken = taken.map_err(AuthError::unavailable)?;
        let Ok([owner, content, expires]) = <[String; 3]>::try_from(taken) else { return Ok(None) };
        let expires = expires.parse().map_err(AuthError::unavailable)?;
        Ok(Some(StoredTicket { owner, content, expires: UNIX_EPOCH + Duration::from_micros(expires) }))
    }
}

/// In microseconds.
fn since_1970(time: SystemTime) -> u64 {
    let time = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
