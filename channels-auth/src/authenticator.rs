//! What knows one kind of credential.

use async_trait::async_trait;

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
}
