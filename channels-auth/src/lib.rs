//! Token authentication for channels-actix: whose connection it is, before a consumer exists.
//!
//! * A [`Credential`] is a token as it came: in the query string by default, or from another [`Source`].
//! * An [`Authenticator`] knows one kind of credential, and tells the [`Identity`] it stands for. [`Jwt`] is one.
//! * A [`UserLoader`] turns the identity into the application's own user.
//! * [`TokenAuth`] is all of them as one middleware: `socket.user::<MyUser>()` works inside of it.
//! * [`Authenticated`] is the same user in a handler of a request, and [`RestAuth`] the same stack as its data or
//!   its middleware.
//! * A `Session`, with the feature `sessions`, is one of a Django site: its cookie lets a browser in, consumers
//!   read it, and handlers log in and out.
//! * A [`Revoker`] ends credentials, and closes the sockets that have come with them, in every process. One that
//!   expires closes its sockets by itself.
//!
//! Who comes without a credential, or with a bad one, is closed with 4001 after a completed handshake, so that
//! a browser's script sees it. Where it cannot be checked at the moment, that is 1013: the client keeps its
//! token. No token is in any error, log line or `Debug` output.
//!
//! ```
//! use channels_auth::{AuthError, Identity, Jwt, TokenAuth, UserLoader};
//! use channels_core::*;
//!
//! struct User { id: u64 }
//!
//! struct Users; // with a pool of database connections, say
//! #[async_trait]
//! impl UserLoader for Users {
//!     type User = User;
//!
//!     async fn load(&self, identity: &Identity) -> Result<User, AuthError> {
//!         Ok(User { id: identity.id()? })
//!     }
//! }
//!
//! struct Inbox;
//! impl WebsocketConsumer for Inbox {
//!     async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
//!         let user = socket.user::<User>()?;
//!         socket.join(&Group::of("user", user.id)?).await?;
//!         socket.accept().await
//!     }
//! #   async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> { Ok(()) }
//! }
//!
//! let auth = TokenAuth::new(Users).accept(Jwt::hs256("SIMPLE_JWT's SIGNING_KEY"));
//! let channels = Channels::new(MemoryLayer::default()).wrap(auth).websocket("/ws/inbox/", |_| Ok(Inbox));
//! ```

mod authenticator;
mod chance;
mod clock;
mod credential;
mod digest;
#[cfg(feature = "database")]
mod django;
#[cfg(feature = "drf")]
mod drf;
mod error;
mod failures;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod hex;
mod identity;
#[cfg(feature = "jwt")]
mod jwt;
mod kinds;
#[cfg(feature = "knox")]
mod knox;
mod live;
mod logout;
pub mod metrics;
#[cfg(test)]
#[cfg(all(feature = "jwks", feature = "knox", feature = "drf", feature = "sessions", feature = "tickets"))]
mod properties;
#[cfg(any(feature = "knox", feature = "drf", feature = "sessions", feature = "tickets"))]
mod random;
mod rest;
mod revoker;
#[cfg(feature = "sessions")]
mod session;
#[cfg(feature = "sessions")]
pub mod signing;
mod source;
mod stack;
mod standing;
#[cfg(feature = "database")]
mod store;
#[cfg(feature = "tickets")]
mod ticket;
mod user;
#[cfg(test)]
mod vectors;
mod visit;

#[cfg(feature = "database")]
pub use self::django::{DjangoUser, DjangoUsers};
#[cfg(feature = "drf")]
pub use self::drf::DrfToken;
#[cfg(feature = "jwks")]
pub use self::jwt::{Jwks, JwksError};
#[cfg(feature = "jwt")]
pub use self::jwt::{Jwt, JwtIssuer, JwtKey, KeyError};
#[cfg(feature = "knox")]
pub use self::knox::{Knox, KnoxError, KnoxHash, KnoxToken};
#[cfg(feature = "sessions")]
pub use self::session::{
    SameSite, Session, SessionCache, SessionCookie, SessionError, SessionExpiry, SessionExt, SessionStore,
    SetCookie,
};
#[cfg(feature = "database")]
pub use self::store::{Database, StoreError, UserTable};
#[cfg(all(feature = "tickets", feature = "database"))]
pub use self::ticket::DatabaseTickets;
#[cfg(all(feature = "tickets", feature = "redis"))]
pub use self::ticket::RedisTickets;
#[cfg(feature = "tickets")]
pub use self::ticket::{MemoryTickets, StoredTicket, Ticket, TicketStore, Tickets};
pub use self::{
    authenticator::Authenticator,
    credential::Credential,
    error::{AuthError, BoxError},
    failures::FailureLimit,
    identity::Identity,
    logout::LoginExt,
    rest::{Authenticated, RestAuth, RestAuthMiddleware},
    revoker::Revoker,
    source::Source,
    stack::TokenAuth,
    standing::Standing,
    user::{Stateless, UserLoader},
};
