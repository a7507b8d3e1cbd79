//! The program around an application: its flags, its log, its exit status.

use std::{
    error::Error,
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::Parser;
use tracing_subscriber::EnvFilter;

/// What an application may fail with.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Reads the flags, and runs an application to its end. What it fails with is logged, and makes the exit status 1.
pub fn main<F: Parser>(run: impl AsyncFnOnce(F) -> Result<()>) -> ExitCode {
    let flags = F::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(io::stderr().is_terminal());
    log.with_writer(io::stderr).init();

    match actix_web::rt::System::new().block_on(run(flags)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = &*error, "it cannot go on");
            ExitCode::FAILURE
        }
    }
}
