//! The echo server of actix-ws: its message stream, joined from continuations by its own helper.
//!
//! `echo-actix-ws 127.0.0.1:9001`

use std::{env, io, time::Duration};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};
use actix_ws::{AggregatedMessage, CloseCode, CloseReason};
use futures_util::StreamExt as _;

/// The longest message of the Autobahn suite.
const MESSAGE: usize = 16 << 20;

async fn echo(request: HttpRequest, body: web::Payload) -> actix_web::Result<HttpResponse> {
    let (response, mut session, stream) = actix_ws::handle(&request, body)?;
    let mut stream = stream.max_frame_size(MESSAGE).aggregate_continuations().max_continuation_size(MESSAGE);
    rt::spawn(async move {
        let end = loop {
            let sent = match stream.next().await {
                Some(Ok(AggregatedMessage::Text(text))) => session.text(text).await,
                Some(Ok(AggregatedMessage::Binary(bytes))) => session.binary(bytes).await,
                Some(Ok(AggregatedMessage::Ping(bytes))) => session.pong(&bytes).await,
                Some(Ok(AggregatedMessage::Pong(_))) => Ok(()),
                Some(Ok(AggregatedMessage::Close(reason))) => break reason,
                // it does not say which code is due: text that is not UTF-8 and frames that are wrong look alike
                Some(Err(_)) => break Some(CloseReason::from(CloseCode::Protocol)),
                None => break None,
            };
            if sent.is_err() {
                return;
            }
        };
        if session.close(end).await.is_err() {
            eprintln!("the client was gone before the close");
        }
    });
    Ok(response)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let server = HttpServer::new(|| App::new().route("/", web::get().to(echo)))
        // as ours: without it, the end of a connection takes a second longer
        .client_disconnect_timeout(Duration::ZERO)
        .bind(address)?;
    for address in server.addrs() {
        println!("ws://{address}/");
    }
    server.run().await
}
