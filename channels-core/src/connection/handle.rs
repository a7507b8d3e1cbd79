//! A hold on a connection, for those who are no part of it.

use std::fmt;

use actix::{Message, Recipient};

use super::ConnectionId;
use crate::Rejection;

/// A hold on a connection, from wherever it is to be closed: another connection of its user, a REST handler, a
/// job. Cheap to clone, and it keeps nothing alive.
///
/// ```
/// # use channels_core::*;
/// # use std::sync::Mutex;
/// # fn example(open: &Mutex<Vec<ConnectionHandle>>, socket: &Socket) {
/// open.lock().unwrap().push(socket.handle().clone());
/// // later, on any thread
/// for connection in open.lock().unwrap().drain(..) {
///     connection.close(CloseCode::REVOKED, "logged out");
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct ConnectionHandle {
    id: ConnectionId,
    address: Recipient<Close>,
}

/// Asks a connection's actor to close it.
#[derive(Clone, Debug)]
pub(crate) struct Close(pub(crate) Rejection);

impl Message for Close {
    type Result = ();
}

impl ConnectionHandle {
    pub(super) fn new(id: ConnectionId, address: Recipient<Close>) -> Self {
        Self { id, address }
    }

    /// The connection's number, as in the log.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Closes the connection after all that was sent to it. A hook that runs has
    /// [`Limits::close_timeout`](crate::Limits::close_timeout) to end, then it is dropped at its await; `disconnect`
    /// runs in any case. Nothing happens if the connection is gone.
    pub fn close(&self, code: crate::CloseCode, reason: &str) {
        self.reject(Rejection::new(code, reason.to_owned()));
    }

    pub(crate) fn reject(&self, rejection: Rejection) {
        self.address.do_send(Close(rejection));
    }
}

impl fmt::Debug for ConnectionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConnectionHandle").field(&self.id).finish()
    }
}
