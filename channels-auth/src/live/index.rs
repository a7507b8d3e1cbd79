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

    pub(super) fn remove(&mut self, id: ConnectionId) {
        if let Some((_, login)) = self.connections.remove(&id) {
            self.of_credentials.remove(&login.digest, id);
            self.of_users.remove(&login.user_id, id);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn login(&self, id: ConnectionId) -> Option<Arc<Login>> {
        self.connections.get(&id).map(|(_, login)| Arc::clone(login))
    }

    pub(super) fn concerned(&self, revocation: &Revocation) -> Vec<ConnectionHandle> {
        match revocation {
            Revocation::Credential { digest, .. } => self.of_credential(digest),
            Revocation::User { id, .. } => self.handles(self.of_users.0.get(id)),
        }
    }

    pub(super) fn of_credential(&self, digest: &Digest) -> Vec<ConnectionHandle> {
        self.handles(self.of_credentials.0.get(digest))
    }

    /// Every credential that has a connection, once.
    pub(super) fn logins(&self) -> Vec<Arc<Login>> {
        let firsts = self.of_credentials.0.values().filter_map(BTreeSet::first);
        firsts.filter_map(|&id| self.login(id)).collect()
    }

    fn handles(&self, ids: Option<&BTreeSet<ConnectionId>>) -> Vec<ConnectionHandle> {
        let ids = ids.into_iter().flatten();
        ids.filter_map(|id| self.connections.get(id)).map(|(handle, _)| handle.clone()).collect()
    }
}

/// Sets of connections, none of which is empty.
struct Sets<K>(HashMap<K, BTreeSet<ConnectionId>>);

impl<K: Hash + Eq> Sets<K> {
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
