//! The REST side.

use serde_json::{Value, json};
use site::testing::{Answer, Folder, Server};

use crate::account::{Account, LONG, program, start, until};

#[tokio::test]
async fn a_result_is_kept_also_when_the_program_is_started_again() {
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"));
    let database = folder.file("tasks.sqlite3");
    let mut server = Server::run(program(&database)).await;
    let alice = Account::log_in(&server, "alice");
    let mut tab = alice.tab().await;
    let (done, cut_off) = (alice.count(100_000), alice.count(LONG));
    until(&mut tab, done, "done").await;
    until(&mut tab, cut_off, "running").await;
    drop(tab);
    server.terminate().await;
    assert!(server.ended().await.success());

    let server = Server::run(program(&database)).await;

    let alice = Account::log_in(&server, "alice");
    let Answer(_, task) = alice.show(done);
    assert_eq!(
        (&task["state"], &task["found"], &task["parts"]),
        (&json!("done"), &json!(9_592), &json!(100))
    );
    // without Redis nobody else goes on with it
    assert_eq!(alice.show(cut_off).1["state"], "failed");
    assert_eq!(alice.list().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_anothers_is_not_there() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    let id = alice.count(LONG);

    assert_eq!(bob.list(), json!([]));
    assert_eq!(bob.show(id).0, 404);
    assert_eq!(bob.cancel(id), 404);

    assert_ne!(alice.show(id).1["state"], "cancelled");
    assert_eq!(alice.cancel(id), 200);
    assert_eq!(alice.cancel(id), 409);
}

#[tokio::test]
async fn what_cannot_be_done_is_refused() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");

    for below in [json!(999), json!(50_000_001), json!(-1), json!("many"), json!(null)] {
        assert_eq!(alice.post("/api/tasks", &json!({ "below": below })).0, 400, "{below}");
    }
    assert_eq!(alice.list(), json!([]));
}

#[tokio::test]
async fn requests_need_a_token_and_a_ticket_is_none() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");

    let mut refused = server.http().get(server.url("/api/tasks")).call().unwrap();

    assert_eq!(refused.status(), 401);
    assert_eq!(refused.body_mut().read_json::<Value>().unwrap()["code"], "no_token");
    assert_eq!(server.get("/api/tasks", &alice.ticket()).0, 401);
    assert_eq!(server.log_in("alice", "bob").0, 401);
}

#[tokio::test]
async fn a_token_is_worth_nothing_after_a_logout() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let request = server.http().post(server.url("/api/logout"));
    let request = request.header("authorization", format!("Bearer {}", alice.token));

    assert_eq!(request.send_empty().unwrap().status(), 204);

    assert_eq!(server.get("/api/tasks", &alice.token).0, 401);
    assert_ne!(Account::log_in(&server, "alice").token, alice.token);
}
