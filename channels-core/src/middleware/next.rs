//! The rest of the stack, and the consumer at its end.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{Aside, Middleware, Rejection};
use crate::{
    Accept, CloseCode, Frame, Layer, Limits, Scope,
    channels::Endpoint,
    connection::{ConnectionHandle, ConnectionId, Run, Wire},
};

/// The rest of the stack, and the consumer at its end.
pub struct Next<'a> {
    pub(crate) stack: &'a [Arc<dyn Middleware>],
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) layer: &'a Layer,
    pub(crate) wire: Wire,
    pub(crate) consumer: Run,
}

impl Next<'_> {
    /// Runs the connection to its end. Who gives up waiting for it closes the connection, and the consumer's
    /// `disconnect` runs all the same.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] of a middleware further in, or of a consumer that could not be made.
    pub async fn run(self, scope: Scope) -> Result<(), Rejection> {
        match self.stack.split_first() {
            Some((first, stack)) => first.handle(scope, Next { stack, ..self }).await,
            None => self.consumer.begin((self.endpoint)(scope, self.layer.clone(), self.wire)).await,
        }
    }

    /// Accepts the connection and waits for its first message: for credentials that come in one. The consumer
    /// never sees that message; its own `accept` then does nothing.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] with [`CloseCode::UNAUTHENTICATED`] if none came in time, or the connection ended.
    pub async fn first_message(&self, scope: &Scope, within: Duration) -> Result<Frame, Rejection> {
        let subprotocol = scope.default_subprotocol.clone();
        self.wire.link.accept_early(Accept { subprotocol, headers: Vec::new() });
        match timeout(within, self.wire.inbox.recv()).await {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => Err(Rejection::new(CloseCode::UNAUTHENTICATED, "closed before the first message")),
            Err(_) => Err(Rejection::new(CloseCode::UNAUTHENTICATED, "no first message in time")),
        }
    }

    /// Takes messages of the client aside, from here on: those that `takes` is true for are read from what is
    /// returned, and the consumer never sees them. Where several take the same one, the outermost gets it.
    ///
    /// `takes` is asked about every message, as it comes: it should be quick.
    pub fn take_aside(&self, takes: impl Fn(&Frame) -> bool + 'static) -> Aside {
        Aside::new(self.wire.link.clone(), &self.wire.inbox, takes)
    }

    /// The channel layer beneath the application.
    pub fn layer(&self) -> &Layer {
        self.layer
    }

    /// What bounds the connection. Who waits for others before [`run`](Self::run) waits no longer than
    /// [`Limits::handshake`].
    pub fn limits(&self) -> &Limits {
        self.wire.link.limits()
    }

    /// A hold on the connection, to close it from elsewhere.
    pub fn handle(&self) -> &ConnectionHandle {
        &self.wire.handle
    }

    /// The connection's number, as in the log.
    pub fn id(&self) -> ConnectionId {
        self.wire.link.id()
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("id", &self.id()).finish_non_exhaustive()
    }
}
