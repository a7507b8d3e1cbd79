//! Frames on their way out: a queue bounded in bytes, which is the body of the 101 response.

use std::{
    cell::RefCell,
    collections::VecDeque,
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_web::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use channels_layer::wire::websocket::{self, Opcode};
use tokio::time::Instant;

use crate::{CloseCode, CloseReason, Limits, Overflow};

/// How much of what waits is joined into one chunk, and so into one system call.
const CHUNK: usize = 64 << 10;

/// Frames on their way out of one connection. Its clones share one queue, on one worker.
#[derive(Clone)]
pub(crate) struct Outbound(Rc<Queue>);

/// What became of a relayed frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Relayed {
    Queued,
    /// Queued, and as many older ones dropped to make room.
    DroppedOldest(usize),
    /// The queue is full, and the policy is to close.
    Overflow,
    Closed,
}

/// The connection takes nothing more.
#[derive(Debug)]
pub(crate) struct Closed;

struct Queue {
    limit: usize,
    overflow: Overflow,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// At most one of each waits: a ping says nothing that the next does not say (RFC 6455 section 5.5.3).
    ping: bool,
    pong: Option<Bytes>,
    phase: Phase,
    /// Since when frames wait that nobody takes.
    stalled: Option<Instant>,
    body: Option<Waker>,
    sender: Option<Waker>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// The close frame is queued, and nothing comes after it.
    Closing,
    /// The body ends when the queue is empty.
    Ended,
}

