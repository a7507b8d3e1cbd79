//! What is known of a connection for its whole life.

mod client;
mod extensions;
mod headers;
mod query;

use std::{
    any::type_name,
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};
use percent_encoding::percent_decode_str;

pub use self::{
    client::{ProxyError, TrustedProxies},
    headers::cookie,
};
use self::{extensions::Extensions, headers::Headers};
use crate::{middleware::redacted, routing::Params};

/// What is known of a connection for its whole life. Middleware reads it and adds to it.
///
/// Its `Debug` shows neither query values nor headers: they may be secrets.
///
/// ```
/// # use channels_core::*;
/// # struct Room { id: u32, since: Option<String> }
/// # impl WebsocketConsumer for Room {
/// #     async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> { Ok(()) }
/// # }
/// let channels = Channels::new(MemoryLayer::default()).websocket("/ws/room/{id:int}/", |scope: &Scope| {
///     Ok(Room { id: scope.param("id")?, since: scope.query("since") })
/// });
/// ```
pub struct Scope {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) client: Option<SocketAddr>,
    pub(crate) headers: Headers,
    pub(crate) subprotocols: Vec<String>,
    pub(crate) default_subprotocol: Option<String>,
    pub(crate) params: Params,
    extensions: Extensions,
}

/// What a scope does not have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The route's path has no such parameter.
    #[error("the route has no parameter {{{0}}}")]
    NoParam(&'static str),
    /// The parameter is not of the type asked for.
    #[error("parameter {{{name}}} is no {wanted}")]
    BadParam {
        /// The parameter.
        name: &'static str,
        /// The Rust type asked for.
        wanted: &'static str,
    },
    /// Nothing of this type was added.
    #[error("no {0} in the scope; is the middleware that adds it wrapped around this route?")]
    NoExtension(&'static str),
}

impl Scope {
    pub(crate) fn new(
        path: String,
        query: String,
        client: Option<SocketAddr>,
        headers: &HeaderMap,
        params: Params,
    ) -> Self {
        let headers = Headers::copied(headers);
        Self {
            path,
            query,
            client,
            subprotocols: headers.subprotocols(),
            default_subprotocol: None,
            headers,
            params,
            extensions: Extensions::default(),
        }
    }

    /// The scope of a request that is no connection: for what looks at both alike, such as authentication. It
    /// has no parameters of a route. `proxies` may tell who the client is.
    pub fn of_request(request: &HttpRequest, proxies: &TrustedProxies) -> Self {
        let path = percent_decode_str(request.head().uri.path()).decode_utf8_lossy().into_owned();
        let query = request.query_string().to_owned();
        let client = proxies.client(request.peer_addr(), request.headers());
        Self::new(path, query, client, request.headers(), Params::default())
    }

    /// The path, percent-decoded, without the query string.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What follows the `?`, as it was sent. It may hold a token: see [`redacted_path`](Self::redacted_path).
    pub fn query_string(&self) -> &str {
        &self.query
    }

    /// The first value of `key` in the query string, percent-decoded. `None` if it is not there, or not
    /// UTF-8.
    pub fn query(&self, key: &str) -> Option<String> {
        query::first(&self.query, key)
    }

    /// The path and the query string for a log: the names in it, and `***` for every value.
    pub fn redacted_path(&self) -> String {
        redacted(&self.path, &self.query)
    }

    /// The address the connection comes from: the client's where it is the peer, or a proxy tells it that
    /// [`Channels::trusted_proxies`](crate::Channels::trusted_proxies) names (with port 0, if that does not tell the
    /// port), else the proxy's. `None` on a Unix socket.
    pub fn client(&self) -> Option<SocketAddr> {
        self.client
    }

    /// The address that limits count the connection by: the [client's](Self::client), or its IPv6 network of 64
    /// bits, which is what one household has.
    pub fn client_network(&self) -> Option<IpAddr> {
        self.client.map(|client| client::network(client.ip()))
    }

    /// The first header of this name.
    pub fn header(&self, name: impl AsRef<str>) -> Option<&HeaderValue> {
        self.headers.get_all(name.as_ref()).next()
    }

    /// All headers, in no particular order.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.headers.iter()
    }

    /// The cookie of this name, read as Django reads it: the last one counts, quotes are taken off.
    pub fn cookie(&self, name: &str) -> Option<String> {
        headers::last_cookie(self.headers.get_all(header::COOKIE.as_str()), name)
    }

    /// The subprotocols the client offers, in its order (`Sec-WebSocket-Protocol`).
    pub fn subprotocols(&self) -> &[String] {
        &self.subprotocols
    }

    /// Takes a subprotocol out that was no subprotocol but a credential, and makes the first of the others
    /// what `accept` answers with: a browser wants one of its offers back.
    pub fn take_subprotocol(&mut self, at: usize) -> Option<String> {
        let taken = (at < self.subprotocols.len()).then(|| self.subprotocols.remove(at))?;
        self.default_subprotocol = self.subprotocols.first().cloned();
        Some(taken)
    }

    /// A parameter of the route, such as `room` of `/ws/chat/{room}/`.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if the route has no such parameter, or it does not parse.
    pub fn param<T: FromStr>(&self, name: &'static str) -> Result<T, ScopeError> {
        let text = self.params.get(name).ok_or(ScopeError::NoParam(name))?;
        text.parse().or(Err(ScopeError::BadParam { name, wanted: type_name::<T>() }))
    }

    /// All parameters of the route, outermost first (Django's `url_route`).
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter()
    }

    /// Adds a value, one of each type: for middleware.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.extensions.insert(Arc::new(value));
    }

    /// Adds a value that is shared.
    pub fn insert_shared<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.extensions.insert(value);
    }

    /// A value that middleware added.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.extensions.get()
    }

    /// The user that authentication added. Shared, so that holding it does not borrow the socket.
    ///
    /// # Errors
    ///
    /// [`ScopeError::NoExtension`] if there is none of this type.
    pub fn user<U: Send + Sync + 'static>(&self) -> Result<Arc<U>, ScopeError> {
        self.extensions.shared().ok_or(ScopeError::NoExtension(type_name::<U>()))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("path", &self.redacted_path())
            .field("client", &self.client)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}
