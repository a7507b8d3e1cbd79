//! What tabs are told, and who is let in.

use serde_json::json;
use site::testing::{Client, Folder, Server};
use sqlx::SqlitePool;

use crate::account::{Account, program, start};

#[tokio::test]
async fn a_tab_is_told_who_it_is_and_how_many_are_unread() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    assert_eq!(bob.notify("alice", "Your report is ready."), 201);

    for mut tab in [alice.tab().await, alice.tab_with_cookie().await] {
        let connected = json!({ "type": "connected", "user_id": "1", "username": "alice", "unread": 1 });
        assert_eq!(tab.hear().await, connected);
        assert_eq!(tab.hear().await, json!({ "type": "client.stats" }));
    }
}

#[tokio::test]
async fn what_a_tab_tells_of_its_connection_is_taken_and_anything_else_is_not() {
    let server = start().await;
    let mut tab = Account::log_in(&server, "alice").tab().await;
    tab.hear_of("client.stats").await;

    tab.send_json(&json!({ "type": "client.stats", "reconnects": 1, "latency": 12 })).await;
    tab.send_json(&json!({ "type": "notification.delete", "id": 1 })).await;
    tab.send_json(&json!({ "type": "ping" })).await;

    assert_eq!(tab.hear().await["code"], "bad_message");
    assert_eq!(tab.hear().await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn a_notification_arrives_in_every_tab_of_its_owner_and_in_no_other() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    let mut tabs = [alice.tab().await, alice.tab().await, alice.tab_with_cookie().await];
    let mut bobs = bob.tab().await;
    for tab in tabs.iter_mut().chain([&mut bobs]) {
        tab.hear_of("client.stats").await;
    }

    assert_eq!(bob.notify("alice", "Your report is ready."), 201);

    for tab in &mut tabs {
        let told = tab.hear().await;
        assert_eq!(told["type"], "notification.created");
        assert_eq!(told["unread"], 1);
        let notification = &told["notification"];
        assert_eq!(notification, &alice.list()["notifications"][0]);
        assert_eq!((&notification["from"], &notification["is_read"]), (&json!("bob"), &json!(false)));
    }
    // had it come to bob, it would have come first
    assert_eq!(alice.notify("bob", "Thanks!"), 201);
    assert_eq!(bobs.hear().await["notification"]["text"], "Thanks!");
}

#[tokio::test]
async fn what_is_marked_or_deleted_in_one_tab_changes_in_all() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let mut tab = alice.tab().await;
    tab.hear_of("client.stats").await;
    for text in ["one", "two"] {
        assert_eq!(alice.notify("alice", text), 201);
    }
    tab.hear_of("notification.created").await;
    let id = tab.hear_of("notification.created").await["notification"]["id"].as_i64().unwrap();

    assert_eq!(alice.mark(id, true), 200);
    let updated = tab.hear().await;
    assert_eq!((&updated["notification"]["is_read"], &updated["unread"]), (&json!(true), &json!(1)));

    assert_eq!(alice.mark(id, false), 200);
    assert_eq!(tab.hear().await["unread"], 2);

    assert_eq!(alice.delete(id), 204);
    assert_eq!(tab.hear().await, json!({ "type": "notification.deleted", "id": id, "unread": 1 }));
    assert_eq!(alice.texts(), ["one"]);
}

#[tokio::test]
async fn without_a_credential_and_with_a_bad_one_the_code_is_4001() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let url = server.socket_url("/ws/notifications/");

    let mut nobody = Client::connect(&url).await;
    let mut forged = Client::connect(&format!("{url}?token={}x", alice.token)).await;
    let mut stale =
        Client::with_cookie(&url, &server.url(""), "sessionid=0123456789abcdefghijklmnopqrstuv").await;

    for tab in [&mut nobody, &mut forged, &mut stale] {
        assert_eq!(tab.closed().await, 4001);
    }
}

#[tokio::test]
async fn a_cookie_does_not_let_the_page_of_another_site_in() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let url = server.socket_url("/ws/notifications/");

    let mut foreign = Client::with_cookie(&url, "https://evil.example", &alice.cookie).await;

    assert_eq!(foreign.closed().await, 4003);
}

#[tokio::test]
async fn a_user_who_was_made_inactive_is_refused_with_a_token_and_with_a_cookie() {
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("notifications.sqlite3");
    let server = Server::run(program(&database)).await;
    let bob = Account::log_in(&server, "bob");
    let pool = SqlitePool::connect(&format!("sqlite:{database}")).await.unwrap();
    sqlx::query("UPDATE auth_user SET is_active = FALSE WHERE username = 'bob'")
        .execute(&pool)
        .await
        .unwrap();

    assert_eq!(bob.tab().await.closed().await, 4001);
    assert_eq!(bob.tab_with_cookie().await.closed().await, 4001);
    assert_eq!(server.log_in("bob", "bob").0, 401);
    assert_eq!(Account::log_in(&server, "alice").notify("bob", "Are you there?"), 404);
}
