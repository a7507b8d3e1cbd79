//! Runs a check: a fresh layer, a runtime, threads, and an end to all waiting.

use std::{fmt, panic::resume_unwind, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    runtime::Builder,
    task::{JoinHandle, spawn_blocking},
    time::{sleep, timeout},
};

use super::subject::Subject;
use crate::{ChannelLayer, Layer, Retention};

/// How long anything may take that is about to happen.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a whole check may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long events and memberships live where a check waits for their end.
pub(super) const LIFETIME: Duration = Duration::from_millis(100);
/// A lifetime that a layer rounds up is over after this.
const LONGEST_LIFETIME: Duration = Duration::from_millis(2500);
/// How often a check that depends on time is tried.
const ATTEMPTS: usize = 10;

/// Runs one check on a runtime of its own. [`conformance_tests!`](crate::conformance_tests) does so with all.
///
/// ```
/// use channels_layer::{MemoryLayer, conformance};
///
/// conformance::run(conformance::channels::events_arrive_in_the_order_sent, async |retention| {
///     MemoryLayer::new(retention)
/// });
/// ```
///
/// # Panics
///
/// If the layer does not do what the check asks, or not within a minute.
pub fn run<F, L>(check: impl FnOnce(Maker) -> F, make: impl AsyncFnOnce(Retention) -> L + 'static)
where
    F: Future<Output = ()>,
    L: ChannelLayer,
{
    block_on(check(Maker(Box::new(|retention| Box::pin(async move { Layer::new(make(retention).await) })))));
}

/// Makes the layer that a check is about, with the retention that the check needs.
pub struct Maker(Box<dyn FnOnce(Retention) -> Making>);

type Making = Pin<Box<dyn Future<Output = Layer>>>;

impl Maker {
    pub(super) async fn layer(self, retention: Retention) -> Subject {
        Subject::new(within("the layer to be made", (self.0)(retention)).await)
    }
}

impl fmt::Debug for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maker").finish_non_exhaustive()
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build().expect("no runtime for a check");
    runtime.block_on(async {
        match timeout(DEADLINE, future).await {
            Ok(outcome) => outcome,
            Err(_) => panic!("the check did not end within {DEADLINE:?}: the layer keeps somebody waiting"),
        }
    })
}

/// Waits for what must happen soon.
pub(super) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {PATIENCE:?} in vain for {what}"),
    }
}

/// Asks again and again until it is so.
pub(super) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    within(what, async {
        while !is_so().await {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// Tries until one attempt succeeds. Each is told how long to wait for the end of a [`LIFETIME`].
///
/// More than one, since a machine that stalls lets things expire between two lines of a check; and with longer
/// and longer waits, since a layer may count in whole seconds.
pub(super) async fn sooner_or_later(what: &str, mut attempt: impl AsyncFnMut(Duration) -> bool) {
    let mut wait = LIFETIME + LIFETIME / 2;
    for _ in 0..ATTEMPTS {
        if attempt(wait).await {
            return;
        }
        wait = (wait * 2).min(LONGEST_LIFETIME);
    }
    panic!("not once in {ATTEMPTS} attempts: {what}");
}

/// Does something on a thread with a runtime of its own, as a server's workers have.
pub(super) async fn on_a_thread<T: Send + 'static>(task: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    joined(spawn_blocking(move || block_on(task()))).await
}

/// Does something on several threads at once. Each gets its number.
pub(super) async fn on_threads<T: Send + 'static>(
    threads: usize,
    task: impl AsyncFn(usize) -> T + Send + Sync + 'static,
) -> Vec<T> {
    let task = Arc::new(task);
    let mut running = Vec::new();
    for thread in 0..threads {
        let task = Arc::clone(&task);
        running.push(spawn_blocking(move || block_on(task(thread))));
    }
    let mut outcomes = Vec::new();
    for thread in running {
        outcomes.push(joined(thread).await);
    }
    outcomes
}

async fn joined<T>(thread: JoinHandle<T>) -> T {
    match thread.await {
        Ok(outcome) => outcome,
        Err(error) => resume_unwind(error.into_panic()),
    }
}
