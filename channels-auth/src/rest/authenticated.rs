//! The user in a handler of a request.

use std::{any::type_name, fmt, future::Future, ops::Deref, pin::Pin, sync::Arc};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};

use super::RestAuth;
use crate::{AuthError, Identity, live::Login};

/// The user whose request it is: an extractor for handlers. It is the user, by `Deref`.
///
/// ```
/// # struct User { name: String }
/// use channels_auth::Authenticated;
///
/// async fn greet(user: Authenticated<User>) -> String {
///     format!("hello {}", user.name)
/// }
/// ```
///
/// It asks the [`RestAuth<U>`] that is [middleware](RestAuth) around the handler, or else data of the
/// application. Who brings no credential, or a bad one, is answered 401 in its stead;
/// `Result<Authenticated<U>, AuthError>` hands that to the handler instead.
pub struct Authenticated<U> {
    user: Arc<U>,
    identity: Arc<Identity>,
    login: Arc<Login>,
}

impl<U> Authenticated<U> {
    pub(crate) fn new(user: U, identity: Identity, login: Login) -> Self {
        Self { user: Arc::new(user), identity: Arc::new(identity), login: Arc::new(login) }
    }

    /// The credential that said so.
    pub(crate) fn login(&self) -> Arc<Login> {
        Arc::clone(&self.login)
    }

    /// What the credential says.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The user, shared: as `socket.user::<U>()` returns it.
    pub fn into_user(self) -> Arc<U> {
        self.user
    }
}

impl<U: Send + Sync + 'static> FromRequest for Authenticated<U> {
    type Error = AuthError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AuthError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        let around = request.extensions().get::<RestAuth<U>>().cloned();
        let auth = around.or_else(|| request.app_data::<RestAuth<U>>().cloned());
        let request = request.clone();
        Box::pin(async move {
            match (known, auth) {
                (Some(known), _) => Ok(known),
                (None, Some(auth)) => auth.authenticate(&request).await,
                (None, None) => {
                    let missing = format!("no RestAuth<{}> here: `.app_data(auth.rest())`", type_name::<U>());
                    tracing::error!("{missing}");
                    Err(AuthError::unavailable(missing))
                }
            }
        })
    }
}

impl<U> Deref for Authenticated<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.user
    }
}

impl<U> Clone for Authenticated<U> {
    fn clone(&self) -> Self {
        Self {
            user: Arc::clone(&self.user),
            identity: Arc::clone(&self.identity),
            login: Arc::clone(&self.login),
        }
    }
}

impl<U: fmt::Debug> fmt::Debug for Authenticated<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated").field("user", &self.user).field("identity", &self.identity).finish()
    }
}
