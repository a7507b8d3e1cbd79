//! What a client gets to see before it is connected.

use std::{future::pending, time::Duration};

use actix_web::http::header::{HeaderName, HeaderValue};
use channels_actix::{testing::TestServer, *};

use crate::support::{Client, Journal, channels};

/// Answers as the query string says.
struct Doorman(Journal);

impl WebsocketConsumer for Doorman {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        match socket.scope().query("do").as_deref() {
            Some("choose") => {
                let cookie = (HeaderName::from_static("set-cookie"), HeaderValue::from_static("seen=1"));
                socket.accept_with(Accept::default().subprotocol("chat.v2").header(cookie.0, cookie.1)).await
            }
            Some("make up") => {
                let error = socket.accept_with(Accept::default().subprotocol("a\nb")).await.unwrap_err();
                self.0.note(error.to_string());
                socket.accept().await
            }
            Some("close") => {
                socket.close_with(CloseCode::FORBIDDEN, "not in here");
                Ok(())
            }
            Some("fail") => Err(std::io::Error::other("no database").into()),
            Some("panic") => panic!("told to"),
            Some("nothing") => Ok(()),
            Some("hang") => pending().await,
            _ => socket.accept().await,
        }
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }

    async fn disconnect(&mut self, code: CloseCode, _: &mut Socket) -> Result<()> {
        self.0.note(format!("disconnect {code}"));
        Ok(())
    }
}

fn serve(refusal: Refusal) -> (TestServer, Journal) {
    let journal = Journal::default();
    let for_consumers = journal.clone();
    let limits = Limits {
        handshake: Duration::from_millis(200),
        close_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let channels = channels()
        .limits(limits)
        .refuse_with(refusal)
        .websocket("/", move |_| Ok(Doorman(for_consumers.clone())));
    (TestServer::start(&channels), journal)
}

#[tokio::test]
async fn accepting_chooses_the_subprotocol_and_headers() {
    let (server, _) = serve(Refusal::Close);

    let offer = [("Sec-WebSocket-Protocol", "chat.v1, chat.v2")];
    let client = Client::with_headers(&server.url("/?do=choose"), &offer).await;

    assert_eq!(client.header("sec-websocket-protocol"), Some("chat.v2"));
    assert_eq!(client.header("set-cookie"), Some("seen=1"));
}

#[tokio::test]
async fn a_refusal_shows_its_code_and_reason_and_disconnect_runs() {
    let (server, journal) = serve(Refusal::Close);

    let mut client = Client::connect(&server.url("/?do=close")).await;

    assert_eq!(client.closed().await, (4003, "not in here".to_owned()));
    journal.wait_for("disconnect 4003").await;
}

#[tokio::test]
async fn a_refusal_takes_one_of_the_subprotocols_offered_for_a_browser_shows_no_code_otherwise() {
    let (server, _) = serve(Refusal::Close);

    let offer = [("Sec-WebSocket-Protocol", "chat.v1, chat.v2")];
    let mut client = Client::with_headers(&server.url("/?do=close"), &offer).await;

    assert_eq!(client.header("sec-websocket-protocol"), Some("chat.v1"));
    assert_eq!(client.closed().await.0, 4003);
}

#[tokio::test]
async fn an_error_in_connect_is_1011_without_its_details() {
    let (server, journal) = serve(Refusal::Close);

    let mut client = Client::connect(&server.url("/?do=fail")).await;

    assert_eq!(client.closed().await, (1011, "internal error".to_owned()));
    journal.wait_for("disconnect 1011").await;
}

#[tokio::test]
async fn a_panic_in_connect_is_1011() {
    let (server, journal) = serve(Refusal::Close);

    let mut client = Client::connect(&server.url("/?do=panic")).await;

    assert_eq!(client.closed().await.0, 1011);
    journal.wait_for("disconnect 1011").await;
}

#[tokio::test]
async fn a_consumer_that_neither_accepts_nor_closes_in_time_is_1013() {
    for way in ["nothing", "hang"] {
        let (server, journal) = serve(Refusal::Close);

        let mut client = Client::connect(&server.url(&format!("/?do={way}"))).await;

        assert_eq!(client.closed().await.0, 1013, "{way}");
        journal.wait_for("disconnect 1013").await;
    }
}

#[tokio::test]
async fn a_refusal_is_plain_http_where_an_application_wants_that() {
    let (server, journal) = serve(Refusal::Http);

    assert_eq!(Client::refused(&server.url("/?do=close"), &[]).await, 403);
    journal.wait_for("disconnect 4003").await;
    assert_eq!(Client::refused(&server.url("/?do=hang"), &[]).await, 503);
    assert_eq!(Client::refused(&server.url("/?do=fail"), &[]).await, 500);
}

#[tokio::test]
async fn a_subprotocol_that_was_not_offered_is_a_typed_error() {
    let (server, journal) = serve(Refusal::Close);

    let client = Client::connect(&server.url("/?do=make+up")).await;

    assert_eq!(client.header("sec-websocket-protocol"), None);
    journal.wait_for(&SocketError::NotOffered.to_string()).await;
}
