//! Running other programs: always in the workspace's root, never with anything to read.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Why a command of ours did not succeed, as its user is told.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    status: u8,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), status: 1 }
    }

    /// Nothing was found wrong: this machine has not got what it takes to look. The process ends with 3.
    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self { text: text.into(), status: 3 }
    }

    /// What the process ends with.
    pub(crate) fn status(&self) -> u8 {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The cargo that runs us, about to run `args`.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(args);
    // what the cargo that runs us says of this package: ring's build script looks at it, and all above it would be
    // built again after each command that is typed without us
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| ABOUT_US.iter().any(|begin| name.starts_with(begin))) {
            command.env_remove(name);
        }
    }
    command
}

const ABOUT_US: &[&str] = &["CARGO_PKG_", "CARGO_MANIFEST_"];

/// Shows the command, runs it, and lets its output through.
///
/// # Errors
///
/// If it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    announce(command);
    let status = at_root(command).status();
    succeeded(command, status)
}

/// What the command writes to its standard output.
///
/// # Errors
///
/// If it cannot be started or does not succeed; what it says of it goes to our standard error.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = at_root(command).stderr(Stdio::inherit()).output();
    let (status, stdout) = match output {
        Ok(output) => (Ok(output.status), output.stdout),
        Err(error) => (Err(error), Vec::new()),
    };
    succeeded(command, status)?;
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

/// What the command writes to its standard output; `None` if it does not succeed, for whatever reason.
pub(crate) fn quiet_output(command: &mut Command) -> Option<String> {
    let output = at_root(command).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command in the workspace's root, with nothing to read: what asks a question fails, and does not hang.
pub(crate) fn at_root(command: &mut Command) -> &mut Command {
    command.current_dir(root()).stdin(Stdio::null())
}

/// Shows the command as one would type it.
pub(crate) fn announce(command: &Command) {
    eprintln!("\n$ {}", line(command));
}

/// # Errors
///
/// If the command could not be started, or ended with anything but 0.
pub(crate) fn succeeded(command: &Command, status: std::io::Result<ExitStatus>) -> Result<(), Failure> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!("`{}` failed: {status}", line(command)))),
        Err(error) => Err(Failure::new(format!("`{}` could not be run: {error}", line(command)))),
    }
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_ends_with_1_is_a_failure_that_names_it() {
        let failure = run(Command::new("/bin/sh").args(["-c", "exit 1"])).unwrap_err();

        assert_eq!(failure.to_string(), "`sh -c exit 1` failed: exit status: 1");
    }

    #[test]
    fn a_program_that_does_not_exist_has_no_output() {
        assert_eq!(quiet_output(&mut Command::new("/nowhere/python3")), None);
    }

    #[test]
    fn commands_run_where_the_workspace_is() {
        let root = output(&mut Command::new("pwd")).unwrap();

        assert!(Path::new(root.trim()).join("xtask/Cargo.toml").is_file(), "{root}");
    }
}
