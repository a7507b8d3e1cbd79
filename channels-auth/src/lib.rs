//! Token authentication for channels-actix: whose connection it is, before a consumer exists.
//!
//! * A [`Credential`] is a token as it came: in the query string by default, or from another [`Source`].
//! * An [`Authenticator`] knows one kind of credential, and tells the [`Identity`] it stands for. [`Jwt`] is one.
//! * A [`UserLoader`] turns the identity into the application's own user.
//! * [`TokenAuth`] is all of them as one middleware: `socket.user::<MyUser>()` works inside of it.
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
mod credential;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod identity;
#[cfg(feature = "jwt")]
mod jwt;
pub mod metrics;
mod source;
mod stack;
mod user;

#[cfg(feature = "jwt")]
pub use self::jwt::{Jwt, JwtIssuer, JwtKey, KeyError};
pub use self::{
    authenticator::Authenticator,
    credential::Credential,
    error::{AuthError, BoxError},
    identity::Identity,
    source::Source,
    stack::TokenAuth,
    user::{Stateless, UserLoader},
};
