//! The connection to one server over which commands go: kept, reopened, and given up on in time.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, aio::MultiplexedConnection};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout, timeout_at},
};

use super::{backoff::Backoff, connect::Connector};
use crate::{LayerError, metrics};

/// The connection to one server over which all commands go that do not wait there.
#[derive(Debug)]
pub(super) struct Link {
    connector: Connector,
    limit: Duration,
    state: watch::Sender<State>,
    broken: Notify,
}

#[derive(Clone)]
enum State {
    Up {
        connection: MultiplexedConnection,
        number: u64,
    },
    Down {
        since: Instant,
    },
    /// The layer is gone.
    Closed,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up { .. } => "Up",
            Self::Down { .. } => "Down",
            Self::Closed => "Closed",
        })
    }
}

/// A connection, as it is at the moment.
pub(super) struct Ready {
    connection: MultiplexedConnection,
    number: u64,
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// There is no connection: the server has never heard of it.
    #[error("there is no connection to {0}")]
    NotSent(String),
    /// The server did not answer in time. It may still do what it was told.
    #[error("{0} did not answer within {1:?}")]
    NoAnswer(String, Duration),
    /// The connection broke, or the server refused.
    #[error("{0} did not do what it was asked to")]
    Refused(String, #[source] RedisError),
    /// The event is for queues of several servers, and some of them have it.
    #[error("some of the group's members have it, and others have not")]
    Partly(#[source] Box<Failed>),
}

impl Failed {
    /// Whether the server may have done it all the same.
    pub(super) fn may_have_happened(&self) -> bool {
        match self {
            Self::NotSent(_) => false,
            // of several commands, the server may have refused the second
            Self::NoAnswer(..) | Self::Refused(..) | Self::Partly(_) => true,
        }
    }
}

impl From<Failed> for LayerError {
    fn from(failed: Failed) -> Self {
        Self::Unavailable(failed.into())
    }
}

/// Whether no server has heard of it, so that it may be sent later.
pub(super) fn was_not_sent(error: &LayerError) -> bool {
    let LayerError::Unavailable(cause) = error else { return false };
    cause.downcast_ref::<Failed>().is_some_and(|failed| !failed.may_have_happened())
}

impl Link {
    /// A link that is not connected: somebody has to [`keep`](Self::keep) it.
    pub(super) fn new(connector: Connector, limit: Duration) -> Arc<Self> {
        let down = State::Down { since: Instant::now() };
        Arc::new(Self { connector, limit, state: watch::Sender::new(down), broken: Notify::new() })
    }

    /// Where the server is, for the log.
    pub(super) fn shown(&self) -> String {
        self.connector.shown()
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Connects for the first time.
    pub(super) async fn open(&self) -> Result<(), LayerError> {
        match self.connector.connect().await {
            Ok(connection) => {
                self.state.send_replace(State::Up { connection, number: 0 });
                Ok(())
            }
            Err(error) => Err(LayerError::Unavailable(error.into())),
        }
    }

    /// Connects for the first time, and reopens the connection whenever it breaks. Never ends.
    pub(super) async fn open_and_keep(self: Arc<Self>) {
        if let Err(error) = self.open().await {
            tracing::warn!(
                server = self.shown(),
                cause = cause(&error),
                "the channel layer's server is away"
            );
        }
        self.keep().await;
    }

    /// Whether there is a connection at the moment.
    pub(super) fn has_connection(&self) -> bool {
        matches!(*self.state.borrow(), State::Up { .. })
    }

    /// Whether the server is part of a cluster, where a script may not touch several keys. If it does not tell,
    /// it is not.
    pub(super) async fn is_in_a_cluster(&self) -> bool {
        let asked = |mut connection| async move {
            redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await
        };
        self.run(asked).await.is_ok_and(|info| info.contains("redis_mode:cluster"))
    }

    /// Reopens the connection whenever it breaks. Never ends.
    pub(super) async fn keep(self: Arc<Self>) {
        let mut backoff = Backoff::default();
        let mut number = 0;
        loop {
            while matches!(*self.state.borrow(), State::Up { .. }) {
                self.broken.notified().await;
            }
            sleep(backoff.next()).await;
            match self.connector.connect().await {
                Ok(connection) => {
                    number += 1;
                    backoff.reset();
                    metrics::layer_reconnected();
                    tracing::info!(server = self.shown(), "connected to the channel layer's server again");
                    self.state.send_replace(State::Up { connection, number });
                }
                Err(error) => {
                    tracing::warn!(%error, cause = cause(&error), "the channel layer's server is away");
                }
            }
        }
    }

    /// Runs commands over the connection, within the time limit.
    ///
    /// Without a connection it waits for one, but no longer than until the outage is as old as the limit:
    /// a short one goes unnoticed, in a long one everybody is told at once.
    pub(super) async fn run<T, F>(&self, work: impl FnOnce(MultiplexedConnection) -> F) -> Result<T, Failed>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let started = Instant::now();
        let outcome = match self.ready().await {
            Err(failed) => Err(failed),
            Ok(ready) => self.run_on(ready, self.limit.saturating_sub(started.elapsed()), work).await,
        };
        if outcome.is_err() {
            metrics::layer_failed();
        }
        outcome
    }

    /// The same, but without a connection it is given up at once.
    pub(super) async fn run_if_up<T, F>(
        &self,
        work: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Failed>
    where
        F: Future<Output = RedisResult<T>>,
    {
        if self.has_connection() { self.run(work).await } else { Err(Failed::NotSent(self.shown())) }
    }

    /// Runs commands over a connection that is [ready](Self::ready), within what is left of the time limit.
    pub(super) async fn run_on<T, F>(
        &self,
        ready: Ready,
        left: Duration,
        work: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Failed>
    where
        F: Future<Output = RedisResult<T>>,
    {
        match timeout(left, work(ready.connection)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                if is_broken(&error) {
                    self.breaks(ready.number);
                }
                Err(Failed::Refused(self.shown(), error))
            }
            Err(_) => {
                self.breaks(ready.number);
                Err(Failed::NoAnswer(self.shown(), self.limit))
            }
        }
    }

    /// Waits for a connection, but no longer than until the outage is as old as the limit.
    pub(super) async fn ready(&self) -> Result<Ready, Failed> {
        let mut state = self.state.subscribe();
        loop {
            let since = match &*state.borrow_and_update() {
                State::Up { connection, number } => {
                    return Ok(Ready { connection: connection.clone(), number: *number });
                }
                State::Down { since } => *since,
                State::Closed => return Err(Failed::NotSent(self.shown())),
            };
            match timeout_at((since + self.limit).into(), state.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(Failed::NotSent(self.shown())),
            }
        }
    }

    /// Waits until there is a connection. `false` if there never will be.
    pub(super) async fn is_up(&self) -> bool {
        let mut state = self.state.subscribe();
        let settled = state.wait_for(|state| !matches!(state, State::Down { .. })).await;
        settled.is_ok_and(|state| matches!(*state, State::Up { .. }))
    }

    /// Somebody saw that this connection is broken.
    fn breaks(&self, broken: u64) {
        self.lose(|number| number == broken);
    }

    /// Another connection to the same server broke: this one is not trusted any more. Commands that are under
    /// way on it go on.
    pub(super) fn suspect(&self) {
        self.lose(|_| true);
    }

    fn lose(&self, is_it: impl FnOnce(u64) -> bool) {
        let lost = self.state.send_if_modified(|state| match state {
            State::Up { number, .. } if is_it(*number) => {
                *state = State::Down { since: Instant::now() };
                true
            }
            State::Up { .. } | State::Down { .. } | State::Closed => false,
        });
        if lost {
            self.broken.notify_one();
        }
    }

    /// Ends it: whoever waits for a connection is told.
    pub(super) fn close(&self) {
        self.state.send_replace(State::Closed);
    }
}

/// Whether a connection is of no use after this error. A server that has become a replica takes no writes.
pub(super) fn is_broken(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown))
}

/// What is behind an error, for one line of a log.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
