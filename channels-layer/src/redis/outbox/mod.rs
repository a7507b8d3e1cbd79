//! Events that wait in this process for a server that is away.

mod options;

use std::{
    collections::{BTreeMap, VecDeque},
    mem::take,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    runtime::Handle,
    select,
    sync::{Notify, oneshot},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

pub use self::options::{OnOutage, OutboxStats};
use super::{
    backoff::Backoff,
    link::{cause, was_not_sent},
};
use crate::{
    ChannelName, Delivery, Envelope, Group, LayerError,
    capacity::LONGEST,
    metrics::{self, Reason},
};

/// What one that waits costs beside its bytes.
const OVERHEAD: usize = size_of::<Waiting>() + 128;

/// What goes one after the other: to one server, or to one slot of a cluster.
pub(super) type Lane = usize;

/// For whom an event is.
#[derive(Clone, Debug)]
pub(super) enum To {
    Channel(ChannelName),
    Group(Group),
}

/// What an outbox asks of its layer.
#[async_trait]
pub(super) trait Sends: Send + Sync + 'static {
    fn outbox(&self) -> Option<&Outbox>;

    fn lane_of(&self, to: &To) -> Lane;

    /// Whether a lane's server seems to be there at the moment, and how long a call may take.
    fn has_connection(&self, lane: Lane) -> bool;

    fn time_limit(&self) -> Duration;

    /// Waits until a lane's server seems to be there. `false` if it never will be.
    async fn is_up(&self, lane: Lane) -> bool;

    /// Sends without waiting for a connection: see [`was_not_sent`].
    async fn send_now(&self, to: &To, event: &Envelope) -> Result<Delivery, LayerError>;
}

/// Events that wait in this process for a server that is away.
#[derive(Debug)]
pub(super) struct Outbox {
    most: usize,
    most_bytes: usize,
    for_at_most: Duration,
    runtime: Handle,
    state: Mutex<State>,
    /// That nothing waits any more.
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    lanes: BTreeMap<Lane, VecDeque<Waiting>>,
    stats: OutboxStats,
    closed: bool,
    /// One for each lane.
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Waiting {
    to: To,
    event: Envelope,
    bytes: usize,
    until: Instant,
    /// Whoever waits for what becomes of it.
    answer: oneshot::Sender<Result<Delivery, LayerError>>,
}

/// What became of one that waited.
#[derive(Clone, Copy)]
enum End {
    Sent,
    Expired,
    /// There was no room in its channel, which is counted as that.
    Full,
    Lost,
}

impl Outbox {
    /// `None` if nothing is to wait.
    ///
    /// # Panics
    ///
    /// If there is no runtime here to send what has waited.
    pub(super) fn new(on_outage: OnOutage) -> Option<Self> {
        let OnOutage::Queue { events, bytes, for_at_most } = on_outage else { return None };
        Some(Self {
            most: events,
            most_bytes: bytes,
            for_at_most: for_at_most.min(LONGEST),
            runtime: Handle::current(),
            state: Mutex::default(),
            idle: Notify::new(),
        })
    }

    // No code of others runs under this lock, so what a poisoned one guards is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stats(&self) -> OutboxStats {
        self.lock().stats
    }

    fn is_waited_in(&self, lane: Lane) -> bool {
        self.lock().lanes.contains_key(&lane)
    }

    fn push<S: Sends>(
        &self,
        layer: &Arc<S>,
        lane: Lane,
        to: To,
        event: Envelope,
    ) -> Result<oneshot::Receiver<Result<Delivery, LayerError>>, LayerError> {
        // what cannot be written fails where it was sent
        let bytes = event.to_msgpack()?.len() + event.kind().len() + OVERHEAD;
        let until = Instant::now() + self.for_at_most;
        let mut state = self.lock();
        if state.closed {
            return Err(LayerError::Unavailable("the layer was closed".into()));
        }
        if state.stats.waiting >= self.most || state.stats.bytes.saturating_add(bytes) > self.most_bytes {
            let OutboxStats { waiting, bytes, .. } = state.stats;
            return Err(LayerError::OutboxFull { waiting, bytes });
        }
        state.stats.waiting += 1;
        state.stats.bytes += bytes;
        metrics::outbox(1.0, bytes as f64);
        let (answer, outcome) = oneshot::channel();
        let waiting = Waiting { to, event, bytes, until, answer };
        match state.lanes.get_mut(&lane) {
            Some(lane) => lane.push_back(waiting),
            None => {
                state.lanes.insert(lane, VecDeque::from([waiting]));
                while state.tasks.try_join_next().is_some() {}
                state.tasks.spawn_on(drain(Arc::clone(layer), lane), &self.runtime);
            }
        }
        Ok(outcome)
    }

    /// The oldest of a lane, and until when it may wait. It stays there while it is sent: what is newer waits
    /// behind it.
    fn first(&self, lane: Lane) -> Option<(To, Envelope, Instant)> {
        let state = self.lock();
        let first = state.lanes.get(&lane)?.front()?;
        Some((first.to.clone(), first.event.clone(), first.until))
    }

