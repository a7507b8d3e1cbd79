//! The jobs a worker has, and its signs of life for them.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{MissedTickBehavior, interval},
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::queue::Queue;

/// The jobs a worker has. It gives signs of life for them as long as it lives: every job has a handle on it.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) queue: Queue,
    /// What names it among the workers of the queue.
    pub(super) worker: String,
    /// By id. Jobs end on other threads than signs of life are given on.
    held: Mutex<HashSet<String>>,
    _renewing: AbortOnDropHandle<()>,
}

impl Claims {
    pub(super) fn new(queue: Queue, runtime: &Handle) -> Arc<Self> {
        let every = queue.policy.claim / 3;
        Arc::new_cyclic(|claims| Self {
            queue,
            worker: Uuid::new_v4().simple().to_string(),
            held: Mutex::default(),
            _renewing: AbortOnDropHandle::new(runtime.spawn(renew(Weak::clone(claims), every))),
        })
    }

    fn held(&self) -> MutexGuard<'_, HashSet<String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was not held before.
    pub(super) fn hold(&self, id: &str) -> bool {
        self.held().insert(id.to_owned())
    }

    pub(super) fn holds(&self, id: &str) -> bool {
        self.held().contains(id)
    }

    pub(super) fn let_go(&self, id: &str) {
        self.held().remove(id);
    }

    async fn give_sign(&self) {
        let ids: Vec<_> = self.held().iter().cloned().collect();
        if ids.is_empty() {
            return;
        }
        let channel = &self.queue.channel;
        match self.queue.renew(&self.worker, &ids).await {
            // what has ended meanwhile is not lost
            Ok(lost) => match lost.iter().filter(|id| self.holds(id)).count() {
                0 => {}
                lost => tracing::warn!(%channel, lost, "jobs under way were given to others meanwhile"),
            },
            Err(error) => {
                tracing::warn!(%channel, %error, "no sign of life could be given for jobs under way")
            }
        }
    }
}

async fn renew(claims: Weak<Claims>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(claims) = claims.upgrade() else { return };
        claims.give_sign().await;
    }
}
