//! Which event goes where: to a method of the consumer, or straight to its client.

use std::{collections::HashMap, fmt, sync::Arc};

use bytes::Bytes;
use channels_layer::{Envelope, Event, EventError, Received};
use futures_util::future::LocalBoxFuture;

use super::unhandled;
use crate::{Result, Socket, transport::Encoding};

type Method<C, X> =
    Box<dyn for<'a> Fn(&'a mut C, &'a Envelope, &'a mut X) -> LocalBoxFuture<'a, Result<()>> + Send + Sync>;

/// Makes the ready frame of an event, as a client needs it.
pub(crate) type Relay = fn(&Envelope, Encoding) -> Result<Bytes, EventError>;

/// Where an event goes.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// Straight to the client.
    Relay(Relay),
    /// To a method, in the consumer's own time.
    Method,
}

/// Where each event of a route goes, without the consumer's type: what a group needs to know of a member.
pub(crate) type Ways = HashMap<&'static str, Way>;

/// The events a consumer takes. Built once for a route, shared by its connections; or once for a
/// [worker](crate::Worker), whose methods get a [`Job`](crate::Job) where a connection's get its socket.
///
/// ```
/// use channels_core::{Event, Frame, Handlers, Received, Result, Socket, WebsocketConsumer};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Created { id: u64 }
/// impl Event for Created { const TYPE: &str = "notification.created"; }
///
/// #[derive(Serialize, Deserialize)]
/// struct Read { id: u64 }
/// impl Event for Read { const TYPE: &str = "notification.read"; }
///
/// struct Notifications { unread: usize }
///
/// impl WebsocketConsumer for Notifications {
///     fn events(on: &mut Handlers<Self>) {
///         on.event(Self::created); // a method, in the consumer's own time
///         on.relay::<Read>(); // straight to the client
///     }
/// #   async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> { Ok(()) }
/// }
///
/// impl Notifications {
///     async fn created(&mut self, event: Received<Created>, socket: &mut Socket) -> Result<()> {
///         self.unread += 1;
///         socket.relay(&event).await
///     }
/// }
/// ```
pub struct Handlers<C, X = Socket> {
    ways: Ways,
    methods: HashMap<&'static str, Method<C, X>>,
}

/// A route's handlers, or a worker's, complete.
pub(crate) struct Dispatch<C, X = Socket> {
    pub(crate) ways: Arc<Ways>,
    methods: HashMap<&'static str, Method<C, X>>,
}

impl<C: 'static, X: 'static> Dispatch<C, X> {
    pub(crate) fn collect(register: impl FnOnce(&mut Handlers<C, X>)) -> Self {
        let mut handlers = Handlers { ways: HashMap::new(), methods: HashMap::new() };
        register(&mut handlers);
        Self { ways: Arc::new(handlers.ways), methods: handlers.methods }
    }

    /// Whether there is a method for events of this type.
    pub(crate) fn takes(&self, kind: &str) -> bool {
        self.methods.contains_key(kind)
    }

    /// Calls the method for an event. Nothing happens if there is none.
    pub(crate) async fn call(&self, consumer: &mut C, envelope: &Envelope, context: &mut X) -> Result<()> {
        match self.methods.get(envelope.kind()) {
            Some(method) => method(consumer, envelope, context).await,
            None => Ok(()),
        }
    }
}

impl<C: 'static> Dispatch<C> {
    /// Takes an event of the consumer's own channel to where it goes.
    pub(crate) async fn event(
        &self,
        consumer: &mut C,
        envelope: &Envelope,
        socket: &mut Socket,
    ) -> Result<()> {
        match self.ways.get(envelope.kind()) {
            Some(Way::Relay(frame)) => {
                let frame = frame(envelope, socket.link().encoding())?;
                socket.send_frame(frame).await
            }
            Some(Way::Method) => self.call(consumer, envelope, socket).await,
            None => {
                unhandled::note(envelope.kind());
                Ok(())
            }
        }
    }
}

impl<C: 'static> Handlers<C> {
    /// Passes every `E` on to the client as it came, with its `type`, encoded once for all who get it.
    ///
    /// It goes straight to the socket's queue and does not wake the consumer: the fast way. It does not wait
    /// for events of other types that a method handles.
    ///
    /// # Panics
    ///
    /// If `E`'s type already has a handler. Routes are built at start-up, so this shows then.
    #[track_caller]
    pub fn relay<E: Event>(&mut self) {
        self.insert(E::TYPE, Way::Relay(|envelope, encoding| encoding.frame(&envelope.open::<E>()?)));
    }
}

impl<C: 'static, X: 'static> Handlers<C, X> {
    /// Calls `method` for every `E` that reaches this consumer: `on.event(Self::chat_message)`.
    ///
    /// # Panics
    ///
    /// If `E`'s type already has a handler. Routes and workers are built at start-up, so this shows then.
    #[track_caller]
    pub fn event<E, M>(&mut self, method: M)
    where
        E: Event,
        M: AsyncFn(&mut C, Received<E>, &mut X) -> Result<()> + Copy + Send + Sync + 'static,
    {
        self.insert(E::TYPE, Way::Method);
        let method: Method<C, X> = Box::new(move |consumer, envelope, context| {
            Box::pin(async move { method(consumer, envelope.open()?, context).await })
        });
        self.methods.insert(E::TYPE, method);
    }

    #[track_caller]
    fn insert(&mut self, kind: &'static str, way: Way) {
        let before = self.ways.insert(kind, way);
        assert!(before.is_none(), "event {kind:?} has two handlers");
    }
}

impl<C, X> fmt::Debug for Handlers<C, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.ways.keys()).finish()
    }
}
