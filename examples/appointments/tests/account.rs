//! The program under test, and somebody who is logged in.

use serde_json::{Value, json};
use site::testing::{Answer, Client, Program, Server};

/// A day that all tests use.
pub(crate) const DAY: &str = "2026-03-02";

/// How the program is started.
pub(crate) fn program(database: &str) -> Program {
    Program::new(env!("CARGO_BIN_EXE_appointments"), database)
}

/// A program that keeps nothing.
pub(crate) async fn start() -> Server {
    Server::run(program(":memory:")).await
}

/// What somebody wants: the first practitioner, on [`DAY`].
pub(crate) fn plan(slot: &str, patient: &str) -> Value {
    json!({ "practitioner": 1, "day": DAY, "slot": slot, "patient": patient, "reason": "" })
}

/// `value` with another value in one of its fields.
pub(crate) fn with(mut value: Value, field: &str, other: impl Into<Value>) -> Value {
    value[field] = other.into();
    value
}

/// Somebody who is logged in.
pub(crate) struct Account<'a> {
    server: &'a Server,
    pub(crate) token: String,
}

impl<'a> Account<'a> {
    pub(crate) fn log_in(server: &'a Server, name: &str) -> Self {
        Self::with_token(server, server.token(name))
    }

    /// Who has a token already.
    pub(crate) fn with_token(server: &'a Server, token: String) -> Self {
        Self { server, token }
    }

    /// The board's socket, from the moment on when it misses nothing.
    pub(crate) async fn socket(&self) -> Client {
        let mut socket = Client::connect(&socket_url(self.server, &self.token)).await;
        socket.hear_of("connected").await;
        socket
    }

    pub(crate) fn book(&self, plan: &Value) -> Answer {
        let request = self.server.http().post(self.server.url("/api/appointments"));
        answer(request.header("authorization", self.bearer()).send_json(plan))
    }

    /// What is there now, made by a booking that is sure to work.
    pub(crate) fn booked(&self, slot: &str, patient: &str) -> Value {
        let Answer(status, body) = self.book(&plan(slot, patient));
        assert_eq!(status, 201, "{body}");
        body
    }

    /// Sends an appointment as it is to be, at the version that was seen.
    pub(crate) fn change(&self, appointment: &Value) -> Answer {
        let request = self.server.http().put(self.one(appointment));
        answer(request.header("authorization", self.bearer()).send_json(appointment))
    }

    pub(crate) fn cancel(&self, appointment: &Value) -> Answer {
        let url = format!("{}?version={}", self.one(appointment), appointment["version"]);
        answer(self.server.http().delete(url).header("authorization", self.bearer()).call())
    }

    /// What is booked from [`DAY`] on.
    pub(crate) fn list(&self, days: u8) -> Answer {
        self.server.get(&format!("/api/appointments?day={DAY}&days={days}"), &self.token)
    }

    /// Posts nothing, as a logout does.
    pub(crate) fn post(&self, path: &str) -> Answer {
        let request = self.server.http().post(self.server.url(path));
        answer(request.header("authorization", self.bearer()).send_empty())
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn one(&self, appointment: &Value) -> String {
        self.server.url(&format!("/api/appointments/{}", appointment["id"]))
    }
}

/// The address of the board's socket.
pub(crate) fn socket_url(server: &Server, token: &str) -> String {
    server.socket_url(&format!("/ws/scheduling/appointments/?token={token}"))
}

/// A 204 has no body, which is `null` here.
fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.unwrap();
    let body = response.body_mut().read_to_string().unwrap();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() };
    Answer(response.status().as_u16(), body)
}
