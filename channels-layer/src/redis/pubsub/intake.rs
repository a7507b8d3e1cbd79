//! What a server says over one connection, on its way to mailboxes.

use std::{
    convert::Infallible,
    mem::replace,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value, aio::AsyncPushSender};
use tokio::sync::Notify;

use super::{Shared, registry::Registry, servers::Server};
use crate::metrics::{self, Reason};

/// How many messages may come while groups are subscribed again.
const HELD: usize = 10_000;

/// What a server says over one connection.
///
/// The connection's own task hands it out: while that is busy nothing is read, and no queue grows but mailboxes,
/// which are bounded. A process that is too slow for that is cut off by Redis (`client-output-buffer-limit`).
pub(super) struct Intake {
    shared: Arc<Shared>,
    server: Server,
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
    pub(super) fn new(shared: &Arc<Shared>, server: Server) -> Arc<Self> {
        let flow = Mutex::new(Flow::Held(Vec::new()));
        Arc::new(Self { shared: Arc::clone(shared), server, flow, lost: Notify::new() })
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
        let kind = info.kind;
        if kind == PushKind::Disconnection {
            self.lost.notify_one();
        } else if kind == PushKind::Message || kind == PushKind::SMessage {
            if let Ok([Value::BulkString(topic), Value::BulkString(message)]) = <[_; 2]>::try_from(info.data)
                && let Ok(topic) = String::from_utf8(topic)
            {
                self.take(topic, message.into());
            }
        } else if kind == PushKind::SSubscribe {
            self.note(&info.data, Registry::confirmed);
        } else if kind == PushKind::SUnsubscribe {
            // also without being asked: when the topic's slot has become another's
            self.note(&info.data, Registry::ended);
        }
    }

    /// What a server says of a topic in a cluster: more exact than the answers to commands, which what it says
    /// without being asked may put out of step.
    fn note(&self, data: &[Value], what: impl FnOnce(&Registry, Server, &str)) {
        let flow = self.flow.lock().unwrap_or_else(PoisonError::into_inner);
        let [Value::BulkString(topic), ..] = data else { return };
        match (&*flow, str::from_utf8(topic)) {
            (Flow::Held(_) | Flow::Open, Ok(topic)) => what(&self.shared.registry, self.server, topic),
            (Flow::Cut, _) | (_, Err(_)) => {}
        }
    }

    fn take(&self, topic: String, message: Bytes) {
        // held while it is handed out: what follows must not come first
        match &mut *self.flow.lock().unwrap_or_else(PoisonError::into_inner) {
            Flow::Open => self.hand_out(&topic, message),
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
            held.into_iter().for_each(|(topic, message)| self.hand_out(&topic, message));
        }
    }

    /// Holds back what comes until it is [opened](Self::open) again.
    pub(super) fn hold(&self) {
        let mut flow = self.flow.lock().unwrap_or_else(PoisonError::into_inner);
        if let Flow::Open = *flow {
            *flow = Flow::Held(Vec::new());
        }
    }

    fn hand_out(&self, topic: &str, message: Bytes) {
        if self.shared.registry.is_from(self.server, topic) {
            self.shared.hand_out(topic, message);
        }
    }

    /// Nothing is taken any more.
    pub(super) fn cut(&self) {
        *self.flow.lock().unwrap_or_else(PoisonError::into_inner) = Flow::Cut;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Envelope, Event, Gap, Group, Mailbox, RedisOptions};

    /// Somebody who is subscribed to a group, and what a server says of it.
    fn subscribed() -> (Arc<Intake>, Mailbox) {
        let shared = Shared::new(&RedisOptions::url("redis://127.0.0.1").unwrap());
        let name = shared.registry.names.new_channel("specific").unwrap();
        let room = Group::named("room").unwrap();
        let (_, mailbox, _) = shared.registry.subscribe(&room, name, shared.time_limit).unwrap();
        (Intake::new(&shared, 0), mailbox)
    }

    fn says(intake: &Intake, kind: &str) {
        let message = [&[0x81, 0xa4], &b"type"[..], &[0xa0 + kind.len() as u8], kind.as_bytes()].concat();
        let data = vec![Value::BulkString(b"asgi__group__room".to_vec()), Value::BulkString(message)];
        intake.said(PushInfo { kind: PushKind::Message, data });
    }

    fn kinds(mailbox: &mut Mailbox) -> Vec<String> {
        std::iter::from_fn(|| mailbox.try_recv()).map(|event| event.kind().to_owned()).collect()
    }

    #[test]
    fn nothing_comes_before_the_gap_is_told_and_nothing_from_a_connection_that_was_cut() {
        let (intake, mut mailbox) = subscribed();

        says(&intake, "a.first");
        says(&intake, "a.second");
        assert_eq!(kinds(&mut mailbox), [""; 0]);
        intake.open(|| intake.shared.registry.announce(&Envelope::new(Gap { since: 1.0 })));
        says(&intake, "a.third");
        assert_eq!(kinds(&mut mailbox), [Gap::TYPE, "a.first", "a.second", "a.third"]);

        intake.cut();
        says(&intake, "a.fourth");
        assert_eq!(kinds(&mut mailbox), [""; 0]);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let (intake, _mailbox) = subscribed();

        for _ in 0..HELD + 10 {
            says(&intake, "a.b");
        }

        assert!(matches!(&*intake.flow.lock().unwrap(), Flow::Held(held) if held.len() == HELD));
    }

    #[test]
    fn what_is_no_message_is_left_alone() {
        let (intake, mut mailbox) = subscribed();
        intake.open(|| {});

        for data in [vec![], vec![Value::Nil, Value::Nil], vec![Value::BulkString(vec![0xff]); 2]] {
            intake.said(PushInfo { kind: PushKind::Message, data });
        }
        intake.said(PushInfo { kind: PushKind::Subscribe, data: vec![Value::Nil] });

        assert_eq!(kinds(&mut mailbox), [""; 0]);
    }
}
