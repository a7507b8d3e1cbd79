//! Which keys of a set are of use, and which of them a token is checked with.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{super::token::Token, Jwks, JwksError, key::Unusable, set::KeySet};
use crate::{AuthError, jwt::vectors};

/// Those of RFC 7517 appendix A.1 and RFC 8037 appendix A.2.
fn rsa() -> Value {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3\
             oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgd\
             AZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCu\
             r-kEgU8awapJzKnqDKgw";
    json!({ "kty": "RSA", "n": n, "e": "AQAB" })
}

fn p256() -> Value {
    json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    })
}

fn ed25519() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
}

const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

/// A key with some members replaced, or taken out by null.
fn with(mut key: Value, changes: Value) -> Value {
    let members = key.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    key
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

/// The algorithm of a key, or why it is of no use.
fn read(key: Value) -> Result<&'static str, Unusable> {
    let set = set(&[key]);
    match set.skipped() {
        [] => Ok(set.algorithms()[&0]),
        [skipped] => Err(skipped.why),
        _ => panic!("one key is skipped once"),
    }
}

#[test]
fn a_key_has_the_algorithm_it_says_or_the_one_of_its_type() {
    for (key, algorithm) in [
        (rsa(), "RS256"),
        (with(rsa(), json!({ "alg": "RS256", "use": "sig" })), "RS256"),
        (with(rsa(), json!({ "alg": "RS384" })), "RS384"),
        (with(rsa(), json!({ "alg": "RS512", "key_ops": ["verify"] })), "RS512"),
        (p256(), "ES256"),
        (with(p256(), json!({ "alg": "ES256", "x5c": ["ignored"], "more": { "a": 1 } })), "ES256"),
        (ed25519(), "EdDSA"),
        (with(ed25519(), json!({ "alg": "EdDSA" })), "EdDSA"),
    ] {
        assert_eq!(read(key.clone()), Ok(algorithm), "{key}");
    }
}

#[test]
fn what_is_of_no_use_is_left_out_and_says_why() {
    let zeros = |octets| BASE64_URL_SAFE_NO_PAD.encode(vec![0; octets]);
    let ones = |octets| BASE64_URL_SAFE_NO_PAD.encode(vec![0xFF; octets]);
    for (key, why) in [
        (json!(7), Unusable::NoKey),
        (json!({}), Unusable::NoKey),
        (with(rsa(), json!({ "kid": 7 })), Unusable::NoKey),
        (with(rsa(), json!({ "key_ops": "verify" })), Unusable::NoKey),
        (with(rsa(), json!({ "use": "enc" })), Unusable::Purpose),
        (with(rsa(), json!({ "key_ops": ["encrypt"] })), Unusable::Purpose),
        (with(rsa(), json!({ "use": "sig", "key_ops": [] })), Unusable::Purpose),
        (json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }), Unusable::Secret),
        (with(ed25519(), json!({ "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" })), Unusable::Private),
        (with(rsa(), json!({ "alg": "HS256" })), Unusable::Algorithm),
        (with(rsa(), json!({ "alg": "none" })), Unusable::Algorithm),
        (with(rsa(), json!({ "alg": "PS256" })), Unusable::Algorithm),
        (with(rsa(), json!({ "alg": "RSA-OAEP" })), Unusable::Algorithm),
        (with(p256(), json!({ "alg": "ES384" })), Unusable::Algorithm),
        (with(ed25519(), json!({ "alg": "ES256" })), Unusable::Algorithm),
        (with(p256(), json!({ "crv": "secp256k1" })), Unusable::Kind),
        (with(p256(), json!({ "crv": null })), Unusable::Kind),
        (with(ed25519(), json!({ "crv": "X25519" })), Unusable::Kind),
        (json!({ "kty": "AKP" }), Unusable::Kind),
        (with(p256(), json!({ "crv": "P-384" })), Unusable::Malformed),
        (with(p256(), json!({ "y": zeros(32) })), Unusable::Malformed),
        (with(p256(), json!({ "y": null })), Unusable::Malformed),
        (with(ed25519(), json!({ "x": zeros(31) })), Unusable::Malformed),
        (with(ed25519(), json!({ "x": "" })), Unusable::Malformed),
        (with(ed25519(), json!({ "x": "not base64!" })), Unusable::Malformed),
        (with(rsa(), json!({ "n": ones(255) })), Unusable::Size),
        (with(rsa(), json!({ "n": ones(513) })), Unusable::Size),
        (with(rsa(), json!({ "n": zeros(300) })), Unusable::Size),
        (with(rsa(), json!({ "e": "AQ" })), Unusable::Malformed),
        (with(rsa(), json!({ "e": "AQAA" })), Unusable::Malformed),
        (with(rsa(), json!({ "e": ones(5) })), Unusable::Malformed),
    ] {
        assert_eq!(read(key.clone()), Err(why), "{key}");
    }
}

