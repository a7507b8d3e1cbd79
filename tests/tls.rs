//! The same over TLS.

use channels_actix::{testing::TestServer, *};

use crate::support::{
    Raw, channels,
    raw::{BINARY, TEXT},
    tls::Certificate,
};

struct Echo;

impl WebsocketConsumer for Echo {
    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        match frame.as_text() {
            Some("bye") => socket.close(CloseCode::GOING_AWAY),
            Some(text) => socket.send_text(text).await?,
            None => socket.send_binary(frame.as_bytes()).await?,
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_conversation_over_tls_is_one_like_any_other() {
    let certificate = Certificate::new();
    let server = TestServer::tls(&channels().websocket("/echo/", |_| Ok(Echo)), certificate.server());
    let mut raw = Raw::over(certificate.open(server.address()).await, "/echo/").await;
    let big = vec![7; 200_000];

    raw.frame(TEXT, b"hello").await;
    raw.frame(BINARY, &big).await;
    raw.frame(TEXT, b"bye").await;

    assert_eq!(raw.next().await.payload, b"hello");
    assert_eq!(raw.next().await.payload, big);
    assert_eq!(raw.close_code().await, 1001);
    assert_eq!(server.url("/echo/"), format!("wss://{}/echo/", server.address()));
}
