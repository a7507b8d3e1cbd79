//! Django Channels for Rust, on actix: consumers, a scope, routing, token authentication, and channel layers
//! that broadcast to groups.
//!
//! ```no_run
//! use actix_web::{App, HttpServer};
//! use channels_actix::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct ChatMessage { from: String, text: String }
//! impl Event for ChatMessage { const TYPE: &str = "chat.message"; }
//!
//! #[derive(Deserialize)]
//! struct Say { text: String }
//!
//! struct Chat { room: Group }
//!
//! impl JsonWebsocketConsumer for Chat {
//!     type Incoming = Say;
//!
//!     fn events(on: &mut Handlers<Self>) {
//!         on.relay::<ChatMessage>();
//!     }
//!     async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
//!         socket.join(&self.room).await?;
//!         socket.accept().await
//!     }
//!     async fn receive_json(&mut self, say: Say, socket: &mut Socket) -> Result<()> {
//!         let from = socket.user::<Identity>()?.user_id.clone();
//!         socket.group_send(&self.room, ChatMessage { from, text: say.text }).await
//!     }
//! }
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     let channels = Channels::new(MemoryLayer::default())
//!         .wrap(TokenAuth::stateless().accept(Jwt::hs256("SECRET_KEY of the Django site")))
//!         .websocket("/ws/chat/{room}/", |scope| Ok(Chat { room: Group::of("chat", scope.param::<String>("room")?)? }));
//!     HttpServer::new(move || App::new().configure(channels.routes())).bind("127.0.0.1:8000")?.run().await
//! }
//! ```
//!
//! # The words
//!
//! They are Django Channels' own.
//!
//! | | what it is |
//! | --- | --- |
//! | [`Channels`] | an application: routes, middleware around them, a channel layer beneath |
//! | [`WebsocketConsumer`], [`JsonWebsocketConsumer`] | one value for each connection; its hooks never run two at a time |
//! | [`Socket`] | what a hook may do: accept, send, close, join groups |
//! | [`Scope`] | what is known of a connection: path, query, headers, the route's parameters, the user |
//! | [`Event`] | a struct with a wire name such as `chat.message` |
//! | [`Group`] | a set of connections that get the same events |
//! | [`ChannelLayer`], [`MemoryLayer`], [`Layer`] | what carries events; the one in this process; a handle on either |
//! | [`Worker`], [`Job`], [`Workers`] | a consumer of what is sent to a named channel; what it works on; a program of such |
//! | [`Middleware`], [`from_fn`] | what runs between the handshake and the consumer |
//! | [`TokenAuth`], [`Jwt`], [`UserLoader`] | from a token to the user in the scope |
//! | [`Authenticated`], [`RestAuth`] | the same for requests |
//! | [`Revoker`], [`LoginExt`] | what logs somebody out, and closes the sockets |
//! | [`CloseCode`], [`Rejection`], [`Error`] | how a client is told |
//! | [`Limits`], [`Retention`] | every number, with its default |
//! | [`testing`] | connections without a server, and a server for a test |
//!
//! # What to know
//!
//! * **A client that is not let in sees why.** The handshake is completed, then closed: a browser's script
//!   sees 4001, where a refusal in HTTP shows as 1006. [`Refusal::Http`] is for clients that are no browsers.
//! * **A hook that fails is answered**, logged and counted, and the connection lives on. One that panics
//!   closes its own connection with 1011.
//! * **`disconnect` runs and groups are left, always**: after an error, a panic, a lost connection, a
//!   shutdown.
//! * **Set the server up** with [`Channels::tune`] before `bind`, and let it end by [`Channels::shutdown_on`]: frames
//!   are not held back (40 ms, now and then, by the kernel), clients that take nothing are got rid of, and all others
//!   are told to come back.
//! * **Memory is bounded.** Each queue has a [limit](Limits), a policy for when it is full, and a counter.
//! * **Anybody who holds the layer can send**: another handler, a job, a plain thread with a
//!   [`BlockingLayer`]; and over HTTP, whoever has the token of a [`Publish`].
//! * **What computes or blocks is a [`Worker`]'s**: it has a thread of its own. With `RedisTasks`, its jobs are kept
//!   until they are done.
//!
//! # Features
//!
//! | | default | |
//! | --- | --- | --- |
//! | `jwt` | yes | [`Jwt`] and [`JwtIssuer`] |
//! | `jwks` | | `Jwks`: keys for them that an issuer publishes, by URL or from a file |
//! | `redis` | | `RedisLayer`, `RedisPubSubLayer`: groups across processes, and with Django in them; `RedisTasks`: jobs that are kept until they are done; `RedisPublisher`; `RedisTickets` |
//! | `client` | | `client`: the client for browsers, served by the application |
//! | `knox` | | `Knox`: tokens of django-rest-knox |
//! | `drf` | | `DrfToken`: tokens of Django REST framework |
//! | `sessions` | | `Session`: sessions of a Django site; `signing`: what else it signs |
//! | `tickets` | | `Ticket`, `Tickets`: credentials for one connection |
//! | `postgres` | | databases in PostgreSQL, beside those in SQLite |
//! | `database` | | `Database` and `DjangoUsers`; comes with `knox`, `drf`, `sessions` and `postgres` |
//! | `rustls` | | servers over TLS: `HttpServer::bind_rustls_0_23` of actix-web, and clients evicted there too |
//!
//! What asks a database needs Rust 1.94, as sqlx does; the rest needs 1.89.

