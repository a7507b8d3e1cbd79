//! A client of an application, without a socket.

use std::{fmt, future::poll_fn, panic::Location, pin::Pin, time::Duration};

use actix_web::{
    body::{BoxBody, MessageBody},
    http::header::{HeaderName, HeaderValue},
};
use bytes::{BufMut, Bytes, BytesMut};
use channels_layer::wire::websocket::Opcode;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::mpsc, time::timeout};

use super::WebsocketRequest;
use crate::{
    Channels, CloseCode, ConnectionId, Frame,
    connection::Registry,
    transport::{Decoder, Mask, Message, MessageLimits, Role},
};

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a test listens for what must not come: Django Channels' `receive_nothing`.
const SILENCE: Duration = Duration::from_millis(100);

/// A client of an application, without a socket: Django Channels' `WebsocketCommunicator`.
///
/// What it sends goes through the whole library, from the handshake's answer to the bytes of each frame;
/// only the socket is missing. It must be used where actix runs: `#[actix_web::test]`.
///
/// Where a test's expectation fails it panics, and names the line of the test. Nothing waits longer than ten
/// seconds.
///
/// ```
/// use channels_core::{testing::WebsocketCommunicator, *};
/// # struct Echo;
/// # impl WebsocketConsumer for Echo {
/// #     async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
/// #         socket.send_text(frame.as_text().unwrap_or("not text")).await
/// #     }
/// # }
/// # #[actix_web::main] async fn main() {
/// let channels = Channels::new(MemoryLayer::default()).websocket("/ws/echo/", |_| Ok(Echo));
///
/// let mut tab = WebsocketCommunicator::connect(&channels, "/ws/echo/").await.unwrap();
/// tab.send_text("hello").await;
///
/// assert_eq!(tab.receive_text().await, "hello");
/// tab.disconnect().await;
/// # }
/// ```
pub struct WebsocketCommunicator {
    registry: Registry,
    id: ConnectionId,
    bytes: mpsc::Sender<Bytes>,
    body: BoxBody,
    decoder: Decoder,
    chunk: Bytes,
    subprotocol: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl WebsocketCommunicator {
    /// Connects to `path`, which may have a query string; the code if the application refused.
    ///
    /// # Errors
    ///
    /// The close code that a browser would see.
    ///
    /// # Panics
    ///
    /// If no route fits the path: a real client would get a 404.
    #[track_caller]
    pub fn connect(channels: &Channels, path: &str) -> impl Future<Output = Result<Self, CloseCode>> {
        WebsocketRequest::new(path).connect(channels)
    }

    pub(super) fn new(
        registry: Registry,
        id: ConnectionId,
        bytes: mpsc::Sender<Bytes>,
        body: BoxBody,
        subprotocol: Option<String>,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Self {
        let limits =
            MessageLimits { message: usize::MAX, fragments: usize::MAX, inflation: Some(usize::MAX) };
        let decoder = Decoder::new(Role::Client, limits);
        Self { registry, id, bytes, body, decoder, chunk: Bytes::new(), subprotocol, headers }
    }

    /// The subprotocol that the application accepted with.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// A header that the application accepted with.
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.headers.iter().find(|(held, _)| held.as_str().eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Sends a text message.
    pub async fn send_text(&mut self, text: impl AsRef<str>) {
        self.send(Opcode::Text, text.as_ref().as_bytes()).await;
    }

    /// Sends a binary message.
    pub async fn send_binary(&mut self, bytes: impl AsRef<[u8]>) {
        self.send(Opcode::Binary, bytes.as_ref()).await;
    }

    /// Sends a value as a JSON text message.
    ///
    /// # Panics
    ///
    /// If it does not serialize.
    #[track_caller]
    pub fn send_json(&mut self, content: &impl Serialize) -> impl Future<Output = ()> {
        let text = serde_json::to_string(content).expect("the content serializes");
        async move { self.send_text(text).await }
    }

    /// What is sent to a connection that is gone is lost, as over a socket.
    async fn send(&mut self, opcode: Opcode, payload: &[u8]) {
        self.bytes.send(masked(opcode, payload)).await.ok();
    }

    /// The next message.
    ///
    /// # Panics
    ///
    /// If none comes, or a close frame instead.
    #[track_caller]
    pub fn receive(&mut self) -> impl Future<Output = Frame> {
        let caller = Location::caller();
        async move {
            match self.next(caller).await {
                Heard::Frame(frame) => frame,
                Heard::Closed(code) => panic!("{caller}: expected a message, but was closed with {code:?}"),
            }
        }
    }

    /// The next message, which must be text.
    ///
    /// # Panics
    ///
    /// If something else comes, or nothing.
    #[track_caller]
    pub fn receive_text(&mut self) -> impl Future<Output = String> {
        let caller = Location::caller();
        let frame = self.receive();
        async move {
            match frame.await {
                Frame::Text(text) => text.into(),
                Frame::Binary(bytes) => {
                    panic!("{caller}: expected text, got {} bytes of binary", bytes.len())
                }
            }
        }
    }

    /// The next message, which must be binary.
    ///
    /// # Panics
    ///
    /// If something else comes, or nothing.
    #[track_caller]
    pub fn receive_binary(&mut self) -> impl Future<Output = Bytes> {
        let caller = Location::caller();
        let frame = self.receive();
        async move {
            match frame.await {
                Frame::Binary(bytes) => bytes,
                Frame::Text(text) => panic!("{caller}: expected a binary message, got the text {text:?}"),
            }
        }
    }

    /// The next message, which must be JSON of a `T`.
    ///
    /// # Panics
    ///
    /// If something else comes, or nothing.
    #[track_caller]
    pub fn receive_json<T: DeserializeOwned>(&mut self) -> impl Future<Output = T> {
        let caller = Location::caller();
        let text = self.receive_text();
        async move {
            let text = text.await;
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{caller}: {error} in {text}"))
        }
    }

    /// The code that the application closes with.
    ///
    /// # Panics
    ///
    /// If a message comes instead, or nothing.
    #[track_caller]
    pub fn receive_close(&mut self) -> impl Future<Output = CloseCode> {
        let caller = Location::caller();
        async move {
            match self.next(caller).await {
                Heard::Closed(code) => code,
                Heard::Frame(frame) => panic!("{caller}: expected a close, got {frame:?}"),
            }
        }
    }

    /// Whether nothing comes for a tenth of a second. For what must come, receive it.
    pub async fn receive_nothing(&mut self) -> bool {
        timeout(SILENCE, self.hear()).await.is_err()
    }

    /// Closes as a client does, with 1000, and waits until the consumer's `disconnect` has run.
    pub async fn disconnect(mut self) {
        self.send(Opcode::Close, &CloseCode::NORMAL.as_u16().to_be_bytes()).await;
        self.wait().await;
    }

    /// Is gone without a word, and waits until the consumer's `disconnect` has run.
    pub async fn vanish(self) {
        let Self { registry, id, bytes, body, .. } = self;
        drop((bytes, body));
        ended(&registry, id).await;
    }

    /// Waits until the consumer's `disconnect` has run.
    ///
    /// # Panics
    ///
    /// If it has not after ten seconds.
    pub async fn wait(self) {
        // an application that closes first waits for the client to answer, and so does a real client
        drop(self.bytes);
        ended(&self.registry, self.id).await;
    }

    async fn next(&mut self, caller: &Location<'_>) -> Heard {
        match timeout(PATIENCE, self.hear()).await {
            Ok(heard) => heard,
            Err(_) => panic!("{caller}: nothing came within {PATIENCE:?}"),
        }
    }

    async fn hear(&mut self) -> Heard {
        loop {
            match self.decoder.next(&mut self.chunk) {
                Ok(Some(Message::Frame(frame))) => return Heard::Frame(frame),
                Ok(Some(Message::Ping(payload))) => self.send(Opcode::Pong, &payload).await,
                Ok(Some(Message::Pong(_))) => {}
                Ok(Some(Message::Close(reason))) => {
                    let code = reason.map_or(CloseCode::NO_STATUS, |reason| reason.code);
                    self.send(Opcode::Close, &code.as_u16().to_be_bytes()).await;
                    return Heard::Closed(code);
                }
                Ok(None) => match poll_fn(|cx| Pin::new(&mut self.body).poll_next(cx)).await {
                    Some(Ok(chunk)) => self.chunk = chunk,
                    Some(Err(_)) | None => return Heard::Closed(CloseCode::ABNORMAL),
                },
                Err(breach) => panic!("the server broke the protocol: {breach}"),
            }
        }
    }
}

enum Heard {
    Frame(Frame),
    Closed(CloseCode),
}

async fn ended(registry: &Registry, id: ConnectionId) {
    if timeout(PATIENCE, registry.gone(id)).await.is_err() {
        panic!("the connection has not ended within {PATIENCE:?}: a hook goes on");
    }
}

/// A client's frame (RFC 6455 section 5.2), masked as all of a client's are.
fn masked(opcode: Opcode, payload: &[u8]) -> Bytes {
    const KEY: [u8; 4] = [0x6D, 0x61, 0x73, 0x6B];
    let mut frame = BytesMut::from(&channels_layer::wire::websocket::frame(opcode, payload)[..]);
    let mut data = frame.split_off(frame.len() - payload.len());
    if let Some(length) = frame.get_mut(1) {
        *length |= 0x80;
    }
    frame.put_slice(&KEY);
    Mask::new(KEY).apply(&mut data);
    frame.put_slice(&data);
    frame.freeze()
}

impl fmt::Debug for WebsocketCommunicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebsocketCommunicator").field("id", &self.id).finish_non_exhaustive()
    }
}
