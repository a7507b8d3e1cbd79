//! The server that is measured: channels-actix as an application uses it, with routes, JWT and heartbeats.
//!
//! `ours ADDRESS WORKERS LAYER`, where the layer is `memory`, `redis+core=URL` or `redis+pubsub=URL`. It prints where it
//! listens, and the query that opens its sockets.

use std::{env, error::Error, time::Duration};

use actix_web::{App, HttpServer};
use channels_actix::{JwtIssuer, RedisLayer, RedisPubSubLayer, prelude::*};
use serde::{Deserialize, Serialize};

/// What is said, and what is heard: the same bytes.
#[derive(Serialize, Deserialize)]
struct Message {
    seq: u32,
    pad: String,
}

impl Event for Message {
    const TYPE: &str = "bench.message";
}

/// The same, for a consumer's own handler.
#[derive(Serialize, Deserialize)]
struct Handled {
    seq: u32,
    pad: String,
}

impl Event for Handled {
    const TYPE: &str = "bench.handled";
}

/// What goes out where the type is not an event's.
#[derive(Serialize)]
struct Said<'a> {
    r#type: &'static str,
    seq: u32,
    pad: &'a str,
}

struct Echo {
    own: Group,
}

impl JsonWebsocketConsumer for Echo {
    type Incoming = Message;

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&self.own).await?;
        socket.accept().await
    }

    async fn receive_json(&mut self, message: Message, socket: &mut Socket) -> Result<()> {
        socket.send_json(&Said { r#type: Message::TYPE, seq: message.seq, pad: &message.pad }).await
    }
}

/// A room whose messages go past the consumers.
struct Relayed {
    room: Group,
}

impl JsonWebsocketConsumer for Relayed {
    type Incoming = Message;

    fn events(on: &mut Handlers<Self>) {
        on.relay::<Message>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&self.room).await?;
        socket.accept().await
    }

    async fn receive_json(&mut self, message: Message, socket: &mut Socket) -> Result<()> {
        socket.group_send(&self.room, message).await
    }
}

/// A room where each member's handler is called, and sends what it likes.
struct Handling {
    room: Group,
}

impl JsonWebsocketConsumer for Handling {
    type Incoming = Message;

    fn events(on: &mut Handlers<Self>) {
        on.event(Self::handled);
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&self.room).await?;
        socket.accept().await
    }

    async fn receive_json(&mut self, message: Message, socket: &mut Socket) -> Result<()> {
        let Message { seq, pad } = message;
        socket.group_send(&self.room, Handled { seq, pad }).await
    }
}

impl Handling {
    async fn handled(&mut self, event: Received<Handled>, socket: &mut Socket) -> Result<()> {
        socket.relay(&event).await
    }
}

async fn layer(kind: &str) -> std::result::Result<Layer, Box<dyn Error>> {
    Ok(match kind.split_once('=') {
        Some(("redis+core", url)) => Layer::new(RedisLayer::connect(url).await?),
        Some(("redis+pubsub", url)) => Layer::new(RedisPubSubLayer::connect(url).await?),
        _ if kind == "memory" => Layer::new(MemoryLayer::default()),
        _ => return Err(format!("{kind}: no such layer").into()),
    })
}

#[actix_web::main]
#[expect(clippy::print_stdout, reason = "who starts it reads where it listens")]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let workers = args.next().map_or(Ok(1), |workers| workers.parse())?;
    let layer = layer(&args.next().unwrap_or_else(|| "memory".to_owned())).await?;

    // the key is the same for every process: the generator has one token for all
    let issuer =
        JwtIssuer::hs256("of no use but to this benchmark").lifetime(Duration::from_secs(24 * 60 * 60));
    let channels = Channels::on(layer)
        .wrap(TokenAuth::stateless().accept(issuer.verifier()))
        .websocket("/echo", |scope| Ok(Echo { own: Group::of("user", &scope.user::<Identity>()?.user_id)? }))
        .websocket("/room/{room}", |scope| {
            Ok(Relayed { room: Group::of("room", scope.param::<String>("room")?)? })
        })
        .websocket("/handled/{room}", |scope| {
            Ok(Handling { room: Group::of("room", scope.param::<String>("room")?)? })
        });
    let routes = channels.clone();
    let server = HttpServer::new(move || App::new().configure(routes.routes())).workers(workers);
    let server = channels.tune(server).bind(address)?;
    for address in server.addrs() {
        println!("ws://{address}?token={}", issuer.issue(7));
    }
    Ok(server.run().await?)
}
