//! The stack for HTTP requests: REST endpoints and sockets agree on who somebody is.

mod authenticated;
mod middleware;
#[cfg(test)]
#[cfg(all(feature = "jwt", feature = "knox", feature = "drf"))]
mod vectors;

use std::{fmt, sync::Arc, time::Duration};

use actix_web::HttpRequest;
use async_trait::async_trait;
use channels_core::{Limits, Scope, TrustedProxies};

pub use self::{authenticated::Authenticated, middleware::RestAuthMiddleware};
use crate::{AuthError, Credential, Source, TokenAuth, UserLoader, metrics, stack::Visitors, visit::Visit};

/// A [`TokenAuth`] for HTTP requests: [`TokenAuth::rest`] makes it. Cheap to clone.
///
/// As data of an application it is what [`Authenticated`] asks. As middleware it answers for every handler
/// below it: 401 to who brings no credential, or a bad one, as `{"detail": …, "code": …}`.
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use channels_auth::{Authenticated, Identity, Jwt, TokenAuth};
///
/// async fn me(user: Authenticated<Identity>) -> HttpResponse {
///     HttpResponse::Ok().body(user.user_id.clone())
/// }
///
/// let auth = TokenAuth::stateless().accept(Jwt::hs256("SECRET_KEY of settings.py"));
/// let app = App::new()
///     .app_data(auth.rest()) // for any handler that asks
///     .route("/me", web::get().to(me))
///     .service(web::scope("/api").wrap(auth.rest()).route("/me", web::get().to(me))); // for all of them
/// ```
///
/// A preflight request of CORS has no credential: wrap the middleware that answers it around this one.
pub struct RestAuth<U> {
    stack: Arc<dyn Stack<U>>,
    sources: Arc<[Source]>,
    limit: Duration,
    proxies: Arc<TrustedProxies>,
}

/// A [`TokenAuth`], whatever loads its users.
#[async_trait]
trait Stack<U>: Send + Sync {
    async fn admit(
        &self,
        credential: Credential,
        visit: &Visit,
        limit: Duration,
    ) -> Result<Authenticated<U>, AuthError>;

    async fn admit_visitor(
        &self,
        credential: Credential,
        visit: &Visit,
        limit: Duration,
    ) -> Result<Option<Authenticated<U>>, AuthError>;

    fn visitors(&self) -> Visitors;
}

#[async_trait]
impl<L: UserLoader> Stack<L::User> for TokenAuth<L> {
    async fn admit(
        &self,
        credential: Credential,
        visit: &Visit,
        limit: Duration,
    ) -> Result<Authenticated<L::User>, AuthError> {
        TokenAuth::admit(self, credential, visit, limit).await
    }

    async fn admit_visitor(
        &self,
        credential: Credential,
        visit: &Visit,
        limit: Duration,
    ) -> Result<Option<Authenticated<L::User>>, AuthError> {
        TokenAuth::admit_visitor(self, credential, visit, limit).await
    }

    fn visitors(&self) -> Visitors {
        TokenAuth::visitors(self)
    }
}

impl<U: Send + Sync + 'static> RestAuth<U> {
    pub(crate) fn new<L: UserLoader<User = U>>(stack: TokenAuth<L>) -> Self {
        let sources = Arc::new([Source::authorization("Bearer"), Source::authorization("Token")]);
        Self { stack: Arc::new(stack), sources, limit: Limits::default().handshake, proxies: Arc::default() }
    }

    /// Where to look for a credential, in this order, instead of `Authorization: Bearer …` and
    /// `Authorization: Token …`. The stack's own sources are for sockets: a browser's script cannot set their
    /// headers, but those of a request it can, and there is no need for a token in a URL.
    ///
    /// A browser sends a cookie along with whatever a page of somebody else's makes it ask for. With
    /// [`Source::cookie`], requests that change something need a defence against that (CSRF): a cookie with
    /// `SameSite=Lax` or `Strict`, and a check of `Origin` where the browser may be an old one.
    #[must_use]
    pub fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        self.sources = sources.into_iter().collect();
        self
    }

    /// How long a request waits until it is known whose it is; by default 5 s, as a handshake does. Then it is
    /// answered 503.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The proxies, by address or network, whose `X-Forwarded-For` tells who a client is: for the
    /// [limit to failures](crate::FailureLimit). Name those of
    /// [`Channels::trusted_proxies`](channels_core::Channels::trusted_proxies).
    ///
    /// # Panics
    ///
    /// If one is no address and no network. This shows at start-up.
    #[must_use]
    #[track_caller]
    pub fn trusted_proxies<I>(mut self, proxies: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        match TrustedProxies::parse(proxies) {
            Ok(proxies) => self.proxies = Arc::new(proxies),
            Err(error) => panic!("{error}"),
        }
        self
    }

    /// Whose request it is.
    ///
    /// # Errors
    ///
    /// [`AuthError`], which is a 401, a 429 or a 503. It is logged and counted.
    pub async fn authenticate(&self, request: &HttpRequest) -> Result<Authenticated<U>, AuthError> {
        self.ask(request, Visitors::Refuse).await?.ok_or(AuthError::Missing)
    }

    async fn ask(
        &self,
        request: &HttpRequest,
        visitors: Visitors,
    ) -> Result<Option<Authenticated<U>>, AuthError> {
        let mut scope = Scope::of_request(request, &self.proxies);
        let credential = self.sources.iter().find_map(|source| source.find(&mut scope));
        let visit = Visit::of(&scope);
        let outcome = match (credential, visitors) {
            (Some(credential), Visitors::Refuse) => {
                self.stack.admit(credential, &visit, self.limit).await.map(Some)
            }
            (Some(credential), Visitors::Admit) => {
                self.stack.admit_visitor(credential, &visit, self.limit).await
            }
            (None, Visitors::Admit) => return Ok(None),
            (None, Visitors::Refuse) => Err(AuthError::Missing).inspect_err(metrics::failed),
        };
        outcome.inspect_err(|error| error.log_at(None, &visit.shown))
    }
}

impl<U> Clone for RestAuth<U> {
    fn clone(&self) -> Self {
        Self {
            stack: Arc::clone(&self.stack),
            sources: Arc::clone(&self.sources),
            limit: self.limit,
            proxies: Arc::clone(&self.proxies),
        }
    }
}

impl<U> fmt::Debug for RestAuth<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestAuth")
            .field("sources", &self.sources)
            .field("time_limit", &self.limit)
            .finish_non_exhaustive()
    }
}
