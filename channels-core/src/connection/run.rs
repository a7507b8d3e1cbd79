//! A consumer's run: begun by the last of the middleware, and not ended by it.

use std::{cell::RefCell, future::poll_fn, rc::Rc, task::Poll};

use futures_util::{FutureExt, future::LocalBoxFuture};
use tokio::sync::Notify;

use crate::Rejection;

/// A consumer's run, from its making to its `disconnect`. Middleware waits for it, and may give that up or panic: then
/// it is still here, to be brought to its end.
#[derive(Clone, Default)]
pub(crate) struct Run(Rc<Shared>);

#[derive(Default)]
struct Shared {
    running: RefCell<Option<LocalBoxFuture<'static, Result<(), Rejection>>>>,
    given_up: Notify,
}

impl Run {
    /// Begins it, and goes on with it to its end, unless the future returned is dropped.
    pub(crate) async fn begin(
        self,
        running: LocalBoxFuture<'static, Result<(), Rejection>>,
    ) -> Result<(), Rejection> {
        self.0.running.replace(Some(running));
        let waiter = Waiter(self);
        waiter.0.to_end().await
    }

    /// Whether it has begun, and not ended.
    pub(crate) fn is_under_way(&self) -> bool {
        self.0.running.borrow().is_some()
    }

    /// Waits until nobody goes on with it.
    pub(crate) async fn given_up(&self) {
        self.0.given_up.notified().await;
    }

    /// Goes on with it to its end. Cancel safe: whoever calls it next goes on from there.
    pub(crate) async fn to_end(&self) -> Result<(), Rejection> {
        poll_fn(|cx| {
            let mut running = self.0.running.borrow_mut();
            let outcome = match running.as_mut() {
                Some(future) => future.poll_unpin(cx),
                None => Poll::Ready(Ok(())),
            };
            if outcome.is_ready() {
                *running = None;
            }
            outcome
        })
        .await
    }
}

/// Whoever began a run, and waits for it.
struct Waiter(Run);

impl Drop for Waiter {
    fn drop(&mut self) {
        if self.0.is_under_way() {
            self.0.0.given_up.notify_one();
        }
    }
}
