//! Whom a cookie lets in, and what it may hold.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::{KEY, SALT, WEEKS, insert, now, open, refusal, sessions, site, user, value};
use crate::{
    AuthError, Authenticator, Credential, Database, StoreError,
    session::{Session, SessionError, SessionStore, extension::Cookie},
    signing::{Compression, SecretKeys, TimestampSigner},
};

#[tokio::test]
async fn the_identity_holds_what_is_in_the_session_but_for_the_hash() {
    let sessions = sessions().await;
    let mut session = open(&sessions, None).await;
    session.insert("theme", "dark").unwrap();
    let cookie = value(&session.login(7).await.unwrap());

    let identity = sessions.authenticate(&Credential::new(cookie)).await.unwrap().unwrap();

    assert_eq!((identity.id::<u8>().unwrap(), &identity.claims["theme"]), (7, &json!("dark")));
    assert_eq!(identity.expires, Some(now() + WEEKS));
    assert!(!identity.claims.contains_key("_auth_user_hash"));
}

#[tokio::test]
async fn a_session_of_nobody_is_no_credential() {
    let sessions = sessions().await;
    let mut visit = open(&sessions, None).await;
    visit.insert("seen", 3).unwrap();
    visit.save().await.unwrap();

    let outcome = user(&sessions, &value(&visit.set_cookie().unwrap())).await;

    assert!(matches!(outcome, Err(AuthError::Missing)), "{outcome:?}");
}

#[tokio::test]
async fn one_engines_sessions_are_nothing_to_the_other() {
    let rows = sessions().await;
    let cookies = rows.clone().signed_cookies();
    let mut session = open(&cookies, None).await;
    let cookie = value(&session.login(7).await.unwrap());
    let data = cookies.settings.encode(&session.data).unwrap();
    insert(rows.settings.database.clone(), "abcd2345", &data).await;

    assert!(refusal(&rows, "abcd2345").await.ends_with("signed by no key that is accepted"));
    assert!(refusal(&rows, &cookie).await.ends_with("no session has such a key"));
    assert!(refusal(&cookies, "abcd2345").await.ends_with("signed by no key that is accepted"));
}

