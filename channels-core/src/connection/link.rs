//! What all parts of one connection share: reader, driver, groups, and the actor that owns them.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_web::http::header::{HeaderName, HeaderValue};
use bytes::Bytes;
use channels_layer::wire::websocket::{self, Opcode};
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep},
};

use super::{ConnectionId, Terms};
use crate::{
    CloseCode, CloseReason, Limits, Rejection, metrics,
    transport::{Agreed, Encoding, Outbound, Relayed},
};

/// What all parts of one connection share. It lives on one worker.
#[derive(Clone)]
pub(crate) struct Link(Rc<Shared>);

struct Shared {
    id: ConnectionId,
    limits: Arc<Limits>,
    terms: Terms,
    outbound: Outbound,
    phase: RefCell<Phase>,
    /// Set when the connection ends by something other than its consumer.
    end: Cell<Option<End>>,
    ended: Notify,
    /// Whether there is a consumer, whose hooks have deadlines of their own.
    driven: Cell<bool>,
    let_go: Notify,
    /// Whether middleware accepted the connection, and the consumer has not yet.
    early: Cell<bool>,
    heard: Cell<Instant>,
    /// When the last message came.
    spoke: Cell<Instant>,
    /// Since when something has been coming that is not all there.
    midway: Cell<Option<Instant>>,
    /// Whether the reader waits for the consumer, and so cannot hear the client.
    deaf: Cell<bool>,
}

enum Phase {
    /// The client waits for the answer to its request.
    Connecting(oneshot::Sender<Answer>),
    Open,
    Closed {
        code: CloseCode,
        was_open: bool,
    },
}

/// How a connection ends by something other than its consumer.
#[derive(Clone, Copy)]
enum End {
    /// What the client sent before is still for the consumer.
    AfterInbox,
    AtOnce(CloseCode),
}

/// What becomes of the frames that wait when a connection is closed.
enum Waiting {
    Sent,
    /// Why, as the metric says it.
    Dropped(&'static str),
}

/// The answer to a request to connect.
#[derive(Debug)]
pub(crate) enum Answer {
    Accept(Accept),
    Refuse(Rejection),
}

/// How a connection is accepted: with a subprotocol, with headers.
#[derive(Clone, Debug, Default)]
pub struct Accept {
    pub(crate) subprotocol: Option<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Accept {
    /// Answers with this subprotocol, one of those that the client offered. By default none.
    #[must_use]
    pub fn subprotocol(mut self, subprotocol: impl Into<String>) -> Self {
        self.subprotocol = Some(subprotocol.into());
        self
    }

    /// Adds a header to the response, such as a cookie.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// What a socket is asked at the wrong time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// `accept` on a connection that is accepted.
    #[error("the connection is already accepted; call accept once")]
    AlreadyAccepted,
    /// `send` on a connection that is not accepted yet.
    #[error("the connection is not accepted yet; call accept before you send")]
    NotAccepted,
    /// The connection is closed, by whichever side.
    #[error("the connection is closed")]
    Closed,
}

impl Link {
    pub(crate) fn new(limits: Arc<Limits>, terms: Terms) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        let shared = Shared {
            id: ConnectionId::next(),
            outbound: Outbound::new(&limits),
            limits,
            terms,
            phase: RefCell::new(Phase::Connecting(answer)),
            end: Cell::new(None),
            ended: Notify::new(),
            driven: Cell::new(false),
            let_go: Notify::new(),
            early: Cell::new(false),
            heard: Cell::new(Instant::now()),
            spoke: Cell::new(Instant::now()),
            midway: Cell::new(None),
            deaf: Cell::new(false),
        };
        (Self(Rc::new(shared)), answered)
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.0.id
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// Whether messages are compressed, and how.
    pub(crate) fn compression(&self) -> Option<Agreed> {
        self.0.terms.compression
    }

    /// A message as the frame that this client gets.
    pub(crate) fn frame(&self, opcode: Opcode, payload: &[u8]) -> Bytes {
        let compressed = self.compression().and_then(|agreed| agreed.frame(opcode, payload));
        compressed.unwrap_or_else(|| websocket::frame(opcode, payload))
    }

    /// How an event's frame, which others share, has to look for this client.
    pub(crate) fn encoding(&self) -> Encoding {
        self.compression().map_or(Encoding::Plain, Agreed::encoding)
    }

    pub(crate) fn was_open(&self) -> bool {
        matches!(*self.0.phase.borrow(), Phase::Open | Phase::Closed { was_open: true, .. })
    }

