//! What a layer does in Redis: the keys, members and scores of channels_redis.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use redis::{Pipeline, RedisResult, aio::MultiplexedConnection, cmd};

use super::{scores::Scores, scripts};
use crate::{
    ChannelName, Delivery, Envelope, Group, LayerError, Retention,
    metrics::{self, Reason},
    name::non_local,
    redis::{
        OnOutage, RedisOptions,
        link::{Failed, Link},
        options::whole_seconds,
        ring,
    },
    wire::{Address, Codec},
};

/// How many memberships or keys go over the wire at once.
const CHUNK: usize = 500;

/// A layer's keys on its servers, without anything that is local to a process.
#[derive(Debug)]
pub(in crate::redis) struct Store {
    pub(in crate::redis) links: Vec<Arc<Link>>,
    pub(super) codec: Codec,
    pub(super) retention: Retention,
    prefix: String,
    scores: Scores,
    /// Which server takes the next message for a normal channel.
    turn: AtomicUsize,
    pinned: bool,
    /// Whether a send waits for a connection, or is to be tried later.
    waits: bool,
}

/// A channel in a group, with the time it joined.
pub(super) type Joined = (Group, ChannelName, f64);

impl Store {
    pub(in crate::redis) fn new(options: &RedisOptions, links: Vec<Arc<Link>>) -> Self {
        Self {
            links,
            codec: options.codec(),
            retention: options.retention.clone(),
            prefix: options.prefix.clone(),
            scores: Scores::default(),
            turn: AtomicUsize::new(0),
            pinned: options.pinned,
            waits: options.on_outage == OnOutage::Fail,
        }
    }

    /// The queue of a channel: what belongs to one process shares one.
    pub(super) fn queue(&self, channel: &str) -> String {
        format!("{}{}", self.prefix, non_local(channel))
    }

    fn members(&self, group: &Group) -> String {
        format!("{}:group:{group}", self.prefix)
    }

    /// Which server has a group.
    pub(super) fn shard_of(&self, group: &Group) -> usize {
        ring::shard(group.as_str(), self.links.len())
    }

    /// Which server has the queue of a process. channels_redis asks for the whole name when it sends to one
    /// channel, and so puts messages where nobody receives: ours arrive, and we receive on all servers.
    pub(super) fn shard_of_queue(&self, channel: &str) -> usize {
        ring::shard(non_local(channel), self.links.len())
    }

    fn shard_of_normal(&self, channel: &ChannelName) -> usize {
        if self.pinned {
            return self.shard_of_queue(channel.as_str());
        }
        // one that is away is passed over: workers receive on all
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let servers = (0..self.links.len()).map(|further| (turn + further) % self.links.len());
        let mut up = servers.filter(|&server| self.links[server].has_connection());
        up.next().unwrap_or(turn % self.links.len())
    }

    fn expiry(&self) -> u64 {
        whole_seconds(self.retention.event_lifetime()).as_secs()
    }

    fn group_expiry(&self) -> u64 {
        whole_seconds(self.retention.membership_lifetime()).as_secs()
    }

    /// Up to which score a message is too old, by channels_redis' reckoning.
    pub(super) fn stale(&self, now: f64) -> f64 {
        now.floor() - self.expiry() as f64
    }

    /// When something happens that others are told of.
    pub(super) fn score(&self) -> f64 {
        self.scores.next()
    }

    pub(in crate::redis) async fn send(
        &self,
        channel: &ChannelName,
        event: &Envelope,
    ) -> Result<(), LayerError> {
        self.send_at(self.score(), channel, event).await
    }

    pub(super) async fn send_at(
        &self,
        score: f64,
        channel: &ChannelName,
        event: &Envelope,
    ) -> Result<(), LayerError> {
        let (shard, address) = if channel.is_specific() {
            (self.shard_of_queue(channel.as_str()), Address::One(channel.to_string()))
        } else {
            (self.shard_of_normal(channel), Address::Implied)
        };
        let capacity = self.retention.capacity_of(channel);
        let message = self.codec.write(event, &address)?;
        let queue = Queue { key: self.queue(channel.as_str()), capacity, message, channels: 1 };
        let full = self.put(shard, score, &[queue]).await?;
        if full.is_empty() {
            return Ok(());
        }
        metrics::dropped(Reason::Full);
        Err(LayerError::ChannelFull { channel: channel.clone(), capacity })
    }

    pub(in crate::redis) async fn group_send(
        &self,
        group: &Group,
        event: &Envelope,
    ) -> Result<Delivery, LayerError> {
        self.group_send_at(self.score(), group, event).await
    }