    /// What became of the oldest of a lane. Says whether there are more.
    fn ends(&self, lane: Lane, end: End, outcome: Result<Delivery, LayerError>) -> bool {
        let mut state = self.lock();
        let Some(waiting) = state.lanes.get_mut(&lane) else { return false };
        let Some(first) = waiting.pop_front() else { return false };
        let is_empty = waiting.is_empty();
        if is_empty {
            state.lanes.remove(&lane);
        }
        state.stats.note(&first, end);
        if first.answer.send(outcome).is_err() {
            tracing::trace!("nobody waited for what became of an event");
        }
        if state.lanes.is_empty() {
            self.idle.notify_waiters();
        }
        !is_empty
    }

    /// Nothing is taken any more. Waits until all is sent, but no longer than `limit`; what is left then is lost.
    async fn close(&self, limit: Duration) -> Result<(), LayerError> {
        let mut idle = pin!(self.idle.notified());
        idle.as_mut().enable();
        let is_empty = {
            let mut state = self.lock();
            state.closed = true;
            state.lanes.is_empty()
        };
        if !is_empty && timeout(limit, idle).await.is_err() {
            tracing::debug!("the server has not come back in time for what waits");
        }
        match self.abandon() {
            0 => Ok(()),
            lost => Err(LayerError::Unsent(lost)),
        }
    }

    /// Ends it. Says how many were not sent.
    pub(super) fn abandon(&self) -> usize {
        let mut state = self.lock();
        state.closed = true;
        state.tasks.abort_all();
        let left: Vec<_> = take(&mut state.lanes).into_values().flatten().collect();
        left.iter().for_each(|waiting| state.stats.note(waiting, End::Lost));
        if !left.is_empty() {
            tracing::warn!(
                events = left.len(),
                "events lost: they still waited for the server when the layer ended"
            );
        }
        left.len()
    }
}

impl OutboxStats {
    fn note(&mut self, waiting: &Waiting, end: End) {
        self.waiting -= 1;
        self.bytes -= waiting.bytes;
        metrics::outbox(-1.0, -(waiting.bytes as f64));
        match end {
            End::Sent => self.sent += 1,
            End::Expired => self.expired += 1,
            End::Full | End::Lost => self.lost += 1,
        }
        if matches!(end, End::Expired | End::Lost) {
            metrics::dropped(Reason::Unsent);
        }
    }
}

/// Ends an outbox, if there is one: see [`Outbox::close`].
pub(super) async fn close(outbox: Option<&Outbox>, limit: Duration) -> Result<(), LayerError> {
    match outbox {
        Some(outbox) => outbox.close(limit).await,
        None => Ok(()),
    }
}

/// Sends an event, or lets it wait where that is wished for: if the server is away, or others wait for it.
pub(super) async fn send<S: Sends>(layer: &Arc<S>, to: To, event: Envelope) -> Result<Delivery, LayerError> {
    let Some(outbox) = layer.outbox() else { return layer.send_now(&to, &event).await };
    let lane = layer.lane_of(&to);
    if !outbox.is_waited_in(lane) {
        match layer.send_now(&to, &event).await {
            Err(error) if was_not_sent(&error) => {}
            outcome => return outcome,
        }
    }
    let outcome = outbox.push(layer, lane, to, event)?;
    if !layer.has_connection(lane) {
        return Ok(Delivery::default());
    }
    // who could send faster than what waits is sent would keep it waiting for ever
    match timeout(layer.time_limit(), outcome).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(LayerError::Unavailable("the layer was closed".into())),
        Err(_) => Ok(Delivery::default()),
    }
}

/// Sends what waits in a lane, until nothing does.
async fn drain<S: Sends>(layer: Arc<S>, lane: Lane) {
    let Some(outbox) = layer.outbox() else { return };
    let (mut is_up, mut backoff) = (false, Backoff::default());
    while let Some((to, event, until)) = outbox.first(lane) {
        if !is_up {
            select! {
                biased;
                () = sleep_until(until) => {}
                there = layer.is_up(lane) => {
                    if !there {
                        return;
                    }
                    is_up = true;
                }
            }
        }
        let (end, outcome) = if Instant::now() >= until {
            tracing::warn!(kind = event.kind(), "event lost: it waited too long for the server");
            (End::Expired, Err(LayerError::Unavailable("the event waited too long for the server".into())))
        } else {
            match layer.send_now(&to, &event).await {
                Ok(delivery) => {
                    backoff.reset();
                    (End::Sent, Ok(delivery))
                }
                Err(error) if was_not_sent(&error) => {
                    is_up = false;
                    sleep(backoff.next()).await;
                    continue;
                }
                Err(error) => {
                    is_up = false;
                    tracing::warn!(
                        kind = event.kind(), %error, cause = cause(&error),
                        "event lost: it waited for the server, and was not sent"
                    );
                    let is_full = matches!(error, LayerError::ChannelFull { .. });
                    (if is_full { End::Full } else { End::Lost }, Err(error))
                }
            }
        };
        if !outbox.ends(lane, end, outcome) {
            return;
        }
    }
}