    /// The code the connection was closed with, if it is closed.
    pub(crate) fn closed(&self) -> Option<CloseCode> {
        match &*self.0.phase.borrow() {
            Phase::Closed { code, .. } => Some(*code),
            Phase::Connecting(_) | Phase::Open => None,
        }
    }

    pub(crate) fn accept(&self, accept: Accept) -> Result<(), SocketError> {
        let mut phase = self.0.phase.borrow_mut();
        match std::mem::replace(&mut *phase, Phase::Open) {
            Phase::Connecting(answer) => {
                if answer.send(Answer::Accept(accept)).is_err() {
                    // the request was given up meanwhile
                    *phase = Phase::Closed { code: CloseCode::ABNORMAL, was_open: false };
                    return Err(SocketError::Closed);
                }
                metrics::accepted();
                Ok(())
            }
            Phase::Open if self.0.early.take() => Ok(()),
            Phase::Open => Err(SocketError::AlreadyAccepted),
            closed @ Phase::Closed { .. } => {
                *phase = closed;
                Err(SocketError::Closed)
            }
        }
    }

    /// Accepts the connection before there is a consumer, whose own `accept` then does nothing.
    pub(crate) fn accept_early(&self, accept: Accept) {
        self.0.early.set(self.accept(accept).is_ok());
    }

    /// Queues a frame of the consumer's; waits for room.
    pub(crate) async fn send(&self, frame: Bytes) -> Result<(), SocketError> {
        match &*self.0.phase.borrow() {
            Phase::Connecting(_) => return Err(SocketError::NotAccepted),
            Phase::Closed { .. } => return Err(SocketError::Closed),
            Phase::Open => {}
        }
        self.outbound().send(frame).await.or(Err(SocketError::Closed))
    }

    /// Queues the frame of an event of type `event`; never waits. A client that is too slow is closed, where
    /// that is the policy.
    pub(crate) fn relay(&self, frame: Bytes, event: &'static str) {
        match self.outbound().relay(frame, event) {
            Relayed::Queued => {}
            Relayed::Closed => metrics::event_dropped("gone"),
            Relayed::Dropped(count) => {
                metrics::events_dropped("slow", count);
                tracing::debug!(connection = %self.id(), count, "events dropped: the client does not read fast enough");
            }
            Relayed::Overflow => {
                metrics::event_dropped("slow");
                tracing::info!(connection = %self.id(), "closed: the client does not read fast enough");
                self.evict(Rejection::new(CloseCode::SLOW_CONSUMER, "slow consumer"));
            }
        }
    }

    /// Closes the connection from within, after all that was sent. The first to close decides the code.
    pub(crate) fn close(&self, rejection: impl Into<Rejection>) {
        self.finish(rejection.into(), Waiting::Sent);
    }

    /// Closes the connection for something the client did, after all that was sent to it; what it sent before
    /// is still for the consumer.
    pub(crate) fn dismiss(&self, rejection: Rejection) {
        self.finish(rejection, Waiting::Sent);
        self.end(End::AfterInbox);
    }

    /// Closes the connection from outside, after all that was sent, and stops its driver.
    pub(crate) fn kick(&self, rejection: impl Into<Rejection>) {
        let rejection = rejection.into();
        let code = rejection.code();
        self.finish(rejection, Waiting::Sent);
        self.end(End::AtOnce(code));
    }

    /// Closes the connection from outside, before all that waits to be sent, and stops its driver.
    pub(crate) fn evict(&self, rejection: impl Into<Rejection>) {
        let rejection = rejection.into();
        let code = rejection.code();
        self.finish(rejection, Waiting::Dropped("slow"));
        self.end(End::AtOnce(code));
    }

    /// The client closed the connection: answers with its own code (RFC 6455 section 5.5.1).
    pub(crate) fn closed_by_peer(&self, reason: Option<CloseReason>) {
        let code = reason.map_or(CloseCode::NO_STATUS, |reason| reason.code);
        self.finish(code.into(), Waiting::Sent);
        self.outbound().end();
        self.end(End::AfterInbox);
    }

    /// Shuts the socket down under all who wait for it.
    pub(crate) fn cut(&self) {
        if !self.0.terms.cutter.cut() {
            tracing::debug!(connection = %self.id(), "the socket is left to the kernel: see `Channels::tune`");
        }
    }

