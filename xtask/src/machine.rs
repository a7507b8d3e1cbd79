//! This machine: what it has of the needs, and how it gets the rest.
//!
//! Only `apt-get` is asked, and only for what lacks; with everything in place nothing is run as root.

use std::env;
use std::fs;
use std::process::Command;

use crate::needs::{self, Check, NEEDS, Need};
use crate::shell::{self, Failure};

/// A machine on which every test can run.
#[derive(Debug)]
pub(crate) struct Machine {
    /// The interpreter that imports all the modules the tests need.
    pub(crate) python: String,
}

impl Machine {
    /// Installs what the tests need and this machine lacks.
    ///
    /// # Errors
    ///
    /// As [`install`].
    pub(crate) fn make_ready() -> Result<Self, Failure> {
        install(NEEDS)?;
        let modules = NEEDS.iter().find_map(|need| match need.check {
            Check::Python(modules) => Some(modules),
            Check::Program(_) | Check::Postgres => None,
        });
        let python = python_with(modules.unwrap_or_default())
            .ok_or_else(|| Failure::new("the Python of the tests has just disappeared"))?;
        Ok(Self { python })
    }
}

/// Installs what lacks of `needs`, where that can be done without a question.
///
/// # Errors
///
/// What lacks and what to install, if it cannot be, or if it still lacks afterwards.
pub(crate) fn install(needs: &[Need]) -> Result<(), Failure> {
    let lacking = needs::lacking(needs, is_met);
    if !lacking.is_empty() {
        let Some(apt_get) = AptGet::find() else {
            return Err(Failure::new(needs::describe(&lacking)));
        };
        apt_get
            .install(&needs::packages(&lacking))
            .map_err(|cause| Failure::new(format!("{cause}\n{}", needs::describe(&lacking))))?;
    }
    let lacking = needs::lacking(needs, is_met);
    if lacking.is_empty() { Ok(()) } else { Err(Failure::new(needs::describe(&lacking))) }
}

fn is_met(check: &Check) -> bool {
    match check {
        Check::Program(name) => is_on_path(name),
        Check::Python(modules) => python_with(modules).is_some(),
        Check::Postgres => is_on_path("postgres") || has_debians_postgres(),
    }
}

/// Debian has several versions beside each other, each in a folder of its own.
fn has_debians_postgres() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin/postgres")).any(|server| server.is_file())
}

pub(crate) fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The first Python that can import all of `modules`: the user's choice, then `PATH`'s, then Debian's,
/// because `PATH` may lead to a pyenv that does not see Debian's packages.
pub(crate) fn python_with(modules: &[&str]) -> Option<String> {
    let chosen = env::var("PYTHON").ok();
    let candidates = chosen.as_deref().into_iter().chain(["python3", "/usr/bin/python3"]);
    let program = format!("import {}; print(sys.executable)", [&["sys"], modules].concat().join(", "));
    candidates
        .filter_map(|python| shell::quiet_output(Command::new(python).args(["-c", &program])))
        .map(|executable| executable.trim().to_owned())
        .find(|executable| !executable.is_empty())
}

/// An `apt-get` that may be run without a password.
#[derive(Debug)]
struct AptGet {
    sudo: &'static [&'static str],
}

impl AptGet {
    fn find() -> Option<Self> {
        if !is_on_path("apt-get") {
            return None;
        }
        let user = shell::quiet_output(Command::new("id").arg("-u"))?;
        if user.trim() == "0" {
            return Some(Self { sudo: &[] });
        }
        shell::quiet_output(Command::new("sudo").args(["-n", "true"]))?;
        Some(Self { sudo: &["sudo", "-n"] })
    }

    fn install(&self, packages: &[&str]) -> Result<(), Failure> {
        // one dead mirror fails the update, though the packages may well come from another
        if let Err(failure) = shell::run(&mut self.command(&["update"])) {
            eprintln!("warning: {failure}; going on with the package lists as they are");
        }
        shell::run(self.command(&["install", "-y", "--no-install-recommends"]).args(packages))
    }

    fn command(&self, args: &[&str]) -> Command {
        let words = [
            self.sudo,
            &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"],
            // a machine that has just started may be updating itself
            &["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"],
            args,
        ]
        .concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    }
}
