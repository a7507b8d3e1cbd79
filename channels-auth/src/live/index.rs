//! Which connections a credential, or a user, has open.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::Arc,
};

use channels_core::{ConnectionHandle, ConnectionId};

use super::{Login, Revocation};
use crate::digest::Digest;

/// Which connections a credential, or a user, has open in this process. As big as there are connections.
#[derive(Default)]
pub(super) struct Index {
    connections: HashMap<ConnectionId, (ConnectionHandle, Arc<Login>)>,
    of_credentials: Sets<Digest>,
    of_users: Sets<String>,
}

impl Index {
    pub(super) fn insert(&mut self, handle: ConnectionHandle, login: Arc<Login>) {
        let id = handle.id();
        self.remove(id);
        self.of_credentials.insert(login.digest, id);
        self.of_users.insert(login.user_id.clone(), id);
        self.connections.insert(id, (handle, login));
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<ConnectionHandle> {
        let (handle, login) = self.connections.remove(&id)?;
        self.of_credentials.remove(&login.digest, id);
        self.of_users.remove(&login.user_id, id);
        Some(handle)
    }

    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    /// How many connections a user has.
    pub(super) fn of_user(&self, id: &str) -> usize {
        self.of_users.0.get(id).map_or(0, BTreeSet::len)
    }

    pub(super) fn login(&self, id: ConnectionId) -> Option<Arc<Login>> {
        self.connections.get(&id).map(|(_, login)| Arc::clone(login))
    }

    /// Takes out the connections that a revocation concerns: each is closed once.
    pub(super) fn take_concerned(&mut self, revocation: &Revocation) -> Vec<ConnectionHandle> {
        match revocation {
            Revocation::Credential { digest, .. } => self.take_of_credential(digest),
            Revocation::User { id, .. } => self.take(self.of_users.ids(id)),
        }
    }

    pub(super) fn take_of_credential(&mut self, digest: &Digest) -> Vec<ConnectionHandle> {
        self.take(self.of_credentials.ids(digest))
    }

    /// Every credential that has a connection, once. Tickets are left out: they are used up.
    pub(super) fn logins(&self) -> Vec<Arc<Login>> {
        let logins = self.of_credentials.0.values().filter_map(|ids| {
            let mut logins = ids.iter().filter_map(|id| self.connections.get(id)).map(|(_, login)| login);
            logins.find(|login| login.is_original)
        });
        logins.cloned().collect()
    }

    fn take(&mut self, ids: Vec<ConnectionId>) -> Vec<ConnectionHandle> {
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }
}

/// Sets of connections, none of which is empty.
struct Sets<K>(HashMap<K, BTreeSet<ConnectionId>>);

impl<K: Hash + Eq> Sets<K> {
    fn ids(&self, key: &K) -> Vec<ConnectionId> {
        self.0.get(key).into_iter().flatten().copied().collect()
    }

    fn insert(&mut self, key: K, id: ConnectionId) {
        self.0.entry(key).or_default().insert(id);
    }

    fn remove(&mut self, key: &K, id: ConnectionId) {
        if let Some(ids) = self.0.get_mut(key) {
            ids.remove(&id);
            if ids.is_empty() {
                self.0.remove(key);
            }
        }
    }
}

impl<K> Default for Sets<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}
