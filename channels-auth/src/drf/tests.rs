use serde_json::json;

use super::DrfToken;
use crate::{
    AuthError, Authenticator, Credential, Database, UserTable,
    store::tests::{add_user, django},
};

/// Django's database with Ann, 7, and Bob, 8, who may not log in.
async fn site() -> Database {
    let database = django().await;
    add_user(&database, &json!({ "id": 7, "username": "ann", "is_active": true })).await;
    add_user(&database, &json!({ "id": 8, "username": "bob", "is_active": false })).await;
    database
}

async fn user_of(drf: &DrfToken, token: &str) -> Option<String> {
    drf.authenticate(&Credential::new(token)).await.unwrap().map(|identity| identity.user_id)
}

#[tokio::test]
async fn a_user_has_one_token_until_it_is_revoked() {
    let drf = DrfToken::new(site().await);

    let token = drf.create(7).await.unwrap();
    let again = drf.create(7).await.unwrap();

    assert!(token == again && token.expose().len() == 40);
    assert_eq!(user_of(&drf, token.expose()).await.as_deref(), Some("7"));
    assert!(drf.revoke(&token).await.unwrap());
    assert!(!drf.revoke(&token).await.unwrap());
    assert_eq!(user_of(&drf, token.expose()).await, None);
    assert!(drf.create(7).await.unwrap() != token);
    assert!(drf.revoke_all(7).await.unwrap());
    assert!(!drf.revoke_all(7).await.unwrap());
}

#[tokio::test]
async fn a_token_of_a_user_who_may_not_log_in_is_refused_without_asking_anybody_else() {
    let drf = DrfToken::new(site().await);
    let token = drf.create(8).await.unwrap();

    assert!(matches!(drf.authenticate(&token).await, Err(AuthError::Inactive)));
}

#[tokio::test]
async fn what_only_begins_or_ends_like_a_token_is_none() {
    let drf = DrfToken::new(site().await);
    let token = drf.create(7).await.unwrap();
    let (begin, end) = token.expose().split_at(15);

    for other in [
        format!("{begin}{}", "0".repeat(25)),
        format!("{}{end}", "f".repeat(15)),
        token.expose().to_uppercase(),
        format!("{} ", token.expose()),
        format!("{}\0", &token.expose()[..39]),
        begin.to_owned(),
        String::new(),
    ] {
        assert_eq!(user_of(&drf, &other).await, None, "{other:?}");
    }
}

#[tokio::test]
async fn what_does_not_look_like_a_token_never_reaches_the_database() {
    let drf = DrfToken::new(Database::connect("sqlite::memory:").await.unwrap());

    for text in ["", "a.b.c", &"0".repeat(64), &"0".repeat(64 * 1024), &"G".repeat(40)] {
        assert_eq!(user_of(&drf, text).await, None);
    }
    let token = Credential::new("0".repeat(40));
    assert!(matches!(drf.authenticate(&token).await, Err(AuthError::Unavailable(_))));
}

#[tokio::test]
async fn without_django_the_table_is_made_here() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let drf = DrfToken::new(database).table("token").users(UserTable::elsewhere());
    drf.create_table().await.unwrap();

    let token = drf.create(7).await.unwrap();

    assert_eq!(user_of(&drf, token.expose()).await.as_deref(), Some("7"));
}
