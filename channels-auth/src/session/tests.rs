//! What Django's vectors do not hold: bad input, saving, logging in and out.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Engine, Session, SessionCookie, SessionError, SessionExpiry, SessionStore, SetCookie, extension::Cookie,
};
use crate::{
    AuthError, Authenticator, Credential, Database, StoreError, UserTable,
    signing::{Compression, SecretKeys, TimestampSigner},
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
    let Engine::Rows(table) = &sessions.settings.engine else { panic!("sessions in rows") };
    table.read(key).await.unwrap()
}

/// A row that Django would have written.
async fn insert(database: Database, key: &str, data: &str) {
    let row = SessionRow { data: data.to_owned(), expires: now() + WEEKS };
    assert!(SessionTable::new(database, "django_session").insert(key, &row).await.unwrap());
}

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
async fn a_session_of_nobody_is_no_credential() {
    let sessions = sessions().await;
    let mut visit = open(&sessions, None).await;
    visit.insert("seen", 3).unwrap();
    visit.save().await.unwrap();

    let outcome = user(&sessions, &value(&visit.set_cookie().unwrap())).await;

    assert!(matches!(outcome, Err(AuthError::Missing)), "{outcome:?}");
}

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
async fn users_may_have_a_table_and_ids_of_their_own() {
    let database = django().await;
    for sql in [
        "CREATE TABLE people (key char(32) PRIMARY KEY, password text NOT NULL)",
        "INSERT INTO people VALUES ('5c1a4c7e0a3f4b529d2b1f6a7e8c9d01', 'md5$x$y')",
    ] {
        database.change(sql.to_owned(), Vec::new()).await.unwrap();
    }
    let people = UserTable::new("people").uuid_ids().id_column("key").without_is_active();
    let sessions = Session::new(database, KEY).users(people);
    let id = "5c1a4c7e-0a3f-4b52-9d2b-1f6a7e8c9d01";

    let cookie = value(&open(&sessions, None).await.login(id).await.unwrap());

    assert_eq!(user(&sessions, &cookie).await.unwrap(), id);
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
