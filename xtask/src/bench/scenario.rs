//! What is measured, with whom, and what is to be reached.

use super::contestant::{Contestant, Kind, Layer, Server};

/// One table.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// On the command line, and in the document's markers.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// The generator's mode and options.
    pub(crate) load: &'static [&'static str],
    pub(crate) processes: usize,
    pub(crate) restart: bool,
    pub(crate) measure: Measure,
    /// More of what the generator found.
    pub(crate) also: &'static [Column],
    /// Ours first.
    pub(crate) contestants: &'static [Contestant],
    pub(crate) goals: &'static [Goal],
}

/// What decides.
#[derive(Debug)]
pub(crate) struct Measure {
    pub(crate) column: Column,
    pub(crate) better: Better,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    More,
    Less,
}

/// A number that the generator found, and how it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) field: &'static str,
    pub(crate) title: &'static str,
    /// What one of the shown is, in the generator's unit.
    pub(crate) unit: f64,
    pub(crate) digits: usize,
}

/// A row of the table: what one of ours is to be, as a multiple of the best of others.
#[derive(Debug)]
pub(crate) struct Goal {
    pub(crate) ours: &'static str,
    pub(crate) than: Peers,
    pub(crate) ratio: f64,
}

/// Those that the best of is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peers {
    pub(crate) called: &'static str,
    pub(crate) names: &'static [&'static str],
}

impl Scenario {
    /// The processor time that each takes: less is better, and it says more than a rate where the machine is busy.
    pub(crate) fn cost(&self) -> Option<Column> {
        self.also.iter().copied().find(|column| column.field.starts_with("cpu_us_per_"))
    }
}

const fn column(field: &'static str, title: &'static str, unit: f64, digits: usize) -> Column {
    Column { field, title, unit, digits }
}

const P50: Column = column("p50_us", "p50, ms", 1000.0, 2);
const P99: Column = column("p99_us", "p99, ms", 1000.0, 2);
const CPU: Column = column("cpu_us_per_delivery", "CPU for each, µs", 1.0, 2);

const DELIVERIES: Measure =
    Measure { column: column("deliveries_per_s", "deliveries/s", 1.0, 0), better: Better::More };

const fn ours(name: &'static str, path: &'static str) -> Contestant {
    Contestant::new(name, Kind::Ours(Layer::Memory), path)
}

const fn rust(name: &'static str, program: &'static str, path: &'static str) -> Contestant {
    Contestant::new(name, Kind::Rust(program), path)
}

const fn django(name: &'static str, server: Server, layer: Layer, path: &'static str) -> Contestant {
    // its servers' backlogs are short
    Contestant::new(name, Kind::Django(server, layer), path).with(&["--abreast", "16"])
}

const SOCKET_IO: &str = "/socket.io/?EIO=4&transport=websocket";

const ROOMS: &[Contestant] = &[
    ours("channels-actix, relay", "/room/lobby"),
    ours("channels-actix, handler", "/handled/lobby"),
    rust("write loop", "room-write", "/"),
    rust("actix-ws", "room-actix-ws", "/room"),
    rust("axum broadcast", "room-axum", "/room"),
    rust("socketioxide", "room-socketioxide", SOCKET_IO).with(&["--dialect", "socketio"]),
    Contestant::new("ws (Node)", Kind::Node("room-ws.js"), "/room"),
    Contestant::new("Socket.IO (Node)", Kind::Node("room-socketio.js"), SOCKET_IO)
        .with(&["--dialect", "socketio"]),
    django("Channels, uvicorn", Server::Uvicorn, Layer::Memory, "/room"),
    django("Channels, daphne", Server::Daphne, Layer::Memory, "/room"),
];

const PEER_ROOMS: Peers = Peers {
    called: "the best of actix-ws, axum and socketioxide",
    names: &["actix-ws", "axum broadcast", "socketioxide"],
};
const DJANGO: Peers =
    Peers { called: "Channels, its faster server", names: &["Channels, uvicorn", "Channels, daphne"] };
