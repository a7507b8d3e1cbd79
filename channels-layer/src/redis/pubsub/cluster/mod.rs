//! A Redis Cluster: which of its servers has which slot, and the connections to them.

mod slot;
mod view;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use redis::{ErrorKind, RedisError, ServerErrorKind, aio::MultiplexedConnection};
use tokio::{
    select,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;

pub(super) use self::slot::slot_of;
use self::{
    slot::SLOTS,
    view::{Address, Master, masters},
};
use super::{
    Shared,
    servers::{Map, NOBODY, Server, Servers},
    subscriber::Subscriber,
};
use crate::{
    LayerError, RedisHostError,
    error::BoxError,
    redis::{
        backoff::Backoff,
        connect::Connector,
        link::{Failed, Link, cause},
    },
};

/// How often a server is asked, though nothing seems to have changed.
const PERIOD: Duration = Duration::from_secs(5);

/// How long one server may take to tell, at most: there are others to ask.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many times servers are asked at once, with growing waits, when something must have changed.
const ATTEMPTS: usize = 10;

/// The servers of a cluster, as far as they are known.
///
/// A slot is whose claim on it has the greatest epoch, by Redis' own rule: so a server that has not heard of a
/// change does not undo it.
pub(super) struct Cluster {
    shared: Arc<Shared>,
    /// The servers that were named.
    seeds: Vec<Connector>,
    nodes: HashMap<Address, Node>,
    owners: Vec<Server>,
    epochs: Vec<u64>,
    /// How many servers there have been.
    numbers: Server,
    /// Which server is asked next.
    turn: usize,
}

/// A master with slots, and what keeps its connections.
struct Node {
    server: Server,
    link: Arc<Link>,
    _commands: AbortOnDropHandle<()>,
    /// `None` until the registry knows of it.
    messages: Option<AbortOnDropHandle<()>>,
}

impl Cluster {
    /// Asks the servers that were named for all.
    pub(super) async fn find(shared: &Arc<Shared>, seeds: Vec<Connector>) -> Result<Self, LayerError> {
        let mut cluster = Self {
            shared: Arc::clone(shared),
            seeds,
            nodes: HashMap::new(),
            owners: vec![NOBODY; SLOTS],
            epochs: vec![0; SLOTS],
            numbers: NOBODY,
            turn: 0,
        };
        let mut outcome = Err(RedisHostError::NoServer.into());
        for seed in cluster.seeds.clone() {
            outcome = cluster.begin(&seed).await;
            match &outcome {
                Ok(()) | Err(LayerError::Host(_)) => break,
                Err(error) => tracing::debug!(%error, server = seed.shown(), "another server is asked"),
            }
        }
        outcome?;
        cluster.connected().await;
        Ok(cluster)
    }

    /// Waits until there is a connection to each server, within the time limit: one may be away just now.
    async fn connected(&self) {
        let end = Instant::now() + self.shared.time_limit;
        for node in self.nodes.values() {
            if timeout_at(end, node.link.is_up()).await.is_err() {
                tracing::warn!(server = node.link.shown(), "a server of the cluster is away");
            }
        }
    }

    /// Within the time limit: a server may take the connection, and say nothing.
    async fn begin(&mut self, seed: &Connector) -> Result<(), LayerError> {
        let limit = self.shared.time_limit;
        let asked = timeout(limit, self.ask_first(seed)).await;
        asked.unwrap_or_else(|_| Err(Failed::NoAnswer(seed.shown(), limit).into()))
    }

    async fn ask_first(&mut self, seed: &Connector) -> Result<(), LayerError> {
        let refused = |error| LayerError::from(Failed::Refused(seed.shown(), error));
        let mut connection = seed.connect().await.map_err(|error| LayerError::Unavailable(error.into()))?;
        // without arguments it does nothing, and says whether it is known
        if let Err(error) = redis::cmd("SPUBLISH").exec_async(&mut connection).await
            && error.detail().is_some_and(|detail| detail.contains("unknown command"))
        {
            let (server, what) = (seed.shown(), "sharded publishing (SPUBLISH)");
            return Err(RedisHostError::TooOld { server, what, needs: "7" }.into());
        }
        match told(&mut connection).await {
            Ok(answer) => self.learn(seed, &answer),
            Err(error)
                if error.detail().is_some_and(|detail| detail.contains("cluster support disabled")) =>
            {
                return Err(RedisHostError::NoCluster(seed.shown()).into());
            }
            Err(error) => return Err(refused(error)),
        };
        Ok(())
    }

    /// Follows what changes. Never ends.
    pub(super) async fn keep(mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            let is_unsure = select! {
                () = sleep(PERIOD) => false,
                () = shared.unsure.notified() => true,
            };
            let mut backoff = Backoff::default();
            for _ in 0..if is_unsure { ATTEMPTS } else { 1 } {
                if self.ask().await {
                    break;
                }
                if is_unsure {
                    sleep(backoff.next().min(PATIENCE)).await;
                }
            }
        }
    }

    /// Asks one server, each time another. Says whether anything has changed.
    async fn ask(&mut self) -> bool {
        let known: Vec<_> = self.nodes.values().map(|node| Arc::clone(&node.link)).collect();
        self.turn = self.turn.wrapping_add(1);
        let limit = PATIENCE.min(self.shared.time_limit);
        for number in 0..known.len() {
            let link = &known[(self.turn + number) % known.len()];
            if !link.has_connection() {
                continue;
            }
            let asked = link.run(|mut connection| async move { told(&mut connection).await });
            match timeout(limit, asked).await {
                Ok(Ok(answer)) => return self.learn(link.connector(), &answer),
                Ok(Err(error)) => tracing::debug!(%error, cause = cause(&error), "another server is asked"),
                Err(_) => tracing::debug!(server = link.shown(), "another server is asked"),
            }
        }
        for number in 0..self.seeds.len() {
            let seed = self.seeds[(self.turn + number) % self.seeds.len()].clone();
            let asked = async {
                match seed.connect().await {
                    Ok(mut connection) => told(&mut connection).await.map_err(BoxError::from),
                    Err(error) => Err(error.into()),
                }
            };
            match timeout(limit, asked).await {
                Ok(Ok(answer)) => return self.learn(&seed, &answer),
                Ok(Err(error)) => tracing::debug!(%error, "another server is asked"),
                Err(_) => tracing::debug!(server = seed.shown(), "another server is asked"),
            }
        }
        tracing::warn!("no server of the cluster can be asked");
        false
    }

    /// Takes what a server told. Says whether anything has changed.
    fn learn(&mut self, asked: &Connector, answer: &str) -> bool {
        let Some((host, port, tls)) = asked.address() else { return false };
        let asked_at = Address { host: host.to_owned(), port };
        let asked_number = self.nodes.get(&asked_at).map_or(NOBODY, |node| node.server);
        let mut owners = self.owners.clone();
        for Master { address, epoch, slots } in masters(answer, &asked_at, tls) {
            let Some(server) = self.number_of(asked, &address) else { continue };
            for slot in slots.into_iter().flatten() {
                // who has it may give it up, whatever the epoch
                if epoch >= self.epochs[slot] || self.owners[slot] == asked_number {
                    owners[slot] = server;
                    self.epochs[slot] = epoch;
                }
            }
        }
        let is_new = owners != self.owners;
        if is_new {
            self.owners = owners;
            self.settle();
        } else {
            self.forget();
        }
        is_new
    }

    /// The number of the server at an address, which is connected to if it is new.
    fn number_of(&mut self, like: &Connector, address: &Address) -> Option<Server> {
        if let Some(node) = self.nodes.get(address) {
            return Some(node.server);
        }
        let link = Link::new(like.at(&address.host, address.port)?, self.shared.time_limit);
        self.numbers += 1;
        let server = self.numbers;
        let commands = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&link).open_and_keep()));
        self.nodes.insert(address.clone(), Node { server, link, _commands: commands, messages: None });
        Some(server)
    }

    /// Everything moves to where it belongs now.
    fn settle(&mut self) {
        let owning = self.nodes.values().filter(|node| self.owners.contains(&node.server));
        let links: BTreeMap<_, _> = owning.map(|node| (node.server, Arc::clone(&node.link))).collect();
        let map = Map::Cluster(self.owners.as_slice().into());
        self.shared.registry.assign(map.clone(), links.keys().copied());
        tracing::info!(servers = links.len(), "the cluster's slots are where they are now");
        self.shared.servers.send_replace(Arc::new(Servers { map, links }));
        self.forget();
        for node in self.nodes.values_mut().filter(|node| node.messages.is_none()) {
            let subscribing =
                Subscriber::run_when_needed(Arc::clone(&self.shared), node.server, Arc::clone(&node.link));
            node.messages = Some(AbortOnDropHandle::new(tokio::spawn(subscribing)));
        }
    }

    /// Servers without slots are left.
    fn forget(&mut self) {
        let owners = &self.owners;
        self.nodes.retain(|_, node| owners.contains(&node.server));
    }
}

async fn told(connection: &mut MultiplexedConnection) -> Result<String, RedisError> {
    redis::cmd("CLUSTER").arg("NODES").query_async(connection).await
}

/// Whether a server has done nothing and means that another would, or none at the moment. For publishing and
/// subscribing `ASK` is never said: the slot is whose it was until it has moved.
pub(super) fn is_elsewhere(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::Moved
                | ServerErrorKind::Ask
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
        )
    )
}
