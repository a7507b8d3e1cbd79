//! The applications as their users meet them: the real program, over real sockets, and its page in a real browser.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::missing_panics_doc,
    reason = "that is how a test fails"
)]

mod axe;
mod browser;
mod chromedriver;
mod client;
mod folder;
mod redis;
mod secrets;
mod server;

use std::time::Duration;

use tokio::time::timeout;

pub use self::{
    axe::Axe,
    browser::Tab,
    chromedriver::ChromeDriver,
    client::Client,
    folder::Folder,
    redis::Redis,
    server::{Answer, Program, Server},
};

/// How long anything may take that is about to happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what must happen.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {PATIENCE:?} in vain: {what}"),
    }
}
