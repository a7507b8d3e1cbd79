//! What happens to a socket while it is open: its credential expires, is replaced, is revoked.

#[cfg(all(feature = "knox", feature = "drf", feature = "sessions", feature = "postgres"))]
mod django;
mod expiry;
mod index;
#[cfg(all(feature = "knox", feature = "drf", feature = "sessions"))]
mod recheck;
#[cfg(feature = "redis")]
mod redis;
mod refresh;
mod revocation;
#[cfg(all(feature = "knox", feature = "drf", feature = "sessions"))]
mod stored;
#[cfg(feature = "tickets")]
mod tickets;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use channels_actix::{testing::TestServer, *};
use serde_json::json;

use super::{SECRET, User, Users, signed};
use crate::support::Client;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Says who it is for; then does what it is told, or says it again.
struct Desk;

impl WebsocketConsumer for Desk {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.accept().await?;
        let name = socket.user::<User>().map_or("nobody", |user| user.name);
        socket.send_text(format!("hello {name}")).await
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        match frame.as_text().unwrap_or_default() {
            "log me out" => Ok(socket.logout().await?),
            "log me out everywhere" => Ok(socket.logout_everywhere().await?),
            "wait" => std::future::pending().await,
            "expires" => socket.send_json(&json!(socket.login_expires().map(seconds))).await,
            other => socket.send_text(other).await,
        }
    }
}

/// Keys such as `key_7_a`, of user 7, in a store that a test changes.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Store>>);

#[derive(Default)]
struct Store {
    /// When each ends.
    keys: HashMap<String, Option<SystemTime>>,
    is_down: bool,
    /// How many each query was about.
    queries: Vec<usize>,
}

impl Keys {
    fn put(&self, key: &str, expires: Option<SystemTime>) {
        self.0.lock().unwrap().keys.insert(key.to_owned(), expires);
    }

    #[cfg(any(feature = "redis", all(feature = "knox", feature = "drf", feature = "sessions")))]
    fn remove(&self, key: &str) {
        self.0.lock().unwrap().keys.remove(key);
    }

    fn set_down(&self, is_down: bool) {
        self.0.lock().unwrap().is_down = is_down;
    }

    fn queries(&self) -> Vec<usize> {
        self.0.lock().unwrap().queries.clone()
    }
}

fn down() -> AuthError {
    AuthError::unavailable("the store of keys is down")
}

#[async_trait]
impl Authenticator for Keys {
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
        let store = self.0.lock().unwrap();
        let Some(key) = credential.expose().strip_prefix("key_") else { return Ok(None) };
        if store.is_down {
            return Err(down());
        }
        let expires = store.keys.get(credential.expose()).ok_or(AuthError::Invalid("no such key"))?;
        let mut identity = Identity::new(key.split('_').next().unwrap());
        identity.expires = *expires;
        Ok(Some(identity))
    }

    async fn recheck(&self, credentials: &[&Credential]) -> Result<Vec<Standing>, AuthError> {
        let mut store = self.0.lock().unwrap();
        if store.is_down {
            return Err(down());
        }
        store.queries.push(credentials.len());
        let standing = |key: &&Credential| match store.keys.get(key.expose()) {
            Some(expires) => Standing::Good(*expires),
            None => Standing::Revoked,
        };
        Ok(credentials.iter().map(standing).collect())
    }

    async fn delete(&self, credential: &Credential) -> Result<bool, AuthError> {
        let mut store = self.0.lock().unwrap();
        if store.is_down {
            return Err(down());
        }
        Ok(store.keys.remove(credential.expose()).is_some())
    }

    async fn delete_all(&self, user_id: &str) -> Result<(), AuthError> {
        let mut store = self.0.lock().unwrap();
        if store.is_down {
            return Err(down());
        }
        store.keys.retain(|key, _| !key.starts_with(&format!("key_{user_id}_")));
        Ok(())
    }
}

/// Sockets for JSON Web Tokens and keys.
struct Site {
    channels: Channels,
    rest: RestAuth<User>,
    revoker: Revoker,
    keys: Keys,
}

impl Site {
    fn new(configure: impl FnOnce(TokenAuth<Users>) -> TokenAuth<Users>) -> Self {
        Self::on(Layer::new(MemoryLayer::default()), configure)
    }

    fn on(layer: Layer, configure: impl FnOnce(TokenAuth<Users>) -> TokenAuth<Users>) -> Self {
        let keys = Keys::default();
        let auth = TokenAuth::new(Users).accept(Jwt::hs256(SECRET)).accept(keys.clone());
        let auth = configure(auth);
        let (rest, revoker) = (auth.rest(), auth.revoker(&layer));
        // no pings: where a test moves the time, nobody is there to answer them
        let limits = Limits { ping_interval: Duration::MAX, ..Limits::default() };
        let channels = Channels::on(layer).limits(limits).wrap(auth).websocket("/ws/", |_| Ok(Desk));
        Self { channels, rest, revoker, keys }
    }

    fn serve(&self) -> TestServer {
        TestServer::start(&self.channels)
    }
}

/// A client whose token was good.
async fn open(server: &TestServer, token: &str) -> Client {
    let mut client = Client::connect(&server.url(&format!("/ws/?token={token}"))).await;
    let greeting = client.next_text().await;
    assert!(["hello Ann", "hello Dee"].contains(&greeting.as_str()), "{greeting}");
    client
}

/// How a client with this token is refused.
async fn refused(server: &TestServer, token: &str) -> (u16, String) {
    Client::connect(&server.url(&format!("/ws/?token={token}"))).await.closed().await
}

/// The connection lives, and its consumer hears it.
async fn lives(client: &mut Client) {
    client.text("still here?").await;
    assert_eq!(client.next_text().await, "still here?");
}

/// A token of this user, different from all others, issued a while ago.
fn jwt(user_id: u32, number: u32) -> String {
    jwt_until(user_id, number, SystemTime::now() + HOUR)
}

fn jwt_until(user_id: u32, number: u32, expires: SystemTime) -> String {
    let issued = seconds(SystemTime::now()) - 100;
    let changes = json!({
        "user_id": user_id.to_string(), "jti": number.to_string(), "iat": issued, "exp": seconds(expires)
    });
    signed(SECRET, &changes)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn revoked() -> (u16, String) {
    (4500, "token revoked".into())
}

fn logged_out_everywhere() -> (u16, String) {
    (4500, "logged out everywhere".into())
}
