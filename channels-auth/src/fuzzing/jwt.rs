//! Any bytes as a JSON Web Token, and any claims in one that is signed.

use std::{
    collections::HashMap,
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::rust_crypto::DEFAULT_PROVIDER};
use serde_json::{Map, Value};

use crate::{AuthError, Authenticator, Credential, Identity, Jwt, JwtKey};

const NOW: u64 = 1_800_000_000;
const SECRET: &[u8] = b"s3cr3t-of-the-site";

/// The key pair of RFC 8037 appendix A.
const ED25519: &[u8] = b"-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const ED25519_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

/// What the tokens claim that are signed here; all the private key ever signs.
const SIGNED: &str = r#"{"token_type":"access","exp":1800000300,"jti":"1","user_id":7}"#;

static JWT: LazyLock<Jwt> = LazyLock::new(|| {
    let eddsa = JwtKey::eddsa(ED25519_PUBLIC).expect("a key");
    let now = || UNIX_EPOCH + Duration::from_secs(NOW);
    Jwt::hs256(SECRET).or_key(eddsa).clock(now)
});

/// The one token of each algorithm that is signed, before it is changed.
static TOKENS: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
    let ed25519 = EncodingKey::from_ed_pem(ED25519).expect("a key");
    let of = |name, algorithm, key: &EncodingKey| {
        let header = format!(r#"{{"typ":"JWT","alg":"{name}"}}"#);
        (name, signed(header.as_bytes(), SIGNED.as_bytes(), algorithm, key))
    };
    HashMap::from([
        of("HS256", Algorithm::HS256, &EncodingKey::from_secret(SECRET)),
        of("EdDSA", Algorithm::EdDSA, &ed25519),
    ])
});

/// The input: what it is, then
/// - a token: accepted only with a signature of the secret, or of the key for the one message it signed;
/// - changes to a signed token, places and bytes: no other message is accepted, nor another signature;
/// - a header and claims, a line each, to be signed: accepted if and only if they are as they have to be.
pub fn jwt(data: &[u8]) {
    let Some((&what, rest)) = data.split_first() else { return };
    match what % 4 {
        0 => {
            let Ok(text) = std::str::from_utf8(rest) else { return };
            let outcome = asked(text);
            if let Ok(Some(_)) = outcome {
                assert!(is_signed(text), "it is accepted, and nobody signed it");
            }
            assert_secret(&outcome, text);
        }
        1 => assert_no_change_is_accepted("HS256", rest),
        2 => assert_no_change_is_accepted("EdDSA", rest),
        _ => assert_claims(rest),
    }
}

fn asked(token: &str) -> Result<Option<Identity>, AuthError> {
    let credential = Credential::new(token);
    // nothing in there ever waits
    match pin!(JWT.authenticate(&credential)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("to check a token takes no waiting"),
    }
}

fn sign(message: &[u8], algorithm: Algorithm, key: &EncodingKey) -> String {
    let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm, key).expect("a key of its kind");
    BASE64_URL_SAFE_NO_PAD.encode(signer.try_sign(message).expect("a signature"))
}

fn signed(header: &[u8], payload: &[u8], algorithm: Algorithm, key: &EncodingKey) -> String {
    let message = [header, payload].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = sign(message.as_bytes(), algorithm, key);
    format!("{message}.{signature}")
}

/// Whether its message has the secret's own signature, or is the one that was signed with the private key.
fn is_signed(token: &str) -> bool {
    let Some((message, signature)) = token.rsplit_once('.') else { return false };
    let mac = sign(message.as_bytes(), Algorithm::HS256, &EncodingKey::from_secret(SECRET));
    signature.trim_end_matches('=') == mac || TOKENS["EdDSA"].starts_with(&format!("{message}."))
}

/// The token is in no error.
fn assert_secret(outcome: &Result<Option<Identity>, AuthError>, token: &str) {
    if let Err(error) = outcome {
        let shown = format!("{error} {error:?}");
        assert!(token.len() < 16 || !shown.contains(token), "{shown}");
    }
}

/// The changes: a place and what is XORed there, and so on.
fn assert_no_change_is_accepted(algorithm: &str, changes: &[u8]) {
    let token = &TOKENS[algorithm];
    let mut bytes = token.clone().into_bytes();
    for change in changes.chunks_exact(2) {
        let at = usize::from(change[0]) % bytes.len();
        bytes[at] ^= change[1] & 0x7f;
    }
    let changed = String::from_utf8(bytes).expect("ASCII stays ASCII");

    let accepted = matches!(asked(&changed), Ok(Some(_)));

    assert_eq!(accepted, changed == *token, "{changed} for {token}");
}

fn assert_claims(lines: &[u8]) {
    let at = lines.iter().position(|byte| *byte == b'\n').unwrap_or(lines.len());
    let (header, payload) = (&lines[..at], lines.get(at + 1..).unwrap_or_default());
    let token = signed(header, payload, Algorithm::HS256, &EncodingKey::from_secret(SECRET));

    let outcome = asked(&token);

    let object = |text| serde_json::from_slice::<Map<String, Value>>(text).ok();
    let expected = match (object(header), object(payload)) {
        (Some(header), Some(claims)) if token.len() <= 8 * 1024 && header_will_do(&header) => {
            user_of(&claims)
        }
        _ => None,
    };
    assert_eq!(outcome.as_ref().ok().and_then(Option::as_ref).map(|of| of.user_id.clone()), expected);
    assert_secret(&outcome, &token);
}

fn header_will_do(header: &Map<String, Value>) -> bool {
    header.get("alg") == Some(&Value::from("HS256"))
        && !header.contains_key("crit")
        && header.get("b64") != Some(&Value::Bool(false))
        && header.get("kid").is_none_or(Value::is_string)
}

/// The user, if the claims are those of an access token of SimpleJWT's that is valid now.
fn user_of(claims: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| claims.get(name).is_none_or(Value::is_string);
    let time = |name: &str| {
        // the years -9999 to 9999
        let within = |seconds: &f64| seconds.trunc().abs() <= 253_402_300_799.0;
        claims.get(name).map(|time| time.as_f64().filter(within).ok_or(()))
    };
    let (now, begin) = (NOW as f64, |name| time(name).unwrap_or(Ok(0.0)));
    let valid = begin("iat").ok()?.trunc() <= now
        && begin("nbf").ok()?.trunc() <= now
        && time("exp")?.ok()?.trunc() > now;
    let typed = claims.get("token_type") == Some(&Value::from("access"));
    let named = claims.contains_key("jti") && text("jti") && text("sub");
    let user = match claims.get("user_id")? {
        Value::String(id) => id.clone(),
        Value::Number(id) if id.is_i64() || id.is_u64() => id.to_string(),
        Value::Number(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (valid && typed && named && !user.is_empty()).then_some(user)
}
