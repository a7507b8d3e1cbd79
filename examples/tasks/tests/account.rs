//! The program under test, and somebody who is logged in.

use serde_json::{Value, json};
use site::testing::{Answer, Client, Program, Server};

/// Takes until somebody cancels it.
pub(crate) const LONG: u32 = 50_000_000;

/// How the program is started.
pub(crate) fn program(database: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_tasks"), database)
}

/// A program that keeps nothing.
pub(crate) async fn start() -> Server {
    Server::run(program(":memory:")).await
}

/// Somebody who is logged in.
pub(crate) struct Account<'a> {
    server: &'a Server,
    pub(crate) token: String,
}

impl<'a> Account<'a> {
    pub(crate) fn log_in(server: &'a Server, name: &str) -> Self {
        Self { server, token: server.token(name) }
    }

    /// The socket of a tab that shows the token, as soon as it hears events.
    pub(crate) async fn tab(&self) -> Client {
        let mut tab = Client::connect(&self.url_with(&self.token)).await;
        tab.hear_of("client.stats").await;
        tab
    }

    /// The socket's URL with a ticket or the token.
    pub(crate) fn url_with(&self, credential: &str) -> String {
        self.server.socket_url(&format!("/ws/tasks/?token={credential}"))
    }

    pub(crate) fn ticket(&self) -> String {
        let Answer(status, body) = self.post("/api/ticket", &json!({ "path": "/ws/tasks/" }));
        assert_eq!(status, 200, "{body}");
        body["ticket"].as_str().unwrap().to_owned()
    }

    /// Starts a task, and tells its id.
    pub(crate) fn count(&self, below: u32) -> i64 {
        let Answer(status, body) = self.post("/api/tasks", &json!({ "below": below }));
        assert_eq!(status, 201, "{body}");
        body["id"].as_i64().unwrap()
    }

    pub(crate) fn cancel(&self, id: i64) -> u16 {
        self.post(&format!("/api/tasks/{id}/cancel"), &json!({})).0
    }

    pub(crate) fn list(&self) -> Value {
        let Answer(status, body) = self.server.get("/api/tasks", &self.token);
        assert_eq!(status, 200, "{body}");
        body["tasks"].clone()
    }

    pub(crate) fn show(&self, id: i64) -> Answer {
        self.server.get(&format!("/api/tasks/{id}"), &self.token)
    }

    /// Posts JSON with the token, in the words of Django REST framework.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.server.http().post(self.server.url(path));
        let request = request.header("authorization", format!("Token {}", self.token));
        let mut response = request.send_json(body).unwrap();
        Answer(response.status().as_u16(), response.body_mut().read_json().unwrap())
    }
}

/// What a tab hears of a task until it is in this state: that.
pub(crate) async fn until(tab: &mut Client, id: i64, state: &str) -> Value {
    loop {
        let task = tab.hear_of("task.updated").await["task"].take();
        if task["id"] == id && task["state"] == state {
            return task;
        }
    }
}
