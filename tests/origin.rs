//! Which pages may connect.

use channels_actix::{testing::TestServer, *};

use crate::support::{Client, channels};

struct Open;

impl WebsocketConsumer for Open {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.accept().await?;
        socket.send_text("welcome").await
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

fn serve(channels: Channels) -> TestServer {
    TestServer::start(&channels.websocket("/", |_| Ok(Open)))
}

async fn is_welcome(server: &TestServer, origin: Option<&str>) -> bool {
    let headers: Vec<_> = origin.map(|origin| ("Origin", origin)).into_iter().collect();
    let mut client = Client::with_headers(&server.url("/"), &headers).await;
    let answer = client.next().await;
    if let tokio_tungstenite::tungstenite::Message::Close(Some(frame)) = &answer {
        assert_eq!(u16::from(frame.code), 4003);
    }
    answer.is_text()
}

#[tokio::test]
async fn pages_of_allowed_hosts_are_welcome_and_others_see_4003() {
    let server = serve(channels().wrap(AllowedHosts::new([".example.org", "http://localhost:3000"])));

    for origin in ["https://example.org", "https://sub.example.org:8443", "http://localhost:3000"] {
        assert!(is_welcome(&server, Some(origin)).await, "{origin}");
    }
    for origin in ["https://example.com", "http://localhost", "https://notexample.org", "null", "garbage"] {
        assert!(!is_welcome(&server, Some(origin)).await, "{origin}");
    }
    assert!(!is_welcome(&server, None).await);
}

#[tokio::test]
async fn clients_without_an_origin_are_welcome_where_they_are_allowed() {
    let server = serve(channels().wrap(AllowedHosts::new(["example.org"]).and_clients_without_origin()));

    assert!(is_welcome(&server, None).await);
    assert!(!is_welcome(&server, Some("https://example.com")).await);
}

#[tokio::test]
async fn without_a_middleware_for_it_pages_of_the_same_host_are_welcome() {
    let server = serve(channels());
    let own = server.http_url("");

    assert!(is_welcome(&server, Some(&own)).await);
    assert!(is_welcome(&server, None).await);
    for origin in ["https://example.com", "http://localhost", "null"] {
        assert!(!is_welcome(&server, Some(origin)).await, "{origin}");
    }
}
