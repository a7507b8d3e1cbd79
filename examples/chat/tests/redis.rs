//! Two chats that share their rooms by way of Redis.

use site::testing::{Folder, Redis, Server};

use crate::member::{Member, program};

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_one_says_in_one_process_is_heard_in_the_other() {
    let redis = Redis::start().await;
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("chat.sqlite3");
    let mut servers = Vec::new();
    for _ in 0..2 {
        servers.push(Server::run(program(&database).args(&["--redis", redis.url()])).await);
    }
    let mut alice = Member::join(&servers[0], "lobby", &servers[0].token("alice")).await;
    // a token of the one is good at the other: the secret is in the database
    let mut bob = Member::join(&servers[1], "lobby", &servers[0].token("bob")).await;

    alice.say("Can you hear me over there?").await;
    let heard = bob.hear().await;
    bob.say("Loud and clear.").await;

    assert_eq!(heard["text"], "Can you hear me over there?");
    assert_eq!(alice.hear().await, heard);
    assert_eq!(alice.hear().await["text"], "Loud and clear.");
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_told_at_the_start() {
    let nobody = program(":memory:").args(&["--redis", "redis://127.0.0.1:1/0"]);

    let (status, said) = nobody.fails().await;

    assert_eq!(status, Some(1));
    assert!(said.contains("cannot be reached"), "{said}");
}
