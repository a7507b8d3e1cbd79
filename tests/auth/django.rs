//! Beside a real Django site, over one database: the same answer to each of its credentials.

use channels_actix::{testing::TestServer, *};
use serde_json::Value;

use crate::support::{Client, Django, File, Postgres, channels};

/// Says whose socket it is.
pub(super) struct WhoAmI;

impl WebsocketConsumer for WhoAmI {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.accept().await?;
        let name = socket.user::<DjangoUser>()?.username.clone();
        socket.send_text(name).await
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

/// Our sockets, over Django's database.
struct Ours {
    server: TestServer,
    knox: Knox,
    drf: DrfToken,
}

impl Ours {
    async fn start(url: &str, secret: &Value) -> Self {
        Self::with_settings(url, secret, |knox| knox).await
    }

    async fn with_settings(url: &str, secret: &Value, settings: impl FnOnce(Knox) -> Knox) -> Self {
        let database = Database::connect(url).await.unwrap();
        let (knox, drf) = (settings(Knox::new(database.clone())), DrfToken::new(database.clone()));
        let auth = TokenAuth::new(DjangoUsers::new(database))
            .accept(Jwt::hs256(secret.as_str().unwrap()))
            .accept(drf.clone())
            .accept(knox.clone());
        let server = TestServer::start(&channels().wrap(auth).websocket("/ws/", |_| Ok(WhoAmI)));
        Self { server, knox, drf }
    }

    /// Whom we take the bearer of a token for.
    async fn user_of(&self, token: &str) -> Option<String> {
        let mut client = Client::connect(&self.server.url(&format!("/ws/?token={token}"))).await;
        match client.next().await {
            tokio_tungstenite::tungstenite::Message::Text(name) => Some(name.to_string()),
            tokio_tungstenite::tungstenite::Message::Close(Some(frame)) => {
                assert_eq!(u16::from(frame.code), 4001, "{frame}");
                None
            }
            other => panic!("unexpected: {other:?}"),
        }
    }
}

async fn the_answers_agree(django: &Django, ours: &Ours) {
    let mut asked = 0;
    for kind in ["knox", "drf", "jwt"] {
        for credential in django.credentials(kind) {
            let (name, token) = (&credential["name"], credential["value"].as_str().unwrap());

            let our_answer = ours.user_of(token).await;
            let theirs = django.user_of(kind, token).await;

            assert_eq!(our_answer, theirs, "{name}");
            assert_eq!(our_answer.as_deref(), credential["accept"].as_str(), "{name}");
            asked += 1;
        }
    }
    assert!(asked >= 15, "only {asked} credentials");
}

async fn what_we_make_is_good_in_django(django: &Django, ours: &Ours) {
    let id = django.seed["users"]["carol"]["id"].to_string();
    let (knox, _) = ours.knox.create(&id).await.unwrap();
    let (endless, _) = ours.knox.clone().token_ttl(None).create(&id).await.unwrap();
    let drf = ours.drf.create(&id).await.unwrap();

    for (kind, token) in [("knox", &knox), ("knox", &endless), ("drf", &drf)] {
        assert_eq!(django.user_of(kind, token.expose()).await.as_deref(), Some("carol"), "{kind}");
        assert_eq!(ours.user_of(token.expose()).await.as_deref(), Some("carol"), "{kind}");
    }
    assert_eq!(ours.knox.revoke_all(&id).await.unwrap(), 2);
    assert!(ours.drf.revoke(&drf).await.unwrap());
    for (kind, token) in [("knox", &knox), ("knox", &endless), ("drf", &drf)] {
        assert_eq!(django.user_of(kind, token.expose()).await, None, "{kind}");
    }
}

#[tokio::test]
#[ignore = "needs Django"]
async fn over_sqlite_each_credential_of_a_django_site_gets_djangos_answer() {
    let file = File::new("peer");
    let django = Django::start(file.path()).await;
    let ours = Ours::start(&file.url(), &django.seed["secret_key"]).await;

    the_answers_agree(&django, &ours).await;
    what_we_make_is_good_in_django(&django, &ours).await;
}

#[tokio::test]
#[ignore = "needs Django"]
async fn with_another_hash_and_a_prefix_each_credential_of_a_django_site_gets_djangos_answer() {
    let file = File::new("peer-settings");
    let settings = [("PEER_KNOX_HASH", "hashlib.sha3_512"), ("PEER_KNOX_PREFIX", "knx_")];
    let django = Django::with_settings(file.path(), &settings).await;
    let configured = |knox: Knox| knox.secure_hash_algorithm(KnoxHash::Sha3_512).token_prefix("knx_");
    let ours = Ours::with_settings(&file.url(), &django.seed["secret_key"], configured).await;

    the_answers_agree(&django, &ours).await;
    what_we_make_is_good_in_django(&django, &ours).await;
}

#[tokio::test]
#[ignore = "needs Django and postgres"]
async fn over_postgres_each_credential_of_a_django_site_gets_djangos_answer() {
    let postgres = Postgres::start().await;
    let django = Django::start(&postgres.url()).await;
    let ours = Ours::start(&postgres.url(), &django.seed["secret_key"]).await;

    the_answers_agree(&django, &ours).await;
    what_we_make_is_good_in_django(&django, &ours).await;
}
