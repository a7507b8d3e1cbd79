//! What the threads of workers are told: to go on, or by when to end.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout_at},
};

use crate::limits::LONGEST;

/// What part of the time to end is for what comes after the jobs: to give back those that were dropped.
const AFTERWARDS: f64 = 0.1;

/// Whoever tells threads what to do. When it is dropped, they end at once.
#[derive(Debug)]
pub(crate) struct Command(watch::Sender<Option<Instant>>);

/// What a thread is told. Its threads have ended when all of these are gone.
#[derive(Clone, Debug)]
pub(crate) struct Orders(watch::Receiver<Option<Instant>>);

impl Command {
    pub(super) fn new() -> (Self, Orders) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), Orders(receiver))
    }

    /// Tells them to take no more jobs, and to end those they have within this time. Waits until they have
    /// ended; `false` if they did not in time.
    pub(super) async fn end(&self, within: Duration) -> bool {
        let (now, within) = (Instant::now(), within.min(LONGEST));
        self.0.send_if_modified(|end| {
            let told = end.is_none();
            *end = end.or(Some(now + within.mul_f64(1.0 - AFTERWARDS)));
            told
        });
        timeout_at(now + within, self.0.closed()).await.is_ok()
    }

    /// Waits until they have ended, whatever the reason.
    pub(super) async fn ended(&self) {
        self.0.closed().await;
    }
}

impl Orders {
    /// Whether no more jobs are to be taken.
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.borrow().is_some() || self.0.has_changed().is_err()
    }

    /// Waits until no more jobs are to be taken.
    pub(crate) async fn stopping(&self) {
        self.end().await;
    }

    /// Waits until jobs are to be dropped.
    pub(crate) async fn overdue(&self) {
        if let Some(end) = self.end().await {
            sleep_until(end).await;
        }
    }

    /// By when jobs are to have ended. `None` if nobody gives orders any more.
    async fn end(&self) -> Option<Instant> {
        let mut orders = self.0.clone();
        let end = orders.wait_for(Option::is_some).await;
        end.map_or(None, |end| *end)
    }
}
