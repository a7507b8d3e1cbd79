//! The chat under test, and members of its rooms.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};
use site::testing::{Answer, Client, Program, Server};

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

/// Posts JSON with a token.
pub(crate) fn post(server: &Server, path: &str, token: &str, body: &Value) -> Answer {
    let request = server.http().post(server.url(path)).header("Authorization", format!("Bearer {token}"));
    let mut response = request.send_json(body).unwrap();
    Answer(response.status().as_u16(), response.body_mut().read_json().unwrap())
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

    pub(crate) async fn mark_read(&mut self, id: i64) {
        self.0.send_json(&json!({ "type": "mark_read", "id": id })).await;
    }

    /// The list of rooms, whose changes are told from then on.
    pub(crate) async fn rooms(&mut self) -> Value {
        self.0.send_json(&json!({ "type": "get_room_list" })).await;
        self.0.hear_of("room_list").await["rooms"].take()
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
