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
    asides: RefCell<Vec<Aside>>,
}

/// Frames that go to somebody else than the consumer.
struct Aside {
    takes: Box<dyn Fn(&Frame) -> bool>,
    inbox: Inbox,
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
        Self(Rc::new(Queue { limit, state: RefCell::default(), asides: RefCell::default() }))
    }

    /// A queue of its own, of this limit, for the frames that `takes` is true for; those that wait already, too.
    pub(crate) fn take_aside(&self, limit: usize, takes: impl Fn(&Frame) -> bool + 'static) -> Self {
        let aside = Self::new(limit);
        {
            let mut state = self.0.state.borrow_mut();
            for frame in std::mem::take(&mut state.frames) {
                if takes(&frame) {
                    state.bytes -= frame.len() + OVERHEAD;
                    aside.0.state.borrow_mut().append(frame);
                } else {
                    state.frames.push_back(frame);
                }
            }
            aside.0.state.borrow_mut().ended = state.ended;
            state.wake_reader();
        }
        self.0.asides.borrow_mut().push(Aside { takes: Box::new(takes), inbox: aside.clone() });
        aside
    }

    /// The queue that this frame is for: this one, unless somebody takes such frames aside.
    pub(crate) fn of(&self, frame: &Frame) -> Self {
        let asides = self.0.asides.borrow();
        let aside = asides.iter().find(|aside| (aside.takes)(frame));
        aside.map_or_else(|| self.clone(), |aside| aside.inbox.clone())
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
                state.append(frame);
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Nothing comes after what is queued.
    pub(crate) fn end(&self) {
        {
            let mut state = self.0.state.borrow_mut();
            state.ended = true;
            state.wake_driver();
            state.wake_reader();
        }
        self.0.asides.borrow().iter().for_each(|aside| aside.inbox.end());
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
    fn append(&mut self, frame: Frame) {
        self.bytes += frame.len() + OVERHEAD;
        self.frames.push_back(frame);
        self.wake_driver();
    }

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
