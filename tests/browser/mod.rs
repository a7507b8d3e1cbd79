//! The browser client in Chromium, against a real server that is stopped, restarted, made to refuse, and cut off.

mod chromedriver;
mod page;
mod site;

mod breaks;
mod fallback;
mod refusals;

use std::time::Duration;

pub(crate) use self::{chromedriver::ChromeDriver, page::Page, site::Site};

/// Waits for what must happen, in a browser that may be slow to start.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    const PATIENCE: Duration = Duration::from_secs(60);
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {PATIENCE:?} in vain: {what}"),
    }
}
