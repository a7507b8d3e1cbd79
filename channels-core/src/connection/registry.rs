//! The connections of an application, to reach them all: for a shutdown, and to be counted.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::Notify;

use super::{ConnectionHandle, ConnectionId};
use crate::Rejection;

/// The connections of an application, on all its workers.
#[derive(Clone, Default)]
pub(crate) struct Registry(Arc<Shared>);

#[derive(Default)]
struct Shared {
    // shared by the workers' threads, locked for a moment when a connection starts or ends
    connections: Mutex<HashMap<ConnectionId, ConnectionHandle>>,
    changed: Notify,
    draining: AtomicBool,
}

impl Registry {
    pub(super) fn insert(&self, connection: ConnectionHandle) {
        self.lock().insert(connection.id(), connection);
    }

    pub(super) fn remove(&self, id: ConnectionId) {
        self.lock().remove(&id);
        self.0.changed.notify_waiters();
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    pub(crate) fn start_draining(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// Closes every connection.
    pub(crate) fn close_all(&self, rejection: &Rejection) {
        let connections: Vec<_> = self.lock().values().cloned().collect();
        for connection in connections {
            connection.reject(rejection.clone());
        }
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
