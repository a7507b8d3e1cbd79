//! Which servers there are at the moment, and which of them has a topic.

use std::{collections::BTreeMap, sync::Arc};

use super::cluster::slot_of;
use crate::redis::{link::Link, outbox::Lane, ring};

/// Servers have numbers, which are never given twice.
pub(super) type Server = usize;

/// In a cluster, the number of none: what is in a slot that nobody has.
pub(super) const NOBODY: Server = 0;

/// Which server has a topic.
#[derive(Clone, Debug)]
pub(super) enum Map {
    /// So many, as channels_redis shares it out among them.
    Ring(usize),
    /// A Redis Cluster: the server of each slot.
    Cluster(Arc<[Server]>),
}

impl Map {
    pub(super) fn server_of(&self, topic: &str) -> Server {
        match self {
            Self::Ring(servers) => ring::shard(topic, *servers),
            Self::Cluster(owners) => owners.get(slot_of(topic)).copied().unwrap_or(NOBODY),
        }
    }

    /// What keeps its order for itself: a server, or in a cluster a slot.
    pub(super) fn lane_of(&self, topic: &str) -> Lane {
        match self {
            Self::Ring(_) => self.server_of(topic),
            Self::Cluster(_) => slot_of(topic),
        }
    }
}

/// The servers at one moment.
#[derive(Debug)]
pub(super) struct Servers {
    pub(super) map: Map,
    pub(super) links: BTreeMap<Server, Arc<Link>>,
}

impl Servers {
    pub(super) fn link_of(&self, topic: &str) -> Option<&Arc<Link>> {
        self.links.get(&self.map.server_of(topic))
    }

    pub(super) fn of_lane(&self, lane: Lane) -> (Server, Option<Arc<Link>>) {
        let server = match &self.map {
            Map::Ring(_) => lane,
            Map::Cluster(owners) => owners.get(lane).copied().unwrap_or(NOBODY),
        };
        (server, self.links.get(&server).cloned())
    }
}
