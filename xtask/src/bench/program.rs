//! Programs under way: where they run, what they said, and that they end.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::machine;
use crate::shell::{self, Failure};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(20);

/// What the programs say goes below this.
const LOGS: &str = "target/bench/logs";

/// Where a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cores {
    One(u8),
    All,
}

/// A program as it is to be started: with as many open files as it may have.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    command: Command,
    says: bool,
}

/// One that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    name: String,
    process: Child,
    output: Option<BufReader<ChildStdout>>,
}

impl Program {
    pub(crate) fn new(name: &str, cores: Cores, program: impl Into<PathBuf>) -> Self {
        let mut command = Command::new("sh");
        // a program that may open few files opens as many as it is allowed to
        command.args(["-c", "ulimit -n \"$(ulimit -H -n)\"; exec \"$@\"", "sh"]);
        // it ends with us, however we end
        if machine::is_on_path("setpriv") {
            command.args(["setpriv", "--pdeathsig", "KILL"]);
        }
        if let Cores::One(core) = cores {
            command.args(["taskset", "-c", &core.to_string()]);
        }
        command.arg(program.into());
        Self { name: name.to_owned(), command, says: false }
    }

    pub(crate) fn args<S: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// What it says is for us to read, and not for the log.
    pub(crate) fn that_says(mut self) -> Self {
        self.says = true;
        self
    }

    /// # Errors
    ///
    /// If it cannot be started.
    pub(crate) fn start(mut self) -> Result<Running, Failure> {
        let failure = |error: io::Error| Failure::new(format!("{}: {error}", self.name));
        let logs = shell::root().join(LOGS);
        fs::create_dir_all(&logs).map_err(failure)?;
        let log = File::options().create(true).append(true).open(logs.join(self.name.replace(' ', "-")));
        let log = log.map_err(failure)?;
        let stdout = if self.says { Stdio::piped() } else { log.try_clone().map_err(failure)?.into() };
        shell::at_root(&mut self.command).stdout(stdout).stderr(log);
        let mut process = self.command.spawn().map_err(failure)?;
        let output = process.stdout.take().map(BufReader::new);
        Ok(Running { name: self.name, process, output })
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The next line that it says.
    ///
    /// # Errors
    ///
    /// If it ends without one.
    pub(crate) fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        let read = self.output.as_mut().map(|output| output.read_line(&mut line));
        match read {
            Some(Ok(length)) if length > 0 => Ok(line.trim_end().to_owned()),
            _ => Err(Failure::new(format!("{} ended without a word; see {LOGS}", self.name))),
        }
    }

    /// Waits until it listens.
    ///
    /// # Errors
    ///
    /// If it ends, or takes too long.
    pub(crate) fn listens(&mut self, port: u16) -> Result<(), Failure> {
        let start = Instant::now();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while start.elapsed() < START {
            if TcpStream::connect_timeout(&address, START).is_ok() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(Failure::new(format!("{} ended: {status}; see {LOGS}", self.name)));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(Failure::new(format!("{} does not listen after {} s", self.name, START.as_secs())))
    }

    /// Waits for its end and returns its last line, whether it succeeded or not; it is killed when it takes too long.
    ///
    /// # Errors
    ///
    /// If it says nothing, or takes too long.
    pub(crate) fn last_line(mut self, patience: Duration) -> Result<(String, bool), Failure> {
        let start = Instant::now();
        let status = loop {
            match self.process.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if start.elapsed() < patience => thread::sleep(Duration::from_millis(20)),
                Ok(None) => {
                    return Err(Failure::new(format!(
                        "{}: not done after {} s",
                        self.name,
                        patience.as_secs()
                    )));
                }
                Err(error) => return Err(Failure::new(format!("{}: {error}", self.name))),
            }
        };
        // a line fits into the pipe
        let line = self.line().map_err(|failure| Failure::new(format!("{failure} ({status})")))?;
        Ok((line, status.success()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            eprintln!("warning: {} could not be ended: {error}", self.name);
        }
    }
}

/// A port that nobody has at the moment.
///
/// # Errors
///
/// If there is none.
pub(crate) fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let port = listener.and_then(|listener| listener.local_addr()).map(|address| address.port());
    port.map_err(|error| Failure::new(format!("there is no free port: {error}")))
}
