//! Which path leads to which consumer.

mod pattern;

use std::{fmt, sync::Arc};

use channels_layer::Layer;

pub use self::pattern::PatternError;
pub(crate) use self::pattern::{Params, Pattern};
use crate::{
    Limits, Rejection, Result, Scope, Socket, WebsocketConsumer,
    channels::Endpoint,
    connection::{self, Wire},
    consumer::Dispatch,
    middleware::Middleware,
};

/// Routes that are nested into others, with middleware of their own.
///
/// ```
/// # use channels_core::*;
/// # struct Room; impl WebsocketConsumer for Room {
/// #     async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> { Ok(()) }
/// # }
/// let rooms = Routes::new()
///     .wrap(AllowedHosts::new(["example.org"]))
///     .websocket("{room:slug}/", |_| Ok(Room))
///     .websocket("{room:slug}/{thread:int}/", |_| Ok(Room));
/// let channels = Channels::new(MemoryLayer::default()).nest("/ws/chat/", rooms);
/// ```
#[derive(Clone, Default)]
pub struct Routes {
    middleware: Vec<Arc<dyn Middleware>>,
    limits: Option<Arc<Limits>>,
    routes: Vec<Route>,
}

#[derive(Clone)]
struct Route {
    levels: Vec<String>,
    pattern: Pattern,
    middleware: Vec<Arc<dyn Middleware>>,
    limits: Option<Arc<Limits>>,
    endpoint: Endpoint,
}

/// What a path leads to.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) endpoint: Endpoint,
    pub(crate) middleware: Arc<[Arc<dyn Middleware>]>,
    pub(crate) limits: Option<Arc<Limits>>,
    pub(crate) params: Params,
}

impl Routes {
    /// No routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Wraps a middleware around these routes. They run in the order written, the first outermost.
    #[must_use]
    pub fn wrap(mut self, middleware: impl Middleware) -> Self {
        self.middleware.push(Arc::new(middleware));
        self
    }

    /// Bounds the connections of these routes, instead of what is nested around them, and of
    /// [`Channels::limits`](crate::Channels::limits).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(Arc::new(limits));
        self
    }

    /// Routes a path to a consumer that `factory` makes, one for each connection.
    ///
    /// Paths have Django's converters: `{room}` and `{room:str}` (all but `/`), `{id:int}`, `{name:slug}`,
    /// `{id:uuid}`, `{rest:path}` (also `/`); Django's own `<int:id>` is understood too. The first route that
    /// fits the whole path counts. What the factory refuses is closed with 4400, or the code of
    /// [`Error::close`](crate::Error::close).
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
        let levels = vec![path.to_owned()];
        let pattern = compiled(&levels);
        let endpoint = endpoint(factory);
        self.routes.push(Route { levels, pattern, middleware: Vec::new(), limits: None, endpoint });
        self
    }

    /// Puts routes below a path, which may have parameters too. Their middleware runs inside of these
    /// routes' own.
    ///
    /// # Panics
    ///
    /// If the path is no pattern, or names a parameter that a route below it has. Routes are built at
    /// start-up, so this shows then.
    #[must_use]
    #[track_caller]
    pub fn nest(mut self, path: &str, inner: Self) -> Self {
        for route in inner.routes {
            let levels = [vec![path.to_owned()], route.levels].concat();
            let middleware = [inner.middleware.clone(), route.middleware].concat();
            self.routes.push(Route {
                pattern: compiled(&levels),
                levels,
                middleware,
                limits: route.limits.or_else(|| inner.limits.clone()),
                endpoint: route.endpoint,
            });
        }
        self
    }

    /// What `path`, percent-decoded, leads to.
    pub(crate) fn find(&self, path: &str) -> Option<Found> {
        self.routes.iter().find_map(|route| {
            let params = route.pattern.captures(path)?;
            let middleware = [self.middleware.clone(), route.middleware.clone()].concat().into();
            let limits = route.limits.clone().or_else(|| self.limits.clone());
            Some(Found { endpoint: Arc::clone(&route.endpoint), middleware, limits, params })
        })
    }
}

#[track_caller]
fn compiled(levels: &[String]) -> Pattern {
    let levels: Vec<_> = levels.iter().map(String::as_str).collect();
    match Pattern::parse(&levels) {
        Ok(pattern) => pattern,
        Err(error) => panic!("{error}"),
    }
}

/// The consumer's type ends here: what is left is a future for each connection.
#[track_caller]
fn endpoint<C, F>(factory: F) -> Endpoint
where
    C: WebsocketConsumer,
    F: Fn(&Scope) -> Result<C> + Send + Sync + 'static,
{
    let factory = Arc::new(factory);
    let handlers = Arc::new(Dispatch::collect(C::events));
    Arc::new(move |scope: Scope, layer: Layer, wire: Wire| {
        let (factory, handlers) = (Arc::clone(&factory), Arc::clone(&handlers));
        Box::pin(async move {
            let consumer = factory(&scope).map_err(|error| {
                tracing::info!(connection = %wire.link.id(), %error, "refused: no consumer for this request");
                let (code, reason) = error.to_refusal();
                Rejection::new(code, reason)
            })?;
            let mailbox = layer.new_channel("specific").await.map_err(|error| {
                tracing::error!(connection = %wire.link.id(), %error, "refused: no channel");
                Rejection::new(crate::CloseCode::TRY_AGAIN, "try again later")
            })?;
            let ways = Arc::clone(&handlers.ways);
            let Wire { link, inbox, handle } = wire;
            let socket = Socket::new(scope, layer, (link, handle), ways, &mailbox);
            connection::drive(consumer, handlers, socket, inbox, mailbox).await;
            Ok(())
        })
    })
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| &route.pattern)).finish()
    }
}
