use std::time::{Duration, SystemTime};

use channels_actix::{testing::WebsocketCommunicator, *};
use tokio::time::{Instant, advance, pause};

use super::{HOUR, Site, jwt_until, open, seconds};

/// A clock that goes as tokio's does, which a test moves.
fn clock() -> impl Fn() -> SystemTime + Clone + Send + Sync + 'static {
    let (start, began) = (SystemTime::now(), Instant::now());
    move || start + began.elapsed()
}

async fn connect(site: &Site, token: &str) -> WebsocketCommunicator {
    let path = format!("/ws/?token={token}");
    let mut tab = WebsocketCommunicator::connect(&site.channels, &path).await.unwrap();
    assert_eq!(tab.receive_text().await, "hello Ann");
    tab
}

async fn lives(tab: &mut WebsocketCommunicator) {
    tab.send_text("still here?").await;
    assert_eq!(tab.receive_text().await, "still here?");
}

#[tokio::test]
async fn a_socket_is_closed_with_4001_when_its_token_expires() {
    let site = Site::new(|auth| auth);
    let server = site.serve();

    let mut client = open(&server, &jwt_until(7, 1, SystemTime::now() + Duration::from_secs(2))).await;

    assert_eq!(client.closed().await, (4001, "token expired".into()));
}

#[actix_web::test]
async fn a_socket_stays_open_until_its_token_expires_however_long_that_is() {
    pause();
    let now = clock();
    let site = Site::new(|auth| auth.clock(now.clone()));
    let mut tab = connect(&site, &jwt_until(7, 1, now() + 100 * HOUR)).await;

    advance(100 * HOUR - Duration::from_secs(5)).await;
    lives(&mut tab).await;
    advance(Duration::from_secs(5)).await;

    assert_eq!(tab.receive_close().await, CloseCode::UNAUTHENTICATED);
}

#[actix_web::test]
async fn a_socket_whose_credential_does_not_end_or_may_end_stays_open() {
    pause();
    let now = clock();
    let site = Site::new(|auth| auth.clock(now.clone()));
    site.keys.put("key_7_a", None);
    let mut endless = connect(&site, "key_7_a").await;
    let ignoring = Site::new(|auth| auth.clock(now.clone()).ignore_expiry());
    let mut ignored = connect(&ignoring, &jwt_until(7, 1, now() + HOUR)).await;

    advance(1_000 * HOUR).await;

    lives(&mut endless).await;
    lives(&mut ignored).await;
}

#[actix_web::test]
async fn a_credential_whose_end_was_put_off_in_its_store_keeps_its_socket_until_then() {
    pause();
    let now = clock();
    let site = Site::new(|auth| auth.clock(now.clone()));
    site.keys.put("key_7_a", Some(now() + HOUR));
    let mut tab = connect(&site, "key_7_a").await;
    let end = now() + 2 * HOUR;
    site.keys.put("key_7_a", Some(end));

    advance(HOUR + Duration::from_secs(1)).await;
    lives(&mut tab).await;
    tab.send_text("expires").await;
    assert_eq!(tab.receive_json::<u64>().await, seconds(end));
    advance(HOUR).await;

    assert_eq!(tab.receive_close().await, CloseCode::UNAUTHENTICATED);
    assert_eq!(site.keys.queries(), [1, 1]);
}

#[actix_web::test]
async fn where_the_store_cannot_be_asked_a_socket_ends_with_1013_so_that_the_client_keeps_its_token() {
    pause();
    let now = clock();
    let site = Site::new(|auth| auth.clock(now.clone()));
    site.keys.put("key_7_a", Some(now() + HOUR));
    let mut tab = connect(&site, "key_7_a").await;

    site.keys.set_down(true);
    advance(HOUR + Duration::from_secs(1)).await;

    assert_eq!(tab.receive_close().await, CloseCode::TRY_AGAIN);
}

#[actix_web::test]
async fn the_leeway_of_a_token_is_its_sockets_too() {
    pause();
    let now = clock();
    let site = Site::new(|_| {
        let jwt = Jwt::hs256(super::SECRET).leeway(Duration::from_secs(30)).clock(now.clone());
        TokenAuth::new(super::Users).accept(jwt).clock(now.clone())
    });
    let expired = jwt_until(7, 1, now() - Duration::from_secs(10));
    let mut tab = connect(&site, &expired).await;

    advance(Duration::from_secs(15)).await;
    lives(&mut tab).await;
    advance(Duration::from_secs(10)).await;

    assert_eq!(tab.receive_close().await, CloseCode::UNAUTHENTICATED);
}

#[actix_web::test]
async fn a_visitors_socket_is_not_concerned() {
    pause();
    let site = Site::new(TokenAuth::or_anonymous);
    let mut tab = WebsocketCommunicator::connect(&site.channels, "/ws/").await.unwrap();
    assert_eq!(tab.receive_text().await, "hello nobody");

    advance(1_000 * HOUR).await;

    lives(&mut tab).await;
    tab.send_text("expires").await;
    assert_eq!(tab.receive_text().await, "null");
}
