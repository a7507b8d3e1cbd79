//! What tabs are told, and who is let in.

use serde_json::json;
use site::testing::{Client, Server};

use crate::account::{Account, LONG, program, start, until};

#[tokio::test]
async fn all_tabs_of_the_owner_see_a_task_from_its_beginning_to_its_end_and_no_other_does() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    let mut tabs = [alice.tab().await, alice.tab().await];
    let mut bobs = bob.tab().await;

    let id = alice.count(1_000_000);

    for tab in &mut tabs {
        let created = tab.hear().await;
        assert_eq!(
            (&created["type"], &created["task"]["state"]),
            (&json!("task.created"), &json!("waiting"))
        );
        let mut parts = vec![];
        while parts.last() != Some(&100) {
            let task = tab.hear_of("task.updated").await["task"].take();
            assert_eq!((&task["id"], &task["attempt"]), (&json!(id), &json!(1)));
            parts.push(task["parts"].as_u64().unwrap());
        }
        assert!(parts.is_sorted() && parts[0] == 0, "{parts:?}");
    }
    assert_eq!(alice.show(id).1["found"], 78_498);
    // had it come to bob, it would have come first
    let bobs_id = bob.count(1_000);
    assert_eq!(bobs.hear().await["task"]["id"], bobs_id);
}

#[tokio::test]
async fn a_task_that_is_cancelled_in_the_middle_ends_in_all_tabs_and_makes_room_for_others() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let mut tabs = [alice.tab().await, alice.tab().await];
    // as many as are worked on at a time, and one that waits
    let [one, two, waits] = [LONG, LONG, 100_000].map(|below| alice.count(below));
    let [first, _] = &mut tabs;
    until(first, one, "running").await;
    until(first, two, "running").await;

    assert_eq!(alice.cancel(one), 200);

    for tab in &mut tabs {
        until(tab, one, "cancelled").await;
        until(tab, waits, "done").await;
    }
    assert_eq!(alice.show(one).1["state"], "cancelled");
    assert_eq!(alice.cancel(two), 200);
}

#[tokio::test]
async fn a_task_that_is_cancelled_while_it_waits_never_begins() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let mut tab = alice.tab().await;
    let busy = [LONG, LONG].map(|below| alice.count(below));
    for id in busy {
        until(&mut tab, id, "running").await;
    }
    let waits = alice.count(1_000);

    assert_eq!(alice.cancel(waits), 200);
    for id in busy {
        assert_eq!(alice.cancel(id), 200);
    }

    let last = alice.count(1_000);
    until(&mut tab, last, "done").await;
    assert_eq!(
        (&alice.show(waits).1["state"], &alice.show(waits).1["attempt"]),
        (&json!("cancelled"), &json!(0))
    );
}

#[tokio::test]
async fn a_ticket_opens_one_socket_and_a_second_one_is_refused_with_4001() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let url = alice.url_with(&alice.ticket());

    let mut first = Client::connect(&url).await;
    let mut second = Client::connect(&url).await;

    assert_eq!(first.hear().await, json!({ "type": "connected", "username": "alice" }));
    assert_eq!(second.closed().await, 4001);
}

#[tokio::test]
async fn without_a_credential_and_with_a_bad_one_the_code_is_4001() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");

    for url in [server.socket_url("/ws/tasks/"), alice.url_with("tkt_no"), alice.url_with(&"0".repeat(40))] {
        assert_eq!(Client::connect(&url).await.closed().await, 4001);
    }
}

#[tokio::test]
async fn the_page_of_another_site_does_not_get_in_even_with_a_token() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let url = alice.url_with(&alice.token);

    let mut foreign = Client::from_page(&url, "https://evil.example").await;
    let mut own = Client::from_page(&url, &server.url("")).await;

    assert_eq!(foreign.closed().await, 4003);
    assert_eq!(own.hear().await["type"], "connected");
}

#[tokio::test]
async fn a_logout_ends_the_sockets_that_came_with_the_token_and_with_its_tickets() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let mut tabs = [alice.tab().await, Client::connect(&alice.url_with(&alice.ticket())).await];
    let [_, by_ticket] = &mut tabs;
    by_ticket.hear_of("client.stats").await;
    let request = server.http().post(server.url("/api/logout"));
    let request = request.header("authorization", format!("Bearer {}", alice.token));

    assert_eq!(request.send_empty().unwrap().status(), 204);

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, 4500);
    }
}

#[tokio::test]
async fn neither_a_token_nor_a_ticket_is_in_the_log() {
    let mut server = Server::run(program(":memory:").with_log("trace")).await;
    let alice = Account::log_in(&server, "alice");
    let (token, ticket) = (alice.token.clone(), alice.ticket());
    let mut tab = alice.tab().await;
    Client::connect(&alice.url_with(&ticket)).await.hear().await;
    // used already: it is refused, which is logged
    assert_eq!(Client::connect(&alice.url_with(&ticket)).await.closed().await, 4001);
    let id = alice.count(1_000);
    until(&mut tab, id, "done").await;
    drop(tab);

    server.terminate().await;
    server.ended().await;

    let log = server.log().await;
    assert!(log.contains("/ws/tasks/?token=***"), "{log}");
    assert!(!log.contains(&token), "a token is in the log");
    assert!(!log.contains(&ticket), "a ticket is in the log");
}
