//! A site that is under way to its visitors through a wire of ours: it can be cut, and the server behind it changed.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::{HttpResponse, web};
use channels_actix::{
    AuthError, Authenticator, Channels, Credential, Identity, JsonWebsocketConsumer, Next, Result, Scope,
    Socket, TokenAuth, async_trait,
    client::{self, AskForStats, ClientStats},
    from_fn,
    testing::TestServer,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    task::AbortHandle,
};

use crate::support::channels;

/// A site at an address that stays the same.
pub(crate) struct Site {
    address: SocketAddr,
    server: Option<TestServer>,
    channels: Option<Channels>,
    wire: watch::Sender<Wire>,
    proxy: AbortHandle,
    visits: Arc<AtomicUsize>,
}

/// What the wire does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wire {
    /// Carries everything to the server at this address.
    Carries(SocketAddr),
    /// Carries nothing, and tells nobody: as a network that is gone.
    Frozen,
    /// Is cut: connections end, and new ones are closed at once.
    Cut,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (wire, watched) = watch::channel(Wire::Cut);
        let proxy = tokio::spawn(listen(listener, watched)).abort_handle();
        let visits = Arc::default();
        let mut site = Self { address, server: None, channels: None, wire, proxy, visits };
        site.restart();
        site
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How many WebSockets were begun.
    pub(crate) fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    /// Another server, which remembers nothing.
    pub(crate) fn restart(&mut self) {
        let visits = Arc::clone(&self.visits);
        let channels = channels()
            .wrap(from_fn(async move |scope: Scope, next: Next<'_>| {
                visits.fetch_add(1, Ordering::SeqCst);
                next.run(scope).await
            }))
            .wrap(TokenAuth::stateless().accept(Names).refresh_in_band())
            .websocket("/ws/", |_| Ok(Desk));
        let server = TestServer::with(&channels, |config| {
            config
                .configure(client::routes("/channels/"))
                .route("/", web::get().to(async || HttpResponse::Ok().content_type("text/html").body(PAGE)))
                .route(
                    "/news",
                    web::get().to(async || web::Json(json!([{ "type": "note", "text": "by poll" }]))),
                )
                .route("/say", web::post().to(async |said: web::Json<Value>| said));
        });
        self.wire.send_replace(Wire::Carries(server.address()));
        (self.server, self.channels) = (Some(server), Some(channels));
    }

    /// Ends in order: everybody is told.
    pub(crate) async fn shut_down(&mut self) {
        if let Some(channels) = self.channels.take() {
            channels.shutdown().await;
        }
        self.cut();
        self.server = None;
    }

    /// All connections end without a word, and there are no new ones.
    pub(crate) fn cut(&self) {
        self.wire.send_replace(Wire::Cut);
    }

    /// Nothing comes through any more, and nobody is told.
    pub(crate) fn freeze(&self) {
        self.wire.send_replace(Wire::Frozen);
    }

    /// The wire works again.
    pub(crate) fn mend(&self) {
        let server = self.server.as_ref().expect("there is a server");
        self.wire.send_replace(Wire::Carries(server.address()));
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.proxy.abort();
    }
}

async fn listen(listener: TcpListener, wire: watch::Receiver<Wire>) {
    loop {
        let (visitor, _) = listener.accept().await.unwrap();
        tokio::spawn(carry(visitor, wire.clone()));
    }
}

/// Carries one connection until the wire does something else.
async fn carry(mut visitor: TcpStream, mut wire: watch::Receiver<Wire>) {
    let begun = *wire.borrow_and_update();
    let Wire::Carries(server) = begun else { return hold(&mut wire).await };
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    select! {
        // how it ended is the business of the two ends
        _ = copy_bidirectional(&mut visitor, &mut server) => return,
        _ = wire.wait_for(|now| *now != begun) => {}
    }
    hold(&mut wire).await;
}

/// Keeps a connection that is not carried for as long as the wire is frozen.
async fn hold(wire: &mut watch::Receiver<Wire>) {
    while *wire.borrow_and_update() == Wire::Frozen && wire.changed().await.is_ok() {}
}

const PAGE: &str =
    "<!doctype html><html lang=en><title>A page</title><link rel=icon href=data:,><p>A page.</p>";

/// Knows whoever names themselves, with a number or without: `name:ann:2`.
struct Names;

#[async_trait]
impl Authenticator for Names {
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
        match credential.expose().strip_prefix("name:") {
            Some(name) => Ok(Some(Identity::new(name.split(':').next().unwrap_or(name)))),
            None => Err(AuthError::Invalid("it is no name")),
        }
    }
}

/// Answers what it is asked.
struct Desk;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Message {
    /// Answered with what the connection's user is called.
    WhoAmI { r#ref: String },
    /// Comes back as an event.
    Say { text: String },
    /// Has the server ask for the client's numbers.
    Count,
    /// The answer; comes back as an event.
    #[serde(rename = "client.stats")]
    Stats(ClientStats),
}

impl JsonWebsocketConsumer for Desk {
    type Incoming = Message;

    async fn receive_json(&mut self, message: Message, socket: &mut Socket) -> Result<()> {
        match message {
            Message::WhoAmI { r#ref } => {
                let name = socket.user::<Identity>()?.user_id.clone();
                socket.send_json(&json!({ "type": "you_are", "name": name, "ref": r#ref })).await
            }
            Message::Say { text } => socket.send_json(&json!({ "type": "note", "text": text })).await,
            Message::Count => socket.send_json(&AskForStats).await,
            Message::Stats(stats) => {
                stats.record();
                socket.send_json(&json!({ "type": "counted", "attempts": stats.attempts })).await
            }
        }
    }
}
