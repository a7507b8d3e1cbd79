//! The two ends of a channel within a process: what puts events in, and what takes them out.

use std::{
    collections::VecDeque,
    fmt,
    ops::ControlFlow,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    ChannelName, Envelope,
    metrics::{self, Reason},
};

/// The receiving end of a channel. Dropping it leaves every group.
pub struct Mailbox {
    name: ChannelName,
    queue: Arc<Queue>,
    release: Option<Box<dyn FnOnce() + Send + Sync>>,
}

/// The sending end of a channel within its process. Cheap to clone.
#[derive(Clone)]
pub struct Postbox(Arc<Queue>);

/// What became of an event that was offered to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an event that was not taken has to be counted"]
pub enum Offered {
    /// It waits to be received.
    Taken,
    /// The channel holds as many as it may.
    Full,
    /// Nobody can receive it any more.
    Closed,
}

struct Queue {
    capacity: usize,
    expiry: Duration,
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    closed: bool,
}

struct Waiting {
    envelope: Envelope,
    expires: Instant,
}

impl Mailbox {
    /// A mailbox that holds `capacity` events, each for `expiry`. For those who write layers: the layer keeps
    /// the [`postbox`](Self::postbox).
    pub fn new(name: ChannelName, capacity: usize, expiry: Duration) -> Self {
        let queue = Queue { capacity, expiry, state: Mutex::default(), arrived: Notify::new() };
        Self { name, queue: Arc::new(queue), release: None }
    }

    /// A further mailbox on the same channel: each event goes to one of them.
    pub(crate) fn on(name: ChannelName, postbox: &Postbox) -> Self {
        Self { name, queue: Arc::clone(&postbox.0), release: None }
    }

    /// Runs `release` when the mailbox is dropped: where a layer forgets the channel and its groups.
    #[must_use]
    pub fn on_drop(mut self, release: impl FnOnce() + Send + Sync + 'static) -> Self {
        self.release = Some(Box::new(release));
        self
    }

    /// The channel's name, for others to send to.
    pub fn name(&self) -> &ChannelName {
        &self.name
    }

    /// The end that puts events in.
    pub fn postbox(&self) -> Postbox {
        Postbox(Arc::clone(&self.queue))
    }

    /// Waits for the next event, in the order they were sent. `None` if the layer closed the channel and
    /// nothing is left.
    ///
    /// Cancel safe: an event is either returned or still there. Events that waited too long are skipped and
    /// counted.
    pub async fn recv(&mut self) -> Option<Envelope> {
        loop {
            if let ControlFlow::Break(next) = self.queue.next() {
                return next;
            }
            let mut arrived = pin!(self.queue.arrived.notified());
            // two events that arrive while nobody waits leave one notice, too few for two mailboxes: from here
            // on this one waits, and then looks again
            arrived.as_mut().enable();
            if let ControlFlow::Break(next) = self.queue.next() {
                return next;
            }
            arrived.await;
        }
    }

    /// The next event if there is one.
    pub fn try_recv(&mut self) -> Option<Envelope> {
        self.queue.lock().take()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            release();
        }
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Postbox {
    /// Puts an event in, if there is room. Never waits.
    pub fn offer(&self, envelope: Envelope) -> Offered {
        let now = Instant::now();
        {
            let mut state = self.0.lock();
            if state.closed {
                return Offered::Closed;
            }
            if state.waiting.len() >= self.0.capacity {
                state.drop_expired(now);
            }
            if state.waiting.len() >= self.0.capacity {
                return Offered::Full;
            }
            state.waiting.push_back(Waiting { envelope, expires: now + self.0.expiry });
        }
        self.0.arrived.notify_one();
        Offered::Taken
    }

    /// Ends the channel: what waits can still be received, nothing new is taken.
    pub fn close(&self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_waiters();
        self.0.arrived.notify_one();
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.0.lock().waiting.len()
    }

    /// Whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events may wait.
    pub fn capacity(&self) -> usize {
        self.0.capacity
    }

    /// Ends the channel and drops what waits: nobody is left to receive it.
    pub(crate) fn abandon(&self) {
        let unread = {
            let mut state = self.0.lock();
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        for waiting in unread {
            metrics::dropped(Reason::Gone);
            tracing::debug!(kind = waiting.envelope.kind(), "event dropped: its channel is gone");
        }
    }

    /// Drops what waits, uncounted: somebody asked for it.
    pub(crate) fn clear(&self) {
        self.0.lock().waiting = VecDeque::new();
    }

    /// Drops what waited too long, and says how many those were.
    pub(crate) fn drop_expired(&self) -> usize {
        self.0.lock().drop_expired(Instant::now())
    }
}

impl fmt::Debug for Postbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postbox").field("len", &self.len()).field("capacity", &self.0.capacity).finish()
    }
}

impl Queue {
    // Nothing that can panic runs under this lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a receiver gets, unless it has to wait.
    fn next(&self) -> ControlFlow<Option<Envelope>> {
        let mut state = self.lock();
        match state.take() {
            None if !state.closed => ControlFlow::Continue(()),
            next => ControlFlow::Break(next),
        }
    }
}

impl State {
    fn take(&mut self) -> Option<Envelope> {
        if !self.waiting.is_empty() {
            self.drop_expired(Instant::now());
        }
        self.waiting.pop_front().map(|waiting| waiting.envelope)
    }

    fn drop_expired(&mut self, now: Instant) -> usize {
        let expired = self.waiting.iter().take_while(|waiting| waiting.expires <= now).count();
        for waiting in self.waiting.drain(..expired) {
            metrics::dropped(Reason::Expired);
            tracing::debug!(kind = waiting.envelope.kind(), "event dropped: nobody received it in time");
        }
        expired
    }
}
