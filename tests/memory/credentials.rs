//! What a credential that is made to hurt may take of memory, and of time.

use std::time::{Duration, Instant};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use channels_actix::*;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use super::{ALLOCATED, alone};

const SECRET: &str = "s3cr3t-of-the-site";

/// As much of memory as a refusal may take, beside the credential itself: that is what came over the wire.
const MEMORY: usize = 1 << 20;

async fn every_kind() -> TokenAuth<Stateless> {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let knox = Knox::new(database.clone()).users(UserTable::elsewhere());
    let drf = DrfToken::new(database).users(UserTable::elsewhere());
    knox.create_table().await.unwrap();
    drf.create_table().await.unwrap();
    TokenAuth::stateless()
        .accept(knox)
        .accept(drf)
        .accept(Ticket::new(Tickets::in_memory()))
        .accept(Jwt::hs256(SECRET))
}

/// Text of this length that no two places of look alike.
fn noise(length: usize, alphabet: &[u8]) -> String {
    let letter = |at: usize| char::from(alphabet[(at * at + at / 7) % alphabet.len()]);
    (0..length).map(letter).collect()
}

/// A JSON Web Token of these parts, signed with the site's own secret: nothing but what is in it is wrong.
fn signed(header: &str, payload: &str) -> String {
    let [header, payload] = [header, payload].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let message = format!("{header}.{payload}");
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn hostile() -> Vec<(&'static str, String)> {
    const HEX: &[u8] = b"0123456789abcdef";
    const URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let header = r#"{"alg":"HS256"}"#;
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let claims = json!({ "token_type": "access", "exp": 4_102_444_800_u64, "jti": noise(64 << 10, URL), "user_id": 7 });
    let long = encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    vec![
        ("64 KiB of digits", noise(64 << 10, HEX)),
        ("1 MiB of digits, as much as a first message may be", noise(1 << 20, HEX)),
        ("a ticket of 64 KiB", format!("tkt_{}", noise(64 << 10, URL))),
        ("a good JSON Web Token of 64 KiB", long),
        (
            "a header of 64 KiB",
            signed(&format!(r#"{{"alg":"HS256","kid":"{}"}}"#, noise(64 << 10, URL)), "{}"),
        ),
        (
            "a key's name of 4 KiB",
            signed(&format!(r#"{{"alg":"HS256","kid":"{}"}}"#, noise(4 << 10, URL)), "{}"),
        ),
        ("10,000 arrays in each other", signed(header, &nested(10_000))),
        ("as many as fit", signed(header, &nested(2_800))),
        ("as many in the header", signed(&nested(2_800), "{}")),
        ("as many in a claim", signed(header, &format!(r#"{{"exp":{}}}"#, nested(2_700)))),
        (
            "128 objects in each other",
            signed(header, &format!("{}1{}", r#"{"a":"#.repeat(128), "}".repeat(128))),
        ),
        ("a number of 4,000 digits", signed(header, &format!(r#"{{"exp":{}}}"#, noise(4_000, b"123456789")))),
        ("a number beyond all bounds", signed(header, r#"{"exp":1e999999999}"#)),
        ("2,000 claims of one name", signed(header, &format!("{{{}}}", vec![r#""a":1"#; 900].join(",")))),
        ("dots alone", ".".repeat(64 << 10)),
        ("two dots far apart", format!("{}.{}.", noise(400 << 10, URL), noise(400 << 10, URL))),
        ("NULs", "\0".repeat(64 << 10)),
        ("other alphabets", "\u{1F980}\u{202E}\u{FEFF}é".repeat(8 << 10)),
        ("percent-encoding upon percent-encoding", "%2525".repeat(16 << 10)),
    ]
}

#[tokio::test]
async fn credentials_made_to_hurt_are_refused_at_once_and_memory_stays_flat() {
    let _turn = alone().await;
    let auth = every_kind().await;
    for (what, text) in hostile() {
        let credential = Credential::new(text);
        // what grows once and stays: a connection's statements
        auth.authenticate(&credential).await.unwrap_err();
        ALLOCATED.reset_peak_usage();
        let (before, started) = (ALLOCATED.current_usage(), Instant::now());

        for _ in 0..10 {
            let outcome = auth.authenticate(&credential).await;
            assert!(matches!(outcome, Err(AuthError::Invalid(_))), "{what}: {outcome:?}");
        }

        let grown = ALLOCATED.peak_usage().saturating_sub(before);
        assert!(grown < MEMORY, "{what}: {grown} bytes");
        assert!(started.elapsed() < Duration::from_secs(2), "{what}: {:?}", started.elapsed());
    }
}
