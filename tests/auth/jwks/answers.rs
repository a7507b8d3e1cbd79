//! What an issuer may answer, and what is no set of keys.

use actix_web::http::header::LOCATION;
use channels_actix::*;
use serde_json::json;

use super::*;
#[cfg(feature = "rustls")]
use crate::support::tls::Certificate;

#[tokio::test]
async fn what_is_no_set_of_keys_is_1013_and_says_why_in_the_log() {
    let signer = Signer::new("1");
    let many = vec![signer.public(); 101];
    let of_no_use = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "kid": "1" }] }).to_string();
    for (answer, why) in [
        (Answer::ok(""), "this is no set of keys: it has to be a JSON object with the member `keys`"),
        (Answer::ok("<html>"), "this is no set of keys: it has to be a JSON object with the member `keys`"),
        (
            Answer::ok("[".repeat(100_000)),
            "this is no set of keys: it has to be a JSON object with the member `keys`",
        ),
        (Answer::ok(" ".repeat(256 * 1024 + 1)), "the set of keys is larger than 256 KiB"),
        (Answer::ok(json!({ "keys": many }).to_string()), "the set has 101 keys, of which 100 are too many"),
        (Answer::ok(of_no_use), "the set has no key that can verify a token"),
        (Answer::status(500), "the issuer's keys cannot be loaded: it answers with status 500"),
        (Answer::status(204), "the issuer's keys cannot be loaded: it answers with status 204"),
    ] {
        let issuer = Issuer::answering(answer, None);

        assert_eq!(why_not_now(&trusting(&issuer).0, &signer.token()).await, why);
    }
}

#[tokio::test]
async fn a_set_at_the_limit_is_read() {
    let signer = Signer::new("1");
    let set = issuer::set(&[&signer]);
    let body = format!("{}{set}", " ".repeat(256 * 1024 - set.len()));

    let issuer = Issuer::answering(Answer::ok(body), None);

    assert_good(&trusting(&issuer).0, &signer.token()).await;
}

#[tokio::test]
async fn what_is_no_set_leaves_the_keys_as_they_are() {
    let signer = Signer::new("1");
    let issuer = Issuer::publishing(&[&signer]);
    let (jwt, clock) = trusting(&issuer);
    assert_good(&jwt, &signer.token()).await;

    issuer.answers(Answer::ok("{}"));
    clock.moves_on(30);

    why_not_now(&jwt, &signer.token_by(Some("2"))).await;
    assert_good(&jwt, &signer.token()).await;
}

#[tokio::test]
async fn a_redirect_is_followed_to_where_keys_may_come_from() {
    let signer = Signer::new("1");
    let issuer = Issuer::publishing(&[&signer]);
    let redirect = |to: &str| Issuer::answering(Answer::status(302).header(LOCATION, to), None);

    assert_good(&trusting(&redirect(&issuer.url())).0, &signer.token()).await;

    let to_itself = Issuer::answering(Answer::status(302).header(LOCATION, "/again"), None);
    for elsewhere in [&redirect("http://192.0.2.1/jwks"), &redirect("ftp://localhost/"), &to_itself] {
        let why = why_not_now(&trusting(elsewhere).0, &signer.token()).await;
        assert_eq!(why, "the issuer's keys cannot be loaded");
    }
    assert_eq!(to_itself.asked(), 4);
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn over_tls_the_issuer_shows_a_certificate_that_is_trusted() {
    let signer = Signer::new("1");
    let certificate = Certificate::new();
    let issuer = Issuer::answering(Answer::ok(issuer::set(&[&signer])), Some(certificate.server()));
    let untrusting = Jwks::url(&issuer.url()).unwrap();
    let trusting = untrusting.clone().tls_root(certificate.pem()).unwrap();

    assert_good(&Jwt::jwks(trusting), &signer.token()).await;
    for keys in [untrusting.clone(), untrusting.tls_root(Certificate::new().pem()).unwrap()] {
        assert_eq!(
            why_not_now(&Jwt::jwks(keys), &signer.token()).await,
            "the issuer's keys cannot be loaded"
        );
    }
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn a_redirect_does_not_leave_tls() {
    let signer = Signer::new("1");
    let certificate = Certificate::new();
    let plain = Issuer::publishing(&[&signer]);
    let answer = Answer::status(307).header(LOCATION, plain.url());
    let issuer = Issuer::answering(answer, Some(certificate.server()));
    let keys = Jwks::url(&issuer.url()).unwrap().tls_root(certificate.pem()).unwrap();

    assert_eq!(why_not_now(&Jwt::jwks(keys), &signer.token()).await, "the issuer's keys cannot be loaded");
    assert_eq!(plain.asked(), 0);
}
