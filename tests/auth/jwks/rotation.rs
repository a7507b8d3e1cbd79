//! Keys that change, and who waits for them.

use actix_web::http::header::CACHE_CONTROL;
use channels_actix::*;
use tokio::{io::AsyncReadExt, net::TcpListener};

use super::*;
use crate::support::{soon, until};

#[tokio::test]
async fn a_token_by_a_key_of_the_issuers_opens_a_socket_and_one_by_anybody_elses_does_not() {
    let (ours, theirs) = (Signer::new("2026-11"), Signer::new("2026-11"));
    let issuer = Issuer::publishing(&[&Signer::new("2026-10"), &ours]);
    let site = Site::taking(&trusting(&issuer).0);

    for (token, code) in [(theirs.token(), 4001), (ours.token_by(Some("2026-10")), 4001)] {
        assert_eq!(site.refusal(&format!("?token={token}")).await, (code, "bad token".into()));
    }
    for token in [ours.token(), ours.token_by(None)] {
        assert_eq!(site.greeting(&format!("?token={token}"), &[]).await, "hello Ann");
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_loaded_for_the_first_token_by_it_and_the_old_one_is_gone() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let issuer = Issuer::publishing(&[&old]);
    let (jwt, clock) = trusting(&issuer);
    assert_good(&jwt, &old.token()).await;

    issuer.publishes(&[&new]);
    clock.moves_on(30);

    assert_good(&jwt, &new.token()).await;
    assert_bad(&jwt, &old.token()).await;
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_new_key_without_a_name_is_loaded_too() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let issuer = Issuer::publishing(&[&old]);
    let (jwt, clock) = trusting(&issuer);
    assert_good(&jwt, &old.token_by(None)).await;

    issuer.publishes(&[&new]);
    clock.moves_on(30);

    assert_good(&jwt, &new.token_by(None)).await;
}

#[tokio::test]
async fn whoever_makes_up_names_of_keys_has_the_issuer_asked_once() {
    let signer = Signer::new("1");
    let issuer = Issuer::publishing(&[&signer]);
    let (jwt, clock) = trusting(&issuer);
    assert_good(&jwt, &signer.token()).await;
    clock.moves_on(30);

    let made_up = (0..500).map(|number| {
        let (jwt, token) = (jwt.clone(), signer.token_by(Some(&format!("made up {number}"))));
        tokio::spawn(async move { assert_bad(&jwt, &token).await })
    });
    for one in made_up.collect::<Vec<_>>() {
        one.await.unwrap();
    }

    assert_eq!(issuer.asked(), 2);
    clock.moves_on(29);
    assert_bad(&jwt, &signer.token_by(Some("made up"))).await;
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn all_who_come_first_wait_for_one_request() {
    let signer = Signer::new("1");
    let issuer = Issuer::publishing(&[&signer]);
    let (jwt, _) = trusting(&issuer);

    let first = (0..50).map(|_| {
        let (jwt, token) = (jwt.clone(), signer.token());
        tokio::spawn(async move { assert_good(&jwt, &token).await })
    });
    for one in first.collect::<Vec<_>>() {
        one.await.unwrap();
    }

    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn keys_are_loaded_again_when_they_are_due_and_nobody_waits_for_that() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    for (said, seconds) in [
        ("public", 600),
        ("public, MAX-AGE=120", 120),
        ("max-age=0", 60),
        ("max-age=86400", 3_600),
        ("max-age=x", 600),
    ] {
        let issuer = Issuer::publishing(&[]);
        issuer.answers(Answer::ok(issuer::set(&[&old])).header(CACHE_CONTROL, said));
        let (jwt, clock) = trusting(&issuer);
        assert_good(&jwt, &old.token()).await;
        issuer.hangs();
        issuer.publishes(&[&new]);

        clock.moves_on(seconds - 5);
        assert_good(&jwt, &old.token()).await;
        assert_eq!(issuer.asked(), 1, "{said}");
        clock.moves_on(5);
        assert_good(&jwt, &old.token()).await;

        until("the keys are asked for", || issuer.asked() == 2).await;
        assert_good(&jwt, &old.token()).await;
        issuer.goes_on();
        assert_good(&jwt, &new.token()).await;
        assert_bad(&jwt, &old.token()).await;
    }
}

#[tokio::test]
async fn rules_of_two_audiences_share_their_issuers_keys() {
    let signer = Signer::new("1");
    let issuer = Issuer::publishing(&[&signer]);
    let (jwt, _) = trusting(&issuer);

    assert_good(&jwt, &signer.token()).await;
    assert_bad(&jwt.clone().audience("chat"), &signer.token()).await;
    assert_bad(&jwt.issuer("https://id.example.com"), &signer.token()).await;

    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_key_of_ones_own_stands_beside_those_of_the_issuer() {
    let signer = Signer::new("1");
    let issuer = Issuer::publishing(&[&signer]);
    let jwt = trusting(&issuer).0.or_key(JwtKey::hs256(super::super::SECRET));

    assert_good(&jwt, &signer.token()).await;
    assert_good(&jwt, &super::super::token(7)).await;
    assert_bad(&jwt, &super::super::signed("another secret", &serde_json::json!({}))).await;
}

#[tokio::test]
async fn with_the_last_clone_the_request_that_is_under_way_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let jwt = Jwt::jwks(Jwks::url(&url).unwrap());
    let clone = jwt.clone();
    let (mut asks, _) = soon("the keys are asked for", listener.accept()).await.unwrap();

    drop(jwt);
    drop(clone);

    let mut request = Vec::new();
    soon("it ends", asks.read_to_end(&mut request)).await.unwrap();
    assert!(request.is_empty() || request.starts_with(b"GET / HTTP/1.1\r\n"));
}

#[test]
fn keys_are_loaded_on_another_runtime_when_the_first_is_gone() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let issuer = Issuer::publishing(&[&old]);
    let (jwt, clock) = trusting(&issuer);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    runtime().block_on(assert_good(&jwt, &old.token()));
    issuer.publishes(&[&new]);
    clock.moves_on(30);

    runtime().block_on(soon("the other runtime loads them", assert_good(&jwt, &new.token())));
}

#[tokio::test]
async fn an_issuer_that_never_answers_is_given_up_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let site = Site::taking(&Jwt::jwks(Jwks::url(&url).unwrap()));

    // the site waits for nobody longer than its handshake, 300 ms
    let closed =
        soon("the socket is closed", site.refusal(&format!("?token={}", Signer::new("1").token()))).await;

    assert_eq!(closed.0, 1013);
    drop(listener);
}
