//! The REST side.

use serde_json::{Value, json};
use site::testing::Answer;

use crate::account::{Account, start};

#[tokio::test]
async fn notifications_are_listed_the_newest_first_in_pages_of_fifty() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    for number in 1..=60 {
        assert_eq!(alice.notify("alice", &number.to_string()), 201);
    }

    let first = alice.list();
    let oldest = &first["notifications"][49]["id"];
    let Answer(_, second) = server.get(&format!("/api/notifications?before={oldest}"), &alice.token);

    assert_eq!((&first["more"], &first["unread"]), (&json!(true), &json!(60)));
    assert_eq!(first["notifications"][0]["text"], "60");
    assert_eq!(second["more"], false);
    assert_eq!(second["notifications"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn what_is_anothers_is_not_there() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    assert_eq!(bob.notify("alice", "For your eyes only."), 201);
    let id = alice.list()["notifications"][0]["id"].as_i64().unwrap();

    assert_eq!(bob.texts(), [""; 0]);
    assert_eq!(bob.mark(id, true), 404);
    assert_eq!(bob.delete(id), 404);

    assert_eq!(alice.list()["notifications"][0]["is_read"], false);
}

#[tokio::test]
async fn what_cannot_be_said_is_refused() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");

    assert_eq!(alice.notify("mallory", "Hello"), 404);
    assert_eq!(alice.notify("alice", " \n "), 400);
    assert_eq!(alice.notify("alice", &"ä".repeat(501)), 400);
    assert_eq!(alice.notify("alice", &"ä".repeat(500)), 201);
}

#[tokio::test]
async fn requests_need_a_token_or_the_cookie() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let with_cookie = || {
        let request = server.http().get(server.url("/api/notifications"));
        request.header("cookie", &alice.cookie).call().unwrap()
    };

    let mut refused = server.http().get(server.url("/api/notifications")).call().unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.body_mut().read_json::<Value>().unwrap()["code"], "no_token");
    assert_eq!(with_cookie().status(), 200);

    let logout = server.http().post(server.url("/api/logout")).header("cookie", &alice.cookie);
    assert_eq!(logout.send_empty().unwrap().status(), 204);
    assert_eq!(with_cookie().status(), 401);
}
