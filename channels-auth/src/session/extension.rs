//! The session in a scope.

use std::sync::{Arc, Mutex, PoisonError};

use channels_core::{Scope, Socket};

use super::{Session, SessionError, SessionStore, Settings};

/// The session of whoever is connected: on a [`Scope`], and on a consumer's [`Socket`].
///
/// ```
/// # use channels_core::*;
/// # struct Shop;
/// use channels_auth::SessionExt;
///
/// # impl WebsocketConsumer for Shop {
/// async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
///     let basket: Option<Vec<u32>> = socket.session().await?.get("basket")?;
///     socket.accept().await?;
///     socket.send_json(&basket.unwrap_or_default()).await
/// }
/// #     async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> { Ok(()) }
/// # }
/// ```
pub trait SessionExt {
    /// Reads the session, as it is now. It is empty where the browser has none, or it has ended.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotAccepted`] if the stack around the route accepts no [`Session`],
    /// [`SessionError::Store`] if the database is of no use.
    fn session(&self) -> impl Future<Output = Result<SessionStore, SessionError>>;
}

impl SessionExt for Scope {
    async fn session(&self) -> Result<SessionStore, SessionError> {
        let visitor = self.get::<Visitor>().cloned().ok_or(SessionError::NotAccepted)?;
        SessionStore::open(visitor.settings, visitor.cookie).await
    }
}

impl SessionExt for Socket {
    async fn session(&self) -> Result<SessionStore, SessionError> {
        self.scope().session().await
    }
}

/// Adds whose session it is: nothing is read until somebody asks.
pub(super) fn add(session: &Session, scope: &mut Scope) {
    let cookie = scope.cookie(&session.settings.cookie.name);
    scope.insert(Visitor { settings: Arc::clone(&session.settings), cookie: Arc::new(cookie.into()) });
}

#[derive(Clone)]
struct Visitor {
    settings: Arc<Settings>,
    cookie: Arc<Cookie>,
}

/// The cookie a browser has, or will have had since the connection began: shared by the scope and by the
/// sessions read from it, so that who reads after a login finds the new one.
#[derive(Default)]
pub(super) struct Cookie(Mutex<Option<String>>);

impl Cookie {
    pub(super) fn read(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn replace(&self, value: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

impl From<Option<String>> for Cookie {
    fn from(value: Option<String>) -> Self {
        Self(Mutex::new(value))
    }
}