#[tokio::test]
async fn what_is_no_cookie_of_a_session_is_refused_without_asking_the_database() {
    // any question would be an error, which is not the cookie's fault
    let nowhere = Database::connect("sqlite::memory:").await.unwrap();
    let rows = Session::new(nowhere, KEY);
    let cookies = rows.clone().signed_cookies();
    let huge = "a".repeat(64 * 1024);
    let nested = format!("{}:1:2", "[".repeat(10_000));

    for cookie in
        ["", "short", "abcd\0efgh", "ключключ", "abcd efgh", &huge, &nested, "::", ".:.:.", "a\nb\nc\nd"]
    {
        for sessions in [&rows, &cookies] {
            let outcome = user(sessions, cookie).await;
            assert!(matches!(outcome, Err(AuthError::Invalid(_))), "{cookie:.20?}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_row_that_was_not_signed_for_this_site_is_refused() {
    let database = site().await;
    let sessions = Session::new(database.clone(), KEY).clock(now);
    let data = json!({ "_auth_user_id": "7" });
    let written = |key: &str, salt: &str| {
        TimestampSigner::new(key).salt(salt).dumps(&data, Compression::IfShorter).unwrap()
    };
    for (key, data) in [
        ("of-another-key", written("another", SALT)),
        ("of-another-class", written(KEY, "django.contrib.sessions.OtherStore")),
        ("not-signed", "eyJfYXV0aF91c2VyX2lkIjoiNyJ9".to_owned()),
        ("nothing-at-all", String::new()),
    ] {
        insert(database.clone(), key, &data).await;
        assert!(refusal(&sessions, key).await.ends_with("signed by no key that is accepted"), "{key}");
    }
    assert!(user(&sessions.class("OtherStore"), "of-another-class").await.is_err_and(|why| {
        // it is read now, but has no backend
        matches!(why, AuthError::Missing)
    }));
}

#[tokio::test]
async fn what_is_in_a_row_may_be_anything() {
    let database = site().await;
    let sessions = Session::new(database.clone(), KEY).clock(now);
    let signer = TimestampSigner::new(KEY).salt(SALT);

    for (index, data) in [
        json!({ "_auth_user_id": {}, "_auth_user_backend": 5, "_auth_user_hash": [] }),
        json!({ "_auth_user_id": true, "_auth_user_backend": "django.contrib.auth.backends.ModelBackend" }),
        json!({ "_auth_user_id": "7", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend" }),
        json!({ "_auth_user_id": "7\u{0}", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend" }),
        json!({ "_auth_user_id": "1e400", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend" }),
        json!({ "_session_expiry": { "a": 1 } }),
        json!([{}]),
        json!(null),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("row-of-anything-{index}");
        insert(database.clone(), &key, &signer.dumps(&data, Compression::Never).unwrap()).await;
        let outcome = user(&sessions, &key).await;
        assert!(matches!(outcome, Err(AuthError::Invalid(_) | AuthError::Missing)), "{data}: {outcome:?}");
        open(&sessions, Some(&key)).await;
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_the_cookies_fault() {
    let nowhere = Database::connect("sqlite::memory:").await.unwrap();
    let sessions = Session::new(nowhere, KEY);

    let outcome = user(&sessions, "abcdefgh23456789").await;
    assert!(matches!(outcome, Err(AuthError::Unavailable(_))), "{outcome:?}");
    let cookie = Arc::new(Cookie::from(Some("abcdefgh23456789".to_owned())));
    let opened = SessionStore::open(Arc::clone(&sessions.settings), cookie).await;
    assert!(matches!(opened, Err(SessionError::Store(StoreError::Failed(_)))), "{opened:?}");
}

#[tokio::test]
async fn debug_shows_neither_key_nor_cookie() {
    let sessions = Session::new(site().await, SecretKeys::new(KEY).fallback("the-old-one"));
    let mut session = open(&sessions, None).await;
    let cookie = session.login(7).await.unwrap();

    let shown = format!("{sessions:?} {session:?} {cookie:?}");

    for secret in [KEY, "the-old-one", &value(&cookie), "md5$salt"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// What somebody might do to a good text.
fn tampered(good: &str) -> impl Strategy<Value = String> + use<> {
    let good = good.to_owned();
    let changed = (0..good.len(), any::<char>()).prop_map({
        let good = good.clone();
        move |(at, with)| {
            good.char_indices().map(|(index, char)| if index == at { with } else { char }).collect()
        }
    });
    let cut = (0..good.len()).prop_map({
        let good = good.clone();
        move |at| good[..at].to_owned()
    });
    let grown = (0..good.len(), ".{1,8}").prop_map({
        let good = good.clone();
        move |(at, more)| format!("{}{more}{}", &good[..at], &good[at..])
    });
    let resigned = "[ -~]{1,20}".prop_map({
        let payload = good.split(':').next().unwrap_or_default().to_owned();
        move |key| {
            TimestampSigner::new(key).salt("django.contrib.sessions.backends.signed_cookies").sign(&payload)
        }
    });
    prop_oneof![changed, cut, grown, resigned, ".*"]
        .prop_filter("it is the good one", move |text| *text != good)
}

#[test]
fn no_tampered_cookie_ever_yields_a_user() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rows = runtime.block_on(sessions());
    let cookies = rows.clone().signed_cookies();
    let key = value(&runtime.block_on(async { open(&rows, None).await.login(7).await.unwrap() }));
    let signed = value(&runtime.block_on(async { open(&cookies, None).await.login(7).await.unwrap() }));
    assert_eq!(runtime.block_on(user(&rows, &key)).unwrap(), "7");
    assert_eq!(runtime.block_on(user(&cookies, &signed)).unwrap(), "7");

    proptest!(ProptestConfig::with_cases(2_000), |(key in tampered(&key), signed in tampered(&signed))| {
        for (sessions, cookie) in [(&rows, key), (&cookies, signed)] {
            let outcome = runtime.block_on(user(sessions, &cookie));
            prop_assert!(matches!(outcome, Err(AuthError::Invalid(_) | AuthError::Expired)), "{:?}", outcome);
        }
    });
}

#[test]
fn no_tampered_row_ever_yields_a_user() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sessions = runtime.block_on(sessions());
    let mut session = runtime.block_on(open(&sessions, None));
    drop(runtime.block_on(session.login(7)).unwrap());
    let good = sessions.settings.encode(&session.data).unwrap();

    proptest!(|(row in tampered(&good))| {
        prop_assert!(sessions.settings.decode(&row).is_err());
    });
}
