//! Two chats that share their rooms by way of Redis.

use std::{net::TcpListener, process::Stdio, time::Duration};

use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::sleep,
};

use crate::{
    client::Client,
    server::{Folder, Server, program},
    soon,
};

/// A `redis-server` of this test's own: on a free port, without files, killed when it is dropped.
async fn redis() -> (Child, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new("redis-server");
    server.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
    let server = server.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    soon("Redis listens", async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    (server, format!("redis://127.0.0.1:{port}/0"))
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_one_says_in_one_process_is_heard_in_the_other() {
    let (_redis, url) = redis().await;
    let folder = Folder::new();
    let database = folder.file("chat.sqlite3");
    let mut servers = Vec::new();
    for _ in 0..2 {
        let mut program = program(&database);
        program.args(["--redis", &url]);
        servers.push(Server::run(program).await);
    }
    let mut alice = Client::connect(&servers[0].room("lobby", &servers[0].token("alice"))).await;
    // a token of the one is good at the other: the secret is in the database
    let mut bob = Client::connect(&servers[1].room("lobby", &servers[0].token("bob"))).await;

    alice.say("Can you hear me over there?").await;
    let heard = bob.hear().await;
    bob.say("Loud and clear.").await;

    assert_eq!(heard["text"], "Can you hear me over there?");
    assert_eq!(alice.hear().await, heard);
    assert_eq!(alice.hear().await["text"], "Loud and clear.");
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_told_at_the_start() {
    let mut program = program(":memory:");
    program.args(["--redis", "redis://127.0.0.1:1/0"]).stderr(Stdio::piped());

    let output = soon("the program ends", program.output()).await.unwrap();

    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be reached"), "{output:?}");
}
