//! What ends credentials, and the connections they have open.

use std::{
    fmt::{self, Display},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use channels_core::Layer;

use crate::{
    AuthError, Authenticated, Credential, TokenAuth, UserLoader,
    digest::Digest,
    kinds::Kinds,
    live::{FOR_EVER, Live, Login, Revocation},
};

/// How long a credential that was deleted from its store is refused all the same: as long as a ticket lives that it may
/// have got before.
pub(crate) const TICKETS: Duration = Duration::from_secs(60);

/// Ends credentials, and closes the sockets that they have open with 4500, in every process on the layer:
/// [`TokenAuth::revoker`] makes it. Cheap to clone.
///
/// A credential is deleted where it is stored: the row of a token of Knox or of Django REST framework, or of a session.
/// What is stored nowhere, such as a JSON Web Token or a session in a signed cookie, is remembered by its digest until it
/// expires, and refused: in the memory of every process that listens at that moment. One that is started later does
/// not know, and one remembers 10,000 of them at the most. Where that is not enough, let tokens live for minutes.
///
/// ```
/// use actix_web::{HttpResponse, web};
/// use channels_auth::{AuthError, Authenticated, Identity, Revoker};
///
/// async fn log_out(
///     user: Authenticated<Identity>,
///     revoker: web::Data<Revoker>,
/// ) -> Result<HttpResponse, AuthError> {
///     revoker.logout(&user).await?;
///     Ok(HttpResponse::NoContent().finish())
/// }
/// ```
///
/// A consumer has [`LoginExt`](crate::LoginExt) instead.
#[derive(Clone)]
pub struct Revoker {
    live: Arc<Live>,
    layer: Layer,
    kinds: Kinds,
}

impl Revoker {
    pub(crate) fn new<L: UserLoader>(stack: &TokenAuth<L>, layer: Layer) -> Self {
        Self { live: Arc::clone(&stack.open.live), layer, kinds: stack.kinds().clone() }
    }

    /// Ends a credential, and closes the sockets that came with it; `false` if it was not good any more.
    ///
    /// Its sockets are closed even where its store cannot be reached, and then that is the error: call it again.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] if the store, or the channel layer, is of no use.
    pub async fn revoke(&self, credential: &Credential) -> Result<bool, AuthError> {
        let ended = self.end(credential).await;
        if let Ok(Ended { is_forged: true, .. }) = ended {
            return Ok(false);
        }
        let deny_until = ended.as_ref().ok().and_then(|ended| ended.deny_until);
        let told = self.tell(Digest::of(credential), deny_until).await;
        ended.and_then(|ended| told.map(|()| ended.was_good))
    }

    /// Ends the credential that a request came with: Knox's `logout`. A socket that came with a ticket which this
    /// credential got is closed as well; the user's other logins go on.
    ///
    /// # Errors
    ///
    /// As [`revoke`](Self::revoke).
    pub async fn logout<U>(&self, user: &Authenticated<U>) -> Result<bool, AuthError> {
        self.revoke_login(&user.login()).await
    }

    /// Ends all credentials of a user, and closes all of the user's sockets: Knox's `logoutall`.
    ///
    /// Their tokens of Knox and of Django REST framework are deleted. JSON Web Tokens that say when they were issued
    /// (`iat`) are refused for a day if that was before, in the processes that listen. Sessions cannot be found by
    /// their user: they stay, but for their sockets, until the user changes the password, which ends them all.
    ///
    /// # Errors
    ///
    /// As [`revoke`](Self::revoke).
    pub async fn logout_everywhere(&self, user_id: impl Display) -> Result<(), AuthError> {
        let id = user_id.to_string().trim().to_owned();
        let mut deleted = Ok(());
        for kind in self.kinds.iter() {
            deleted = deleted.and(kind.delete_all(&id).await);
        }
        let revocation = Revocation::User { id, at: self.live.now() };
        let told = self.live.revoke(revocation, &self.layer).await;
        deleted.and(told)
    }

    /// How many connections of this process it would reach: those whose user is known.
    pub fn connections(&self) -> usize {
        self.live.len()
    }

    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    /// Ends what somebody came in with. Of a ticket, that is what it was issued for: nobody knows here where it is
    /// stored, so it is refused until it expires, or for as long as its tickets live.
    pub(crate) async fn revoke_login(&self, login: &Login) -> Result<bool, AuthError> {
        if login.is_original {
            return self.revoke(&login.credential).await;
        }
        self.tell(login.digest, login.expires).await.map(|()| true)
    }

    async fn tell(&self, digest: Digest, deny_until: Option<SystemTime>) -> Result<(), AuthError> {
        // what is deleted from a store may have got a ticket a moment ago
        let a_moment = self.live.now().checked_add(TICKETS);
        let deny_until = deny_until.max(a_moment).unwrap_or(UNIX_EPOCH);
        self.live.revoke(Revocation::Credential { digest, deny_until }, &self.layer).await
    }

    async fn end(&self, credential: &Credential) -> Result<Ended, AuthError> {
        let mut deleted = false;
        for kind in self.kinds.asked(credential) {
            deleted |= kind.delete(credential).await?;
        }
        if deleted {
            return Ok(Ended { was_good: true, ..Ended::default() });
        }
        // also where it was revoked before: not all may have been told
        let was_good = self.live.check(&Digest::of(credential)).is_ok();
        match self.kinds.identity(credential).await {
            Ok((identity, _)) => {
                let deny_until = Some(identity.expires.unwrap_or(UNIX_EPOCH + FOR_EVER));
                Ok(Ended { was_good, deny_until, ..Ended::default() })
            }
            Err(AuthError::Invalid(_)) if !Digest::is_of_all(credential) => {
                Ok(Ended { is_forged: true, ..Ended::default() })
            }
            Err(error) if error.is_verdict() => Ok(Ended::default()),
            Err(error) => Err(error),
        }
    }
}

/// What becomes of a credential.
#[derive(Default)]
struct Ended {
    was_good: bool,
    /// It is stored nowhere, and is to be refused until then.
    deny_until: Option<SystemTime>,
    /// It may have the digest of somebody's good token, under a signature that is not its own.
    is_forged: bool,
}

impl fmt::Debug for Revoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revoker").field("live", &self.live).finish_non_exhaustive()
    }
}
