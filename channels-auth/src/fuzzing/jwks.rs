//! Any bytes as an issuer's set of keys.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::rust_crypto::DEFAULT_PROVIDER};
use serde_json::{Value, json};

use crate::jwt::KeySet;

/// The input: a set of keys. It has 100 at most; of those, the ones that are used are for signatures, public, and of
/// the algorithm that goes with them. An RSA key that is all that is used. None of them verifies what nobody signed, and
/// none is a secret for HMAC.
pub fn jwks(data: &[u8]) {
    let Ok(set) = KeySet::parse(data) else { return };
    let all: Value = serde_json::from_slice(data).expect("a set is JSON");
    let keys = all["keys"].as_array().expect("a set has keys");
    assert!(keys.len() <= 100);
    let used = set.algorithms();
    for (place, key) in keys.iter().enumerate() {
        let algorithm = used.get(&place).copied();
        let expected = expected(key);
        // whether a point is on its curve, is not for us to say
        if algorithm.is_some() || expected.is_some_and(|name| name.starts_with("RS")) {
            assert_eq!(algorithm, expected, "{key}");
        }
        if let Some(algorithm) = algorithm {
            assert_nothing_is_signed(&set, key, algorithm);
        }
    }
}

/// The algorithm of a key, if it is of use, and on its curve.
fn expected(key: &Value) -> Option<&'static str> {
    let member = |name: &str| key.get(name).filter(|value| !value.is_null());
    let texts = ["kty", "use", "alg", "kid", "crv", "n", "e", "x", "y"];
    let is_shaped = texts.iter().all(|name| member(name).is_none_or(Value::is_string));
    let operations = member("key_ops").map(|operations| operations.as_array().cloned().unwrap_or_default());
    let is_public = member("d").is_none() && is_shaped;
    let verifies = member("use").is_none_or(|purpose| purpose == "sig")
        && operations.is_none_or(|all| all.iter().all(Value::is_string) && all.contains(&json!("verify")));
    if !is_public || !verifies {
        return None;
    }
    let octets = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
    let is_long = |name: &str, length| octets(name).is_some_and(|octets| octets.len() == length);
    let is_one_of = |names: &[&str]| member("alg").is_none_or(|alg| names.iter().any(|name| alg == name));
    match (key["kty"].as_str()?, key["crv"].as_str()) {
        ("RSA", _) => {
            let bits = |octets: &[u8]| {
                let first = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
                let rest = &octets[first..];
                rest.first().map_or(0, |high| 8 * rest.len() - high.leading_zeros() as usize)
            };
            let is_odd = |octets: &[u8]| octets.last().is_some_and(|low| low & 1 == 1);
            let (n, e) = (octets("n")?, octets("e")?);
            let fits =
                (2048..=4096).contains(&bits(&n)) && (2..=32).contains(&bits(&e)) && is_odd(&n) && is_odd(&e);
            let name = ["RS256", "RS384", "RS512"].into_iter().find(|name| is_one_of(&[name]))?;
            fits.then_some(name)
        }
        ("EC", Some("P-256")) => {
            (is_long("x", 32) && is_long("y", 32) && is_one_of(&["ES256"])).then_some("ES256")
        }
        ("EC", Some("P-384")) => {
            (is_long("x", 48) && is_long("y", 48) && is_one_of(&["ES384"])).then_some("ES384")
        }
        ("OKP", Some("Ed25519")) => (is_long("x", 32) && is_one_of(&["EdDSA"])).then_some("EdDSA"),
        _ => None,
    }
}

fn assert_nothing_is_signed(set: &KeySet, key: &Value, algorithm: &str) {
    let message = |algorithm: &str| {
        let mut header = json!({ "alg": algorithm });
        if key["kid"].is_string() {
            header["kid"] = key["kid"].clone();
        }
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(&header), part(&json!({ "user_id": "7" })))
    };
    for length in [0, 64, 96, 256, 512] {
        let signature = BASE64_URL_SAFE_NO_PAD.encode(vec![0x55; length]);
        assert!(!set.accepts(&format!("{}.{signature}", message(algorithm))), "nobody signed it");
    }
    for member in ["n", "x"] {
        let Some(public) = key[member].as_str().filter(|text| !text.is_empty()) else { continue };
        let secret = EncodingKey::from_secret(public.as_bytes());
        let signer = (DEFAULT_PROVIDER.signer_factory)(&Algorithm::HS256, &secret).expect("a secret");
        let message = message("HS256");
        let signature =
            BASE64_URL_SAFE_NO_PAD.encode(signer.try_sign(message.as_bytes()).expect("a signature"));
        assert!(
            !set.accepts(&format!("{message}.{signature}")),
            "what everybody knows is taken for a secret"
        );
    }
}
