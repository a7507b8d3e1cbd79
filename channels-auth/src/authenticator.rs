//! What knows one kind of credential.

use async_trait::async_trait;
use channels_core::Scope;

use crate::{AuthError, Credential, Identity, Standing};

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

    /// Looks again at credentials of this kind that have connections open, each of which was good once. As many
    /// answers as credentials, in their order. By default nothing is known of any: such a connection ends when its
    /// credential said it would, or when somebody [revokes](crate::Revoker) it.
    ///
    /// It is asked about one when that ends, which may have been put off meanwhile, and about all with
    /// [`TokenAuth::recheck`](crate::TokenAuth::recheck), some hundred at a time: use one query for them.
    ///
    /// # Errors
    ///
    /// [`AuthError::unavailable`] if that cannot be found out now. It says nothing about the credentials.
    async fn recheck(&self, credentials: &[&Credential]) -> Result<Vec<Standing>, AuthError> {
        Ok(vec![Standing::Unknown; credentials.len()])
    }

    /// Deletes a credential where this kind is stored; `false` if it is not there. By default there is no store: a
    /// [`Revoker`](crate::Revoker) then remembers what it revoked.
    ///
    /// # Errors
    ///
    /// [`AuthError::unavailable`] if the store is of no use.
    async fn delete(&self, _credential: &Credential) -> Result<bool, AuthError> {
        Ok(false)
    }

    /// Deletes all credentials of a user where this kind is stored. By default there is no store.
    ///
    /// # Errors
    ///
    /// [`AuthError::unavailable`] if the store is of no use.
    async fn delete_all(&self, _user_id: &str) -> Result<(), AuthError> {
        Ok(())
    }

    /// Adds to the scope of every connection, before anybody is asked whose it is. By default nothing.
    fn prepare(&self, _scope: &mut Scope) {}
}
