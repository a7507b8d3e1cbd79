//! Two applications on one Redis: what is said in one is heard in both, and an outage closes nobody's socket.

#[cfg(feature = "postgres")]
mod chat;
#[path = "../../channels-layer/tests/redis/server.rs"]
#[expect(dead_code, reason = "the layer's own tests need more of it")]
pub(crate) mod server;

use channels_actix::{testing::TestServer, *};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::server::Server;
use crate::support::{Client, soon};

#[derive(Serialize, Deserialize)]
struct Said {
    text: String,
}

impl Event for Said {
    const TYPE: &str = "chat.said";
}

/// Says what it hears, in two rooms; and tells its client when it may have missed something.
struct Chat;

impl Chat {
    fn rooms() -> Result<[Group; 2]> {
        Ok([Group::of("chat", "kitchen")?, Group::of("chat", "attic")?])
    }
}

impl JsonWebsocketConsumer for Chat {
    type Incoming = String;

    fn events(on: &mut Handlers<Self>) {
        on.relay::<Said>();
        on.relay::<Gap>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        for room in Self::rooms()? {
            socket.join(&room).await?;
        }
        socket.accept().await
    }

    async fn receive_json(&mut self, text: String, socket: &mut Socket) -> Result<()> {
        socket.group_send(&Self::rooms()?[0], Said { text }).await
    }
}

async fn application(redis: &Server) -> TestServer {
    let layer = RedisLayer::connect(&redis.url()).await.unwrap();
    TestServer::start(&Channels::new(layer).websocket("/", |_| Ok(Chat)))
}

async fn hears(client: &mut Client, text: &str) {
    assert_eq!(client.next_json().await, json!({ "type": "chat.said", "text": text }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs redis-server"]
async fn what_is_said_in_one_process_is_heard_in_both() {
    let redis = Server::start();
    let (one, other) = (application(&redis).await, application(&redis).await);
    let mut ann = Client::connect(&one.url("/")).await;
    let mut bob = Client::connect(&other.url("/")).await;

    for (speaker, text) in [(&mut ann, "hello"), (&mut bob, "hi")] {
        speaker.json(&json!(text)).await;
    }
    for client in [&mut ann, &mut bob] {
        let (first, second) = (client.next_json().await, client.next_json().await);
        let mut texts = [first["text"].clone(), second["text"].clone()];
        texts.sort_by_key(ToString::to_string);
        assert_eq!(texts, [json!("hello"), json!("hi")]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs redis-server"]
async fn sockets_stay_open_through_an_outage_and_each_client_is_told_once() {
    let mut redis = Server::start();
    let (one, other) = (application(&redis).await, application(&redis).await);
    let mut clients = Vec::new();
    for number in 0..10 {
        let application = if number % 2 == 0 { &one } else { &other };
        clients.push(Client::connect(&application.url("/")).await);
    }

    redis.kill();
    redis.run();

    for client in &mut clients {
        let told = client.next_json().await;
        assert_eq!(told["type"], "channels.gap", "{told}");
    }
    clients[0].json(&json!("still here?")).await;
    for client in &mut clients {
        soon("the members to hear of it, and of nothing else", hears(client, "still here?")).await;
    }
}
