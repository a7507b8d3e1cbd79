use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{secrets, soon};

/// A client that somebody else wrote.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    response: tokio_tungstenite::tungstenite::handshake::client::Response,
}

impl Client {
    pub(crate) async fn connect(url: &str) -> Self {
        Self::with_headers(url, &[]).await
    }

    pub(crate) async fn with_headers(url: &str, headers: &[(&'static str, &str)]) -> Self {
        Self::try_connect(url, headers).await.expect("the handshake is completed")
    }

    pub(crate) async fn try_connect(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        secrets::note_request(url, headers);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
        }
        let (socket, response) = soon("the handshake", connect_async(request)).await?;
        Ok(Self { socket, response })
    }

    /// The HTTP status of a handshake that failed.
    pub(crate) async fn refused(url: &str, headers: &[(&'static str, &str)]) -> u16 {
        match Self::try_connect(url, headers).await.err() {
            Some(Error::Http(response)) => response.status().as_u16(),
            other => panic!("expected a refusal in HTTP, got {other:?}"),
        }
    }

    /// A header of the response to the handshake.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) async fn text(&mut self, text: &str) {
        secrets::note_message(text);
        self.send(Message::text(text)).await;
    }

    pub(crate) async fn json(&mut self, value: &Value) {
        self.text(&value.to_string()).await;
    }

    pub(crate) async fn binary(&mut self, bytes: &[u8]) {
        self.send(Message::binary(bytes.to_vec())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        soon("a message is sent", self.socket.send(message)).await.unwrap();
    }

    pub(crate) async fn next_text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("expected text, got {other:?}"),
        }
    }

    pub(crate) async fn next_json(&mut self) -> Value {
        serde_json::from_str(&self.next_text().await).unwrap()
    }

    /// The next message, pings and pongs aside.
    pub(crate) async fn next(&mut self) -> Message {
        loop {
            let message =
                soon("a message", self.socket.next()).await.expect("the connection is open").unwrap();
            if !(message.is_ping() || message.is_pong()) {
                return message;
            }
        }
    }

    /// Pings the server, which answers: the connection is open.
    #[cfg(feature = "postgres")]
    pub(crate) async fn pinged(&mut self) {
        self.send(Message::Ping("still here?".into())).await;
        loop {
            match soon("a pong", self.socket.next()).await.expect("the connection is open").unwrap() {
                Message::Pong(payload) if payload == "still here?" => return,
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a pong, got {other:?}"),
            }
        }
    }

    /// The code and reason that the server closes with next.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        match self.next().await {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("expected a close, got {other:?}"),
        }
    }

    pub(crate) async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        soon("the server answers the close", async { while self.socket.next().await.is_some() {} }).await;
    }
}
