//! One line for each step of a connection, as Django's development server prints them.
//!
//! `WebSocket HANDSHAKING /ws/chat/?token=*** [127.0.0.1:52816]`, then `CONNECT` or `REJECT`, at last
//! `DISCONNECT`. Target `channels::access`, level info.

use std::{net::SocketAddr, rc::Rc};

use crate::{CloseCode, ConnectionId, Scope};

const TARGET: &str = "channels::access";

/// What the lines of one connection have in common.
#[derive(Clone)]
pub(crate) struct Line(Rc<Common>);

struct Common {
    id: ConnectionId,
    path: String,
    client: String,
}

impl Line {
    pub(crate) fn new(id: ConnectionId, scope: &Scope) -> Self {
        let client = scope.client().as_ref().map_or_else(|| "-".to_owned(), SocketAddr::to_string);
        Self(Rc::new(Common { id, path: scope.redacted_path(), client }))
    }

    pub(crate) fn handshaking(&self) {
        let Common { id, path, client } = &*self.0;
        tracing::info!(target: TARGET, connection = %id, "WebSocket HANDSHAKING {path} [{client}]");
    }

    pub(crate) fn connect(&self) {
        let Common { id, path, client } = &*self.0;
        tracing::info!(target: TARGET, connection = %id, "WebSocket CONNECT {path} [{client}]");
    }

    pub(crate) fn ended(&self, was_accepted: bool, code: CloseCode) {
        let Common { id, path, client } = &*self.0;
        let code = code.as_u16();
        if !was_accepted {
            tracing::info!(target: TARGET, connection = %id, code, "WebSocket REJECT {path} [{client}]");
        }
        tracing::info!(target: TARGET, connection = %id, code, "WebSocket DISCONNECT {path} [{client}]");
    }
}