impl Outbound {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (limit, overflow) = (limits.outbound, limits.overflow);
        Self(Rc::new(Queue { limit, overflow, state: RefCell::default() }))
    }

    /// Queues a frame that the consumer sends; waits for room.
    pub(crate) async fn send(&self, frame: Bytes) -> Result<(), Closed> {
        poll_fn(|cx| {
            let mut state = self.0.state.borrow_mut();
            if state.phase != Phase::Open {
                return Poll::Ready(Err(Closed));
            }
            if !self.has_room(&state, &frame) {
                state.sender = Some(cx.waker().clone());
                return Poll::Pending;
            }
            state.push(frame.clone());
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Queues a frame that comes from a group; never waits.
    pub(crate) fn relay(&self, frame: Bytes) -> Relayed {
        let mut state = self.0.state.borrow_mut();
        if state.phase != Phase::Open {
            return Relayed::Closed;
        }
        let mut dropped = 0;
        while !self.has_room(&state, &frame) {
            match self.0.overflow {
                Overflow::Close => return Relayed::Overflow,
                Overflow::DropOldest => {
                    state.take_frame();
                    dropped += 1;
                }
            }
        }
        state.push(frame);
        if dropped > 0 { Relayed::DroppedOldest(dropped) } else { Relayed::Queued }
    }

    fn has_room(&self, state: &State, frame: &Bytes) -> bool {
        state.frames.is_empty() || state.bytes + frame.len() <= self.0.limit
    }

    /// Asks for a pong, before all that waits.
    pub(crate) fn ping(&self) {
        let mut state = self.0.state.borrow_mut();
        if state.phase == Phase::Open {
            state.ping = true;
            state.wake_body();
        }
    }

    /// Answers a ping, before all that waits.
    pub(crate) fn pong(&self, payload: &[u8]) {
        let mut state = self.0.state.borrow_mut();
        if state.phase == Phase::Open {
            state.pong = Some(websocket::frame(Opcode::Pong, payload));
            state.wake_body();
        }
    }

    /// Queues the close frame after all that waits; nothing is taken after it.
    pub(crate) fn close(&self, reason: &CloseReason) {
        let mut state = self.0.state.borrow_mut();
        if state.phase != Phase::Open {
            return;
        }
        state.ping = false;
        state.push(close_frame(reason));
        state.phase = Phase::Closing;
        state.wake_sender();
    }

    /// Queues the close frame instead of all that waits.
    pub(crate) fn close_now(&self, reason: &CloseReason) {
        self.0.state.borrow_mut().clear();
        self.close(reason);
    }

    /// Lets the body end, and so the connection, when what waits is written.
    pub(crate) fn end(&self) {
        let mut state = self.0.state.borrow_mut();
        state.phase = Phase::Ended;
        state.wake_body();
        state.wake_sender();
    }

    /// Drops what waits, and lets the body end.
    pub(crate) fn abandon(&self) {
        self.0.state.borrow_mut().clear();
        self.end();
    }

    /// Since when frames have waited without one being taken, if some do.
    pub(crate) fn stalled_since(&self) -> Option<Instant> {
        self.0.state.borrow().stalled
    }

    /// The next chunk of bytes for the socket; `None` at the end.
    pub(crate) fn poll_chunk(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.0.state.borrow_mut();
        if let Some(chunk) = state.take_chunk() {
            state.wake_sender();
            return Poll::Ready(Some(chunk));
        }
        if state.phase == Phase::Ended {
            return Poll::Ready(None);
        }
        if !state.body.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.body = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl State {
    fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
        self.stalled.get_or_insert_with(Instant::now);
        self.wake_body();
    }

    fn take_frame(&mut self) -> Option<Bytes> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        Some(frame)
    }

    /// Joins what waits: one write for many frames. Never empty, which would end the response.
    fn take_chunk(&mut self) -> Option<Bytes> {
        let control = self.take_control();
        let first = match control {
            Some(control) => control,
            None => self.take_frame()?,
        };
        let chunk = match self.frames.front() {
            Some(next) if first.len() + next.len() <= CHUNK => {
                let mut chunk = BytesMut::with_capacity((first.len() + self.bytes).min(CHUNK));
                chunk.extend_from_slice(&first);
                while self.frames.front().is_some_and(|next| chunk.len() + next.len() <= CHUNK) {
                    chunk.extend(self.take_frame());
                }
                chunk.freeze()
            }
            Some(_) | None => first,
        };
        if self.frames.is_empty() {
            // what is idle holds no memory
            self.frames = VecDeque::new();
            self.stalled = None;
        } else {
            self.stalled = Some(Instant::now());
        }
        Some(chunk)
    }

    fn take_control(&mut self) -> Option<Bytes> {
        let ping = std::mem::take(&mut self.ping).then(|| websocket::frame(Opcode::Ping, b""));
        match (ping, self.pong.take()) {
            (Some(ping), Some(pong)) => Some([ping, pong].concat().into()),
            (ping, pong) => ping.or(pong),
        }
    }

    fn clear(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
        self.ping = false;
        self.pong = None;
        self.stalled = None;
    }

    fn wake_body(&mut self) {
        if let Some(waker) = self.body.take() {
            waker.wake();
        }
    }

    fn wake_sender(&mut self) {
        if let Some(waker) = self.sender.take() {
            waker.wake();
        }
    }
}

fn close_frame(reason: &CloseReason) -> Bytes {
    if CloseCode::new(reason.code.as_u16()).is_none() {
        // 1005 and 1006 say that there was no code: they are never sent
        return websocket::frame(Opcode::Close, b"");
    }
    let payload = [&reason.code.as_u16().to_be_bytes()[..], reason.reason.as_bytes()].concat();
    websocket::frame(Opcode::Close, &payload)
}

/// The body of the 101 response. Tells when it is dropped: the connection is gone then.
pub(crate) struct FrameBody<F: FnOnce()> {
    outbound: Outbound,
    on_drop: Option<F>,
}

impl<F: FnOnce()> FrameBody<F> {
    pub(crate) fn new(outbound: Outbound, on_drop: F) -> Self {
        Self { outbound, on_drop: Some(on_drop) }
    }
}

impl<F: FnOnce() + Unpin> MessageBody for FrameBody<F> {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        self.outbound.poll_chunk(cx).map(|chunk| chunk.map(Ok))
    }
}

impl<F: FnOnce()> Drop for FrameBody<F> {
    fn drop(&mut self) {
        self.outbound.abandon();
        if let Some(on_drop) = self.on_drop.take() {
            on_drop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::FutureExt;

    use super::*;

    fn outbound(outbound: usize, overflow: Overflow) -> Outbound {
        Outbound::new(&Limits { outbound, overflow, ..Limits::default() })
    }

    fn chunk(outbound: &Outbound) -> Option<Bytes> {
        match outbound.poll_chunk(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(chunk) => chunk,
            Poll::Pending => Some(Bytes::new()),
        }
    }

    #[test]
    fn what_waits_is_joined_into_one_chunk() {
        let outbound = outbound(1 << 20, Overflow::Close);
        assert_eq!(outbound.relay("one".into()), Relayed::Queued);
        assert_eq!(outbound.relay("two".into()), Relayed::Queued);

        assert_eq!(chunk(&outbound).unwrap(), "onetwo");
    }

    #[test]
    fn a_chunk_is_never_empty() {
        let outbound = outbound(1 << 20, Overflow::Close);

        assert!(outbound.poll_chunk(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    #[test]
    fn pings_and_pongs_go_first_and_never_pile_up() {
        let outbound = outbound(1 << 20, Overflow::Close);
        assert_eq!(outbound.relay("data".into()), Relayed::Queued);
        for n in 0..1_000_u32 {
            outbound.ping();
            outbound.pong(&n.to_be_bytes());
        }

        let expected = [&[0x89, 0, 0x8A, 4][..], &999_u32.to_be_bytes(), b"data"].concat();
        assert_eq!(chunk(&outbound).unwrap(), expected);
    }

    #[test]
    fn a_full_queue_drops_its_oldest_frames_where_that_is_the_policy() {
        let outbound = outbound(6, Overflow::DropOldest);
        for frame in ["one", "two"] {
            assert_eq!(outbound.relay(frame.into()), Relayed::Queued);
        }

        assert_eq!(outbound.relay("three".into()), Relayed::DroppedOldest(2));

        assert_eq!(chunk(&outbound).unwrap(), "three");
    }

    #[test]
    fn a_full_queue_overflows_where_the_policy_is_to_close() {
        let outbound = outbound(5, Overflow::Close);
        assert_eq!(outbound.relay("one".into()), Relayed::Queued);

        assert_eq!(outbound.relay("two".into()), Relayed::Overflow);
    }

    #[test]
    fn a_consumers_own_frame_waits_for_room() {
        let outbound = outbound(5, Overflow::Close);
        outbound.send("one".into()).now_or_never().unwrap().unwrap();

        assert!(outbound.send("two".into()).now_or_never().is_none());
        assert_eq!(chunk(&outbound).unwrap(), "one");
        outbound.send("two".into()).now_or_never().unwrap().unwrap();
    }

    #[test]
    fn nothing_comes_after_the_close_frame() {
        let outbound = outbound(1 << 20, Overflow::Close);
        outbound.close(&CloseReason::new(CloseCode::NORMAL, "bye"));

        assert_eq!(outbound.relay("late".into()), Relayed::Closed);
        outbound.ping();
        assert_eq!(chunk(&outbound).unwrap(), &b"\x88\x05\x03\xe8bye"[..]);
        assert_eq!(chunk(&outbound).unwrap(), "", "the body ended before the peer answered");
        outbound.end();
        assert_eq!(chunk(&outbound), None);
    }
}
