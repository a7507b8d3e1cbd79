//! A mailbox, and what it can tell a check: what came, and that nothing else did.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    run::within,
    subject::{Probe, Subject},
};
use crate::{ChannelName, Envelope, Event, Group, LayerError, Mailbox};

/// How long a mark may be under way before there is another: an event is delivered at most once, and where
/// events live for 100 ms a slow machine loses some.
const ANOTHER: Duration = Duration::from_millis(500);

/// What a listener has to whom nobody sent anything.
pub(super) const NOTHING: [u64; 0] = [];

/// An event after which nothing else is to come.
#[derive(Serialize, Deserialize)]
struct Mark {
    id: String,
}

impl Event for Mark {
    const TYPE: &str = "conformance.mark";
}

enum Arrived {
    Probe(u64),
    Mark(String),
}

/// Where its own marks go.
enum Address {
    Channel,
    Group(Group),
}

pub(super) struct Listener {
    subject: Subject,
    mailbox: Mailbox,
    address: Address,
}

impl Listener {
    pub(super) fn of_channel(subject: Subject, mailbox: Mailbox) -> Self {
        Self { subject, mailbox, address: Address::Channel }
    }

    /// A subscription: it gets what is sent to its group, and need not be a channel one can send to.
    pub(super) fn of_group(subject: Subject, mailbox: Mailbox, group: &Group) -> Self {
        Self { subject, mailbox, address: Address::Group(group.clone()) }
    }

    pub(super) fn name(&self) -> &ChannelName {
        self.mailbox.name()
    }

    /// The next event, as it is.
    pub(super) async fn envelope(&mut self) -> Envelope {
        let what = format!("an event on {}", self.name());
        within(&what, self.mailbox.recv()).await.expect("the layer closed a channel")
    }

    /// The number of the next event.
    pub(super) async fn next(&mut self) -> u64 {
        loop {
            if let Arrived::Probe(number) = arrived(&self.envelope().await) {
                return number;
            }
        }
    }

    /// Waits for an event, but not for long: drops the waiting `recv`.
    pub(super) async fn next_within(&mut self, limit: Duration) -> Option<u64> {
        match timeout(limit, self.mailbox.recv()).await.ok()?.as_ref().map(arrived) {
            Some(Arrived::Probe(number)) => Some(number),
            Some(Arrived::Mark(_)) => None,
            None => panic!("the layer closed a channel"),
        }
    }

    /// All that was sent up to now and has not been received. Not by waiting whether more comes: it sends a mark
    /// after it, and receives until that arrives.
    pub(super) async fn rest(&mut self) -> Vec<u64> {
        let what = format!("all that was sent to {}", self.name());
        within(&what, self.until_marked()).await
    }

    async fn until_marked(&mut self) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut last = self.mark().await;
        loop {
            match timeout(ANOTHER, self.mailbox.recv()).await {
                Ok(Some(envelope)) => match arrived(&envelope) {
                    Arrived::Probe(number) => numbers.push(number),
                    Arrived::Mark(id) if Some(&id) == last.as_ref() => return numbers,
                    Arrived::Mark(_) => {}
                },
                Ok(None) => panic!("the layer closed a channel"),
                Err(_) => last = None,
            }
            if last.is_none() {
                last = self.mark().await;
            }
        }
    }

    /// Sends a mark, if there is room for it.
    async fn mark(&self) -> Option<String> {
        let id = Uuid::new_v4().to_string();
        let mark = Mark { id: id.clone() };
        let layer = self.subject.layer();
        let sent = match &self.address {
            Address::Channel => layer.send(self.name(), mark).await,
            Address::Group(group) => layer.group_send(group, mark).await.map(drop),
        };
        match sent {
            Ok(()) => Some(id),
            Err(LayerError::ChannelFull { .. }) => None,
            Err(error) => panic!("an event was refused, and not because the channel is full: {error}"),
        }
    }
}

fn arrived(envelope: &Envelope) -> Arrived {
    let damaged = "an event arrived damaged";
    match envelope.kind() {
        Probe::TYPE => Arrived::Probe(envelope.open::<Probe>().expect(damaged).number),
        Mark::TYPE => Arrived::Mark(envelope.open::<Mark>().expect(damaged).id.clone()),
        kind => panic!("an event arrived that nobody sent: {kind}"),
    }
}
