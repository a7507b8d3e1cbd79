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

/// How long a notice waits: who comes to it late needs it all the more.
#[cfg(feature = "redis")]
const NOTICE: Duration = Duration::from_secs(86_400);

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
    asked: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// How many wait for an event.
    receivers: usize,
    closed: bool,
}

struct Waiting {
    envelope: Envelope,
    expires: Instant,
    /// Where a server had it in its queue.
    #[cfg(feature = "redis")]
    place: f64,
}

impl Waiting {
    fn new(envelope: Envelope, expires: Instant) -> Self {
        Self {
            envelope,
            expires,
            #[cfg(feature = "redis")]
            place: 0.0,
        }
    }
}

impl Mailbox {
    /// A mailbox that holds `capacity` events, each for `expiry`. For those who write layers: the layer keeps
    /// the [`postbox`](Self::postbox).
    pub fn new(name: ChannelName, capacity: usize, expiry: Duration) -> Self {
        let queue =
            Queue { capacity, expiry, state: Mutex::default(), arrived: Notify::new(), asked: Notify::new() };
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
            let _asking = Asking::on(&self.queue);
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

/// Somebody who waits for an event, for as long as it lives.
struct Asking<'a>(&'a Queue);

impl<'a> Asking<'a> {
    fn on(queue: &'a Queue) -> Self {
        queue.lock().receivers += 1;
        queue.asked.notify_waiters();
        Self(queue)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.lock().receivers -= 1;
    }
}

impl Postbox {
    /// Waits until more mailboxes wait for an event than there are events. For a layer whose server keeps the
    /// events of a normal channel: what it fetches before, no other process can have.
    pub async fn wanted(&self) {
        loop {
            let mut asked = pin!(self.0.asked.notified());
            asked.as_mut().enable();
            if self.0.lock().is_wanted() {
                return;
            }
            asked.await;
        }
    }

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
            state.waiting.push_back(Waiting::new(envelope, now + self.0.expiry));
        }
        self.0.arrived.notify_one();
        Offered::Taken
    }

    /// Puts an event in, and counts and logs it if that fails.
    pub(crate) fn deliver(&self, channel: &ChannelName, envelope: &Envelope) -> Offered {
        let offered = self.offer(envelope.clone());
        match offered {
            Offered::Taken => {}
            Offered::Full => {
                metrics::dropped(Reason::Full);
                tracing::debug!(%channel, kind = envelope.kind(), "event dropped: the channel is full");
            }
            Offered::Closed => metrics::dropped(Reason::Gone),
        }
        offered
    }

    /// Puts a notice in, full or not, which does not expire with the events. Where one of its type is the newest that waits, it has said everything:
    /// so a full channel holds one more than it may, and no second.
    #[cfg(feature = "redis")]
    pub(crate) fn announce(&self, notice: &Envelope) {
        {
            let mut state = self.0.lock();
            let said = state.waiting.back().is_some_and(|last| last.envelope.kind() == notice.kind());
            if state.closed || said {
                return;
            }
            state.waiting.push_back(Waiting::new(notice.clone(), Instant::now() + NOTICE));
        }
        self.0.arrived.notify_one();
    }

    /// Puts an event in that somebody [wants](Self::wanted), with its place in the server's queue.
    #[cfg(feature = "redis")]
    pub(crate) fn hand_over(&self, envelope: Envelope, place: f64) {
        let waiting = Waiting { place, ..Waiting::new(envelope, Instant::now() + self.0.expiry) };
        self.0.lock().waiting.push_back(waiting);
        self.0.arrived.notify_one();
    }

    /// Takes back what nobody received, with its place in the server's queue.
    #[cfg(feature = "redis")]
    pub(crate) fn take_back(&self) -> Vec<(Envelope, f64)> {
        let waiting = std::mem::take(&mut self.0.lock().waiting);
        waiting.into_iter().map(|waiting| (waiting.envelope, waiting.place)).collect()
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
    fn is_wanted(&self) -> bool {
        self.receivers > self.waiting.len()
    }

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