#[cfg(all(feature = "tickets", feature = "database"))]
#[doc(inline)]
pub use channels_auth::DatabaseTickets;
#[cfg(feature = "drf")]
#[doc(inline)]
pub use channels_auth::DrfToken;
#[cfg(all(feature = "tickets", feature = "redis"))]
#[doc(inline)]
pub use channels_auth::RedisTickets;
#[doc(inline)]
pub use channels_auth::{
    AuthError, Authenticated, Authenticator, BoxError, Credential, FailureLimit, Identity, LoginExt,
    RestAuth, RestAuthMiddleware, Revoker, Source, Standing, Stateless, TokenAuth, UserLoader,
};
#[cfg(feature = "database")]
#[doc(inline)]
pub use channels_auth::{Database, DjangoUser, DjangoUsers, StoreError, UserTable};
#[cfg(feature = "jwks")]
#[doc(inline)]
pub use channels_auth::{Jwks, JwksError};
#[cfg(feature = "jwt")]
#[doc(inline)]
pub use channels_auth::{Jwt, JwtIssuer, JwtKey, KeyError};
#[cfg(feature = "knox")]
#[doc(inline)]
pub use channels_auth::{Knox, KnoxError, KnoxHash, KnoxToken};
#[cfg(feature = "tickets")]
#[doc(inline)]
pub use channels_auth::{MemoryTickets, StoredTicket, Ticket, TicketStore, Tickets};
#[cfg(feature = "sessions")]
#[doc(inline)]
pub use channels_auth::{
    SameSite, Session, SessionCache, SessionCookie, SessionError, SessionExpiry, SessionExt, SessionStore,
    SetCookie, signing,
};
#[cfg(feature = "client")]
#[doc(inline)]
pub use channels_client as client;
#[doc(inline)]
pub use channels_core::{
    Accept, AllowedHosts, AllowedOrigins, Aside, Channels, CloseCode, CloseReason, Compression,
    ConnectionHandle, ConnectionId, ConnectionLimit, Drain, Error, Frame, FromFn, Handlers, Job,
    JsonWebsocketConsumer, Limits, Middleware, Next, OriginPatternError, Overflow, PatternError, Publish,
    Rate, Refusal, Rejection, Result, Routes, Scope, ScopeError, Socket, SocketError, Tuning,
    WebsocketConsumer, Work, Worker, Workers, async_trait, cookie, from_fn, testing,
};
#[doc(inline)]
pub use channels_layer::{
    BlockingLayer, CapacityError, ChannelLayer, ChannelName, Delivery, Envelope, Event, EventError, Gap,
    Group, Layer, LayerError, Mailbox, MemoryLayer, MemoryStats, NameError, Offered, Postbox, Received,
    Retention, conformance, conformance_tests, wire,
};
#[cfg(feature = "redis")]
#[doc(inline)]
pub use channels_layer::{
    BlockingRedisPublisher, DeadLetter, DeadReason, OnOutage, OutboxStats, RedisHost, RedisHostError,
    RedisLayer, RedisOptions, RedisPubSubLayer, RedisPubSubStats, RedisPublisher, RedisScript, RedisServer,
    RedisStats, RedisTask, RedisTaskReceiver, RedisTasks, TaskPolicy, TaskStats,
};

pub mod metrics;
pub mod prelude;

/// The README's program compiles.
#[cfg(all(doctest, feature = "jwt"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The workers' guide's programs compile.
#[cfg(all(doctest, feature = "redis"))]
#[doc = include_str!("../docs/workers.md")]
struct WorkersGuide;

/// The guide's programs compile.
#[cfg(all(
    doctest,
    feature = "jwks",
    feature = "knox",
    feature = "drf",
    feature = "redis",
    feature = "sessions",
    feature = "tickets"
))]
#[doc = include_str!("../docs/auth.md")]
struct AuthGuide;
