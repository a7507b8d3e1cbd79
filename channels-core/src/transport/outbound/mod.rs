//! Frames on their way out: a queue bounded in bytes, which is the body of the 101 response.

mod body;
mod waiting;

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use channels_layer::wire::websocket::{self, Opcode};
use tokio::time::Instant;

pub(crate) use self::body::FrameBody;
use self::waiting::Waiting;
use crate::{CloseCode, CloseReason, Limits, Overflow};

/// How many pongs may wait. Beyond it the oldest is dropped, which RFC 6455 section 5.5.3 allows.
const PONGS: usize = 16;

/// Frames on their way out of one connection. Its clones share one queue, on one worker.
#[derive(Clone)]
pub(crate) struct Outbound(Rc<Queue>);

/// What became of a relayed frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Relayed {
    Queued,
    /// So many events were dropped for want of room: older ones, or this one.
    Dropped(usize),
    /// The queue is full, and the connection has to be closed.
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
    waiting: Waiting,
    /// At most one of ours waits: a ping says nothing that the next does not say.
    ping: bool,
    /// At most [`PONGS`] of them.
    pongs: VecDeque<Bytes>,
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
            if !state.waiting.fits(frame.len(), self.0.limit) {
                state.sender = Some(cx.waker().clone());
                return Poll::Pending;
            }
            state.push(frame.clone(), None);
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Queues the frame of an event of type `event`; never waits.
    pub(crate) fn relay(&self, frame: Bytes, event: &'static str) -> Relayed {
        let Queue { limit, overflow, state } = &*self.0;
        let mut state = state.borrow_mut();
        if state.phase != Phase::Open {
            return Relayed::Closed;
        }
        let mut dropped = 0;
        if !state.waiting.fits(frame.len(), *limit) {
            dropped = match overflow {
                Overflow::Close => return Relayed::Overflow,
                Overflow::DropOldest => state.waiting.drop_oldest(frame.len(), *limit),
                Overflow::Latest => state.waiting.keep_latest(event),
            };
        }
        if state.waiting.fits(frame.len(), *limit) {
            state.push(frame, Some(event));
            return if dropped > 0 { Relayed::Dropped(dropped) } else { Relayed::Queued };
        }
        match overflow {
            // what the consumer itself sent fills the queue
            Overflow::DropOldest => Relayed::Dropped(dropped + 1),
            Overflow::Latest | Overflow::Close => Relayed::Overflow,
        }
    }

    /// Asks for a pong, before all that waits.
    pub(crate) fn ping(&self) {
        let mut state = self.0.state.borrow_mut();
        if state.phase == Phase::Open {
            state.ping = true;
            state.wake_body();
        }
    }

    /// Answers a ping, before all that waits. Of many pings at once, the last [`PONGS`] are answered.
    pub(crate) fn pong(&self, payload: &[u8]) {
        let mut state = self.0.state.borrow_mut();
        if state.phase == Phase::Open {
            if state.pongs.len() == PONGS {
                state.pongs.pop_front();
            }
            state.pongs.push_back(websocket::frame(Opcode::Pong, payload));
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
        state.push(close_frame(reason), None);
        state.phase = Phase::Closing;
        state.wake_sender();
    }

    /// Queues the close frame instead of all that waits. Tells how many events were dropped.
    pub(crate) fn close_now(&self, reason: &CloseReason) -> usize {
        let dropped = self.0.state.borrow_mut().clear();
        self.close(reason);
        dropped
    }

    /// Lets the body end, and so the connection, when what waits is written.
    pub(crate) fn end(&self) {
        let mut state = self.0.state.borrow_mut();
        state.phase = Phase::Ended;
        state.wake_body();
        state.wake_sender();
    }

    /// Drops what waits, and lets the body end. Tells how many events were dropped.
    pub(crate) fn abandon(&self) -> usize {
        let dropped = self.0.state.borrow_mut().clear();
        self.end();
        dropped
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
    fn push(&mut self, frame: Bytes, event: Option<&'static str>) {
        self.waiting.push(frame, event);
        self.stalled.get_or_insert_with(Instant::now);
        self.wake_body();
    }

    fn take_chunk(&mut self) -> Option<Bytes> {
        let control = self.take_control();
        let chunk = self.waiting.take_chunk(control)?;
        self.stalled = (!self.waiting.is_empty()).then(Instant::now);
        Some(chunk)
    }

    fn take_control(&mut self) -> Option<Bytes> {
        // nearly always: each event for each member comes by here
        if !self.ping && self.pongs.is_empty() {
            return None;
        }
        let ping = std::mem::take(&mut self.ping).then(|| websocket::frame(Opcode::Ping, b""));
        let pongs = std::mem::take(&mut self.pongs);
        let control: Vec<Bytes> = ping.into_iter().chain(pongs).collect();
        Some(control.concat().into())
    }

    fn clear(&mut self) -> usize {
        let dropped = std::mem::take(&mut self.waiting).events();
        self.ping = false;
        self.pongs = VecDeque::new();
        self.stalled = None;
        dropped
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

pub(crate) fn close_frame(reason: &CloseReason) -> Bytes {
    if CloseCode::new(reason.code.as_u16()).is_none() {
        // 1005 and 1006 say that there was no code: they are never sent
        return websocket::frame(Opcode::Close, b"");
    }
    let payload = [&reason.code.as_u16().to_be_bytes()[..], reason.reason.as_bytes()].concat();
    websocket::frame(Opcode::Close, &payload)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::FutureExt;

    use super::{waiting::OVERHEAD, *};

    /// A queue with room for so many frames of three bytes.
    fn outbound(frames: usize, overflow: Overflow) -> Outbound {
        Outbound::new(&Limits { outbound: frames * (3 + OVERHEAD), overflow, ..Limits::default() })
    }

    fn chunk(outbound: &Outbound) -> Option<Bytes> {
        match outbound.poll_chunk(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(chunk) => chunk,
            Poll::Pending => Some(Bytes::new()),
        }
    }

    #[test]
    fn what_waits_is_joined_into_one_chunk() {
        let outbound = outbound(5_000, Overflow::Close);
        assert_eq!(outbound.relay("one".into(), "a"), Relayed::Queued);
        assert_eq!(outbound.relay("two".into(), "a"), Relayed::Queued);

        assert_eq!(chunk(&outbound).unwrap(), "onetwo");
    }

    #[test]
    fn a_chunk_is_never_empty() {
        let outbound = outbound(5_000, Overflow::Close);

        assert!(outbound.poll_chunk(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    #[test]
    fn pings_and_pongs_go_first_and_never_pile_up() {
        let outbound = outbound(5_000, Overflow::Close);
        assert_eq!(outbound.relay("data".into(), "a"), Relayed::Queued);
        for n in 0..1_000_u32 {
            outbound.ping();
            outbound.pong(&n.to_be_bytes());
        }

        let pongs = (984..1_000_u32).flat_map(|n| [&[0x8A, 4][..], &n.to_be_bytes()].concat());
        let expected: Vec<u8> = [0x89, 0].into_iter().chain(pongs).chain(*b"data").collect();
        assert_eq!(chunk(&outbound).unwrap(), expected);
    }

    #[test]
    fn a_full_queue_drops_its_oldest_frames_where_that_is_the_policy() {
        let outbound = outbound(2, Overflow::DropOldest);
        for frame in ["one", "two"] {
            assert_eq!(outbound.relay(frame.into(), "a"), Relayed::Queued);
        }

        assert_eq!(outbound.relay("new".into(), "a"), Relayed::Dropped(1));

        assert_eq!(chunk(&outbound).unwrap(), "twonew");
    }

    #[test]
    fn a_full_queue_drops_the_event_that_comes_where_the_consumers_own_frames_fill_it() {
        let outbound = outbound(1, Overflow::DropOldest);
        outbound.send("answer".into()).now_or_never().unwrap().unwrap();

        assert_eq!(outbound.relay("new".into(), "a"), Relayed::Dropped(1));

        assert_eq!(chunk(&outbound).unwrap(), "answer");
    }

    #[test]
    fn a_full_queue_keeps_the_newest_of_each_type_where_that_is_the_policy() {
        let outbound = outbound(3, Overflow::Latest);
        for (frame, event) in [("a1", "a"), ("b1", "b"), ("a2", "a")] {
            assert_eq!(outbound.relay(frame.into(), event), Relayed::Queued);
        }

        assert_eq!(outbound.relay("b2".into(), "b"), Relayed::Dropped(2));
        let big = vec![b'c'; 2 * OVERHEAD];
        assert_eq!(outbound.relay(big.into(), "c"), Relayed::Overflow);

        assert_eq!(chunk(&outbound).unwrap(), "a2b2");
    }

    #[test]
    fn a_full_queue_overflows_where_the_policy_is_to_close() {
        let outbound = outbound(1, Overflow::Close);
        assert_eq!(outbound.relay("one".into(), "a"), Relayed::Queued);

        assert_eq!(outbound.relay("two".into(), "a"), Relayed::Overflow);
    }

    #[test]
    fn a_consumers_own_frame_waits_for_room() {
        let outbound = outbound(1, Overflow::Close);
        outbound.send("one".into()).now_or_never().unwrap().unwrap();

        assert!(outbound.send("two".into()).now_or_never().is_none());
        assert_eq!(chunk(&outbound).unwrap(), "one");
        outbound.send("two".into()).now_or_never().unwrap().unwrap();
    }

    #[test]
    fn nothing_comes_after_the_close_frame() {
        let outbound = outbound(5_000, Overflow::Close);
        outbound.close(&CloseReason::new(CloseCode::NORMAL, "bye"));

        assert_eq!(outbound.relay("late".into(), "a"), Relayed::Closed);
        outbound.ping();
        assert_eq!(chunk(&outbound).unwrap(), &b"\x88\x05\x03\xe8bye"[..]);
        assert_eq!(chunk(&outbound).unwrap(), "", "the body ended before the peer answered");
        outbound.end();
        assert_eq!(chunk(&outbound), None);
    }
}
