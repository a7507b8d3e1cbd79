//! Where jobs come from, and where it is told what became of them.

use std::time::Duration;

use channels_layer::{ChannelName, Envelope, Layer, Mailbox};
#[cfg(feature = "redis")]
use channels_layer::{DeadReason, RedisTask, RedisTaskReceiver};
use tokio::time::sleep;
use uuid::Uuid;

use super::{Work, outcome::Outcome};

/// How long it waits before it asks a layer again that would not let it receive; doubled up to the second.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);

/// Where jobs come from.
pub(super) enum Source {
    /// A normal channel: who takes a job has the only one.
    Channel(Mailbox),
    /// A queue that keeps a job until it hears of its end.
    #[cfg(feature = "redis")]
    Tasks(RedisTaskReceiver),
}

/// A job that was taken.
pub(super) struct Taken {
    pub(super) event: Envelope,
    pub(super) key: String,
    pub(super) attempt: u32,
    #[cfg(feature = "redis")]
    task: Option<RedisTask>,
}

impl Source {
    /// Opens it, if need be again and again.
    pub(super) async fn open(layer: &Layer, channel: &ChannelName, work: &Work) -> Self {
        #[cfg(feature = "redis")]
        if let Some(tasks) = &work.tasks {
            return Self::Tasks(tasks.receive(channel));
        }
        debug_assert!(!work.is_durable());
        let mut wait = FIRST;
        loop {
            match layer.receive(channel).await {
                Ok(mailbox) => return Self::Channel(mailbox),
                Err(error) => {
                    tracing::warn!(%channel, %error, "a worker cannot receive yet");
                    sleep(wait).await;
                    wait = LONGEST.min(wait * 2);
                }
            }
        }
    }

    /// The next job. `None` if there will be none. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Taken> {
        match self {
            Self::Channel(mailbox) => Some(Taken {
                event: mailbox.recv().await?,
                key: Uuid::new_v4().simple().to_string(),
                attempt: 1,
                #[cfg(feature = "redis")]
                task: None,
            }),
            #[cfg(feature = "redis")]
            Self::Tasks(receiver) => {
                let task = receiver.recv().await?;
                let (event, key) = (task.event().clone(), task.key().to_owned());
                Some(Taken { event, key, attempt: task.attempt(), task: Some(task) })
            }
        }
    }

    /// Takes no more. What was fetched and not taken goes back to others.
    pub(super) async fn close(self) {
        match self {
            Self::Channel(mailbox) => drop(mailbox),
            #[cfg(feature = "redis")]
            Self::Tasks(receiver) => receiver.close().await,
        }
    }
}

impl Taken {
    /// Tells where it came from how it ended.
    #[cfg(feature = "redis")]
    pub(super) async fn settle(self, outcome: &Outcome, retry: bool) {
        let Some(task) = self.task else { return };
        let told = match outcome {
            Outcome::Done => task.done().await,
            Outcome::Dropped => task.hand_back().await,
            Outcome::Unhandled => task.bury(DeadReason::Unhandled).await,
            Outcome::Unreadable(_) => task.bury(DeadReason::Unreadable).await,
            Outcome::Failed(_) if retry => task.retry(DeadReason::Failed).await,
            Outcome::Failed(_) => task.bury(DeadReason::Failed).await,
            Outcome::Panicked => task.retry(DeadReason::Panicked).await,
            Outcome::Late => task.retry(DeadReason::Late).await,
        };
        if let Err(error) = told {
            tracing::warn!(key = self.key, %error, "the end of a job was not heard: it is worked on again");
        }
    }

    /// There is nobody to tell.
    #[cfg(not(feature = "redis"))]
    pub(super) async fn settle(self, _: &Outcome, _: bool) {}
}
