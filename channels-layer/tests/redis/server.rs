//! A `redis-server` of one's own: on a free port, without files, gone with the test.

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use uuid::Uuid;

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that ends when its standard input does: with this value, and with the test program however that
/// ends.
pub(crate) struct Program {
    shell: Child,
    stdin: Option<ChildStdin>,
    pid: u32,
}

impl Program {
    pub(crate) fn start(command: &str, args: &[&str]) -> Self {
        const SCRIPT: &str =
            r#""$0" "$@" <&- >/dev/null 2>&1 & echo $!; read -r _; kill -KILL $! 2>/dev/null; wait $!"#;
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, command])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = std::io::BufReader::new(shell.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
        let stdin = shell.stdin.take();
        Self { shell, stdin, pid: line.trim().parse().unwrap() }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.pid)]).status().unwrap();
        assert!(sent.success(), "no signal could be sent");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.stdin.take() {
            // the shell may have been told before
            drop(stdin.write_all(b"\n"));
        }
        self.shell.wait().unwrap();
    }
}

/// A Redis server.
pub(crate) struct Server {
    program: Option<Program>,
    args: Vec<String>,
    port: u16,
    directory: PathBuf,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With arguments of its own.
    pub(crate) fn start_with(args: &[&str]) -> Self {
        let directory = std::env::temp_dir().join(format!("channels-redis-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&directory).unwrap();
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        let mut server = Self { program: None, args, port: free_port(), directory };
        server.run();
        server
    }

    /// Part of a cluster, with the port on which its servers talk to each other: by default that is 10,000 higher,
    /// which not every free port has.
    pub(crate) fn start_in_cluster() -> (Self, u16) {
        Self::start_in_cluster_with(&[])
    }

    pub(crate) fn start_in_cluster_with(args: &[&str]) -> (Self, u16) {
        let bus = free_port();
        let cluster = ["--cluster-enabled", "yes", "--cluster-port", &bus.to_string()];
        (Self::start_with(&[&cluster, args].concat()), bus)
    }

    /// Starts again what was killed, on the same port, empty.
    pub(crate) fn run(&mut self) {
        assert!(self.program.is_none(), "the server runs");
        let (port, directory) = (self.port.to_string(), self.directory.to_str().unwrap().to_owned());
        let mut args = vec!["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        args.extend(["--dir", &directory, "--repl-diskless-sync-delay", "0"]);
        args.extend(self.args.iter().map(String::as_str));
        self.program = Some(Program::start("redis-server", &args));
        listens(self.port);
    }

    pub(crate) fn kill(&mut self) {
        self.program = None;
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            assert!(Instant::now() < end, "the server does not end");
        }
    }

    /// Stops it where it is: its connections stay, and nobody answers.
    pub(crate) fn hang(&self) {
        self.program.as_ref().unwrap().signal("STOP");
    }

    pub(crate) fn go_on(&self) {
        self.program.as_ref().unwrap().signal("CONT");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// A connection of the test's own.
    pub(crate) fn client(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// What it says to a command.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, command: &str) -> T {
        self.try_ask(command).unwrap()
    }

    /// The same, where it may be about to cut its connections.
    pub(crate) fn try_ask<T: redis::FromRedisValue>(&self, command: &str) -> redis::RedisResult<T> {
        let mut client = redis::Client::open(self.url())?.get_connection()?;
        let mut words = command.split(' ');
        let mut ask = redis::cmd(words.next().unwrap());
        for word in words {
            ask.arg(word);
        }
        ask.query(&mut client)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.program = None;
        std::fs::remove_dir_all(&self.directory).unwrap();
    }
}

/// Not one of those that the kernel gives to whoever connects: a test that waits for a server on one of them may
/// get it itself, and be connected with itself.
pub(crate) fn free_port() -> u16 {
    loop {
        let (random, _) = Uuid::new_v4().as_u64_pair();
        let port = 10_000 + u16::try_from(random % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until something listens.
pub(crate) fn listens(port: u16) {
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "nothing listens on port {port}");
        thread::yield_now();
    }
}
