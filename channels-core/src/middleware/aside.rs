//! A client's messages for its middleware.

use std::fmt;

use channels_layer::wire::websocket::Opcode;
use serde::Serialize;

use crate::{
    Error, Frame, Result, SocketError,
    connection::{Inbox, Link},
    reply::ErrorFrame,
};

/// How many bytes of messages may wait, beside the one that is looked at; one always fits.
const WAITING: usize = 64 * 1024;

/// A client's messages that middleware takes aside, and answers: [`Next::take_aside`](super::Next::take_aside).
///
/// While the middleware waits for `next.run`, it has to listen here, too. When more than 64 KiB wait, nothing
/// more is read from the client. Once this is dropped, such messages are dropped as well.
///
/// ```
/// use channels_core::{Frame, Next, Scope, from_fn};
///
/// /// Answers `ping`, whatever the consumer does in the meantime.
/// let pinged = from_fn(async |scope: Scope, next: Next<'_>| {
///     let pings = next.take_aside(|frame| frame.as_text() == Some("ping"));
///     let answers = async {
///         while pings.recv().await.is_some() && pings.send_text("pong").await.is_ok() {}
///         std::future::pending().await
///     };
///     tokio::select! {
///         outcome = next.run(scope) => outcome,
///         never = answers => never,
///     }
/// });
/// ```
pub struct Aside {
    link: Link,
    inbox: Inbox,
}

impl Aside {
    pub(super) fn new(link: Link, inbox: &Inbox, takes: impl Fn(&Frame) -> bool + 'static) -> Self {
        Self { link, inbox: inbox.take_aside(WAITING, takes) }
    }

    /// The next message; `None` when the client sends no more. Cancel safe.
    pub async fn recv(&self) -> Option<Frame> {
        self.inbox.recv().await
    }

    /// Sends a text message. Waits while [`Limits::outbound`](crate::Limits::outbound) is reached.
    ///
    /// # Errors
    ///
    /// [`SocketError`] if the connection is not accepted yet, or closed.
    pub async fn send_text(&self, text: &str) -> Result<(), SocketError> {
        self.link.send(self.link.frame(Opcode::Text, text.as_bytes())).await
    }

    /// Sends a value as a JSON text message.
    ///
    /// # Errors
    ///
    /// A [`serde_json::Error`] if it does not serialize; [`SocketError`] if the connection is not accepted yet,
    /// or closed.
    pub async fn send_json(&self, content: &impl Serialize) -> Result<()> {
        Ok(self.send_text(&serde_json::to_string(content)?).await?)
    }

    /// Sends the error frame that a JSON consumer's client gets for `error`.
    ///
    /// # Errors
    ///
    /// [`SocketError`] if the connection is not accepted yet, or closed.
    pub async fn send_error(&self, error: &Error) -> Result<(), SocketError> {
        self.send_text(&ErrorFrame::new(error).to_json()).await
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // the reader must not wait for whoever does not listen any more
        self.inbox.end();
    }
}

impl fmt::Debug for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aside").field("connection", &self.link.id()).finish_non_exhaustive()
    }
}
