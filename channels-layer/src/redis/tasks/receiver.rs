//! Where a worker gets its jobs: one at a time, when it asks.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use redis::{RedisResult, aio::MultiplexedConnection, cmd};
use tokio::{
    select,
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{
    DeadReason, RedisTask, RedisTasks,
    claims::Claims,
    queue::{Entry, GROUP, Queue, milliseconds},
};
use crate::{
    metrics,
    redis::{
        backoff::Backoff,
        link::{cause, is_broken},
        unreadable::unreadable,
    },
};

/// How long Redis is told to wait for a job. A worker that ends waits for it.
const WAIT: Duration = Duration::from_secs(1);
/// How often it is looked whether jobs are due, or their workers are dead.
const LOOK: Duration = Duration::from_millis(500);
/// Workers that were not seen for so long, and have no job, are forgotten.
const UNSEEN: Duration = Duration::from_secs(3_600);

/// Where a worker gets its jobs: [`RedisTasks::receive`](super::RedisTasks::receive) opens it.
///
/// A job is fetched when somebody asks for it. [`close`](Self::close) it at the end: a job that was fetched and not
/// handed out goes back; else another worker gets it when the [claim](super::TaskPolicy::claim) is over.
pub struct RedisTaskReceiver {
    claims: Arc<Claims>,
    tasks: mpsc::Receiver<RedisTask>,
    wanted: Arc<Semaphore>,
    asked: bool,
    /// Ends by itself when `tasks` is closed.
    fetcher: JoinHandle<()>,
}

impl RedisTaskReceiver {
    pub(super) fn open(tasks: &RedisTasks, queue: Queue) -> Self {
        let (found, receiver) = mpsc::channel(1);
        let wanted = Arc::new(Semaphore::new(0));
        let claims = Claims::new(queue, &tasks.0.runtime);
        let fetcher = Fetcher {
            claims: Arc::clone(&claims),
            tasks: tasks.clone(),
            connection: None,
            prepared: false,
            look_at: Instant::now(),
        };
        let fetcher = tasks.0.runtime.spawn(fetcher.run(Arc::clone(&wanted), found));
        Self { claims, tasks: receiver, wanted, asked: false, fetcher }
    }

    /// Waits for the next job. `None` if the runtime has ended on which the jobs were connected.
    ///
    /// Cancel safe: a job that came meanwhile is the next.
    pub async fn recv(&mut self) -> Option<RedisTask> {
        if !self.asked {
            self.asked = true;
            self.wanted.add_permits(1);
        }
        let task = self.tasks.recv().await;
        self.asked = false;
        task
    }

    /// Takes no more jobs, and gives back what was fetched. Those that were handed out are not concerned.
    pub async fn close(mut self) {
        self.tasks.close();
        while let Some(task) = self.tasks.recv().await {
            give_back(task).await;
        }
        if let Err(error) = self.fetcher.await {
            tracing::error!(%error, "what fetches jobs ended badly");
        }
        let Claims { queue, worker, .. } = &*self.claims;
        if let Err(error) = queue.leave(worker).await {
            tracing::debug!(%error, "a worker that has ended is forgotten later");
        }
    }
}

impl fmt::Debug for RedisTaskReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTaskReceiver").finish_non_exhaustive()
    }
}

async fn give_back(task: RedisTask) {
    let key = task.key().to_owned();
    if let Err(error) = task.put_back().await {
        tracing::warn!(key, %error, "a job could not be given back: another worker gets it later");
    }
}

/// Fetches jobs over a connection of its own, which waits in Redis.
struct Fetcher {
    claims: Arc<Claims>,
    /// Keeps the connections.
    tasks: RedisTasks,
    connection: Option<MultiplexedConnection>,
    /// Whether Redis knows the group of the workers.
    prepared: bool,
    look_at: Instant,
}

/// A stream's key and its entries, each with its fields.
type Read = Vec<(Bytes, Vec<(String, Vec<Bytes>)>)>;

impl Fetcher {
    async fn run(mut self, wanted: Arc<Semaphore>, found: mpsc::Sender<RedisTask>) {
        while Self::is_wanted(&wanted, &found).await {
            let Some(task) = self.next(&found).await else { break };
            if let Err(mpsc::error::SendError(task)) = found.send(task).await {
                give_back(task).await;
            }
        }
    }

    /// Waits until a job is asked for. `false` if none ever will be.
    async fn is_wanted(wanted: &Semaphore, found: &mpsc::Sender<RedisTask>) -> bool {
        select! {
            () = found.closed() => false,
            permit = wanted.acquire() => match permit {
                Ok(permit) => {
                    permit.forget();
                    true
                }
                Err(_) => false,
            },
        }
    }

