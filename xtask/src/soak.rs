//! `cargo xtask soak`: connections that come, talk and go in every way, for long.

use std::io;

use crate::shell::{self, Failure};

/// How long where nothing else is said.
const MINUTES: u64 = 15;

/// # Errors
///
/// If `minutes` is no number, or something is left, or grows.
pub(crate) fn run(minutes: Option<&str>) -> Result<(), Failure> {
    let minutes = match minutes.map(str::parse) {
        None => MINUTES,
        Some(Ok(minutes)) => minutes,
        Some(Err(_)) => return Err(Failure::new("a soak lasts a whole number of minutes")),
    };
    let test =
        ["test", "--release", "--package", "channels-actix", "--test", "memory", "--", "soak", "--nocapture"];
    let mut command = shell::cargo(&test);
    command.env("SOAK_SECONDS", (minutes * 60).to_string());
    shell::announce(&command);
    let status: io::Result<_> = shell::at_root(&mut command).status();
    shell::succeeded(&command, status)
}
