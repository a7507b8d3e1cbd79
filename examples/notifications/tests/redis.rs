//! Two processes.

use site::testing::{Folder, Redis, Server};

use crate::account::{Account, program};

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_notification_made_at_one_process_arrives_in_a_tab_at_the_other() {
    let redis = Redis::start().await;
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("notifications.sqlite3");
    let one = Server::run(program(&database).args(&["--redis", redis.url()])).await;
    let other = Server::run(program(&database).args(&["--redis", redis.url()])).await;
    let mut tab = Account::log_in(&one, "alice").tab().await;
    tab.hear_of("client.stats").await;

    assert_eq!(Account::log_in(&other, "bob").notify("alice", "From over here."), 201);

    assert_eq!(tab.hear().await["notification"]["text"], "From over here.");
}
