use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use channels_actix::{testing::TestServer, *};
use serde_json::json;

use super::{Greeter, SECRET, Site, Users, signed, token};
use crate::support::{Client, channels};

#[tokio::test]
async fn a_good_token_puts_the_user_into_the_scope() {
    let site = Site::new(|auth| auth);

    assert_eq!(site.greeting(&format!("?token={}", token(7)), &[]).await, "hello Ann");
    assert_eq!(site.greeting(&format!("?token={}", signed(SECRET, &json!({}))), &[]).await, "hello Ann");
}

#[tokio::test]
async fn no_token_is_4001() {
    let site = Site::new(|auth| auth);

    for query in ["", "?", "?token", "?token=", "?tok=abc"] {
        assert_eq!(site.refusal(query).await, (4001, "no token".into()), "{query}");
    }
}

#[tokio::test]
async fn an_expired_token_is_4001_and_says_so() {
    let site = Site::new(|auth| auth);
    let old = signed(SECRET, &json!({ "exp": 1_600_000_000 }));

    assert_eq!(site.refusal(&format!("?token={old}")).await, (4001, "token expired".into()));
}

#[tokio::test]
async fn a_token_that_somebody_else_signed_is_4001() {
    let site = Site::new(|auth| auth);
    let forged = signed("another secret", &json!({}));
    // an old token tells whoever made it nothing about the key
    let forged_and_old = signed("another secret", &json!({ "exp": 1 }));

    for token in [forged, forged_and_old] {
        assert_eq!(site.refusal(&format!("?token={token}")).await, (4001, "bad token".into()));
    }
}

#[tokio::test]
async fn a_refresh_token_is_4001() {
    let site = Site::new(|auth| auth);
    let refresh = signed(SECRET, &json!({ "token_type": "refresh" }));

    assert_eq!(site.refusal(&format!("?token={refresh}")).await, (4001, "bad token".into()));
}

#[tokio::test]
async fn a_token_with_the_algorithm_none_is_4001() {
    let site = Site::new(|auth| auth);
    let good = token(7);
    let (_, payload) = good.rsplit_once('.').unwrap().0.split_once('.').unwrap();
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);

    for signature in ["", "AAAA"] {
        let unsigned = format!("{header}.{payload}.{signature}");
        assert_eq!(site.refusal(&format!("?token={unsigned}")).await, (4001, "bad token".into()));
    }
}

#[tokio::test]
async fn what_is_no_token_at_all_is_4001() {
    let site = Site::new(|auth| auth);

    for text in ["abc", "a.b.c", "%00", "%FF%FE", &"a.".repeat(2000), &"x".repeat(6000)] {
        let (code, _) = site.refusal(&format!("?token={text}")).await;
        assert_eq!(code, 4001, "{text}");
    }
}

#[tokio::test]
async fn a_user_who_is_unknown_or_may_not_log_in_is_4001() {
    let site = Site::new(|auth| auth);

    assert_eq!(site.refusal(&format!("?token={}", token(8))).await, (4001, "user inactive".into()));
    assert_eq!(site.refusal(&format!("?token={}", token(1000))).await, (4001, "bad token".into()));
}

#[tokio::test]
async fn what_cannot_be_checked_now_is_1013_so_that_the_client_keeps_its_token() {
    let site = Site::new(|auth| auth);

    assert_eq!(site.refusal(&format!("?token={}", token(9))).await, (1013, "try again later".into()));
}

#[tokio::test]
async fn a_database_that_never_answers_is_1013() {
    let site = Site::new(|auth| auth);

    let (code, _) = site.refusal(&format!("?token={}", token(10))).await;

    assert_eq!(code, 1013);
}

#[tokio::test]
async fn visitors_come_in_where_they_may_and_bad_tokens_do_not() {
    let site = Site::new(TokenAuth::or_anonymous);
    assert_eq!(site.refusal("?token=old").await, (4001, "bad token".into()));

    assert_eq!(site.greeting("", &[]).await, "hello nobody");
    assert_eq!(site.greeting(&format!("?token={}", token(7)), &[]).await, "hello Ann");
}

#[tokio::test]
async fn one_route_is_open_beside_others_that_are_not() {
    let auth = TokenAuth::new(Users).accept(Jwt::hs256(SECRET));
    let channels = channels()
        .websocket("/ws/news/", |_| Ok(Greeter))
        .nest("/ws/", Routes::new().wrap(auth).websocket("inbox/", |_| Ok(Greeter)));
    let server = TestServer::start(&channels);

    assert_eq!(Client::connect(&server.url("/ws/news/")).await.next_text().await, "hello nobody");
    assert_eq!(Client::connect(&server.url("/ws/inbox/")).await.closed().await.0, 4001);
}

#[tokio::test]
async fn a_client_that_is_no_browser_may_be_answered_in_http() {
    let auth = TokenAuth::new(Users).accept(Jwt::hs256(SECRET));
    let channels = channels().refuse_with(Refusal::Http).wrap(auth).websocket("/ws/", |_| Ok(Greeter));
    let server = TestServer::start(&channels);

    assert_eq!(Client::refused(&server.url("/ws/"), &[]).await, 401);
    assert_eq!(Client::refused(&server.url(&format!("/ws/?token={}", token(9))), &[]).await, 503);
}

/// Says what its token says.
struct Mirror;

impl WebsocketConsumer for Mirror {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.accept().await?;
        let user = socket.user::<Identity>()?;
        socket.send_json(&json!([user.user_id, user.claims["token_type"]])).await
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_token_may_say_all_there_is_to_know() {
    let auth = TokenAuth::stateless().accept(Jwt::hs256(SECRET));
    let server = TestServer::start(&channels().wrap(auth).websocket("/ws/", |_| Ok(Mirror)));
    let url = server.url(&format!("/ws/?token={}", token(1000)));

    assert_eq!(Client::connect(&url).await.next_json().await, json!(["1000", "access"]));
}

/// Knows the keys `key_…`.
struct Keys;

#[async_trait]
impl Authenticator for Keys {
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
        match credential.expose().strip_prefix("key_") {
            Some("ann") => Ok(Some(Identity::new(7))),
            Some(_) => Err(AuthError::Invalid("no such key")),
            None => Ok(None),
        }
    }
}

#[tokio::test]
async fn the_first_authenticator_that_knows_a_credential_decides() {
    for site in [
        Site::new(|auth| auth.accept(Keys)),
        Site::new(|_| TokenAuth::new(Users).accept(Keys).accept(Jwt::hs256(SECRET))),
    ] {
        assert_eq!(site.refusal("?token=key_of_nobody").await, (4001, "bad token".into()));
        assert_eq!(site.refusal("?token=neither").await, (4001, "bad token".into()));

        assert_eq!(site.greeting("?token=key_ann", &[]).await, "hello Ann");
        assert_eq!(site.greeting(&format!("?token={}", token(7)), &[]).await, "hello Ann");
    }
}
