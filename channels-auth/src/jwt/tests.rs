//! What a token is accepted as, and what it is refused for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{Jwt, JwtIssuer, JwtKey, vectors};
use crate::{AuthError, Authenticator, Credential, Identity};

const NOW: u64 = 1_800_000_000;
const SECRET: &str = "s3cr3t-of-the-site";

/// The key pair of RFC 8037 appendix A.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const ED25519_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

fn at(seconds: u64) -> impl Fn() -> SystemTime {
    move || UNIX_EPOCH + Duration::from_secs(seconds)
}

fn jwt() -> Jwt {
    Jwt::hs256(SECRET).clock(at(NOW))
}

/// Claims that are accepted, with some replaced, or taken out by null.
fn claims(changes: Value) -> Value {
    let mut claims = json!({ "token_type": "access", "exp": NOW + 300, "jti": "1", "user_id": "7" });
    let object = claims.as_object_mut().unwrap();
    object.extend(changes.as_object().unwrap().clone());
    object.retain(|_, value| !value.is_null());
    claims
}

fn signed(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, key).unwrap()
}

fn hs256(changes: Value) -> String {
    signed(Algorithm::HS256, &EncodingKey::from_secret(SECRET.as_bytes()), &claims(changes))
}

/// A token of any parts, signed by nobody.
fn unsigned(header: &str, signature: &str) -> String {
    let [header, payload] =
        [header, &claims(json!({})).to_string()].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{payload}.{signature}")
}

async fn asked(jwt: &Jwt, token: &str) -> Result<Option<Identity>, AuthError> {
    jwt.authenticate(&Credential::new(token)).await
}

async fn accepted(jwt: &Jwt, token: &str) -> Identity {
    asked(jwt, token).await.unwrap().expect("a JSON Web Token")
}

/// Why a token is bad.
async fn refusal(jwt: &Jwt, token: &str) -> String {
    match asked(jwt, token).await {
        Err(AuthError::Invalid(why)) => why.to_owned(),
        other => panic!("expected a bad token, got {other:?}"),
    }
}

