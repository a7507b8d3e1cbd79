//! Connections that are open, by the credentials they came with, and what ends them before their clients do.
//!
//! A stack has one [`Live`], which its clones share. It hears of revocations in any process through the channel
//! layer, and looks at its credentials again where it was told to.

mod denied;
mod index;
mod listener;
mod login;
mod options;
mod recent;
mod recheck;
mod revocation;
mod watch;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use channels_core::{CloseCode, ConnectionHandle, ConnectionId, Envelope, Event, Gap, Layer, Rejection};

use self::{
    denied::Denied,
    index::Index,
    listener::Listeners,
    recent::{Meanwhile, Recent},
    revocation::{Reason, Revoked},
};
pub(crate) use self::{denied::FOR_EVER, login::Login, options::Options, revocation::Revocation};
use crate::{AuthError, Identity, chance, clock::Clock, digest::Digest, metrics};

/// The connections of a stack that are open, by their credentials; and what was revoked.
pub(crate) struct Live {
    /// What this process calls itself where it tells others of a revocation.
    name: String,
    clock: Clock,
    // shared by the workers' threads and the task that listens, locked for a moment
    state: Mutex<State>,
    listeners: Listeners,
}

#[derive(Default)]
struct State {
    open: Index,
    recent: Recent,
    denied: Denied,
}

impl Live {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            name: format!("{:016x}", chance::number()),
            clock,
            state: Mutex::default(),
            listeners: Listeners::default(),
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// How many revocations were heard of.
    pub(crate) fn heard(&self) -> u64 {
        self.lock().recent.count()
    }

    /// Refuses a credential that was revoked, and that no store knows of.
    ///
    /// # Errors
    ///
    /// [`AuthError::Invalid`].
    pub(crate) fn check(&self, digest: &Digest) -> Result<(), AuthError> {
        let now = self.now();
        if self.lock().denied.has(digest, now) {
            return Err(AuthError::Invalid("it was revoked"));
        }
        Ok(())
    }

    /// The same for a user who was logged out everywhere.
    ///
    /// # Errors
    ///
    /// [`AuthError::Invalid`].
    pub(crate) fn check_user(&self, identity: &Identity) -> Result<(), AuthError> {
        let (user_id, now) = (login::user_id(&identity.user_id), self.now());
        self.lock().denied.check(&user_id, identity, now)
    }

    /// From here on a connection is closed when its credential is revoked, until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// 4500 if it was revoked while it was looked at.
    pub(crate) fn place(
        self: &Arc<Self>,
        handle: &ConnectionHandle,
        login: &Arc<Login>,
    ) -> Result<Place, Rejection> {
        self.put(handle, login)?;
        metrics::live(1.0);
        metrics::user_connections(self.lock().open.of_user(&login.user_id));
        Ok(Place { live: Arc::clone(self), id: handle.id() })
    }

    /// The same for a connection that has a new credential.
    fn put(&self, handle: &ConnectionHandle, login: &Arc<Login>) -> Result<(), Rejection> {
        let meanwhile = {
            let mut state = self.lock();
            let meanwhile = state.recent.since(login);
            if meanwhile == Meanwhile::Nothing {
                state.open.insert(handle.clone(), Arc::clone(login));
            }
            meanwhile
        };
        match meanwhile {
            Meanwhile::Nothing => Ok(()),
            Meanwhile::Revoked(reason) => {
                metrics::revoked(reason.label());
                Err(Rejection::new(CloseCode::REVOKED, reason.told()))
            }
            Meanwhile::Unknown => Err(Rejection::new(CloseCode::TRY_AGAIN, "try again later")),
        }
    }

    /// The credential that a connection has now; `None` once it was revoked.
    pub(crate) fn login(&self, id: ConnectionId) -> Option<Arc<Login>> {
        self.lock().open.login(id)
    }

    /// How many connections have a credential.
    pub(crate) fn len(&self) -> usize {
        self.lock().open.len()
    }

    /// Closes the sockets that a revocation concerns in this process, and tells all others on the layer of it.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] if the layer's server did not answer: then the others do not know.
    pub(crate) async fn revoke(&self, revocation: Revocation, layer: &Layer) -> Result<(), AuthError> {
        let event = Revoked::new(&revocation, &self.name);
        self.apply(revocation);
        let group = listener::group().map_err(AuthError::unavailable)?;
        layer.group_send(&group, event).await.map(drop).map_err(AuthError::unavailable)
    }

    /// What the layer has to say.
    fn hear(&self, event: &Envelope) {
        match event.kind() {
            Gap::TYPE => self.listeners.recheck_soon(),
            Revoked::TYPE => match event.open::<Revoked>() {
                Ok(revoked) if revoked.from.as_ref() == Some(&self.name) => {}
                Ok(revoked) => match revoked.read(self.now()) {
                    Some(revocation) => self.apply(revocation),
                    None => tracing::warn!("a revocation names neither a credential nor a user"),
                },
                Err(error) => tracing::warn!(%error, "a revocation cannot be read"),
            },
            kind => tracing::debug!(kind, "not a revocation"),
        }
    }

    fn apply(&self, revocation: Revocation) {
        let (reason, now) = (revocation.reason(), self.now());
        let concerned = {
            let mut state = self.lock();
            let concerned = state.open.take_concerned(&revocation);
            state.denied.add(&revocation, now);
            state.recent.add(revocation);
            concerned
        };
        close(&concerned, reason);
    }

    // Nothing that can panic runs under this lock, so a poisoned one is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn close(connections: &[ConnectionHandle], reason: Reason) {
    for connection in connections {
        tracing::info!(connection = %connection.id(), "closed: {}", reason.told());
        metrics::revoked(reason.label());
        connection.close(CloseCode::REVOKED, reason.told());
    }
}

/// A connection's place among those that are open. Dropping it gives it up.
pub(crate) struct Place {
    live: Arc<Live>,
    id: ConnectionId,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.lock().open.remove(self.id);
        metrics::live(-1.0);
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("connections", &self.len()).finish_non_exhaustive()
    }
}
