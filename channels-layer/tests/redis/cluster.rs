//! A Redis Cluster of one's own: masters that share the slots, and more servers as they are needed.

use super::{Server, eventually};

/// How many slots there are.
const SLOTS: usize = 16_384;

/// How soon a server that does not answer is held for dead.
const TIMEOUT: [&str; 2] = ["--cluster-node-timeout", "1000"];

/// What is still there is served while some slots have no server.
const COVERAGE: [&str; 2] = ["--cluster-require-full-coverage", "no"];

pub(super) struct Cluster {
    pub(super) servers: Vec<Server>,
    buses: Vec<u16>,
    args: Vec<String>,
}

impl Cluster {
    /// Three masters.
    pub(super) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, each with arguments of its own.
    pub(super) async fn start_with(args: &[&str]) -> Self {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        let mut cluster = Self { servers: Vec::new(), buses: Vec::new(), args };
        for number in 0..3 {
            let (first, last) = (SLOTS * number / 3, SLOTS * (number + 1) / 3 - 1);
            cluster.launch();
            cluster.servers[number].ask::<()>(&format!("CLUSTER ADDSLOTSRANGE {first} {last}"));
        }
        cluster.meet().await;
        cluster
    }

    fn launch(&mut self) {
        let mut args = [TIMEOUT, COVERAGE].concat();
        args.extend(self.args.iter().map(String::as_str));
        let (server, bus) = Server::start_in_cluster_with(&args);
        self.servers.push(server);
        self.buses.push(bus);
        let epoch = self.servers.len();
        self.servers[epoch - 1].ask::<()>(&format!("CLUSTER SET-CONFIG-EPOCH {epoch}"));
    }

    async fn meet(&self) {
        for (server, bus) in self.servers.iter().zip(&self.buses).skip(1) {
            self.servers[0].ask::<()>(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", server.port()));
        }
        let wanted = format!("cluster_known_nodes:{}\r", self.servers.len());
        eventually("the servers to know each other", async || {
            self.servers.iter().all(|server| {
                let info = server.ask::<String>("CLUSTER INFO");
                info.contains("cluster_state:ok") && info.contains(&wanted) && {
                    let nodes = server.ask::<String>("CLUSTER NODES");
                    !nodes.contains("handshake") && !nodes.contains("disconnected")
                }
            })
        })
        .await;
    }

    /// A further server, without slots.
    pub(super) async fn add(&mut self) -> usize {
        self.launch();
        self.meet().await;
        self.servers.len() - 1
    }

    /// A replica of one of the masters.
    pub(super) async fn add_replica(&mut self, master: usize) -> usize {
        let replica = self.add().await;
        let id = self.id(master);
        self.servers[replica].ask::<()>(&format!("CLUSTER REPLICATE {id}"));
        eventually("the replica to follow, and all to know", async || {
            self.servers[replica].ask::<String>("INFO replication").contains("master_link_status:up")
                && self.servers.iter().all(|server| server.ask::<String>("CLUSTER NODES").contains("slave "))
        })
        .await;
        replica
    }

    pub(super) fn id(&self, number: usize) -> String {
        self.servers[number].ask("CLUSTER MYID")
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.servers.iter().map(Server::url).collect()
    }

    pub(super) fn slot(&self, topic: &str) -> usize {
        self.servers[0].ask(&format!("CLUSTER KEYSLOT {topic}"))
    }

    /// Which master has a topic at the start.
    pub(super) fn owner(&self, topic: &str) -> usize {
        let slot = self.slot(topic);
        (0..3).find(|number| slot < SLOTS * (number + 1) / 3).unwrap()
    }

    /// Moves a slot as `redis-cli --cluster reshard` does.
    pub(super) fn migrate(&self, slot: usize, from: usize, to: usize) {
        let (source, target) = (self.id(from), self.id(to));
        self.servers[to].ask::<()>(&format!("CLUSTER SETSLOT {slot} IMPORTING {source}"));
        self.servers[from].ask::<()>(&format!("CLUSTER SETSLOT {slot} MIGRATING {target}"));
        for server in [to, from] {
            self.servers[server].ask::<()>(&format!("CLUSTER SETSLOT {slot} NODE {target}"));
        }
    }

    /// The topics of sharded publishing that somebody is subscribed to at a server.
    pub(super) fn topics(&self, number: usize) -> Vec<String> {
        let mut topics: Vec<String> =
            self.servers[number].try_ask("PUBSUB SHARDCHANNELS").unwrap_or_default();
        topics.sort();
        topics
    }
}
