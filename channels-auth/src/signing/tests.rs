//! What Django signed, and what it would not accept.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Compression, SecretKeys, SignatureError, Signer, TimestampSigner};

/// Django's `signing.dumps("hello")` with this key, at this second.
const HELLO: &str = "ImhlbGxvIg:1r31eq:Pt-bTENZTU-EBzJ8DB66Phmdjdr5htmBYRqR7xw7fHk";
const KEY: &str = "test-secret-key";
const THEN: u64 = 1_700_000_000;

fn at(seconds: f64) -> impl Fn() -> SystemTime {
    move || UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

fn dumps() -> TimestampSigner {
    TimestampSigner::new(KEY).salt("django.core.signing").clock(at(THEN as f64))
}

#[test]
fn what_is_signed_is_what_django_signs() {
    assert_eq!(dumps().dumps("hello", Compression::Never).unwrap(), HELLO);
    assert_eq!(dumps().loads::<String>(HELLO, None).unwrap(), "hello");
    // Signer(key=KEY).sign("room 5") and TimestampSigner(key=KEY).sign("room 5")
    assert_eq!(Signer::new(KEY).sign("room 5"), "room 5:Vyq6qLL4ajynucItGw1MbAe4POj2h5Lm56Qb2wuwiFw");
    assert_eq!(
        TimestampSigner::new(KEY).clock(at(THEN as f64)).sign("room 5"),
        "room 5:1r31eq:JGCEtxtQ3MXpb4tQ2Fy-bXNSI6AKPRUIo0KO3uGg-c4"
    );
}

#[test]
fn a_text_may_hold_what_separates_it_from_its_signature() {
    let signer = Signer::new(KEY);

    assert_eq!(signer.unsign(&signer.sign("a:b:")).unwrap(), "a:b:");
}

#[test]
fn it_is_accepted_up_to_its_age_and_not_a_moment_longer() {
    let minute = Some(Duration::from_secs(60));
    let loads = |now: f64| dumps().clock(at(now)).loads::<String>(HELLO, minute);

    assert_eq!(loads(THEN as f64 + 60.0).as_deref(), Ok("hello"));
    assert_eq!(loads(THEN as f64 - 9.0).as_deref(), Ok("hello"));
    assert_eq!(loads(THEN as f64 + 60.25), Err(SignatureError::Expired));
}

#[test]
fn another_salt_or_key_is_another_signature() {
    assert_eq!(dumps().salt("invitation").loads::<String>(HELLO, None), Err(SignatureError::Bad));
    let other = TimestampSigner::new(SecretKeys::new("new")).salt("django.core.signing");
    assert_eq!(other.loads::<String>(HELLO, None), Err(SignatureError::Bad));

    let rotated = SecretKeys::new("new").fallback("newer").fallback(KEY);
    let rotated = TimestampSigner::new(rotated).salt("django.core.signing");
    assert_eq!(rotated.loads::<String>(HELLO, None).unwrap(), "hello");
}

#[test]
fn json_of_another_type_is_unreadable_and_the_error_does_not_show_it() {
    let error = dumps().loads::<u32>(HELLO, None).unwrap_err();

    assert_eq!(error, SignatureError::Unreadable);
    assert!(!format!("{error} {error:?}").contains("hello"));
}

#[test]
fn json_as_deep_as_an_attacker_likes_is_unreadable() {
    let deep = "[".repeat(500_000);

    let signed = dumps().sign_bytes(deep.as_bytes(), Compression::IfShorter);

    assert_eq!(dumps().loads::<Value>(&signed, None), Err(SignatureError::Unreadable));
}

#[test]
fn compression_is_left_out_where_it_saves_nothing() {
    let long = json!({ "text": "abc".repeat(100) });

    let plain = dumps().dumps(&long, Compression::Never).unwrap();
    let short = dumps().dumps(&long, Compression::IfShorter).unwrap();

    assert!(short.starts_with('.') && short.len() < plain.len());
    assert!(!dumps().dumps("hello", Compression::IfShorter).unwrap().starts_with('.'));
    for signed in [plain, short] {
        assert_eq!(dumps().loads::<Value>(&signed, None).unwrap(), long);
    }
}

#[test]
fn what_inflates_to_more_than_a_mebibyte_is_unreadable() {
    let largest = "x".repeat(1024 * 1024 - 2);
    let signed = dumps().dumps(&largest, Compression::IfShorter).unwrap();
    assert_eq!(dumps().loads::<String>(&signed, None).unwrap(), largest);

    let more = format!("{largest}x");
    let signed = dumps().dumps(&more, Compression::IfShorter).unwrap();
    assert_eq!(dumps().loads::<String>(&signed, None), Err(SignatureError::Unreadable));
}

#[test]
#[should_panic(expected = "the SECRET_KEY is empty; is its variable set?")]
fn an_empty_key_stops_the_server_from_starting() {
    Signer::new("");
}

#[test]
fn debug_shows_no_key() {
    let keys = SecretKeys::new(KEY).fallback("the-old-one");

    let shown = format!("{keys:?} {:?} {:?}", Signer::new(keys.clone()), TimestampSigner::new(keys.clone()));

    assert!(!shown.contains(KEY) && !shown.contains("the-old-one"), "{shown}");
}

proptest! {
    #[test]
    fn whatever_was_signed_is_read_again(text in ".*", salt in ".*") {
        let signer = dumps().salt(salt);

        let signed = signer.dumps(&text, Compression::IfShorter).unwrap();

        prop_assert!(signed.is_ascii());
        prop_assert_eq!(signer.loads::<String>(&signed, None).unwrap(), text);
    }

    #[test]
    fn what_nobody_signed_is_never_accepted(text in "\\PC*|[A-Za-z0-9_.:-]*") {
        prop_assert_eq!(dumps().loads::<Value>(&text, None), Err(SignatureError::Bad));
    }

    #[test]
    fn a_character_changed_is_a_bad_signature(at in 0..HELLO.len(), with in any::<char>()) {
        let changed: String =
            HELLO.chars().enumerate().map(|(index, char)| if index == at { with } else { char }).collect();
        prop_assume!(changed != HELLO);

        prop_assert_eq!(dumps().loads::<Value>(&changed, None), Err(SignatureError::Bad));
    }
}
