//! A connection that waits in Redis for messages, and nothing else.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use redis::{RedisError, RedisResult, aio::MultiplexedConnection, cmd};
use tokio::time::{sleep, timeout};

use crate::{
    LayerError,
    redis::{
        backoff::Backoff,
        link::{Link, cause, is_broken},
    },
};

/// How many messages are taken at once, when several wait.
const BATCH: usize = 64;

/// A connection that waits in Redis for messages.
#[derive(Debug)]
pub(super) struct Source {
    link: Arc<Link>,
    connection: Option<MultiplexedConnection>,
    /// How long an answer may take, beyond the time it was told to wait.
    limit: Duration,
    /// Waits are for those who lost a connection.
    lost: bool,
    backoff: Backoff,
}

/// A message that was taken out of its queue.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) message: Bytes,
    pub(super) score: f64,
}

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Waited {
    /// The first message, and the queue it was in.
    Message(String, Taken),
    Nothing,
    /// The connection broke. What Redis had just handed out is lost.
    Lost,
}

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("there was no answer in time")]
    NoAnswer,
    #[error("the connection broke")]
    Refused(#[from] RedisError),
}

impl Source {
    /// Not connected yet.
    pub(super) fn new(link: &Arc<Link>, limit: Duration) -> Self {
        Self { link: Arc::clone(link), connection: None, limit, lost: false, backoff: Backoff::default() }
    }

    /// Connects once.
    pub(super) async fn open(&mut self) -> Result<(), LayerError> {
        match self.link.connector().connect().await {
            Ok(connection) => {
                self.connection = Some(connection);
                Ok(())
            }
            Err(error) => Err(LayerError::Unavailable(error.into())),
        }
    }

    /// Connects, however long that takes.
    pub(super) async fn connected(&mut self) {
        while self.connection.is_none() {
            if self.lost {
                sleep(self.backoff.next()).await;
            }
            match self.link.connector().connect().await {
                Ok(connection) => self.connection = Some(connection),
                Err(error) => {
                    self.lost = true;
                    tracing::debug!(%error, cause = cause(&error), "messages cannot be received");
                }
            }
        }
    }

    /// Waits for a message in any of several queues.
    pub(super) async fn wait(&mut self, queues: &[String], at_most: Duration) -> Waited {
        let mut command = cmd("BZPOPMIN");
        command.arg(queues).arg(at_most.as_secs_f64());
        let Some(connection) = &mut self.connection else { return Waited::Lost };
        let answer = command.query_async::<Option<(String, Bytes, f64)>>(connection);
        let answer = timeout(at_most + self.limit, answer).await;
        match self.answered(at_most, answer) {
            Ok(Some((queue, message, score))) => Waited::Message(queue, Taken { message, score }),
            Ok(None) => Waited::Nothing,
            Err(()) => Waited::Lost,
        }
    }

    /// Takes messages that wait in a queue. Whether there may be more is told with them.
    pub(super) async fn take(&mut self, queue: &str) -> Result<(Vec<Taken>, bool), ()> {
        let mut command = cmd("ZPOPMIN");
        command.arg(queue).arg(BATCH);
        let Some(connection) = &mut self.connection else { return Err(()) };
        let answer = command.query_async::<Vec<(Bytes, f64)>>(connection);
        let answer = timeout(self.limit, answer).await;
        let taken = self.answered(Duration::ZERO, answer)?;
        let more = taken.len() == BATCH;
        Ok((taken.into_iter().map(|(message, score)| Taken { message, score }).collect(), more))
    }

    fn answered<T>(
        &mut self,
        waited: Duration,
        answer: Result<RedisResult<T>, tokio::time::error::Elapsed>,
    ) -> Result<T, ()> {
        let broken = match answer {
            Ok(Ok(value)) => {
                self.backoff.reset();
                return Ok(value);
            }
            Ok(Err(error)) => Broken::Refused(error),
            Err(_) => Broken::NoAnswer,
        };
        tracing::warn!(
            server = self.link.shown(), error = %broken, cause = cause(&broken), ?waited,
            "messages cannot be received: connecting again"
        );
        self.drop_connection();
        match broken {
            Broken::Refused(error) if !is_broken(&error) => {}
            Broken::Refused(_) | Broken::NoAnswer => self.link.suspect(),
        }
        Err(())
    }

    /// Starts anew: this connection is of no use.
    pub(super) fn drop_connection(&mut self) {
        self.connection = None;
        self.lost = true;
    }
}
