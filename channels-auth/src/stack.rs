//! The stack: from a request to connect to the user in its scope.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use channels_core::{Middleware, Next, Rejection, Scope};
use serde::Deserialize;
use tokio::time::timeout;

use crate::{AuthError, Authenticator, Credential, Identity, Source, Stateless, UserLoader, metrics};

/// A stack of authenticators, as middleware and for REST handlers. Cheap to clone.
///
/// The first credential that the [sources](Self::sources) find counts, and the first authenticator that knows
/// its kind decides. The user is loaded once, and is `socket.user::<U>()` from then on.
pub struct TokenAuth<L> {
    sources: Arc<[Source]>,
    first_message: Option<Duration>,
    authenticators: Vec<Arc<dyn Authenticator>>,
    users: Arc<L>,
    visitors: Visitors,
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
enum Visitors {
    Refuse,
    Admit,
}

impl<L: UserLoader> TokenAuth<L> {
    /// A stack that knows no kind of credential yet, and looks for one in `?token=`.
    pub fn new(users: L) -> Self {
        Self {
            sources: Arc::new([Source::query("token")]),
            first_message: None,
            authenticators: Vec::new(),
            users: Arc::new(users),
            visitors: Visitors::Refuse,
        }
    }

    /// Accepts one more kind of credential. They are asked in the order written.
    #[must_use]
    pub fn accept(mut self, authenticator: impl Authenticator) -> Self {
        self.authenticators.push(Arc::new(authenticator));
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
    #[must_use]
    pub fn or_first_message(mut self, within: Duration) -> Self {
        self.first_message = Some(within);
        self
    }

    /// Lets those in who bring no credential: there is no user in their scope, and `socket.user()` is an
    /// error. Who brings a bad one is refused all the same, so that a client learns that its token is old.
    #[must_use]
    pub fn or_anonymous(mut self) -> Self {
        self.visitors = Visitors::Admit;
        self
    }

    /// The user a credential stands for: for REST handlers, which
    /// [`Credential::bearer`] finds one for.
    ///
    /// ```
    /// # use channels_auth::{AuthError, Credential, TokenAuth, UserLoader};
    /// use actix_web::{HttpRequest, HttpResponse, Responder, web};
    /// # async fn handler<L: UserLoader<User = String>>(auth: web::Data<TokenAuth<L>>, request: HttpRequest)
    /// # -> Result<impl Responder, AuthError> {
    /// let credential = Credential::bearer(request.headers()).ok_or(AuthError::Missing)?;
    /// let user = auth.authenticate(&credential).await?;
    /// # let name: &str = &user;
    /// # Ok(HttpResponse::Ok().body(name.to_owned())) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthError`], which is a 401 or a 503.
    pub async fn authenticate(&self, credential: &Credential) -> Result<Arc<L::User>, AuthError> {
        let user = self.user(credential).await;
        user.inspect_err(metrics::failed).map(Arc::new)
    }

    async fn user(&self, credential: &Credential) -> Result<L::User, AuthError> {
        self.users.load(&self.identity(credential).await?).await
    }

    async fn identity(&self, credential: &Credential) -> Result<Identity, AuthError> {
        for authenticator in &self.authenticators {
            if let Some(identity) = authenticator.authenticate(credential).await? {
                return Ok(identity);
            }
        }
        Err(AuthError::Invalid("it is of no kind that is accepted"))
    }

    async fn credential(&self, scope: &mut Scope, next: &Next<'_>) -> Result<Option<Credential>, Rejection> {
        if let Some(found) = self.sources.iter().find_map(|source| source.find(scope)) {
            return Ok(Some(found));
        }
        let Some(within) = self.first_message else { return Ok(None) };
        let frame = next.first_message(scope, within).await?;
        Ok(frame.as_text().and_then(in_message))
    }
}

/// The credential of a first message.
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
        let outcome = match (self.credential(&mut scope, &next).await?, self.visitors) {
            (Some(credential), _) => {
                // after a first message, the handshake's own limit is past
                let user = timeout(next.limits().handshake, self.authenticate(&credential)).await;
                user.unwrap_or_else(|late| Err(AuthError::unavailable(late)).inspect_err(metrics::failed))
            }
            (None, Visitors::Admit) => return next.run(scope).await,
            (None, Visitors::Refuse) => Err(AuthError::Missing).inspect_err(metrics::failed),
        };
        match outcome {
            Ok(user) => {
                scope.insert_shared(user);
                next.run(scope).await
            }
            Err(error) => {
                log(&error, &next, &scope);
                Err(error.into())
            }
        }
    }
}

fn log(error: &AuthError, next: &Next<'_>, scope: &Scope) {
    let (connection, path) = (next.id(), scope.redacted_path());
    match error {
        AuthError::Unavailable(cause) => {
            tracing::error!(%connection, path, cause = %**cause, "{error}");
        }
        AuthError::Missing | AuthError::Invalid(_) | AuthError::Expired | AuthError::Inactive => {
            tracing::info!(%connection, path, "not authenticated: {error}");
        }
    }
}

impl<L> Clone for TokenAuth<L> {
    fn clone(&self) -> Self {
        Self {
            sources: Arc::clone(&self.sources),
            first_message: self.first_message,
            authenticators: self.authenticators.clone(),
            users: Arc::clone(&self.users),
            visitors: self.visitors,
        }
    }
}

impl<L> fmt::Debug for TokenAuth<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAuth")
            .field("sources", &self.sources)
            .field("first_message", &self.first_message)
            .field("authenticators", &self.authenticators.len())
            .field("visitors", &self.visitors)
            .finish_non_exhaustive()
    }
}
