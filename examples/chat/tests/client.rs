//! A member of a room, by a WebSocket client that somebody else wrote.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::soon;

pub(crate) struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub(crate) async fn connect(url: &str) -> Self {
        Self::with_origin(url, None).await
    }

    /// Connects as a page of another site does.
    pub(crate) async fn from_page(url: &str, origin: &str) -> Self {
        Self::with_origin(url, Some(origin)).await
    }

    async fn with_origin(url: &str, origin: Option<&str>) -> Self {
        let mut request = url.into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let (socket, _) = soon("the handshake", connect_async(request)).await.unwrap();
        Self(socket)
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.send(Message::text(json!({ "type": "chat.message", "text": text }).to_string())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        soon("a message is sent", self.0.send(message)).await.unwrap();
    }

    /// The next frame of the chat.
    pub(crate) async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected text, got {other:?}"),
        }
    }

    /// The code that the server closes with next.
    pub(crate) async fn closed(&mut self) -> u16 {
        match self.next().await {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("expected a close, got {other:?}"),
        }
    }

    async fn next(&mut self) -> Message {
        loop {
            let message = soon("a message", self.0.next()).await.expect("the connection is open").unwrap();
            if !(message.is_ping() || message.is_pong()) {
                return message;
            }
        }
    }
}
