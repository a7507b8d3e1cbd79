//! An application: its routes, the middleware around them, and the layer beneath.

use std::{fmt, net::SocketAddr, sync::Arc};

use actix_web::{
    HttpMessage, HttpRequest, guard,
    http::header::{self, HeaderMap},
    web,
};
use channels_layer::{ChannelLayer, Layer};
use futures_util::future::LocalBoxFuture;
use percent_encoding::percent_decode_str;

use crate::{
    Compression, Drain, Limits, Middleware, Rejection, Result, Routes, Scope, Tuning, WebsocketConsumer,
    Work, Worker, Workers,
    connection::{Registry, Wire},
    routing::Found,
    scope::TrustedProxies,
    transport::{self, Agreed},
};

/// Runs one connection's consumer to its end.
pub(crate) type Endpoint =
    Arc<dyn Fn(Scope, Layer, Wire) -> LocalBoxFuture<'static, Result<(), Rejection>> + Send + Sync>;

/// An application: its routes, the middleware around them, and the layer beneath. Cheap to clone.
///
/// ```no_run
/// use actix_web::{App, HttpServer};
/// use channels_core::*;
///
/// struct Echo;
/// impl WebsocketConsumer for Echo {
///     async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
///         socket.send_text(frame.as_text().unwrap_or("not text")).await
///     }
/// }
///
/// #[actix_web::main]
/// async fn main() -> std::io::Result<()> {
///     let channels = Channels::new(MemoryLayer::default()).websocket("/ws/echo/", |_| Ok(Echo));
///     HttpServer::new(move || App::new().configure(channels.routes())).bind("127.0.0.1:8000")?.run().await
/// }
/// ```
#[derive(Clone)]
pub struct Channels {
    layer: Layer,
    routes: Arc<Routes>,
    limits: Arc<Limits>,
    compression: Option<Compression>,
    tuning: Tuning,
    drain: Drain,
    proxies: Arc<TrustedProxies>,
    refusal: Refusal,
    registry: Registry,
    workers: Workers,
}

/// How a client is told that it is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusal {
    /// The handshake is completed, and the connection closed with the code: a browser's script sees `4001`.
    /// The default.
    #[default]
    Close,
    /// A plain HTTP answer, 401, 403 or 503: a browser's script sees 1006 and no more. For clients that are
    /// no browsers.
    Http,
}

impl Channels {
    /// An application on a channel layer, without routes.
    pub fn new(layer: impl ChannelLayer) -> Self {
        Self::on(Layer::new(layer))
    }

    /// An application on a layer that others use too.
    pub fn on(layer: Layer) -> Self {
        Self {
            workers: Workers::on(layer.clone()),
            layer,
            routes: Arc::default(),
            limits: Arc::default(),
            compression: None,
            tuning: Tuning::default(),
            drain: Drain::default(),
            proxies: Arc::default(),
            refusal: Refusal::default(),
            registry: Registry::default(),
        }
    }

    /// Wraps a middleware around all routes. They run in the order written, the first outermost.
    #[must_use]
    pub fn wrap(self, middleware: impl Middleware) -> Self {
        self.with_routes(|routes| routes.wrap(middleware))
    }

    /// Routes a path to a consumer that `factory` makes, one for each connection: [`Routes::websocket`].
    ///
    /// # Panics
    ///
    /// If the path is no pattern, or an event has two handlers. Routes are built at start-up, so this shows
    /// then.
    #[must_use]
    #[track_caller]
    pub fn websocket<C, F>(mut self, path: &str, factory: F) -> Self
    where
        C: WebsocketConsumer,
        F: Fn(&Scope) -> Result<C> + Send + Sync + 'static,
    {
        self.routes = Arc::new(Arc::unwrap_or_clone(self.routes).websocket(path, factory));
        self
    }

    /// Puts routes below a path: [`Routes::nest`].
    ///
    /// # Panics
    ///
    /// If the path is no pattern, or names a parameter that a route below it has. Routes are built at
    /// start-up, so this shows then.
    #[must_use]
    #[track_caller]
    pub fn nest(mut self, path: &str, routes: Routes) -> Self {
        self.routes = Arc::new(Arc::unwrap_or_clone(self.routes).nest(path, routes));
        self
    }

    /// Works on a channel in this server, too: [`Workers::worker`].
    ///
    /// It begins when an `App` is configured with the [`routes`](Self::routes), and ends with
    /// [`shutdown`](Self::shutdown); without that, when the last clone is dropped, and its jobs with it.
    ///
    /// # Panics
    ///
    /// If the name is none of a normal channel, or an event has two handlers, or none has one. This shows at start-up.
    #[must_use]
    #[track_caller]
    pub fn worker<W, F>(mut self, work: impl Into<Work>, factory: F) -> Self
    where
        W: Worker,
        F: Fn() -> W + Send + Sync + 'static,
    {
        self.workers = self.workers.worker(work, factory);
        self
    }

