//! What was revoked without a word is noticed.

use std::time::{Duration, SystemTime};

use channels_actix::*;

use super::{HOUR, Site, jwt, lives, open, revoked, stored};
use crate::support::{Client, log::Lines, until};

const OFTEN: Duration = Duration::from_millis(20);

#[tokio::test]
async fn what_is_deleted_from_a_table_closes_its_sockets_and_no_others() {
    let site = stored::Site::new(|auth| auth.recheck(OFTEN)).await;
    let (knox, _) = site.knox.create(7).await.unwrap();
    let drf = site.drf.create(7).await.unwrap();
    let session = site.log_in(7).await;
    let mut others = [
        site.open(&site.knox.create(11).await.unwrap().0).await,
        site.open(&site.drf.create(11).await.unwrap()).await,
        site.open_with_cookie(&site.log_in(11).await).await,
    ];

    let mut tabs = [site.open(&knox).await, site.open(&knox).await];
    site.sql("DELETE FROM knox_authtoken WHERE user_id = 7").await;
    for tab in &mut tabs {
        assert_eq!(tab.closed().await, revoked());
    }
    let mut tab = site.open(&drf).await;
    site.sql("DELETE FROM authtoken_token WHERE user_id = 7").await;
    assert_eq!(tab.closed().await, revoked());
    let mut tab = site.open_with_cookie(&session).await;
    let key = session.split('=').nth(1).unwrap();
    site.delete_session(key).await;
    assert_eq!(tab.closed().await, revoked());

    for other in &mut others {
        lives(other).await;
    }
}

#[tokio::test]
async fn a_user_who_may_not_log_in_any_more_loses_all_sockets() {
    let site = stored::Site::new(|auth| auth.recheck(OFTEN)).await;
    let mut tabs = [
        site.open(&site.knox.create(7).await.unwrap().0).await,
        site.open(&site.drf.create(7).await.unwrap()).await,
        site.open_with_cookie(&site.log_in(7).await).await,
    ];
    let mut other = site.open(&site.knox.create(11).await.unwrap().0).await;

    site.sql("UPDATE auth_user SET is_active = FALSE WHERE id = 7").await;

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, revoked());
    }
    lives(&mut other).await;
}

#[tokio::test]
async fn a_session_ends_with_the_password_it_was_made_with_and_a_token_does_not() {
    let site = stored::Site::new(|auth| auth.recheck(OFTEN)).await;
    let mut token = site.open(&site.knox.create(7).await.unwrap().0).await;
    let mut session = site.open_with_cookie(&site.log_in(7).await).await;

    site.sql("UPDATE auth_user SET password = 'md5$x$another' WHERE id = 7").await;

    assert_eq!(session.closed().await, revoked());
    lives(&mut token).await;
}

#[tokio::test]
async fn a_row_that_ends_sooner_than_it_said_is_expired() {
    let site = stored::Site::new(|auth| auth.recheck(OFTEN)).await;
    let mut token = site.open(&site.knox.create(7).await.unwrap().0).await;
    let mut session = site.open_with_cookie(&site.log_in(7).await).await;

    site.sql("UPDATE knox_authtoken SET expiry = '2025-01-01 00:00:00'").await;
    site.sql("UPDATE django_session SET expire_date = '2025-01-01 00:00:00'").await;

    for tab in [&mut token, &mut session] {
        assert_eq!(tab.closed().await, (4001, "token expired".into()));
    }
}

