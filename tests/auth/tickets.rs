//! A page asks for a ticket over HTTP, and opens a socket with it.

use actix_web::{App, http::StatusCode, test};
use channels_actix::*;
use serde_json::{Value, json};

use super::{SECRET, Site, User, Users, token};
use crate::support::Client;

/// Sockets that take tickets alone.
fn site(tickets: &Tickets) -> Site {
    Site::new(|_| TokenAuth::new(Users).accept(Ticket::new(tickets.clone())))
}

/// What the endpoint for tickets answers Ann's page, or a page with this token.
async fn asked(tickets: &Tickets, token: &str, body: Value) -> (StatusCode, Value) {
    let rest = TokenAuth::new(Users).accept(Jwt::hs256(SECRET)).rest();
    let app =
        test::init_service(App::new().app_data(rest).service(tickets.resource::<User>("/ws/ticket/"))).await;
    let request = test::TestRequest::post()
        .uri("/ws/ticket/")
        .insert_header(("Authorization", format!("Bearer {token}")))
        .set_json(body);
    let response = test::call_service(&app, request.to_request()).await;
    let status = response.status();
    if status == StatusCode::OK {
        assert_eq!(response.headers().get("Cache-Control").unwrap(), "no-store");
    }
    let body = test::read_body(response).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[actix_web::test]
async fn a_ticket_opens_one_socket() {
    let tickets = Tickets::in_memory();
    let site = site(&tickets);

    let (status, answer) = asked(&tickets, &token(7), json!({ "path": "/ws/?page=2" })).await;
    let query = format!("?token={}", answer["ticket"].as_str().unwrap());

    assert_eq!((status, &answer["expires_in"]), (StatusCode::OK, &json!(30)));
    assert_eq!(site.greeting(&query, &[]).await, "hello Ann");
    let second = Client::connect(&site.url(&query)).await.closed().await;
    assert_eq!(second, (4001, "bad token".into()));
}

#[actix_web::test]
async fn a_ticket_for_another_path_opens_no_socket() {
    let tickets = Tickets::in_memory();

    let (_, answer) = asked(&tickets, &token(7), json!({ "path": "/ws/other/" })).await;

    let query = format!("?token={}", answer["ticket"].as_str().unwrap());
    assert_eq!(site(&tickets).refusal(&query).await, (4001, "bad token".into()));
}

#[actix_web::test]
async fn nobody_gets_a_ticket_without_a_token_or_for_what_is_no_path() {
    let tickets = Tickets::in_memory();

    assert_eq!(asked(&tickets, "x", json!({ "path": "/ws/" })).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(asked(&tickets, &token(8), json!({ "path": "/ws/" })).await.0, StatusCode::UNAUTHORIZED);
    for path in ["", "ws/", "https://example.org/", "/ws/%FF/", "/ws/ticket/", "/ws/%74icket/?x"] {
        let (status, answer) = asked(&tickets, &token(7), json!({ "path": path })).await;
        assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!("bad_path")), "{path}");
    }
    for body in [json!({}), json!({ "path": 7 }), json!({ "path": "/".repeat(10_000) })] {
        assert!(asked(&tickets, &token(7), body).await.0.is_client_error());
    }
}

#[actix_web::test]
async fn a_user_who_was_locked_out_meanwhile_cannot_use_a_ticket() {
    let tickets = Tickets::in_memory();
    let ticket = tickets.issue(&Identity::new(8), "/ws/").await.unwrap();

    let query = format!("?token={}", ticket.expose());

    assert_eq!(site(&tickets).refusal(&query).await, (4001, "user inactive".into()));
}
