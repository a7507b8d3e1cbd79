//! A room of actix-ws, as its chat example has it: a list of sessions, and each message sent to one after the other.
//!
//! `room-actix-ws ADDRESS WORKERS`; `/echo` says a message back, `/room` to all.

use std::{env, io, sync::Arc, time::Duration};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};
use actix_ws::{AggregatedMessage, MessageStream, Session};
use bytestring::ByteString;
use futures_util::{StreamExt as _, future::join_all};
use tokio::sync::Mutex;

/// All who are in the room.
#[derive(Clone, Default)]
struct Room(Arc<Mutex<Vec<Session>>>);

impl Room {
    async fn join(&self, session: &Session) {
        self.0.lock().await.push(session.clone());
    }

    /// Those that have ended are left out from then on.
    async fn say(&self, text: ByteString) {
        let mut members = self.0.lock().await;
        let sent = join_all(members.drain(..).map(|mut member| {
            let text = text.clone();
            async move { member.text(text).await.is_ok().then_some(member) }
        }));
        let sent = sent.await;
        members.extend(sent.into_iter().flatten());
    }
}

async fn run(mut session: Session, stream: MessageStream, room: Option<Room>) {
    let mut stream = stream.aggregate_continuations();
    while let Some(Ok(message)) = stream.next().await {
        let sent = match (message, &room) {
            (AggregatedMessage::Text(text), None) => session.text(text).await,
            (AggregatedMessage::Text(text), Some(room)) => {
                room.say(text).await;
                Ok(())
            }
            (AggregatedMessage::Ping(bytes), _) => session.pong(&bytes).await,
            (AggregatedMessage::Close(_), _) => break,
            (AggregatedMessage::Binary(_) | AggregatedMessage::Pong(_), _) => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
    if let Err(gone) = session.close(None).await {
        eprintln!("not closed: {gone}");
    }
}

async fn echo(request: HttpRequest, body: web::Payload) -> actix_web::Result<HttpResponse> {
    let (response, session, stream) = actix_ws::handle(&request, body)?;
    rt::spawn(run(session, stream, None));
    Ok(response)
}

async fn room(
    request: HttpRequest,
    body: web::Payload,
    room: web::Data<Room>,
) -> actix_web::Result<HttpResponse> {
    let (response, session, stream) = actix_ws::handle(&request, body)?;
    room.join(&session).await;
    rt::spawn(run(session, stream, Some(Room::clone(&room))));
    Ok(response)
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let mut args = env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let workers = args.next().and_then(|workers| workers.parse().ok()).unwrap_or(1);
    let data = web::Data::new(Room::default());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .route("/echo", web::get().to(echo))
            .route("/room", web::get().to(room))
    })
    .workers(workers)
    .client_disconnect_timeout(Duration::ZERO)
    .bind(address)?;
    for address in server.addrs() {
        println!("ws://{address}");
    }
    server.run().await
}
