//! PostgreSQL, without Django: our own tables, ids of every type, and a server that goes away.

use std::time::{Duration, SystemTime};

use actix_web::http::StatusCode;
use channels_actix::{testing::TestServer, *};

use super::{Greeter, Users};
use crate::support::{Client, Postgres, channels};

const HOUR: Duration = Duration::from_secs(3600);

async fn user_of(kind: &impl Authenticator, token: &Credential) -> Option<String> {
    let token = token.clone().presented_at("/ws/");
    kind.authenticate(&token).await.unwrap().map(|identity| identity.user_id)
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn tokens_and_tickets_are_kept_in_tables_of_our_own_whatever_ids_are() {
    let postgres = Postgres::start().await;
    let database = Database::connect(&postgres.url()).await.unwrap();
    let elsewhere = UserTable::elsewhere;

    for (number, (users, id)) in [
        (elsewhere(), "7"),
        (elsewhere().uuid_ids(), "d5ab2ea8-9353-4ae9-8db4-c1f7b4a1f0b4"),
        (elsewhere().text_ids(), "auth0|7"),
    ]
    .into_iter()
    .enumerate()
    {
        let knox = Knox::new(database.clone()).users(users.clone()).table(&format!("public.knox_{number}"));
        let drf = DrfToken::new(database.clone()).users(users).table(&format!("drf_{number}"));
        for _ in 0..2 {
            knox.create_table().await.unwrap();
            drf.create_table().await.unwrap();
        }

        let (token, row) = knox.create(id).await.unwrap();
        assert_eq!(user_of(&knox, &token).await.as_deref(), Some(id));
        assert!(knox.list(id).await.unwrap()[0].created <= SystemTime::now());
        assert_eq!(knox.list(id).await.unwrap()[0].token_key, row.token_key);
        assert!(matches!(knox.clone().token_limit_per_user(1).create(id).await, Err(KnoxError::TooMany)));
        assert_eq!(knox.revoke_all(id).await.unwrap(), 1);
        assert_eq!(user_of(&knox, &token).await, None);

        let token = drf.create(id).await.unwrap();
        assert!(drf.create(id).await.unwrap() == token);
        assert_eq!(user_of(&drf, &token).await.as_deref(), Some(id));
        assert!(drf.revoke_all(id).await.unwrap());
        assert_eq!(user_of(&drf, &token).await, None);
    }

    let tickets = Tickets::in_database(database).await.unwrap();
    let ticket = tickets.issue(&Identity::new(7), "/ws/").await.unwrap();
    assert_eq!(user_of(&Ticket::new(tickets.clone()), &ticket).await.as_deref(), Some("7"));
    assert!(Ticket::new(tickets).authenticate(&ticket.presented_at("/ws/")).await.is_err());
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn a_token_is_refreshed_and_an_expired_one_deleted_as_in_sqlite() {
    let postgres = Postgres::start().await;
    let database = Database::connect(&postgres.url()).await.unwrap();
    let start = SystemTime::now();
    let knox = Knox::new(database).users(UserTable::elsewhere()).token_ttl(HOUR).clock(move || start);
    knox.create_table().await.unwrap();
    let (token, _) = knox.create(7).await.unwrap();
    let (other, _) = knox.create(7).await.unwrap();

    let later = knox.clone().auto_refresh().clock(move || start + HOUR / 2);
    let expires = later.authenticate(&token).await.unwrap().unwrap().expires.unwrap();
    let late = start + HOUR + HOUR / 2;
    assert!(late.duration_since(expires).unwrap() < Duration::from_micros(1));

    let knox = knox.clock(move || start + HOUR + HOUR / 4);
    assert_eq!(user_of(&knox, &token).await.as_deref(), Some("7"));
    assert_eq!(user_of(&knox, &other).await, None);
}

#[tokio::test]
#[ignore = "needs postgres"]
async fn while_the_database_is_down_a_socket_is_1013_and_a_request_503_and_then_both_are_let_in() {
    let mut postgres = Postgres::start().await;
    let database = Database::connect(&postgres.url()).await.unwrap().time_limit(Duration::from_secs(1));
    let knox = Knox::new(database).users(UserTable::elsewhere());
    knox.create_table().await.unwrap();
    let (token, _) = knox.create(7).await.unwrap();
    let auth = TokenAuth::new(Users).accept(knox);
    let request = actix_web::test::TestRequest::default()
        .insert_header(("Authorization", format!("Token {}", token.expose())))
        .to_http_request();
    let rest = auth.rest();
    let server = TestServer::start(&channels().wrap(auth).websocket("/ws/", |_| Ok(Greeter)));
    let url = server.url(&format!("/ws/?token={}", token.expose()));

    assert_eq!(Client::connect(&url).await.next_text().await, "hello Ann");

    postgres.stop();
    assert_eq!(Client::connect(&url).await.closed().await, (1013, "try again later".into()));
    let refusal = rest.authenticate(&request).await.unwrap_err();
    assert_eq!(actix_web::ResponseError::status_code(&refusal), StatusCode::SERVICE_UNAVAILABLE);

    postgres.start_again().await;
    assert_eq!(Client::connect(&url).await.next_text().await, "hello Ann");
    assert_eq!(rest.authenticate(&request).await.unwrap().name, "Ann");
}
