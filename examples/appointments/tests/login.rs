//! Login, logout and logout on all devices, and what becomes of sockets.

use serde_json::{Value, json};
use site::testing::{Answer, Client};

use crate::account::{Account, socket_url, start};

#[tokio::test]
async fn each_login_has_a_token_of_its_own_and_a_wrong_password_none() {
    let server = start().await;

    let Answer(status, body) = server.log_in("alice", "alice");
    let refused = server.log_in("alice", "bob");

    assert_eq!((status, &body["username"]), (200, &json!("alice")));
    assert_ne!(body["token"], server.token("alice"));
    assert_eq!(refused, Answer(401, json!({ "detail": "Wrong username or password." })));
}

#[tokio::test]
async fn logout_ends_the_token_and_closes_its_sockets_with_4500_but_no_others() {
    let server = start().await;
    let (desk, phone) = (Account::log_in(&server, "alice"), Account::log_in(&server, "alice"));
    let mut tabs = [desk.socket().await, desk.socket().await];
    let mut other = phone.socket().await;

    assert_eq!(desk.post("/api/logout"), Answer(204, Value::Null));

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, 4500);
    }
    assert_eq!(desk.list(1).0, 401);
    let mut again = Client::connect(&socket_url(&server, &desk.token)).await;
    assert_eq!(again.closed().await, 4001);
    phone.booked("09:00", "Maria Jensen");
    assert_eq!(other.hear().await["type"], "appointment.created");
}

#[tokio::test]
async fn logout_all_closes_the_sockets_of_all_devices_of_the_user_with_4500() {
    let server = start().await;
    let (desk, phone) = (Account::log_in(&server, "alice"), Account::log_in(&server, "alice"));
    let bob = Account::log_in(&server, "bob");
    let mut hers = [desk.socket().await, phone.socket().await];
    let mut his = bob.socket().await;

    assert_eq!(desk.post("/api/logout-all"), Answer(204, Value::Null));

    for socket in &mut hers {
        assert_eq!(socket.closed().await, 4500);
    }
    assert_eq!((desk.list(1).0, phone.list(1).0), (401, 401));
    bob.booked("09:00", "Maria Jensen");
    assert_eq!(his.hear().await["type"], "appointment.created");
}
