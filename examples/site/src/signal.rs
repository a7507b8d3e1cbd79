//! What ends a program in order.

use std::io;

/// Waits for ctrl-c or SIGTERM, heard from now on.
///
/// # Errors
///
/// If the system does not tell of signals.
#[cfg(unix)]
pub fn end_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for ctrl-c.
///
/// # Errors
///
/// None here.
#[cfg(not(unix))]
pub fn end_signal() -> io::Result<impl Future<Output = io::Result<()>> + Send + 'static> {
    Ok(tokio::signal::ctrl_c())
}
