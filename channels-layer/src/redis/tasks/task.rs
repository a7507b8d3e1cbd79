//! A job that a worker has, until it says what became of it.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{DeadReason, claims::Claims, queue::Entry};
use crate::{
    Envelope, LayerError, metrics,
    redis::{backoff::Backoff, link::Failed},
};

/// A job that a worker has: [`RedisTaskReceiver::recv`](super::RedisTaskReceiver::recv) hands it out.
///
/// Nobody else gets it while this lives. Dropped without a word, it is handed to another when the
/// [claim](super::TaskPolicy::claim) is over. What tells of its end waits for a server that is away, as long as that.
pub struct RedisTask {
    claims: Arc<Claims>,
    id: String,
    key: String,
    event: Envelope,
    attempt: u32,
    settled: bool,
}

/// What became of it.
#[derive(Clone, Copy)]
enum End {
    Done,
    Again { attempts: u32, wait: Duration },
    Dead(DeadReason),
}

impl RedisTask {
    pub(super) fn new(claims: &Arc<Claims>, entry: Entry, event: Envelope) -> Self {
        let Entry { id, key, attempt, .. } = entry;
        Self { claims: Arc::clone(claims), id, key, event, attempt, settled: false }
    }

    /// The event.
    pub fn event(&self) -> &Envelope {
        &self.event
    }

    /// What names this job, and no other: the same at every attempt.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Which attempt this is, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// It is done, and forgotten.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the server was away for too long: then it is worked on again.
    pub async fn done(mut self) -> Result<(), LayerError> {
        if !self.settle(End::Done).await? {
            tracing::info!(key = self.key, "a job was done twice: its worker was taken for dead");
        }
        Ok(())
    }

    /// It failed: it is tried again later, or goes to the dead letters if it was tried often enough.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the server was away for too long: then it is worked on again.
    pub async fn retry(mut self, reason: DeadReason) -> Result<(), LayerError> {
        let policy = &self.claims.queue.policy;
        if self.attempt >= policy.attempts {
            return self.bury(reason).await;
        }
        let wait = policy.wait_after(self.attempt);
        if self.settle(End::Again { attempts: self.attempt, wait }).await? {
            metrics::task_retried(&self.claims.queue.channel);
        }
        Ok(())
    }

    /// It goes to the dead letters.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the server was away for too long: then it is worked on again.
    pub async fn bury(mut self, reason: DeadReason) -> Result<(), LayerError> {
        if self.settle(End::Dead(reason)).await? {
            let (channel, reason) = (&self.claims.queue.channel, reason.as_str());
            tracing::warn!(%channel, key = self.key, attempt = self.attempt, reason, "job given up: a dead letter");
        }
        Ok(())
    }

    /// It was begun, and cannot be ended here: another worker gets it at once, as a further attempt.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if the server was away for too long: then another gets it later.
    pub async fn hand_back(mut self) -> Result<(), LayerError> {
        self.settle(End::Again { attempts: self.attempt, wait: Duration::ZERO }).await?;
        Ok(())
    }

    /// It was not begun: another worker gets it at once.
    pub(super) async fn put_back(mut self) -> Result<(), LayerError> {
        let attempts = self.attempt.saturating_sub(1);
        self.settle(End::Again { attempts, wait: Duration::ZERO }).await?;
        Ok(())
    }

    /// Tells the server, if need be again: it is still ours meanwhile. Whether it was still ours is answered.
    async fn settle(&mut self, end: End) -> Result<bool, LayerError> {
        let give_up = Instant::now() + self.claims.queue.policy.claim;
        let mut backoff = Backoff::default();
        loop {
            match self.tell(end).await {
                Ok(was_ours) => {
                    self.settled = true;
                    return Ok(was_ours);
                }
                Err(failed) if Instant::now() >= give_up => return Err(failed.into()),
                Err(error) => tracing::debug!(key = self.key, %error, "the end of a job is told again"),
            }
            sleep(backoff.next()).await;
        }
    }

    async fn tell(&self, end: End) -> Result<bool, Failed> {
        let Claims { queue, worker, .. } = &*self.claims;
        match end {
            End::Done => queue.done(&self.id).await,
            End::Again { attempts, wait } => queue.again(worker, &self.id, attempts, wait).await,
            End::Dead(reason) => queue.bury(worker, &self.id, self.attempt, reason).await,
        }
    }
}

impl Drop for RedisTask {
    fn drop(&mut self) {
        self.claims.let_go(&self.id);
        if !self.settled {
            let channel = &self.claims.queue.channel;
            tracing::warn!(%channel, key = self.key, "job given up without a word: another gets it later");
        }
    }
}

impl fmt::Debug for RedisTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTask")
            .field("key", &self.key)
            .field("event", &self.event)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