#[tokio::test]
async fn where_expiry_is_ignored_a_token_that_is_over_lives_until_its_row_is_gone() {
    let site = stored::Site::new(|auth| auth.ignore_expiry().recheck(OFTEN)).await;
    let (token, _) = site.knox.create(7).await.unwrap();
    let (ended, _) = site.knox.create(11).await.unwrap();
    let mut tab = site.open(&token).await;
    let mut witness = site.open(&ended).await;

    site.sql("UPDATE knox_authtoken SET expiry = '2025-01-01 00:00:00' WHERE user_id = 7").await;
    // a round of looking has come and gone when this one is closed
    site.sql("DELETE FROM knox_authtoken WHERE user_id = 11").await;
    assert_eq!(witness.closed().await, revoked());
    lives(&mut tab).await;
    site.sql("DELETE FROM knox_authtoken WHERE user_id = 7").await;

    assert_eq!(tab.closed().await, revoked());
}

#[tokio::test]
async fn where_expiry_is_ignored_what_was_to_end_is_still_looked_at() {
    let site = Site::new(|auth| auth.ignore_expiry().recheck(OFTEN).clock(|| SystemTime::now() + 2 * HOUR));
    let server = site.serve();
    site.keys.put("key_7_a", Some(SystemTime::now() + HOUR));
    let mut tab = open(&server, "key_7_a").await;

    site.keys.remove("key_7_a");

    assert_eq!(tab.closed().await, revoked());
}

#[tokio::test]
async fn a_database_in_trouble_closes_no_socket() {
    let lines = Lines::captured();
    let site = stored::Site::new(|auth| auth.recheck(OFTEN)).await;
    let (token, _) = site.knox.create(7).await.unwrap();
    let mut tab = site.open(&token).await;

    site.sql("ALTER TABLE knox_authtoken RENAME TO away").await;
    until("it is noticed", || !lines.with("no such table: knox_authtoken").is_empty()).await;
    lives(&mut tab).await;
    site.sql("ALTER TABLE away RENAME TO knox_authtoken").await;
    site.knox.revoke(&token).await.unwrap();

    assert_eq!(tab.closed().await, revoked());
}

#[tokio::test]
async fn credentials_are_asked_about_some_hundred_at_a_time_and_each_once() {
    let site = Site::new(|auth| auth.recheck(OFTEN));
    let server = site.serve();
    let mut tabs: Vec<Client> = Vec::new();
    for number in 0..=500 {
        let key = format!("key_7_{number}");
        site.keys.put(&key, None);
        tabs.push(open(&server, &key).await);
    }
    // a second tab of one, and what there is nothing to ask about
    tabs.push(open(&server, "key_7_0").await);
    tabs.push(open(&server, &jwt(7, 1)).await);

    until("all are asked about", || site.keys.queries().ends_with(&[500, 1])).await;
    assert!(site.keys.queries().iter().all(|&size| size <= 500));
    site.keys.remove("key_7_0");

    assert_eq!(tabs[0].closed().await, revoked());
    assert_eq!(tabs[501].closed().await, revoked());
    for tab in [1, 500, 502] {
        lives(&mut tabs[tab]).await;
    }
}

/// Panics when it is asked again.
struct Brittle;

#[async_trait]
impl Authenticator for Brittle {
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
        Ok((credential.expose() == "brittle").then(|| Identity::new(7)))
    }

    async fn recheck(&self, _: &[&Credential]) -> Result<Vec<Standing>, AuthError> {
        panic!("an authenticator with a mistake")
    }
}

#[tokio::test]
async fn an_authenticator_that_panics_closes_no_socket_and_keeps_no_other_from_being_asked() {
    let site = Site::new(|auth| auth.accept(Brittle).recheck(OFTEN));
    let server = site.serve();
    site.keys.put("key_7_a", None);
    let mut tab = open(&server, "brittle").await;
    let mut other = open(&server, "key_7_a").await;

    until("the other is asked about, twice", || site.keys.queries().len() > 1).await;
    lives(&mut tab).await;
    site.keys.remove("key_7_a");

    assert_eq!(other.closed().await, revoked());
    lives(&mut tab).await;
}

#[test]
#[should_panic(expected = "all the time")]
fn an_interval_of_nothing_is_found_at_start_up() {
    let _stack = TokenAuth::stateless().recheck(Duration::ZERO);
}
