//! Two chats that share their rooms by way of Redis.

use serde_json::json;
use site::testing::{Answer, Folder, Redis, Server};

use crate::member::{Member, post, program};

async fn two_processes(redis: &Redis, database: &str) -> (Server, Server) {
    let run = || Server::run(program(database).args(&["--redis", redis.url()]));
    (run().await, run().await)
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_one_says_in_one_process_is_heard_in_the_other() {
    let redis = Redis::start().await;
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let (one, other) = two_processes(&redis, &folder.file("chat.sqlite3")).await;
    let mut alice = Member::join(&one, "lobby", &one.token("alice")).await;
    // a token of the one is good at the other: the secret is in the database
    let mut bob = Member::join(&other, "lobby", &one.token("bob")).await;

    alice.say("Can you hear me over there?").await;
    let heard = bob.hear().await;
    bob.say("Loud and clear.").await;

    assert_eq!(heard["text"], "Can you hear me over there?");
    assert_eq!(alice.hear().await, heard);
    assert_eq!(alice.hear().await["text"], "Loud and clear.");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn typing_unread_counts_and_what_is_said_by_rest_reach_the_other_process() {
    let redis = Redis::start().await;
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let (one, other) = two_processes(&redis, &folder.file("chat.sqlite3")).await;
    let (alice, bob) = (one.token("alice"), one.token("bob"));
    let mut in_lobby = Member::join(&other, "lobby", &bob).await;
    let mut in_attic = Member::join(&other, "attic", &bob).await;
    in_attic.rooms().await;

    let mut typist = Member::join(&one, "lobby", &alice).await;
    typist.send_json(&json!({ "type": "chat.typing" })).await;
    assert_eq!(in_lobby.hear().await, json!({ "type": "chat.typing", "from": "alice" }));
    let Answer(_, said) = post(&one, "/api/rooms/lobby/messages", &alice, &json!({ "text": "Done." }));
    assert_eq!(in_lobby.hear().await["text"], "Done.");
    assert_eq!(in_attic.hear().await["room"]["unread"], 1);
    post(&one, "/api/rooms/lobby/read", &bob, &json!({ "id": said["id"] }));

    assert_eq!(in_attic.hear().await["room"]["unread"], 0);
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_told_at_the_start() {
    let nobody = program(":memory:").args(&["--redis", "redis://127.0.0.1:1/0"]);

    let (status, said) = nobody.fails().await;

    assert_eq!(status, Some(1));
    assert!(said.contains("cannot be reached"), "{said}");
}
