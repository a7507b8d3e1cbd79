//! The servers that the suite is run against.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::shell::{self, Failure};

/// An echo server that cargo can build and run.
#[derive(Debug)]
pub(crate) struct Server {
    /// What it is called in tables and reports.
    pub(crate) name: &'static str,
    target: [&'static str; 2],
    workspace: Workspace,
    /// What it is made of.
    crates: &'static [&'static str],
}

#[derive(Debug)]
enum Workspace {
    Ours,
    /// `benches/peers`, which is none of our workspace's business.
    Peers,
}

pub(crate) const OURS: Server = Server {
    name: "channels-actix",
    target: ["--example", "echo"],
    workspace: Workspace::Ours,
    crates: &["channels-actix"],
};

pub(crate) const PEERS: &[Server] = &[
    Server {
        name: "actix-ws",
        target: ["--bin", "echo-actix-ws"],
        workspace: Workspace::Peers,
        crates: &["actix-ws"],
    },
    Server {
        name: "axum",
        target: ["--bin", "echo-axum"],
        workspace: Workspace::Peers,
        crates: &["axum", "tungstenite"],
    },
];

impl Server {
    /// # Errors
    ///
    /// If it does not compile.
    pub(crate) fn build(&self) -> Result<(), Failure> {
        shell::run(&mut self.cargo("build"))
    }

    /// Starts it at a free port of this machine.
    ///
    /// # Errors
    ///
    /// If it does not say where it listens.
    pub(crate) fn start(&self) -> Result<Running, Failure> {
        let mut command = self.cargo("run");
        // cargo becomes the server: who ends the one ends the other
        command.args(["--quiet", "--", "127.0.0.1:0"]).stdout(Stdio::piped());
        shell::announce(&command);
        let mut process = shell::at_root(&mut command)
            .spawn()
            .map_err(|error| Failure::new(format!("{} could not be started: {error}", self.name)))?;
        let stdout = process.stdout.take();
        let mut running = Running { process, url: String::new() };
        let read = stdout.map(|stdout| BufReader::new(stdout).read_line(&mut running.url));
        running.url.truncate(running.url.trim_end().len());
        match read {
            Some(Ok(_)) if running.url.starts_with("ws://") => Ok(running),
            _ => Err(Failure::new(format!("{} did not say where it listens", self.name))),
        }
    }

    /// The crates it is made of, with their versions.
    pub(crate) fn version(&self) -> Result<String, Failure> {
        let mut versions = Vec::new();
        for name in self.crates {
            let tree = ["tree", "--depth", "0", "--prefix", "none", "--package", name];
            let tree = shell::output(shell::cargo(&tree).args(self.manifest()))?;
            // channels-actix v0.1.0 (/home/ann/channels-actix)
            let version = tree.split_whitespace().nth(1).unwrap_or_default();
            versions.push(format!("{name} {}", version.trim_start_matches('v')));
        }
        Ok(versions.join(", "))
    }

    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.workspace, Workspace::Ours)
    }

    fn cargo(&self, subcommand: &str) -> Command {
        let mut command = shell::cargo(&[subcommand, "--release"]);
        command.args(self.target).args(self.manifest());
        if matches!(self.workspace, Workspace::Peers) {
            command.args(["--target-dir", "target/peers"]);
        }
        command
    }

    fn manifest(&self) -> &'static [&'static str] {
        match self.workspace {
            Workspace::Ours => &[],
            Workspace::Peers => &["--locked", "--manifest-path", "benches/peers/Cargo.toml"],
        }
    }
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    process: Child,
    pub(crate) url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            eprintln!("warning: a server could not be ended: {error}");
        }
    }
}
