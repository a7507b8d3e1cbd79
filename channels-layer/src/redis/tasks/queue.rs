//! One channel's jobs in Redis: the keys, and what is done with them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use redis::{FromRedisValue, ScriptInvocation, cmd};

use super::{DeadReason, TaskPolicy, scripts};
use crate::{
    ChannelName, Envelope, LayerError,
    metrics::{self, Reason},
    redis::link::{Failed, Link},
    wire::{Address, Codec},
};

/// The group of all workers of a queue.
pub(super) const GROUP: &str = "workers";

/// One channel's jobs.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) channel: ChannelName,
    pub(super) link: Arc<Link>,
    pub(super) codec: Codec,
    pub(super) policy: TaskPolicy,
    /// Jobs, those to be tried later, dead letters.
    pub(super) keys: [String; 3],
}

/// How many jobs of a channel there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskStats {
    /// Those that wait for a worker.
    pub waiting: usize,
    /// Those that a worker has.
    pub running: usize,
    /// Those that failed, and wait to be tried again.
    pub later: usize,
    /// Those that were given up.
    pub dead: usize,
}

impl Queue {
    pub(super) fn new(
        channel: &ChannelName,
        prefix: &str,
        link: &Arc<Link>,
        codec: &Codec,
        policy: &TaskPolicy,
    ) -> Self {
        // not below the layer's prefix: what flushes a layer must not take jobs
        let jobs = format!("tasks:{{{prefix}:{channel}}}");
        Self {
            channel: channel.clone(),
            link: Arc::clone(link),
            codec: codec.clone(),
            policy: policy.clone(),
            keys: [jobs.clone(), format!("{jobs}:later"), format!("{jobs}:dead")],
        }
    }

    fn script<'a>(&self, script: &'a redis::Script) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        for key in &self.keys {
            invocation.key(key);
        }
        invocation
    }

    async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Failed> {
        self.link.run(|mut connection| async move { script.invoke_async(&mut connection).await }).await
    }

    pub(super) async fn send(&self, key: &str, event: &Envelope) -> Result<(), LayerError> {
        let message = self.codec.write(event, &Address::Implied)?;
        let mut script = self.script(&scripts::SEND);
        script.arg(self.policy.capacity).arg(key).arg(&message[..]);
        if self.run::<bool>(&script).await? { Ok(()) } else { Err(self.full()) }
    }

    fn full(&self) -> LayerError {
        metrics::dropped(Reason::Full);
        LayerError::ChannelFull { channel: self.channel.clone(), capacity: self.policy.capacity }
    }

    /// Makes the group of the workers, if there is none.
    pub(super) async fn prepare(&self) -> Result<(), Failed> {
        let mut command = cmd("XGROUP");
        // from the first: what was sent before there was a worker waits for one
        command.arg("CREATE").arg(&self.keys[0]).arg(GROUP).arg(0).arg("MKSTREAM");
        let made = self.link.run(|mut connection| async move {
            match command.exec_async(&mut connection).await {
                Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
                made => made,
            }
        });
        made.await
    }

    /// Forgets workers that were not seen for so long.
    pub(super) async fn tidy(&self, unseen: Duration) -> Result<(), Failed> {
        let mut script = self.script(&scripts::TIDY);
        script.arg(GROUP).arg(milliseconds(unseen));
        self.run(&script).await
    }

    pub(super) async fn leave(&self, worker: &str) -> Result<(), Failed> {
        let mut script = self.script(&scripts::LEAVE);
        script.arg(GROUP).arg(worker);
        self.run(&script).await
    }

    /// Puts jobs whose time has come back among those that wait.
    pub(super) async fn due(&self) -> Result<usize, Failed> {
        self.run(&self.script(&scripts::DUE)).await
    }

    /// A job whose worker counts as dead.
    pub(super) async fn take_over(&self, worker: &str) -> Result<Option<Entry>, Failed> {
        let mut script = self.script(&scripts::TAKE_OVER);
        script.arg(GROUP).arg(worker).arg(milliseconds(self.policy.claim));
        let mut taken: Vec<TakenOver> = self.run(&script).await?;
        Ok(taken.pop().map(|(id, deliveries, fields)| Entry::new(id, deliveries, fields)))
    }

    /// Says which of these jobs the worker has no more.
    pub(super) async fn renew(&self, worker: &str, ids: &[String]) -> Result<Vec<String>, Failed> {
        let mut script = self.script(&scripts::RENEW);
        script.arg(GROUP).arg(worker).arg(ids);
        self.run(&script).await
    }

    /// Whether it was still there.
    pub(super) async fn done(&self, id: &str) -> Result<bool, Failed> {
        let mut script = self.script(&scripts::DONE);
        script.arg(GROUP).arg(id);
        self.run(&script).await
    }

    /// Whether the worker still had it.
    pub(super) async fn again(
        &self,
        worker: &str,
        id: &str,
        attempts: u32,
        wait: Duration,
    ) -> Result<bool, Failed> {
        let mut script = self.script(&scripts::AGAIN);
        script.arg(GROUP).arg(worker).arg(id).arg(attempts).arg(milliseconds(wait));
        self.run(&script).await
    }

    /// Whether the worker still had it.
    pub(super) async fn bury(
        &self,
        worker: &str,
        id: &str,
        attempts: u32,
        reason: DeadReason,
    ) -> Result<bool, Failed> {
        let mut script = self.script(&scripts::BURY);
        script.arg(GROUP).arg(worker).arg(id).arg(attempts).arg(reason.as_str());
        script.arg(self.policy.dead_letters);
        let (buried, gave_way): (bool, u64) = self.run(&script).await?;
        if buried {
            metrics::task_dead(&self.channel, reason.as_str());
        }
        if gave_way > 0 {
            metrics::dead_letters_dropped(&self.channel, gave_way);
            tracing::warn!(channel = %self.channel, gave_way, "dead letters lost: there are more than are kept");
        }
        Ok(buried)
    }

    /// Whether there was such a dead letter.
    pub(super) async fn requeue(&self, id: &str) -> Result<bool, LayerError> {
        let mut script = self.script(&scripts::REQUEUE);
        script.arg(self.policy.capacity).arg(id);
        match self.run::<u8>(&script).await? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.full()),
        }
    }

    pub(super) async fn stats(&self) -> Result<TaskStats, Failed> {
        let mut script = self.script(&scripts::STATS);
        script.arg(GROUP);
        let (waiting, running, later, dead) = self.run(&script).await?;
        Ok(TaskStats { waiting, running, later, dead })
    }
}

/// An id, how often it was handed out, and its fields one after the other.
type TakenOver = (String, u32, Vec<Bytes>);

/// A job as it lies in the stream.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) event: Bytes,
    /// Which attempt this is.
    pub(super) attempt: u32,
    /// Whether another worker had it before.
    pub(super) taken_over: bool,
}

impl Entry {
    /// What others wrote may lack a field: then it is no event, and will be a dead letter.
    pub(super) fn new(id: String, deliveries: u32, fields: Vec<Bytes>) -> Self {
        let field = |name: &str| {
            let pair = fields.chunks_exact(2).find(|pair| pair[0] == name);
            pair.map(|pair| pair[1].clone()).unwrap_or_default()
        };
        let before: u32 = str::from_utf8(&field("attempt")).map_or(0, |before| before.parse().unwrap_or(0));
        let key = String::from_utf8_lossy(&field("key")).into_owned();
        let attempt = before.saturating_add(deliveries.max(1));
        Self { id, key, event: field("event"), attempt, taken_over: deliveries > 1 }
    }
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
