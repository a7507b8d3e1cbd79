//! The stack: from a request to connect to the user in its scope.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use channels_core::{Middleware, Next, Rejection, Scope};
use serde::Deserialize;
use tokio::time::timeout;

use crate::{
    AuthError, Authenticated, Authenticator, Credential, RestAuth, Source, Stateless, UserLoader,
    digest::Digest,
    failures::{FailureLimit, Failures},
    kinds::Kinds,
    live::{Login, Options},
    metrics,
    visit::Visit,
};

/// A stack of authenticators, as middleware for sockets, and for [requests](Self::rest). Cheap to clone.
///
/// The first credential that the [sources](Self::sources) find counts, and the first authenticator that knows
/// its kind decides. The user is loaded once, and is `socket.user::<U>()` from then on.
///
/// ```
/// # use channels_auth::{AuthError, Identity, TokenAuth, UserLoader};
/// # use channels_core::*;
/// # struct Users; struct User;
/// # #[async_trait] impl UserLoader for Users {
/// #     type User = User;
/// #     async fn load(&self, _: &Identity) -> Result<User, AuthError> { Ok(User) }
/// # }
/// # #[cfg(feature = "jwt")] {
/// use channels_auth::{Jwt, Source};
///
/// let auth = TokenAuth::new(Users)
///     .accept(Jwt::hs256("SIMPLE_JWT's SIGNING_KEY"))
///     .sources([Source::subprotocol("bearer"), Source::query("token")]);
/// let channels = Channels::new(MemoryLayer::default()).wrap(auth);
/// # }
/// ```
pub struct TokenAuth<L> {
    sources: Arc<[Source]>,
    first_message: Option<Duration>,
    kinds: Kinds,
    users: Arc<L>,
    visitors: Visitors,
    failures: Option<Failures>,
    pub(crate) open: Options,
}

impl TokenAuth<Stateless> {
    /// A stack without a database of users: `socket.user::<Identity>()` is what the credential says. A user
    /// who may no longer log in gets in until the token expires.
    pub fn stateless() -> Self {
        Self::new(Stateless)
    }
}

/// What happens to those who bring no credential.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Visitors {
    Refuse,
    Admit,
}

impl<L: UserLoader> TokenAuth<L> {
    /// A stack that knows no kind of credential yet, and looks for one in `?token=`.
    pub fn new(users: L) -> Self {
        Self {
            sources: Arc::new([Source::query("token")]),
            first_message: None,
            kinds: Kinds::default(),
            users: Arc::new(users),
            visitors: Visitors::Refuse,
            failures: None,
            open: Options::default(),
        }
    }

    /// Accepts one more kind of credential. They are asked in the order written.
    #[must_use]
    pub fn accept(mut self, authenticator: impl Authenticator) -> Self {
        self.kinds.push(authenticator);
        self
    }

