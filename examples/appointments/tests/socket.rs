//! What those at the board are told, and who is let in.

use serde_json::json;
use site::testing::{Client, Server};

use crate::account::{Account, program, socket_url, start, with};

#[tokio::test]
async fn everybody_at_the_board_is_told_what_was_created_updated_and_deleted() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    let mut sockets = [alice.socket().await, alice.socket().await, bob.socket().await];

    let created = alice.booked("09:00", "Maria Jensen");
    let updated = bob.change(&with(created.clone(), "slot", "10:00")).1;
    assert_eq!(alice.cancel(&updated).0, 204);

    for socket in &mut sockets {
        let expected = [
            json!({ "type": "appointment.created", "appointment": created }),
            json!({ "type": "appointment.updated", "appointment": updated }),
            // as it was, but for who it was
            json!({ "type": "appointment.deleted", "appointment": with(updated.clone(), "changed_by", "alice") }),
        ];
        for event in expected {
            assert_eq!(socket.hear().await, event);
        }
    }
}

#[tokio::test]
async fn nobody_is_told_of_what_was_refused() {
    let server = start().await;
    let (alice, bob) = (Account::log_in(&server, "alice"), Account::log_in(&server, "bob"));
    let first = alice.booked("09:00", "Maria Jensen");
    let mut socket = bob.socket().await;

    assert_eq!(bob.book(&with(first.clone(), "patient", "Ola Nordmann")).0, 409);
    assert_eq!(bob.change(&with(first, "version", 7)).0, 409);

    let second = alice.booked("09:30", "Eva Novak");
    assert_eq!(socket.hear().await["appointment"], second);
}

#[tokio::test]
async fn what_a_page_says_is_answered_with_an_error_and_it_hears_on() {
    let server = start().await;
    let alice = Account::log_in(&server, "alice");
    let mut socket = alice.socket().await;

    socket.send_json(&json!({ "type": "appointment.created", "appointment": {} })).await;

    assert_eq!(socket.hear().await["code"], "bad_message");
    alice.booked("09:00", "Maria Jensen");
    assert_eq!(socket.hear().await["type"], "appointment.created");
}

#[tokio::test]
async fn no_token_and_a_forged_one_are_refused_with_4001() {
    let server = start().await;
    let token = server.token("alice");

    for token in ["", "f0rged", &format!("{token}0")] {
        let mut stranger = Client::connect(&socket_url(&server, token)).await;
        assert_eq!(stranger.closed().await, 4001, "{token:?}");
    }
}

#[tokio::test]
async fn no_token_and_no_patient_is_in_its_log() {
    let mut server = Server::run(program(":memory:").with_log("debug")).await;
    let alice = Account::log_in(&server, "alice");
    let mut socket = alice.socket().await;
    alice.booked("09:00", "Maria Jensen");
    socket.hear_of("appointment.created").await;
    let token = alice.token.clone();
    drop(socket);

    server.terminate().await;
    let log = server.log().await;

    assert!(log.contains("/ws/scheduling/appointments/?token=***"), "{log}");
    assert!(!log.contains(&token) && !log.contains("Jensen"), "{log}");
}
