//! Events, from whoever sends them to every member's screen.

use std::{
    future::pending,
    thread,
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, web};
use channels_actix::{testing::TestServer, *};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{Client, Journal, channels, soon};

/// So many that those which are slow because the machine is busy make no difference.
const TURNS: usize = 40;

#[derive(Clone, Serialize, Deserialize)]
struct Said {
    from: String,
    text: String,
}

impl Event for Said {
    const TYPE: &str = "chat.said";
}

/// Handled by a method.
#[derive(Serialize, Deserialize)]
struct Renamed {
    name: String,
}

impl Event for Renamed {
    const TYPE: &str = "user.renamed";
}

/// Handled by nobody.
#[derive(Serialize, Deserialize)]
struct Unheard {}

impl Event for Unheard {
    const TYPE: &str = "test.unheard";
}

/// Its own code fails on its way out.
#[derive(Deserialize)]
struct Broken {
    panics: bool,
}

impl Serialize for Broken {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        assert!(!self.panics, "told to");
        Err(serde::ser::Error::custom("told to"))
    }
}

impl Event for Broken {
    const TYPE: &str = "test.broken";
}

struct Chat {
    name: String,
    room: Group,
    journal: Journal,
}

impl JsonWebsocketConsumer for Chat {
    type Incoming = String;

    fn events(on: &mut Handlers<Self>) {
        on.relay::<Said>();
        on.relay::<Broken>();
        on.event(Self::renamed);
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&self.room).await?;
        socket.join(&self.room).await?; // again: it makes no difference
        self.journal.note(socket.channel_name().to_string());
        socket.accept().await
    }

    async fn receive_json(&mut self, text: String, socket: &mut Socket) -> Result<()> {
        match text.as_str() {
            "leave" => socket.leave(&self.room),
            "hang" => {
                self.journal.note("hangs");
                pending().await
            }
            _ => {}
        }
        socket.group_send(&self.room, Said { from: self.name.clone(), text }).await
    }
}

impl Chat {
    async fn renamed(&mut self, event: Received<Renamed>, socket: &mut Socket) -> Result<()> {
        self.name.clone_from(&event.name);
        socket.send_json(&json!({ "you are": self.name })).await
    }
}

struct Fixture {
    layer: Layer,
    room: Group,
    journal: Journal,
    server: TestServer,
}

impl Fixture {
    fn new() -> Self {
        let journal = Journal::default();
        let for_consumers = journal.clone();
        let channels = channels().websocket("/{room}/{name}/", move |scope| {
            let room = Group::of("chat", scope.param::<String>("room")?)?;
            Ok(Chat { name: scope.param("name")?, room, journal: for_consumers.clone() })
        });
        let (layer, room) = (channels.layer(), Group::of("chat", "lobby").unwrap());
        let for_handlers = layer.clone();
        let server = TestServer::with(&channels, move |config| {
            config.app_data(web::Data::new(for_handlers.clone())).route("/say/", web::get().to(say));
        });
        Self { layer, room, journal, server }
    }

    async fn member(&self, room: &str, name: &str) -> Client {
        Client::connect(&self.server.url(&format!("/{room}/{name}/"))).await
    }

    /// The channel of the member that came as number `place`.
    fn channel(&self, place: usize) -> ChannelName {
        ChannelName::new(self.journal.lines().swap_remove(place)).unwrap()
    }

    /// So many that there are some on every worker.
    async fn crowd(&self) -> Vec<Client> {
        let mut crowd = Vec::new();
        for number in 0..10 {
            crowd.push(self.member("lobby", &number.to_string()).await);
        }
        crowd
    }
}

/// A REST handler like any other.
async fn say(layer: web::Data<Layer>) -> Result<HttpResponse> {
    let said = Said { from: "rest".into(), text: "hello".into() };
    layer.group_send(&Group::of("chat", "lobby")?, said).await?;
    Ok(HttpResponse::Ok().finish())
}

async fn assert_all_hear(crowd: &mut [Client], from: &str, text: &str) {
    for client in crowd {
        assert_eq!(client.next_json().await, json!({ "type": "chat.said", "from": from, "text": text }));
    }
}

#[tokio::test]
async fn what_one_says_all_hear_on_every_worker_and_nobody_else() {
    let fixture = Fixture::new();
    let mut crowd = fixture.crowd().await;
    let mut elsewhere = fixture.member("attic", "eve").await;

    crowd[3].json(&json!("hello")).await;

    assert_all_hear(&mut crowd, "3", "hello").await;
    elsewhere.json(&json!("alone")).await;
    assert_eq!(elsewhere.next_json().await["text"], "alone");
}

#[tokio::test]
async fn events_arrive_in_the_order_they_were_sent() {
    let fixture = Fixture::new();
    let mut crowd = fixture.crowd().await;

    for number in 0..500 {
        crowd[0].json(&json!(number.to_string())).await;
    }

    for number in 0..500 {
        assert_all_hear(&mut crowd, "0", &number.to_string()).await;
    }
}

