//! Workers: consumers of normal channels, each on threads of its own, in a server or in a program without one.

mod crew;
mod job;
mod orders;
mod outcome;
mod source;
mod work;

use std::{
    fmt, io,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use channels_layer::{ChannelLayer, ChannelName, Layer};
use futures_util::future::{Either, select};

use self::{
    crew::Crew,
    orders::{Command, Orders},
};
pub use self::{job::Job, work::Work};
use crate::{Drain, Handlers, Worker, consumer::Dispatch};

/// Starts one worker's threads.
type Start = Arc<dyn Fn(&Layer, &Orders) -> io::Result<()> + Send + Sync>;

/// A program that works on jobs, without a server: Django's `manage.py runworker`. Cheap to clone.
///
/// ```no_run
/// # use channels_core::*;
/// # struct Thumbnails;
/// # impl Thumbnails { fn new() -> Self { Self } }
/// # impl Worker for Thumbnails { fn events(_: &mut Handlers<Self, Job>) {} }
/// # async fn ctrl_c() {}
/// # #[actix_web::main]
/// # async fn main() -> std::io::Result<()> {
/// # let layer = MemoryLayer::default();
/// Workers::new(layer) // a layer that other processes are on
///     .worker("thumbnails", Thumbnails::new)
///     .run_until(ctrl_c())
///     .await
/// # }
/// ```
///
/// A server that is to work, too, has [`Channels::worker`](crate::Channels::worker).
#[derive(Clone)]
pub struct Workers {
    layer: Layer,
    within: Duration,
    crews: Vec<(ChannelName, Start)>,
    running: Arc<Mutex<Option<Arc<Command>>>>,
}

impl Workers {
    /// A program without workers, on a channel layer.
    pub fn new(layer: impl ChannelLayer) -> Self {
        Self::on(Layer::new(layer))
    }

    /// The same on a layer that others use too.
    pub fn on(layer: Layer) -> Self {
        Self { layer, within: Drain::default().within, crews: Vec::new(), running: Arc::default() }
    }

    /// Works on a channel, beside whoever else does: each job goes to one of them. `factory` makes a value for each job
    /// at a time.
    ///
    /// It has threads of its own, so that a job which computes or blocks keeps no connection waiting.
    ///
    /// # Panics
    ///
    /// If the name is none of a normal channel, or an event has two handlers, or none has one. This shows at start-up.
    #[must_use]
    #[track_caller]
    pub fn worker<W, F>(mut self, work: impl Into<Work>, factory: F) -> Self
    where
        W: Worker,
        F: Fn() -> W + Send + Sync + 'static,
    {
        let work = work.into();
        let channel = match ChannelName::new(work.channel.as_str()) {
            Ok(channel) => channel,
            Err(error) => panic!("a worker cannot work on {:?}: {error}", work.channel),
        };
        assert!(
            !channel.is_specific(),
            "a worker works on a normal channel, without `!`, and not on {channel}"
        );
        let handlers = Dispatch::collect(|on: &mut Handlers<W, Job>| W::events(on));
        assert!(
            !handlers.ways.is_empty(),
            "the worker on {channel} takes no events; register some in its `events`"
        );
        let crew = Arc::new(Crew { channel: channel.clone(), work, handlers, factory: Box::new(factory) });
        self.crews.push((channel, Arc::new(move |layer, orders| crew.start(layer, orders))));
        // a clone without this worker may run already
        self.running = Arc::default();
        self
    }

    /// How long workers may take to end the jobs they have when the program ends. Then these are dropped at their
    /// await, logged and counted. Default 30 s, as for a [server](crate::Drain::within).
    #[must_use]
    pub fn drain_within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Works until `signal`, then takes no more jobs, and returns when those under way have ended, or the
    /// [time for that](Self::drain_within) is over.
    ///
    /// # Errors
    ///
    /// [`io::Error`] if a thread could not be started, or all workers ended by themselves because the layer was closed.
    ///
    /// # Panics
    ///
    /// If there is no worker.
    #[track_caller]
    pub fn run_until<S: Future>(self, signal: S) -> impl Future<Output = io::Result<()>> + use<S> {
        assert!(!self.crews.is_empty(), "there is no worker to run: add `.worker(\"name\", ..)`");
        async move {
            let command = self.start()?;
            let (signal, ended) = (pin!(signal), pin!(command.ended()));
            match select(signal, ended).await {
                Either::Left(_) => {
                    self.stop(self.within).await;
                    Ok(())
                }
                Either::Right(_) => Err(io::Error::other("the workers ended: the channel layer was closed")),
            }
        }
    }

    /// Starts the threads, unless they run.
    pub(crate) fn start(&self) -> io::Result<Arc<Command>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(command) = &*running {
            return Ok(Arc::clone(command));
        }
        let (command, orders) = Command::new();
        for (_, start) in &self.crews {
            start(&self.layer, &orders)?;
        }
        Ok(Arc::clone(running.insert(Arc::new(command))))
    }

    /// Ends the threads, if they run.
    pub(crate) async fn stop(&self, within: Duration) {
        let command = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(command) = command else { return };
        if !command.end(within).await {
            tracing::warn!("workers are cut off: a job that does not wait cannot be dropped");
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channels: Vec<_> = self.crews.iter().map(|(channel, _)| channel.as_str()).collect();
        f.debug_struct("Workers").field("channels", &channels).finish_non_exhaustive()
    }
}
