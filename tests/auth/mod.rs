//! Whose connection it is: every token, wherever it stands, over a real socket.

#[cfg(all(feature = "knox", feature = "drf", feature = "postgres"))]
mod django;
#[cfg(all(feature = "knox", feature = "drf", feature = "sessions", feature = "postgres"))]
mod django_sessions;
#[cfg(all(feature = "knox", feature = "drf", feature = "tickets"))]
mod every_kind;
mod failures;
mod first_message;
#[cfg(feature = "jwks")]
mod jwks;
mod live;
#[cfg(all(feature = "knox", feature = "drf", feature = "tickets", feature = "postgres"))]
mod postgres;
#[cfg(all(feature = "redis", feature = "tickets"))]
mod redis_tickets;
mod rest;
#[cfg(feature = "sessions")]
mod session;
mod sources;
#[cfg(feature = "tickets")]
mod tickets;
mod tokens;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use channels_actix::{testing::TestServer, *};
use serde_json::{Value, json};

use crate::support::{Client, Journal, channels, secrets};

const SECRET: &str = "s3cr3t-of-the-site";

/// The users are Ann, 7; Bob, 8, who may not log in; Cyd, 9, whom the database does not return; and Dee, 11.
#[derive(Debug, PartialEq)]
struct User {
    name: &'static str,
}

struct Users;

#[async_trait]
impl UserLoader for Users {
    type User = User;

    async fn load(&self, identity: &Identity) -> Result<User, AuthError> {
        match identity.id::<u32>()? {
            7 => Ok(User { name: "Ann" }),
            8 => Err(AuthError::Inactive),
            9 => Err(AuthError::unavailable(std::io::Error::other("the database is down"))),
            10 => std::future::pending().await,
            11 => Ok(User { name: "Dee" }),
            _ => Err(AuthError::Invalid("no such user")),
        }
    }
}

/// Says who it is for, then says again what it is told.
struct Greeter;

impl WebsocketConsumer for Greeter {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.accept().await?;
        let name = socket.user::<User>().map_or("nobody", |user| user.name);
        socket.send_text(format!("hello {name}")).await
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        socket.send_text(frame.as_text().unwrap_or_default()).await
    }
}

struct Site {
    server: TestServer,
    /// Says which consumers were made.
    journal: Journal,
}

impl Site {
    fn new(configure: impl FnOnce(TokenAuth<Users>) -> TokenAuth<Users>) -> Self {
        Self::with(configure, |channels| channels)
    }

    fn with(
        configure: impl FnOnce(TokenAuth<Users>) -> TokenAuth<Users>,
        around: impl FnOnce(Channels) -> Channels,
    ) -> Self {
        secrets::note("a signing key", SECRET);
        let auth = configure(TokenAuth::new(Users).accept(Jwt::hs256(SECRET)));
        let limits = Limits { handshake: Duration::from_millis(300), ..Limits::default() };
        let journal = Journal::default();
        let made = journal.clone();
        let channels = around(channels()).limits(limits).wrap(auth).websocket("/ws/", move |_| {
            made.note("made");
            Ok(Greeter)
        });
        Self { server: TestServer::start(&channels), journal }
    }

    fn url(&self, query: &str) -> String {
        self.server.url(&format!("/ws/{query}"))
    }

    /// How a socket with this query string ends, and that no consumer was made for it.
    async fn refusal(&self, query: &str) -> (u16, String) {
        let closed = Client::connect(&self.url(query)).await.closed().await;
        assert_eq!(self.journal.lines(), Vec::<String>::new());
        closed
    }

    async fn greeting(&self, query: &str, headers: &[(&'static str, &str)]) -> String {
        Client::with_headers(&self.url(query), headers).await.next_text().await
    }
}

fn token(user_id: u32) -> String {
    noted(JwtIssuer::hs256(SECRET).issue(user_id))
}

/// A JSON Web Token, and that neither it nor its signature may be in a log.
fn noted(token: String) -> String {
    secrets::note("a JSON Web Token", &token);
    if let Some((_, signature)) = token.rsplit_once('.') {
        secrets::note("the signature of a JSON Web Token", signature);
    }
    token
}

/// What Ann's token says.
fn claims() -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({ "token_type": "access", "exp": now + 300, "iat": now, "jti": "1", "user_id": "7" })
}

/// Ann's token, with some claims replaced.
fn signed(secret: &str, changes: &Value) -> String {
    let mut claims = claims();
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    noted(jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap())
}
