//! A room of socketioxide: Socket.IO over a WebSocket, on axum.
//!
//! `room-socketioxide ADDRESS WORKERS`; what is said in the namespace `/` goes to its room.

use std::{env, error::Error};

use axum::Router;
use serde_json::Value;
use socketioxide::{
    SocketIo,
    extract::{Data, SocketRef},
};
use tokio::net::TcpListener;

async fn connected(socket: SocketRef) {
    socket.join("room");
    socket.on("say", async |io: SocketIo, Data::<Value>(message)| {
        if let Err(error) = io.to("room").emit("said", &message).await {
            eprintln!("not all were reached: {error}");
        }
    });
}

async fn serve(address: String) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    println!("ws://{}", listener.local_addr()?);
    let (layer, io) = SocketIo::builder().max_buffer_size(1024).build_layer();
    io.ns("/", connected);
    Ok(axum::serve(listener, Router::new().layer(layer)).await?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let workers = args.next().map_or(Ok(1), |workers| workers.parse())?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(workers).enable_all().build()?.block_on(serve(address))
}