    fn with_routes(mut self, change: impl FnOnce(Routes) -> Routes) -> Self {
        self.routes = Arc::new(change(Arc::unwrap_or_clone(self.routes)));
        self
    }

    /// Bounds every connection whose route has no limits of its own ([`Routes::limits`]). By default
    /// [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Arc::new(limits.bounded());
        self
    }

    /// Compresses messages with clients that can, as browsers do. By default none are.
    ///
    /// It saves bytes, and costs processor time for every message that is not shared.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// How [`tune`](Self::tune) sets an actix server up. By default [`Tuning::default`].
    #[must_use]
    pub fn tuning(mut self, tuning: Tuning) -> Self {
        self.tuning = tuning;
        self
    }

    /// How [`shutdown`](Self::shutdown) goes. By default [`Drain::default`].
    #[must_use]
    pub fn drain(mut self, drain: Drain) -> Self {
        self.drain = drain;
        self
    }

    /// The proxies, by address or network, whose `X-Forwarded-For` tells who a client is: for
    /// [`Scope::client`], the log, and limits by address. By default none: anybody could write that header.
    ///
    /// ```
    /// # use channels_core::*;
    /// let channels = Channels::new(MemoryLayer::default()).trusted_proxies(["127.0.0.1", "10.0.0.0/8"]);
    /// ```
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

    /// How a client is told that it is refused. By default [`Refusal::Close`].
    #[must_use]
    pub fn refuse_with(mut self, refusal: Refusal) -> Self {
        self.refusal = refusal;
        self
    }

    /// A handle on the layer, for REST handlers and jobs.
    pub fn layer(&self) -> Layer {
        self.layer.clone()
    }

    /// The workers alone, for a program without a server: `channels.workers().run_until(signal)`.
    pub fn workers(&self) -> Workers {
        self.workers.clone().drain_within(self.drain.within)
    }

    /// How many connections there are at the moment, on all workers.
    pub fn connections(&self) -> usize {
        self.registry.len()
    }

    /// For `App::configure`: takes every `GET` whose path fits a route, and no others. One that is no WebSocket
    /// handshake is answered with 400; a page under the same path has to be configured before.
    ///
    /// The paths are whole paths: configure the `App`, not a scope in it.
    ///
    /// # Panics
    ///
    /// When an `App` is configured, if no thread can be started for a worker.
    pub fn routes(&self) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
        let this = self.clone();
        move |config| {
            if let Err(error) = this.workers.start() {
                panic!("the workers cannot be started: {error}");
            }
            let routes = Arc::clone(&this.routes);
            let fits = guard::fn_guard(move |request| {
                let Some(path) = decoded(request.head().uri.path()) else { return false };
                let Some(found) = routes.find(&path) else { return false };
                request.req_data_mut().insert(Request { path, found });
                true
            });
            let connect = move |request: HttpRequest, payload: web::Payload| {
                let this = this.clone();
                async move {
                    let found = request.extensions_mut().remove::<Request>();
                    match found {
                        Some(found) => transport::upgrade(&this, found, &request, payload).await,
                        None => Err(actix_web::error::ErrorNotFound("no such route")),
                    }
                }
            };
            config.service(web::resource("{path:.*}").guard(guard::Get()).guard(fits).to(connect));
        }
    }

    pub(crate) fn find(&self, path: &str) -> Option<Request> {
        let path = decoded(path)?;
        let found = self.routes.find(&path)?;
        Some(Request { path, found })
    }

    pub(crate) fn connection_limits(&self) -> Arc<Limits> {
        Arc::clone(&self.limits)
    }

    /// Whether messages are compressed, and how, for a client that sent these headers.
    pub(crate) fn agree(&self, headers: &HeaderMap) -> Option<Agreed> {
        let offers = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS);
        self.compression?.agree(offers.filter_map(|offers| offers.to_str().ok()))
    }

    /// Who is at the other end of a connection.
    pub(crate) fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<SocketAddr> {
        self.proxies.client(peer, headers)
    }

    pub(crate) fn drained(&self) -> Drain {
        self.drain.clone()
    }

    pub(crate) fn tuned(&self) -> Tuning {
        self.tuning.clone()
    }

    pub(crate) fn refusal(&self) -> Refusal {
        self.refusal
    }

    pub(crate) fn registry(&self) -> Registry {
        self.registry.clone()
    }
}

/// A request to connect whose path fits a route.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) found: Found,
}

/// The path as routes see it; `None` if it is not UTF-8.
fn decoded(path: &str) -> Option<String> {
    percent_decode_str(path).decode_utf8().ok().map(|path| path.into_owned())
}

impl fmt::Debug for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channels")
            .field("routes", &self.routes)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
