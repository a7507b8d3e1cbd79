//! The connection over which one server sends to this process: kept, and told what to send.

use std::{slice, sync::Arc, time::Duration};

use redis::{RedisError, RedisResult, aio::MultiplexedConnection};
use tokio::{
    select,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{Shared, intake::Intake, topics::Place};
use crate::{
    Envelope, Gap, LayerError, metrics,
    redis::{
        backoff::Backoff,
        clock::now,
        connect::ConnectError,
        link::{cause, is_broken},
    },
};

/// How often a server is asked whether it is there. One that hangs is seen after this and the time limit.
const BEAT: Duration = Duration::from_secs(2);

/// How many topics go over the wire at once.
const CHUNK: usize = 500;

/// The connection over which one server sends to this process.
pub(super) struct Subscriber {
    shared: Arc<Shared>,
    server: usize,
    line: Line,
    /// What was published before this has arrived.
    well: f64,
}

struct Line {
    connection: MultiplexedConnection,
    intake: Arc<Intake>,
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
}

impl Line {
    async fn open(shared: &Arc<Shared>, server: usize) -> Result<Self, ConnectError> {
        let intake = Intake::new(shared);
        let connection = shared.links[server].connector().listen(intake.push()).await?;
        Ok(Self { connection, intake })
    }
}

impl Subscriber {
    /// Connects for the first time.
    pub(super) async fn open(shared: &Arc<Shared>, server: usize) -> Result<Self, LayerError> {
        let well = now();
        match Line::open(shared, server).await {
            Ok(line) => {
                line.intake.open(|| {});
                Ok(Self { shared: Arc::clone(shared), server, line, well })
            }
            Err(error) => Err(LayerError::Unavailable(error.into())),
        }
    }

    /// Tells the server what to send, and connects again whenever that is needed. Never ends.
    pub(super) async fn run(mut self) {
        loop {
            let broken = self.serve().await;
            tracing::warn!(
                server = self.shared.links[self.server].shown(), error = %broken, cause = cause(&broken),
                "nothing can be received: connecting again"
            );
            self.line.intake.cut();
            self.shared.registry.lost(self.server);
            self.shared.links[self.server].suspect();
            self.come_back().await;
        }
    }

    /// Until the connection is lost.
    async fn serve(&mut self) -> Broken {
        let mut beat = Instant::now() + BEAT;
        loop {
            let outcome = select! {
                () = self.shared.registry.changed[self.server].notified() => self.tell().await,
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

    /// Tells the server what has changed.
    async fn tell(&mut self) -> Result<(), Broken> {
        let Shared { registry, time_limit, .. } = &*self.shared;
        let changes = registry.take_changes(self.server);
        let (connection, limit) = (&mut self.line.connection, *time_limit);
        for topics in changes.unsubscribe.chunks(CHUNK) {
            answered(limit, connection.unsubscribe(topics)).await??;
            registry.settled(self.server, topics, Place::Absent);
        }
        for topics in changes.subscribe.chunks(CHUNK) {
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
        }
        Ok(())
    }

    async fn is_there(&mut self) -> Result<(), Broken> {
        let (asked, ping) = (now(), redis::cmd("PING"));
        answered(self.shared.time_limit, ping.exec_async(&mut self.line.connection)).await??;
        self.well = asked;
        // what it refused, it may allow by now
        self.tell().await
    }

    /// Connects again, subscribes to all again, and only then tells everybody: what comes after that is complete.
    async fn come_back(&mut self) {
        let mut backoff = Backoff::default();
        loop {
            sleep(backoff.next()).await;
            match Line::open(&self.shared, self.server).await {
                Ok(line) => self.line = line,
                Err(error) => {
                    tracing::debug!(%error, cause = cause(&error), "nothing can be received");
                    continue;
                }
            }
            let began = now();
            match self.tell().await {
                Ok(()) => {
                    self.is_back();
                    self.well = began;
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

    fn is_back(&self) {
        let Shared { registry, links, .. } = &*self.shared;
        metrics::layer_gap();
        tracing::warn!(since = self.well, server = links[self.server].shown(), "events may have been missed");
        registry.is_back(self.server);
        self.line.intake.open(|| registry.announce(&Envelope::new(Gap { since: self.well })));
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
