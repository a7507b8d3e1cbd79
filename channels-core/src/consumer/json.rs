//! A consumer whose messages are JSON of one type.

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    CloseCode, Error, Frame, Handlers, Result, Socket, WebsocketConsumer, close::cut, reply::ErrorFrame,
};

/// How much of the parser's words a client gets, in bytes: they may quote all that it sent.
const LONGEST_REASON: usize = 200;
/// The longest `ref` that an error frame repeats, in bytes.
const LONGEST_REFERENCE: usize = 64;
/// What answers a client's `{"type": "ping"}`: a browser's script sees no pings of WebSockets, and cannot send any.
const PONG: &str = r#"{"type":"pong"}"#;

/// A consumer whose messages are JSON of one type: most consumers.
///
/// What is not an [`Incoming`](Self::Incoming) never reaches it: the client gets an error frame,
/// `{"type": "error", "code": "bad_message", "message": "..."}`, and the connection lives on. So it does when
/// a hook fails: with `internal` for the code, or what [`Error::reply`] says. If the message has a `ref`, a
/// string of at most 64 bytes, so has the error frame: a client knows by it which of its messages was not understood.
///
/// A client's `{"type": "ping"}` is answered with `{"type": "pong"}`, and does not reach the consumer either,
/// unless it is an [`Incoming`](Self::Incoming): then the answer is the consumer's.
///
/// ```
/// use channels_core::{JsonWebsocketConsumer, Result, Socket};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize)]
/// struct Question { a: i64, b: i64 }
///
/// #[derive(Serialize)]
/// struct Answer { sum: i64 }
///
/// struct Adder;
///
/// impl JsonWebsocketConsumer for Adder {
///     type Incoming = Question;
///
///     async fn receive_json(&mut self, ask: Question, socket: &mut Socket) -> Result<()> {
///         socket.send_json(&Answer { sum: ask.a.saturating_add(ask.b) }).await
///     }
/// }
/// ```
#[expect(async_fn_in_trait, reason = "a consumer lives on one worker: its futures need not be Send")]
pub trait JsonWebsocketConsumer: Sized + 'static {
    /// What clients send: a struct, or an enum with `#[serde(tag = "type")]` for several commands.
    type Incoming: DeserializeOwned;

    /// Registers the events this consumer takes. Called once a route, at start-up.
    fn events(_on: &mut Handlers<Self>) {}

    /// The client wants to connect: accept it or close it, within
    /// [`Limits::handshake`](crate::Limits::handshake). An error refuses it.
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.accept().await
    }

    /// The client sent a message.
    async fn receive_json(&mut self, content: Self::Incoming, socket: &mut Socket) -> Result<()>;

    /// The connection has ended, whatever the reason; also one that was refused in
    /// [`connect`](Self::connect). All groups are left after it.
    async fn disconnect(&mut self, _code: CloseCode, _socket: &mut Socket) -> Result<()> {
        Ok(())
    }
}

impl<C: JsonWebsocketConsumer> WebsocketConsumer for C {
    fn events(on: &mut Handlers<Self>) {
        <C as JsonWebsocketConsumer>::events(on);
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        JsonWebsocketConsumer::connect(self, socket).await
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        let Frame::Text(text) = frame else {
            return Err(Error::reply(
                "text_expected",
                "this endpoint takes JSON as text, not binary messages",
            ));
        };
        let received = match serde_json::from_str(&text) {
            Ok(content) => self.receive_json(content, socket).await,
            Err(_) if is_ping(&text) => socket.send_text(PONG).await,
            Err(error) => {
                Err(Error::reply("bad_message", cut(&error.to_string(), LONGEST_REASON).to_owned()))
            }
        };
        received.map_err(|error| error.in_answer_to(reference(&text)))
    }

    async fn disconnect(&mut self, code: CloseCode, socket: &mut Socket) -> Result<()> {
        JsonWebsocketConsumer::disconnect(self, code, socket).await
    }

    fn error_frame(error: &Error) -> Option<Frame> {
        Some(Frame::Text(ErrorFrame::new(error).to_json().into()))
    }
}

fn is_ping(text: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(tag = "type", rename_all = "lowercase")]
    enum Heartbeat {
        Ping,
    }
    matches!(serde_json::from_str(text), Ok(Heartbeat::Ping))
}

/// What the client calls its message, if it does.
fn reference(text: &str) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Message {
        r#ref: Box<str>,
    }
    let Message { r#ref } = serde_json::from_str(text).ok()?;
    (r#ref.len() <= LONGEST_REFERENCE).then_some(r#ref)
}
