//! Credentials in Django's tables: revoking them deletes them.

use std::time::{Duration, SystemTime};

use actix_web::{http::header, test};
use channels_actix::{testing::TestServer, *};
use sqlx::{AssertSqlSafe, SqlitePool};

use super::{Desk, Users, lives, logged_out_everywhere, revoked};
use crate::{
    auth::session::{KEY, cookie, database},
    support::{Client, channels, soon},
};

/// Time enough to connect, and little more.
const BRIEF: Duration = Duration::from_secs(3);

/// Sockets for what is in Django's tables, where Ann, 7, and Dee, 11, are active.
pub(super) struct Site {
    pub(super) server: TestServer,
    pub(super) pool: SqlitePool,
    pub(super) knox: Knox,
    pub(super) drf: DrfToken,
    pub(super) sessions: Session,
    rest: RestAuth<super::User>,
    revoker: Revoker,
}

impl Site {
    pub(super) async fn new(configure: impl FnOnce(TokenAuth<Users>) -> TokenAuth<Users>) -> Self {
        let pool = database().await;
        let (knox, drf) = (Knox::new(pool.clone()), DrfToken::new(pool.clone()));
        let sessions = Session::new(pool.clone(), KEY);
        let auth = TokenAuth::new(Users).accept(knox.clone()).accept(drf.clone()).accept(sessions.clone());
        let (auth, channels) = (configure(auth), channels());
        let (rest, revoker) = (auth.rest(), auth.revoker(&channels.layer()));
        let server = TestServer::start(&channels.wrap(auth).websocket("/ws/", |_| Ok(Desk)));
        let site = Self { server, pool, knox, drf, sessions, rest, revoker };
        site.sql("INSERT INTO auth_user SELECT 11, 'md5$x$dee', NULL, FALSE, 'dee', '', '', FALSE, TRUE, date_joined, '' FROM auth_user WHERE id = 7").await;
        site
    }

    pub(super) async fn sql(&self, sql: &str) {
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&self.pool).await.unwrap();
    }

    /// Deletes the row of a session, whose key is bound: what is part of a query is logged.
    pub(super) async fn delete_session(&self, key: &str) {
        let delete = sqlx::query("DELETE FROM django_session WHERE session_key = ?");
        delete.bind(key).execute(&self.pool).await.unwrap();
    }

    /// The cookie of who logs in over HTTP.
    pub(super) async fn log_in(&self, user: u32) -> String {
        let mut session = self.sessions.of(&test::TestRequest::default().to_http_request()).await.unwrap();
        cookie(&session.login(user).await.unwrap().into_value())
    }

    pub(super) async fn open(&self, token: &Credential) -> Client {
        super::open(&self.server, token.expose()).await
    }

    pub(super) async fn open_with_cookie(&self, cookie: &str) -> Client {
        let mut client = Client::with_headers(&self.server.url("/ws/"), &[("Cookie", cookie)]).await;
        assert!(client.next_text().await.starts_with("hello "));
        client
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_is_gone_from_its_table_and_its_sockets_are_closed() {
    let site = Site::new(|auth| auth).await;
    let (knox, _) = site.knox.create(7).await.unwrap();
    let (other, _) = site.knox.create(7).await.unwrap();
    let drf = site.drf.create(7).await.unwrap();
    let mut other = site.open(&other).await;

    for token in [&knox, &drf] {
        let mut tab = site.open(token).await;
        assert!(site.revoker.revoke(token).await.unwrap());
        assert_eq!(tab.closed().await, revoked());
        assert_eq!(super::refused(&site.server, token.expose()).await, (4001, "bad token".into()));
        assert!(!site.revoker.revoke(token).await.unwrap());
    }

    assert_eq!(site.knox.list(7).await.unwrap().len(), 1);
    lives(&mut other).await;
}

#[tokio::test]
async fn a_logout_everywhere_deletes_all_tokens_of_the_user_and_closes_sessions_sockets_too() {
    let site = Site::new(|auth| auth).await;
    let (knox, _) = site.knox.create(7).await.unwrap();
    let drf = site.drf.create(7).await.unwrap();
    let (dees, _) = site.knox.create(11).await.unwrap();
    let session = site.log_in(7).await;
    let mut tabs = [site.open(&knox).await, site.open(&drf).await, site.open_with_cookie(&session).await];
    let mut other = site.open(&dees).await;

    site.revoker.logout_everywhere(7).await.unwrap();

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, logged_out_everywhere());
    }
    lives(&mut other).await;
    assert!(site.knox.list(7).await.unwrap().is_empty());
    assert!(!site.drf.revoke_all(7).await.unwrap());
    assert_eq!(site.knox.list(11).await.unwrap().len(), 1);
    // whatever an id looks like, nobody is in the way
    site.revoker.logout_everywhere("no number").await.unwrap();
}

#[tokio::test]
async fn a_request_with_a_session_logs_it_out_with_its_sockets() {
    let site = Site::new(|auth| auth).await;
    let (session, other) = (site.log_in(7).await, site.log_in(7).await);
    let mut tabs = [site.open_with_cookie(&session).await, site.open_with_cookie(&session).await];
    let mut phone = site.open_with_cookie(&other).await;
    let rest = site.rest.clone().sources([Source::cookie("sessionid")]);
    let request = test::TestRequest::default().insert_header((header::COOKIE, session.as_str()));

    let ann = rest.authenticate(&request.to_http_request()).await.unwrap();
    assert!(site.revoker.logout(&ann).await.unwrap());

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, revoked());
    }
    lives(&mut phone).await;
    let mut again = Client::with_headers(&site.server.url("/ws/"), &[("Cookie", &session)]).await;
    assert_eq!(again.closed().await, (4001, "bad token".into()));
}

/// Waits until a consumer knows that its credential has an hour, at the least.
async fn has_an_hour(tab: &mut Client) {
    let hour = super::seconds(SystemTime::now()) + 3_600;
    soon("the end is put off", async {
        loop {
            tab.text("expires").await;
            if tab.next_json().await.as_u64().unwrap() >= hour {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_that_requests_have_refreshed_keeps_its_socket_and_one_that_they_have_not_ends() {
    let site = Site::new(|auth| auth).await;
    let brief = site.knox.clone().token_ttl(BRIEF);
    let [used, unused] = [brief.create(7).await.unwrap().0, brief.create(7).await.unwrap().0];
    let (mut tab, mut other) = (site.open(&used).await, site.open(&unused).await);

    // a request, in another process
    let refreshing = site.knox.clone().auto_refresh();
    assert!(refreshing.authenticate(&used).await.unwrap().is_some());

    assert_eq!(other.closed().await, (4001, "token expired".into()));
    has_an_hour(&mut tab).await;
}

#[tokio::test]
async fn a_session_that_was_saved_again_keeps_its_socket_and_one_that_was_not_ends() {
    let site = Site::new(|auth| auth).await;
    let brief = async |user: u32| {
        let cookie = site.log_in(user).await;
        let request = test::TestRequest::default().insert_header((header::COOKIE, cookie.as_str()));
        let mut session = site.sessions.of(&request.to_http_request()).await.unwrap();
        session.set_expiry(SessionExpiry::After(BRIEF));
        session.save().await.unwrap();
        (cookie, session)
    };
    let ((used, mut session), (unused, _)) = (brief(7).await, brief(7).await);
    let (mut tab, mut other) = (site.open_with_cookie(&used).await, site.open_with_cookie(&unused).await);

    session.set_expiry(SessionExpiry::Default);
    session.save().await.unwrap();

    assert_eq!(other.closed().await, (4001, "token expired".into()));
    has_an_hour(&mut tab).await;
}
