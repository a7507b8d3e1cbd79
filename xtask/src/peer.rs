//! The Django site that some tests run beside ours: a virtual environment with the packages it names.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{self, Failure};

/// Where it goes: beside what cargo builds.
const VENV: &str = "target/django-peer";

/// Makes it, or brings it up to date; with nothing to do it needs no network. Returns where it is.
///
/// # Errors
///
/// If Python's packages cannot be installed.
pub(crate) fn install(python: &str) -> Result<PathBuf, Failure> {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = xtask.parent().unwrap_or(xtask).join(VENV);
    shell::run(Command::new("tests/django/peer/setup").env("PEER_VENV", &venv).env("PEER_PYTHON", python))?;
    Ok(venv)
}