    /// The next job that can be read. `None` if nobody wants it any more.
    async fn next(&mut self, found: &mpsc::Sender<RedisTask>) -> Option<RedisTask> {
        let mut backoff = Backoff::default();
        while !found.is_closed() {
            let fetched = match self.look().await {
                Ok(None) => self.read().await,
                looked => looked,
            };
            match fetched {
                Ok(Some(entry)) => {
                    backoff.reset();
                    if let Some(task) = self.open(entry).await {
                        return Some(task);
                    }
                }
                Ok(None) => backoff.reset(),
                Err(()) => select! {
                    () = sleep(backoff.next()) => {}
                    () = found.closed() => {}
                },
            }
        }
        None
    }

    /// Looks, once in a while, for jobs that are due, and for one whose worker is dead.
    async fn look(&mut self) -> Result<Option<Entry>, ()> {
        if Instant::now() < self.look_at {
            return Ok(None);
        }
        let Claims { queue, worker, .. } = &*self.claims;
        let prepared = self.prepared;
        let outcome = async {
            if !prepared {
                queue.prepare().await?;
                queue.tidy(UNSEEN.max(queue.policy.claim * 10)).await?;
            }
            queue.due().await?;
            queue.take_over(worker).await
        };
        match outcome.await {
            Ok(entry) => {
                self.prepared = true;
                // where one is, there may be more
                if entry.is_none() {
                    self.look_at = Instant::now() + LOOK;
                }
                Ok(entry)
            }
            Err(error) => {
                let channel = &queue.channel;
                tracing::warn!(%channel, %error, cause = cause(&error), "jobs cannot be fetched");
                // a database that was emptied knows nothing of workers
                self.prepared = false;
                Err(())
            }
        }
    }

    /// Waits for a job, but not for long.
    async fn read(&mut self) -> Result<Option<Entry>, ()> {
        let Claims { queue, worker, .. } = &*self.claims;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => match queue.link.connector().connect().await {
                Ok(connection) => self.connection.insert(connection),
                Err(error) => {
                    tracing::debug!(%error, cause = cause(&error), "jobs cannot be fetched");
                    return Err(());
                }
            },
        };
        let mut command = cmd("XREADGROUP");
        command.arg("GROUP").arg(GROUP).arg(worker).arg("COUNT").arg(1);
        command.arg("BLOCK").arg(milliseconds(WAIT)).arg("STREAMS").arg(&queue.keys[0]).arg(">");
        let answer: Result<RedisResult<Option<Read>>, _> =
            timeout(WAIT + self.tasks.0.time_limit, command.query_async(connection)).await;
        let channel = &queue.channel;
        match answer {
            Ok(Ok(streams)) => {
                let entry = streams.into_iter().flatten().flat_map(|(_, entries)| entries).next();
                return Ok(entry.map(|(id, fields)| Entry::new(id, 1, fields)));
            }
            Ok(Err(error)) => {
                tracing::warn!(%channel, %error, "jobs cannot be fetched");
                // a database that was emptied knows nothing of workers
                self.prepared = false;
                self.look_at = Instant::now();
                if is_broken(&error) {
                    queue.link.suspect();
                }
            }
            Err(_) => {
                tracing::warn!(%channel, "jobs cannot be fetched: there was no answer in time");
                queue.link.suspect();
            }
        }
        self.connection = None;
        Err(())
    }

    /// A job for a worker. What cannot be one is given up.
    async fn open(&self, entry: Entry) -> Option<RedisTask> {
        let Claims { queue, worker, .. } = &*self.claims;
        if self.claims.holds(&entry.id) {
            // it is under way here: nothing could be heard of it for too long
            return None;
        }
        if entry.taken_over {
            metrics::task_taken_over(&queue.channel);
            tracing::warn!(channel = %queue.channel, key = entry.key, attempt = entry.attempt, "job taken over: its worker is dead");
        }
        let reason = match queue.codec.read(entry.event.clone()) {
            Ok(_) if entry.taken_over && entry.attempt > queue.policy.attempts => DeadReason::Crashed,
            Ok(arrived) => {
                self.claims.hold(&entry.id);
                return Some(RedisTask::new(&self.claims, entry, arrived.envelope));
            }
            Err(error) => {
                unreadable(&error);
                DeadReason::Unreadable
            }
        };
        let (channel, key, attempts) = (&queue.channel, &entry.key, entry.attempt - 1);
        match queue.bury(worker, &entry.id, attempts, reason).await {
            Ok(_) => {
                tracing::warn!(%channel, key, attempts, reason = reason.as_str(), "job given up: a dead letter")
            }
            Err(error) => tracing::warn!(%channel, key, %error, "a job to be given up comes again later"),
        }
        None
    }
}
