//! Several processes.

use std::process::Stdio;

use serde_json::json;
use site::testing::{Client, Folder, Redis, Server, soon};
use tokio::process::{Child, Command};

use crate::account::{Account, program, until};

/// A process that only works.
fn worker(database: &str, redis: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tasks"));
    command.args(["--worker", "--claim", "1", "--database", database, "--redis", redis]);
    command.stdin(Stdio::null()).kill_on_drop(true).env("RUST_LOG", "warn").spawn().unwrap()
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_task_whose_worker_is_killed_is_finished_by_another_and_its_tab_sees_it() {
    let redis = Redis::start().await;
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("tasks.sqlite3");
    let server = Server::run(program(&database).args(&["--redis", redis.url(), "--no-work"])).await;
    let mut first = worker(&database, redis.url());
    let alice = Account::log_in(&server, "alice");
    let mut tab = alice.tab().await;
    let id = alice.count(10_000_000);
    let begun = loop {
        let task = until(&mut tab, id, "running").await;
        if task["parts"].as_u64() > Some(0) {
            break task;
        }
    };

    soon("it is killed", first.kill()).await.unwrap();
    let _second = worker(&database, redis.url());

    let again = loop {
        let task = until(&mut tab, id, "running").await;
        if task["attempt"] == 2 {
            break task;
        }
    };
    assert_eq!(begun["attempt"], 1);
    // it goes on from where the first one got to
    assert!(again["parts"].as_u64() >= begun["parts"].as_u64(), "{again}");
    let done = until(&mut tab, id, "done").await;
    assert_eq!((&done["found"], &done["attempt"]), (&json!(664_579), &json!(2)));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_worker_that_is_told_to_end_hands_its_task_to_another() {
    let redis = Redis::start().await;
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("tasks.sqlite3");
    let server = Server::run(program(&database).args(&["--redis", redis.url(), "--no-work"])).await;
    let mut first = worker(&database, redis.url());
    let alice = Account::log_in(&server, "alice");
    let mut tab = alice.tab().await;
    let id = alice.count(10_000_000);
    until(&mut tab, id, "running").await;

    let first_id = first.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &first_id]).status().await.unwrap().success());
    assert!(soon("it ends", first.wait()).await.unwrap().success());
    let _second = worker(&database, redis.url());

    assert_eq!(until(&mut tab, id, "done").await["attempt"], 2);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_ticket_of_one_process_is_good_once_in_another() {
    let redis = Redis::start().await;
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("tasks.sqlite3");
    let one = Server::run(program(&database).args(&["--redis", redis.url()])).await;
    let other = Server::run(program(&database).args(&["--redis", redis.url()])).await;
    let ticket = Account::log_in(&one, "alice").ticket();
    let there = Account::log_in(&other, "alice").url_with(&ticket);

    let mut first = Client::connect(&there).await;

    assert_eq!(first.hear().await["type"], "connected");
    assert_eq!(Client::connect(&there).await.closed().await, 4001);
}
