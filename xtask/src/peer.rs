//! The Django site in `tests/django/peer`: some tests run the real thing beside ours.

use std::process::Command;

use crate::shell::{self, Failure};

/// Makes the site's virtual environment, from PyPI; one that is up to date stays as it is.
///
/// # Errors
///
/// If it cannot be made.
pub(crate) fn make_ready(python: &str) -> Result<(), Failure> {
    shell::run(Command::new("tests/django/peer/setup").env("PEER_PYTHON", python))
}
