//! What knows one kind of credential.

use async_trait::async_trait;
use channels_core::Scope;

use crate::{AuthError, Credential, Identity};

/// Knows one kind of credential: JSON Web Tokens, say, or the API keys in your database.
///
/// ```
/// use channels_auth::{AuthError, Authenticator, Credential, Identity};
/// # struct Keys; impl Keys { async fn owner(&self, key: &str) -> std::io::Result<Option<u64>> { Ok(None) } }
///
/// struct ApiKey { keys: Keys }
///
/// #[channels_core::async_trait]
/// impl Authenticator for ApiKey {
///     async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
///         let Some(key) = credential.expose().strip_prefix("key_") else { return Ok(None) }; // not mine
///         match self.keys.owner(key).await.map_err(AuthError::unavailable)? {
///             Some(user) => Ok(Some(Identity::new(user))),
///             None => Err(AuthError::Invalid("no such key")),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// Whom the credential stands for. `None` if it is of another kind: then the next authenticator is asked.
    ///
    /// # Errors
    ///
    /// [`AuthError`] if it is of this kind, and bad, or cannot be checked now. No other authenticator is asked.
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError>;

    /// The cookie that this kind of credential comes in, if it comes in one. Sockets are then looked at for it
    /// where no [source](crate::TokenAuth::sources) of the stack has a credential, and requests where
    /// [theirs](crate::RestAuth::sources) name it. What comes in it is asked of this authenticator alone, and
    /// what comes elsewhere is not. By default none.
    fn cookie(&self) -> Option<&str> {
        None
    }

    /// Adds to the scope of every connection, before anybody is asked whose it is. By default nothing.
    fn prepare(&self, _scope: &mut Scope) {}
}
