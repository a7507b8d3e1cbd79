//! The echo server of axum, whose WebSockets are tungstenite's.
//!
//! `echo-axum 127.0.0.1:9001`

use std::{env, io};

use axum::{
    Router,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    response::Response,
    routing::get,
};
use tokio::net::TcpListener;

/// The longest message of the Autobahn suite.
const MESSAGE: usize = 16 << 20;

async fn connect(upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(MESSAGE).max_frame_size(MESSAGE).on_upgrade(echo)
}

/// Pings and closes are answered by tungstenite.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let echoed = match message {
            Message::Text(_) | Message::Binary(_) => socket.send(message).await,
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(()),
        };
        if echoed.is_err() {
            return;
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("ws://{}/", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/", get(connect))).await
}
