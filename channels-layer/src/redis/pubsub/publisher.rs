//! Publishes events, at whichever server has the topic at the moment.

use std::{future::pending, pin::pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    select,
    sync::watch,
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    Shared,
    cluster::is_elsewhere,
    servers::{Server, Servers},
};
use crate::{
    Delivery, Envelope, LayerError,
    metrics::{self, Reason},
    redis::{
        backoff::Backoff,
        link::{Failed, Link},
        outbox::{Lane, Outbox, Sends, To},
    },
    wire::Address,
};

/// Who was to have the topic, where no server has it.
pub(super) const ANYBODY: &str = "the server of the cluster that has the slot";

#[async_trait]
impl Sends for Shared {
    fn outbox(&self) -> Option<&Outbox> {
        self.outbox.as_ref()
    }

    fn lane_of(&self, to: &To) -> Lane {
        self.servers.borrow().map.lane_of(&self.topic_of(to))
    }

    fn has_connection(&self, lane: Lane) -> bool {
        let (_, link) = self.servers.borrow().of_lane(lane);
        link.is_some_and(|link| link.has_connection())
    }

    fn time_limit(&self) -> Duration {
        self.time_limit
    }

    async fn is_up(&self, lane: Lane) -> bool {
        let mut servers = self.servers.subscribe();
        loop {
            let (server, link) = servers.borrow_and_update().of_lane(lane);
            let is_up = async {
                match link {
                    Some(link) => {
                        let is_up = link.is_up().await;
                        self.becomes_whole(server).await;
                        is_up
                    }
                    None => pending().await,
                }
            };
            select! {
                is_up = is_up => return is_up,
                Ok(()) = servers.changed() => {}
            }
        }
    }

    async fn send_now(&self, to: &To, event: &Envelope) -> Result<Delivery, LayerError> {
        let delivered = self.publish(&self.topic_of(to), event).await?;
        if let To::Channel(channel) = to
            && delivered == 0
        {
            metrics::dropped(Reason::Gone);
            tracing::debug!(%channel, kind = event.kind(), "event dropped: nobody receives there");
        }
        Ok(Delivery { delivered, dropped: 0 })
    }
}

impl Shared {
    /// Waits until a server sends again what it did: what is published before that reaches nobody here. Not for
    /// ever: it may refuse to.
    async fn becomes_whole(&self, server: Server) {
        let end = Instant::now() + self.time_limit;
        loop {
            let mut whole = pin!(self.whole.notified());
            whole.as_mut().enable();
            if self.registry.is_whole(server) || timeout_at(end, whole).await.is_err() {
                return;
            }
        }
    }

    /// Where what is for somebody is published.
    fn topic_of(&self, to: &To) -> String {
        match to {
            To::Channel(channel) => channel.to_string(),
            To::Group(group) => self.registry.names.of_group(group),
        }
    }

    /// Publishes an event. Returns how many processes got it.
    async fn publish(&self, topic: &str, event: &Envelope) -> Result<usize, LayerError> {
        let message = self.codec.write(event, &Address::Implied)?;
        let mut command = redis::cmd(if self.is_cluster() { "SPUBLISH" } else { "PUBLISH" });
        command.arg(topic).arg(&message[..]);
        let mut servers = self.servers.subscribe();
        let (deadline, mut backoff) = (Instant::now() + self.time_limit, Backoff::default());
        loop {
            let link = servers.borrow_and_update().link_of(topic).cloned();
            let failed = match self.publish_at(link.as_deref(), &command, &mut servers, deadline).await {
                Some(Ok(receivers)) => return Ok(receivers),
                Some(Err(failed)) => failed,
                // another server has it by now
                None => continue,
            };
            // one that sends us elsewhere has done nothing
            let is_elsewhere = matches!(&failed, Failed::Refused(_, error) if is_elsewhere(error));
            if !is_elsewhere || Instant::now() >= deadline {
                let failed = if is_elsewhere { Failed::NotSent(ANYBODY.to_owned()) } else { failed };
                if self.outbox.is_none() || failed.may_have_happened() {
                    metrics::layer_failed();
                }
                return Err(failed.into());
            }
            self.unsure.notify_one();
            select! {
                _ = servers.changed() => {}
                () = sleep_until(deadline.min(Instant::now() + backoff.next())) => {}
            }
        }
    }

    /// Publishes at this server, unless there come others while it is away.
    async fn publish_at(
        &self,
        link: Option<&Link>,
        command: &redis::Cmd,
        servers: &mut watch::Receiver<Arc<Servers>>,
        deadline: Instant,
    ) -> Option<Result<usize, Failed>> {
        let ready = async {
            match link {
                // it is to be tried later
                Some(link) if self.outbox.is_some() && !link.has_connection() => {
                    Err(Failed::NotSent(link.shown()))
                }
                Some(link) => link.ready().await.map(|ready| (link, ready)),
                None => {
                    if self.outbox.is_none() {
                        sleep_until(deadline).await;
                    }
                    Err(Failed::NotSent(ANYBODY.to_owned()))
                }
            }
        };
        let (link, ready) = select! {
            biased;
            ready = ready => match ready {
                Ok(ready) => ready,
                Err(failed) => return Some(Err(failed)),
            },
            Ok(()) = servers.changed() => return None,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // nothing is said to a server that is not to answer any more
            return Some(Err(Failed::NotSent(link.shown())));
        }
        let publish = |mut connection| async move { command.query_async(&mut connection).await };
        Some(link.run_on(ready, left, publish).await)
    }
}
