//! An issuer that is away says nothing about its tokens.

use channels_actix::*;

use super::*;

const TRY_AGAIN: (u16, &str) = (1013, "try again later");

async fn closed(site: &Site, token: &str) -> (u16, String) {
    site.refusal(&format!("?token={token}")).await
}

#[tokio::test]
async fn while_the_issuer_is_down_from_the_start_a_socket_is_1013_and_then_it_is_let_in() {
    let signer = Signer::new("1");
    let mut issuer = Issuer::publishing(&[&signer]);
    issuer.stop().await;
    let (jwt, clock) = trusting(&issuer);
    let site = Site::taking(&jwt);

    for token in [signer.token(), signer.token_by(None), signer.token_by(Some("made up"))] {
        assert_eq!(closed(&site, &token).await, (TRY_AGAIN.0, TRY_AGAIN.1.to_owned()));
    }

    issuer.start();
    clock.moves_on(5);
    assert_eq!(site.greeting(&format!("?token={}", signer.token()), &[]).await, "hello Ann");
}

#[tokio::test]
async fn what_no_issuer_publishes_a_key_for_is_bad_whether_it_is_there_or_not() {
    let mut issuer = Issuer::publishing(&[]);
    issuer.stop().await;
    let jwt = trusting(&issuer).0;

    assert_bad(&jwt, &super::super::token(7)).await;
    // {"alg":"none"}
    assert_bad(&jwt, "eyJhbGciOiJub25lIn0.e30.").await;
}

#[tokio::test]
async fn the_keys_go_on_while_the_issuer_is_down_until_they_are_too_old() {
    let signer = Signer::new("1");
    let mut issuer = Issuer::publishing(&[&signer]);
    let (jwt, clock) = trusting(&issuer);
    let site = Site::taking(&jwt);
    assert_good(&jwt, &signer.token()).await;

    issuer.stop().await;
    clock.moves_on(24 * 60 * 60 - 10);
    assert_good(&jwt, &signer.token()).await;
    assert_bad(&jwt, &Signer::new("1").token()).await;

    // a token by a new key may be good
    assert_eq!(closed(&site, &Signer::new("2").token()).await, (TRY_AGAIN.0, TRY_AGAIN.1.to_owned()));

    clock.moves_on(10);
    assert_eq!(closed(&site, &signer.token()).await, (TRY_AGAIN.0, TRY_AGAIN.1.to_owned()));

    issuer.start();
    clock.moves_on(30);
    assert_good(&jwt, &signer.token()).await;
}

#[tokio::test]
async fn how_long_they_go_on_can_be_said() {
    let signer = Signer::new("1");
    let mut issuer = Issuer::publishing(&[&signer]);
    let clock = Later::default();
    let jwt = Jwt::jwks(clock.on(Jwks::url(&issuer.url()).unwrap().keep_for(Duration::from_secs(3600))));
    assert_good(&jwt, &signer.token()).await;

    issuer.stop().await;
    clock.moves_on(3600);

    assert_eq!(why_not_now(&jwt, &signer.token()).await, "the issuer's keys cannot be loaded");
}

#[tokio::test]
async fn an_issuer_that_is_down_is_asked_again_no_oftener_than_one_that_is_up() {
    let signer = Signer::new("1");
    let issuer = Issuer::publishing(&[&signer]);
    let (jwt, clock) = trusting(&issuer);
    assert_good(&jwt, &signer.token()).await;
    issuer.answers(Answer::status(503));
    clock.moves_on(30);

    for number in 0..100 {
        let made_up = signer.token_by(Some(&format!("made up {number}")));
        assert!(why_not_now(&jwt, &made_up).await.ends_with("it answers with status 503"));
    }

    assert_eq!(issuer.asked(), 2);
    assert_good(&jwt, &signer.token()).await;
}

#[tokio::test]
async fn keys_that_the_issuer_took_back_verify_nothing_even_if_it_has_no_others() {
    let signer = Signer::new("1");
    let issuer = Issuer::publishing(&[&signer]);
    let (jwt, clock) = trusting(&issuer);
    assert_good(&jwt, &signer.token()).await;

    issuer.publishes(&[]);
    clock.moves_on(30);

    for token in [signer.token_by(Some("2")), signer.token(), signer.token_by(None)] {
        assert_eq!(why_not_now(&jwt, &token).await, "the set has no key that can verify a token");
    }
}
