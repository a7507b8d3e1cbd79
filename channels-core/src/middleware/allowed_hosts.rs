//! Which pages may connect: Django Channels' origin check.

use async_trait::async_trait;

use super::{
    Middleware, Next, Rejection,
    origin::{self, Origin, OriginPatterns},
};
use crate::{CloseCode, Scope};

/// Lets pages of certain hosts in, by the rules of Channels' `AllowedHostsOriginValidator`.
///
/// A browser sends cookies along with a WebSocket to whatever page opens it, and says in `Origin` which page
/// that was. Patterns: `example.org` (any scheme, any port), `.example.org` (the subdomains too),
/// `https://example.org:8443` (exactly that), `*` (all). A refused page sees close code 4003.
///
/// Where no middleware checks origins, a page of another host than the request's is refused: that is the
/// default, and enough unless pages come from elsewhere.
///
/// ```
/// use channels_core::{AllowedHosts, Channels, MemoryLayer};
///
/// let channels = Channels::new(MemoryLayer::default()).wrap(AllowedHosts::new(["localhost", ".example.org"]));
/// ```
#[derive(Debug)]
pub struct AllowedHosts {
    patterns: OriginPatterns,
    clients_without_origin: bool,
}

/// [`AllowedHosts`] by the name that fits patterns with a scheme, such as `https://example.org`.
pub type AllowedOrigins = AllowedHosts;

impl AllowedHosts {
    /// Lets pages in that fit one of `patterns`.
    ///
    /// # Panics
    ///
    /// If a pattern can be no origin. This shows at start-up.
    #[track_caller]
    pub fn new<I>(patterns: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        match OriginPatterns::parse(patterns) {
            Ok(patterns) => Self { patterns, clients_without_origin: false },
            Err(error) => panic!("{error}"),
        }
    }

    /// Also lets clients in that send no `Origin`: programs, not browsers. Channels does so for `*` alone.
    #[must_use]
    pub fn and_clients_without_origin(mut self) -> Self {
        self.clients_without_origin = true;
        self
    }

    fn allow(&self, scope: &Scope) -> bool {
        match last_origin(scope) {
            None if self.clients_without_origin => true,
            None => self.patterns.allow(None),
            // what cannot be read fits no pattern but `*`, and that takes it as it takes none
            Some(header) => match Origin::parse(header) {
                Ok(origin) => self.patterns.allow(Some(&origin)),
                Err(_) => false,
            },
        }
    }
}

#[async_trait(?Send)]
impl Middleware for AllowedHosts {
    async fn handle(&self, scope: Scope, next: Next<'_>) -> Result<(), Rejection> {
        if self.allow(&scope) { next.run(scope).await } else { Err(refusal(&scope)) }
    }

    fn checks_origin(&self) -> bool {
        true
    }
}

/// The check where there is no other: a page of the host that the request is for, or no page.
pub(crate) fn same_host(scope: &Scope) -> Result<(), Rejection> {
    let Some(header) = last_origin(scope) else { return Ok(()) };
    let host = scope.header("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    match Origin::parse(header) {
        Ok(origin) if origin::same_host(&origin, host) => Ok(()),
        Ok(_) | Err(_) => Err(refusal(scope)),
    }
}

fn last_origin(scope: &Scope) -> Option<&[u8]> {
    scope.headers.get_all("origin").next_back().map(|origin| origin.as_bytes())
}

fn refusal(scope: &Scope) -> Rejection {
    let origin = last_origin(scope).map(|origin| String::from_utf8_lossy(origin).into_owned());
    tracing::info!(?origin, "refused: pages of this origin may not connect; see AllowedHosts");
    Rejection::new(CloseCode::FORBIDDEN, "origin not allowed")
}
