//! Messages on their way to a busy consumer: a queue bounded in bytes, between reader and driver.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use crate::Frame;

/// Both ends of the queue: the reader pushes, and waits while it is full; the driver takes.
#[derive(Clone)]
pub(crate) struct Inbox(Rc<Queue>);

struct Queue {
    limit: usize,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Frame>,
    bytes: usize,
    ended: bool,
    reader: Option<Waker>,
    driver: Option<Waker>,
}

/// What a frame costs beyond its bytes, so that empty ones are bounded too.
const OVERHEAD: usize = size_of::<Frame>();

impl Inbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self(Rc::new(Queue { limit, state: RefCell::default() }))
    }

    /// Whether a push would wait.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.0.state.borrow();
        !state.ended && state.bytes >= self.0.limit
    }

    /// Waits for room, then queues the frame. Drops it if nobody takes frames any more.
    pub(crate) async fn push(&self, frame: Frame) {
        let mut frame = Some(frame);
        poll_fn(|cx| {
            if self.is_full() {
                self.0.state.borrow_mut().reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let mut state = self.0.state.borrow_mut();
            if let Some(frame) = frame.take()
                && !state.ended
            {
                state.bytes += frame.len() + OVERHEAD;
                state.frames.push_back(frame);
                state.wake_driver();
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Nothing comes after what is queued.
    pub(crate) fn end(&self) {
        let mut state = self.0.state.borrow_mut();
        state.ended = true;
        state.wake_driver();
        state.wake_reader();
    }

    /// The next frame; `None` at the end. Cancel safe.
    pub(crate) async fn recv(&self) -> Option<Frame> {
        poll_fn(|cx| {
            let mut state = self.0.state.borrow_mut();
            if let Some(frame) = state.frames.pop_front() {
                state.bytes -= frame.len() + OVERHEAD;
                if state.frames.is_empty() {
                    // what is idle holds no memory
                    state.frames = VecDeque::new();
                }
                state.wake_reader();
                return Poll::Ready(Some(frame));
            }
            if state.ended {
                return Poll::Ready(None);
            }
            state.driver = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl State {
    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    fn wake_driver(&mut self) {
        if let Some(waker) = self.driver.take() {
            waker.wake();
        }
    }
}
