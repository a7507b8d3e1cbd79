//! Django's own answers, session by session.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Engine, Session, SessionCookie, SessionStore, auth_hash, extension::Cookie};
use crate::{
    AuthError, Authenticator, Credential, Database, Identity,
    signing::{Compression, SecretKeys, SignatureError, TimestampSigner},
    store::{
        SessionRow, SessionTable,
        tests::{add_user, django},
    },
    vectors,
};

const DB_SALT: &str = "django.contrib.sessions.SessionStore";
const COOKIE_SALT: &str = "django.contrib.sessions.backends.signed_cookies";

/// `SECRET_KEY` and `SECRET_KEY_FALLBACKS` of a case.
fn keys(case: &Value) -> SecretKeys {
    let key = SecretKeys::new(case["secret_key"].as_str().unwrap());
    let fallbacks = case["fallbacks"].as_array().into_iter().flatten();
    fallbacks.fold(key, |keys, old| keys.fallback(old.as_str().unwrap()))
}

fn seconds(now: &Value) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(now.as_f64().unwrap())
}

fn date(text: &Value) -> SystemTime {
    OffsetDateTime::parse(text.as_str().unwrap(), &Rfc3339).unwrap().into()
}

fn cases(file: &str, least: usize) -> Vec<Value> {
    let cases = vectors::read(file)["cases"].as_array().unwrap().clone();
    assert!(cases.len() >= least, "only {} cases in {file}", cases.len());
    cases
}

/// What a text gives, as Django tells it: its data, or that there is none.
fn check(case: &Value, outcome: &Result<Value, SignatureError>) {
    let name = &case["name"];
    match (case["ok"] == true, case["error"].as_str()) {
        (true, _) => assert_eq!(outcome.as_ref(), Ok(&case["data"]), "{name}"),
        (false, Some("BadSignature")) => assert_eq!(outcome, &Err(SignatureError::Bad), "{name}"),
        (false, Some("SignatureExpired")) => assert_eq!(outcome, &Err(SignatureError::Expired), "{name}"),
        (false, _) => assert_eq!(outcome, &Err(SignatureError::Unreadable), "{name}"),
    }
}

#[test]
fn vectors_of_encoding_are_written_and_read_as_django_does() {
    for case in cases("session_encode.json", 30) {
        let name = &case["name"];
        let now = seconds(&case["timestamp"]);
        let salt = if case["backend"] == "db" { DB_SALT } else { COOKIE_SALT };
        let signer = TimestampSigner::new(keys(&case)).salt(salt).clock(move || now);
        let text = |field: &str| case[field].as_str().unwrap().to_owned();

        // the text that Django signs, signed by us, is Django's to the byte
        let plain = signer.sign_bytes(text("json").as_bytes(), Compression::Never);
        assert_eq!(plain, text("value_uncompressed"), "{name}");

        let ours = signer.dumps(&case["data"], Compression::IfShorter).unwrap();
        for written in [text("value"), text("value_uncompressed"), ours] {
            assert_eq!(signer.loads::<Value>(&written, None).as_ref(), Ok(&case["data"]), "{name}");
            assert!(written.is_ascii(), "{name}");
        }
    }
}

#[tokio::test]
async fn vectors_of_decoding_have_the_same_data() {
    let database = django().await;

    for case in cases("session_decode.json", 60) {
        let text = case["session_data"].as_str().unwrap();
        check(&case, &TimestampSigner::new(keys(&case)).salt(DB_SALT).loads(text, None));

        // a list or a text is no session: Django would fail where it is used as one
        let session = Session::new(database.clone(), keys(&case)).settings.decode(text).ok();
        let expected = case["data"].as_object().filter(|_| case["ok"] == true);
        assert_eq!(session.as_ref(), expected, "{}", case["name"]);
    }
}

