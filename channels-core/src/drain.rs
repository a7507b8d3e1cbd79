//! How an application ends: every connection told, every `disconnect` run, within a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::{Channels, CloseCode, Rejection, limits::LONGEST, random};

/// How an application ends: for [`Channels::drain`].
///
/// ```
/// # use std::time::Duration;
/// # use channels_core::*;
/// let channels = Channels::new(MemoryLayer::default())
///     .drain(Drain { within: Duration::from_secs(60), ..Drain::default() });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long it may take in all. Default 30 s, as actix's `shutdown_timeout`.
    pub within: Duration,

    /// How many connections are closed at a time. Default 1,000.
    pub batch: usize,

    /// How long it waits between two batches, on average; less, if the batches would take more than half of
    /// [`within`](Self::within). Default 200 ms.
    pub pause: Duration,

    /// Within what time clients should spread their coming back: the close frame says so. Default 5 s.
    pub spread: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            within: Duration::from_secs(30),
            batch: 1_000,
            pause: Duration::from_millis(200),
            spread: Duration::from_secs(5),
        }
    }
}

impl Channels {
    /// Ends the application as [`drain`](Self::drain) says: refuses new connections with 503, closes all others with
    /// 1012, batch by batch, and returns when every `disconnect` hook has run, or the time is over. Meanwhile its
    /// workers take no new jobs, and end those they have.
    pub async fn shutdown(&self) {
        let workers = self.workers();
        tokio::join!(self.end_connections(), workers.stop(self.drained().within));
    }

    async fn end_connections(&self) {
        let Drain { within, batch, pause, spread } = self.drained();
        let within = within.min(LONGEST);
        let deadline = Instant::now() + within;
        let registry = self.registry();
        let seconds = registry.start_draining(spread);

        let connections = registry.all();
        let batches = connections.chunks(batch.max(1));
        let longest_pause = within / 2 / u32::try_from(batches.len()).unwrap_or(u32::MAX).max(1);
        for (number, batch) in batches.enumerate() {
            if number > 0 {
                sleep(pause.min(longest_pause).mul_f64(0.5 + random::part_of_one())).await;
            }
            batch.iter().for_each(|connection| connection.reject(restart(seconds)));
        }
        if timeout_at(deadline, registry.empty()).await.is_err() {
            tracing::warn!(left = self.connections(), "connections are cut off: they did not end in time");
        }
    }

    /// For `HttpServer::shutdown_signal`: waits for `signal`, then does what [`shutdown`](Self::shutdown) does.
    ///
    /// ```no_run
    /// # use actix_web::{App, HttpServer};
    /// # use channels_core::*;
    /// # #[actix_web::main]
    /// # async fn main() -> std::io::Result<()> {
    /// # let channels = Channels::new(MemoryLayer::default());
    /// # let signal = async {};
    /// let shutdown = channels.shutdown_on(signal);
    /// HttpServer::new(move || App::new().configure(channels.routes()))
    ///     .bind("127.0.0.1:8000")?
    ///     .shutdown_signal(shutdown)
    ///     .run()
    ///     .await
    /// # }
    /// ```
    pub fn shutdown_on<S>(&self, signal: S) -> impl Future<Output = ()> + Send + 'static + use<S>
    where
        S: Future + Send + 'static,
        S::Output: Send,
    {
        let this = self.clone();
        async move {
            signal.await;
            this.shutdown().await;
        }
    }
}

/// What a connection is told when the server ends: its client spreads its coming back over so many seconds.
pub(crate) fn restart(seconds: u64) -> Rejection {
    Rejection::new(CloseCode::RESTART, format!("the server restarts, come back within {seconds} s"))
}