const WRITE_LOOP: Peers = only("write loop", &["write loop"]);
const ACTIX_WS: Peers = only("actix-ws", &["actix-ws"]);

const fn only(called: &'static str, names: &'static [&'static str]) -> Peers {
    Peers { called, names }
}

const fn goal(ours: &'static str, than: Peers, ratio: f64) -> Goal {
    Goal { ours, than, ratio }
}

const ROOM_GOALS: &[Goal] = &[
    goal("channels-actix, relay", WRITE_LOOP, 0.9),
    goal("channels-actix, relay", PEER_ROOMS, 1.3),
    goal("channels-actix, handler", ACTIX_WS, 1.1),
    goal("channels-actix, relay", DJANGO, 50.0),
];

const JOINED_GOALS: &[Goal] = &[
    goal("channels-actix, relay", WRITE_LOOP, 3.0),
    goal("channels-actix, relay", PEER_ROOMS, 1.3),
    goal("channels-actix, handler", ACTIX_WS, 1.1),
    goal("channels-actix, relay", DJANGO, 50.0),
];

const fn room(
    name: &'static str,
    title: &'static str,
    load: &'static [&'static str],
    goals: &'static [Goal],
) -> Scenario {
    Scenario {
        name,
        title,
        load,
        processes: 1,
        restart: false,
        measure: DELIVERIES,
        also: &[P50, P99, CPU],
        contestants: ROOMS,
        goals,
    }
}

const CROSS: &[Contestant] = &[
    Contestant::new("channels-actix, core", Kind::Ours(Layer::Core), "/room/lobby"),
    Contestant::new("channels-actix, pubsub", Kind::Ours(Layer::PubSub), "/room/lobby"),
    django("channels_redis core, uvicorn", Server::Uvicorn, Layer::Core, "/room"),
    django("channels_redis core, daphne", Server::Daphne, Layer::Core, "/room"),
    django("channels_redis pubsub, uvicorn", Server::Uvicorn, Layer::PubSub, "/room"),
    django("channels_redis pubsub, daphne", Server::Daphne, Layer::PubSub, "/room"),
];

