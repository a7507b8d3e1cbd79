//! The groups of one worker thread: an event wakes each worker once, and is handed to its members here.
//!
//! For each group with members on this worker there is one mailbox at the layer and one task. The task makes
//! the ready frame once, and puts it into the queue of every member that relays the event; a member that
//! handles it in a method gets the envelope.

use std::{
    cell::RefCell,
    collections::HashMap,
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::{Rc, Weak},
    sync::Arc,
};

use channels_layer::{Envelope, Event, Gap, Group, Layer, LayerError, Mailbox, Offered, Postbox};
use tokio::{sync::OnceCell, task::yield_now};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    connection::Link,
    consumer::{Way, Ways, unhandled},
    metrics,
    transport::Encoding,
};

/// After so many events the members get their turn, before more are handed out.
const BURST: usize = 32;

thread_local! {
    /// One for each layer: two applications may share a thread.
    static WORKER: RefCell<Vec<Weak<Groups>>> = RefCell::default();
}

/// The groups of one layer on one worker.
pub(crate) struct Groups {
    layer: Layer,
    local: RefCell<HashMap<Group, Weak<LocalGroup>>>,
}

/// The members of one group on one worker.
struct LocalGroup {
    name: Group,
    groups: Rc<Groups>,
    members: RefCell<Vec<Rc<Member>>>,
    /// Hands out what the layer sends. Set when the layer knows of us.
    task: OnceCell<AbortOnDropHandle<()>>,
}

/// One connection, as its groups see it.
pub(crate) struct Member {
    pub(crate) link: Link,
    pub(crate) ways: Arc<Ways>,
    pub(crate) postbox: Postbox,
}

/// A connection's place in a group. Dropping it leaves the group.
pub(crate) struct Membership {
    group: Rc<LocalGroup>,
    member: Rc<Member>,
}

impl Groups {
    /// The groups of `layer` on this worker.
    pub(crate) fn of_worker(layer: &Layer) -> Rc<Self> {
        WORKER.with_borrow_mut(|worker| {
            let mut living = worker.iter().filter_map(Weak::upgrade);
            if let Some(groups) = living.find(|groups| groups.layer.is_same(layer)) {
                return groups;
            }
            worker.retain(|groups| groups.strong_count() > 0);
            let groups = Rc::new(Self { layer: layer.clone(), local: RefCell::default() });
            worker.push(Rc::downgrade(&groups));
            groups
        })
    }

    /// Makes a connection a member of a group.
    pub(crate) async fn join(
        self: &Rc<Self>,
        name: &Group,
        member: Rc<Member>,
    ) -> Result<Membership, LayerError> {
        let group = self.local(name);
        // the first member opens the way from the layer; others that come meanwhile wait for it
        group.task.get_or_try_init(|| group.open()).await?;
        group.members.borrow_mut().push(member.clone());
        metrics::group_members(1.0);
        Ok(Membership { group, member })
    }

    fn local(self: &Rc<Self>, name: &Group) -> Rc<LocalGroup> {
        let mut local = self.local.borrow_mut();
        if let Some(group) = local.get(name).and_then(Weak::upgrade) {
            return group;
        }
        let group = Rc::new(LocalGroup {
            name: name.clone(),
            groups: Rc::clone(self),
            members: RefCell::default(),
            task: OnceCell::new(),
        });
        local.insert(name.clone(), Rc::downgrade(&group));
        metrics::groups(1.0);
        group
    }
}

impl LocalGroup {
    async fn open(self: &Rc<Self>) -> Result<AbortOnDropHandle<()>, LayerError> {
        let mailbox = self.groups.layer.subscribe(&self.name).await?;
        let members = Rc::downgrade(self);
        Ok(AbortOnDropHandle::new(actix::spawn(hand_out(mailbox, members))))
    }

    /// Gives one event to every member.
    fn deliver(&self, event: &Envelope) {
        if event.kind() == Gap::TYPE {
            // the layer tells each member's own channel, too: once is enough, however many groups it is in
            return;
        }
        let mut last = None::<(&Arc<Ways>, Encoding, Outcome)>;
        for member in self.members.borrow().iter() {
            // members mostly share a route and an encoding, and then what is to be done
            let (ways, encoding) = (&member.ways, member.link.encoding());
            let outcome = match &last {
                Some((last, encoded, outcome)) if Arc::ptr_eq(last, ways) && *encoded == encoding => outcome,
                Some(_) | None => &last.insert((ways, encoding, Outcome::of(event, ways, encoding))).2,
            };
            outcome.apply(event, member);
        }
        metrics::delivered(event.age());
    }
}

/// What an event comes to for the members of one route.
enum Outcome {
    Relay(bytes::Bytes, &'static str),
    Method,
    Unhandled,
    Broken,
}

impl Outcome {
    fn of(event: &Envelope, ways: &Ways, encoding: Encoding) -> Self {
        match ways.get_key_value(event.kind()) {
            Some((_, Way::Method)) => Self::Method,
            // the event's own code: if it panics, the group must go on, and an envelope keeps nothing half made
            Some((kind, Way::Relay(frame))) => {
                match catch_unwind(AssertUnwindSafe(|| frame(event, encoding))) {
                    Ok(Ok(frame)) => Self::Relay(frame, kind),
                    Ok(Err(error)) => {
                        let error: &dyn Error = &error;
                        tracing::error!(kind = event.kind(), error, "event dropped: it cannot be relayed");
                        Self::Broken
                    }
                    Err(_) => {
                        tracing::error!(
                            kind = event.kind(),
                            "event dropped: to encode or to decode it panicked"
                        );
                        Self::Broken
                    }
                }
            }
            None => Self::Unhandled,
        }
    }

    fn apply(&self, event: &Envelope, member: &Member) {
        match self {
            Self::Relay(frame, kind) => member.link.relay(frame.clone(), kind),
            Self::Method => match member.postbox.offer(event.clone()) {
                Offered::Taken => {}
                Offered::Full => {
                    metrics::event_dropped("full");
                    tracing::debug!(
                        connection = %member.link.id(), kind = event.kind(),
                        "event dropped: the consumer is too slow for its channel's capacity"
                    );
                }
                Offered::Closed => metrics::event_dropped("gone"),
            },
            Self::Unhandled => unhandled::note(event.kind()),
            Self::Broken => metrics::event_dropped("broken"),
        }
    }
}

/// Runs until the last member leaves.
async fn hand_out(mut mailbox: Mailbox, group: Weak<LocalGroup>) {
    let mut burst = 0;
    while let Some(event) = mailbox.recv().await {
        let Some(group) = group.upgrade() else { return };
        group.deliver(&event);
        drop(group);
        burst = (burst + 1) % BURST;
        if burst == 0 {
            yield_now().await;
        }
    }
    tracing::error!("the channel layer closed a group; its members get no more events");
}

impl Drop for LocalGroup {
    fn drop(&mut self) {
        let mut local = self.groups.local.borrow_mut();
        if local.get(&self.name).is_some_and(|group| group.strong_count() == 0) {
            local.remove(&self.name);
        }
        metrics::groups(-1.0);
    }
}

impl Membership {
    pub(crate) fn group(&self) -> &Group {
        &self.group.name
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut members = self.group.members.borrow_mut();
        if let Some(place) = members.iter().position(|member| Rc::ptr_eq(member, &self.member)) {
            members.swap_remove(place);
            metrics::group_members(-1.0);
        }
    }
}
