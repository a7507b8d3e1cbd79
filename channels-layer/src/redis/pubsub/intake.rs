//! What a server says over one connection, on its way to mailboxes.

use std::{
    convert::Infallible,
    mem::replace,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value, aio::AsyncPushSender};
use tokio::sync::Notify;

use super::Shared;
use crate::metrics::{self, Reason};

/// How many messages may come while groups are subscribed again.
const HELD: usize = 10_000;

/// What a server says over one connection.
///
/// The connection's own task hands it out: while that is busy nothing is read, and no queue grows but mailboxes,
/// which are bounded. A process that is too slow for that is cut off by Redis (`client-output-buffer-limit`).
pub(super) struct Intake {
    shared: Arc<Shared>,
    flow: Mutex<Flow>,
    /// That the connection is lost.
    pub(super) lost: Notify,
}

enum Flow {
    /// What comes waits until consumers have been told of a gap.
    Held(Vec<(String, Bytes)>),
    Open,
    /// Another connection is in its place: what still comes would come twice.
    Cut,
}

impl Intake {
    /// One that holds back what comes until it is [opened](Self::open).
    pub(super) fn new(shared: &Arc<Shared>) -> Arc<Self> {
        let flow = Mutex::new(Flow::Held(Vec::new()));
        Arc::new(Self { shared: Arc::clone(shared), flow, lost: Notify::new() })
    }

    /// What the connection calls.
    pub(super) fn push(self: &Arc<Self>) -> impl AsyncPushSender + use<> {
        let intake = Arc::clone(self);
        move |info| {
            intake.said(info);
            Ok::<_, Infallible>(())
        }
    }

    fn said(&self, info: PushInfo) {
        if info.kind == PushKind::Disconnection {
            self.lost.notify_one();
        }
        if info.kind != PushKind::Message {
            return;
        }
        if let Ok([Value::BulkString(topic), Value::BulkString(message)]) = <[_; 2]>::try_from(info.data)
            && let Ok(topic) = String::from_utf8(topic)
        {
            self.take(topic, message.into());
        }
    }

    fn take(&self, topic: String, message: Bytes) {
        // held while it is handed out: what follows must not come first
        match &mut *self.flow.lock().unwrap_or_else(PoisonError::into_inner) {
            Flow::Open => self.shared.hand_out(&topic, message),
            Flow::Held(held) if held.len() < HELD => held.push((topic, message)),
            Flow::Held(_) => metrics::dropped(Reason::Full),
            Flow::Cut => {}
        }
    }

    /// Hands out what was held back, after `first`, and from now on all that comes.
    pub(super) fn open(&self, first: impl FnOnce()) {
        let mut flow = self.flow.lock().unwrap_or_else(PoisonError::into_inner);
        first();
        if let Flow::Held(held) = replace(&mut *flow, Flow::Open) {
            held.into_iter().for_each(|(topic, message)| self.shared.hand_out(&topic, message));
        }
    }

    /// Nothing is taken any more.
    pub(super) fn cut(&self) {
        *self.flow.lock().unwrap_or_else(PoisonError::into_inner) = Flow::Cut;
    }
}
