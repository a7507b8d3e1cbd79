//! The program under test, on a port of its own.

#[cfg(target_os = "linux")]
use std::fs;
use std::process::{ExitStatus, Stdio};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinHandle,
};

use super::{PATIENCE, secrets, soon};

/// A program that is about to run.
#[derive(Debug)]
pub struct Program {
    command: Command,
    listen: String,
}

/// A running program. It is killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    // kept open: the program may print
    _out: Lines<BufReader<ChildStdout>>,
    log: Option<JoinHandle<String>>,
    address: String,
    http: ureq::Agent,
}

/// An answer: its status and its body.
#[derive(Debug, PartialEq)]
pub struct Answer(pub u16, pub Value);

impl Program {
    /// The program at `path`, `env!("CARGO_BIN_EXE_NAME")`, on a free port and a database of its own.
    pub fn new(path: &str, database: &str) -> Self {
        let mut command = Command::new(path);
        command
            .args(["--database", database])
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(log) = secrets::log() {
            command.env("RUST_LOG", "trace").stderr(log);
        }
        Self { command, listen: "127.0.0.1:0".to_owned() }
    }

    /// Where another one was before, instead of on a free port.
    #[must_use]
    pub fn at(mut self, address: &str) -> Self {
        address.clone_into(&mut self.listen);
        self
    }

    /// With these flags, too.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// With this environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// What it logs is kept, for [`Server::log`].
    #[must_use]
    pub fn with_log(mut self, filter: &str) -> Self {
        self.command.env("RUST_LOG", filter).stderr(Stdio::piped());
        self
    }

    /// Runs it to its end, which is soon: its status, and what it logged.
    pub async fn fails(self) -> (Option<i32>, String) {
        let mut command = self.with_log("warn").ready();
        let output = soon("the program ends", command.output()).await.unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn ready(mut self) -> Command {
        self.command.args(["--listen", &self.listen]);
        self.command
    }
}

impl Server {
    /// Starts a program, and waits until it listens.
    pub async fn run(program: Program) -> Self {
        let mut child = program.ready().spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = soon("the program prints its address", out.next_line()).await.unwrap();
        let line = line.expect("the program runs");
        let address = line.split_once("://").and_then(|(_, rest)| rest.strip_suffix('/'));
        let log = child.stderr.take().map(|mut pipe| {
            tokio::spawn(async move {
                let mut log = String::new();
                pipe.read_to_string(&mut log).await.unwrap();
                log
            })
        });
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None);
        let address = address.expect(&line).to_owned();
        Self { child, _out: out, log, address, http: config.build().into() }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The HTTP URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The WebSocket URL of a path.
    pub fn socket_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// What asks it over HTTP: an answer of any status is one.
    pub fn http(&self) -> &ureq::Agent {
        &self.http
    }

    /// What a login by `POST /api/login` is answered.
    pub fn log_in(&self, username: &str, password: &str) -> Answer {
        let login = json!({ "username": username, "password": password });
        self.post("/api/login", &login.to_string())
    }

    /// The token of somebody whose password is their name.
    pub fn token(&self, name: &str) -> String {
        let Answer(status, body) = self.log_in(name, name);
        assert_eq!(status, 200, "{body}");
        let token = body["token"].as_str().unwrap().to_owned();
        secrets::note("a token of an example's", &token);
        token
    }

    /// Posts JSON, without a token.
    pub fn post(&self, path: &str, body: &str) -> Answer {
        let request = self.http.post(self.url(path)).content_type("application/json");
        answer(request.send(body).unwrap())
    }

    /// Asks with a token.
    pub fn get(&self, path: &str, token: &str) -> Answer {
        let request = self.http.get(self.url(path)).header("Authorization", format!("Bearer {token}"));
        answer(request.call().unwrap())
    }

    /// Asks the program to end, as a service manager does.
    pub async fn terminate(&mut self) {
        let id = self.child.id().expect("the program runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    }

    /// The most that was ever resident of it, in KiB.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self) -> usize {
        let id = self.child.id().expect("the program runs");
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    /// Waits for the end of the program.
    pub async fn ended(&mut self) -> ExitStatus {
        soon("the program ends", self.child.wait()).await.unwrap()
    }

    /// All the program logged, to its end.
    pub async fn log(&mut self) -> String {
        let log = self.log.take().expect("it was started with a pipe for its log");
        soon("the log ends", log).await.unwrap()
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    Answer(response.status().as_u16(), response.body_mut().read_json().unwrap())
}
