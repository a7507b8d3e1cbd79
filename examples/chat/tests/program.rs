//! The program as a process: its end, its restart, its log.

use futures_util::future::join_all;
use site::testing::{Answer, Client, Folder, Server};

use crate::member::{Member, program, room, start};

#[tokio::test]
async fn sigterm_ends_it_in_order_and_tells_clients_to_come_back() {
    let mut server = start().await;
    let mut alice = Member::join(&server, "lobby", &server.token("alice")).await;
    alice.say("still here").await;
    alice.hear().await;

    server.terminate().await;

    assert_eq!(alice.closed().await, 1012);
    drop(alice);
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn of_a_thousand_that_are_connected_at_sigterm_each_sees_1012() {
    const CLIENTS: usize = 1_000;
    rlimit::increase_nofile_limit(8_000).unwrap(); // the program gets it from here
    let mut server = start().await;
    let lobby = room(&server, "lobby", &server.token("alice"));
    let mut clients = Vec::new();
    while clients.len() < CLIENTS {
        clients.extend(join_all((0..50).map(|_| Client::connect(&lobby))).await);
    }

    let before = server.peak_memory();

    server.terminate().await;

    let codes = join_all(clients.iter_mut().map(Client::closed)).await;
    assert_eq!(codes, [1012; CLIENTS]);
    let grown = server.peak_memory() - before;
    assert!(grown < 4 << 10, "{grown} KiB to end {CLIENTS} connections");
    drop(clients);
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn after_a_restart_history_and_tokens_are_as_before() {
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("chat.sqlite3");
    let mut first = Server::run(program(&database)).await;
    let token = first.token("alice");
    let mut alice = Member::join(&first, "lobby", &token).await;
    alice.say("I was here before.").await;
    alice.hear().await;
    let before = first.get("/api/rooms/lobby/messages", &token);
    drop(alice);
    first.terminate().await;
    first.ended().await;

    let second = Server::run(program(&database)).await;

    assert_eq!(second.get("/api/rooms/lobby/messages", &token), before);
    let mut alice = Member::join(&second, "lobby", &token).await;
    alice.say("And I still am.").await;
    assert_eq!(alice.hear().await["text"], "And I still am.");
}

#[tokio::test]
async fn chat_secret_is_what_tokens_are_signed_with() {
    let with_secret = |secret: &str| Server::run(program(":memory:").env("CHAT_SECRET", secret));
    let (one, same, other) = (with_secret("s1").await, with_secret("s1").await, with_secret("s2").await);

    let token = one.token("alice");

    assert_eq!(same.get("/api/rooms", &token).0, 200);
    assert_eq!(other.get("/api/rooms", &token).0, 401);
}

#[tokio::test]
async fn no_token_and_no_password_is_in_its_log() {
    let mut server = Server::run(program(":memory:").with_log("trace")).await;
    let (token, forged) = (server.token("alice"), "f0rged.t0ken");
    assert!(matches!(server.log_in("alice", "pa55word"), Answer(401, _)));
    assert_eq!(server.get("/api/rooms", &token).0, 200);
    assert_eq!(server.get("/api/rooms", forged).0, 401);
    let mut alice = Member::join(&server, "lobby", &token).await;
    alice.say("hello").await;
    alice.hear().await;
    assert_eq!(Member::join(&server, "lobby", forged).await.closed().await, 4001);
    drop(alice);

    server.terminate().await;
    let log = server.log().await;

    assert!(log.contains("/ws/chat/lobby/?token=***"), "{log}");
    for secret in [token.as_str(), forged, "pa55word"] {
        assert!(!log.contains(secret), "{log}");
    }
}