#[tokio::test]
async fn no_event_waits_until_the_last_one_is_acknowledged() {
    let fixture = Fixture::new();
    let mut ann = fixture.member("lobby", "ann").await;

    let mut took = Vec::new();
    for _ in 0..TURNS {
        ann.json(&json!("hello")).await;
        assert_eq!(ann.next_json().await["from"], "ann");
        let sent = Instant::now();
        let said = Said { from: "bob".into(), text: "hello".into() };
        fixture.layer.group_send(&fixture.room, said).await.unwrap();
        assert_eq!(ann.next_json().await["from"], "bob");
        took.push(sent.elapsed());
    }

    // who has just talked puts its acknowledgements off for 40 ms; a busy machine makes some late, but not most
    took.sort_unstable();
    assert!(took[TURNS / 4] < Duration::from_millis(20), "{took:?}");
}

#[tokio::test]
async fn a_method_handles_its_event() {
    let fixture = Fixture::new();
    let mut crowd = fixture.crowd().await;

    fixture.layer.group_send(&fixture.room, Renamed { name: "smith".into() }).await.unwrap();

    for client in &mut crowd {
        assert_eq!(client.next_json().await, json!({ "you are": "smith" }));
    }
}

#[tokio::test]
async fn a_relay_does_not_wait_for_a_busy_consumer() {
    let fixture = Fixture::new();
    let mut busy = fixture.member("lobby", "busy").await;
    busy.json(&json!("hang")).await;
    fixture.journal.wait_for("hangs").await;

    let said = Said { from: "somebody".into(), text: "hello".into() };
    fixture.layer.group_send(&fixture.room, said).await.unwrap();

    assert_eq!(busy.next_json().await["text"], "hello");
}

#[tokio::test]
async fn one_who_left_hears_no_more() {
    let fixture = Fixture::new();
    let mut stays = fixture.member("lobby", "stays").await;
    let mut leaves = fixture.member("lobby", "leaves").await;

    leaves.json(&json!("leave")).await;
    assert_eq!(stays.next_json().await["text"], "leave");

    let channel = fixture.channel(1);
    fixture.layer.send(&channel, Renamed { name: "last".into() }).await.unwrap();
    assert_eq!(leaves.next_json().await, json!({ "you are": "last" }));
}

#[tokio::test]
async fn an_event_for_one_channel_reaches_that_alone() {
    let fixture = Fixture::new();
    let mut one = fixture.member("lobby", "one").await;
    let mut other = fixture.member("lobby", "other").await;

    let channel = fixture.channel(0);
    fixture.layer.send(&channel, Renamed { name: "chosen".into() }).await.unwrap();
    fixture.layer.send(&channel, Said { from: "me".into(), text: "psst".into() }).await.unwrap();

    assert_eq!(one.next_json().await, json!({ "you are": "chosen" }));
    assert_eq!(one.next_json().await["text"], "psst");
    other.json(&json!("first that i hear")).await;
    assert_eq!(other.next_json().await["text"], "first that i hear");
}

#[tokio::test]
async fn an_event_whose_own_code_fails_or_panics_disturbs_nobody() {
    let fixture = Fixture::new();
    let mut ann = fixture.member("lobby", "ann").await;
    let mut bob = fixture.member("lobby", "bob").await;

    for panics in [false, true] {
        fixture.layer.group_send(&fixture.room, Broken { panics }).await.unwrap();
        ann.json(&json!("still here")).await;

        for member in [&mut ann, &mut bob] {
            assert_eq!(member.next_json().await["text"], "still here");
        }
    }
}

#[tokio::test]
async fn an_event_that_nobody_handles_disturbs_nobody() {
    let fixture = Fixture::new();
    let mut crowd = fixture.crowd().await;

    fixture.layer.group_send(&fixture.room, Unheard {}).await.unwrap();

    crowd[0].json(&json!("hello")).await;
    assert_all_hear(&mut crowd, "0", "hello").await;
}

#[tokio::test]
async fn a_gap_that_nobody_handles_disturbs_nobody() {
    let fixture = Fixture::new();
    let mut member = fixture.member("lobby", "ann").await;

    fixture.layer.send(&fixture.channel(0), Gap { since: 0.0 }).await.unwrap();
    fixture.layer.group_send(&fixture.room, Gap { since: 0.0 }).await.unwrap();
    member.json(&json!("still here")).await;

    assert_all_hear(std::slice::from_mut(&mut member), "ann", "still here").await;
}

#[tokio::test]
async fn a_rest_handler_sends_to_a_group() {
    let fixture = Fixture::new();
    let mut crowd = fixture.crowd().await;

    assert_eq!(Client::refused(&fixture.server.url("/say/"), &[]).await, 200);

    assert_all_hear(&mut crowd, "rest", "hello").await;
}

#[tokio::test]
async fn a_plain_thread_sends_to_a_group() {
    let fixture = Fixture::new();
    let mut crowd = fixture.crowd().await;

    let (layer, room) = (fixture.layer.blocking(), fixture.room.clone());
    let thread = thread::spawn(move || {
        layer.group_send(&room, Said { from: "thread".into(), text: "hello".into() }).map(|_| ())
    });

    assert_all_hear(&mut crowd, "thread", "hello").await;
    soon("the thread ends", tokio::task::spawn_blocking(|| thread.join())).await.unwrap().unwrap().unwrap();
}
