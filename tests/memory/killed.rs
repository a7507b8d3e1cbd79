//! A client that is killed: a process with many connections, and frames under way on all of them, both ways.

use std::{
    env,
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use channels_actix::{testing::TestServer, *};
use futures_util::future::join_all;

use crate::{
    ALLOCATED, Member, alone,
    support::{
        Raw,
        raw::{TEXT, frame},
        until,
    },
    tasks, tasks_of_workers,
};

/// Where the server is, told to the client.
const SERVER: &str = "SERVER_OF_THE_CLIENT_TO_BE_KILLED";
const CONNECTIONS: usize = 50;
const ROUNDS: usize = 7;

/// No test by itself: what the other process runs.
#[tokio::test]
async fn client() {
    let Ok(server) = env::var(SERVER) else { return };
    let server: SocketAddr = server.parse().unwrap();
    let message = frame(0x80 | TEXT, &[b'x'; 16 << 10]);
    let talkers = (0..CONNECTIONS).map(|_| async {
        // it reads none of what comes back, and so is held back itself, mostly within a frame
        let mut raw = Raw::sleeper(server, "/1/").await;
        loop {
            raw.send(&message).await;
        }
    });
    join_all(talkers).await;
}

fn start_client(server: SocketAddr) -> Child {
    let mut client = Command::new(env::current_exe().unwrap());
    client.args(["--exact", "killed::client"]).env(SERVER, server.to_string());
    client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test]
#[cfg(unix)]
async fn a_client_process_that_is_killed_with_frames_under_way_leaves_nothing() {
    use actix_web::web;

    let _turn = alone().await;
    let memory = MemoryLayer::default();
    let channels = Channels::new(memory.clone())
        .limits(Limits { inbound: 64 << 10, outbound: 64 << 10, ..Limits::default() })
        .tuning(Tuning { send_buffer: Some(4 << 10), ..Tuning::default() })
        .websocket("/{room}/", |scope| Ok(Member { room: Group::of("room", scope.param::<u32>("room")?)? }));
    let server = TestServer::with(&channels, |config| {
        config.route("/tasks", web::get().to(tasks));
    });
    let tasks_before = tasks_of_workers(server.address());
    let mut left = Vec::new();

    for _ in 0..ROUNDS {
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        let mut client = start_client(server.address());
        until("all talk", || channels.connections() == CONNECTIONS).await;
        // each echo that the client leaves unread ends in the queue of its connection
        until("frames wait", || ALLOCATED.peak_usage().saturating_sub(before) > CONNECTIONS * (64 << 10))
            .await;

        client.kill().unwrap(); // SIGKILL
        client.wait().unwrap();

        until("all are gone", || channels.connections() == 0 && memory.stats() == MemoryStats::default())
            .await;
        until("no task is left", || tasks_of_workers(server.address()) == tasks_before).await;
        let peak = ALLOCATED.peak_usage().saturating_sub(before);
        // what waits on the way in, on the way out, and a chunk of each under way
        assert!(peak < CONNECTIONS * (256 << 10), "{peak} bytes");
        left.push(ALLOCATED.current_usage().saturating_sub(before));
    }

    // tables grow once; what is not given back would show in every round
    left.sort_unstable();
    assert!(left[ROUNDS / 2] < 64 << 10, "{left:?}");
}
