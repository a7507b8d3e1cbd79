//! What a log shows, and what it does not.

use std::time::Duration;

use channels_actix::{testing::TestServer, *};

use crate::support::{Client, channels, log::Lines, until};

struct Welcome;

impl WebsocketConsumer for Welcome {
    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn one_line_for_each_step_and_no_token_in_any() {
    let lines = Lines::captured();
    let server = TestServer::start(&channels().websocket("/ws/steps/", |_| Ok(Welcome)));
    let url = server.url("/ws/steps/?token=s3cr3t-t0k3n&page=2");
    let headers = [("Cookie", "sessionid=s3cr3t-c00ki3"), ("Authorization", "Bearer s3cr3t-b3ar3r")];

    Client::with_headers(&url, &headers).await.close().await;

    until("the end is logged", || {
        lines.with("WebSocket DISCONNECT /ws/steps/?token=***&page=***").len() == 1
    })
    .await;
    assert_eq!(lines.with("WebSocket HANDSHAKING /ws/steps/?token=***&page=***").len(), 1);
    assert_eq!(lines.with("WebSocket CONNECT /ws/steps/?token=***&page=***").len(), 1);
    assert_eq!(lines.with("s3cr3t"), Vec::<String>::new());
}

#[tokio::test]
async fn a_refusal_is_logged() {
    let lines = Lines::captured();
    let server = TestServer::start(&channels().websocket("/ws/refused/", |_| Ok(Welcome)));

    Client::with_headers(&server.url("/ws/refused/"), &[("Origin", "https://evil.example")]).await;

    until("the refusal is logged", || !lines.with("WebSocket REJECT /ws/refused/").is_empty()).await;
    assert_eq!(lines.with("WebSocket CONNECT /ws/refused/"), Vec::<String>::new());
}

struct NobodyIsKnown;

#[async_trait]
impl UserLoader for NobodyIsKnown {
    type User = ();

    async fn load(&self, _: &Identity) -> Result<(), AuthError> {
        Err(AuthError::unavailable(std::io::Error::other("the database is down")))
    }
}

#[tokio::test]
async fn why_a_token_is_refused_is_logged_and_no_token_is() {
    let lines = Lines::captured();
    let sources = [
        Source::query("token"),
        Source::cookie("access"),
        Source::authorization("Bearer"),
        Source::subprotocol("bearer"),
    ];
    let auth = TokenAuth::new(NobodyIsKnown)
        .accept(Jwt::hs256("s3cr3t-k3y"))
        .sources(sources)
        .or_first_message(Duration::from_secs(60));
    let server = TestServer::start(&channels().wrap(auth).websocket("/ws/secret/", |_| Ok(Welcome)));
    let url = server.url("/ws/secret/");
    let good = JwtIssuer::hs256("s3cr3t-k3y").issue("s3cr3t-us3r");

    for (url, headers) in [
        (&format!("{url}?token=s3cr3t"), &[][..]),
        (&format!("{url}?token={good}"), &[]),
        (&url, &[("Cookie", "access=s3cr3t")]),
        (&url, &[("Authorization", "Bearer s3cr3t")]),
        (&url, &[("Sec-WebSocket-Protocol", "bearer, s3cr3t")]),
    ] {
        Client::with_headers(url, headers).await.closed().await;
    }
    let mut first_message = Client::connect(&url).await;
    first_message.text(r#"{"type":"authenticate","token":"s3cr3t"}"#).await;
    first_message.closed().await;

    let logged = |words: &str| lines.with("/ws/secret/").iter().filter(|line| line.contains(words)).count();
    until("every refusal is logged", || {
        logged("not authenticated: the credential is not valid: it is of no kind that is accepted") == 5
            && logged("cause=the database is down") == 1
            && logged("WebSocket REJECT") == 5
    })
    .await;
    assert_eq!(lines.with("s3cr3t"), Vec::<String>::new());
    let (header_and_payload, signature) = good.rsplit_once('.').unwrap();
    for part in header_and_payload.split('.').chain([signature]) {
        assert_eq!(lines.with(part), Vec::<String>::new());
    }
}
