//! A consumer's side of its connection.

use std::{fmt, rc::Rc, sync::Arc};

use bytes::Bytes;
use bytestring::ByteString;
use channels_layer::{ChannelName, Event, Group, Layer, Mailbox, Received, wire::websocket::Opcode};
use serde::Serialize;

use crate::{
    Accept, CloseCode, ConnectionHandle, ConnectionId, Rejection, Result, Scope,
    connection::Link,
    consumer::Ways,
    groups::{Groups, Member, Membership},
};

/// A consumer's side of its connection: accept, send, close, join groups, read the scope.
///
/// Every group is left when the connection ends, whatever the reason.
pub struct Socket {
    scope: Scope,
    channel: ChannelName,
    layer: Layer,
    handle: ConnectionHandle,
    groups: Rc<Groups>,
    memberships: Vec<Membership>,
    member: Rc<Member>,
}

impl Socket {
    pub(crate) fn new(
        scope: Scope,
        layer: Layer,
        (link, handle): (Link, ConnectionHandle),
        ways: Arc<Ways>,
        mailbox: &Mailbox,
    ) -> Self {
        Self {
            scope,
            handle,
            channel: mailbox.name().clone(),
            groups: Groups::of_worker(&layer),
            layer,
            memberships: Vec::new(),
            member: Rc::new(Member { link, ways, postbox: mailbox.postbox() }),
        }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.member.link
    }

    /// Accepts the connection, without a subprotocol unless the credential came in one.
    ///
    /// # Errors
    ///
    /// [`SocketError`](crate::SocketError) if it is accepted or closed already.
    pub async fn accept(&mut self) -> Result<()> {
        let subprotocol = self.scope.default_subprotocol.clone();
        self.accept_with(Accept { subprotocol, headers: Vec::new() }).await
    }

    /// Accepts the connection with a subprotocol or headers.
    ///
    /// ```
    /// # use channels_core::*;
    /// # async fn connect(socket: &mut Socket) -> Result<()> {
    /// if socket.scope().subprotocols().iter().any(|offer| offer == "chat.v2") {
    ///     return socket.accept_with(Accept::default().subprotocol("chat.v2")).await;
    /// }
    /// socket.accept().await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SocketError`](crate::SocketError) if it is accepted or closed already.
    pub async fn accept_with(&mut self, accept: Accept) -> Result<()> {
        Ok(self.link().accept(accept)?)
    }

    /// Sends a text message. Waits while [`Limits::outbound`](crate::Limits::outbound) is reached.
    ///
    /// # Errors
    ///
    /// [`SocketError`](crate::SocketError) if the connection is not accepted yet, or closed.
    pub async fn send_text(&mut self, text: impl Into<ByteString>) -> Result<()> {
        let frame = self.link().frame(Opcode::Text, text.into().as_bytes());
        self.send_frame(frame).await
    }

    /// Sends a binary message. Waits while [`Limits::outbound`](crate::Limits::outbound) is reached.
    ///
    /// # Errors
    ///
    /// [`SocketError`](crate::SocketError) if the connection is not accepted yet, or closed.
    pub async fn send_binary(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        let frame = self.link().frame(Opcode::Binary, bytes.as_ref());
        self.send_frame(frame).await
    }

    /// Sends a value as a JSON text message.
    ///
    /// # Errors
    ///
    /// A [`serde_json::Error`] if it does not serialize; [`SocketError`](crate::SocketError) if the
    /// connection is not accepted yet, or closed.
    pub async fn send_json(&mut self, content: &impl Serialize) -> Result<()> {
        self.send_text(serde_json::to_string(content)?).await
    }

    /// Passes an event on to the client as it came, with its `type`; encoded once for all who relay it.
    ///
    /// # Errors
    ///
    /// [`EventError`](crate::EventError) if it does not serialize to a map;
    /// [`SocketError`](crate::SocketError) if the connection is not accepted yet, or closed.
    pub async fn relay<E: Event>(&mut self, event: &Received<E>) -> Result<()> {
        self.send_frame(self.link().encoding().frame(event)?).await
    }

    pub(crate) async fn send_frame(&mut self, frame: Bytes) -> Result<()> {
        Ok(self.link().send(frame).await?)
    }

    /// Closes the connection when all that was sent is written. `disconnect` runs after the hook that calls
    /// it. Before `accept` it refuses the client, who sees the code.
    pub fn close(&mut self, code: CloseCode) {
        self.link().close(code);
    }

    /// Closes the connection with a short reason, for those who debug a client.
    pub fn close_with(&mut self, code: CloseCode, reason: &str) {
        self.link().close(Rejection::new(code, reason.to_owned()));
    }

    /// Whether the connection is closed, by whichever side.
    pub fn is_closed(&self) -> bool {
        self.link().closed().is_some()
    }

    /// Joins a group. Once is enough: it is left when the connection ends.
    ///
    /// # Errors
    ///
    /// [`LayerError`](crate::LayerError) if the layer's server did not answer.
    pub async fn join(&mut self, group: &Group) -> Result<()> {
        if self.memberships.iter().all(|membership| membership.group() != group) {
            let membership = self.groups.join(group, Rc::clone(&self.member)).await?;
            self.memberships.push(membership);
        }
        Ok(())
    }

    /// Leaves a group. Nothing happens if it was not joined.
    pub fn leave(&mut self, group: &Group) {
        self.memberships.retain(|membership| membership.group() != group);
    }

    /// Sends an event to every member of a group, itself included if it joined.
    ///
    /// # Errors
    ///
    /// [`LayerError`](crate::LayerError) if the layer's server did not answer. A member that is full is no
    /// error: see [`Layer::group_send`].
    pub async fn group_send(&self, group: &Group, event: impl Event) -> Result<()> {
        self.layer.group_send(group, event).await?;
        Ok(())
    }

    /// The channel layer.
    pub fn layer(&self) -> &Layer {
        &self.layer
    }

    /// The name of this connection's own channel, for others to send to.
    pub fn channel_name(&self) -> &ChannelName {
        &self.channel
    }

    /// What is known of the connection.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The user that authentication found.
    ///
    /// # Errors
    ///
    /// [`ScopeError`](crate::ScopeError) if there is none of this type.
    pub fn user<U: Send + Sync + 'static>(&self) -> Result<Arc<U>> {
        Ok(self.scope.user()?)
    }

    /// A hold on this connection, to close it from elsewhere.
    pub fn handle(&self) -> &ConnectionHandle {
        &self.handle
    }

    /// The connection's number, as in the log.
    pub fn id(&self) -> ConnectionId {
        self.link().id()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("id", &self.id()).field("scope", &self.scope).finish_non_exhaustive()
    }
}