    /// The connection is gone: nothing can be sent any more.
    pub(crate) fn lost(&self) {
        self.finish(CloseCode::ABNORMAL.into(), Waiting::Dropped("gone"));
        metrics::events_dropped("gone", self.outbound().abandon());
        self.end(End::AfterInbox);
    }

    fn finish(&self, rejection: Rejection, waiting: Waiting) {
        let reason = rejection.to_reason();
        let before = {
            let mut phase = self.0.phase.borrow_mut();
            let was_open = match &*phase {
                Phase::Connecting(_) => false,
                Phase::Open => true,
                Phase::Closed { .. } => return,
            };
            std::mem::replace(&mut *phase, Phase::Closed { code: reason.code, was_open })
        };
        match (before, waiting) {
            (Phase::Connecting(answer), _) => {
                // nothing that a group sent meanwhile reaches a client that is refused
                metrics::events_dropped("gone", self.outbound().close_now(&reason));
                if answer.send(Answer::Refuse(rejection)).is_err() {
                    tracing::debug!(connection = %self.id(), "the request was given up before it was answered");
                }
            }
            (Phase::Open | Phase::Closed { .. }, Waiting::Sent) => self.outbound().close(&reason),
            (Phase::Open | Phase::Closed { .. }, Waiting::Dropped(why)) => {
                metrics::events_dropped(why, self.outbound().close_now(&reason));
            }
        }
    }

    fn end(&self, end: End) {
        if !matches!(self.0.end.get(), Some(End::AtOnce(_))) {
            self.0.end.set(Some(end));
        }
        self.0.ended.notify_waiters();
    }

    /// The code, if it was the consumer that closed the connection.
    pub(crate) fn closed_from_within(&self) -> Option<CloseCode> {
        self.closed().filter(|_| self.0.end.get().is_none())
    }

    /// Waits until the connection is to end at once.
    pub(crate) async fn stopped(&self) -> CloseCode {
        loop {
            let ended = self.0.ended.notified();
            if let Some(End::AtOnce(code)) = self.0.end.get() {
                return code;
            }
            ended.await;
        }
    }

    /// Waits until a hook has had its time after the connection was ended by something else.
    pub(crate) async fn overdue(&self) {
        let ended = self.0.ended.notified();
        if self.0.end.get().is_none() {
            ended.await;
        }
        sleep(self.limits().close_timeout).await;
    }

    /// From here on there is a consumer, until what is returned is dropped.
    pub(crate) fn driven(&self) -> Driven {
        self.0.driven.set(true);
        Driven(self.clone())
    }

    /// Waits until middleware has had its time after the connection was ended and its consumer, if it had
    /// one, was done.
    pub(crate) async fn deserted(&self) {
        loop {
            self.overdue().await;
            if !self.0.driven.get() {
                return;
            }
            self.0.let_go.notified().await;
        }
    }

    /// The client gave a sign of life.
    pub(crate) fn heard(&self) {
        self.0.heard.set(Instant::now());
    }

    /// The client sent a message.
    pub(crate) fn spoke(&self) {
        self.0.spoke.set(Instant::now());
        self.0.midway.set(None);
    }

    /// Whether the last that was read is the beginning of something.
    pub(crate) fn midway(&self, midway: bool) {
        let since = self.0.midway.get().unwrap_or_else(Instant::now);
        self.0.midway.set(midway.then_some(since));
    }

    /// When a client that takes nothing counts as lost.
    pub(crate) fn write_due(&self) -> Option<Instant> {
        Some(self.outbound().stalled_since()? + self.limits().write_timeout)
    }

    /// When a message that has begun to come must be there.
    pub(crate) fn message_due(&self) -> Option<Instant> {
        Some(self.0.midway.get()? + self.limits().message_timeout)
    }

    /// When a client that may not be silent must have said something.
    pub(crate) fn message_wanted(&self) -> Option<Instant> {
        let spoke = if self.0.deaf.get() { Instant::now() } else { self.0.spoke.get() };
        Some(spoke + self.limits().idle?)
    }

    /// The reader waits for the consumer, or no longer.
    pub(crate) fn set_deaf(&self, deaf: bool) {
        self.0.deaf.set(deaf);
        self.heard();
    }

    /// For how long the client has been silent while we listened.
    pub(crate) fn silent_for(&self) -> Duration {
        if self.0.deaf.get() { Duration::ZERO } else { self.0.heard.get().elapsed() }
    }
}

/// As long as it lives, a consumer runs.
pub(crate) struct Driven(Link);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.0.driven.set(false);
        self.0.0.let_go.notify_one();
    }
}
