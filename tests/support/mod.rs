//! What the tests share: clients, a journal of what consumers did, waiting on conditions.

mod client;
#[cfg(feature = "postgres")]
mod django;
mod journal;
pub(crate) mod log;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod process;
pub(crate) mod raw;
pub(crate) mod secrets;
#[cfg(feature = "rustls")]
pub(crate) mod tls;

use std::time::Duration;

use channels_actix::{Channels, MemoryLayer};
use tokio::time::{sleep, timeout};

pub(crate) use self::{client::Client, journal::Journal, raw::Raw};
#[cfg(all(feature = "postgres", feature = "jwks"))]
pub(crate) use self::{django::python, process::run};
#[cfg(feature = "postgres")]
pub(crate) use self::{
    django::{Django, File},
    postgres::Postgres,
};

/// How long anything may take that is about to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An application without routes.
pub(crate) fn channels() -> Channels {
    Channels::new(MemoryLayer::default())
}

/// Waits for what must happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {PATIENCE:?} in vain: {what}"),
    }
}

/// Asks again and again until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    soon(what, async {
        while !is_so() {
            sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}
