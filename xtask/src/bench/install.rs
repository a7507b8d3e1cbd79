//! What the servers and the generator need: built, and installed below `target/`.

use std::fs;
use std::process::Command;

use crate::machine;
use crate::shell::{self, Failure};

/// Below the workspace's root.
pub(crate) const PYTHON: &str = "target/bench/python";
/// With what it needs beside it: Node looks for modules where the script is.
pub(crate) const NODE: &str = "target/bench/node";

/// What this machine can run.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) node: bool,
    pub(crate) python: bool,
    pub(crate) redis: bool,
    pub(crate) taskset: bool,
}

impl Tools {
    /// Builds what is ours and what is Rust, and installs what else can be had.
    ///
    /// # Errors
    ///
    /// If something of Rust does not compile.
    pub(crate) fn make_ready() -> Result<Self, Failure> {
        shell::run(&mut shell::cargo(&["build", "--release", "--package", "load", "--package", "ours"]))?;
        shell::run(&mut shell::cargo(&[
            "build",
            "--release",
            "--locked",
            "--manifest-path",
            "benches/peers/Cargo.toml",
            "--target-dir",
            "target/peers",
            "--bins",
        ]))?;
        Ok(Self {
            node: or_tell("Node's servers", node()),
            python: or_tell("Django Channels", python()),
            redis: machine::is_on_path("redis-server"),
            taskset: machine::is_on_path("taskset"),
        })
    }
}

fn or_tell(what: &str, installed: Result<(), Failure>) -> bool {
    if let Err(failure) = &installed {
        eprintln!("{what}: skipped: {failure}");
    }
    installed.is_ok()
}

fn python() -> Result<(), Failure> {
    let python = machine::python_with(&["ensurepip"]).ok_or_else(|| Failure::new("no Python with venv"))?;
    let environment = shell::root().join(PYTHON);
    let interpreter = environment.join("bin/python");
    let wanted = read("benches/django/requirements.txt")?;
    let stamp = environment.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    shell::run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&environment))?;
    shell::run(Command::new(interpreter).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        "benches/django/requirements.txt",
    ]))?;
    fs::write(stamp, wanted).map_err(|error| Failure::new(format!("{PYTHON}: {error}")))
}

fn node() -> Result<(), Failure> {
    if !machine::is_on_path("npm") {
        return Err(Failure::new("no npm"));
    }
    let folder = shell::root().join(NODE);
    let failure = |error| Failure::new(format!("{NODE}: {error}"));
    fs::create_dir_all(&folder).map_err(failure)?;
    let installed = fs::read_to_string(folder.join("node_modules/.package-lock.json")).is_ok()
        && fs::read_to_string(folder.join("package-lock.json")).is_ok_and(|installed| {
            read("benches/node/package-lock.json").is_ok_and(|wanted| installed == wanted)
        });
    for file in ["package.json", "package-lock.json", "room-ws.js", "room-socketio.js"] {
        fs::copy(shell::root().join("benches/node").join(file), folder.join(file)).map_err(failure)?;
    }
    if installed {
        return Ok(());
    }
    shell::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--prefix", NODE]))
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(shell::root().join(path)).map_err(|error| Failure::new(format!("{path}: {error}")))
}
