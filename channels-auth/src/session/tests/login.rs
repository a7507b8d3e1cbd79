//! Logging in and out.

use serde_json::Value;

use super::{KEY, open, refusal, row, sessions, site, user, value};
use crate::{
    UserTable,
    session::{Session, SessionError},
    store::tests::django,
};

#[tokio::test]
async fn who_logs_in_is_let_in_until_they_log_out() {
    let sessions = sessions().await;

    let cookie = value(&open(&sessions, None).await.login(7).await.unwrap());
    assert_eq!(user(&sessions, &cookie).await.unwrap(), "7");

    let taken = open(&sessions, Some(&cookie)).await.logout().await.unwrap();
    assert_eq!(value(&taken), "\"\"");
    assert_eq!(refusal(&sessions, &cookie).await, "the credential is not valid: there is no such session");
}

#[tokio::test]
async fn logging_in_takes_what_a_visitor_left_to_a_new_key() {
    let sessions = sessions().await;
    let mut visit = open(&sessions, None).await;
    visit.insert("basket", [1, 2]).unwrap();
    visit.save().await.unwrap();
    let before = value(&visit.set_cookie().unwrap());

    let after = value(&open(&sessions, Some(&before)).await.login(7).await.unwrap());

    assert_ne!(after, before);
    assert!(row(&sessions, &before).await.is_none());
    let session = open(&sessions, Some(&after)).await;
    assert_eq!(session.get::<Vec<u8>>("basket").unwrap(), Some(vec![1, 2]));
    assert_eq!(session.user_id().as_deref(), Some("7"));
}

#[tokio::test]
async fn a_key_of_an_attackers_choice_is_never_logged_in() {
    let sessions = sessions().await;
    let chosen = "k".repeat(32);

    let given = value(&open(&sessions, Some(&chosen)).await.login(7).await.unwrap());

    assert_ne!(given, chosen);
    assert!(user(&sessions, &chosen).await.is_err());
}

#[tokio::test]
async fn logging_in_as_another_user_leaves_nothing_of_the_first() {
    let sessions = sessions().await;
    let mut session = open(&sessions, None).await;
    let first = value(&session.login(7).await.unwrap());
    session.insert("draft", "of Ann").unwrap();
    session.save().await.unwrap();

    let second = value(&session.login(9).await.unwrap());

    assert_eq!(user(&sessions, &second).await.unwrap(), "9");
    assert!(row(&sessions, &first).await.is_none());
    assert_eq!(open(&sessions, Some(&second)).await.get::<Value>("draft").unwrap(), None);
}

#[tokio::test]
async fn logging_in_again_keeps_the_session() {
    let sessions = sessions().await;
    let first = value(&open(&sessions, None).await.login(7).await.unwrap());

    let second = value(&open(&sessions, Some(&first)).await.login(7).await.unwrap());

    assert_eq!(first, second);
}

#[tokio::test]
async fn who_has_changed_the_password_is_logged_out_everywhere() {
    let database = site().await;
    let sessions = Session::new(database.clone(), KEY);
    let cookie = value(&open(&sessions, None).await.login(7).await.unwrap());

    database
        .change("UPDATE auth_user SET password = 'md5$salt$new' WHERE id = 7".to_owned(), Vec::new())
        .await
        .unwrap();

    assert_eq!(
        refusal(&sessions, &cookie).await,
        "the credential is not valid: the password was changed since"
    );
    // and what was in the session is not for whoever logs in with the new one
    let mut session = open(&sessions, Some(&cookie)).await;
    session.insert("draft", 1).unwrap();
    let again = value(&session.login(7).await.unwrap());
    assert_ne!(again, cookie);
    assert_eq!(open(&sessions, Some(&again)).await.get::<u8>("draft").unwrap(), None);
}

#[tokio::test]
async fn nobody_is_logged_in_who_may_not() {
    let sessions = sessions().await;

    assert!(matches!(open(&sessions, None).await.login(8).await, Err(SessionError::Inactive)));
    for nobody in ["10", "ann", "", "7\0"] {
        let outcome = open(&sessions, None).await.login(nobody).await;
        assert!(matches!(outcome, Err(SessionError::NoSuchUser)), "{nobody:?}: {outcome:?}");
    }
    let all = sessions.authentication_backends(["django.contrib.auth.backends.AllowAllUsersModelBackend"]);
    let cookie = value(&open(&all, None).await.login(8).await.unwrap());
    assert_eq!(user(&all, &cookie).await.unwrap(), "8");
}

#[tokio::test]
async fn signed_cookies_log_in_and_out_without_rows() {
    let sessions = sessions().await.signed_cookies();
    let mut session = open(&sessions, None).await;
    session.insert("seen", "é").unwrap();

    let cookie = value(&session.login(7).await.unwrap());

    assert_eq!(user(&sessions, &cookie).await.unwrap(), "7");
    assert_eq!(open(&sessions, Some(&cookie)).await.get::<String>("seen").unwrap().as_deref(), Some("é"));
    assert_eq!(value(&session.logout().await.unwrap()), "\"\"");
    assert!(matches!(session.save().await, Err(SessionError::InCookie)));
}

#[tokio::test]
async fn users_may_have_a_table_and_ids_of_their_own() {
    let database = django().await;
    for sql in [
        "CREATE TABLE people (key char(32) PRIMARY KEY, email text, password text NOT NULL)",
        "INSERT INTO people VALUES ('5c1a4c7e0a3f4b529d2b1f6a7e8c9d01', 'ann@example.org', 'md5$x$y')",
    ] {
        database.change(sql.to_owned(), Vec::new()).await.unwrap();
    }
    let people = UserTable::new("people").uuid_ids().id_column("key").username_column("email");
    let people = people.without_is_active();
    let sessions = Session::new(database, KEY).users(people);
    let id = "5c1a4c7e-0a3f-4b52-9d2b-1f6a7e8c9d01";

    let cookie = value(&open(&sessions, None).await.login(id).await.unwrap());

    assert_eq!(user(&sessions, &cookie).await.unwrap(), id);
}