const CHANNELS_REDIS: Peers = Peers {
    called: "the best of channels_redis",
    names: &[
        "channels_redis core, uvicorn",
        "channels_redis core, daphne",
        "channels_redis pubsub, uvicorn",
        "channels_redis pubsub, daphne",
    ],
};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "cross",
        title: "Across processes over Redis: one says, 500 members on another server hear, 16 under way",
        load: &["fanout", "--members", "500", "--size", "100", "--window", "16"],
        processes: 2,
        restart: false,
        measure: DELIVERIES,
        also: &[P50, P99, CPU],
        contestants: CROSS,
        goals: &[
            goal("channels-actix, core", CHANNELS_REDIS, 40.0),
            goal("channels-actix, pubsub", CHANNELS_REDIS, 40.0),
        ],
    },
    Scenario {
        name: "cross-rate",
        title: "The same at a leisurely 4 messages a second: how long 500 members wait",
        load: &["fanout", "--members", "500", "--size", "100", "--rate", "4", "--seconds", "4"],
        processes: 2,
        restart: false,
        measure: Measure { column: P99, better: Better::Less },
        also: &[P50, CPU],
        contestants: CROSS,
        goals: &[],
    },
    Scenario {
        name: "echo",
        title: "Echo: 64 connections, 128 bytes",
        load: &["echo", "--members", "64", "--size", "128"],
        processes: 1,
        restart: false,
        measure: Measure { column: column("messages_per_s", "messages/s", 1.0, 0), better: Better::More },
        also: &[P50, P99, column("cpu_us_per_message", "CPU for each, µs", 1.0, 2)],
        contestants: &[
            ours("channels-actix", "/echo"),
            rust("actix-ws", "room-actix-ws", "/echo"),
            rust("axum", "room-axum", "/echo"),
            Contestant::new("ws (Node)", Kind::Node("room-ws.js"), "/echo"),
            django("Channels, uvicorn", Server::Uvicorn, Layer::Memory, "/echo"),
            django("Channels, daphne", Server::Daphne, Layer::Memory, "/echo"),
        ],
        goals: &[goal("channels-actix", ACTIX_WS, 0.9)],
    },
    room(
        "fanout",
        "Fan-out: 1,000 members, 100 bytes, one message under way",
        &["fanout", "--members", "1000", "--size", "100", "--window", "1"],
        ROOM_GOALS,
    ),
    room(
        "fanout-1k",
        "Fan-out: 1,000 members, 1 KiB, one message under way",
        &["fanout", "--members", "1000", "--size", "1024", "--window", "1"],
        ROOM_GOALS,
    ),
    room(
        "fanout-16",
        "Fan-out: 1,000 members, 100 bytes, 16 messages under way",
        &["fanout", "--members", "1000", "--size", "100", "--window", "16"],
        JOINED_GOALS,
    ),
    room(
        "fanout-1k-16",
        "Fan-out: 1,000 members, 1 KiB, 16 messages under way",
        &["fanout", "--members", "1000", "--size", "1024", "--window", "16"],
        JOINED_GOALS,
    ),
    Scenario {
        name: "idle",
        title: "Memory of an idle connection",
        load: &["idle", "--members", "5000", "--seconds", "3"],
        processes: 1,
        restart: false,
        measure: Measure {
            column: column("bytes_per_connection", "KB each", 1000.0, 1),
            better: Better::Less,
        },
        also: &[],
        contestants: &[
            ours("channels-actix", "/echo"),
            rust("actix-ws", "room-actix-ws", "/echo"),
            rust("axum", "room-axum", "/echo"),
            rust("socketioxide", "room-socketioxide", SOCKET_IO).with(&["--dialect", "socketio"]),
            Contestant::new("ws (Node)", Kind::Node("room-ws.js"), "/echo"),
            django("Channels, uvicorn", Server::Uvicorn, Layer::Memory, "/room"),
            django("Channels, daphne", Server::Daphne, Layer::Memory, "/room"),
        ],
        goals: &[goal("channels-actix", only("axum", &["axum"]), 0.12)],
    },
    Scenario {
        name: "connect",
        title: "Connects per second",
        load: &["connect", "--members", "5000"],
        processes: 1,
        restart: false,
        measure: Measure { column: column("connects_per_s", "connects/s", 1.0, 0), better: Better::More },
        also: &[P50, P99, column("cpu_us_per_connect", "CPU for each, µs", 1.0, 0)],
        contestants: &[
            ours("channels-actix", "/echo"),
            rust("actix-ws", "room-actix-ws", "/echo"),
            rust("axum", "room-axum", "/echo"),
            Contestant::new("ws (Node)", Kind::Node("room-ws.js"), "/echo"),
            django("Channels, uvicorn", Server::Uvicorn, Layer::Memory, "/echo"),
            django("Channels, daphne", Server::Daphne, Layer::Memory, "/echo"),
        ],
        goals: &[goal("channels-actix", ACTIX_WS, 0.8)],
    },
    Scenario {
        name: "churn",
        title: "Connections that come, say one thing, hear it, and are gone; 64 at a time",
        load: &["churn", "--abreast", "64"],
        processes: 1,
        restart: false,
        measure: Measure { column: column("lives_per_s", "lives/s", 1.0, 0), better: Better::More },
        also: &[P50, P99, column("rss_growth_mb", "growth, MB", 1.0, 1)],
        contestants: &[
            ours("channels-actix", "/echo"),
            rust("actix-ws", "room-actix-ws", "/echo"),
            rust("axum", "room-axum", "/echo"),
            Contestant::new("ws (Node)", Kind::Node("room-ws.js"), "/echo"),
        ],
        goals: &[],
    },
    Scenario {
        name: "held",
        title: "Fan-out to 1,000 at 50 messages a second, while 8,000 idle connections are held, and while none are",
        load: &["fanout", "--members", "1000", "--size", "100", "--rate", "50", "--seconds", "5"],
        processes: 1,
        restart: false,
        measure: Measure { column: P99, better: Better::Less },
        also: &[P50, CPU],
        contestants: &[
            ours("channels-actix, 8,000 held", "/room/lobby").with(&["--idle", "8000"]),
            ours("channels-actix, none held", "/room/lobby"),
        ],
        goals: &[goal(
            "channels-actix, 8,000 held",
            only("with none held", &["channels-actix, none held"]),
            1.5,
        )],
    },
    Scenario {
        name: "slow",
        title: "100 of 1,000 members stop reading: p99 of the other 900 as a multiple of before; 8 KiB, 25 a second",
        // 4 MB in 20 s for each that does not read: as much as the kernel keeps, and `Limits::outbound`
        load: &[
            "slow",
            "--members",
            "1000",
            "--stalled",
            "100",
            "--size",
            "8192",
            "--rate",
            "25",
            "--seconds",
            "20",
        ],
        processes: 1,
        restart: false,
        measure: Measure { column: column("p99_ratio", "p99, after / before", 1.0, 2), better: Better::Less },
        also: &[
            column("p99_us_before", "p99 before, ms", 1000.0, 2),
            column("p99_us_after", "p99 after, ms", 1000.0, 2),
            column("deliveries_ratio_of_the_others", "deliveries, after / before", 1.0, 2),
            column("rss_growth_mb", "growth, MB", 1.0, 1),
        ],
        contestants: &[
            ours("channels-actix, relay", "/room/lobby"),
            rust("actix-ws", "room-actix-ws", "/room"),
            rust("axum broadcast", "room-axum", "/room"),
            Contestant::new("ws (Node)", Kind::Node("room-ws.js"), "/room"),
        ],
        goals: &[],
    },
    Scenario {
        name: "jitter",
        title: "1,000 members, each away for 2 s of 10: the share of all messages that they get",
        load: &["jitter", "--members", "1000", "--rate", "10", "--seconds", "10"],
        processes: 1,
        restart: false,
        measure: Measure { column: column("delivered_share", "delivered, %", 0.01, 1), better: Better::More },
        also: &[P50, P99],
        contestants: &[
            ours("channels-actix, relay", "/room/lobby"),
            rust("actix-ws", "room-actix-ws", "/room"),
            rust("axum broadcast", "room-axum", "/room"),
            rust("socketioxide", "room-socketioxide", SOCKET_IO).with(&["--dialect", "socketio"]),
        ],
        goals: &[],
    },
    Scenario {
        name: "avalanche",
        title: "A server with 5,000 clients is killed and started again",
        load: &["avalanche", "--members", "5000"],
        processes: 1,
        restart: true,
        measure: Measure { column: column("all_back_s", "all back, s", 1.0, 1), better: Better::Less },
        also: &[
            column("p50_back_s", "half back, s", 1.0, 1),
            column("back_share", "back, %", 0.01, 1),
            column("attempts_per_client", "attempts of each", 1.0, 2),
            column("most_attempts_in_a_second", "attempts in the worst second", 1.0, 0),
        ],
        contestants: &[
            ours("channels-actix", "/room/lobby"),
            rust("actix-ws", "room-actix-ws", "/room"),
            rust("axum broadcast", "room-axum", "/room"),
            Contestant::new("ws (Node)", Kind::Node("room-ws.js"), "/room"),
        ],
        goals: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_goal_is_about_contestants_of_its_scenario() {
        for scenario in SCENARIOS {
            for goal in scenario.goals {
                for name in [&goal.ours].into_iter().chain(goal.than.names) {
                    let found = scenario.contestants.iter().any(|contestant| contestant.name == *name);
                    assert!(found, "{}: {name}", scenario.name);
                }
            }
        }
    }

    #[test]
    fn ours_comes_first_and_no_name_comes_twice() {
        for scenario in SCENARIOS {
            assert!(scenario.contestants[0].is_ours(), "{}", scenario.name);
            for (nth, contestant) in scenario.contestants.iter().enumerate() {
                let before = &scenario.contestants[..nth];
                assert!(before.iter().all(|before| before.name != contestant.name), "{}", contestant.name);
            }
        }
    }
}
