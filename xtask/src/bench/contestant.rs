//! The servers that are measured beside each other.

use super::install::{self, Tools};
use super::program::{Cores, Program, Running, free_port};
use crate::shell::{self, Failure};

/// A server, and where in it what happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Contestant {
    /// What it is called in tables.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) path: &'static str,
    /// Beyond what the scenario says.
    pub(crate) load: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Ours(Layer),
    /// Of `benches/peers`.
    Rust(&'static str),
    /// Of `benches/node`.
    Node(&'static str),
    Django(Server, Layer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Memory,
    Core,
    PubSub,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Uvicorn,
    Daphne,
}

impl Contestant {
    pub(crate) const fn new(name: &'static str, kind: Kind, path: &'static str) -> Self {
        Self { name, kind, path, load: &[] }
    }

    /// With options of the load generator's.
    pub(crate) const fn with(self, load: &'static [&'static str]) -> Self {
        Self { load, ..self }
    }

    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::Ours(_))
    }

    /// Why it cannot be run here, if it cannot.
    pub(crate) fn lacking(&self, tools: &Tools) -> Option<&'static str> {
        match self.kind {
            Kind::Node(_) if !tools.node => Some("there is no Node"),
            Kind::Django(..) if !tools.python => {
                Some("there is no Python with venv, or PyPI does not answer")
            }
            Kind::Ours(layer) | Kind::Django(_, layer) if layer != Layer::Memory && !tools.redis => {
                Some("there is no redis-server")
            }
            Kind::Ours(_) | Kind::Rust(_) | Kind::Node(_) | Kind::Django(..) => None,
        }
    }

    fn layer(&self) -> Layer {
        match self.kind {
            Kind::Ours(layer) | Kind::Django(_, layer) => layer,
            Kind::Rust(_) | Kind::Node(_) => Layer::Memory,
        }
    }

    /// Starts `processes` of it, on a Redis of their own where they need one.
    ///
    /// # Errors
    ///
    /// If one of them does not listen.
    pub(crate) fn start(&self, processes: usize, cores: Cores) -> Result<Cluster, Failure> {
        let mut cluster = Cluster { servers: Vec::new(), redis: None };
        let mut redis_url = String::new();
        if self.layer() != Layer::Memory {
            let port = free_port()?;
            // nothing of an earlier run may be in it: members that are gone are written to for a day
            let mut redis = Program::new("redis", cores, "redis-server")
                .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
                .args([port.to_string()])
                .start()?;
            redis.listens(port)?;
            cluster.redis = Some(redis);
            redis_url = format!("redis://127.0.0.1:{port}/0");
        }
        for _ in 0..processes {
            let port = free_port()?;
            cluster.servers.push(self.serve(port, cores, &redis_url)?);
        }
        Ok(cluster)
    }

    /// Starts one at `port`.
    ///
    /// # Errors
    ///
    /// If it does not listen.
    pub(crate) fn serve(&self, port: u16, cores: Cores, redis_url: &str) -> Result<Listening, Failure> {
        let workers = if cores == Cores::All { "2" } else { "1" };
        let (address, port_text) = (format!("127.0.0.1:{port}"), port.to_string());
        let target = shell::root().join("target");
        let program = |path| Program::new(self.name, cores, path);
        let program = match self.kind {
            Kind::Ours(layer) => {
                let layer = match layer {
                    Layer::Memory => "memory".to_owned(),
                    Layer::Core => format!("redis+core={redis_url}"),
                    Layer::PubSub => format!("redis+pubsub={redis_url}"),
                };
                program(target.join("release/ours")).args([&address, workers, &layer]).that_says()
            }
            Kind::Rust(name) => {
                program(target.join("peers/release").join(name)).args([&address, workers]).that_says()
            }
            Kind::Node(script) => program("node".into())
                .args([shell::root().join(install::NODE).join(script)])
                .args([&port_text])
                .that_says(),
            Kind::Django(server, layer) => {
                let python = program(shell::root().join(install::PYTHON).join("bin/python"));
                let python = match server {
                    Server::Uvicorn => python.args([
                        "-m",
                        "uvicorn",
                        "bench.asgi:application",
                        "--log-level",
                        "warning",
                        "--no-access-log",
                        "--loop",
                        "uvloop",
                        "--ws",
                        "websockets",
                        "--port",
                        &port_text,
                    ]),
                    Server::Daphne => {
                        python.args(["-m", "daphne", "-v", "0", "-p", &port_text, "bench.asgi:application"])
                    }
                };
                let layer = match layer {
                    Layer::Memory => "memory",
                    Layer::Core => "core",
                    Layer::PubSub => "pubsub",
                };
                python
                    .env("PYTHONPATH", "benches/django")
                    .env("BENCH_LAYER", layer)
                    .env("BENCH_REDIS", redis_url)
            }
        };
        let says = !matches!(self.kind, Kind::Django(..));
        let mut running = program.start()?;
        let line = if says {
            running.line()?
        } else {
            running.listens(port)?;
            format!("ws://{address}")
        };
        let (base, query) =
            line.split_once('?').map_or((line.as_str(), None), |(base, query)| (base, Some(query)));
        Ok(Listening { running, port, base: base.to_owned(), query: query.map(str::to_owned) })
    }
}

/// Servers that share groups.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Dropped before the Redis that they talk to.
    pub(crate) servers: Vec<Listening>,
    redis: Option<Running>,
}

/// A server that listens.
#[derive(Debug)]
pub(crate) struct Listening {
    running: Running,
    pub(crate) port: u16,
    base: String,
    query: Option<String>,
}

impl Listening {
    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Where in it `path` is, with what opens it. The path may have a query.
    pub(crate) fn url(&self, path: &str) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{path}{query}", self.base)
    }
}
