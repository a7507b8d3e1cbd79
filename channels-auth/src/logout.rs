//! A consumer's own login.

use std::{sync::Arc, time::SystemTime};

use channels_core::{ConnectionId, Scope, Socket};

use crate::{AuthError, Revoker, live::Login};

/// The credential that a connection came with: on a [`Scope`], and on a consumer's [`Socket`].
///
/// ```
/// # use channels_core::*;
/// # struct Desk;
/// use channels_auth::LoginExt;
///
/// # impl WebsocketConsumer for Desk {
/// async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
///     match frame.as_text() {
///         Some("log me out") => Ok(socket.logout().await?), // this socket is closed with 4500, too
///         Some("log me out everywhere") => Ok(socket.logout_everywhere().await?),
///         _ => Ok(()),
///     }
/// }
/// # }
/// ```
pub trait LoginExt {
    /// When the credential ends, which a [refresh](crate::TokenAuth::refresh_in_band) puts off. `None` if it does not,
    /// or nobody has logged in.
    fn login_expires(&self) -> Option<SystemTime>;

    /// Ends the credential, and closes all sockets that came with it, this one included: [`Revoker::logout`].
    ///
    /// # Errors
    ///
    /// [`AuthError::Missing`] if nobody has logged in, or what [`Revoker::revoke`] returns.
    fn logout(&self) -> impl Future<Output = Result<(), AuthError>>;

    /// Ends all credentials of the user, and closes all of the user's sockets: [`Revoker::logout_everywhere`].
    ///
    /// # Errors
    ///
    /// As [`logout`](Self::logout).
    fn logout_everywhere(&self) -> impl Future<Output = Result<(), AuthError>>;
}

impl LoginExt for Scope {
    fn login_expires(&self) -> Option<SystemTime> {
        self.get::<Connected>()?.login()?.expires
    }

    async fn logout(&self) -> Result<(), AuthError> {
        let (connected, login) = connected(self)?;
        connected.revoker.revoke_login(&login).await.map(drop)
    }

    async fn logout_everywhere(&self) -> Result<(), AuthError> {
        let (connected, login) = connected(self)?;
        connected.revoker.logout_everywhere(&login.user_id).await
    }
}

impl LoginExt for Socket {
    fn login_expires(&self) -> Option<SystemTime> {
        self.scope().login_expires()
    }

    async fn logout(&self) -> Result<(), AuthError> {
        self.scope().logout().await
    }

    async fn logout_everywhere(&self) -> Result<(), AuthError> {
        self.scope().logout_everywhere().await
    }
}

fn connected(scope: &Scope) -> Result<(&Connected, Arc<Login>), AuthError> {
    let connected = scope.get::<Connected>().ok_or(AuthError::Missing)?;
    Ok((connected, connected.login().ok_or(AuthError::Missing)?))
}

/// A connection whose user is known.
pub(crate) struct Connected {
    id: ConnectionId,
    revoker: Revoker,
}

impl Connected {
    pub(crate) fn new(id: ConnectionId, revoker: Revoker) -> Self {
        Self { id, revoker }
    }

    /// The credential that it has now.
    fn login(&self) -> Option<Arc<Login>> {
        self.revoker.live().login(self.id)
    }
}
