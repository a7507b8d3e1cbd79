//! The chat under test, and members of its rooms.

use std::ops::{Deref, DerefMut};

use serde_json::json;
use site::testing::{Client, Program, Server};

/// How the program is started.
pub(crate) fn program(database: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_chat"), database).env("CHAT_SECRET", "")
}

/// A chat that keeps nothing.
pub(crate) async fn start() -> Server {
    Server::run(program(":memory:")).await
}

/// The address of a room's socket.
pub(crate) fn room(server: &Server, room: &str, token: &str) -> String {
    server.socket_url(&format!("/ws/chat/{room}/?token={token}"))
}

/// Somebody in a room.
pub(crate) struct Member(Client);

impl Member {
    pub(crate) async fn join(server: &Server, name: &str, token: &str) -> Self {
        Self(Client::connect(&room(server, name, token)).await)
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.0.send_json(&json!({ "type": "chat.message", "text": text })).await;
    }
}

impl Deref for Member {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl DerefMut for Member {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.0
    }
}
