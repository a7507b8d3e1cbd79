//! `POST /publish`, over a real socket, to a real consumer.

use channels_actix::{testing::TestServer, *};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Client, log::Lines, soon};

const TOKEN: &str = "the-token-nobody-guesses";

#[derive(Serialize, Deserialize)]
struct Said {
    text: String,
}

impl Event for Said {
    const TYPE: &str = "chat.said";
}

struct Chat;

impl WebsocketConsumer for Chat {
    fn events(on: &mut Handlers<Self>) {
        on.relay::<Said>();
    }
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&Group::of("chat", "lobby")?).await?;
        socket.accept().await
    }
    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

/// A server that takes events.
struct Site {
    server: TestServer,
    layer: Layer,
}

impl Site {
    fn start(adapt: impl FnOnce(Publish) -> Publish) -> Self {
        let channels = Channels::new(MemoryLayer::new(Retention::default().capacity(2)));
        let channels = channels.websocket("/", |_| Ok(Chat));
        let publish = adapt(Publish::new(channels.layer(), TOKEN));
        let server = TestServer::with(&channels, move |config| {
            config.service(publish.at("/publish"));
        });
        Self { server, layer: channels.layer() }
    }

    /// The whole answer to a request with these header lines.
    async fn answer(&self, headers: &str, body: &str) -> String {
        soon("an answer", async {
            let mut socket = TcpStream::connect(self.server.address()).await.unwrap();
            let head = format!("POST /publish HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
            socket.write_all(head.as_bytes()).await.unwrap();
            socket.write_all(body.as_bytes()).await.unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.unwrap();
            answer
        })
        .await
    }

    /// The status and the body of what is answered to whoever has the token.
    async fn publish(&self, body: &str) -> (u16, Value) {
        let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Length: {}\r\n", body.len());
        parsed(&self.answer(&headers, body).await)
    }

    async fn publish_json(&self, body: &Value) -> (u16, Value) {
        self.publish(&body.to_string()).await
    }
}

fn parsed(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn said(text: &str) -> Value {
    json!({ "type": "chat.said", "text": text })
}

fn to_lobby(text: &str) -> Value {
    json!({ "group": "chat.lobby", "event": said(text) })
}

#[tokio::test]
async fn an_event_reaches_the_group_it_is_for() {
    let site = Site::start(|publish| publish);
    let mut client = Client::connect(&site.server.url("/")).await;

    let (status, answer) = site.publish_json(&to_lobby("hello")).await;

    assert_eq!((status, answer), (200, json!({ "results": [{ "delivered": 1, "dropped": 0 }] })));
    assert_eq!(client.next_json().await, said("hello"));
}

#[tokio::test]
async fn of_many_events_each_has_its_own_result_and_they_keep_their_order() {
    let site = Site::start(|publish| publish);
    let mut client = Client::connect(&site.server.url("/")).await;
    let job = json!({ "channel": "jobs", "event": { "type": "job.do", "big": i64::MIN, "none": null } });

    let (status, answer) = site.publish_json(&json!([to_lobby("one"), job, job, job, to_lobby("two")])).await;

    let sent = json!({ "delivered": 1, "dropped": 0 });
    let full = json!({ "detail": "the channel is full: 2 events wait", "code": "channel_full" });
    assert_eq!((status, answer), (200, json!({ "results": [sent, sent, sent, full, sent] })));
    assert_eq!(client.next_json().await["text"], "one");
    assert_eq!(client.next_json().await["text"], "two");
    let jobs = ChannelName::new("jobs").unwrap();
    let event = site.layer.receive(&jobs).await.unwrap().try_recv().unwrap();
    let expected = Envelope::from_json(job["event"].to_string().as_bytes()).unwrap();
    assert_eq!(event.to_msgpack().unwrap(), expected.to_msgpack().unwrap());
}

#[tokio::test]
async fn who_has_no_token_or_a_wrong_one_is_refused_and_the_log_does_not_show_it() {
    let lines = Lines::captured();
    let site = Site::start(|publish| publish.token("an-older-token-of-ours"));
    let body = to_lobby("hello").to_string();
    let length = format!("Content-Length: {}\r\n", body.len());

    let none = site.answer(&length, &body).await;
    let wrong = site.answer(&format!("Authorization: Bearer wr0ng-as-can-be-wr0ng\r\n{length}"), &body).await;
    let older =
        site.answer(&format!("authorization: bearer an-older-token-of-ours\r\n{length}"), &body).await;

    assert_eq!(parsed(&none), (401, json!({ "detail": "no token", "code": "no_token" })));
    assert!(none.to_ascii_lowercase().contains("\r\nwww-authenticate: bearer\r\n"), "{none}");
    assert_eq!(parsed(&wrong), (401, json!({ "detail": "bad token", "code": "bad_token" })));
    assert!(wrong.contains(r#"Bearer error="invalid_token""#), "{wrong}");
    assert_eq!(parsed(&older).0, 200);
    assert!(!lines.with("bad_token").is_empty());
    for token in ["wr0ng-as-can-be-wr0ng", "an-older-token-of-ours", TOKEN] {
        assert_eq!(lines.with(token), [""; 0]);
    }
}

#[tokio::test]
async fn a_request_with_a_mistake_sends_nothing_and_is_told_which() {
    let site = Site::start(|publish| publish);
    let mut client = Client::connect(&site.server.url("/")).await;
    let mistakes = [
        (json!({ "group": "chat lobby", "event": said("x") }), "not ' '"),
        (json!({ "group": "", "event": said("x") }), "must not be empty"),
        (json!({ "group": "x".repeat(100), "event": said("x") }), "at most 99"),
        (json!({ "group": "a", "channel": "b", "event": said("x") }), "either"),
        (json!({ "event": said("x") }), "either"),
        (json!({ "channel": "!", "event": said("x") }), "begin with `!`"),
        (json!({ "group": "a", "event": { "text": "x" } }), "with a `type`"),
        (json!({ "group": "a", "event": { "type": 5 } }), "with a `type`"),
        (json!({ "group": "a", "event": "x" }), "a message is a map"),
        (json!({ "group": "a" }), "missing field `event`"),
        (json!({ "group": "a", "event": said("x"), "more": 1 }), "unknown field"),
        (json!("x"), "expected an object with"),
    ];

    for (mistake, told) in mistakes {
        let (status, answer) = site.publish_json(&json!([to_lobby("before"), mistake])).await;
        assert_eq!((status, &answer["code"]), (400, &json!("bad_request")), "{mistake}");
        assert!(answer["detail"].as_str().unwrap().contains(told), "{mistake}: {answer}");
    }
    for text in ["", "{", "[", "null", "\u{feff}{}"] {
        assert_eq!(site.publish(text).await.0, 400, "{text}");
    }
    let deep = format!(r#"{{"group": "a", "event": {}"#, "[".repeat(100_000));
    assert_eq!(site.publish(&deep).await.0, 400);

    assert_eq!(site.publish_json(&json!([])).await, (200, json!({ "results": [] })));
    site.publish_json(&to_lobby("after")).await;
    assert_eq!(client.next_json().await["text"], "after");
}

#[tokio::test]
async fn what_is_too_big_is_refused_declared_or_not() {
    let site = Site::start(|publish| publish.body_limit(1_000).events_limit(3));
    let big = to_lobby(&"x".repeat(1_000)).to_string();
    let chunked = format!("Authorization: Bearer {TOKEN}\r\nTransfer-Encoding: chunked\r\n");

    let declared = format!("Authorization: Bearer {TOKEN}\r\nContent-Length: 5000000000\r\n");
    let (status, answer) = parsed(&site.answer(&declared, "").await);
    let streamed = parsed(&site.answer(&chunked, &format!("{:x}\r\n{big}\r\n0\r\n\r\n", big.len())).await);
    let many = site.publish_json(&json!([to_lobby("1"), to_lobby("2"), to_lobby("3"), to_lobby("4")])).await;

    assert_eq!((status, &answer["code"]), (413, &json!("too_big")));
    assert_eq!((streamed.0, &streamed.1["code"]), (413, &json!("too_big")));
    assert_eq!((many.0, &many.1["code"]), (413, &json!("too_many_events")));
}

#[tokio::test]
async fn only_groups_and_channels_that_are_allowed_are_sent_to() {
    let site = Site::start(|publish| publish.allow_groups(["chat.*", "news"]));
    let sent_to = async |kind: &str, name: &str| {
        let (status, answer) =
            site.publish_json(&json!([to_lobby("x"), { kind: name, "event": said("x") }])).await;
        assert!(status == 200 || answer["code"] == "not_allowed", "{answer}");
        status
    };

    for (kind, name, status) in [
        ("group", "chat.attic", 200),
        ("group", "news", 200),
        ("group", "newspapers", 403),
        ("group", "user.5", 403),
        ("channel", "chat.attic", 403),
    ] {
        assert_eq!(sent_to(kind, name).await, status, "{kind} {name}");
    }
    let site = Site::start(|publish| publish.allow_groups(["news"]).allow_channels(["jobs"]));
    let job = json!({ "channel": "jobs", "event": said("x") });
    assert_eq!(site.publish_json(&job).await.0, 200);
}

#[tokio::test]
async fn who_sends_too_much_is_told_when_to_come_back() {
    let site = Site::start(|publish| publish.rate(Rate::per_second(1).burst(2)));
    let body = json!([to_lobby("1"), to_lobby("2")]).to_string();
    let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Length: {}\r\n", body.len());

    assert_eq!(parsed(&site.answer(&headers, &body).await).0, 200);
    let answer = site.answer(&headers, &body).await;

    assert_eq!((parsed(&answer).0, &parsed(&answer).1["code"]), (429, &json!("rate_limited")));
    assert!(answer.to_ascii_lowercase().contains("\r\nretry-after: "), "{answer}");
}

#[tokio::test]
async fn other_methods_are_not_there() {
    let site = Site::start(|publish| publish);
    let mut socket = TcpStream::connect(site.server.address()).await.unwrap();

    socket.write_all(b"GET /publish HTTP/1.0\r\n\r\n").await.unwrap();

    let mut answer = String::new();
    soon("an answer", socket.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 405 "), "{answer}");
}

#[test]
#[should_panic(expected = "a token to publish with has 16 characters at least")]
fn there_is_no_endpoint_without_a_token() {
    drop(Publish::new(Layer::new(MemoryLayer::default()), ""));
}

#[test]
fn a_token_does_not_show() {
    let publish = Publish::new(Layer::new(MemoryLayer::default()), TOKEN).token("another-token-of-ours");

    let shown = format!("{publish:?}");

    assert!(!shown.contains("token"), "{shown}");
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn a_layer_whose_server_is_away_is_503() {
    use crate::redis::server::Server;

    let mut redis = Server::start();
    let options = RedisOptions::url(&redis.url()).unwrap().time_limit(std::time::Duration::from_millis(200));
    let channels = Channels::new(RedisLayer::with_options(options).await.unwrap());
    let publish = Publish::new(channels.layer(), TOKEN);
    let server = TestServer::with(&channels, move |config| {
        config.service(publish.at("/publish"));
    });
    let site = Site { server, layer: channels.layer() };
    redis.kill();

    let (status, answer) = site.publish_json(&json!([to_lobby("1"), to_lobby("2")])).await;

    assert_eq!((status, answer), (503, json!({ "detail": "try again later", "code": "unavailable" })));
}
