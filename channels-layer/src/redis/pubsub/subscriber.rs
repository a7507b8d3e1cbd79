//! The connection over which one server sends to this process: kept, and told what to send.

use std::{slice, sync::Arc, time::Duration};

use redis::{Pipeline, RedisError, RedisResult, Value, aio::MultiplexedConnection};
use tokio::{
    select,
    sync::Notify,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{Shared, cluster::is_elsewhere, intake::Intake, servers::Server, topics::Place};
use crate::{
    Envelope, Gap, LayerError, metrics,
    redis::{
        backoff::Backoff,
        clock::now,
        connect::ConnectError,
        link::{Link, cause, is_broken},
    },
};

/// How often a server is asked whether it is there. One that hangs is seen after this and the time limit.
const BEAT: Duration = Duration::from_secs(2);

/// How many topics go over the wire at once.
const CHUNK: usize = 500;

/// The connection over which one server sends to this process.
pub(super) struct Subscriber {
    shared: Arc<Shared>,
    server: Server,
    link: Arc<Link>,
    line: Line,
}

struct Line {
    connection: MultiplexedConnection,
    intake: Arc<Intake>,
    /// How many times it was asked whether it is there.
    beats: u64,
}

/// Why a connection is given up.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("there was no answer in time")]
    NoAnswer,
    #[error("the connection was closed")]
    Closed,
    #[error("the connection broke")]
    Refused(#[from] RedisError),
    #[error("an answer was to another question")]
    OutOfStep,
}

impl Line {
    async fn open(shared: &Arc<Shared>, server: Server, link: &Link) -> Result<Self, ConnectError> {
        let intake = Intake::new(shared, server);
        let connection = link.connector().listen(intake.push()).await?;
        Ok(Self { connection, intake, beats: 0 })
    }
}

impl Subscriber {
    /// Connects for the first time.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        server: Server,
        link: &Arc<Link>,
    ) -> Result<Self, LayerError> {
        match Line::open(shared, server, link).await {
            Ok(line) => {
                line.intake.open(|| {});
                Ok(Self { shared: Arc::clone(shared), server, link: Arc::clone(link), line })
            }
            Err(error) => Err(LayerError::Unavailable(error.into())),
        }
    }

    /// Connects when there is something to be told, and then does as [`run`](Self::run).
    pub(super) async fn run_when_needed(shared: Arc<Shared>, server: Server, link: Arc<Link>) {
        let Some(news) = shared.registry.news(server) else { return };
        news.notified().await;
        let mut backoff = Backoff::default();
        let line = loop {
            match Line::open(&shared, server, &link).await {
                Ok(line) => break line,
                Err(error) => {
                    tracing::debug!(%error, cause = cause(&error), "nothing can be received");
                    shared.unsure.notify_one();
                    sleep(backoff.next()).await;
                }
            }
        };
        line.intake.open(|| {});
        news.notify_one();
        Self { shared, server, link, line }.run().await;
    }

    /// Tells the server what to send, and connects again whenever that is needed. Never ends.
    pub(super) async fn run(mut self) {
        let Some(news) = self.shared.registry.news(self.server) else { return };
        loop {
            let broken = self.serve(&news).await;
            tracing::warn!(
                server = self.link.shown(), error = %broken, cause = cause(&broken),
                "nothing can be received: connecting again"
            );
            self.line.intake.cut();
            self.shared.registry.lost(self.server);
            self.link.suspect();
            self.shared.unsure.notify_one();
            self.come_back().await;
        }
    }

    /// Until the connection is lost.
    async fn serve(&mut self, news: &Notify) -> Broken {
        let mut beat = Instant::now() + BEAT;
        loop {
            let outcome = select! {
                () = news.notified() => self.catch_up().await,
                () = self.line.intake.lost.notified() => Err(Broken::Closed),
                () = sleep_until(beat) => {
                    beat = Instant::now() + BEAT;
                    self.is_there().await
                }
            };
            if let Err(broken) = outcome {
                return broken;
            }
        }
    }

    /// Tells the server what has changed, and everybody if something may have been missed meanwhile.
    async fn catch_up(&mut self) -> Result<(), Broken> {
        if let Some(since) = self.tell().await? {
            self.is_whole(since);
        }
        Ok(())
    }

    /// Tells the server what has changed. Says since when something may have been missed: then what comes is held
    /// back until everybody is told.
    async fn tell(&mut self) -> Result<Option<f64>, Broken> {
        let changes = self.shared.registry.take_changes(self.server);
        if changes.missed.is_some() {
            self.line.intake.hold();
        }
        let sharded = self.shared.is_cluster();
        for topics in changes.unsubscribe.chunks(CHUNK) {
            if sharded { self.leave_slots(topics).await? } else { self.unsubscribe(topics).await? }
        }
        for topics in changes.subscribe.chunks(CHUNK) {
            if sharded { self.enter_slots(topics).await? } else { self.subscribe(topics).await? }
        }
        Ok(changes.missed)
    }

    async fn unsubscribe(&mut self, topics: &[String]) -> Result<(), Broken> {
        let Shared { registry, time_limit, .. } = &*self.shared;
        answered(*time_limit, self.line.connection.unsubscribe(topics)).await??;
        registry.settled(self.server, topics, Place::Absent);
        Ok(())
    }

    async fn subscribe(&mut self, topics: &[String]) -> Result<(), Broken> {
        let Shared { registry, time_limit, .. } = &*self.shared;
        let (connection, limit) = (&mut self.line.connection, *time_limit);
        match answered(limit, connection.subscribe(topics)).await? {
            Ok(()) => registry.settled(self.server, topics, Place::Present),
            Err(error) if is_broken(&error) => return Err(error.into()),
            // one that this user may not have must not take others with it
            Err(_) => {
                for topic in topics {
                    match answered(limit, connection.subscribe(topic)).await? {
                        Ok(()) => registry.settled(self.server, slice::from_ref(topic), Place::Present),
                        Err(error) if is_broken(&error) => return Err(error.into()),
                        Err(error) => registry.refused(self.server, topic, error),
                    }
                }
            }
        }
        Ok(())
    }

    /// The same in a cluster, where a command may name topics of one slot alone. What is sent from now on is noted
    /// where the server says so, in [`Intake`].
    async fn enter_slots(&mut self, topics: &[String]) -> Result<(), Broken> {
        let answers = self.of_each("SSUBSCRIBE", topics).await?;
        let registry = &self.shared.registry;
        for (topic, answer) in topics.iter().zip(answers) {
            match answer {
                Ok(_) => {}
                Err(error) if is_elsewhere(&error) => self.shared.unsure.notify_one(),
                Err(error) if is_broken(&error) => return Err(error.into()),
                Err(error) => registry.refused(self.server, topic, error),
            }
        }
        registry.unsettled(self.server, topics);
        Ok(())
    }

    async fn leave_slots(&mut self, topics: &[String]) -> Result<(), Broken> {
        for answer in self.of_each("SUNSUBSCRIBE", topics).await? {
            match answer {
                Err(error) if is_broken(&error) && !is_elsewhere(&error) => return Err(error.into()),
                // a server whose slot it is no longer has ended it
                Ok(_) | Err(_) => {}
            }
        }
        self.shared.registry.settled(self.server, topics, Place::Absent);
        Ok(())
    }

    async fn of_each(&mut self, command: &str, topics: &[String]) -> Result<Vec<RedisResult<Value>>, Broken> {
        let mut pipeline = Pipeline::with_capacity(topics.len());
        pipeline.ignore_errors();
        for topic in topics {
            pipeline.cmd(command).arg(topic);
        }
        Ok(answered(self.shared.time_limit, pipeline.query_async(&mut self.line.connection)).await??)
    }

    async fn is_there(&mut self) -> Result<(), Broken> {
        self.line.beats += 1;
        let (asked, beat) = (now(), self.line.beats.to_string());
        let mut ping = redis::cmd("PING");
        ping.arg(&beat);
        let answer = ping.query_async::<Value>(&mut self.line.connection);
        let said = answered(self.shared.time_limit, answer).await??;
        if !matches!(said, Value::BulkString(said) if said == beat.as_bytes()) {
            return Err(Broken::OutOfStep);
        }
        self.shared.registry.is_well(self.server, asked);
        // what it refused, it may allow by now
        self.catch_up().await
    }

    /// Connects again, subscribes to all again, and only then tells everybody: what comes after that is complete.
    async fn come_back(&mut self) {
        let mut backoff = Backoff::default();
        let since = self.shared.registry.well(self.server);
        loop {
            sleep(backoff.next()).await;
            match Line::open(&self.shared, self.server, &self.link).await {
                Ok(line) => self.line = line,
                Err(error) => {
                    tracing::debug!(%error, cause = cause(&error), "nothing can be received");
                    self.shared.unsure.notify_one();
                    continue;
                }
            }
            let began = now();
            match self.tell().await {
                Ok(_) => {
                    self.is_whole(since);
                    self.shared.registry.is_well(self.server, began);
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, cause = cause(&error), "groups could not be subscribed to again");
                    self.line.intake.cut();
                    self.shared.registry.lost(self.server);
                }
            }
        }
    }

    /// Everything is sent again, and everybody told.
    fn is_whole(&self, since: f64) {
        let registry = &self.shared.registry;
        metrics::layer_gap();
        tracing::warn!(since, server = self.link.shown(), "events may have been missed");
        registry.is_back(self.server);
        self.line.intake.open(|| registry.announce(&Envelope::new(Gap { since })));
        self.shared.whole.notify_waiters();
    }
}

/// An answer, if it comes in time.
async fn answered<T>(
    limit: Duration,
    answer: impl Future<Output = RedisResult<T>>,
) -> Result<RedisResult<T>, Broken> {
    match timeout(limit, answer).await {
        Ok(answer) => Ok(answer),
        Err(_) => Err(Broken::NoAnswer),
    }
}
