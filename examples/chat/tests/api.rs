//! Login, rooms and history.

use serde_json::{Value, json};
use site::testing::Answer;

use crate::member::{Member, post, start};

#[tokio::test]
async fn who_has_an_account_gets_a_token() {
    let server = start().await;

    let Answer(status, body) = server.log_in("alice", "alice");

    assert_eq!((status, &body["username"]), (200, &json!("alice")));
    let token = body["token"].as_str().unwrap();
    assert_eq!(server.get("/api/rooms", token), Answer(200, json!([])));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let server = start().await;
    let refused = Answer(401, json!({ "detail": "Wrong username or password." }));

    for (username, password) in [("alice", "bob"), ("alice", ""), ("mallory", "mallory"), ("mallory", "")] {
        assert_eq!(server.log_in(username, password), refused, "{username} {password:?}");
    }
}

#[tokio::test]
async fn a_login_that_cannot_be_read_is_a_bad_request() {
    let server = start().await;
    let too_big = json!({ "username": "alice", "password": "x".repeat(70_000) }).to_string();

    for body in ["", "{", "[]", r#"{"username": "alice"}"#, r#"{"username": 1, "password": 2}"#, &too_big] {
        let Answer(status, body) = server.post("/api/login", body);
        assert_eq!(status, 400, "{body}");
        assert!(body["detail"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn rooms_and_history_are_for_those_with_a_token() {
    let server = start().await;

    for path in ["/api/rooms", "/api/rooms/lobby/messages"] {
        let mut response = server.http().get(server.url(path)).call().unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert!(response.body_mut().read_json::<Value>().unwrap()["detail"].is_string());

        let Answer(status, body) = server.get(path, "forged");
        assert_eq!(status, 401, "{body}");
    }
}

#[tokio::test]
async fn history_comes_in_pages_of_fifty_the_oldest_message_first() {
    let server = start().await;
    let token = server.token("alice");
    let mut alice = Member::join(&server, "lobby", &token).await;
    for number in 1..=60 {
        alice.say(&number.to_string()).await;
        alice.hear().await;
    }

    let Answer(_, last) = server.get("/api/rooms/lobby/messages", &token);
    let oldest = &last["messages"][0]["id"];
    let Answer(_, first) = server.get(&format!("/api/rooms/lobby/messages?before={oldest}"), &token);

    assert_eq!(texts(&last), (11..=60).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(last["more"], json!(true));
    assert_eq!(texts(&first), (1..=10).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(first["more"], json!(false));
}

#[tokio::test]
async fn rooms_are_listed_with_their_last_message_the_latest_first() {
    let server = start().await;
    let token = server.token("alice");
    for (room, text) in [("lobby", "Hello?"), ("attic", "Dusty."), ("lobby", "Anyone?")] {
        let mut alice = Member::join(&server, room, &token).await;
        alice.say(text).await;
        alice.hear().await;
    }

    let Answer(status, rooms) = server.get("/api/rooms", &token);

    assert_eq!(status, 200);
    let shown: Vec<_> = rooms.as_array().unwrap().iter().map(last_message).collect();
    assert_eq!(shown, [("lobby", "alice", "Anyone?"), ("attic", "alice", "Dusty.")]);
}

#[tokio::test]
async fn what_one_says_by_rest_is_heard_at_once_and_is_what_the_socket_would_have_said() {
    let server = start().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    let mut in_lobby = Member::join(&server, "lobby", &bob).await;
    let mut in_attic = Member::join(&server, "attic", &bob).await;
    in_attic.rooms().await;

    let body = json!({ "text": "My socket is broken." });
    let Answer(status, mut message) = post(&server, "/api/rooms/lobby/messages", &alice, &body);

    assert_eq!((status, &message["from"]), (201, &json!("alice")), "{message}");
    let history = server.get("/api/rooms/lobby/messages", &alice);
    assert_eq!(history, Answer(200, json!({ "messages": [message], "more": false })));
    message["type"] = json!("chat.message");
    assert_eq!(in_lobby.hear().await, message);
    assert_eq!(in_attic.hear_of("room.updated").await["room"]["unread"], 1);
}

#[tokio::test]
async fn what_one_reads_by_rest_is_told_to_the_tabs_that_have_a_socket() {
    let server = start().await;
    let (alice, bob) = (server.token("alice"), server.token("bob"));
    let Answer(_, message) = post(&server, "/api/rooms/lobby/messages", &alice, &json!({ "text": "Hello?" }));
    let mut tab = Member::join(&server, "attic", &bob).await;
    assert_eq!(tab.rooms().await[0]["unread"], 1);

    let Answer(status, room) = post(&server, "/api/rooms/lobby/read", &bob, &json!({ "id": message["id"] }));

    assert_eq!((status, &room["unread"]), (200, &json!(0)), "{room}");
    assert_eq!(tab.hear().await, json!({ "type": "room.updated", "room": room }));
}

#[tokio::test]
async fn what_cannot_be_said_or_read_by_rest_is_a_bad_request_and_strangers_say_and_read_nothing() {
    let server = start().await;
    let token = server.token("alice");

    for (path, body) in [
        ("/api/rooms/lobby/messages", json!({ "text": " \n" })),
        ("/api/rooms/lobby/messages", json!({ "text": "ä".repeat(4001) })),
        ("/api/rooms/lobby/messages", json!({})),
        ("/api/rooms/a%20room/messages", json!({ "text": "Hello" })),
        ("/api/rooms/lobby/read", json!({ "id": "all" })),
    ] {
        let Answer(status, answer) = post(&server, path, &token, &body);
        assert_eq!(status, 400, "{answer}");
        assert!(answer["detail"].is_string(), "{answer}");
        assert_eq!(post(&server, path, "forged", &body).0, 401, "{path}");
    }
    assert_eq!(server.get("/api/rooms", &token), Answer(200, json!([])));
}

#[tokio::test]
async fn a_bad_room_or_page_is_a_bad_request() {
    let server = start().await;
    let token = server.token("alice");

    for path in ["/api/rooms/a%20room/messages", "/api/rooms/lobby/messages?before=yesterday"] {
        let Answer(status, body) = server.get(path, &token);
        assert_eq!(status, 400, "{body}");
        assert!(body["detail"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn the_page_and_its_files_come_with_a_strict_policy() {
    let server = start().await;

    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/static/site.css", "text/css; charset=utf-8"),
        ("/static/chat.css", "text/css; charset=utf-8"),
        ("/static/site.js", "text/javascript; charset=utf-8"),
        ("/static/chat.js", "text/javascript; charset=utf-8"),
        ("/static/reasons.js", "text/javascript; charset=utf-8"),
        ("/static/account.js", "text/javascript; charset=utf-8"),
        ("/static/rooms.js", "text/javascript; charset=utf-8"),
        ("/static/typing.js", "text/javascript; charset=utf-8"),
        ("/static/timeline.js", "text/javascript; charset=utf-8"),
    ] {
        let response = server.http().get(server.url(path)).call().unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers();
        assert_eq!(headers["content-type"], content_type);
        assert_eq!(headers["cache-control"], "no-cache");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    }
    assert_eq!(server.http().get(server.url("/static/main.rs")).call().unwrap().status(), 404);
}

fn texts(history: &Value) -> Vec<&str> {
    history["messages"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect()
}

fn last_message(room: &Value) -> (&str, &str, &str) {
    let last = &room["last_message"];
    assert!(last["at"].as_str().unwrap().ends_with('Z'), "{last}");
    (room["name"].as_str().unwrap(), last["from"].as_str().unwrap(), last["text"].as_str().unwrap())
}