    /// Where to look for a credential, in this order, instead of `?token=`. The first found counts, even if it
    /// is bad and another would not be.
    #[must_use]
    pub fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        self.sources = sources.into_iter().collect();
        self
    }

    /// Where no source has a credential, waits for it in the first message:
    /// `{"type": "authenticate", "token": "…"}`. The consumer never sees that message.
    ///
    /// The handshake is completed before anybody is known. Who says nothing `within` this time is closed with
    /// 4001.
    ///
    /// # Panics
    ///
    /// With [`or_anonymous`](Self::or_anonymous): a visitor's first message would be lost, and their silence refused.
    #[must_use]
    #[track_caller]
    pub fn or_first_message(mut self, within: Duration) -> Self {
        self.first_message = Some(within);
        self.one_way_for_visitors()
    }

    /// Lets those in who bring no credential: there is no user in their scope, and `socket.user()` is an
    /// error. Who brings a bad one is refused all the same, so that a client learns that its token is old. But
    /// a [session](Authenticator::cookie) that is no good counts as none: a browser brings its cookie to every
    /// page.
    ///
    /// # Panics
    ///
    /// With [`or_first_message`](Self::or_first_message): a visitor's first message would be lost, and their silence
    /// refused.
    #[must_use]
    #[track_caller]
    pub fn or_anonymous(mut self) -> Self {
        self.visitors = Visitors::Admit;
        self.one_way_for_visitors()
    }

    #[track_caller]
    fn one_way_for_visitors(self) -> Self {
        assert!(
            self.first_message.is_none() || matches!(self.visitors, Visitors::Refuse),
            "a stack waits for a first message, or lets visitors in: give each its own route, and its own stack"
        );
        self
    }

    /// Limits how often bad credentials may come from one address, over sockets and requests together.
    #[must_use]
    pub fn limit_failures(mut self, limit: FailureLimit) -> Self {
        self.failures = Some(limit.start());
        self
    }

    /// The same stack for HTTP requests: an extractor's data, or middleware.
    pub fn rest(&self) -> RestAuth<L::User> {
        RestAuth::new(self.clone())
    }

    /// The user a credential stands for: for a credential that came on a way of its own. Handlers of requests
    /// have [`Authenticated`].
    ///
    /// ```
    /// # use channels_auth::{AuthError, Credential, TokenAuth, UserLoader};
    /// # async fn message<L: UserLoader<User = String>>(auth: TokenAuth<L>, token: &str)
    /// # -> Result<(), AuthError> {
    /// let user = auth.authenticate(&Credential::new(token)).await?;
    /// # let name: &str = &user;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthError`], which is a 401 or a 503.
    pub async fn authenticate(&self, credential: &Credential) -> Result<Arc<L::User>, AuthError> {
        self.known(credential).await.inspect_err(metrics::failed).map(Authenticated::into_user)
    }

    /// The user a credential stands for, and what it says, unless too many bad ones came from where this one
    /// does. A failure is counted; against its address only if somebody chose to send it.
    pub(crate) async fn admit(
        &self,
        credential: Credential,
        visit: &Visit,
        limit: Duration,
    ) -> Result<Authenticated<L::User>, AuthError> {
        let failures = self.failures.as_ref().filter(|_| !self.kinds.comes_by_itself(&credential));
        if let Some(failures) = failures {
            failures.check(visit.network).inspect_err(metrics::failed)?;
        }
        self.recognize(credential, &visit.path, limit).await.inspect_err(|error| {
            metrics::failed(error);
            if let Some(failures) = failures {
                failures.note(error, visit.network);
            }
        })
    }

    /// The same where visitors may come in: one that comes by itself, and is no good, is none.
    pub(crate) async fn admit_visitor(
        &self,
        credential: Credential,
        visit: &Visit,
        limit: Duration,
    ) -> Result<Option<Authenticated<L::User>>, AuthError> {
        if !self.kinds.comes_by_itself(&credential) {
            return self.admit(credential, visit, limit).await.map(Some);
        }
        match self.recognize(credential, &visit.path, limit).await {
            Err(error) if error.is_verdict() => Ok(None),
            decided => decided.map(Some).inspect_err(metrics::failed),
        }
    }

    async fn recognize(
        &self,
        credential: Credential,
        path: &str,
        limit: Duration,
    ) -> Result<Authenticated<L::User>, AuthError> {
        let credential = credential.presented_at(path);
        let known = timeout(limit, self.known(&credential)).await;
        known.unwrap_or_else(|late| Err(AuthError::unavailable(late)))
    }

    async fn known(&self, credential: &Credential) -> Result<Authenticated<L::User>, AuthError> {
        // what is revoked from here on is not missed
        let (live, digest) = (&self.open.live, Digest::of(credential));
        let heard = live.heard();
        live.check(&digest)?;
        let (mut identity, authenticator) = self.kinds.identity(credential).await?;
        live.check(identity.origin.get_or_insert(digest))?;
        live.check_user(&identity)?;
        let user = self.users.load(&identity).await?;
        let login = Login::new(credential.clone(), &identity, authenticator, heard);
        Ok(Authenticated::new(user, identity, login))
    }

    pub(crate) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    pub(crate) fn visitors(&self) -> Visitors {
        self.visitors
    }

    /// The user of the first cookie of an authenticator's that is good. [`AuthError::Missing`] without any.
    async fn recognize_cookies(
        &self,
        scope: &mut Scope,
        limit: Duration,
    ) -> Result<Authenticated<L::User>, AuthError> {
        let mut why = AuthError::Missing;
        for name in self.kinds.iter().filter_map(|kind| kind.cookie()) {
            let Some(credential) = Source::cookie(name).find(scope) else { continue };
            match self.recognize(credential, scope.path(), limit).await {
                Err(error) if error.is_verdict() => why = error,
                decided => return decided,
            }
        }
        Err(why)
    }

    /// Whose connection it is; `None` if it is a visitor's, who may come in.
    async fn whose(
        &self,
        scope: &mut Scope,
        next: &Next<'_>,
    ) -> Result<Option<Authenticated<L::User>>, Rejection> {
        // after a first message, the handshake's own limit is past
        let limit = next.limits().handshake;
        let mut found = self.sources.iter().find_map(|source| source.find(scope));
        let mut why = AuthError::Missing;
        if found.is_none() {
            match self.recognize_cookies(scope, limit).await {
                Ok(known) => return Ok(Some(known)),
                Err(error) => why = error,
            }
            if let (true, Some(within)) = (why.is_verdict(), self.first_message) {
                let frame = next.first_message(scope, within).await?;
                found = frame.as_text().and_then(in_message);
            }
        }
        let outcome = match (found, self.visitors) {
            (Some(credential), _) => self.admit(credential, &Visit::of(scope), limit).await.map(Some),
            (None, Visitors::Admit) if why.is_verdict() => {
                tracing::debug!(connection = %next.id(), "comes as a visitor: {why}");
                Ok(None)
            }
            (None, Visitors::Admit | Visitors::Refuse) => Err(why).inspect_err(metrics::failed),
        };
        outcome.map_err(|error| {
            error.log(Some(next.id()), scope);
            error.into()
        })
    }
}

/// The credential of a first message, or of a later one.
pub(crate) fn in_message(text: &str) -> Option<Credential> {
    #[derive(Deserialize)]
    #[serde(tag = "type", rename_all = "lowercase")]
    enum FirstMessage {
        Authenticate { token: String },
    }
    let FirstMessage::Authenticate { token } = serde_json::from_str(text).ok()?;
    Some(Credential::new(token))
}

#[async_trait(?Send)]
impl<L: UserLoader> Middleware for TokenAuth<L> {
    async fn handle(&self, mut scope: Scope, next: Next<'_>) -> Result<(), Rejection> {
        for kind in self.kinds.iter() {
            kind.prepare(&mut scope);
        }
        self.hear_of_revocations(&next).await;
        match self.whose(&mut scope, &next).await? {
            Some(known) => self.run_watched(known, scope, next).await,
            None => next.run(scope).await,
        }
    }
}

impl<L> Clone for TokenAuth<L> {
    fn clone(&self) -> Self {
        Self {
            sources: Arc::clone(&self.sources),
            first_message: self.first_message,
            kinds: self.kinds.clone(),
            users: Arc::clone(&self.users),
            visitors: self.visitors,
            failures: self.failures.clone(),
            open: self.open.clone(),
        }
    }
}

impl<L> fmt::Debug for TokenAuth<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAuth")
            .field("sources", &self.sources)
            .field("first_message", &self.first_message)
            .field("kinds", &self.kinds.len())
            .field("visitors", &self.visitors)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}
