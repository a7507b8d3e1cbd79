//! A consumer of text and binary messages.

use crate::{CloseCode, Error, Frame, Handlers, Result, Socket};

/// A consumer of text and binary messages: one value for each connection.
///
/// Its hooks never run two at a time, so that state is plain fields. Messages of the client come in its
/// order, events of a channel in theirs, and the two are fairly mixed.
///
/// ```
/// use channels_core::{Frame, Result, Socket, WebsocketConsumer};
///
/// struct Echo;
///
/// impl WebsocketConsumer for Echo {
///     async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
///         match frame {
///             Frame::Text(text) => socket.send_text(text).await,
///             Frame::Binary(bytes) => socket.send_binary(bytes).await,
///         }
///     }
/// }
/// ```
#[expect(async_fn_in_trait, reason = "a consumer lives on one worker: its futures need not be Send")]
pub trait WebsocketConsumer: Sized + 'static {
    /// Registers the events this consumer takes. Called once a route, at start-up.
    fn events(_on: &mut Handlers<Self>) {}

    /// The client wants to connect: accept it or close it, within
    /// [`Limits::handshake`](crate::Limits::handshake). An error refuses it.
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.accept().await
    }

    /// The client sent a message.
    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()>;

    /// The connection has ended, whatever the reason; also one that was refused in
    /// [`connect`](Self::connect). All groups are left after it.
    async fn disconnect(&mut self, _code: CloseCode, _socket: &mut Socket) -> Result<()> {
        Ok(())
    }

    /// What a client is sent when a hook failed. Nothing, unless the consumer has a format for it.
    fn error_frame(_error: &Error) -> Option<Frame> {
        None
    }
}
