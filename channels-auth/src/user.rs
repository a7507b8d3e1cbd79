//! From an identity to the application's own user.

use async_trait::async_trait;

use crate::{AuthError, Identity};

/// Turns an [`Identity`] into the application's own user: what `socket.user::<U>()` returns.
///
/// It is asked once for each connection, and for each [refresh](crate::TokenAuth::refresh_in_band) of one, and has
/// [`Limits::handshake`](channels_core::Limits::handshake) to answer.
///
/// ```
/// use channels_auth::{AuthError, Identity, UserLoader};
/// # struct User { name: String, staff: bool }
/// # struct Row { name: String, active: bool, staff: bool }
/// # struct Pool; impl Pool { async fn user(&self, id: i64) -> std::io::Result<Option<Row>> { Ok(None) } }
///
/// struct Users { pool: Pool }
///
/// #[channels_core::async_trait]
/// impl UserLoader for Users {
///     type User = User;
///
///     async fn load(&self, identity: &Identity) -> Result<User, AuthError> {
///         let row = self.pool.user(identity.id()?).await.map_err(AuthError::unavailable)?;
///         match row {
///             Some(row) if row.active => Ok(User { name: row.name, staff: row.staff }),
///             Some(_) => Err(AuthError::Inactive),
///             None => Err(AuthError::Invalid("no such user")),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait UserLoader: Send + Sync + 'static {
    /// The application's user.
    type User: Send + Sync + 'static;

    /// Loads the user.
    ///
    /// # Errors
    ///
    /// [`AuthError::Invalid`] if there is no such user, [`AuthError::Inactive`] if the user may not log in,
    /// [`AuthError::unavailable`] if that cannot be found out now.
    async fn load(&self, identity: &Identity) -> Result<Self::User, AuthError>;
}

/// The identity is the user: for tokens that say all there is to know, as SimpleJWT's stateless users do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stateless;

#[async_trait]
impl UserLoader for Stateless {
    type User = Identity;

    async fn load(&self, identity: &Identity) -> Result<Identity, AuthError> {
        Ok(identity.clone())
    }
}
