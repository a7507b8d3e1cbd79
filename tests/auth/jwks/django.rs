//! Tokens that PyJWT and SimpleJWT signed, with the keys that Python published.

use std::{env, fs};

use channels_actix::*;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::support::{python, run};

/// Prints a set of keys and a token by each, as an identity provider in Python would.
const PROVIDER: &str = include_str!("provider.py");

#[tokio::test]
#[ignore = "needs Django"]
async fn tokens_of_python_are_good_with_the_keys_that_python_published() {
    let provider: Value = serde_json::from_str(&run(python().args(["-c", PROVIDER]))).unwrap();
    let issuer = Issuer::answering(Answer::ok(provider["jwks"].to_string()), None);
    let file = env::temp_dir().join(format!("channels-jwks-{}.json", Uuid::new_v4().simple()));
    fs::write(&file, provider["jwks"].to_string()).unwrap();
    let tokens = provider["tokens"].as_object().unwrap();

    for jwt in [trusting(&issuer).0, Jwt::jwks(Jwks::file(&file))] {
        for (algorithm, token) in tokens {
            let identity = asked(&jwt, token.as_str().unwrap()).await;
            assert_eq!(identity.unwrap().unwrap().user_id, "7", "{algorithm}");
        }
        for forged in provider["forged"].as_array().unwrap() {
            assert_bad(&jwt, forged.as_str().unwrap()).await;
        }
    }

    assert_eq!(tokens.len(), 7);
    fs::remove_file(file).unwrap();
}
