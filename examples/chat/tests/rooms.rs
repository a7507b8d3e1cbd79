//! The list of rooms: unread counts, participants, and how tabs are told.

use serde_json::{Value, json};
use site::testing::{Answer, Server};

use crate::member::{Member, post, start};

/// What one sees of a room: name, unread messages, participants, last text.
fn line(room: &Value) -> (&str, u64, Vec<&str>, &str) {
    let participants = room["participants"].as_array().unwrap().iter();
    (
        room["name"].as_str().unwrap(),
        room["unread"].as_u64().unwrap(),
        participants.map(|name| name.as_str().unwrap()).collect(),
        room["last_message"]["text"].as_str().unwrap(),
    )
}

fn lines(rooms: &Value) -> Vec<(&str, u64, Vec<&str>, &str)> {
    rooms.as_array().unwrap().iter().map(line).collect()
}

/// Somebody says something in a room, and leaves. Returns the message's id.
async fn said(server: &Server, room: &str, token: &str, text: &str) -> i64 {
    let mut author = Member::join(server, room, token).await;
    author.say(text).await;
    author.hear_of("chat.message").await["id"].as_i64().unwrap()
}

#[tokio::test]
async fn unread_messages_are_counted_for_each_user_and_each_room() {
    let server = start().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    said(&server, "lobby", &alice, "Is anybody in?").await;
    said(&server, "lobby", &alice, "Hello?").await;
    said(&server, "attic", &bob, "Up here!").await;

    let mut at_alice = Member::join(&server, "lobby", &alice).await;
    let mut at_bob = Member::join(&server, "lobby", &bob).await;

    let seen_by_alice = at_alice.rooms().await;
    let attic = |unread| ("attic", unread, vec!["bob"], "Up here!");
    let lobby = |unread| ("lobby", unread, vec!["alice"], "Hello?");
    assert_eq!(lines(&seen_by_alice), [attic(1), lobby(0)]);
    assert_eq!(lines(&at_bob.rooms().await), [attic(0), lobby(2)]);
    assert_eq!(server.get("/api/rooms", &alice), Answer(200, seen_by_alice));
}

#[tokio::test]
async fn who_has_asked_for_the_list_is_told_of_messages_in_every_room_and_who_has_not_is_not() {
    let server = start().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    let mut listing = Member::join(&server, "lobby", &bob).await;
    assert_eq!(listing.rooms().await, json!([]));
    let mut simple = Member::join(&server, "lobby", &bob).await;

    said(&server, "attic", &alice, "Who is there?").await;

    let told = listing.hear().await;
    assert_eq!(told["type"], "room.updated");
    assert_eq!(line(&told["room"]), ("attic", 1, vec!["alice"], "Who is there?"));
    simple.say("Not me.").await;
    assert_eq!(simple.hear().await["text"], "Not me.");
}

#[tokio::test]
async fn a_read_in_one_tab_changes_all_tabs_of_its_user_and_nobody_elses() {
    let server = start().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    said(&server, "lobby", &bob, "First!").await;
    let first = said(&server, "lobby", &alice, "And I am the second.").await;
    said(&server, "lobby", &alice, "Are you there?").await;
    let mut one_tab = Member::join(&server, "lobby", &bob).await;
    let mut other_tab = Member::join(&server, "attic", &bob).await;
    let mut at_alice = Member::join(&server, "attic", &alice).await;
    for tab in [&mut one_tab, &mut other_tab, &mut at_alice] {
        tab.rooms().await;
    }

    one_tab.mark_read(first).await;

    for tab in [&mut one_tab, &mut other_tab] {
        let told = tab.hear().await;
        assert_eq!((&told["type"], &told["room"]["unread"]), (&json!("room.updated"), &json!(1)));
    }
    // had alice been told of it, that would have come first
    at_alice.say("Dusty.").await;
    assert_eq!(at_alice.hear().await["text"], "Dusty.");
}

#[tokio::test]
async fn who_reads_a_room_for_the_first_time_takes_part_and_everybody_is_told() {
    let server = start().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    let id = said(&server, "lobby", &alice, "Is anybody in?").await;
    let mut at_alice = Member::join(&server, "attic", &alice).await;
    at_alice.rooms().await;

    Member::join(&server, "lobby", &bob).await.mark_read(id).await;

    let told = at_alice.hear().await;
    assert_eq!(line(&told["room"]), ("lobby", 0, vec!["alice", "bob"], "Is anybody in?"));
}

#[tokio::test]
async fn nobody_has_read_what_is_not_said_yet_and_nothing_becomes_unread_again() {
    let server = start().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    assert_eq!(post(&server, "/api/rooms/lobby/read", &bob, &json!({ "id": 1 })).0, 404);
    let first = said(&server, "lobby", &alice, "One.").await;
    let unread = |id: i64| {
        let Answer(status, room) = post(&server, "/api/rooms/lobby/read", &bob, &json!({ "id": id }));
        assert_eq!(status, 200, "{room}");
        room["unread"].as_u64().unwrap()
    };

    assert_eq!(unread(i64::MIN), 1);
    assert_eq!(unread(i64::MAX), 0);
    said(&server, "lobby", &alice, "Two.").await;
    assert_eq!(unread(first), 1);
    assert_eq!(unread(first + 1), 0);
    assert_eq!(unread(first), 0);
}
