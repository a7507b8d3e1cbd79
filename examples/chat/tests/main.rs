//! The chat as its users meet it: the real program, over real sockets.
#![cfg(unix)] // it takes signals and process groups to end what a test started
#![expect(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "that is how a test fails")]

mod api;
mod browser;
#[path = "../../../tests/browser/chromedriver.rs"]
mod chromedriver;
mod client;
mod program;
mod python;
mod redis;
mod server;
mod socket;
mod tls;

use std::time::Duration;

use tokio::time::timeout;

/// How long anything may take that is about to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what must happen.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {PATIENCE:?} in vain: {what}"),
    }
}
