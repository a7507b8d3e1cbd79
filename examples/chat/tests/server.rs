//! The program under test, on a port of its own.

use std::{
    fs,
    path::PathBuf,
    process::{self, ExitStatus, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinHandle,
};

use crate::{PATIENCE, secrets, soon};

/// A running chat. It is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    // kept open: the program may print
    _out: Lines<BufReader<ChildStdout>>,
    log: Option<JoinHandle<String>>,
    address: String,
    http: ureq::Agent,
}

/// An answer: its status and its body.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer(pub(crate) u16, pub(crate) Value);

impl Server {
    /// A chat that keeps nothing.
    pub(crate) async fn start() -> Self {
        Self::run(program(":memory:")).await
    }

    /// Runs a [`program`], and waits until it listens.
    pub(crate) async fn run(mut program: Command) -> Self {
        let mut child = program.spawn().unwrap();
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
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The address of a room's socket.
    pub(crate) fn room(&self, room: &str, token: &str) -> String {
        format!("ws://{}/ws/chat/{room}/?token={token}", self.address)
    }

    pub(crate) fn http(&self) -> &ureq::Agent {
        &self.http
    }

    pub(crate) fn log_in(&self, username: &str, password: &str) -> Answer {
        let login = json!({ "username": username, "password": password });
        self.post("/api/login", &login.to_string())
    }

    /// The token of somebody whose password is their name.
    pub(crate) fn token(&self, name: &str) -> String {
        let Answer(status, body) = self.log_in(name, name);
        assert_eq!(status, 200, "{body}");
        let token = body["token"].as_str().unwrap().to_owned();
        secrets::note("a token of the chat", &token);
        token
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        let request = self.http.post(self.url(path)).content_type("application/json");
        answer(request.send(body).unwrap())
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        let request = self.http.get(self.url(path)).header("Authorization", format!("Bearer {token}"));
        answer(request.call().unwrap())
    }

    /// Asks the program to end, as a service manager does.
    pub(crate) async fn terminate(&mut self) {
        let id = self.child.id().expect("the program runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    }

    /// Waits for the end of the program.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        soon("the program ends", self.child.wait()).await.unwrap()
    }

    /// All the program logged, to its end.
    pub(crate) async fn log(&mut self) -> String {
        let log = self.log.take().expect("it was started with a pipe for its log");
        soon("the log ends", log).await.unwrap()
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    Answer(response.status().as_u16(), response.body_mut().read_json().unwrap())
}

/// How the program is started.
pub(crate) fn program(database: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_chat"));
    program
        .args(["--listen", "127.0.0.1:0", "--database", database])
        .env("RUST_LOG", "warn")
        .env_remove("CHAT_SECRET")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if let Some(log) = secrets::log() {
        program.env("RUST_LOG", "trace").stderr(log);
    }
    program
}

/// A folder that is gone after the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("chat-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} stays: {error}", self.0.display());
        }
    }
}
