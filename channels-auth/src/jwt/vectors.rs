//! SimpleJWT's own answers, token by token.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use super::{Jwt, JwtKey};
use crate::{AuthError, vectors};

pub(super) fn read() -> Value {
    vectors::read("simplejwt.json")
}

fn key(algorithm: &str, keys: &Value) -> JwtKey {
    let pem = |family: &str| keys[family]["VERIFYING_KEY"].as_str().unwrap().to_owned();
    let secret = || keys["HS"]["SIGNING_KEY"].as_str().unwrap().to_owned();
    match algorithm {
        "HS256" => JwtKey::hs256(secret()),
        "HS384" => JwtKey::hs384(secret()),
        "HS512" => JwtKey::hs512(secret()),
        "RS256" => JwtKey::rs256(pem("RS")).unwrap(),
        "RS384" => JwtKey::rs384(pem("RS")).unwrap(),
        "RS512" => JwtKey::rs512(pem("RS")).unwrap(),
        "ES256" => JwtKey::es256(pem("ES")).unwrap(),
        "ES384" => JwtKey::es384(pem("ES")).unwrap(),
        other => panic!("no key for {other}"),
    }
}

/// SimpleJWT's settings and token class, in our words.
fn configured(case: &Value, keys: &Value) -> Jwt {
    let now = UNIX_EPOCH + Duration::from_secs_f64(case["now"].as_f64().unwrap());
    let mut jwt = Jwt::new(key(case["alg"].as_str().unwrap(), keys)).clock(move || now);
    jwt = match case["class"].as_str().unwrap() {
        "AccessToken" => jwt,
        "RefreshToken" => jwt.token_type("refresh"),
        "SlidingToken" => jwt.token_type("sliding"),
        "UntypedToken" => jwt.any_token_type(),
        other => panic!("no token class {other}"),
    };
    for (setting, value) in case["settings"].as_object().unwrap() {
        jwt = match (setting.as_str(), value) {
            ("LEEWAY", _) => jwt.leeway(Duration::from_secs_f64(value.as_f64().unwrap())),
            ("ISSUER", Value::String(issuer)) => jwt.issuer(issuer),
            ("AUDIENCE", Value::String(audience)) => jwt.audience(audience),
            ("AUDIENCE", Value::Array(several)) => {
                several.iter().filter_map(Value::as_str).fold(jwt, Jwt::audience)
            }
            ("TOKEN_TYPE_CLAIM", Value::Null) => jwt.any_token_type(),
            ("TOKEN_TYPE_CLAIM", Value::String(name)) => jwt.token_type_claim(name),
            ("JTI_CLAIM", Value::Null) => jwt.without_token_id(),
            ("JTI_CLAIM", Value::String(name)) => jwt.token_id_claim(name),
            _ => panic!("no setting {setting}: {value}"),
        };
    }
    jwt
}

#[tokio::test]
async fn vectors_of_simplejwt_get_the_same_answer() {
    let vectors = read();
    let cases = vectors["cases"].as_array().unwrap();

    for case in cases {
        let name = &case["name"];
        let outcome = configured(case, &vectors["keys"]).verified(case["token"].as_str().unwrap()).await;

        if case["ok"] == true {
            assert_eq!(case["claims"], Value::Object(outcome.unwrap().unwrap()), "{name}");
        } else if case["error"] == "ExpiredTokenError" {
            assert!(matches!(outcome, Err(AuthError::Expired)), "{name}: {outcome:?}");
        } else {
            assert!(matches!(outcome, Err(AuthError::Invalid(_)) | Ok(None)), "{name}: {outcome:?}");
        }
    }
    assert!(cases.len() >= 100, "only {} cases", cases.len());
}
