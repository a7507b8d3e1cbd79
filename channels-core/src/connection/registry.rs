//! The connections of an application, to reach them all: for a shutdown, and to be counted.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::{ConnectionHandle, ConnectionId};
use crate::drain::restart;
/// The connections of an application, on all its workers.
#[derive(Clone, Default)]
pub(crate) struct Registry(Arc<Shared>);

#[derive(Default)]
struct Shared {
    // shared by the workers' threads, locked for a moment when a connection starts or ends
    connections: Mutex<HashMap<ConnectionId, ConnectionHandle>>,
    changed: Notify,
    /// What a client that comes during a shutdown is told: in how many seconds to come back. 0 before one.
    draining: AtomicU64,
}

impl Registry {
    pub(super) fn insert(&self, connection: ConnectionHandle) {
        self.lock().insert(connection.id(), connection.clone());
        // one that was let in just before a shutdown, and is too late for it
        if let Some(seconds) = self.draining() {
            connection.reject(restart(seconds));
        }
    }

    pub(super) fn remove(&self, id: ConnectionId) {
        self.lock().remove(&id);
        self.0.changed.notify_waiters();
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// During a shutdown: in how many seconds clients are to come back.
    pub(crate) fn draining(&self) -> Option<u64> {
        Some(self.0.draining.load(Ordering::Acquire)).filter(|&seconds| seconds > 0)
    }

    /// From here on nobody is let in. Tells in how many seconds clients are to come back.
    pub(crate) fn start_draining(&self, spread: Duration) -> u64 {
        let seconds = spread.as_secs().max(1);
        self.0.draining.store(seconds, Ordering::Release);
        seconds
    }

    /// Every connection there is.
    pub(crate) fn all(&self) -> Vec<ConnectionHandle> {
        self.lock().values().cloned().collect()
    }

    /// Waits until no connection is left.
    pub(crate) async fn empty(&self) {
        self.until(|connections| connections.is_empty()).await;
    }

    /// Waits until a connection has ended.
    pub(crate) async fn gone(&self, id: ConnectionId) {
        self.until(|connections| !connections.contains_key(&id)).await;
    }

    async fn until(&self, is_so: impl Fn(&HashMap<ConnectionId, ConnectionHandle>) -> bool) {
        loop {
            let changed = self.0.changed.notified();
            if is_so(&self.lock()) {
                return;
            }
            changed.await;
        }
    }

    // Nothing that can panic runs under this lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, ConnectionHandle>> {
        self.0.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
