//! The layer over Redis, on real servers that the tests start and end.

mod cluster;
mod conformance;
mod django;
mod faults;
mod intents;
mod outage;
mod outbox;
mod publisher;
mod pubsub;
mod server;
mod sharing;
mod tasks;
mod topologies;

use std::time::Duration;

use channels_layer::{ChannelName, Event, Group, Mailbox, RedisLayer, RedisOptions, Retention};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use self::server::Server;

/// How long anything may take that is about to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the tests send.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    number: u64,
}

impl Event for Note {
    const TYPE: &str = "note.made";
}

fn group(name: &str) -> Group {
    Group::named(name).unwrap()
}

fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).unwrap()
}

/// A layer on one server, as `options` say.
async fn layer_with(server: &Server, options: impl FnOnce(RedisOptions) -> RedisOptions) -> RedisLayer {
    RedisLayer::with_options(options(RedisOptions::url(&server.url()).unwrap())).await.unwrap()
}

async fn layer(server: &Server) -> RedisLayer {
    layer_with(server, |options| options).await
}

async fn layer_that_keeps(server: &Server, retention: Retention) -> RedisLayer {
    layer_with(server, |options| options.retention(retention)).await
}

/// Waits for what must happen soon.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Asks again and again until it is so.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    soon(what, async {
        while !is_so().await {
            // the servers need the processor, too
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// The number of the next note.
async fn next(mailbox: &mut Mailbox) -> u64 {
    let envelope = soon("a note", mailbox.recv()).await.unwrap();
    envelope.open::<Note>().unwrap().number
}
