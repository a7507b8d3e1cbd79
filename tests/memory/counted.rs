//! What is measured of users and of events, here since a recorder is for a whole process.

use channels_actix::{metrics, testing::TestServer, *};
use serde::{Deserialize, Serialize};

use crate::{
    alone, recorded,
    support::{Client, until},
};

/// Knows whoever names themselves.
struct Names;

#[async_trait]
impl Authenticator for Names {
    async fn authenticate(
        &self,
        credential: &Credential,
    ) -> std::result::Result<Option<Identity>, AuthError> {
        Ok(Some(Identity::new(credential.expose())))
    }
}

#[derive(Serialize, Deserialize)]
struct Told {
    number: usize,
}

impl Event for Told {
    const TYPE: &str = "told";
}

struct Tab;

impl WebsocketConsumer for Tab {
    fn events(on: &mut Handlers<Self>) {
        on.relay::<Told>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&Group::named("all")?).await?;
        socket.accept().await
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn connections_of_a_user_and_the_way_of_an_event_are_measured() {
    let _turn = alone().await;
    let channels = Channels::new(MemoryLayer::default())
        .wrap(TokenAuth::stateless().accept(Names))
        .websocket("/", |_| Ok(Tab));
    let server = TestServer::start(&channels);
    let mut tabs = Vec::new();
    for name in ["ann", "ann", "bob", "ann"] {
        tabs.push(Client::connect(&server.url(&format!("/?token={name}"))).await);
    }

    assert_eq!(recorded(metrics::USER_CONNECTIONS), [1.0, 2.0, 1.0, 3.0]);

    channels.layer().group_send(&Group::named("all").unwrap(), Told { number: 1 }).await.unwrap();
    for tab in &mut tabs {
        assert_eq!(tab.next_json().await["number"], 1);
    }

    let mut took = recorded(metrics::DELIVERY);
    // a worker records it when it has handed the event to all
    until("each worker has recorded it", || {
        took.extend(recorded(metrics::DELIVERY));
        !took.is_empty()
    })
    .await;
    assert!(took.iter().all(|seconds| (0.0..60.0).contains(seconds)), "{took:?}");
}
