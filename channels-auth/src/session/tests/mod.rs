//! What Django's vectors do not hold: bad input, saving, logging in and out.

mod login;
mod reading;
mod saving;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::json;

use super::{Engine, Session, SessionStore, SetCookie, extension::Cookie};
use crate::{
    AuthError, Authenticator, Credential, Database,
    store::{
        SessionRow, SessionTable,
        tests::{add_user, django},
    },
};

const KEY: &str = "s3cr3t-of-the-site";
const WEEKS: Duration = Duration::from_secs(14 * 86_400);
const SALT: &str = "django.contrib.sessions.SessionStore";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_532_180)
}

/// Django's database with Ann, 7; Bob, 8, who may not log in; and Cyd, 9.
async fn site() -> Database {
    let database = django().await;
    for (id, username, is_active) in [(7, "ann", true), (8, "bob", false), (9, "cyd", true)] {
        let password = format!("md5$salt${username}");
        let user = json!({ "id": id, "username": username, "password": password, "is_active": is_active });
        add_user(&database, &user).await;
    }
    database
}

async fn sessions() -> Session {
    Session::new(site().await, KEY).clock(now)
}

async fn open(sessions: &Session, cookie: Option<&str>) -> SessionStore {
    let cookie = Cookie::from(cookie.map(str::to_owned));
    SessionStore::open(Arc::clone(&sessions.settings), Arc::new(cookie)).await.unwrap()
}

/// Whom a cookie lets in, or why not.
async fn user(sessions: &Session, cookie: &str) -> Result<String, AuthError> {
    let identity = sessions.authenticate(&Credential::new(cookie)).await?;
    Ok(identity.expect("a session is never of another kind").user_id)
}

async fn refusal(sessions: &Session, cookie: &str) -> String {
    user(sessions, cookie).await.unwrap_err().to_string()
}

/// The value that a browser is given.
fn value(cookie: &SetCookie) -> String {
    let line = cookie.clone().into_value().to_str().unwrap().to_owned();
    line.split([';', '=']).nth(1).unwrap().to_owned()
}

async fn row(sessions: &Session, key: &str) -> Option<SessionRow> {
    let Engine::Rows(rows) = &sessions.settings.engine else { panic!("sessions in rows") };
    rows.table.read(key).await.unwrap()
}

/// A row that Django would have written.
async fn insert(database: Database, key: &str, data: &str) {
    let row = SessionRow { data: data.to_owned(), expires: now() + WEEKS };
    assert!(SessionTable::new(database, "django_session").insert(key, &row).await.unwrap());
}
