//! A room of axum, as its chat example has it: a tokio broadcast channel that each connection listens to.
//!
//! `room-axum ADDRESS WORKERS`; `/echo` says a message back, `/room` to all.

use std::{env, error::Error};

use axum::{
    Router,
    extract::{
        State,
        ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::get,
};
use tokio::{
    net::TcpListener,
    sync::broadcast::{self, Receiver, Sender},
};

/// How many messages wait for the slowest: what is older is lost to it.
const BACKLOG: usize = 1024;

async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if let Message::Text(_) = message
                && socket.send(message).await.is_err()
            {
                return;
            }
        }
    })
}

async fn room(upgrade: WebSocketUpgrade, State(room): State<Sender<Utf8Bytes>>) -> Response {
    let heard = room.subscribe();
    upgrade.on_upgrade(move |socket| member(socket, room, heard))
}

async fn member(mut socket: WebSocket, room: Sender<Utf8Bytes>, mut heard: Receiver<Utf8Bytes>) {
    loop {
        tokio::select! {
            said = socket.recv() => match said {
                Some(Ok(Message::Text(text))) => {
                    if room.send(text).is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            text = heard.recv() => match text {
                Ok(text) => {
                    if socket.send(Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                // too slow, or the end
                Err(_) => return,
            },
        }
    }
}

async fn serve(address: String) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    println!("ws://{}", listener.local_addr()?);
    let app = Router::new()
        .route("/echo", get(echo))
        .route("/room", get(room))
        .with_state(broadcast::channel(BACKLOG).0);
    Ok(axum::serve(listener, app).await?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let workers = args.next().map_or(Ok(1), |workers| workers.parse())?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(workers).enable_all().build()?.block_on(serve(address))
}
