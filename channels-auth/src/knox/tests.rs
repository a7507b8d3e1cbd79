//! What Knox's vectors do not hold: making tokens, limits, and what lies beside them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{Knox, KnoxError, KnoxToken};
use crate::{
    AuthError, Authenticator, Credential, Database, StoreError, UserTable,
    store::tests::{add_user, django},
};

const HOUR: Duration = Duration::from_secs(3600);

fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_532_180)
}

/// Puts a token into the table that was not made here.
pub(crate) async fn insert(knox: &Knox, token: &str, user_id: u32) {
    let row = KnoxToken {
        token_key: knox.format.key(token).to_owned(),
        digest: knox.format.digest(token, knox.hash).unwrap(),
        created: start(),
        expiry: None,
    };
    assert!(knox.tokens.insert(&row, user_id, None, start()).await.unwrap());
}

/// Django's database with Ann, 7, and Bob, 8, who may not log in.
async fn site() -> Database {
    let database = django().await;
    add_user(&database, &json!({ "id": 7, "username": "ann", "is_active": true })).await;
    add_user(&database, &json!({ "id": 8, "username": "bob", "is_active": false })).await;
    database
}

async fn user_of(knox: &Knox, token: &Credential) -> Option<String> {
    knox.authenticate(token).await.unwrap().map(|identity| identity.user_id)
}

#[tokio::test]
async fn a_token_is_good_until_it_is_revoked() {
    let knox = Knox::new(site().await).token_prefix("knx_");

    let (token, row) = knox.create(7).await.unwrap();
    let (other, _) = knox.create("7").await.unwrap();

    assert!(token.expose().starts_with(&row.token_key) && row.token_key.starts_with("knx_"));
    assert_eq!(token.expose().len(), 4 + 64);
    assert_eq!(user_of(&knox, &token).await.as_deref(), Some("7"));
    assert!(knox.revoke(&token).await.unwrap());
    assert!(!knox.revoke(&token).await.unwrap());
    assert_eq!(user_of(&knox, &token).await, None);
    assert_eq!(user_of(&knox, &other).await.as_deref(), Some("7"));
}