#[tokio::test]
async fn every_algorithm_is_accepted_with_its_key_and_with_no_other() {
    let keys = vectors::read()["keys"].take();
    let pem = |family: &str, of: &str| keys[family][of].as_str().unwrap().to_owned();
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    let rsa = EncodingKey::from_rsa_pem(pem("RS", "SIGNING_KEY").as_bytes()).unwrap();
    let p256 = EncodingKey::from_ec_pem(pem("ES", "SIGNING_KEY").as_bytes()).unwrap();
    let ed25519 = EncodingKey::from_ed_pem(ED25519.as_bytes()).unwrap();
    let public = |family| pem(family, "VERIFYING_KEY");
    let pairs = [
        (Algorithm::HS256, &secret, JwtKey::hs256(SECRET)),
        (Algorithm::HS384, &secret, JwtKey::hs384(SECRET)),
        (Algorithm::HS512, &secret, JwtKey::hs512(SECRET)),
        (Algorithm::RS256, &rsa, JwtKey::rs256(public("RS")).unwrap()),
        (Algorithm::RS384, &rsa, JwtKey::rs384(public("RS")).unwrap()),
        (Algorithm::RS512, &rsa, JwtKey::rs512(public("RS")).unwrap()),
        (Algorithm::ES256, &p256, JwtKey::es256(public("ES")).unwrap()),
        (Algorithm::EdDSA, &ed25519, JwtKey::eddsa(ED25519_PUBLIC).unwrap()),
    ];

    for (algorithm, signs, _) in &pairs {
        let token = signed(*algorithm, signs, &claims(json!({})));
        for (other, _, verifies) in &pairs {
            let outcome = asked(&Jwt::new(verifies.clone()).clock(at(NOW)), &token).await;
            assert_eq!(outcome.is_ok(), algorithm == other, "{algorithm:?} by {other:?}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret_for_hmac() {
    let public = vectors::read()["keys"]["RS"]["VERIFYING_KEY"].as_str().unwrap().to_owned();
    let forged = signed(Algorithm::HS256, &EncodingKey::from_secret(public.as_bytes()), &claims(json!({})));

    let why = refusal(&Jwt::rs256(public).unwrap().clock(at(NOW)), &forged).await;

    assert_eq!(why, "its algorithm is not accepted");
}

#[tokio::test]
async fn a_token_that_nobody_signed_is_refused() {
    for alg in ["none", "None", "NONE", ""] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        assert_eq!(refusal(&jwt(), &unsigned(&header, "")).await, "its algorithm is not accepted");
        assert_eq!(refusal(&jwt(), &unsigned(&header, "AAAA")).await, "its algorithm is not accepted");
    }
    for signature in ["", "AAAA"] {
        let why = refusal(&jwt(), &unsigned(r#"{"alg":"HS256"}"#, signature)).await;
        assert_eq!(why, "its signature is not of a key that is accepted");
    }
}

#[tokio::test]
async fn a_header_that_changes_how_a_token_is_read_is_refused() {
    for header in [r#"{"alg":"HS256","crit":["x"],"x":1}"#, r#"{"alg":"HS256","b64":false}"#] {
        assert_eq!(
            refusal(&jwt(), &unsigned(header, "AAAA")).await,
            "its header demands what is not supported"
        );
    }
}

#[tokio::test]
async fn what_is_no_json_web_token_is_left_to_others() {
    let array = BASE64_URL_SAFE_NO_PAD.encode("[]");
    for credential in
        ["", "abc", "a.b", "a.b.c.d", "!.b.c", &format!("{array}.b.c"), &"a".repeat(10_000), ".eJx:1a2:sig"]
    {
        assert_eq!(asked(&jwt(), credential).await.unwrap(), None, "{credential}");
    }
}

#[tokio::test]
async fn a_token_over_8_kib_is_refused_before_it_is_read() {
    let token = hs256(json!({ "more": "x".repeat(9_000) }));

    assert_eq!(refusal(&jwt(), &token).await, "it is longer than 8 KiB");
}

#[tokio::test]
async fn a_token_is_valid_up_to_the_second_it_expires_in() {
    let token = hs256(json!({ "exp": NOW + 1 }));

    assert_eq!(accepted(&jwt(), &token).await.expires, Some(at(NOW + 1)()));
    assert!(matches!(asked(&jwt().clock(at(NOW + 1)), &token).await, Err(AuthError::Expired)));
    accepted(&jwt().clock(at(NOW + 1)).leeway(Duration::from_secs(1) + Duration::from_millis(1)), &token)
        .await;
}

#[tokio::test]
async fn claims_that_are_missing_or_wrong_are_refused() {
    for (changes, why) in [
        (json!({ "exp": null }), "it has no `exp`"),
        (json!({ "exp": "soon" }), "one of its times is no number of seconds"),
        (json!({ "exp": 1e300 }), "one of its times is no number of seconds"),
        (json!({ "nbf": NOW + 1 }), "it is not valid yet"),
        (json!({ "iat": NOW + 1 }), "it was issued in the future; do the clocks agree?"),
        (json!({ "jti": null }), "it has no id of its own, `jti`"),
        (json!({ "token_type": null }), "it is no token of the type that is accepted"),
        (json!({ "token_type": "refresh" }), "it is no token of the type that is accepted"),
        (json!({ "user_id": null }), "it names no user"),
        (json!({ "user_id": "" }), "the claim with the user's id holds none"),
        (json!({ "user_id": 1.5 }), "the claim with the user's id holds none"),
        (json!({ "user_id": ["7"] }), "the claim with the user's id holds none"),
    ] {
        assert_eq!(refusal(&jwt(), &hs256(changes.clone())).await, why, "{changes}");
    }
}

#[tokio::test]
async fn a_user_id_is_text_or_a_whole_number() {
    for (claimed, id) in [(json!(7), "7"), (json!("7"), "7"), (json!(-1), "-1"), (json!("a-uuid"), "a-uuid")]
    {
        assert_eq!(accepted(&jwt(), &hs256(json!({ "user_id": claimed }))).await.user_id, id);
    }
}

#[tokio::test]
async fn the_issuer_and_the_audience_are_those_demanded() {
    let jwt = jwt().issuer("id.example.com").issuer("old.example.com").audience("chat").audience("feed");

    for (iss, aud, good) in [
        (json!("id.example.com"), json!("chat"), true),
        (json!("old.example.com"), json!(["x", "feed"]), true),
        (json!("evil.example.com"), json!("chat"), false),
        (json!(["id.example.com"]), json!("chat"), false),
        (json!("id.example.com"), json!("x"), false),
        (json!("id.example.com"), json!(["chat", 5]), false),
        (json!("id.example.com"), json!([]), false),
        (json!(null), json!("chat"), false),
        (json!("id.example.com"), json!(null), false),
    ] {
        let token = hs256(json!({ "iss": iss, "aud": aud }));
        assert_eq!(asked(&jwt, &token).await.is_ok(), good, "{iss} for {aud}");
    }
}

#[tokio::test]
async fn tokens_of_another_issuer_need_standard_claims_alone() {
    let token =
        hs256(json!({ "token_type": null, "jti": null, "user_id": null, "sub": "auth0|7", "name": "Ann" }));

    let identity = accepted(&jwt().standard_claims(), &token).await;

    assert_eq!((identity.user_id.as_str(), &identity.claims["name"]), ("auth0|7", &json!("Ann")));
    assert_eq!(
        refusal(&jwt().standard_claims(), &hs256(json!({ "sub": "7", "exp": null }))).await,
        "it has no `exp`"
    );
}

#[tokio::test]
async fn the_old_key_is_accepted_while_keys_are_rotated() {
    let old = hs256(json!({}));

    accepted(&Jwt::hs256("new").or_key(JwtKey::hs256(SECRET)).clock(at(NOW)), &old).await;
    refusal(&Jwt::hs256("new").clock(at(NOW)), &old).await;
}

#[tokio::test]
async fn what_is_issued_is_accepted_by_its_verifier_until_it_expires() {
    for issuer in [JwtIssuer::hs256(SECRET), JwtIssuer::hs384(SECRET), JwtIssuer::hs512(SECRET)] {
        let issuer = issuer.issuer("chat").audience("web").lifetime(Duration::from_secs(60));
        let token = issuer.issue(7);
        let later = SystemTime::now() + Duration::from_secs(61);

        assert_eq!(accepted(&issuer.verifier(), &token).await.id::<u32>().unwrap(), 7);
        assert!(matches!(
            asked(&issuer.verifier().clock(move || later), &token).await,
            Err(AuthError::Expired)
        ));
        assert_eq!(
            refusal(&JwtIssuer::hs256(SECRET).verifier().issuer("x"), &JwtIssuer::hs256(SECRET).issue(7))
                .await,
            "it is of another issuer"
        );
    }
}

#[tokio::test]
async fn claims_of_ones_own_do_not_replace_the_users_id() {
    let issuer = JwtIssuer::hs256(SECRET);
    let more = json!({ "user_id": "1", "exp": 1, "name": "Ann" }).as_object().unwrap().clone();

    let identity = accepted(&issuer.verifier(), &issuer.issue_with(7, more)).await;

    assert_eq!((identity.user_id.as_str(), &identity.claims["name"]), ("7", &json!("Ann")));
}

#[test]
fn what_is_no_key_is_an_error_that_says_what_to_give() {
    let keys = vectors::read()["keys"].take();
    let rsa = keys["RS"]["VERIFYING_KEY"].as_str().unwrap();

    for error in [
        Jwt::rs256("not a PEM").unwrap_err(),
        Jwt::es256(rsa).unwrap_err(),
        Jwt::eddsa(rsa).unwrap_err(),
        Jwt::rs256(ED25519_PUBLIC).unwrap_err(),
        JwtKey::es384(keys["ES"]["VERIFYING_KEY"].as_str().unwrap()).unwrap_err(),
    ] {
        assert!(error.to_string().contains("give it as PEM"), "{error}");
    }
}

#[test]
#[should_panic(expected = "the secret for HS256 is empty; is its variable set?")]
fn an_empty_secret_stops_the_server_from_starting() {
    Jwt::hs256("");
}

#[test]
fn debug_shows_no_secret() {
    let issuer = JwtIssuer::hs256(SECRET);

    for shown in
        [format!("{:?}", Jwt::hs256(SECRET)), format!("{issuer:?}"), format!("{:?}", JwtKey::hs256(SECRET))]
    {
        assert!(shown.contains("HS256") && !shown.contains(SECRET), "{shown}");
    }
}
