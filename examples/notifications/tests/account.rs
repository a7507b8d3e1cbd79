//! The program under test, and somebody who is logged in.

use serde_json::{Value, json};
use site::testing::{Answer, Client, Program, Server};

/// How the program is started.
pub(crate) fn program(database: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_notifications"), database).env("NOTIFICATIONS_SECRET", "")
}

/// A program that keeps nothing.
pub(crate) async fn start() -> Server {
    Server::run(program(":memory:")).await
}

/// Somebody who is logged in.
pub(crate) struct Account<'a> {
    server: &'a Server,
    pub(crate) token: String,
    /// As a browser sends it.
    pub(crate) cookie: String,
}

impl<'a> Account<'a> {
    pub(crate) fn log_in(server: &'a Server, name: &str) -> Self {
        let login = json!({ "username": name, "password": name }).to_string();
        let request = server.http().post(server.url("/api/login")).content_type("application/json");
        let mut response = request.send(&login).unwrap();
        assert_eq!(response.status(), 200);
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let body: Value = response.body_mut().read_json().unwrap();
        Self { server, token: body["token"].as_str().unwrap().to_owned(), cookie }
    }

    /// The socket of a tab that has the token.
    pub(crate) async fn tab(&self) -> Client {
        Client::connect(&self.server.socket_url(&format!("/ws/notifications/?token={}", self.token))).await
    }

    /// The socket of a tab that leaves it to the browser.
    pub(crate) async fn tab_with_cookie(&self) -> Client {
        let url = self.server.socket_url("/ws/notifications/");
        Client::with_cookie(&url, &self.server.url(""), &self.cookie).await
    }

    /// Notifies somebody, and tells the status of the answer.
    pub(crate) fn notify(&self, to: &str, text: &str) -> u16 {
        let new = json!({ "to": to, "text": text });
        let request = self.server.http().post(self.server.url("/api/notifications"));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        request.send_json(&new).unwrap().status().as_u16()
    }

    pub(crate) fn list(&self) -> Value {
        let Answer(status, body) = self.server.get("/api/notifications", &self.token);
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The texts of all, the newest first.
    pub(crate) fn texts(&self) -> Vec<String> {
        let listed = self.list();
        let texts = listed["notifications"].as_array().unwrap().iter();
        texts.map(|one| one["text"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn mark(&self, id: i64, is_read: bool) -> u16 {
        let request = self.server.http().patch(self.one(id));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        request.send_json(json!({ "is_read": is_read })).unwrap().status().as_u16()
    }

    pub(crate) fn delete(&self, id: i64) -> u16 {
        let request = self.server.http().delete(self.one(id));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        request.call().unwrap().status().as_u16()
    }

    fn one(&self, id: i64) -> String {
        self.server.url(&format!("/api/notifications/{id}"))
    }
}
