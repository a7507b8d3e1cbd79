//! Who logs out in a real Django site loses the sockets here.

use std::time::Duration;

use channels_actix::{testing::TestServer, *};

use super::revoked;
use crate::{
    auth::django::WhoAmI,
    support::{Client, Django, File, Postgres},
};

/// Our sockets, over Django's database, on a layer that may be Django's.
struct Ours {
    server: TestServer,
    knox: Knox,
    sessions: Session,
}

impl Ours {
    async fn start(
        django: &Django,
        url: &str,
        layer: Layer,
        configure: impl FnOnce(TokenAuth<DjangoUsers>) -> TokenAuth<DjangoUsers>,
    ) -> Self {
        let database = Database::connect(url).await.unwrap();
        let knox = Knox::new(database.clone());
        let sessions = Session::new(database.clone(), django.seed["secret_key"].as_str().unwrap());
        let auth = TokenAuth::new(DjangoUsers::new(database)).accept(knox.clone()).accept(sessions.clone());
        let channels = Channels::on(layer).wrap(configure(auth)).websocket("/ws/", |_| Ok(WhoAmI));
        Self { server: TestServer::start(&channels), knox, sessions }
    }

    async fn open(&self, user: &str, query: &str, cookie: &str) -> Client {
        let url = self.server.url(&format!("/ws/{query}"));
        let mut client = Client::with_headers(&url, &[("Cookie", cookie)]).await;
        assert_eq!(client.next_text().await, user);
        client
    }

    /// A socket with a token of this user's, and what Django is shown to log it out.
    async fn with_token(&self, django: &Django, user: &str) -> (Client, String) {
        let (token, _) = self.knox.create(&django.seed["users"][user]["id"]).await.unwrap();
        let header = format!("Authorization: Token {}", token.expose());
        (self.open(user, &format!("?token={}", token.expose()), "").await, header)
    }

    /// Two tabs with a session of this user's, and what Django is shown to log it out.
    async fn with_session(&self, django: &Django, user: &str) -> ([Client; 2], String) {
        let request = actix_web::test::TestRequest::default().to_http_request();
        let mut session = self.sessions.of(&request).await.unwrap();
        let set = session.login(&django.seed["users"][user]["id"]).await.unwrap().into_value();
        let cookie = crate::auth::session::cookie(&set);
        let tabs = [self.open(user, "", &cookie).await, self.open(user, "", &cookie).await];
        (tabs, format!("Cookie: {cookie}"))
    }
}

/// A connection that is closed does not answer a ping.
async fn lives(client: &mut Client) {
    client.pinged().await;
}

async fn logging_out_in_django_closes_our_sockets(django: &Django, ours: &Ours) {
    let (mut tab, header) = ours.with_token(django, "carol").await;
    let (mut phone, phones) = ours.with_token(django, "carol").await;
    let (mut tablet, _) = ours.with_token(django, "carol").await;
    let (mut sessions, cookie) = ours.with_session(django, "carol").await;
    let (mut alice, _) = ours.with_token(django, "alice").await;
    let (mut alices, _) = ours.with_session(django, "alice").await;

    django.post("/logout/knox/", &header).await;
    assert_eq!(tab.closed().await, revoked());
    lives(&mut phone).await;

    django.post("/logout/session/", &cookie).await;
    for tab in &mut sessions {
        assert_eq!(tab.closed().await, revoked());
    }
    lives(&mut phone).await;

    django.post("/logoutall/knox/", &phones).await;
    for tab in [&mut phone, &mut tablet] {
        assert_eq!(tab.closed().await, revoked());
    }
    for tab in alices.iter_mut().chain([&mut alice]) {
        lives(tab).await;
    }
}

fn often(auth: TokenAuth<DjangoUsers>) -> TokenAuth<DjangoUsers> {
    auth.recheck(Duration::from_millis(50))
}

#[tokio::test]
#[ignore = "needs Django"]
async fn logging_out_in_django_closes_our_sockets_over_sqlite() {
    let file = File::new("peer-logout");
    let django = Django::start(file.path()).await;
    let ours = Ours::start(&django, &file.url(), Layer::new(MemoryLayer::default()), often).await;

    logging_out_in_django_closes_our_sockets(&django, &ours).await;
}

#[tokio::test]
#[ignore = "needs Django and postgres"]
async fn logging_out_in_django_closes_our_sockets_over_postgres() {
    let postgres = Postgres::start().await;
    let django = Django::start(&postgres.url()).await;
    let ours = Ours::start(&django, &postgres.url(), Layer::new(MemoryLayer::default()), often).await;

    logging_out_in_django_closes_our_sockets(&django, &ours).await;
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs Django and redis-server"]
async fn a_django_site_on_the_same_layer_closes_a_users_sockets_at_once() {
    let (file, redis) = (File::new("peer-signal"), crate::redis::server::Server::start());
    let django = Django::with_settings(file.path(), &[("PEER_REDIS", &redis.url())]).await;
    let layer = Layer::new(RedisLayer::connect(&redis.url()).await.unwrap());
    let ours = Ours::start(&django, &file.url(), layer, |auth| auth).await;
    let (mut tabs, _) = ours.with_session(&django, "carol").await;
    let (mut alice, _) = ours.with_token(&django, "alice").await;

    // what docs/auth.md has a signal do
    django.python(&format!(
        "from asgiref.sync import async_to_sync\n\
         from channels.layers import get_channel_layer\n\
         event = {{'type': 'channels.revoked', 'user': str({})}}\n\
         async_to_sync(get_channel_layer().group_send)('channels.revoked', event)",
        django.seed["users"]["carol"]["id"]
    ));

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, super::logged_out_everywhere());
    }
    lives(&mut alice).await;
}
