//! A request to connect, as a test makes it up.

use std::{net::SocketAddr, panic::Location};

use actix_web::{
    body::BoxBody,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;

use super::WebsocketCommunicator;
use crate::{
    Accept, Channels, CloseCode, Scope,
    channels::Request,
    connection::{self, Answer, Terms},
    transport::body,
};

/// How many pieces of a client's bytes may be under way, as a socket's buffers hold some.
const BUFFERED: usize = 16;

/// A request to connect, with headers and subprotocols of your choice.
///
/// ```
/// use channels_core::{testing::WebsocketRequest, *};
///
/// # struct Echo;
/// # impl WebsocketConsumer for Echo {
/// #     async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
/// #         socket.accept_with(Accept::default().subprotocol("chat.v2")).await
/// #     }
/// #     async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> { Ok(()) }
/// # }
/// # #[actix_web::main] async fn main() {
/// let channels = Channels::new(MemoryLayer::default()).websocket("/ws/", |_| Ok(Echo));
///
/// let tab = WebsocketRequest::new("/ws/").subprotocol("chat.v2").connect(&channels).await.unwrap();
///
/// assert_eq!(tab.subprotocol(), Some("chat.v2"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WebsocketRequest {
    path: String,
    headers: HeaderMap,
    client: Option<SocketAddr>,
}

impl WebsocketRequest {
    /// A request for `path`, which may have a query string, to the host `localhost`.
    pub fn new(path: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        Self { path: path.into(), headers, client: None }
    }

    /// Adds a header: an `Origin`, a `Cookie`.
    ///
    /// # Panics
    ///
    /// If it can be no header.
    #[must_use]
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a header's name");
        self.headers.append(name, HeaderValue::try_from(value).expect("a header's value"));
        self
    }

    /// Offers a subprotocol, after those offered before.
    ///
    /// # Panics
    ///
    /// If it can stand in no header.
    #[must_use]
    #[track_caller]
    pub fn subprotocol(self, subprotocol: &str) -> Self {
        self.header(header::SEC_WEBSOCKET_PROTOCOL.as_str(), subprotocol)
    }

    /// Comes from this address.
    #[must_use]
    pub fn client(mut self, client: SocketAddr) -> Self {
        self.client = Some(client);
        self
    }

    /// Connects; the code if the application refused.
    ///
    /// # Errors
    ///
    /// The close code that a browser would see.
    ///
    /// # Panics
    ///
    /// If no route fits the path: a real client would get a 404.
    #[track_caller]
    pub fn connect(
        self,
        channels: &Channels,
    ) -> impl Future<Output = Result<WebsocketCommunicator, CloseCode>> {
        let caller = Location::caller();
        async move {
            let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
            let Some(Request { path, found }) = channels.find(path) else {
                panic!("{caller}: no route fits {path}; a real client would get a 404");
            };
            let (bytes, mut received) = mpsc::channel(BUFFERED);
            let payload =
                stream::poll_fn(move |cx| received.poll_recv(cx).map(|bytes| bytes.map(Ok::<Bytes, ()>)));
            let client = channels.client(self.client, &self.headers);
            let scope = Scope::new(path, query.to_owned(), client, &self.headers, found.params.clone());
            let terms = Terms { compression: channels.agree(&self.headers), ..Terms::default() };
            let (link, answer) = connection::open(channels, found, scope, terms, payload);
            match answer.await {
                Answer::Accept(Accept { subprotocol, headers }) => Ok(WebsocketCommunicator::new(
                    channels.registry(),
                    link.id(),
                    bytes,
                    BoxBody::new(body(link)),
                    subprotocol,
                    headers,
                )),
                Answer::Refuse(rejection) => {
                    link.lost();
                    Err(rejection.code())
                }
            }
        }
    }
}
