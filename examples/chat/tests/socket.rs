//! Live messages, and what closes a socket.

use serde_json::json;
use site::testing::{Answer, Client};
use tokio_tungstenite::tungstenite::Message;

use crate::member::{Member, room, start};

#[tokio::test]
async fn what_one_says_reaches_the_whole_room_and_no_other() {
    let server = start().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    let mut in_lobby = Member::join(&server, "lobby", &alice).await;
    let mut also_in_lobby = Member::join(&server, "lobby", &bob).await;
    let mut in_attic = Member::join(&server, "attic", &bob).await;

    in_lobby.say("Hello, Bob!").await;
    let heard = in_lobby.hear().await;

    let fields: Vec<_> = heard.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["at", "from", "id", "text", "type"]);
    assert_eq!(heard["type"], "chat.message");
    assert_eq!(heard["from"], "alice");
    assert_eq!(heard["text"], "Hello, Bob!");
    assert_eq!(also_in_lobby.hear().await, heard);
    // had it come to the attic, it would have come first
    in_attic.say("Nobody here.").await;
    assert_eq!(in_attic.hear().await["text"], "Nobody here.");
}

#[tokio::test]
async fn what_is_heard_live_is_what_the_history_has() {
    let server = start().await;
    let token = server.token("alice");
    let mut alice = Member::join(&server, "lobby", &token).await;
    alice.say("Grüße 👋 <b>\u{0}").await;

    let mut heard = alice.hear().await;
    let Answer(_, history) = server.get("/api/rooms/lobby/messages", &token);

    heard.as_object_mut().unwrap().remove("type");
    assert_eq!(history, json!({ "messages": [heard], "more": false }));
}

#[tokio::test]
async fn typing_reaches_the_others_in_the_room_but_not_its_author_and_is_not_stored() {
    let server = start().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    let mut typist = Member::join(&server, "lobby", &alice).await;
    let mut other_tab = Member::join(&server, "lobby", &alice).await;
    let mut reader = Member::join(&server, "lobby", &bob).await;

    typist.send_json(&json!({ "type": "chat.typing" })).await;

    assert_eq!(reader.hear().await, json!({ "type": "chat.typing", "from": "alice" }));
    assert_eq!(server.get("/api/rooms", &alice), Answer(200, json!([])));
    reader.say("Take your time.").await;
    for tab in [&mut typist, &mut other_tab] {
        assert_eq!(tab.hear().await["text"], "Take your time.");
    }
}

#[tokio::test]
async fn what_cannot_be_said_is_answered_with_a_code_and_the_connection_lives_on() {
    let server = start().await;
    let mut alice = Member::join(&server, "lobby", &server.token("alice")).await;
    let says = |text: &str| Message::text(json!({ "type": "chat.message", "text": text }).to_string());

    for (message, code) in [
        (says(""), "empty_text"),
        (says(" \n\t "), "empty_text"),
        (says(&"ä".repeat(4001)), "text_too_long"),
        (Message::text("hello"), "bad_message"),
        (Message::text(r#"{"type": "chat.message"}"#), "bad_message"),
        (Message::text(r#"{"type": "chat.shout", "text": "hello"}"#), "bad_message"),
        (Message::binary(vec![0, 159, 146, 150]), "text_expected"),
    ] {
        alice.send(message).await;
        let answer = alice.hear().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{answer}");
        assert!(answer["message"].is_string(), "{answer}");
    }

    let longest = "ä".repeat(4000);
    alice.say(&longest).await;
    assert_eq!(alice.hear().await["text"], json!(longest));
}

#[tokio::test]
async fn a_bad_room_name_closes_with_4400() {
    let server = start().await;
    let token = server.token("alice");

    for room in ["a%20room", "k%C3%A4se", "a!b", &"x".repeat(81)] {
        let mut alice = Member::join(&server, room, &token).await;
        assert_eq!(alice.closed().await, 4400, "{room}");
    }
}

#[tokio::test]
async fn no_token_and_a_forged_one_are_refused_with_4001() {
    let server = start().await;
    let other = start().await;
    // in memory, every server has a secret of its own
    for token in ["", "forged", &other.token("alice")] {
        let mut stranger = Member::join(&server, "lobby", token).await;
        assert_eq!(stranger.closed().await, 4001, "{token:?}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_with_4003() {
    let server = start().await;
    let lobby = room(&server, "lobby", &server.token("alice"));

    let mut foreign = Client::from_page(&lobby, "https://evil.example").await;
    assert_eq!(foreign.closed().await, 4003);

    let mut own = Client::from_page(&lobby, &server.url("")).await;
    own.send_json(&json!({ "type": "chat.message", "text": "from the page" })).await;
    assert_eq!(own.hear().await["text"], "from the page");
}
