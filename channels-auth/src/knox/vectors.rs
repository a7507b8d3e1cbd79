//! Knox's own answers, token by token.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Format, Knox, KnoxHash, table::KnoxToken};
use crate::{
    AuthError, Authenticator, Credential,
    store::tests::{add_user, django, every_row},
    vectors,
};

fn hash(name: &str) -> KnoxHash {
    match name {
        "hashlib.sha256" => KnoxHash::Sha256,
        "hashlib.sha512" => KnoxHash::Sha512,
        "hashlib.sha3_512" => KnoxHash::Sha3_512,
        "hashlib.blake2b" => KnoxHash::Blake2b,
        other => panic!("no hash {other}"),
    }
}

fn time(value: &Value) -> SystemTime {
    OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap().into()
}

/// Knox's settings, in our words.
fn configured(knox: Knox, settings: &Value) -> Knox {
    let seconds = |value: &Value| Duration::from_secs_f64(value.as_f64().unwrap());
    settings.as_object().unwrap().iter().fold(knox, |knox, (setting, value)| match setting.as_str() {
        "SECURE_HASH_ALGORITHM" => knox.secure_hash_algorithm(hash(value.as_str().unwrap())),
        "TOKEN_PREFIX" => knox.token_prefix(value.as_str().unwrap()),
        "TOKEN_TTL" if value.is_null() => knox.token_ttl(None),
        "TOKEN_TTL" => knox.token_ttl(seconds(value)),
        "AUTO_REFRESH" if value == true => knox.auto_refresh(),
        "AUTO_REFRESH" => knox,
        "AUTO_REFRESH_MAX_TTL" => knox.auto_refresh_max_ttl(seconds(value)),
        "MIN_REFRESH_INTERVAL" => knox.min_refresh_interval(seconds(value)),
        other => panic!("no setting {other}"),
    })
}

#[test]
fn vectors_of_knox_have_the_same_key_and_digest() {
    let vectors = vectors::read("knox_digest.json");
    let cases = vectors["cases"].as_array().unwrap();

    for case in cases {
        let token = case["token"].as_str().unwrap();
        let digest = Format::V5.digest(token, hash(case["algorithm"].as_str().unwrap()));

        assert_eq!(case["token_key"], Format::V5.key(token), "{token}");
        assert_eq!(case["digest"].as_str(), digest.as_deref(), "{token}");
    }
    assert!(cases.len() >= 40, "only {} cases", cases.len());
}

#[tokio::test]
async fn vectors_of_knox_are_looked_up_with_the_same_answer_and_leave_the_same_rows() {
    let vectors = vectors::read("knox_lookup.json");
    let cases = vectors["cases"].as_array().unwrap();

    for case in cases {
        let name = &case["name"];
        let database = django().await;
        for user in case["users"].as_array().unwrap() {
            add_user(&database, user).await;
        }
        let now = time(&case["now"]);
        let knox = configured(Knox::new(database.clone()).clock(move || now), &case["settings"]);
        let mut expected = BTreeMap::new();
        for row in case["rows"].as_array().unwrap() {
            let (digest, expiry) = (row["digest"].as_str().unwrap(), &row["expiry"]);
            let token = KnoxToken {
                token_key: row["token_key"].as_str().unwrap().to_owned(),
                digest: digest.to_owned(),
                created: time(&row["created"]),
                expiry: (!expiry.is_null()).then(|| time(expiry)),
            };
            assert!(knox.tokens.insert(&token, &row["user_id"], None, now).await.unwrap());
            expected.insert(digest.to_owned(), token.expiry);
        }
        for digest in case["deleted"].as_array().unwrap() {
            expected.remove(digest.as_str().unwrap());
        }
        for (digest, expiry) in case["new_expiry"].as_object().unwrap() {
            expected.insert(digest.clone(), Some(time(expiry)));
        }

        let outcome = knox.authenticate(&Credential::new(case["token"].as_str().unwrap())).await;

        let users = case["users"].as_array().unwrap().iter();
        let user = users.clone().find(|user| user["username"] == case["user"]);
        match (user, outcome) {
            (Some(user), Ok(Some(identity))) => {
                assert_eq!(user["id"].to_string(), identity.user_id, "{name}")
            }
            (None, Ok(None) | Err(AuthError::Invalid(_) | AuthError::Expired | AuthError::Inactive)) => {}
            (_, outcome) => panic!("{name}: {outcome:?}"),
        }
        let rows = every_row(&database, "SELECT digest, expiry FROM knox_authtoken").await;
        let rows = rows.iter().map(|row| (row.text(0).unwrap(), row.time_or_never(1).unwrap()));
        assert_eq!(rows.collect::<BTreeMap<_, _>>(), expected, "{name}");
    }
    assert!(cases.len() >= 20, "only {} cases", cases.len());
}
