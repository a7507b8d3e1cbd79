use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::soon;

/// A WebSocket client that somebody else wrote.
#[derive(Debug)]
pub struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    /// Connects, with no more than a URL.
    pub async fn connect(url: &str) -> Self {
        Self::with_headers(url, &[]).await
    }

    /// Connects as a page of another site does.
    pub async fn from_page(url: &str, origin: &str) -> Self {
        Self::with_headers(url, &[("origin", origin)]).await
    }

    async fn with_headers(url: &str, headers: &[(&'static str, &str)]) -> Self {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, _) = soon("the handshake", connect_async(request)).await.unwrap();
        Self(socket)
    }

    /// Connects with a cookie, as a page of the same site does.
    pub async fn with_cookie(url: &str, origin: &str, cookie: &str) -> Self {
        Self::with_headers(url, &[("origin", origin), ("cookie", cookie)]).await
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Message) {
        soon("a message is sent", self.0.send(message)).await.unwrap();
    }

    /// The next message, which is JSON.
    pub async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected text, got {other:?}"),
        }
    }

    /// Sends a value as JSON.
    pub async fn send_json(&mut self, value: &Value) {
        self.send(Message::text(value.to_string())).await;
    }

    /// The next message of this type, past all others.
    pub async fn hear_of(&mut self, kind: &str) -> Value {
        loop {
            let heard = self.hear().await;
            if heard["type"] == kind {
                return heard;
            }
        }
    }

    /// The code that the server closes with next.
    pub async fn closed(&mut self) -> u16 {
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
