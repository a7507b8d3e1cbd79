//! Changing a session, and what the browser is told of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;

use super::{WEEKS, now, open, row, sessions, user, value};
use crate::{
    BoxError,
    session::{SessionCache, SessionCookie, SessionError, SessionExpiry},
};

#[tokio::test]
async fn a_session_that_is_saved_ends_as_its_expiry_says() {
    let sessions = sessions().await;
    let hour = Duration::from_secs(3600);

    for (expiry, end, max_age) in [
        (SessionExpiry::Default, now() + WEEKS, Some("Max-Age=1209600")),
        (SessionExpiry::After(hour), now() + hour, Some("Max-Age=3600")),
        (SessionExpiry::At(now() + 2 * hour), now() + 2 * hour, Some("Max-Age=7200")),
        (SessionExpiry::BrowserClose, now() + WEEKS, None),
    ] {
        let mut session = open(&sessions, None).await;
        session.set_expiry(expiry);
        session.save().await.unwrap();
        let cookie = session.set_cookie();

        let line = cookie.unwrap().into_value().to_str().unwrap().to_owned();
        let key = line.split([';', '=']).nth(1).unwrap();
        assert_eq!(row(&sessions, key).await.unwrap().expires, end, "{expiry:?}");
        let said = line.split("; ").find(|attribute| attribute.starts_with("Max-Age"));
        assert_eq!(said, max_age, "{expiry:?}");
        assert_eq!(open(&sessions, Some(key)).await.expiry(), expiry);
    }
    let closing = SessionCookie { expire_at_browser_close: true, ..SessionCookie::default() };
    let mut session = open(&sessions.cookie(closing), None).await;
    session.save().await.unwrap();
    assert!(!session.set_cookie().unwrap().into_value().to_str().unwrap().contains("Max-Age"));
}

#[tokio::test]
async fn what_was_deleted_meanwhile_is_not_saved_again() {
    let sessions = sessions().await;
    let cookie = value(&open(&sessions, None).await.login(7).await.unwrap());
    let mut session = open(&sessions, Some(&cookie)).await;
    session.insert("k", 1).unwrap();

    drop(open(&sessions, Some(&cookie)).await.logout().await.unwrap());

    assert!(matches!(session.save().await, Err(SessionError::Gone)));
    assert!(row(&sessions, &cookie).await.is_none());
}

#[tokio::test]
async fn a_key_that_has_no_row_is_forgotten() {
    let sessions = sessions().await;
    let chosen = "k".repeat(32);
    let mut session = open(&sessions, Some(&chosen)).await;
    session.insert("k", 1).unwrap();

    session.save().await.unwrap();

    assert_ne!(value(&session.set_cookie().unwrap()), chosen);
    assert!(row(&sessions, &chosen).await.is_none());
}

#[tokio::test]
async fn a_new_session_has_no_cookie_until_it_is_saved() {
    let mut session = open(&sessions().await, None).await;

    assert_eq!(value(&session.set_cookie().unwrap()), "\"\"");
    session.insert("k", 1).unwrap();
    assert!(matches!(session.set_cookie(), Err(SessionError::NotSaved)));
}

#[tokio::test]
async fn what_could_not_be_read_again_is_not_written() {
    let sessions = sessions().await;
    let mut deep = json!(1);
    for _ in 0..200 {
        deep = json!([deep]);
    }

    for value in [json!("x".repeat(1024 * 1024)), deep] {
        let mut session = open(&sessions, None).await;
        session.insert("k", value).unwrap();
        assert!(matches!(session.save().await, Err(SessionError::TooBig)));
    }
    let random: String = (0..4000_u32).map(|n| char::from(b'a' + (n * n % 251 % 26) as u8)).collect();
    let mut session = open(&sessions.signed_cookies(), None).await;
    session.insert("k", random.repeat(40)).unwrap();
    session.insert("l", (0..2000_u64).map(|n| n * n * 7919).collect::<Vec<_>>()).unwrap();
    assert!(matches!(session.set_cookie(), Err(SessionError::TooBig)));
}

#[tokio::test]
async fn values_are_read_as_the_type_asked_for_and_no_error_shows_them() {
    let mut session = open(&sessions().await, None).await;
    session.insert("name", "s3cr3t").unwrap();

    assert_eq!(session.get::<String>("name").unwrap().as_deref(), Some("s3cr3t"));
    assert_eq!(session.get::<String>("other").unwrap(), None);
    let error = session.get::<u8>("name").unwrap_err();
    assert_eq!(error.to_string(), "\"name\" in the session is not of the type asked for");
    assert!(!format!("{error:?} {session:?}").contains("s3cr3t"));
    assert!(session.remove("name") && !session.remove("name") && session.is_empty());
}

/// Notes what it is to forget; or cannot.
struct Cache(Option<Arc<Mutex<Vec<String>>>>);

#[async_trait::async_trait]
impl SessionCache for Cache {
    async fn delete(&self, key: &str) -> Result<(), BoxError> {
        let Some(forgotten) = &self.0 else { return Err("the cache is down".into()) };
        forgotten.lock().unwrap().push(key.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn a_cache_forgets_what_is_changed_moved_or_deleted() {
    let forgotten = Arc::default();
    let sessions = sessions().await.cached_db(Cache(Some(Arc::clone(&forgotten))));
    let entry = |cookie: &str| format!("django.contrib.sessions.cached_db{cookie}");
    let mut session = open(&sessions, None).await;
    session.save().await.unwrap();
    let first = value(&session.set_cookie().unwrap());
    assert!(forgotten.lock().unwrap().is_empty());

    session.save().await.unwrap();
    let second = value(&session.login(7).await.unwrap());
    drop(session.logout().await.unwrap());

    assert_eq!(*forgotten.lock().unwrap(), [entry(&first), entry(&first), entry(&second)]);
}

#[tokio::test]
async fn a_cache_that_does_not_forget_is_an_error() {
    let sessions = sessions().await.cached_db(Cache(None));
    let mut session = open(&sessions, None).await;
    let cookie = value(&session.login(7).await.unwrap());

    assert!(matches!(session.logout().await, Err(SessionError::Cache(_))));
    assert!(user(&sessions, &cookie).await.is_err(), "here they are logged out all the same");
}