#[test]
fn a_key_that_is_of_no_use_takes_no_other_with_it() {
    let keys = set(&[json!(null), with(rsa(), json!({ "use": "enc", "kid": "for mail" })), ed25519()]);

    assert_eq!(keys.algorithms().into_iter().collect::<Vec<_>>(), [(2, "EdDSA")]);
    let skipped: Vec<_> =
        keys.skipped().iter().map(|skipped| (skipped.place, skipped.kid.as_deref())).collect();
    assert_eq!(skipped, [(0, None), (1, Some("for mail"))]);
}

#[test]
fn what_is_no_set_or_too_large_a_one_is_an_error() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, "<html>", &"[".repeat(10_000)]
    {
        assert!(matches!(KeySet::parse(text.as_bytes()), Err(JwksError::Malformed(_))), "{text}");
    }
    let many = json!({ "keys": vec![ed25519(); 101] }).to_string();
    assert!(matches!(KeySet::parse(many.as_bytes()), Err(JwksError::TooMany(101))));
    assert_eq!(set(&vec![ed25519(); 100]).len(), 100);
}

fn signed(kid: Option<&str>) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
    encode(&header, &json!({ "sub": "7" }), &EncodingKey::from_ed_pem(ED25519.as_bytes()).unwrap()).unwrap()
}

/// Whether the token is good, bad, or of a key that is not in the set.
fn verdict(keys: &[Value], token: &str) -> Option<bool> {
    let token = Token::parse(token).unwrap().unwrap();
    let verdict = set(keys).verdict(&token)?;
    assert!(matches!(verdict, Ok(_) | Err(AuthError::Invalid(_))), "{verdict:?}");
    Some(verdict.is_ok())
}

#[test]
fn a_token_is_checked_with_the_key_it_names_and_with_no_other() {
    let named = |key, kid: &str| with(key, json!({ "kid": kid }));
    let other = json!({ "x": "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE" });

    assert_eq!(verdict(&[named(rsa(), "a"), named(ed25519(), "b")], &signed(Some("b"))), Some(true));
    // two of one name, as keys of two types may have (RFC 7517 section 4.5)
    assert_eq!(verdict(&[named(rsa(), "b"), named(ed25519(), "b")], &signed(Some("b"))), Some(true));
    assert_eq!(verdict(&[named(rsa(), "b"), named(ed25519(), "a")], &signed(Some("b"))), Some(false));
    assert_eq!(verdict(&[named(with(ed25519(), other), "b"), ed25519()], &signed(Some("b"))), Some(false));
    assert_eq!(verdict(&[named(ed25519(), "a"), ed25519()], &signed(Some("b"))), None);
}

#[test]
fn a_token_that_names_no_key_is_checked_with_all_of_its_algorithm() {
    let other = with(ed25519(), json!({ "x": "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE", "kid": "a" }));

    assert_eq!(verdict(&[rsa(), other.clone(), ed25519()], &signed(None)), Some(true));
    assert_eq!(verdict(&[rsa(), other], &signed(None)), None);
}

#[test]
fn a_public_key_of_a_set_is_no_secret_for_hmac() {
    let pem = vectors::read()["keys"]["RS"]["VERIFYING_KEY"].as_str().unwrap().to_owned();
    let named = with(rsa(), json!({ "kid": "a" }));
    for secret in [named["n"].as_str().unwrap(), &named.to_string(), &pem] {
        for kid in [Some("a".to_owned()), None] {
            let header = Header { kid: kid.clone(), ..Header::new(Algorithm::HS256) };
            let forged = encode(&header, &json!({}), &EncodingKey::from_secret(secret.as_bytes())).unwrap();
            assert_ne!(verdict(std::slice::from_ref(&named), &forged), Some(true));
        }
    }
}

#[test]
fn keys_come_from_where_nobody_can_change_them() {
    for url in
        ["https://id.example.com/jwks", "http://127.0.0.1:8000/", "http://[::1]/jwks", "http://localhost/"]
    {
        Jwks::url(url).unwrap();
    }
    for url in [
        "",
        "jwks.json",
        "http://id.example.com/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "data:,{}",
    ] {
        assert!(matches!(Jwks::url(url), Err(JwksError::Url)), "{url}");
    }
}

#[test]
fn a_secret_in_a_url_is_not_shown() {
    let jwks = Jwks::url("https://ann:s3cr3t@id.example.com:8443/jwks?key=s3cr3t#s3cr3t").unwrap();

    let shown = format!("{jwks:?}");

    assert!(shown.contains("https://id.example.com:8443/jwks") && !shown.contains("s3cr3t"), "{shown}");
}

#[test]
fn what_is_no_certificate_vouches_for_nobody() {
    for pem in ["", "s3cr3t", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let url = Jwks::url("https://id.example.com/").unwrap();
        assert!(matches!(url.tls_root(pem), Err(JwksError::Tls(_))), "{pem}");
    }
}
