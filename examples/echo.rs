//! Says again what it is told: the smallest server there is, and the one that conformance is measured on.
//!
//! `cargo run --release --example echo -- 127.0.0.1:9001`

use std::{env, io, time::Duration};

use actix_web::{App, HttpServer};
use channels_actix::{Compression, Limits, prelude::*};

struct Echo;

impl WebsocketConsumer for Echo {
    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        match frame {
            Frame::Text(text) => socket.send_text(text).await,
            Frame::Binary(bytes) => socket.send_binary(bytes).await,
        }
    }
}

#[actix_web::main]
#[expect(clippy::print_stdout, reason = "who starts it reads where it listens")]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    // the Autobahn suite sends messages of 16 MiB, and some of more than 65,536 fragments. It answers a ping even in the
    // middle of a frame that it sends in pieces, and so breaks that frame: no pings here
    let limits =
        Limits { message: 16 << 20, fragments: 1 << 17, ping_interval: Duration::MAX, ..Limits::default() };
    let channels = Channels::new(MemoryLayer::default())
        .limits(limits)
        .compression(Compression { threshold: 0, ..Compression::default() })
        .websocket("/", |_| Ok(Echo));
    let routes = channels.clone();
    let server = HttpServer::new(move || App::new().configure(routes.routes()));
    let server = channels.tune(server).bind(address)?;
    for address in server.addrs() {
        println!("ws://{address}/");
    }
    server.run().await
}