    pub(super) async fn group_send_at(
        &self,
        score: f64,
        group: &Group,
        event: &Envelope,
    ) -> Result<Delivery, LayerError> {
        let names = self.names(score, group).await?;
        let (mut delivery, mut missed) = (Delivery::default(), None);
        let by_server = self.queues(names, event)?;
        let is_at_home = |server: usize| server == self.shard_of(group);
        let all_at_home =
            by_server.iter().enumerate().all(|(server, all)| all.is_empty() || is_at_home(server));
        for (shard, queues) in by_server.into_iter().enumerate() {
            if queues.is_empty() {
                continue;
            }
            let full = match self.put(shard, score, &queues).await {
                Err(failed) => {
                    // those on the other servers get it all the same
                    missed.get_or_insert(failed);
                    continue;
                }
                Ok(full) => full,
            };
            let all: usize = queues.iter().map(|queue| queue.channels).sum();
            let dropped = full.iter().filter_map(|number| queues.get(number - 1)).map(|queue| queue.channels);
            let dropped: usize = dropped.sum();
            delivery.delivered += all - dropped;
            delivery.dropped += dropped;
        }
        for _ in 0..delivery.dropped {
            metrics::dropped(Reason::Full);
        }
        if delivery.dropped > 0 {
            let all = delivery.delivered + delivery.dropped;
            tracing::info!("{} of {all} channels over capacity in group {group}", delivery.dropped);
        }
        match missed {
            None => Ok(delivery),
            Some(failed) if all_at_home => Err(failed.into()),
            // it is not to be sent again: some have it, or it would wait for a server that is well
            Some(failed) => Err(Failed::Partly(Box::new(failed)).into()),
        }
    }

    /// The channels of a group, in the order they joined.
    async fn names(&self, now: f64, group: &Group) -> Result<Vec<String>, Failed> {
        let stale = now.floor() - self.group_expiry() as f64;
        let mut pipeline = Pipeline::with_capacity(2);
        let key = self.members(group);
        pipeline.cmd("ZREMRANGEBYSCORE").arg(&key).arg(0).arg(stale).ignore();
        pipeline.cmd("ZRANGE").arg(&key).arg(0).arg(-1);
        let shard = self.shard_of(group);
        let work = |mut connection| async move { pipeline.query_async(&mut connection).await };
        let (names,): (Vec<Bytes>,) = self.to_send(shard, work).await?;
        // channels_redis writes UTF-8; what is none is nobody's name
        Ok(names.iter().filter_map(|name| str::from_utf8(name).ok()).map(str::to_owned).collect())
    }

    /// One message for each queue, for all the channels that share it; by server.
    fn queues(&self, names: Vec<String>, event: &Envelope) -> Result<Vec<Vec<Queue>>, LayerError> {
        let mut order = Vec::new();
        let mut sharing = HashMap::<String, Vec<String>>::new();
        for name in names {
            let queue = non_local(&name);
            if !sharing.contains_key(queue) {
                order.push(queue.to_owned());
            }
            sharing.entry(queue.to_owned()).or_default().push(name);
        }
        let mut queues: Vec<Vec<Queue>> = self.links.iter().map(|_| Vec::new()).collect();
        for queue in order {
            let Some(names) = sharing.remove(&queue) else { continue };
            let capacity = names.first().map_or(0, |name| self.retention.capacity_of_named(name));
            let (shard, channels) = (self.shard_of_queue(&queue), names.len());
            let message = self.codec.write(event, &Address::Many(names))?;
            queues[shard].push(Queue { key: self.queue(&queue), capacity, message, channels });
        }
        Ok(queues)
    }

    /// Puts messages into queues, and says which were full, counted from 1.
    async fn put(&self, shard: usize, score: f64, queues: &[Queue]) -> Result<Vec<usize>, Failed> {
        let mut script = scripts::SEND.prepare_invoke();
        for queue in queues {
            script.key(&queue.key).arg(&queue.message[..]);
        }
        for queue in queues {
            script.arg(queue.capacity);
        }
        script.arg(score).arg(self.stale(score)).arg(self.expiry());
        let script = &script;
        self.to_send(shard, |mut connection| async move { script.invoke_async(&mut connection).await }).await
    }

