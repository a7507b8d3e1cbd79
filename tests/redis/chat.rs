//! One chat of two sites: a Django consumer on daphne and one of ours, in one group, each with clients of its own.

use bytes::Bytes;
use channels_actix::{testing::TestServer, *};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::server::Server;
use crate::support::{Client, Django, File, soon};

/// What Django's consumer sends and hears: one of text and data.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct PeerMessage {
    origin: String,
    from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Bytes>,
}

impl Event for PeerMessage {
    const TYPE: &str = "peer.message";
}

/// Our consumer: text as `origin/from: text`, bytes as they are.
struct Chat;

impl Chat {
    async fn heard(&mut self, said: Received<PeerMessage>, socket: &mut Socket) -> Result<()> {
        match (&said.text, &said.data) {
            (Some(text), _) => socket.send_text(format!("{}/{}: {text}", said.origin, said.from)).await,
            (None, Some(data)) => socket.send_binary(data).await,
            (None, None) => Ok(()),
        }
    }

    fn group() -> Result<Group> {
        Ok(Group::named("peer")?)
    }
}

impl WebsocketConsumer for Chat {
    fn events(on: &mut Handlers<Self>) {
        on.event(Self::heard);
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&Self::group()?).await?;
        socket.accept().await
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        let (text, data) = match frame {
            Frame::Text(text) => (Some(text.to_string()), None),
            Frame::Binary(data) => (None, Some(data)),
        };
        let said = PeerMessage { origin: "rust".to_owned(), from: "bob".to_owned(), text, data };
        socket.group_send(&Self::group()?, said).await
    }
}

/// Both sites on one Redis.
struct Sites {
    redis: Server,
    _file: File,
    django: Django,
    rust: TestServer,
}

impl Sites {
    async fn start(kind: &str, encrypted: bool) -> Self {
        let redis = Server::start();
        let options = RedisOptions::url(&redis.url()).unwrap();
        // each side encrypts with a key that is the other's second
        let options = if encrypted { options.encryption_keys(["of rust", "of django"]) } else { options };
        let channels = match kind {
            "core" => Channels::new(RedisLayer::with_options(options).await.unwrap()),
            _ => Channels::new(RedisPubSubLayer::with_options(options).await.unwrap()),
        };
        let file = File::new(&format!("chat-{}", Uuid::new_v4().simple()));
        let layer_name = if encrypted { format!("{kind}+encryption") } else { kind.to_owned() };
        let settings = [
            ("PEER_REDIS", redis.url()),
            ("PEER_LAYER", layer_name),
            ("PEER_ENCRYPTION_KEYS", "of django,of rust".to_owned()),
        ];
        let django = Django::with_settings(
            file.path(),
            &settings.each_ref().map(|(name, value)| (*name, value.as_str())),
        )
        .await;
        let rust = TestServer::start(&channels.websocket("/", |_| Ok(Chat)));
        Self { redis, _file: file, django, rust }
    }

    async fn ours(&self) -> Client {
        Client::connect(&self.rust.url("/")).await
    }

    /// Alice, in a browser at Django's site.
    async fn theirs(&self) -> Client {
        let good = |credential: &&Value| credential["accept"] == "alice";
        let credentials = self.django.credentials("drf");
        let token = credentials.into_iter().find(good).unwrap()["value"].as_str().unwrap();
        let mut client = Client::connect(&self.django.websocket(&format!("/ws/peer/?token={token}"))).await;
        assert_eq!(client.next_json().await["type"], "peer.welcome");
        client
    }

    /// How many members the group has in Redis: one for each consumer of Django's, and one for all of ours.
    fn members(&self, kind: &str) -> usize {
        match kind {
            "core" => self.redis.ask("ZCARD asgi:group:peer"),
            _ => self.redis.ask::<(String, usize)>("PUBSUB NUMSUB asgi__group__peer").1,
        }
    }
}

fn in_django(origin: &str, from: &str, content: Value) -> Value {
    let mut event = json!({ "type": "peer.message", "origin": origin, "from": from });
    event.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
    event
}

async fn two_sites_are_one_chat(kind: &str, encrypted: bool) {
    let sites = Sites::start(kind, encrypted).await;
    let mut ours = [sites.ours().await, sites.ours().await];
    let mut theirs = [sites.theirs().await, sites.theirs().await];

    theirs[0].text("cześć 🦀").await;
    for client in &mut ours {
        assert_eq!(client.next_text().await, "django/alice: cześć 🦀");
    }
    for client in &mut theirs {
        assert_eq!(client.next_json().await, in_django("django", "alice", json!({ "text": "cześć 🦀" })));
    }

    ours[0].text("hi").await;
    for client in &mut ours {
        assert_eq!(client.next_text().await, "rust/bob: hi");
    }
    for client in &mut theirs {
        assert_eq!(client.next_json().await, in_django("rust", "bob", json!({ "text": "hi" })));
    }

    for (from_ours, origin, from) in [(false, "django", "alice"), (true, "rust", "bob")] {
        let speaker = if from_ours { &mut ours[0] } else { &mut theirs[0] };
        speaker.binary(b"\0\xff").await;
        for client in &mut ours {
            assert_eq!(client.next().await, Message::binary(b"\0\xff".to_vec()));
        }
        for client in &mut theirs {
            let data = json!({ "data": { "$bytes_b64": "AP8=" } });
            assert_eq!(client.next_json().await, in_django(origin, from, data));
        }
    }

    // one of each leaves, and two come: those who are there hear everything once, and nobody hears what was before
    let ([mut bob, gone], [mut ann, left]) = (ours, theirs);
    let before = sites.members(kind);
    gone.close().await;
    left.close().await;
    let (mut eve, mut dan) = (sites.ours().await, sites.theirs().await);
    soon("the one who left at Django's to be out of the group", async {
        while kind == "core" && sites.members(kind) > before {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bob.text("who is there?").await;
    ann.text("we are").await;
    for client in [&mut bob, &mut eve] {
        let mut texts = [client.next_text().await, client.next_text().await];
        texts.sort();
        assert_eq!(texts, ["django/alice: we are", "rust/bob: who is there?"]);
    }
    for client in [&mut ann, &mut dan] {
        let (first, second) = (client.next_json().await, client.next_json().await);
        let mut texts = [first["text"].as_str().unwrap(), second["text"].as_str().unwrap()];
        texts.sort_unstable();
        assert_eq!(texts, ["we are", "who is there?"]);
    }

    for client in [bob, eve, ann, dan] {
        client.close().await;
    }
    soon("the group to be empty", async {
        while sites.members(kind) > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

macro_rules! chats {
    ($($name:ident: $kind:literal, $encrypted:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
        #[ignore = "needs redis-server and Django"]
        async fn $name() {
            two_sites_are_one_chat($kind, $encrypted).await;
        }
    )*};
}

chats! {
    a_django_site_and_ours_are_one_chat: "core", false;
    a_django_site_and_ours_are_one_chat_that_is_encrypted: "core", true;
    a_django_site_and_ours_are_one_chat_that_is_published: "pubsub", false;
    a_django_site_and_ours_are_one_chat_that_is_published_and_encrypted: "pubsub", true;
}
