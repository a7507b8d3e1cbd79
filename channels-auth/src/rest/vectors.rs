//! What Django's three authentication classes make of an `Authorization` header.

use std::time::{Duration, UNIX_EPOCH};

use actix_web::{
    http::header::{AUTHORIZATION, HeaderValue},
    test::TestRequest,
};
use serde_json::{Value, json};

use super::RestAuth;
use crate::{
    AuthError, DrfToken, Identity, Jwt, Knox, Source, TokenAuth,
    knox::tests::insert,
    store::tests::{add_user, django},
    vectors,
};

/// The user's id in the database; the vectors have names alone.
const USER: u32 = 629;

/// A stack that has the vectors' credentials, looked for after this word.
async fn auth(scheme: &str, word: &str, tokens: &Value, user: &Value) -> RestAuth<Identity> {
    let token = |kind: &str| tokens[kind].as_str().unwrap().to_owned();
    let database = django().await;
    add_user(&database, &json!({ "id": USER, "username": user, "is_active": true })).await;
    let stack = TokenAuth::stateless();
    let stack = match scheme {
        "knox" => {
            let knox = Knox::new(database);
            insert(&knox, &token("knox"), USER).await;
            stack.accept(knox)
        }
        "drf" => {
            let row =
                "INSERT INTO authtoken_token (key, created, user_id) VALUES ($1, '2025-01-01 00:00:00', $2)";
            let values = vec![token("drf").into(), i64::from(USER).into()];
            database.change(row.to_owned(), values).await.unwrap();
            stack.accept(DrfToken::new(database))
        }
        "jwt" => {
            let now = UNIX_EPOCH + Duration::from_secs(tokens["now"].as_u64().unwrap());
            stack.accept(Jwt::hs256(token("jwt_signing_key")).clock(move || now))
        }
        other => panic!("no scheme {other}"),
    };
    stack.rest().sources([Source::authorization(word)])
}

#[tokio::test]
async fn vectors_of_authorization_headers_are_for_the_same_user_or_nobody() {
    let vectors = vectors::read("authorization_header.json");
    let cases = vectors["cases"].as_array().unwrap();

    for case in cases {
        let scheme = case["scheme"].as_str().unwrap();
        let word = if scheme == "jwt" { "Bearer" } else { "Token" };
        let word = case["settings"]["AUTH_HEADER_PREFIX"].as_str().unwrap_or(word);
        let auth = auth(scheme, word, &vectors["tokens"], &vectors["user"]).await;
        let mut request = TestRequest::default();
        if let Some(header) = case["header"].as_str() {
            let bytes: Vec<_> = header.chars().map(|byte| u8::try_from(byte).unwrap()).collect();
            // what no header can be, actix refuses before us
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { continue };
            request = request.insert_header((AUTHORIZATION, value));
        }

        let outcome = auth.authenticate(&request.to_http_request()).await;

        let said = case["header"].as_str().and_then(|header| header.split_whitespace().next());
        if scheme == "jwt" && said.is_some_and(|said| said != word && said.eq_ignore_ascii_case(word)) {
            // SimpleJWT alone insists on the case of its word; schemes have none (RFC 9110 section 11.1)
            assert!(outcome.is_ok(), "{case}");
        } else if case["user"].is_null() {
            // what is for somebody else is no credential of ours
            let fits = match &outcome {
                Err(AuthError::Missing) => true,
                Err(AuthError::Invalid(_)) => case["refused"] == true,
                _ => false,
            };
            assert!(fits, "{case}: {outcome:?}");
        } else {
            outcome.unwrap_or_else(|error| panic!("{case}: {error}"));
        }
    }
    assert!(cases.len() >= 60, "only {} cases", cases.len());
}