    /// Runs commands of a send.
    async fn to_send<T, F>(
        &self,
        shard: usize,
        work: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Failed>
    where
        F: Future<Output = RedisResult<T>>,
    {
        if self.waits { self.links[shard].run(work).await } else { self.links[shard].run_if_up(work).await }
    }

    pub(super) async fn add(&self, group: &Group, channel: &ChannelName, score: f64) -> Result<(), Failed> {
        self.add_all(self.shard_of(group), &[(group.clone(), channel.clone(), score)]).await
    }

    /// Adds channels to groups of one server.
    pub(super) async fn add_all(&self, shard: usize, joined: &[Joined]) -> Result<(), Failed> {
        for chunk in joined.chunks(CHUNK) {
            let mut pipeline = Pipeline::with_capacity(2 * chunk.len());
            for (group, channel, score) in chunk {
                let key = self.members(group);
                pipeline.cmd("ZADD").arg(&key).arg(*score).arg(channel.as_str()).ignore();
                pipeline.cmd("EXPIRE").arg(&key).arg(self.group_expiry()).ignore();
            }
            self.all(shard, pipeline).await?;
        }
        Ok(())
    }

    /// Takes channels out of groups of one server.
    pub(super) async fn remove_all<'a>(
        &self,
        shard: usize,
        left: impl IntoIterator<Item = &'a (Group, ChannelName)>,
    ) -> Result<(), Failed> {
        let left: Vec<_> = left.into_iter().collect();
        for chunk in left.chunks(CHUNK) {
            let mut pipeline = Pipeline::with_capacity(chunk.len());
            for (group, channel) in chunk {
                pipeline.cmd("ZREM").arg(self.members(group)).arg(channel.as_str()).ignore();
            }
            self.all(shard, pipeline).await?;
        }
        Ok(())
    }

    async fn all(&self, shard: usize, pipeline: Pipeline) -> Result<(), Failed> {
        self.links[shard]
            .run(|mut connection| async move { pipeline.exec_async(&mut connection).await })
            .await
    }

    /// Puts a message of a normal channel back where it was in its queue.
    pub(super) async fn put_back(
        &self,
        shard: usize,
        channel: &ChannelName,
        event: &Envelope,
        score: f64,
    ) -> Result<(), LayerError> {
        let message = self.codec.write(event, &Address::Implied)?;
        let queue = self.queue(channel.as_str());
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("ZADD").arg(&queue).arg(score).arg(&message[..]).ignore();
        pipeline.cmd("EXPIRE").arg(&queue).arg(self.expiry()).ignore();
        Ok(self.all(shard, pipeline).await?)
    }

    /// What channels_redis handed out on a normal channel and was not told the end of.
    pub(super) async fn handed_out(
        &self,
        shard: usize,
        channel: &ChannelName,
    ) -> Result<Vec<(Bytes, f64)>, Failed> {
        let mut command = cmd("ZRANGE");
        command.arg(self.in_flight(channel)).arg(0).arg(CHUNK).arg("WITHSCORES");
        self.links[shard]
            .run(|mut connection| async move { command.query_async(&mut connection).await })
            .await
    }

    /// Puts what was handed out back into the queue. Says how many those were.
    pub(super) async fn recover(
        &self,
        shard: usize,
        channel: &ChannelName,
        messages: &[(Bytes, f64)],
    ) -> Result<usize, Failed> {
        let mut script = scripts::RECOVER.prepare_invoke();
        script.key(self.in_flight(channel)).key(self.queue(channel.as_str())).arg(self.expiry());
        for (message, score) in messages {
            script.arg(*score).arg(&message[..]);
        }
        let script = &script;
        self.links[shard]
            .run(|mut connection| async move { script.invoke_async(&mut connection).await })
            .await
    }

    fn in_flight(&self, channel: &ChannelName) -> String {
        format!("{}$inflight", self.queue(channel.as_str()))
    }

    /// Puts an empty message into the queue of this process, so that whoever waits there looks up.
    pub(super) async fn wake(&self, shard: usize, queue: &str) -> Result<(), Failed> {
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.cmd("ZADD").arg(queue).arg(0).arg("").ignore();
        pipeline.cmd("EXPIRE").arg(queue).arg(self.expiry()).ignore();
        self.all(shard, pipeline).await
    }

    /// Deletes every key that begins with the prefix, as channels_redis' `flush` does.
    pub(super) async fn flush(&self) -> Result<(), Failed> {
        let pattern = format!("{}*", literal(&self.prefix));
        for link in &self.links {
            let mut cursor = 0_u64;
            loop {
                let pattern = &pattern;
                let scan = |mut connection| async move {
                    let mut scan = cmd("SCAN");
                    scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(1_000);
                    let (next, keys): (u64, Vec<Vec<u8>>) = scan.query_async(&mut connection).await?;
                    if !keys.is_empty() {
                        cmd("DEL").arg(keys).exec_async(&mut connection).await?;
                    }
                    RedisResult::Ok(next)
                };
                cursor = link.run(scan).await?;
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// How often memberships that last are renewed: often enough to be there, and to come back soon if somebody
    /// else deletes them.
    pub(super) fn renewal(&self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(300);
        (whole_seconds(self.retention.membership_lifetime()) / 3).clamp(Duration::from_millis(100), LONGEST)
    }
}

/// One message, and the queue it goes to.
struct Queue {
    key: String,
    capacity: usize,
    message: Bytes,
    /// How many channels it is for.
    channels: usize,
}

/// A pattern of Redis that fits this text alone.
fn literal(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '^' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
