//! One connection: an actor that owns it, and the task that drives its consumer.

mod driver;
mod handle;
mod heartbeat;
mod id;
mod inbox;
mod link;
mod registry;

use actix::prelude::*;
use bytes::Bytes;
use futures_util::{Stream, future::LocalBoxFuture};
use tokio::{task::JoinError, time::timeout};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

pub(crate) use self::{
    driver::drive,
    inbox::Inbox,
    link::{Answer, Link},
    registry::Registry,
};
use self::{handle::Close, heartbeat::Silence};
pub use self::{
    handle::ConnectionHandle,
    id::ConnectionId,
    link::{Accept, SocketError},
};
use crate::{
    CloseCode, Rejection, Scope,
    channels::Channels,
    metrics,
    middleware::access_log,
    routing::Found,
    transport::{self, Agreed, Cutter},
};

/// Both directions of a connection, as the application's end holds them.
pub(crate) struct Wire {
    pub(crate) link: Link,
    pub(crate) inbox: Inbox,
    pub(crate) handle: ConnectionHandle,
}

/// What the handshake settled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// Whether messages are compressed, and how.
    pub(crate) compression: Option<Agreed>,
    /// What ends a connection whose client takes nothing any more.
    pub(crate) cutter: Cutter,
}

/// Starts a connection. The future returned is the application's answer, due within
/// [`Limits::handshake`](crate::Limits::handshake).
pub(crate) fn open<P, E>(
    channels: &Channels,
    found: Found,
    scope: Scope,
    terms: Terms,
    payload: P,
) -> (Link, impl Future<Output = Answer> + use<P, E>)
where
    P: Stream<Item = Result<Bytes, E>> + 'static,
    E: 'static,
{
    let limits = found.limits.clone().unwrap_or_else(|| channels.connection_limits());
    let (link, answered) = Link::new(limits, terms);
    let inbox = Inbox::new(link.limits().inbound);
    let log = access_log::Line::new(link.id(), &scope);
    log.handshaking();
    metrics::opened();

    Connection::create(|ctx| {
        let handle = ConnectionHandle::new(link.id(), ctx.address().recipient());
        let registry = channels.registry();
        registry.insert(handle.clone());
        let driver = {
            let (channels, wire) =
                (channels.clone(), Wire { link: link.clone(), inbox: inbox.clone(), handle });
            let span = tracing::debug_span!("connection", id = %link.id());
            let driver = async move { channels.run(found, scope, wire).await };
            AbortOnDropHandle::new(actix::spawn(driver.instrument(span)))
        };
        let reader = transport::read(payload, link.clone(), inbox.clone());
        let life = live(link.clone(), inbox, driver, reader);
        Connection { life: Some(Box::pin(life)), link: link.clone(), log: log.clone(), registry }
    });

    let answer = {
        let link = link.clone();
        async move {
            match timeout(link.limits().handshake, answered).await {
                Ok(Ok(Answer::Accept(accept))) => {
                    log.connect();
                    Answer::Accept(accept)
                }
                Ok(Ok(refusal)) => refusal,
                // the driver ended without a word
                Ok(Err(_)) => Answer::Refuse(CloseCode::INTERNAL.into()),
                Err(_) => {
                    tracing::warn!(connection = %link.id(), "refused: neither accepted nor closed in time");
                    let rejection = Rejection::new(CloseCode::TRY_AGAIN, "no answer in time");
                    link.kick(rejection.clone());
                    Answer::Refuse(rejection)
                }
            }
        }
    };
    (link, answer)
}

/// Owns a connection: its tasks end with it, and its address is how the server reaches it.
struct Connection {
    life: Option<LocalBoxFuture<'static, ()>>,
    link: Link,
    log: access_log::Line,
    registry: Registry,
}

impl Actor for Connection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(life) = self.life.take() {
            ctx.spawn(life.into_actor(self).map(|(), _, ctx| ctx.stop()));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // also when the worker is torn down around it
        self.link.lost();
        let code = self.link.closed().unwrap_or(CloseCode::ABNORMAL);
        metrics::ended(self.link.was_open(), code);
        self.log.ended(self.link.was_open(), code);
        self.registry.remove(self.link.id());
    }
}

impl Handler<Close> for Connection {
    type Result = ();

    fn handle(&mut self, Close(rejection): Close, _: &mut Self::Context) {
        self.link.kick(rejection);
    }
}

/// A connection's life: until its consumer is done and its client has been told, or is gone.
async fn live(link: Link, inbox: Inbox, driver: AbortOnDropHandle<()>, reader: impl Future<Output = ()>) {
    let mut driver = std::pin::pin!(driver);
    let mut reader = std::pin::pin!(reader);
    let gone = tokio::select! {
        outcome = &mut driver => {
            end(&link, outcome);
            false
        }
        () = &mut reader => {
            // a hook that goes on and on is dropped by its own deadline
            end(&link, (&mut driver).await);
            true
        }
        silence = heartbeat::watch(&link) => {
            give_up(&link, silence);
            inbox.end();
            end(&link, (&mut driver).await);
            silence != Silence::Idle
        }
    };
    // the client answers the close frame, and closes
    if !gone && timeout(link.limits().close_timeout, reader).await.is_err() {
        tracing::debug!(connection = %link.id(), "the client did not answer the close frame in time");
        link.cut();
    }
    link.outbound().end();
}

fn give_up(link: &Link, silence: Silence) {
    tracing::info!(connection = %link.id(), %silence, "connection given up");
    match silence {
        Silence::Idle => link.kick(Rejection::new(CloseCode::NORMAL, "idle")),
        Silence::NoPong | Silence::NoRoom | Silence::HalfMessage => {
            link.lost();
            link.cut();
        }
    }
}

/// The consumer is done: closes what it did not close itself.
fn end(link: &Link, outcome: Result<(), JoinError>) {
    match outcome {
        Ok(()) => link.close(CloseCode::NORMAL),
        Err(error) => {
            tracing::error!(connection = %link.id(), %error, "a middleware panicked");
            link.close(Rejection::new(CloseCode::INTERNAL, "internal error"));
        }
    }
}
