//! A database as Django makes it, and what becomes of one that is not there.

use std::{env, fs, process, time::Duration};

use serde_json::Value as Json;

use super::{Database, Row, StoreError, UserTable, account::Account};
use crate::{AuthError, vectors};

/// An empty database with the tables that Django's migrations make.
pub(crate) async fn django() -> Database {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    for case in vectors::read("sqlite_schema.json")["cases"].as_array().unwrap() {
        if let Some(sql) = case["sql"].as_str() {
            database.change(sql.to_owned(), Vec::new()).await.unwrap();
        }
    }
    database
}

/// Adds a user, as the vectors have one.
pub(crate) async fn add_user(database: &Database, user: &Json) {
    let sql = format!(
        "INSERT INTO auth_user (id, username, password, is_active, is_superuser, last_name, email, is_staff, \
         date_joined, first_name) VALUES ({}, $1, $2, {}, FALSE, '', '', FALSE, '2025-01-01 00:00:00', '')",
        user["id"], user["is_active"]
    );
    let password = user["password"].as_str().unwrap_or_default();
    database.change(sql, vec![user["username"].as_str().unwrap().into(), password.into()]).await.unwrap();
}

pub(crate) async fn every_row(database: &Database, sql: &str) -> Vec<Row> {
    database.rows(sql.to_owned(), Vec::new()).await.unwrap()
}

#[tokio::test]
async fn a_user_is_found_by_the_id_as_text() {
    let database = django().await;
    let ann = serde_json::json!({ "id": 7, "username": "ann", "password": "md5$x$y", "is_active": false });
    add_user(&database, &ann).await;

    let users = UserTable::default();

    let found =
        Account { id: "7".into(), username: "ann".into(), password: "md5$x$y".into(), is_active: false };
    assert!(users.find(&database, " 7 ").await.unwrap() == Some(found));
    for nobody in ["8", "ann", "", "99999999999999999999"] {
        assert!(users.find(&database, nobody).await.unwrap().is_none(), "{nobody}");
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_says_nothing_about_a_credential() {
    let nowhere = Database::connect("sqlite:/nowhere/db.sqlite3").await.unwrap_err();
    let tableless = Database::connect("sqlite::memory:").await.unwrap();
    let no_table = UserTable::default().find(&tableless, 7).await.err().unwrap();

    for error in [nowhere, no_table] {
        assert!(matches!(error, StoreError::Failed(_)), "{error:?}");
        assert!(matches!(AuthError::from(error), AuthError::Unavailable(_)));
    }
}

#[tokio::test]
async fn a_database_that_somebody_else_locks_is_not_waited_for_longer_than_the_limit() {
    let file = env::temp_dir().join(format!("channels-locked-{}.sqlite3", process::id()));
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let other = sqlx::SqlitePool::connect(&url).await.unwrap();
    let mut lock = other.acquire().await.unwrap();
    sqlx::query("CREATE TABLE auth_user (id integer)").execute(&mut *lock).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut *lock).await.unwrap();

    let limit = Duration::from_millis(50);
    let database = Database::connect(&url).await.unwrap().time_limit(limit);
    let outcome = UserTable::default().find(&database, 7).await;

    fs::remove_file(&file).unwrap();
    assert!(matches!(outcome, Err(StoreError::TimedOut(waited)) if waited == limit));
}

#[tokio::test]
async fn what_is_no_database_is_an_error_that_does_not_show_its_password() {
    for url in ["mysql://ann:s3cr3t@host/site", "s3cr3t", ""] {
        let error = Database::connect(url).await.unwrap_err();

        assert!(matches!(error, StoreError::Url(_)));
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    }
}