#[tokio::test]
async fn a_users_tokens_are_listed_and_revoked_one_by_one_or_all() {
    let knox = Knox::new(site().await);
    let mut tokens = Vec::new();
    for hours in 0..3 {
        tokens.push(knox.clone().clock(move || start() + hours * HOUR).create(7).await.unwrap());
    }
    let knox = knox.clock(|| start() + 3 * HOUR);
    knox.create(8).await.unwrap();

    let listed = knox.list(7).await.unwrap();
    assert!(listed.iter().eq(tokens.iter().rev().map(|(_, row)| row)), "{listed:?}");

    assert!(knox.revoke_listed(&listed[1]).await.unwrap());
    assert_eq!(user_of(&knox, &tokens[1].0).await, None);
    assert_eq!(knox.revoke_all(7).await.unwrap(), 2);
    assert!(knox.list(7).await.unwrap().is_empty());
    assert_eq!(knox.list(8).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_user_has_no_more_good_tokens_than_the_limit() {
    let knox = Knox::new(site().await).token_limit_per_user(2).token_ttl(HOUR).clock(start);
    knox.create(7).await.unwrap();
    knox.clone().token_ttl(None).create(7).await.unwrap();

    assert!(matches!(knox.create(7).await, Err(KnoxError::TooMany)));
    knox.create(8).await.unwrap();
    knox.clock(|| start() + HOUR).create(7).await.unwrap();
}

#[tokio::test]
async fn an_expired_token_says_so_to_its_owner_alone_and_is_deleted() {
    let knox = Knox::new(site().await).token_ttl(HOUR).clock(start);
    let (token, row) = knox.create(7).await.unwrap();
    let knox = knox.clock(|| start() + HOUR + Duration::from_micros(1));
    let guessed = Credential::new(format!("{}{}", row.token_key, "0".repeat(49)));

    assert!(matches!(knox.clone().keep_expired().authenticate(&token).await, Err(AuthError::Expired)));
    assert_eq!(user_of(&knox.clone().keep_expired(), &guessed).await, None);
    assert!(matches!(knox.authenticate(&token).await, Err(AuthError::Expired)));
    assert_eq!(user_of(&knox, &token).await, None);
}

#[tokio::test]
async fn a_token_of_a_user_who_may_not_log_in_is_refused_without_asking_anybody_else() {
    let knox = Knox::new(site().await);
    let (token, _) = knox.create(8).await.unwrap();

    assert!(matches!(knox.authenticate(&token).await, Err(AuthError::Inactive)));
}

#[tokio::test]
async fn an_identity_ends_when_its_token_ends() {
    let knox = Knox::new(site().await).token_ttl(HOUR).clock(start);
    let (token, _) = knox.create(7).await.unwrap();
    let expires = async |knox: &Knox| knox.authenticate(&token).await.unwrap().unwrap().expires;

    assert_eq!(expires(&knox).await, Some(start() + HOUR));
    let knox = knox.auto_refresh().clock(|| start() + HOUR / 2);
    assert_eq!(expires(&knox).await, Some(start() + HOUR + HOUR / 2));
}

#[tokio::test]
async fn a_database_that_may_only_be_read_still_says_whose_token_it_is() {
    let database = site().await;
    let knox = Knox::new(database.clone()).token_ttl(HOUR).clock(start);
    let (token, _) = knox.create(7).await.unwrap();
    knox.clone().token_ttl(HOUR / 4).create(7).await.unwrap();
    database.change("PRAGMA query_only = ON".into(), Vec::new()).await.unwrap();

    let knox = knox.auto_refresh().clock(|| start() + HOUR / 2);

    let identity = knox.authenticate(&token).await.unwrap().unwrap();
    assert_eq!((identity.user_id.as_str(), identity.expires), ("7", Some(start() + HOUR)));
}

#[tokio::test]
async fn tokens_of_version_4_2_are_found_by_eight_digits() {
    let knox = Knox::new(site().await).version_4_2();
    let (token, row) = knox.create(7).await.unwrap();

    assert_eq!(row.token_key.len(), 8);
    assert_eq!(user_of(&knox, &token).await.as_deref(), Some("7"));
    assert_eq!(user_of(&Knox::new(site().await), &token).await, None);
}

#[tokio::test]
async fn without_django_the_table_is_made_here() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let users = "CREATE TABLE account (key char(32) PRIMARY KEY)";
    database.change(users.to_owned(), Vec::new()).await.unwrap();
    let id = "d5ab2ea8-9353-4ae9-8db4-c1f7b4a1f0b4";
    let add = format!("INSERT INTO account (key) VALUES ('{}')", id.replace('-', ""));
    database.change(add, Vec::new()).await.unwrap();

    let accounts = UserTable::new("account").id_column("key").uuid_ids().without_is_active();
    let knox = Knox::new(database.clone()).table("token").users(accounts);
    for _ in 0..2 {
        knox.create_table().await.unwrap();
    }
    let (token, _) = knox.create(id).await.unwrap();
    assert_eq!(user_of(&knox, &token).await.as_deref(), Some(id));
    assert!(matches!(knox.create(7).await, Err(KnoxError::Store(StoreError::UserId))));

    database.change("DELETE FROM account".into(), Vec::new()).await.unwrap();
    assert_eq!(user_of(&knox, &token).await, None);
}

#[tokio::test]
async fn tokens_need_no_table_of_users() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let knox = Knox::new(database).users(UserTable::elsewhere().text_ids());
    knox.create_table().await.unwrap();

    let (token, _) = knox.create("auth0|7").await.unwrap();

    assert_eq!(user_of(&knox, &token).await.as_deref(), Some("auth0|7"));
    assert_eq!(knox.revoke_all("auth0|7").await.unwrap(), 1);
}

#[tokio::test]
async fn what_the_database_refuses_is_no_answer_about_the_token() {
    let knox = Knox::new(Database::connect("sqlite::memory:").await.unwrap());
    let token = Credential::new("0".repeat(64));

    assert!(matches!(knox.authenticate(&token).await, Err(AuthError::Unavailable(_))));
}

#[tokio::test]
async fn what_does_not_look_like_a_token_never_reaches_the_database() {
    let knox = Knox::new(Database::connect("sqlite::memory:").await.unwrap());

    for text in ["", "a.b.c", "0123456789ABCDEF0123", "'; DROP TABLE x", &"0".repeat(64 * 1024)] {
        assert_eq!(user_of(&knox, &Credential::new(text)).await, None);
    }
}

#[tokio::test]
#[should_panic(expected = "Knox's token prefix has at most 10 characters")]
async fn a_prefix_that_knox_does_not_take_stops_the_server_from_starting() {
    drop(Knox::new(Database::connect("sqlite::memory:").await.unwrap()).token_prefix("eleven_char"));
}