#[tokio::test]
async fn vectors_of_signed_cookies_have_the_same_data() {
    let database = django().await;

    for case in cases("session_cookies.json", 50) {
        let (now, text) = (seconds(&case["now"]), case["cookie"].as_str().unwrap());
        let age = Duration::from_secs_f64(case["max_age"].as_f64().unwrap());
        let signer = TimestampSigner::new(keys(&case)).salt(COOKIE_SALT).clock(move || now);
        check(&case, &signer.loads(text, Some(age)));

        let sessions = Session::new(database.clone(), keys(&case))
            .signed_cookies()
            .cookie(SessionCookie { age, ..SessionCookie::default() })
            .clock(move || now);
        let session = sessions.settings.read(text).await.map(|found| found.data).ok();
        let expected = case["data"].as_object().filter(|_| case["ok"] == true);
        assert_eq!(session.as_ref(), expected, "{}", case["name"]);
    }
}

#[tokio::test]
async fn vectors_of_rows_have_the_same_data() {
    for case in cases("session_rows.json", 8) {
        let database = django().await;
        let (now, row) = (seconds(&case["now"]), &case["row"]);
        insert(&database, row).await;

        let sessions = Session::new(database, keys(&case)).clock(move || now);

        let session = open(&sessions, case["cookie"].as_str().unwrap()).await;
        assert_eq!(Value::Object(session.data), case["data"], "{}", case["name"]);
    }
}

#[test]
fn vectors_of_the_auth_hash_are_the_same() {
    for case in cases("session_auth_hash.json", 20) {
        let text = |field: &str| case[field].as_str().unwrap();
        let (key, fallback) = (SecretKeys::new(text("secret_key")), SecretKeys::new(text("fallback")));
        let password = text("password");

        assert_eq!(auth_hash::auth_hash(&key, password), text("hash"));
        assert_eq!(auth_hash::auth_hash(&fallback, password), text("fallback_hash"));
        assert!(!auth_hash::vouches(&key, password, text("fallback_hash")));
        let rotated = key.fallback(text("fallback"));
        for hash in ["hash", "fallback_hash"] {
            assert!(auth_hash::vouches(&rotated, password, text(hash)));
            assert!(!auth_hash::vouches(&rotated, "changed", text(hash)));
        }
    }
}

#[tokio::test]
async fn vectors_of_users_are_accepted_and_refused_as_django_does() {
    for case in cases("session_users.json", 20) {
        let (database, now, name) = (django().await, date(&case["now"]), &case["name"]);
        for user in case["users"].as_array().unwrap() {
            add_user(&database, user).await;
        }
        insert(&database, &case["row"]).await;
        let backends = case["authentication_backends"].as_array().unwrap();
        let sessions = Session::new(database.clone(), keys(&case))
            .authentication_backends(backends.iter().map(|name| name.as_str().unwrap()))
            .clock(move || now);

        let cookie = case["row"]["session_key"].as_str().unwrap();
        let outcome = sessions.authenticate(&Credential::new(cookie)).await;

        assert_eq!(json!(username(&case, &outcome)), case["django"]["user"], "{name}: {outcome:?}");
        // Django deletes some of these rows when it reads them; we leave that to Django
        let Engine::Rows(rows) = &sessions.settings.engine else { panic!("rows by default") };
        assert!(rows.table.read(cookie).await.unwrap().is_some(), "{name}");
    }
}

/// Django's name for whom we let in.
fn username<'a>(case: &'a Value, outcome: &Result<Option<Identity>, AuthError>) -> Option<&'a str> {
    match outcome {
        Ok(identity) => {
            let id = &identity.as_ref().expect("a session is never of another kind").user_id;
            let mut users = case["users"].as_array().unwrap().iter();
            users
                .find(|user| id.parse().is_ok_and(|id: i64| user["id"] == id))
                .and_then(|user| user["username"].as_str())
        }
        Err(error) if error.is_verdict() => None,
        Err(error) => panic!("{}: {error}", case["name"]),
    }
}

async fn insert(database: &Database, row: &Value) {
    let text = |field: &str| row[field].as_str().unwrap().to_owned();
    let session = SessionRow { data: text("session_data"), expires: date(&row["expire_date"]) };
    let table = SessionTable::new(database.clone(), "django_session");
    assert!(table.insert(&text("session_key"), &session).await.unwrap());
}

async fn open(sessions: &Session, cookie: &str) -> SessionStore {
    let cookie = Cookie::from(Some(cookie.to_owned()));
    SessionStore::open(Arc::clone(&sessions.settings), Arc::new(cookie)).await.unwrap()
}
