//! Beside a real Django site, over one database: its sessions are good here, ours are good there.

use std::sync::{Arc, Mutex};

use actix_web::test::TestRequest;
use channels_actix::{signing::SecretKeys, testing::TestServer, *};
use tokio_tungstenite::tungstenite::Message;

use super::django::WhoAmI;
use crate::support::{Client, Django, File, Postgres, channels};

/// The site's key of before.
const OLD_KEY: &str = "the-key-of-last-year";

/// Our sockets, over Django's database and sessions.
struct Ours {
    server: TestServer,
    sessions: Session,
}

impl Ours {
    async fn start(django: &Django, url: &str, engine: impl FnOnce(Session) -> Session) -> Self {
        let database = Database::connect(url).await.unwrap();
        let keys = SecretKeys::new(django.seed["secret_key"].as_str().unwrap()).fallback(OLD_KEY);
        let sessions = engine(Session::new(database.clone(), keys));
        let auth = TokenAuth::new(DjangoUsers::new(database)).accept(sessions.clone());
        let server = TestServer::start(&channels().wrap(auth).websocket("/ws/", |_| Ok(WhoAmI)));
        Self { server, sessions }
    }

    /// Whom we take a browser with this cookie for.
    async fn user_of(&self, cookie: &str) -> Option<String> {
        let headers = [("Cookie", format!("sessionid={cookie}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let mut client = Client::with_headers(&self.server.url("/ws/"), &headers).await;
        match client.next().await {
            Message::Text(name) => Some(name.to_string()),
            Message::Close(Some(frame)) => {
                assert_eq!(u16::from(frame.code), 4001, "{frame}");
                None
            }
            other => panic!("unexpected: {other:?}"),
        }
    }

    async fn session(&self, cookie: &str) -> SessionStore {
        let request = TestRequest::default().insert_header(("Cookie", format!("sessionid={cookie}")));
        self.sessions.of(&request.to_http_request()).await.unwrap()
    }
}

/// What a browser is given.
fn value(cookie: SetCookie) -> String {
    let line = cookie.into_value().to_str().unwrap().to_owned();
    line.split([';', '=']).nth(1).unwrap().to_owned()
}

/// Django, with a key that was changed, and its sessions where `engine` says.
async fn django(database: &str, engine: &str) -> Django {
    let settings = [("PEER_SESSION_ENGINE", engine), ("PEER_SECRET_KEY_FALLBACKS", OLD_KEY)];
    Django::with_settings(database, &settings).await
}

/// The id of a user who may log in.
fn carol(django: &Django) -> String {
    django.seed["users"]["carol"]["id"].to_string()
}

async fn the_answers_agree(django: &Django, ours: &Ours, kind: &str, least: usize) {
    let credentials = django.credentials(kind);
    assert!(credentials.len() >= least, "only {} credentials", credentials.len());
    for credential in credentials {
        let (name, cookie) = (&credential["name"], credential["value"].as_str().unwrap());

        // Django writes when it reads: it is asked last
        let our_answer = ours.user_of(cookie).await;
        let theirs = django.user_of_session(cookie).await;

        assert_eq!(our_answer, theirs, "{name}");
        assert_eq!(our_answer.as_deref(), credential["accept"].as_str(), "{name}");
    }
}

async fn what_we_make_is_good_in_django(django: &Django, ours: &Ours) {
    let mut visit = ours.session("").await;
    visit.insert("word", "é名🦀").unwrap();
    visit.save().await.unwrap();
    let before = value(visit.set_cookie().unwrap());

    let cookie = value(ours.session(&before).await.login(carol(django)).await.unwrap());

    assert_eq!(django.user_of_session(&before).await, None);
    assert_eq!(django.user_of_session(&cookie).await.as_deref(), Some("carol"));
    assert_eq!(ours.user_of(&cookie).await.as_deref(), Some("carol"));
    let word = django.python(&format!(
        "from django.contrib.sessions.backends.db import SessionStore; print(SessionStore('{cookie}')['word'])"
    ));
    assert_eq!(word.trim(), "é名🦀");

    drop(ours.session(&cookie).await.logout().await.unwrap());
    assert_eq!(django.user_of_session(&cookie).await, None);
}

async fn who_logs_out_in_django_is_logged_out_here(django: &Django, ours: &Ours) {
    let cookie = value(ours.session("").await.login(carol(django)).await.unwrap());
    assert_eq!(ours.user_of(&cookie).await.as_deref(), Some("carol"));

    django.python(&format!(
        "from django.contrib.auth import get_user, logout\n\
         from django.contrib.sessions.backends.db import SessionStore\n\
         from django.http import HttpRequest\n\
         request = HttpRequest()\n\
         request.session = SessionStore('{cookie}')\n\
         request.user = get_user(request)\n\
         assert request.user.username == 'carol'\n\
         logout(request)"
    ));

    assert_eq!(ours.user_of(&cookie).await, None);
}

async fn who_changes_the_password_in_django_is_logged_out_here(django: &Django, ours: &Ours) {
    let cookie = value(ours.session("").await.login(carol(django)).await.unwrap());

    django.python(
        "from django.contrib.auth.models import User\n\
         carol = User.objects.get(username='carol')\n\
         carol.set_password('another')\n\
         carol.save()",
    );

    assert_eq!(ours.user_of(&cookie).await, None);
    assert_eq!(django.user_of_session(&cookie).await, None);
}

async fn all_of_it_over(url: &str, database: &str) {
    let django = django(database, "db").await;
    let ours = Ours::start(&django, url, |rows| rows).await;

    the_answers_agree(&django, &ours, "session_db", 11).await;
    what_we_make_is_good_in_django(&django, &ours).await;
    who_logs_out_in_django_is_logged_out_here(&django, &ours).await;
    who_changes_the_password_in_django_is_logged_out_here(&django, &ours).await;
}

#[tokio::test]
#[ignore = "needs Django"]
async fn over_sqlite_each_session_of_a_django_site_gets_djangos_answer() {
    let file = File::new("peer-sessions");

    all_of_it_over(&file.url(), file.path()).await;
}

#[tokio::test]
#[ignore = "needs Django and postgres"]
async fn over_postgres_each_session_of_a_django_site_gets_djangos_answer() {
    let postgres = Postgres::start().await;

    all_of_it_over(&postgres.url(), &postgres.url()).await;
}

#[tokio::test]
#[ignore = "needs Django"]
async fn each_session_of_a_django_site_with_a_cache_gets_djangos_answer() {
    let file = File::new("peer-cached");
    let django = django(file.path(), "cached_db").await;
    let forgotten = Forgotten::default();
    let ours = Ours::start(&django, &file.url(), |rows| rows.cached_db(forgotten.clone())).await;

    the_answers_agree(&django, &ours, "session_db", 11).await;
    let cookie = value(ours.session("").await.login(carol(&django)).await.unwrap());
    assert_eq!(django.user_of_session(&cookie).await.as_deref(), Some("carol"));

    drop(ours.session(&cookie).await.logout().await.unwrap());
    let entry = django.python(&format!(
        "from django.contrib.sessions.backends.cached_db import SessionStore\n\
         from django.core.cache import cache\n\
         print(cache.make_key(SessionStore('{cookie}').cache_key))"
    ));
    assert_eq!(*forgotten.0.lock().unwrap(), [entry.trim()]);
}

/// Stands for a cache that we can reach: Django's is in its own memory.
#[derive(Clone, Default)]
struct Forgotten(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl SessionCache for Forgotten {
    async fn delete(&self, key: &str) -> Result<(), BoxError> {
        self.0.lock().unwrap().push(format!(":1:{key}"));
        Ok(())
    }
}

#[tokio::test]
#[ignore = "needs Django"]
async fn each_signed_cookie_of_a_django_site_gets_djangos_answer() {
    let file = File::new("peer-cookies");
    let django = django(file.path(), "signed_cookies").await;
    let ours = Ours::start(&django, &file.url(), Session::signed_cookies).await;

    the_answers_agree(&django, &ours, "session_cookie", 5).await;
    let mut session = ours.session("").await;
    session.insert("word", "é名🦀".repeat(20)).unwrap();
    let cookie = value(session.login(carol(&django)).await.unwrap());
    assert!(cookie.starts_with('.'), "it is compressed");
    assert_eq!(django.user_of_session(&cookie).await.as_deref(), Some("carol"));
    assert_eq!(ours.user_of(&cookie).await.as_deref(), Some("carol"));
    who_changes_the_password_in_django_is_logged_out_here(&django, &ours).await;
}
